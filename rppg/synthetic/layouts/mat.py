"""MATLAB 5 files, written whole or not at all, the same bytes every time.

>>> write_mat(path, {"fold1": np.array([[1, 4, 9]])})  # doctest: +SKIP
"""

import io
from pathlib import Path

import numpy as np
from scipy.io import savemat

from .text import write_bytes

HEADER = b"MATLAB 5.0 MAT-file, Platform: GLNXA64"
HEADER_BYTES = 116  # of free text at the file's beginning, where scipy puts the date


def write_mat(path: Path, variables: dict[str, np.ndarray]) -> None:
    """Variables by name; an array of objects becomes a cell array."""
    buffer = io.BytesIO()
    savemat(buffer, variables)
    write_bytes(path, HEADER.ljust(HEADER_BYTES) + buffer.getvalue()[HEADER_BYTES:])
