"""Datasets: recordings, their readers, the store of prepared recordings, and folds by subject.

`recording` defines a recording, `readers` find them in a dataset's folders, `store` and `prepared`
hold their prepared copies on disk (described by `metadata`); `folds`, `protocols` and `fold_files`
say which subjects are trained, validated and tested on.

    >>> from rppg.datasets import Store, read
    >>> recordings = read("folder", "my_videos")  # doctest: +SKIP
    >>> Store("prepared").index()  # doctest: +SKIP

What concerns folds is imported when it is first named, because it imports pandas.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from rppg.datasets.prepared import Prepared
from rppg.datasets.readers import READERS, read
from rppg.datasets.recording import Recording, Signal, fingerprint, origin_of
from rppg.datasets.store import Store, StoreError, StoreWriter

if TYPE_CHECKING:
    from rppg.datasets.fold_files import fold_summary, keep_folds, make_folds
    from rppg.datasets.fold_tables import read_folds, write_folds
    from rppg.datasets.folds import split_by_subject
    from rppg.datasets.protocols import PROTOCOLS

__all__ = [
    "PROTOCOLS",
    "READERS",
    "Prepared",
    "Recording",
    "Signal",
    "Store",
    "StoreError",
    "StoreWriter",
    "fingerprint",
    "fold_summary",
    "keep_folds",
    "make_folds",
    "origin_of",
    "read",
    "read_folds",
    "split_by_subject",
    "write_folds",
]

_LATER = {  # name -> module
    **dict.fromkeys(("fold_summary", "keep_folds", "make_folds"), "fold_files"),
    **dict.fromkeys(("read_folds", "write_folds"), "fold_tables"),
    "split_by_subject": "folds",
    "PROTOCOLS": "protocols",
}


def __getattr__(name: str):
    """What is asked for by a name in _LATER (PEP 562)."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
