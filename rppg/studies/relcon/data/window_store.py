"""Windows on the disk: cut once from all recordings, read without being loaded.

    <folder>/windows.npy     (n, 256, 3) float32, in g, mapped into memory where it is read
    <folder>/index.parquet   n rows in the order of windows.npy, columns as in windows.py
    <folder>/problems.csv    what could not be read, and why: dataset, name, reason

    >>> from rppg.studies.relcon.data.readers import find_motion
    >>> problems = write_windows("prepared/wrist", find_motion("data"))  # doctest: +SKIP
    >>> windows = read_windows("prepared/wrist")  # doctest: +SKIP
    >>> walked = windows.part(windows.table["activity"] == "walking")  # doctest: +SKIP
    >>> walked.xyz_g[:64].shape  # doctest: +SKIP
    (64, 256, 3)

The index is written last: where it lies, all of it is there.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from rppg.studies.relcon.data.recording import Found
from rppg.studies.relcon.data.windows import RATE_HZ, WINDOW, cut_windows
from rppg.datasets.npy_writer import ArrayFile
from rppg.utils.atomic import atomic_write

WINDOWS, INDEX, PROBLEMS = "windows.npy", "index.parquet", "problems.csv"
UNREADABLE = (ValueError, OSError, EOFError)  # the last: a compressed file that is cut short


class Rows:
    """Some windows of an array, which stay where they are until they are asked for.

    Indexed as the array (k, 256, 3) that it stands for: `rows[3]`, `rows[:64]`, `rows[[2, 5], 9:]`;
    np.asarray loads all of it.
    """

    def __init__(self, array, positions: np.ndarray):
        self.array, self.positions = array, positions
        self.shape, self.dtype = (len(positions), *array.shape[1:]), array.dtype

    def __len__(self) -> int:
        return len(self.positions)

    def __getitem__(self, index) -> np.ndarray:
        first, *others = index if isinstance(index, tuple) else (index,)
        at = self.positions[first]
        return self.array[at][(slice(None),) * np.ndim(at) + tuple(others)]

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        return np.asarray(self.array[self.positions], dtype=dtype)


@dataclass(frozen=True, eq=False)
class Windows:
    """Windows and what is known of each.  Raises ValueError where there are not as many of both."""

    xyz_g: np.ndarray | Rows  # (n, 256, 3) float32
    table: pd.DataFrame  # n rows, index 0 to n - 1

    def __post_init__(self):
        if len(self.xyz_g) != len(self.table):
            raise ValueError(f"{len(self.xyz_g)} windows have {len(self.table)} rows")

    def __len__(self) -> int:
        return len(self.table)

    def part(self, mask_or_positions) -> "Windows":
        """Those where the mask (n,) is true, or at positions (k,), in that order; none is loaded.

        Raises ValueError for a mask of another length, IndexError for positions out of range.
        """
        chosen = np.asarray(mask_or_positions)
        if chosen.dtype == bool and chosen.shape != (len(self),):
            raise ValueError(f"a mask of shape {chosen.shape}, expected ({len(self)},)")
        positions = np.arange(len(self))[chosen if len(chosen) else []]
        table = self.table.iloc[positions].reset_index(drop=True)
        return Windows(Rows(self.xyz_g, positions), table)


def write_windows(folder, found: Iterable[Found], progress: bool = True) -> pd.DataFrame:
    """Cut everything found into windows below `folder`; returns problems: dataset, name, reason.

    One Found is in memory at a time.  One that cannot be read is a problem and gives no window; so
    is a recording without 2.56 s on end, and a Found with a recording that another one had.  The
    rest goes on.  Killed, it leaves what was there before, or no index; others' files below
    `folder` stay.  Raises ValueError, naming problems, where nothing gives a window, and OSError
    where the folder cannot be written.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    tables, problems = [], []

    def cut_all(part: Path) -> None:
        with ArrayFile(part, (WINDOW, 3), "<f4") as file:
            for xyz_g, rows in _cut(found, problems, progress):
                file.append(xyz_g)
                tables.append(rows)
        if not tables:
            raise ValueError(f"nothing found gives a window: {_first(problems)}")
        (folder / INDEX).unlink(missing_ok=True)  # the old one's windows are about to go

    atomic_write(folder / WINDOWS, cut_all)
    told = pd.DataFrame(problems, columns=["dataset", "name", "reason"], dtype=object)
    atomic_write(folder / PROBLEMS, lambda part: told.to_csv(part, index=False))
    table = pd.concat(tables, ignore_index=True)
    atomic_write(folder / INDEX, lambda part: table.to_parquet(part, index=False))
    return told


def read_windows(folder) -> Windows:
    """Windows as written.  Raises FileNotFoundError where there are none, or not all of them, and
    ValueError where index and windows are not of one writing."""
    folder = Path(folder)
    if missing := [name for name in (INDEX, WINDOWS) if not (folder / name).is_file()]:
        raise FileNotFoundError(f"{folder} lacks {' and '.join(missing)}: write the windows first")
    table = pd.read_parquet(folder / INDEX)
    return Windows(np.load(folder / WINDOWS, mmap_mode="r"), table)


def _cut(found: Iterable[Found], problems: list, progress: bool):
    """Windows and rows of every Found that can be read; appends to `problems`."""
    owner: dict[str, str] = {}  # recording -> the Found that had it
    bar = tqdm(found, desc="windows", unit="file", disable=not progress)
    for item in bar:
        bar.set_postfix_str(item.name)
        try:
            cut = _of_found(item, owner)
        except UNREADABLE as error:
            problems.append((item.dataset, item.name, str(error) or type(error).__name__))
            continue
        short = f"no {WINDOW / RATE_HZ:g} s without a gap, as a window needs"
        problems += [(item.dataset, id, short) for id, (_, rows) in cut if rows.empty]
        owner.update((id, item.name) for id, _ in cut)
        yield from (part for _, part in cut if len(part[1]))


def _of_found(item: Found, owner: dict[str, str]) -> list[tuple[str, tuple]]:
    """(recording's id, its windows and rows) of all recordings."""
    cut = []
    for recording in item.read():
        if other := owner.get(recording.id):
            raise ValueError(f"{recording.id} is in {other} already: rename one of the two")
        cut.append((recording.id, cut_windows(recording)))
    if not cut:
        raise ValueError("it has no recordings")
    ids = pd.concat([rows["id"] for _, (_, rows) in cut])
    if ids.duplicated().any():
        raise ValueError(f"{ids[ids.duplicated()].iloc[0]} comes twice in it: rename a session")
    return cut


def _first(problems: list[tuple[str, str, str]]) -> str:
    """What is wrong with the first few; most reasons name their file themselves."""
    named = [
        reason
        if re.search(rf"(^|/){re.escape(Path(name).name)}\b", reason)
        else f"{name}: {reason}"
        for _, name, reason in problems[:3]
    ]
    shown = "; ".join(named)
    return f"{shown}{' ...' if len(problems) > 3 else ''}" if problems else "no files were given"
