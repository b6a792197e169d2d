"""An array on the disk that grows: its length is put into the header at the end.

>>> import tempfile
>>> path = Path(tempfile.mkdtemp()) / "mstmap.npy"
>>> with ArrayFile(path, (63, 6), "<f4") as rows:
...     rows.append(np.zeros((63, 6)))
...     rows.append(np.zeros((100, 63, 6)))
>>> np.load(path).shape
(101, 63, 6)
"""

from contextlib import suppress
from pathlib import Path

import numpy as np

from rppg.datasets.store_writer import writing


class ArrayFile:
    """A context manager; path, the shape of one frame, and the dtype as numpy spells it ("<f4").

    Raises StoreError, an OSError, where the file cannot be written.
    """

    def __init__(self, path: Path, shape: tuple[int, ...], dtype: str):
        self.path, self.shape, self.dtype, self.n = path, shape, dtype, 0

    def __enter__(self) -> "ArrayFile":
        with writing(self.path):
            self._file = open(self.path, "wb")
            self._write_header()
        return self

    def append(self, frames: np.ndarray) -> None:
        """One frame or several, (*shape) or (t, *shape)."""
        frames = np.ascontiguousarray(frames, self.dtype).reshape(-1, *self.shape)
        with writing(self.path):
            self._file.write(frames.data)
        self.n += len(frames)

    def __exit__(self, kind, error, trace) -> None:
        if kind is not None:  # the file is given up, and `error` is what is said
            with suppress(OSError):
                self._file.close()
            return
        with writing(self.path), self._file:
            self._file.seek(0)
            self._write_header()  # numpy leaves room in it for any length

    def _write_header(self) -> None:
        shape = (self.n, *self.shape)
        fields = {"descr": self.dtype, "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(self._file, fields)
