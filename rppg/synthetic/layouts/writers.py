"""Atomic writing of text, CSV and MATLAB files; and reading of the parameters of what was written.

>>> write_table(path, ("id", "hr_bpm"), [("a", 62.5)])  # doctest: +SKIP
"""

import io
import json
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


KINDS = {list: "a list", str: "a text", int: "a number", float: "a number", bool: "true or false"}
EXPECTED = "expected the object that rppg challenge writes: remove it, or choose another folder"


def stored_parameters(path: Path) -> dict:
    """The object in the file.  Raises ValueError, with what was found, for anything else."""
    try:
        stored = json.loads(path.read_text())
    except (ValueError, RecursionError) as error:  # no UTF-8, no JSON, or too deep
        raise ValueError(f"{path} is no JSON ({error}), {EXPECTED}") from None
    if not isinstance(stored, dict):
        raise ValueError(f"{path} holds {KINDS.get(type(stored), 'null')}, {EXPECTED}")
    return stored
