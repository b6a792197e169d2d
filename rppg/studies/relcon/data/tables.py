"""Plain tables of IMU data: one row per sample, as CSV or parquet, for your own recordings.

    subject,session,activity,time_s,x,y,z,cadence_spm
    ann,monday,walking,0.00,0.02,-0.11,0.98,112

Seconds from any start, acceleration in g as measured (1 at rest; near 0 if gravity was removed).
activity is empty for no label; further numeric columns are targets, empty if they do not apply.  A
file SYNTHETIC.txt in the table's folder or above it marks the data as not recorded from a person.

    >>> import tempfile
    >>> t = np.arange(300) / 100
    >>> still = np.tile([0.0, 0.0, 1.0], (300, 1))
    >>> recording = MotionRecording("mine", "ann", "monday", t, still, ["sitting"] * 300)
    >>> path = write_table(Path(tempfile.mkdtemp()) / "mine.csv", [recording])
    >>> [(recording.id, recording.xyz_g.shape) for recording in read_table(path)]
    [('mine/ann/monday', (300, 3))]
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from rppg.datasets.recording import SYNTHETIC_MARK, origin_of
from rppg.studies.relcon.data.recording import MAX_GAP_S, MotionRecording
from rppg.utils.atomic import atomic_write

TEXT = ["subject", "session", "activity"]
AXES = ["x", "y", "z"]
COLUMNS = [*TEXT, "time_s", *AXES]
SUFFIXES = (".csv", ".parquet")
SLOWEST_HZ = 5.0  # lowest median rate of a session; a step takes half a second
MILLISECONDS = (1, 1000 / SLOWEST_HZ)  # range of the median time step if it is in ms
LARGEST_G = 4.0  # largest median norm of a session; when running it is 1 to 2
UNITS = {  # range of the median norm: the unit that it suggests, and what to do
    (5, 20): "m/s^2: divide x, y and z by 9.80665",
    (500, 2000): "mg: divide x, y and z by 1000",
}
OTHER_UNIT = "raw sensor units: scale x, y and z so that the norm at rest is 1"


def read_table(path, dataset: str | None = None) -> Iterator[MotionRecording]:
    """One recording for each subject and session of a table, in order of first appearance.

    dataset: its name, by default the file's stem.  Raises ValueError as check_table does, and for
    another suffix.
    """
    path = Path(path)
    table = _read(path)
    check_table(table, str(path))
    table["activity"] = table["activity"].astype(object).fillna("")
    targets = [column for column in table if column not in COLUMNS]
    for (subject, session), rows in _sessions(table):
        yield MotionRecording(
            dataset=dataset or path.stem,
            subject=str(subject),
            session=str(session),
            times_s=rows["time_s"].to_numpy(np.float64),
            xyz_g=rows[AXES].to_numpy(np.float32),
            activities=rows["activity"].astype(str).to_numpy(object),
            targets={name: rows[name].to_numpy(np.float64) for name in targets},
            origin=origin_of(path),
        )


def write_table(path, recordings: Iterable[MotionRecording]) -> Path:
    """Write recordings as one table, atomically, without the dataset's name; returns path.

    Raises ValueError as check_table does, for another suffix, and if the recordings' origin
    contradicts the presence or absence of SYNTHETIC.txt in the table's folder or above it.
    """
    path = Path(path)
    _check_suffix(path)
    tables, origin = [], origin_of(path)
    for recording in recordings:
        if recording.origin != origin:
            should = "write" if recording.origin == "synthetic" else "take another folder than with"
            problem = f"{recording.id} is {recording.origin}, {path.parent} is marked as {origin}"
            raise ValueError(f"{problem}: {should} a {SYNTHETIC_MARK} there first")
        tables.append(_table_of(recording))
    table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=COLUMNS)
    check_table(table, str(path))
    write = table.to_csv if path.suffix == ".csv" else table.to_parquet
    return atomic_write(path, lambda part: write(part, index=False))


def check_table(table: pd.DataFrame, where: str) -> None:
    """Raises ValueError, which starts with `where` and says what to do, for an invalid table:

    columns missing or of the wrong type; no rows; NaN or infinite time or acceleration; an empty
    subject or session; time that decreases, repeats, seems to be in milliseconds, is sampled below
    SLOWEST_HZ or has a gap longer than MAX_GAP_S in a session; acceleration that seems to be in
    m/s^2 or mg (data without gravity may pass this check).
    """
    table = table.reset_index(drop=True)
    _check_columns(table, where)
    _check_values(table, where)
    for (subject, session), rows in _sessions(table):
        session = f"{where}: subject {subject}, session {session}"
        _check_times(rows["time_s"], session)
        _check_unit(rows[AXES].to_numpy(np.float64), session)


def _check_columns(table: pd.DataFrame, where: str) -> None:
    if missing := [column for column in COLUMNS if column not in table]:
        expected = f"expected {', '.join(COLUMNS)} (activity may be empty)"
        given = f"found {', '.join(map(str, table.columns)) or 'none'}"
        if len(table.columns) == 1 and ";" in str(table.columns[0]):
            given += ", one column with ';' in it: save it with commas between columns"
        raise ValueError(f"{where}: missing columns {', '.join(missing)}: {given}, {expected}")
    if table.empty:
        raise ValueError(f"{where} has no rows: expected one per sample")
    for column in (column for column in table if column not in TEXT):
        if pd.api.types.is_numeric_dtype(table[column]):
            continue
        wrong = pd.to_numeric(table[column], errors="coerce").isna() & table[column].notna()
        value = f"{_row(wrong)}: {table[column][wrong].iloc[0]!r}" if wrong.any() else "text"
        advice = "expected a number; correct it, or remove the column if it is not a target"
        raise ValueError(f"{where}: column {column}, {value}, {advice}")


def _check_values(table: pd.DataFrame, where: str) -> None:
    for column in ("subject", "session"):
        empty = table[column].isna() | (table[column].astype(str).str.strip() == "")
        if empty.any():
            advice = "give every row a subject and a session"
            raise ValueError(f"{where}: column {column}, {_row(empty)}: it is empty; {advice}")
    for column in ("time_s", *AXES):
        wrong = ~np.isfinite(table[column].astype(np.float64))
        if wrong.any():
            problem = f"{where}: column {column}, {_row(wrong)}: {table[column][wrong].iloc[0]}"
            missed = f"remove such rows, and after more than {MAX_GAP_S:g} s of them"
            raise ValueError(f"{problem}, expected a number; {missed} start another session")


def _check_times(times_s: pd.Series, where: str) -> None:
    steps_s = times_s.diff()
    if (steps_s < 0).any():
        raise ValueError(f"{where}, {_row(steps_s < 0)}: time_s decreases; sort the rows by time")
    if (steps_s == 0).any():
        advice = "keep one row per time"
        raise ValueError(f"{where}, {_row(steps_s == 0)}: time_s repeats; {advice}")
    step_s = steps_s.median()
    if step_s * SLOWEST_HZ > 1.001:  # 1, with a margin for rounding
        problem = f"{1 / step_s:.3g} samples per second by time_s, expected {SLOWEST_HZ:g} or more"
        in_ms = MILLISECONDS[0] <= step_s <= MILLISECONDS[1]
        advice = "; time_s looks like milliseconds: divide by 1000" if in_ms else ""
        raise ValueError(f"{where}: {problem}{advice}")
    if (steps_s > MAX_GAP_S).any():
        problem = f"{steps_s.max():.6g} s without a sample, more than {MAX_GAP_S:g}"
        advice = "give each stretch a session of its own"
        raise ValueError(f"{where}, {_row(steps_s == steps_s.max())}: {problem}; {advice}")


def _check_unit(xyz: np.ndarray, where: str) -> None:
    median = float(np.median(np.linalg.norm(xyz, axis=1)))
    if median <= LARGEST_G:
        return
    known = [advice for (low, high), advice in UNITS.items() if low <= median <= high]
    problem = f"the norm of x, y, z has median {median:.4g}, expected g, about 1"
    raise ValueError(f"{where}: {problem}; it looks like {(known or [OTHER_UNIT])[0]}")


def _sessions(table: pd.DataFrame):
    """((subject, session), its rows), in order of first appearance."""
    return table.groupby(["subject", "session"], sort=False, observed=True)


def _row(wrong: pd.Series) -> str:
    """The first wrong row, counted from 1 below the header."""
    return f"row {wrong[wrong].index[0] + 1}"


def _read(path: Path) -> pd.DataFrame:
    """The table; text columns of a CSV stay text ("007", "NA")."""
    _check_suffix(path)
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    columns = pd.read_csv(path, nrows=0).columns
    empty = {column: ["", "nan", "NaN", "NA"] for column in columns if column not in TEXT}
    options = {"keep_default_na": False, "na_values": empty, "low_memory": False}
    text = dict.fromkeys(TEXT, str)
    return pd.read_csv(path, dtype=text, float_precision="round_trip", **options)


def _check_suffix(path: Path) -> None:
    if path.suffix not in SUFFIXES:
        raise ValueError(f"{path}: unknown table format, expected one of {', '.join(SUFFIXES)}")


def _table_of(recording: MotionRecording) -> pd.DataFrame:
    axes = dict(zip(AXES, recording.xyz_g.T, strict=True))
    columns = {"activity": recording.activities, "time_s": recording.times_s, **axes}
    names = {"subject": recording.subject, "session": recording.session}
    return pd.DataFrame({**names, **columns, **recording.targets})
