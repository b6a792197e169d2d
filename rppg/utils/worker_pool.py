"""A pool of worker processes; if a worker dies, only its current item is lost, not the run.

    >>> with closing(run(len, ["a", "bb"], workers=2)) as results:  # doctest: +SKIP
    ...     sorted(results)
    [(0, 1), (1, 2)]

Each worker is a new interpreter (spawn) with its own pipe, so the parent knows its item when it
dies.  Workers ignore keyboard interrupts and are ended by the parent, or end themselves if the
parent is gone; a task's context managers close in both cases.
"""

import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import wait

PARENT_CHECK_S = 0.5  # interval in which a worker checks that its parent runs
GRACE_S = 5.0  # time for a worker to close its files before it is killed


@dataclass(frozen=True)
class WorkerDied:
    """Takes the place of a result if the process ended while it worked on that item."""

    exit_code: int

    @property
    def was_killed(self) -> bool:
        """Whether it got SIGKILL, as from Linux when memory is short."""
        return self.exit_code == -signal.SIGKILL

    def __str__(self):
        how = f"exit code {self.exit_code}"
        if self.exit_code < 0:
            how = f"killed by {signal.Signals(-self.exit_code).name}"
        hint = "; out of memory?" if self.was_killed else ""
        return f"the worker process died ({how}{hint})"


def run(
    task: Callable, items: Sequence, workers: int, setup: Callable[[], None] | None = None
) -> Iterator[tuple[int, object]]:
    """Yield (index, task(items[index])) in order of completion; a WorkerDied if its process ended.

    task, items, results and setup (called once per worker) must be picklable.  An exception of the
    task ends the run and is raised here.  Raises RuntimeError if a worker cannot start.  Close the
    iterator to end the workers early.
    """
    waiting, staff = list(range(len(items)))[::-1], []
    try:
        for _ in range(min(workers, len(items))):
            staff.append(Worker(task, setup))
        while staff:
            for connection in wait([worker.connection for worker in staff]):
                worker = next(w for w in staff if w.connection is connection)
                index, result = worker.index, worker.receive()
                if isinstance(result, WorkerDied):
                    staff[staff.index(worker)] = worker = Worker(task, setup)
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


class Worker:
    """One process that calls task(item) for what it is given; its first `receive` says that it has
    started.  `index` is that of its current item, None until it is ready."""

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
        """Send it items[index]."""
        self.index = index
        self.connection.send(items[index])

    def receive(self):
        """Its result, or a WorkerDied.  Raises what its task did, and RuntimeError if it cannot
        start."""
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
        """End it, by force if it does not in time."""
        self.connection.close()  # the worker ends when it finds the pipe closed
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
        except Exception as error:  # raised in the parent
            reply = (False, _portable(error))
        try:
            connection.send(reply)
        except OSError:  # the parent has closed the pipe
            return
        except Exception as error:  # a result that cannot be pickled
            connection.send((False, _portable(error)))


def _portable(error: Exception) -> Exception:
    """The error, or a RuntimeError with its type and text if it does not survive pickling."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # whatever its __init__ or __reduce__ raises
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def end_with(parent: int) -> None:
    """End this process soon after its parent has ended, for whatever reason."""
    while os.getppid() == parent:
        time.sleep(PARENT_CHECK_S)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_S)
    os._exit(1)


@contextmanager
def interrupts_held():
    """Defer SIGINT to the end of the block; processes that are started inside never get one."""
    received, can_block = [], hasattr(signal, "pthread_sigmask")
    in_main = threading.current_thread() is threading.main_thread()
    if can_block:
        resource_tracker.ensure_running()  # the first process starts it, which unblocks SIGINT
    handler = signal.signal(signal.SIGINT, lambda *_: received.append(True)) if in_main else None
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if can_block else None
    try:
        yield
    finally:
        if can_block:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if in_main:
            signal.signal(signal.SIGINT, handler)
        if received:
            signal.raise_signal(signal.SIGINT)
