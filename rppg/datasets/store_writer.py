"""One recording on its way into the store, and what is said if the store cannot be written.

>>> from rppg.datasets.store import Store
>>> with Store("prepared").begin("demo/ann/v1") as writer:  # doctest: +SKIP
...     writer.save("mstmap", mstmap)
...     writer.commit({"id": "demo/ann/v1", "status": "failed", "reason": "no face"})
"""

import os
import shutil
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from rppg.datasets.array_files import ALWAYS, FORMATS, array_facts
from rppg.datasets.metadata import json_bytes
from rppg.utils import atomic

ADVICE = "choose a folder that can be written, on a disk with room"


class StoreError(OSError):
    """The store itself cannot be written: no recording after this one could be either."""

    def __str__(self) -> str:
        return str(self.args[-1])  # it names the cause, the number before it says nothing more


@contextmanager
def writing(place: Path):
    """Turn errors of the operating system into a StoreError that names the place and what to do."""
    try:
        yield
    except StoreError:
        raise
    except OSError as error:
        why = error.strerror or error
        text = f"prepared recordings cannot be written under {place}: {why}; {ADVICE}"
        raise StoreError(error.errno or 0, text) from error


class StoreWriter:
    """Writes one recording.  A context manager: what is not committed when it closes leaves nothing
    behind.  root: the store's folder; target: the recording's; needs: arrays that it must have."""

    def __init__(self, root: Path, target: Path, id: str, needs: Sequence[str] = ALWAYS):
        self.id, self.root, self.target, self.needs = id, root, target, tuple(needs)
        self.folder = atomic.temporary(self.target)  # all in it becomes part of the recording
        self._arrays: list[np.memmap] = []
        with writing(self.root):
            self.target.parent.mkdir(parents=True, exist_ok=True)
            atomic.clear_leftovers(self.target)
            self.folder.mkdir()

    def __enter__(self) -> "StoreWriter":
        return self

    def __exit__(self, *exception) -> None:
        if self.folder.exists():
            with writing(self.root):
                shutil.rmtree(self.folder)

    def array(self, name: str, shape: tuple[int, ...], dtype) -> np.memmap:
        """A new <name>.npy of that shape to be filled in place, zero at first; its disk space is
        taken at once, so a full disk is a StoreError here."""
        with writing(self.root):
            path = self.folder / f"{name}.npy"
            array = np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)
            if hasattr(os, "posix_fallocate"):
                with path.open("r+b") as file:
                    os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
        self._arrays.append(array)
        return array

    def save(self, name: str, array: np.ndarray) -> None:
        """Write <name>.npy from an array of numbers in memory, in C order."""
        array = np.ascontiguousarray(array)
        header = np.lib.format.header_data_from_array_1_0(array)
        with writing(self.root), (self.folder / f"{name}.npy").open("wb") as file:
            np.lib.format.write_array_header_1_0(file, header)
            file.write(array.data)  # np.save would not say that the disk is full

    def commit(self, meta: dict) -> dict:
        """Write recording.json and put the recording in its place, over an older one.

        Returns the meta as written: with the list of its arrays, as `array_files` describes it.
        Raises ValueError where meta has NaN (use None), another id, an unknown status, a failure
        without reason, or arrays that are missing or not n_frames long.
        """
        with writing(self.root):
            for array in self._arrays:
                array.flush()
        meta = {key: value for key, value in meta.items() if key != "arrays"}
        self._check(meta)
        if meta["status"] == "ok":
            meta["arrays"] = self._facts()
        text = json_bytes(meta)
        with writing(self.root):
            if meta["status"] == "failed":  # whatever was computed of it is not kept
                for path in self.folder.iterdir():
                    path.unlink()
            (self.folder / atomic.MARK).write_bytes(text)
            atomic.replace_folder(self.folder, self.target)
        return meta

    def _facts(self) -> dict[str, dict]:
        """{shape, dtype, bytes} of each array, by name."""
        paths = {name: self.folder / f"{name}.npy" for name in FORMATS}
        return {name: array_facts(path) for name, path in paths.items() if path.is_file()}

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
            found = {name: facts["shape"][0] for name, facts in self._facts().items()}
            if not set(self.needs) <= found.keys() or {*found.values()} != {n_frames}:
                others = ", ".join(name for name in FORMATS if name not in self.needs)
                expected = f"{' and '.join(self.needs)} (and {others}) of n_frames {n_frames}"
                raise ValueError(f"{self.id}: arrays of {found} frames, expected {expected}")
