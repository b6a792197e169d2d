"""An array on the disk that grows: its length is put into the header at the end.

>>> import tempfile
>>> path = Path(tempfile.mkdtemp()) / "mstmap.npy"
>>> with ArrayFile(path, (63, 6), "<f4") as rows:
...     rows.append(np.zeros((63, 6)))
...     rows.append(np.zeros((100, 63, 6)))
>>> np.load(path).shape
(101, 63, 6)
"""

from pathlib import Path

import numpy as np

from rppg.datasets.store import StoreError

ADVICE = "choose a folder that can be written, on a disk with room"


class ArrayFile:
    """A context manager; path, the shape of one frame, and the dtype as numpy spells it ("<f4").

    Raises StoreError, an OSError, where the file cannot be written.
    """

    def __init__(self, path: Path, shape: tuple[int, ...], dtype: str):
        self.path, self.shape, self.dtype, self.n = path, shape, dtype, 0

    def __enter__(self) -> "ArrayFile":
        self._file = open(self.path, "wb")
        self._write_header()
        return self

    def append(self, frames: np.ndarray) -> None:
        """One frame or several, (*shape) or (t, *shape)."""
        frames = np.ascontiguousarray(frames, self.dtype).reshape(-1, *self.shape)
        try:
            self._file.write(frames.data)
        except OSError as error:
            text = f"{self.path} cannot be written: {error.strerror}; {ADVICE}"
            raise StoreError(error.errno, text) from error
        self.n += len(frames)

    def __exit__(self, kind, error, trace) -> None:
        with self._file:
            if kind is None:
                self._file.seek(0)
                self._write_header()  # numpy leaves room in it for any length

    def _write_header(self) -> None:
        shape = (self.n, *self.shape)
        fields = {"descr": self.dtype, "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(self._file, fields)
