"""Window store: windows cut once from all recordings and memory-mapped from disk.

    <folder>/windows.npy     (n, 256, 3) float32, in g
    <folder>/index.parquet   n rows in the order of windows.npy, columns as in windows.py
    <folder>/problems.csv    dataset, name, outcome, reason: of files and recordings that were
                             "skipped", why; of some that were "read", what was left out or assumed

    >>> from rppg.studies.relcon.data.readers import find_motion
    >>> problems = write_windows("prepared/wrist", find_motion("data"))  # doctest: +SKIP
    >>> windows = read_windows("prepared/wrist")  # doctest: +SKIP
    >>> walked = windows.part(windows.table["activity"] == "walking")  # doctest: +SKIP
    >>> walked.xyz_g[:64].shape  # doctest: +SKIP
    (64, 256, 3)

The index is written last: if it exists, the store is complete.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from rppg.datasets.npy_writer import ArrayFile
from rppg.studies.relcon.data.recording import MotionRecording, SourceFile
from rppg.studies.relcon.data.windows import RATE_HZ, WINDOW, cut_windows
from rppg.utils.atomic import atomic_write
from rppg.utils.text import printable

WINDOWS, INDEX, PROBLEMS = "windows.npy", "index.parquet", "problems.csv"
COLUMNS = ["dataset", "name", "outcome", "reason"]
UNREADABLE = (ValueError, OSError, EOFError)  # EOFError: a truncated compressed file


class Rows:
    """A lazy selection of windows from an array.

    Indexed like the array (k, 256, 3) that it represents: `rows[3]`, `rows[:64]`,
    `rows[[2, 5], 9:]`; np.asarray loads all of it.
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
    """Windows and their metadata.  Raises ValueError if the two differ in length."""

    xyz_g: np.ndarray | Rows  # (n, 256, 3) float32
    table: pd.DataFrame  # n rows, index 0 to n - 1

    def __post_init__(self):
        if len(self.xyz_g) != len(self.table):
            raise ValueError(f"{len(self.xyz_g)} windows have {len(self.table)} rows")

    def __len__(self) -> int:
        return len(self.table)

    def part(self, mask_or_positions) -> "Windows":
        """The windows selected by a mask (n,) or by positions (k,), in that order; none is loaded.

        Raises ValueError for a mask of another length, IndexError for positions out of range.
        """
        chosen = np.asarray(mask_or_positions)
        if chosen.dtype == bool and chosen.shape != (len(self),):
            raise ValueError(f"a mask of shape {chosen.shape}, expected ({len(self)},)")
        positions = np.arange(len(self))[chosen if len(chosen) else []]
        table = self.table.iloc[positions].reset_index(drop=True)
        return Windows(Rows(self.xyz_g, positions), table)


def write_windows(
    folder, sources: Iterable[SourceFile], progress: bool = True, window: int = WINDOW
) -> pd.DataFrame:
    """Cut all sources into windows of `window` samples below `folder`; returns what problems.csv
    holds.

    One source is in memory at a time.  A source is listed as a problem and skipped if it cannot be
    read or repeats a recording of another source; so is a recording without a window on end.  What
    was left out of a recording or assumed is listed too.  If
    killed, the old store remains, or there is no index.  Raises ValueError, naming problems, if no
    source gives a window, and OSError if the folder cannot be written.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    tables, problems = [], []

    def cut_all(part: Path) -> None:
        with ArrayFile(part, (window, 3), "<f4") as file:
            for xyz_g, rows in _cut(sources, problems, progress, window):
                file.append(xyz_g)
                tables.append(rows)
        if not tables:
            raise ValueError(f"no source gives a window: {_first(problems)}")
        (folder / INDEX).unlink(missing_ok=True)  # its windows are about to be replaced

    atomic_write(folder / WINDOWS, cut_all)
    skipped = pd.DataFrame(problems, columns=COLUMNS, dtype=object)
    atomic_write(folder / PROBLEMS, lambda part: skipped.to_csv(part, index=False))
    table = pd.concat(tables, ignore_index=True)
    atomic_write(folder / INDEX, lambda part: table.to_parquet(part, index=False))
    return skipped


def read_windows(folder) -> Windows:
    """The windows of a store.  Raises FileNotFoundError if it is missing or incomplete, ValueError
    if index and windows do not belong together."""
    folder = Path(folder)
    if missing := [name for name in (INDEX, WINDOWS) if not (folder / name).is_file()]:
        names = " and ".join(missing)
        raise FileNotFoundError(f"{folder}: {names} missing: write the windows first")
    table = pd.read_parquet(folder / INDEX)
    return Windows(np.load(folder / WINDOWS, mmap_mode="r"), table)


def _cut(sources: Iterable[SourceFile], problems: list, progress: bool, window: int):
    """Windows and rows of every source that can be read; appends to `problems`."""
    owner: dict[str, str] = {}  # recording -> its source
    bar = tqdm(sources, desc="windows", unit="file", disable=not progress)
    for source in bar:
        bar.set_postfix_str(source.name)
        try:
            cut = _of_source(source, owner, window)
        except UNREADABLE as error:
            reason = printable(str(error)) or type(error).__name__
            problems.append((source.dataset, source.name, "skipped", reason))
            continue
        short = f"no {window / RATE_HZ:g} s without a gap, as a window needs"
        for id, notes, (_, rows) in cut:
            problems += [(source.dataset, id, "skipped", short)] if rows.empty else []
            problems += [(source.dataset, id, "read", note) for note in notes]
        owner.update((id, source.name) for id, _, _ in cut)
        yield from (part for _, _, part in cut if len(part[1]))


def _of_source(
    source: SourceFile, owner: dict[str, str], window: int
) -> list[tuple[str, tuple, tuple]]:
    """(id, notes, (windows, rows)) of each recording of a source."""
    cut = []
    for recording in source.read():
        if other := owner.get(recording.id):
            raise ValueError(f"{recording.id} is also in {other}: rename one of the two")
        xyz_g, rows = cut_windows(recording, window=window)
        notes = (*recording.notes, *_lost(recording, rows))
        cut.append((recording.id, notes, (xyz_g, rows)))
    if not cut:
        raise ValueError("it contains no recordings")
    ids = pd.concat([rows["id"] for _, _, (_, rows) in cut])
    if ids.duplicated().any():
        raise ValueError(f"{ids[ids.duplicated()].iloc[0]} occurs twice in it: rename a session")
    return cut


def _lost(recording: MotionRecording, rows: pd.DataFrame) -> list[str]:
    """A note on each target with values of which no window has one."""
    n_known = {name: int((~np.isnan(v)).sum()) for name, v in recording.targets.items()}
    lost = {name: n for name, n in n_known.items() if n and len(rows) and rows[name].isna().all()}
    return [f"{name}: no window has a value, the samples have {n}." for name, n in lost.items()]


def _first(problems: list[tuple[str, str, str, str]]) -> str:
    """The first few problems, each with its file's name unless the reason contains it."""
    named = [
        reason
        if re.search(rf"(^|/){re.escape(Path(name).name)}\b", reason)
        else f"{name}: {reason}"
        for _, name, _, reason in problems[:3]
    ]
    shown = "; ".join(named)
    return f"{shown}{' ...' if len(problems) > 3 else ''}" if problems else "no files were given"
