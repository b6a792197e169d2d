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
import stat
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.constants import g

from rppg.datasets.readers.parsing import natural
from rppg.studies.relcon.data.recording import MotionRecording, SourceFile
from rppg.studies.relcon.data.table_times import in_order
from rppg.utils.text import printable

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


def problems_below(root: Path, pattern: str) -> list[tuple[Path, str]]:
    """Paths and reasons: folders where files_below cannot look, or with the name of a file."""
    errors, folders = [], []
    for _ in _visible(Path(root).absolute(), errors.append, folders.append):
        pass
    unreadable = [(Path(e.filename), f"the folder cannot be read: {e.strerror}") for e in errors]
    named = [Path(folder) for folder in folders if re.search(f"/{pattern}$", folder)]
    return unreadable + [(folder, "it is a folder, expected a file") for folder in named]


def source_of(dataset: str, name: str, read: Callable, path: Path, *options) -> SourceFile:
    """A source that calls read(path, *options), or has a problem if `path` is no readable file:
    a pipe, for one, would never end."""
    reason = file_problem(path)
    if reason:
        return problem_source(dataset, name, f"{printable(path.name)}: {reason}")
    return SourceFile(printable(dataset), printable(name), partial(read, path, *options))


def problem_source(dataset: str, name: str, reason: str) -> SourceFile:
    """A source that is listed with the reason why it cannot be read."""

    def read() -> Iterator[MotionRecording]:
        raise ValueError(reason)

    return SourceFile(printable(dataset), printable(name), read, reason)


def file_problem(path: Path) -> str:
    """Why `path` cannot be read as a file, "" if it can; it is not opened."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return f"a link that leads nowhere ({error.strerror})" if path.is_symlink() else str(error)
    if not stat.S_ISREG(mode):
        kind = "a pipe" if stat.S_ISFIFO(mode) else "a socket, device or folder"
        return f"it is {kind}, expected a file"
    return "" if os.access(path, os.R_OK) else "no permission to read it"


def _visible(
    root: Path, on_error: Callable | None = None, on_folder: Callable = bool
) -> Iterator[str]:
    """Paths of visible files with "/"; plain text, since there may be 100,000 images among them.

    on_error and on_folder are called with errors of folders and with the paths of folders.
    """
    seen = set()
    for folder, names, files in os.walk(root, onerror=on_error, followlinks=True):
        here, place = Path(folder).as_posix(), os.path.realpath(folder)
        depth = len(Path(folder).relative_to(root).parts)
        names[:] = [name for name in names if depth < MAX_FOLDERS and _is_visible(name)]
        if place in seen:
            names.clear()
            continue
        seen.add(place)
        on_folder(here)
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
        raise ValueError(f"{printable(path.name)}: {reason}; expected {expected}") from error


def read_numbers(
    path: Path, columns: Mapping[str, int], n_columns: int
) -> tuple[pd.DataFrame, list[str]]:
    """Columns, by number from 0, of a space-separated text file of numbers without a header, and
    notes; "NaN" is NaN.  float64.

    A last line that was cut is left out, with a note.  Raises ValueError, naming the file, if
    another line does not have n_columns values, or if a value is not a number.
    """
    n_rows, notes = _whole_lines(path, n_columns), []
    if n_rows is not None:
        notes.append("The file is cut inside its last line, which was left out.")
    names = {number: name for name, number in columns.items()}
    with reading(path, f"{n_columns} numbers per line"):
        options = {"sep": r"\s+", "header": None, "usecols": sorted(names), "dtype": np.float64}
        return pd.read_csv(path, nrows=n_rows, **options).rename(columns=names), notes


def _whole_lines(path: Path, n_columns: int) -> int | None:
    """None if all lines have n_columns values; their number if the last one is cut."""
    n_rows, wrong = 0, None
    with open(path, encoding="ascii", errors="replace") as file:
        for number, line in enumerate(file, 1):
            n_found = len(line.split())
            if wrong:
                raise ValueError(wrong)
            n_rows += n_found > 0
            if n_found not in (0, n_columns):
                wrong = f"{path.name} has {n_found} columns, expected {n_columns} (line {number})"
                if n_rows == 1 or n_found > n_columns or line.endswith("\n"):
                    raise ValueError(wrong)
    if not n_rows:
        raise ValueError(f"{path.name} has 0 columns, expected {n_columns}: it is empty")
    return n_rows - 1 if wrong else None


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
    notes: Sequence[str] = (),
    targets: Mapping[str, np.ndarray] | None = None,
) -> MotionRecording:
    """A recording from samples (T,), (T, 3), (T,), their unit one of PER_G.

    names: dataset, subject, session.  targets: further values (T,) by name.  Samples without a time
    or an axis (NaN) are left out, so that resampling interpolates up to a second of them and longer
    gaps end a window, and so are samples whose times repeat or go back a little; its notes count
    them.  Raises ValueError if none is left, if the data should contain `gravity` but its median
    norm is far from 1 g (a wrong unit), if the clock steps far back, and as MotionRecording does.
    """
    where, xyz = "/".join(names), np.asarray(xyz)
    times_s, activities = np.asarray(times_s, np.float64), np.asarray(activities, object)
    measured = ~np.isnan(xyz).any(axis=1) & ~np.isnan(times_s)  # (T,)
    if not measured.any():
        raise ValueError(f"{where}: none of {len(xyz)} samples was measured on all three axes")
    if n_missing := int((~measured).sum()):
        missing = f"{n_missing} of {len(xyz)} samples without a number were left out."
        notes = [*notes, missing]
    times_s, xyz_g, activities = (
        times_s[measured],
        xyz[measured] / PER_G[unit],
        activities[measured],
    )
    norm_g = float(np.median(np.linalg.norm(xyz_g, axis=1)))
    if gravity and not PLAUSIBLE_G[0] <= norm_g <= PLAUSIBLE_G[1]:
        norm, expected = norm_g * PER_G[unit], f"gravity's {PER_G[unit]:.4g} {unit}"
        advice = f"convert the file to {unit}"
        raise ValueError(f"{where}: the median norm is {norm:.3g}, expected {expected}: {advice}")
    kept, more = in_order(times_s, where)
    samples = (times_s[kept], xyz_g[kept], activities[kept])
    targets = {name: np.asarray(v)[measured][kept] for name, v in (targets or {}).items()}
    about = {"origin": origin, "notes": (*notes, *more), "targets": targets}
    return MotionRecording(*names, *samples, **about)


def choice(dataset: str, option: str, value: str, known: Iterable[str]) -> None:
    """Raises ValueError if an option's value is not among the known ones."""
    if value not in (known := list(known)):
        raise ValueError(f"{dataset}: {option} is {value!r}, expected one of {', '.join(known)}")
