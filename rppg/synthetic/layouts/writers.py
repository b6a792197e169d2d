"""Atomic writing of text, CSV and MATLAB files.

>>> write_table(path, ("id", "hr_bpm"), [("a", 62.5)])  # doctest: +SKIP
"""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.io import savemat


def write_text(path: Path, text: str) -> None:
    """Write a text file under a hidden name, then rename it."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file under a hidden name, then rename it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".tmp-{path.name}")
    temporary.write_bytes(content)
    temporary.replace(path)


def write_table(path: Path, header: Sequence[str], rows: Sequence[Sequence]) -> None:
    """A plain CSV."""
    lines = [",".join(header), *(",".join(map(str, row)) for row in rows)]
    write_text(path, "\n".join(lines) + "\n")


HEADER = b"MATLAB 5.0 MAT-file, Platform: GLNXA64"
HEADER_BYTES = 116  # free text at the start of the file, in which scipy writes the date


def write_mat(path: Path, variables: dict[str, np.ndarray]) -> None:
    """Variables by name; an array of objects becomes a cell array."""
    buffer = io.BytesIO()
    savemat(buffer, variables)
    write_bytes(path, HEADER.ljust(HEADER_BYTES) + buffer.getvalue()[HEADER_BYTES:])
