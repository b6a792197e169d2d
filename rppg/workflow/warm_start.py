"""Notebooks that begin with their packages imported, since importing them takes 5 s of a processor.

`rppg run` imports what notebooks need once, in a process that makes a copy of itself (fork) for
each notebook.  Without such a process (not Linux, a cluster, a notebook run by hand, a run of one
notebook) a notebook is started as a command, which gives the same:

    with warm_servers(root, stages, cores) as names:       # of `rppg run`
        subprocess.run(snakemake, env=os.environ | names)
    process = warm_process(root, arguments, environment)   # in a job: .pid, .wait(); or None

A process for each number of threads, as libraries read it when they are imported.  It answers its
own user alone, at an address of Linux that is no file, and ends with the one that started it.
"""

import gc
import json
import os
import secrets
import select
import signal
import socket
import struct
import subprocess
import sys
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from rppg.utils.leaving import left_at_once
from rppg.workflow.processes import end_descendants, end_with_owner
from rppg.workflow.stage import Stage

NAMES = "RPPG_WARM_SERVERS"  # environment variable, JSON: number of threads to address
THREADS = "OMP_NUM_THREADS"
ALL_THREADS = [THREADS, *(f"{one}_NUM_THREADS" for one in ("GOTO", "OPENBLAS", "MKL", "NUMEXPR"))]
ALL_THREADS += ["VECLIB_MAXIMUM_THREADS"]  # all that Snakemake sets, to one number
JUPYTER = ("papermill", "ipykernel.kernelapp", "ipykernel.ipkernel")
HEAVY = ("pandas", "matplotlib.pyplot", "scipy.signal", "sklearn", "torch", "lightning_fabric")
BACKEND = {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}  # as ipykernel's
LENGTH = struct.Struct("!I")
CREDENTIALS = struct.Struct("3i")  # of a socket's other end: process, user, group


class WarmProcess:
    """A notebook's process, which is no child of this one."""

    def __init__(self, connection: socket.socket):
        self.connection = connection
        (self.pid,) = LENGTH.unpack(_read(connection, LENGTH.size))

    def wait(self) -> int:
        """Its exit status, once it has ended; 1 if it was ended by a signal."""
        status = 1
        while said := self.connection.recv(1):  # until its end closes the connection
            status = said[0]
        return status


@contextmanager
def warm_servers(root: Path, stages: Iterable[Stage], cores: int) -> Iterator[dict[str, str]]:
    """Processes to copy, for numbers of threads that several of the stages use; gives the
    environment variable by which jobs know them, and ends them with the block."""
    books = [(min(one.threads, cores), one.notebook) for one in stages if one.notebook]
    counts = Counter(n_threads for n_threads, _ in books) if sys.platform == "linux" else {}
    heavy = any(_imports_rppg(root, name) for _, name in books)
    addresses, servers, ends = {}, [], []
    try:
        for n_threads in (n for n, count in counts.items() if count > 1):
            addresses[n_threads] = f"\0rppg-{secrets.token_hex(16)}"
            process, end = _start(root, addresses[n_threads], n_threads, heavy)
            servers.append(process)
            ends.append(end)
        yield {NAMES: json.dumps(addresses)}
    finally:
        for end in ends:
            os.close(end)
        for process in servers:
            process.terminate()
            process.wait()


def _imports_rppg(root: Path, notebook: str) -> bool:
    return "from rppg" in (root / "notebooks" / f"{notebook}.ipynb").read_text(encoding="utf-8")


def _start(root: Path, address: str, n_threads: int, heavy: bool) -> tuple[subprocess.Popen, int]:
    """A server that listens at an address, and what it ends with: the end of a pipe."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen(128)
    theirs, ours = os.pipe()
    environment = BACKEND | os.environ | dict.fromkeys(ALL_THREADS, str(n_threads))
    words = [sys.executable, "-m", __name__, str(listener.fileno()), str(theirs)]
    process = subprocess.Popen(
        [*words, *JUPYTER, *(HEAVY if heavy else ())],
        cwd=root,
        env=environment,
        pass_fds=(listener.fileno(), theirs),
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    listener.close()
    os.close(theirs)
    return process, ours


def warm_process(
    root: Path, arguments: Sequence[str], environment: Mapping[str, str]
) -> WarmProcess | None:
    """`python -m rppg.workflow.notebook` with these arguments, in a copy of a server: it prints
    where this process does.  None if there is no server for this number of threads."""
    address = json.loads(environment.get(NAMES, "{}")).get(environment.get(THREADS))
    if address is None:
        return None
    connection = socket.socket(socket.AF_UNIX)
    request = {"cwd": str(root), "arguments": list(arguments), "environment": dict(environment)}
    text = json.dumps(request).encode()
    try:
        connection.connect(address)
        socket.send_fds(connection, [LENGTH.pack(len(text))], [1, 2])
        connection.sendall(text)
        return WarmProcess(connection)
    except (ConnectionError, EOFError):  # its server has ended: a command does as well
        connection.close()
        return None


def main() -> int:
    """Import modules, then be copied for each request until the owner ends; see the module's
    docstring.  In a copy, the exit status of its notebook or kernel."""
    listener, owner = socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2])
    # Threads of OpenBLAS begin anew in a copy; no other is there.
    warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
    for name in sys.argv[3:]:
        import_module(name)
    gc.collect()
    gc.freeze()  # the collector shall not touch, and so copy, what is shared
    signal.signal(signal.SIGTERM, _end)
    while True:
        if owner in select.select([listener, owner], [], [])[0]:
            _end()
        connection = listener.accept()[0]
        if _is_own_user(connection) and os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            listener.close()
            os.close(owner)
            return _run_notebook(connection)
        connection.close()
        _forget_ended()


def _end(*_: object) -> None:
    """End the server's copies, then itself; a signal meanwhile does not cut that short."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    end_descendants()
    sys.exit(0)


def _is_own_user(connection: socket.socket) -> bool:
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
    return CREDENTIALS.unpack(raw)[1] == os.getuid()


def _forget_ended() -> None:
    """Take the exit statuses of copies that have ended, which nobody asks for."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:  # there is none
        pass


def _run_notebook(connection: socket.socket) -> int:
    """In a copy: become the notebook's process, and its kernel in a copy of that."""
    if _has_lost_cuda():
        return 0  # without an answer: the job starts a command
    header, streams, _, _ = socket.recv_fds(connection, LENGTH.size, 2)
    request = json.loads(_read(connection, *LENGTH.unpack(header)))
    for stream, number in zip(streams, (1, 2), strict=True):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environment"])
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed()  # not the one state of all copies
    from rppg.workflow.forked_kernel import WaitingKernel

    kernel = WaitingKernel()  # as long as this process has one thread
    if kernel.pid == 0:
        connection.close()
        return kernel.run()
    end_with_owner()  # the job may be ended before it can end this, and so may the server
    from rppg.workflow import notebook

    connection.sendall(LENGTH.pack(os.getpid()))
    status = 1
    try:
        notebook.main(request["arguments"], kernel.manager_class())
        status = 0
    finally:
        connection.sendall(bytes([status]))
    return status


def _has_lost_cuda() -> bool:
    """Whether PyTorch cannot use GPUs here, as an import had asked for them before the copy."""
    torch = sys.modules.get("torch")
    return torch is not None and torch.cuda._is_in_bad_fork()


def _read(connection: socket.socket, n_bytes: int) -> bytes:
    """Raises EOFError if the other end closes before."""
    parts = b""
    while len(parts) < n_bytes:
        if not (part := connection.recv(n_bytes - len(parts))):
            raise EOFError(f"the connection was closed after {len(parts)} of {n_bytes} bytes")
        parts += part
    return parts


if __name__ == "__main__":
    with left_at_once():  # and so do the copies
        sys.exit(main())
