"""Shared helpers of IMU readers: files found by name, columns of numbers, conversion to g.

Readers recognise a file by the end of its path, so a dataset may be in the folder itself or, as
archives are unpacked, some folders below it.

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

from rppg.datasets.readers.parsing import natural
from rppg.studies.relcon.data.recording import MotionRecording

MAX_FOLDERS = 4  # between the searched folder and a file
PLAUSIBLE_G = (0.5, 2.0)  # median norm of a recording with gravity
PER_G = {"m/s^2": g, "mg": 1000.0, "g": 1.0}  # how many of the unit make 1 g


def files_below(root: Path, pattern: str) -> list[Path]:
    """Visible files in `root` and up to MAX_FOLDERS folders deep whose absolute path ends in the
    pattern, in natural order; linked folders are followed once.

    Raises ValueError if two files match with the same text: a dataset that is there twice.
    """
    paths, first = [], {}
    for path in _visible(Path(root).absolute()):
        if match := re.search(f"/{pattern}$", path):
            if other := first.get(match[0]):
                raise ValueError(f"{other} and {path} look like one file: remove one of them")
            first[match[0]] = path
            paths.append(path)
    return [Path(path) for path in sorted(paths, key=natural)]


def _visible(root: Path) -> Iterator[str]:
    """Paths of visible files with "/"; plain text, since there may be 100,000 images among them."""
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
    return not name.startswith(".") and name != "__MACOSX"  # metadata of macOS


@contextmanager
def reading(path: Path, expected: str):
    """Turns read errors into a ValueError that names the file and what was expected."""
    try:
        yield
    except (ValueError, EOFError, zlib.error) as error:
        reason = str(error).partition("\n")[0]  # pandas adds advice for programmers
        raise ValueError(f"{path.name}: {reason}; expected {expected}") from error


def read_numbers(path: Path, columns: Mapping[str, int], n_columns: int) -> pd.DataFrame:
    """Columns, by number from 0, of a space-separated text file of numbers without a header; "NaN"
    is NaN.  float64.

    Raises ValueError, naming the file, if its first line does not have n_columns values, or if a
    value is not a number.
    """
    with open(path, encoding="ascii", errors="replace") as file:
        n_found = len(file.readline().split())
    if n_found != n_columns:
        raise ValueError(f"{path.name} has {n_found} columns, expected {n_columns}")
    names = {number: name for name, number in columns.items()}
    with reading(path, f"{n_columns} numbers per line"):
        options = {"sep": r"\s+", "header": None, "usecols": sorted(names), "dtype": np.float64}
        return pd.read_csv(path, **options).rename(columns=names)


def named(codes: Iterable, names: Mapping, where: str) -> np.ndarray:
    """The activity (T,) of each code, object; "" for a missing code (NaN).

    Raises ValueError for codes without a name.
    """
    codes = pd.Series(codes)
    activities = codes.map(dict(names)).astype(object)
    activities[codes.isna()] = ""
    if (unknown := activities.isna()).any():
        unnamed = ", ".join(str(code) for code in sorted(codes[unknown].unique()))
        expected = ", ".join(str(code) for code in names)
        raise ValueError(f"{where}: activities {unnamed}, expected {expected}")
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

    names: dataset, subject, session.  Samples with a NaN axis are dropped, so that
    resampling interpolates up to a second of them and longer gaps end a window.  Raises ValueError
    if none is left, if the data should contain `gravity` but its median norm is far from 1 g (a
    wrong unit), and as MotionRecording does.
    """
    where, xyz = "/".join(names), np.asarray(xyz)
    measured = ~np.isnan(xyz).any(axis=1)  # (T,)
    if not measured.any():
        raise ValueError(f"{where}: none of {len(xyz)} samples was measured on all three axes")
    xyz_g = xyz[measured] / PER_G[unit]  # (T', 3)
    norm_g = float(np.median(np.linalg.norm(xyz_g, axis=1)))
    if gravity and not PLAUSIBLE_G[0] <= norm_g <= PLAUSIBLE_G[1]:
        norm, expected = norm_g * PER_G[unit], f"gravity's {PER_G[unit]:.4g} {unit}"
        advice = f"convert the file to {unit}"
        raise ValueError(f"{where}: the median norm is {norm:.3g}, expected {expected}: {advice}")
    times_s, activities = np.asarray(times_s)[measured], np.asarray(activities, object)[measured]
    return MotionRecording(*names, times_s, xyz_g, activities, origin=origin)


def choice(dataset: str, option: str, value: str, known: Iterable[str]) -> None:
    """Raises ValueError if an option's value is not among the known ones."""
    if value not in (known := list(known)):
        raise ValueError(f"{dataset}: {option} is {value!r}, expected one of {', '.join(known)}")
