"""Processes that end with the one that started them, however it ends.

`rppg run` starts Snakemake, which starts jobs, which start kernels, which start workers.  A signal
to the first one must end them all, and so must its death, which no signal tells them:

    environment |= owner_variable()   # of `rppg run`: who the owner is
    end_with_owner()                  # in Snakemake and in each job: watch it
    end_descendants()                 # ends everything that this process has started

A process is known by its id and start time, since ids are used again.  Linux has both in /proc;
elsewhere `ps` is asked.
"""

import os
import platform
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path

OWNER = "RPPG_RUN_OWNER"  # environment variable: "<id> <start time> <host>" of `rppg run`
GRACE_S = 10.0  # for a training step to end and its state to be saved
POLL_S = 0.5


def owner_variable() -> dict[str, str]:
    """The environment variable by which descendants know this process as their owner."""
    pid = os.getpid()
    return {OWNER: f"{pid} {start_time(pid)} {platform.node()}"}


def end_with_owner() -> None:
    """Watch the owner from a thread: after its death, end all descendants, then this process.

    Does nothing without the variable (by hand) and on another host (a cluster ends its own jobs).
    """
    if OWNER not in os.environ:
        return
    pid, started, host = os.environ[OWNER].split(" ", 2)
    if host == platform.node():
        threading.Thread(target=_watch, args=(int(pid), started), daemon=True).start()


def owner_is_gone() -> bool:
    """Whether the process that all this was started by has ended."""
    if OWNER not in os.environ:
        return False
    pid, started, host = os.environ[OWNER].split(" ", 2)
    return host == platform.node() and start_time(int(pid)) != started


def _watch(pid: int, started: str) -> None:
    while start_time(pid) == started:
        time.sleep(POLL_S)
    end_descendants()
    os._exit(1)


def end_descendants(
    interrupt: int | None = None, grace_s: float = GRACE_S, others: Sequence[int] = ()
) -> None:
    """End all processes that this one has started, and theirs: SIGTERM, after grace_s SIGKILL.

    interrupt: a child that gets SIGINT in place of SIGTERM.  others: processes that work for this
    one, though another has started them; with theirs.
    """
    seen = {pid: started for pid in others if (started := start_time(pid)) is not None}
    asked: set[int] = set()
    until = time.monotonic() + grace_s
    while True:
        for pid in _descendants([os.getpid(), *seen]):
            if pid not in seen and (started := start_time(pid)) is not None:
                seen[pid] = started
        living = [pid for pid, started in seen.items() if start_time(pid) == started]
        if not living:
            return
        late = time.monotonic() > until
        for pid in living if late else [pid for pid in living if pid not in asked]:
            gentle = signal.SIGINT if pid == interrupt else signal.SIGTERM
            _send(pid, signal.SIGKILL if late else gentle)
        asked |= set(living)
        time.sleep(0.1)


def _send(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:  # it has ended meanwhile
        pass


def _descendants(roots: list[int]) -> set[int]:
    children: dict[int, list[int]] = {}
    for pid, parent in _parents().items():
        children.setdefault(parent, []).append(pid)
    waiting, found = [*roots], set()
    while waiting:
        new = [pid for pid in children.get(waiting.pop(), ()) if pid not in found]
        found |= set(new)
        waiting += new
    return found


def start_time(pid: int) -> str | None:
    """When a process began, in its system's own words; None if it has ended."""
    if _has_proc():
        stat = _stat(str(pid))
        return None if stat is None or stat[0] in "ZX" else stat[19]
    text = _ps("-o", "stat=,lstart=", "-p", str(pid)).strip()
    return None if not text or text.startswith("Z") else "-".join(text.split()[1:])


def _parents() -> dict[int, int]:
    """Each process and its parent."""
    if not _has_proc():
        lines = (line.split() for line in _ps("-A", "-o", "pid=,ppid=").splitlines())
        return {int(pid): int(parent) for pid, parent in lines}
    pids = [name for name in os.listdir("/proc") if name.isdigit()]
    stats = {int(pid): stat for pid in pids if (stat := _stat(pid)) is not None}
    return {pid: int(stat[1]) for pid, stat in stats.items()}


def _stat(pid: str) -> list[str] | None:
    """Fields of /proc/<pid>/stat after the name, which may hold spaces: state, parent, ..."""
    try:
        return Path("/proc", pid, "stat").read_text().rpartition(") ")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def _has_proc() -> bool:
    return Path("/proc/self/stat").is_file()


def _ps(*arguments: str) -> str:
    return subprocess.run(["ps", *arguments], capture_output=True, text=True).stdout
