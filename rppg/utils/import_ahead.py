"""Modules imported by a thread, while its caller waits for code that releases Python's lock.

    import_ahead(SCIPY)           # goes on at once; what needs SciPy later waits for the rest
    import_ahead(SCIPY).join()    # for a caller that must not wait later, as a live view

An error of the import is not lost: the module is imported again, and raises, where it is used.
"""

from collections.abc import Sequence
from importlib import import_module
from threading import Thread

# What reading a video and estimating its rate take from SciPy: half a second on a quiet core.
SCIPY = ("scipy.interpolate", "scipy.linalg.lapack", "scipy.fft")


def import_ahead(names: Sequence[str]) -> Thread:
    """Import the modules in a thread, which is returned."""
    thread = Thread(target=_import_all, args=(tuple(names),), daemon=True)
    thread.start()
    return thread


def _import_all(names: tuple[str, ...]) -> None:
    for name in names:
        import_module(name)
