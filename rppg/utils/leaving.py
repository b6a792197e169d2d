"""A program that ends when its work is done, without taking all its modules apart.

    if __name__ == "__main__":
        with left_at_once():
            main()

Before it ends, Python frees every object of every module: a tenth of the time of `rppg predict`, a
second with all of PyTorch, and nothing is gained by it.  Functions that `atexit` knows are called
as always, but for those that were there before the block; exit statuses stay as they are.
"""

import atexit
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

FAILED, NOT_WRITTEN = 1, 120  # Python's own exit statuses, of an error and of output that is lost


@contextmanager
def left_at_once() -> Iterator[None]:
    """Around all that a program does: when it ends, it ends without more ado."""
    status = [FAILED]
    leave = partial(_leave, status)
    atexit.register(leave)  # before others, to be called after them
    try:
        yield
        status[0] = 0
    except SystemExit as end:
        status[0] = _number(end.code)
        raise
    except KeyboardInterrupt:  # Python ends by the signal itself, which shells want to know
        atexit.unregister(leave)
        raise


def _number(code: object) -> int:
    if code is None or isinstance(code, int):
        return (code or 0) & 0xFF
    return FAILED  # a text, which Python prints


def _leave(status: list[int]) -> None:
    try:
        for stream in filter(None, (sys.stdout, sys.stderr)):  # None: closed from the start
            stream.flush()
    except (OSError, ValueError):  # the other end of a pipe, or the stream itself, is closed
        status[0] = status[0] or NOT_WRITTEN
    os._exit(status[0])
