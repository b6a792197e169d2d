"""Do a task for many items in several processes; a process that dies costs its item, not the run.

    >>> with closing(run(len, ["a", "bb"], workers=2)) as results:  # doctest: +SKIP
    ...     sorted(results)
    [(0, 1), (1, 2)]

Each worker is a fresh interpreter (spawn) with a pipe of its own, so the parent knows what it was
doing when it died.  Workers ignore an interrupt from the keyboard and are ended by the parent, in
whose absence they end themselves; a task's context managers close in both cases.
"""

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import wait

PARENT_CHECK_S = 0.5  # an orphan notices so soon
GRACE_S = 5.0  # for a worker to close its files before it is killed


@dataclass(frozen=True)
class WorkerDied:
    """In the place of a result: the process ended while at that item."""

    exit_code: int

    def __str__(self):
        how = f"exit code {self.exit_code}"
        if self.exit_code < 0:
            how = f"killed by {signal.Signals(-self.exit_code).name}"
        hint = "; too little memory?" if self.exit_code == -signal.SIGKILL else ""
        return f"the worker process died ({how}{hint})"


def run(
    task: Callable, items: Sequence, workers: int, setup: Callable[[], None] | None = None
) -> Iterator[tuple[int, object]]:
    """Yield (index, task(items[index])) as they are done, a WorkerDied where its process ended.

    task, items, results and setup (called once a worker) must pickle.  An exception of the task
    ends the run and is raised here.  Raises RuntimeError where a worker cannot start.  Close the
    iterator to end the workers early.
    """
    waiting, staff = list(range(len(items)))[::-1], []
    try:
        for _ in range(min(workers, len(items))):
            staff.append(_Worker(task, setup))
        while staff:
            for connection in wait([worker.connection for worker in staff]):
                worker = next(w for w in staff if w.connection is connection)
                index, result = worker.index, worker.receive()
                if isinstance(result, WorkerDied):
                    staff[staff.index(worker)] = worker = _Worker(task, setup)
                elif waiting:
                    worker.give(waiting.pop(), items)
                else:
                    staff.remove(worker)
                    worker.end()
                if index is not None:
                    yield index, result
    finally:
        for worker in staff:
            worker.process.terminate()
        for worker in staff:
            worker.end()


class _Worker:
    """One process; `index` of the item it is at, None until it is ready for its first."""

    def __init__(self, task, setup):
        context = multiprocessing.get_context("spawn")
        self.connection, other = context.Pipe()
        arguments = (other, os.getpid(), task, setup)
        self.process = context.Process(target=_serve, args=arguments, daemon=True)
        with interrupts_held():
            self.process.start()
        other.close()
        self.index = None

    def give(self, index: int, items: Sequence) -> None:
        self.index = index
        self.connection.send(items[index])

    def receive(self):
        try:
            good, result = self.connection.recv()
        except (EOFError, ConnectionResetError):
            self.process.join()
            if self.index is None:
                raise RuntimeError(
                    f"a worker process cannot start (exit code {self.process.exitcode}): its error"
                    " is above; a script must call this under `if __name__ == '__main__':`"
                ) from None
            return WorkerDied(self.process.exitcode)
        if not good:
            raise result
        return result

    def end(self) -> None:
        self.connection.close()  # at its next look, the worker sees the end of the pipe
        self.process.join(GRACE_S)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


def _serve(connection, parent: int, task: Callable, setup: Callable | None) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    threading.Thread(target=end_with, args=(parent,), daemon=True).start()
    if setup is not None:
        setup()
    connection.send((True, None))  # ready
    while True:
        try:
            item = connection.recv()
        except EOFError:
            return
        try:
            reply = (True, task(item))
        except Exception as error:  # the parent raises it
            reply = (False, error)
        try:
            connection.send(reply)
        except OSError:  # nobody is there to read it
            return


def end_with(parent: int) -> None:
    """End this process soon after its parent has ended, whatever ended that."""
    while os.getppid() == parent:
        time.sleep(PARENT_CHECK_S)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_S)
    os._exit(1)


@contextmanager
def interrupts_held():
    """Put off SIGINT to the end of the block; processes started in it never get one."""
    came, can_block = [], hasattr(signal, "pthread_sigmask")
    here = threading.current_thread() is threading.main_thread()
    handler = signal.signal(signal.SIGINT, lambda *_: came.append(True)) if here else None
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if can_block else None
    try:
        yield
    finally:
        if can_block:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if here:
            signal.signal(signal.SIGINT, handler)
        if came:
            signal.raise_signal(signal.SIGINT)
