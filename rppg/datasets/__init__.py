"""Datasets: recordings, their readers, the store of prepared recordings, and folds by subject.

`recording` defines a recording, `readers` find them in a dataset's folders, `store` and `prepared`
hold their prepared copies on disk (described by `metadata`); `folds`, `protocols` and `fold_files`
say which subjects are trained, validated and tested on.

    >>> from rppg.datasets import Store, read
    >>> recordings = read("folder", "my_videos")  # doctest: +SKIP
    >>> Store("prepared").index()  # doctest: +SKIP
"""

from rppg.datasets.fold_files import fold_summary, keep_folds, make_folds
from rppg.datasets.fold_tables import read_folds, write_folds
from rppg.datasets.folds import split_by_subject
from rppg.datasets.prepared import Prepared
from rppg.datasets.protocols import PROTOCOLS
from rppg.datasets.readers import READERS, read
from rppg.datasets.recording import Recording, Signal, fingerprint, origin_of
from rppg.datasets.store import Store, StoreError, StoreWriter

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
