"""Arrays of a prepared recording as files: their facts, and whether they are still as listed.

recording.json lists the arrays next to it by name, as {"face": {"shape": [300, 128, 128, 3],
"dtype": "|u1", "bytes": 14745728}}; a folder written before 2026-12 has no such list.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> np.save(folder / "bvp.npy", np.zeros(300, np.float32))
    >>> array_facts(folder / "bvp.npy")
    {'shape': [300], 'dtype': '<f4', 'bytes': 1328}
    >>> listed = {"bvp": array_facts(folder / "bvp.npy")}
    >>> (folder / "bvp.npy").unlink()
    >>> list(damaged(folder, {"arrays": listed}))[0].endswith("bvp.npy is missing")
    True
"""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

FORMATS = {  # dtype on disk and shape per frame; None: any length, but height and width are equal
    "face": ("|u1", (None, None, 3)),
    "mstmap": ("<f4", (63, 6)),
    "bvp": ("<f4", ()),
    "wide": ("|u1", (None, None, 3)),
    "head": ("<f4", (5,)),
}
ALWAYS = ("face", "mstmap")  # what every prepared recording has
_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def array_facts(path: Path) -> dict:
    """{shape, dtype, bytes} of a .npy file, by its header and its size; no value is read.

    Raises ValueError, naming the file, if it is missing, a link, not an array, cut off, an array of
    Python objects or not in C order.
    """
    n_bytes = _size(path)
    with path.open("rb") as file:
        try:
            version = np.lib.format.read_magic(file)
            shape, fortran, dtype = _HEADERS[version](file)
        except OSError:
            raise
        except Exception as error:  # NumPy raises many kinds for a damaged header
            raise ValueError(f"{path} is no array ({error})") from error
        header_bytes = file.tell()
    if dtype.hasobject:
        raise ValueError(f"{path} is an array of Python objects, expected numbers")
    if fortran and len(shape) > 1:
        raise ValueError(f"{path} is in Fortran order, expected C order")
    expected = header_bytes + math.prod(shape) * dtype.itemsize
    if n_bytes != expected or min(shape, default=0) < 0:
        found = f"{path} has {n_bytes} bytes"
        raise ValueError(f"{found}, an array of shape {shape} and type {dtype.str} has {expected}")
    return {"shape": list(shape), "dtype": dtype.str, "bytes": n_bytes}


def check_array(path: Path, listed: dict | None = None) -> dict:
    """array_facts of an array of FORMATS, as mstmap.npy.

    Raises ValueError, naming the file, as array_facts does, and if its shape or type is none of
    FORMATS or differs from what recording.json lists.
    """
    facts = array_facts(path)
    dtype, of_frame = FORMATS[path.stem]
    shape = facts["shape"]
    same = len(shape) == 1 + len(of_frame) and all(
        want in (None, have) for want, have in zip(of_frame, shape[1:], strict=True)
    )
    square = None not in of_frame or shape[1:2] == shape[2:3]
    if not (same and square and facts["dtype"] == dtype):
        sides = ", ".join("side" if side is None else str(side) for side in ("T", *of_frame))
        found = f"{path} is of shape {tuple(shape)} and type {facts['dtype']}"
        raise ValueError(f"{found}, expected ({sides}) of {dtype}")
    if listed is not None and facts != listed:
        raise ValueError(f"{path} is {facts}, its recording.json lists {listed}")
    return facts


def damaged(folder: Path, meta: dict) -> Iterator[str]:
    """What is wrong with the arrays of a prepared recording by their names and sizes: no file is
    opened, so this reads no label."""
    listed = meta.get("arrays")
    for name in ALWAYS if listed is None else listed:
        path = folder / f"{name}.npy"
        try:
            n_bytes = _size(path)
        except ValueError as error:
            yield str(error)
            continue
        if listed is not None and n_bytes != listed[name]["bytes"]:
            yield f"{path} has {n_bytes} bytes, its recording.json lists {listed[name]['bytes']}"


def are_intact(folder: Path, meta: dict) -> bool:
    """Whether the arrays of a prepared recording are as recording.json says, headers included."""
    if any(damaged(folder, meta)):
        return False
    listed = meta.get("arrays")
    names = [name for name in FORMATS if (folder / f"{name}.npy").exists()]
    try:
        facts = [check_array(folder / f"{n}.npy", listed and listed.get(n)) for n in names]
    except ValueError:
        return False
    return all(one["shape"][0] == meta["n_frames"] for one in facts)


def _size(path: Path) -> int:
    if path.is_symlink():
        raise ValueError(f"{path} is a link, expected the file itself")
    if not path.is_file():
        raise ValueError(f"{path} is missing")
    return path.stat().st_size
