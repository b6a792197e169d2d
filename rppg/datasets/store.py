"""Prepared recordings on disk: written whole, indexed, read by window.

    root/<dataset>/<subject>/<name>/   face.npy    (T, 128, 128, 3) uint8, RGB
                                       mstmap.npy  (T, 63, 6) float32
                                       bvp.npy     (T,) float32, where there is a contact wave
                                       wide.npy    (T, 64, 64, 3) uint8, where it was asked for
                                       recording.json
    root/index.parquet                 one row a recording, derived from the JSONs

T frames at 30 fps.  A recording's folder appears by rename, complete or not at all.  While it
replaces an older one, that lies beside it as `.old-<name>`, and reading falls back on it, so a
process killed at any moment loses nothing.  Reading never writes.

    >>> import tempfile
    >>> store = Store(tempfile.mkdtemp())
    >>> with store.begin("demo/ann/v1") as writer:
    ...     writer.save("face", np.zeros((60, 128, 128, 3), np.uint8))
    ...     writer.save("mstmap", np.zeros((60, 63, 6), np.float32))
    ...     writer.commit({"id": "demo/ann/v1", "status": "ok", "n_frames": 60})
    >>> store.open("demo/ann/v1").window(start=30, n=30)["mstmap"].shape
    (30, 63, 6)
"""

import functools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd

from rppg.datasets.metadata import INDEX_DTYPES, index_row, json_bytes, read_meta
from rppg.datasets.prepared import ALWAYS, Prepared, arrays_in
from rppg.utils import atomic

INDEX_LOOKS = 5  # more changes than that: others are at work, and write the index when they end


class StoreError(OSError):
    """The store itself cannot be written: no recording after this one could be either."""


class Store:
    """Prepared recordings under one folder, which the first `begin` creates."""

    def __init__(self, root):
        self.root = Path(root)

    def path(self, id: str) -> Path:
        """Where a recording is kept, prepared or not."""
        parts = id.split("/")
        if len(parts) != 3 or any(not part or part.startswith(".") for part in parts):
            raise ValueError(f"{id!r} is no recording id, expected dataset/subject/name")
        return self.root.joinpath(*parts)

    def check_writable(self) -> None:
        """Make the root.  Raises StoreError, an OSError, where nothing can be written there."""
        with _writing(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.root):
                pass

    def begin(self, id: str) -> "StoreWriter":
        """Start to write a recording; what a killed process left of it is cleared first.

        Raises StoreError, an OSError, where the folder cannot be written.
        """
        return StoreWriter(self, id)

    def meta(self, id: str) -> dict | None:
        """recording.json of a recording, None where it is not prepared.

        Where that file cannot be read: {id, status: "failed", reason: which file and why}.
        """
        folder = atomic.complete_copy(self.path(id))
        return None if folder is None else read_meta(id, folder)

    def open(self, id: str) -> Prepared:
        """A prepared recording.  KeyError where it is not prepared; ValueError, with the reason,
        where its preparation failed."""
        folder = atomic.complete_copy(self.path(id))
        if folder is None:
            raise KeyError(f"{id} is not prepared in {self.root}")
        meta = read_meta(id, folder)
        if meta["status"] != "ok":
            raise ValueError(f"{id} was not prepared: {meta.get('reason')}")
        return Prepared(id=id, meta=meta, paths=arrays_in(folder))

    def disk_bytes(self, id: str) -> int:
        """Size of a recording's files; 0 where it is not prepared."""
        folder = atomic.complete_copy(self.path(id))
        return 0 if folder is None else sum(file.stat().st_size for file in folder.iterdir())

    def ids(self, status: str = "ok") -> list[str]:
        """Ids of the recordings with that status ("ok" or "failed"), sorted."""
        return [id for id, folder in self._folders() if read_meta(id, folder)["status"] == status]

    def index(self) -> pd.DataFrame:
        """One row a recording, sorted by id; columns and types as in meta.INDEX_DTYPES.

        A recording whose JSON cannot be read is a failed one whose reason names the file.
        """
        rows = [index_row(read_meta(id, folder), folder) for id, folder in self._folders()]
        return pd.DataFrame(rows, columns=list(INDEX_DTYPES)).astype(INDEX_DTYPES)

    def write_index(self) -> Path:
        """Write root/index.parquet whole, and remove copies that newer ones have replaced.

        Safe beside others that do the same.  Who writes looks again afterwards, so what another
        process finished meanwhile is not lost by an index that began before it.
        """
        path, index = self.root / "index.parquet", self.index()
        with _writing(self.root):
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


class StoreWriter:
    """One recording on its way into the store.  A context manager: what is not committed when it
    closes leaves nothing behind."""

    def __init__(self, store: Store, id: str):
        self.id, self.root, self.target = id, store.root, store.path(id)
        self.folder = atomic.temporary(self.target)  # all in it becomes part of the recording
        self._arrays: list[np.memmap] = []
        with _writing(self.root):
            self.target.parent.mkdir(parents=True, exist_ok=True)
            atomic.clear_leftovers(self.target)
            self.folder.mkdir()

    def __enter__(self) -> "StoreWriter":
        return self

    def __exit__(self, *exception) -> None:
        if self.folder.exists():
            shutil.rmtree(self.folder)

    def array(self, name: str, shape: tuple[int, ...], dtype) -> np.memmap:
        """A new <name>.npy of that shape to be filled in place, zero at first; its disk space is
        taken at once, so a full disk is a StoreError here."""
        with _writing(self.root):
            path = self.folder / f"{name}.npy"
            array = np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)
            if hasattr(os, "posix_fallocate"):
                with path.open("r+b") as file:
                    os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
        self._arrays.append(array)
        return array

    def save(self, name: str, array: np.ndarray) -> None:
        """Write <name>.npy from an array in memory."""
        with _writing(self.root):
            np.save(self.folder / f"{name}.npy", array, allow_pickle=False)

    def commit(self, meta: dict) -> None:
        """Write recording.json and put the recording in its place, over an older one.

        Raises ValueError where meta has NaN (use None), another id, an unknown status, a failure
        without reason, or arrays that are missing or not n_frames long.
        """
        for array in self._arrays:
            array.flush()
        self._check(meta)
        text = json_bytes(meta)
        with _writing(self.root):
            if meta["status"] == "failed":  # whatever was computed of it is not kept
                for path in self.folder.iterdir():
                    path.unlink()
            (self.folder / atomic.MARK).write_bytes(text)
            atomic.replace_folder(self.folder, self.target)

    def _check(self, meta: dict) -> None:
        if meta.get("id") != self.id:
            raise ValueError(f"meta of {meta.get('id')!r} given for {self.id!r}")
        status = meta.get("status")
        if status not in ("ok", "failed"):
            raise ValueError(f"{self.id}: status {status!r}, expected 'ok' or 'failed'")
        if status == "failed" and not meta.get("reason"):
            raise ValueError(f"{self.id}: a failed recording needs a reason")
        if status == "ok":
            n_frames = meta.get("n_frames")
            paths = arrays_in(self.folder)
            found = {name: len(np.load(path, mmap_mode="r")) for name, path in paths.items()}
            if not ALWAYS <= found.keys() or {*found.values()} != {n_frames}:
                expected = f"face and mstmap (and bvp, wide) of n_frames {n_frames}"
                raise ValueError(f"{self.id}: arrays of {found} frames, expected {expected}")


@contextmanager
def _writing(root: Path):
    """Turn what the operating system says into an error that names the store and what to do."""
    try:
        yield
    except StoreError:
        raise
    except OSError as error:
        advice = "choose a folder that can be written, on a disk with room"
        text = f"prepared recordings cannot be written under {root}: {error}; {advice}"
        raise StoreError(error.errno, text) from error
