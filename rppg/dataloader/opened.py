"""Recordings that stay open from one clip to the next.

    opened = OpenedRecordings(store)
    opened("vipl/p1/v1").mstmap[:300]  # checked and opened once

To check a recording and open an array of it takes longer than to read a clip of a map.  It is for
maps, of half a megabyte for 10 s: crops that stay open would count as the process's memory.
"""

import resource
from functools import lru_cache

from rppg.datasets.prepared import Prepared
from rppg.datasets.store import Store

MOST = 128  # recordings, of 1024 files that a process usually may have open
FILES_EACH = 8  # that it may have for one: a map and a BVP, several times in a process


class OpenedRecordings:
    """The recordings of a store by their id, as `Store.open`; the MOST used last stay open, or
    fewer if a process may have few files.  One that is prepared again is the old one meanwhile."""

    def __init__(self, store: Store):
        self._store, self._open = store, lru_cache(maxsize=_how_many())(store.open)

    def __call__(self, id: str) -> Prepared:
        """A prepared recording.  Raises KeyError and ValueError as `Store.open`."""
        return self._open(id)

    def __reduce__(self):
        """In another process they are opened again: pickled, a memory map is a whole array."""
        return OpenedRecordings, (self._store,)


def _how_many() -> int:
    """Recordings that may stay open: at least one."""
    n_files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if n_files == resource.RLIM_INFINITY else max(1, min(MOST, n_files // FILES_EACH))
