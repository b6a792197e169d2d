"""Tasks for worker processes, in a module that a worker can import: test modules cannot be."""

import os
import signal
import time
from pathlib import Path


class NeedsTwo(Exception):
    """Like errors of several libraries: pickled with one argument, rebuilt with two."""

    def __init__(self, path, problem):
        super().__init__(f"{path}: {problem}")


def act(item):
    """Return the item, raise or die, as the item says."""
    if item == "raise":
        raise KeyError("no such thing")
    if item == "raise unpicklable":
        raise NeedsTwo("a.mp4", "is odd")
    if item == "return unpicklable":
        return lambda: item
    if item == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    return os.getpid() if item == "pid" else item


def fail_to_start():
    raise ImportError("a library is missing")


def sleep_with_mark(folder):
    """Sleep for a minute while a file named after the process is in the folder."""
    path = Path(folder) / f"{os.getpid()}"
    path.touch()
    try:
        time.sleep(60)
    finally:
        path.unlink()  # as a context manager of a task would do
