"""What all readers of motion share: files found by name, columns of numbers, and g.

A reader knows a file by the end of its path, so a dataset may lie in the folder itself or, as
people unzip, some folders below it.

    >>> xyz_m_s2 = np.array([[0.0, 0.0, 9.81], [np.nan] * 3, [0.0, 0.0, 9.81]])
    >>> recording = as_recording(
    ...     ("demo", "ann", "monday"), [0.0, 0.1, 0.2], xyz_m_s2, ["", "", "sitting"], unit="m/s^2"
    ... )
    >>> recording.times_s.tolist(), recording.xyz_g[:, 2].round(2).tolist()
    ([0.0, 0.2], [1.0, 1.0])
"""

import os
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.constants import g

from rppg.studies.relcon.data.recording import MotionRecording
from rppg.datasets.readers.parsing import natural

MAX_FOLDERS = 4  # between the folder that is searched and a file
PLAUSIBLE_G = (0.5, 2.0)  # median norm of a recording whose sensor feels gravity
PER_G = {"m/s^2": g, "mg": 1000.0, "g": 1.0}  # how many of a unit are a g


def files_below(root: Path, pattern: str) -> list[Path]:
    """Visible files in `root` and up to MAX_FOLDERS folders deep, the end of whose absolute path
    the pattern matches, in natural order; linked folders are followed once.

    Raises ValueError where two of them match with the same text: a dataset that lies there twice.
    """
    found, first = [], {}
    for path in _visible(Path(root).absolute()):
        if match := re.search(f"/{pattern}$", path):
            if other := first.get(match[0]):
                raise ValueError(f"{other} and {path} look like one file: remove one of them")
            first[match[0]] = path
            found.append(path)
    return [Path(path) for path in sorted(found, key=natural)]


def _visible(root: Path) -> Iterator[str]:
    """Paths with "/" of visible files; text, as there may be a hundred thousand images beside."""
    seen = set()
    for folder, names, files in os.walk(root, followlinks=True):
        here, place = Path(folder).as_posix(), os.path.realpath(folder)
        depth = len(Path(folder).relative_to(root).parts)
        names[:] = [name for name in names if depth < MAX_FOLDERS and _is_visible(name)]
        if place in seen:
            names.clear()
            continue
        seen.add(place)
        yield from (f"{here}/{name}" for name in files if _is_visible(name))


def _is_visible(name: str) -> bool:
    return not name.startswith(".") and name != "__MACOSX"  # copies of a Mac's own notes


@contextmanager
def reading(path: Path, expected: str):
    """What cannot be read becomes a ValueError that names the file and what was expected."""
    try:
        yield
    except (ValueError, EOFError, zlib.error) as error:
        reason = str(error).partition("\n")[0]  # pandas goes on with advice to programmers
        raise ValueError(f"{path.name}: {reason}; expected {expected}") from error


def read_numbers(path: Path, columns: Mapping[str, int], n_columns: int) -> pd.DataFrame:
    """Columns, by their number from 0, of a text file of numbers without a header, separated by
    blanks; "NaN" is NaN.  float64.

    Raises ValueError, naming the file, where its first line has not n_columns words and where a
    word is no number.
    """
    with open(path, encoding="ascii", errors="replace") as file:
        found = len(file.readline().split())
    if found != n_columns:
        raise ValueError(f"{path.name} has {found} columns, expected {n_columns}")
    names = {number: name for name, number in columns.items()}
    with reading(path, f"{n_columns} numbers a line"):
        options = {"sep": r"\s+", "header": None, "usecols": sorted(names), "dtype": np.float64}
        return pd.read_csv(path, **options).rename(columns=names)


def named(codes: Iterable, names: Mapping, where: str) -> np.ndarray:
    """The activity (T,) of each code, object; a code that is missing (NaN) has none: "".

    Raises ValueError for codes that have no name.
    """
    codes = pd.Series(codes)
    activities = codes.map(dict(names)).astype(object)
    activities[codes.isna()] = ""
    if (unknown := activities.isna()).any():
        found = ", ".join(str(code) for code in sorted(codes[unknown].unique()))
        expected = ", ".join(str(code) for code in names)
        raise ValueError(f"{where}: activities {found}, expected {expected}")
    return activities.to_numpy()


def as_recording(
    names: tuple[str, str, str],
    times_s: Sequence[float],
    xyz: np.ndarray,
    activities: Sequence[str],
    unit: str,
    origin: str = "real",
    gravity: bool = True,
) -> MotionRecording:
    """A recording from samples (T,), (T, 3), (T,), their unit one of PER_G.

    names: dataset, subject, session.  Samples of which an axis is NaN were not measured: they are
    left out, so that resampling bridges up to a second of them and windows end at longer ones.
    Raises ValueError where none is left, where the sensor feels `gravity` and the median norm is
    nowhere near a g (another unit), and as MotionRecording does.
    """
    where, xyz = "/".join(names), np.asarray(xyz)
    measured = ~np.isnan(xyz).any(axis=1)  # (T,)
    if not measured.any():
        raise ValueError(f"{where}: none of {len(xyz)} samples was measured on all three axes")
    xyz_g = xyz[measured] / PER_G[unit]  # (T', 3)
    norm_g = float(np.median(np.linalg.norm(xyz_g, axis=1)))
    if gravity and not PLAUSIBLE_G[0] <= norm_g <= PLAUSIBLE_G[1]:
        found = (
            f"the median norm is {norm_g * PER_G[unit]:.3g}, expected gravity's {PER_G[unit]:.4g}"
        )
        raise ValueError(f"{where}: {found} {unit}: convert the file to {unit}")
    times_s, activities = np.asarray(times_s)[measured], np.asarray(activities, object)[measured]
    return MotionRecording(*names, times_s, xyz_g, activities, origin=origin)


def choice(dataset: str, option: str, value: str, known: Iterable[str]) -> None:
    """Raises ValueError where an option's value is not among the known ones."""
    if value not in (known := list(known)):
        raise ValueError(f"{dataset}: {option} is {value!r}, expected one of {', '.join(known)}")
