"""Memory that a process frees and soon takes again, kept instead of given back to the system.

    with freed_memory_kept():
        train()

A training step frees hundreds of arrays, and the next step takes them again.  glibc gives large
ones back to the system, which then has to clear each page anew: a fifth of the processor time of
a small ST-Transformer's step, a tenth of one at the paper's size.  Inside the block they stay with
the process; values do not change.  With another C library nothing is done.
"""

import ctypes
import platform
from collections.abc import Iterator
from contextlib import contextmanager

# Parameters of mallopt (malloc.h), and glibc's own values of them, as grown by its heuristic.
TRIM_THRESHOLD, MMAP_MAX = -1, -4
NEVER, NO_MAPS = -1, 0
USUAL_TRIM_BYTES, USUAL_MAPS = 2**26, 2**16


@contextmanager
def freed_memory_kept() -> Iterator[None]:
    """Keep what is freed inside the block; at its end, what is free goes back to the system."""
    if platform.libc_ver()[0] != "glibc":
        yield
        return
    libc = ctypes.CDLL(None)
    libc.mallopt(MMAP_MAX, NO_MAPS)
    libc.mallopt(TRIM_THRESHOLD, NEVER)
    try:
        yield
    finally:
        libc.mallopt(MMAP_MAX, USUAL_MAPS)
        libc.mallopt(TRIM_THRESHOLD, USUAL_TRIM_BYTES)
        libc.malloc_trim(0)
