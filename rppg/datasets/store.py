"""Prepared recordings on disk: written whole, indexed, read by window.

    root/<dataset>/<subject>/<name>/   face.npy    (T, 128, 128, 3) uint8, RGB
                                       mstmap.npy  (T, 63, 6) float32
                                       bvp.npy     (T,) float32, where there is a contact PPG
                                       wide.npy    (T, 64, 64, 3) uint8, where it was asked for
                                       head.npy    (T, 5) float32, how the head moves
                                       recording.json
    root/index.parquet                 one row a recording, derived from the JSONs

T frames at 30 fps.  A recording's folder appears by rename, complete or not at all.  While it
replaces an older one, that lies beside it as `.old-<name>`, and reading falls back on it, so a
process killed at any moment loses nothing.  Reading never writes.

    >>> import tempfile
    >>> import numpy as np
    >>> store = Store(tempfile.mkdtemp())
    >>> with store.begin("demo/ann/v1") as writer:
    ...     writer.save("face", np.zeros((60, 128, 128, 3), np.uint8))
    ...     writer.save("mstmap", np.zeros((60, 63, 6), np.float32))
    ...     meta = writer.commit({"id": "demo/ann/v1", "status": "ok", "n_frames": 60})
    >>> store.open("demo/ann/v1").window(start=30, n=30)["mstmap"].shape
    (30, 63, 6)
"""

import errno
import functools
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rppg.datasets.array_files import ALWAYS, are_intact, damaged
from rppg.datasets.meta_checks import id_problem
from rppg.datasets.metadata import INDEX_DTYPES, index_row, read_meta
from rppg.datasets.prepared import Prepared, arrays_in
from rppg.datasets.store_writer import StoreError, StoreWriter, writing
from rppg.utils import atomic

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Store", "StoreError", "StoreWriter"]

INDEX_LOOKS = 5  # more changes than that: others are at work, and write the index when they end


class Store:
    """Prepared recordings under one folder, which the first `begin` creates."""

    def __init__(self, root):
        self.root = Path(root)

    def path(self, id: str) -> Path:
        """Where a recording is kept, prepared or not.  Raises ValueError for what is no id."""
        if problem := id_problem(id):
            raise ValueError(f"{id!a} is no recording id: {problem}")
        return self.root.joinpath(*id.split("/"))

    def check_writable(self) -> None:
        """Make the root.  Raises StoreError, an OSError, where nothing can be written there."""
        with writing(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.root):
                pass

    def check_room(self, n_bytes: float) -> None:
        """Raises StoreError if the disk has less room than that."""
        free = shutil.disk_usage(self.root).free
        if free < n_bytes:
            found = f"{n_bytes / 1e6:.0f} MB are needed, {free / 1e6:.0f} MB are free"
            with writing(self.root):
                raise OSError(errno.ENOSPC, found)

    def begin(self, id: str, needs: Sequence[str] = ALWAYS) -> StoreWriter:
        """Start to write a recording; what a killed process left of it is cleared first.

        needs: arrays without which it cannot be committed.  Raises StoreError, an OSError, where
        the folder cannot be written.
        """
        return StoreWriter(self.root, self.path(id), id, needs)

    def meta(self, id: str) -> dict | None:
        """recording.json of a recording, None where it is not prepared.

        Where that file cannot be read: {id, status: "failed", reason: which file and why}.
        """
        folder = atomic.complete_copy(self.path(id))
        return None if folder is None else read_meta(id, folder)

    def open(self, id: str) -> Prepared:
        """A prepared recording.  KeyError where it is not prepared; ValueError, with the reason,
        where its preparation failed or an array has another size than when it was written."""
        folder = atomic.complete_copy(self.path(id))
        if folder is None:
            raise KeyError(f"{id} is not prepared in {self.root}")
        meta = read_meta(id, folder)
        if meta["status"] != "ok":
            raise ValueError(f"{id} was not prepared: {meta.get('reason')}")
        for problem in damaged(folder, meta):
            raise ValueError(f"{problem}: prepare the recording again")
        return Prepared(id=id, meta=meta, paths=arrays_in(folder))

    def is_intact(self, id: str) -> bool:
        """Whether the arrays of a recording, prepared or failed, are those that were written."""
        folder = atomic.complete_copy(self.path(id))
        meta = None if folder is None else read_meta(id, folder)
        return meta is not None and (meta["status"] != "ok" or are_intact(folder, meta))

    def disk_bytes(self, id: str) -> int:
        """Size of a recording's files; 0 where it is not prepared."""
        folder = atomic.complete_copy(self.path(id))
        return 0 if folder is None else sum(file.lstat().st_size for file in folder.iterdir())

    def ids(self, status: str = "ok") -> list[str]:
        """Ids of the recordings with that status ("ok" or "failed"), sorted."""
        return [id for id, folder in self._folders() if read_meta(id, folder)["status"] == status]

    def index(self) -> "pd.DataFrame":
        """One row a recording, sorted by id; columns and types as in meta.INDEX_DTYPES.

        A recording whose JSON cannot be read is a failed one whose reason names the file.
        """
        import pandas as pd

        rows = [index_row(read_meta(id, folder), folder) for id, folder in self._folders()]
        return pd.DataFrame(rows, columns=list(INDEX_DTYPES)).astype(INDEX_DTYPES)

    def write_index(self) -> Path:
        """Write root/index.parquet whole, and remove copies that newer ones have replaced.

        Safe beside others that do the same.  Who writes looks again afterwards, so what another
        process finished meanwhile is not lost by an index that began before it.
        """
        path, index = self.root / "index.parquet", self.index()
        with writing(self.root):
            for id in index["id"]:
                atomic.discard_older(self.path(id))
            for _ in range(INDEX_LOOKS):
                atomic.atomic_write(path, functools.partial(index.to_parquet, index=False))
                before, index = index, self.index()
                if index.equals(before):
                    break
        return path

    def _folders(self) -> Iterator[tuple[str, Path]]:
        """(id, folder of its complete copy), sorted by id."""
        if not self.root.is_dir():
            raise FileNotFoundError(f"{self.root} holds no prepared recordings: prepare some first")
        ids = set()
        for mark in self.root.glob(f"*/*/*/{atomic.MARK}"):
            dataset, subject, name = mark.parent.relative_to(self.root).parts
            name = name.removeprefix(".old-")
            if not any(part.startswith(".") for part in (dataset, subject, name)):
                ids.add(f"{dataset}/{subject}/{name}")
        for id in sorted(ids):
            if folder := atomic.complete_copy(self.path(id)):
                yield id, folder
