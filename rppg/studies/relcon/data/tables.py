"""Plain tables of IMU data: one row per sample, as text or parquet, for your own recordings.

    subject,session,activity,time_s,x,y,z,cadence_spm
    ann,monday,walking,0.00,0.02,-0.11,0.98,112

Seconds from any start (or dates and times), acceleration in g as measured (1 at rest; near 0 if
gravity was removed).  activity is empty for no label; further numeric columns are targets, empty if
they were not measured in that row or do not apply: `target_means.py`.  A file SYNTHETIC.txt in the
table's folder or above it marks the data as not recorded from a person.  How a text may be written:
`table_text.py`; its times: `table_times.py`.

    >>> import tempfile
    >>> t = np.arange(300) / 100
    >>> still = np.tile([0.0, 0.0, 1.0], (300, 1))
    >>> recording = MotionRecording("mine", "ann", "monday", t, still, ["sitting"] * 300)
    >>> path = write_table(Path(tempfile.mkdtemp()) / "mine.csv", [recording])
    >>> [(recording.id, recording.xyz_g.shape) for recording in read_table(path)]
    [('mine/ann/monday', (300, 3))]
"""

import lzma
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from rppg.datasets.recording import SYNTHETIC_MARK, origin_of
from rppg.studies.relcon.data.recording import MAX_GAP_S, MotionRecording
from rppg.studies.relcon.data.table_checks import (
    AXES,
    COLUMNS,
    TEXT,
    check_columns,
    check_finite,
    check_names,
    check_rate,
    check_table,
    check_unit,
    sessions,
    with_targets_alone,
)
from rppg.studies.relcon.data.table_text import known_name, read_text_table, text_format
from rppg.studies.relcon.data.table_times import in_order, restarts, seconds
from rppg.utils.atomic import atomic_write

WRITTEN = (".csv", ".parquet")  # suffixes of write_table
PARQUET = (".parquet", ".pq")
TEXTS = tuple(f".{t}{c}" for t in ("csv", "tsv", "txt") for c in ("", ".gz", ".bz2", ".xz"))
FEW_RESTARTS, SAMPLES_PER_RESTART = 5, 50  # more restarts of less: the rows are in no order
UNREADABLE = (ValueError, OSError, EOFError, zlib.error, lzma.LZMAError, pa.ArrowException)
INDEX = "__index_level_"  # parquet's columns for an index of pandas


def reason_of(error: Exception) -> str:
    """What went wrong, in one line without the file's path."""
    text = str(getattr(error, "strerror", None) or error)
    return text.partition("\n")[0] or type(error).__name__


def columns_of(path: Path) -> list[str]:
    """Names of a table's columns.  Raises one of UNREADABLE if it cannot be read."""
    if path.name.lower().endswith(PARQUET):
        return [known_name(name, COLUMNS) for name in pq.read_schema(path).names]
    return text_format(path, COLUMNS).names


def read_table(path, dataset: str | None = None) -> Iterator[MotionRecording]:
    """One recording for each subject and session of a table, in order of first appearance.

    dataset: its name, by default the file's stem.  Samples without a number, those whose times
    repeat or go back a little, and further columns that are not of numbers are left out with a
    note; where the clock was set back, another session begins ("monday", "monday-2").  Raises
    ValueError, naming the file, for another suffix and for what cannot be read, with what to do.
    """
    path = Path(path)
    table, notes = _checked(path)
    targets = [column for column in table if column not in COLUMNS]
    for (subject, session), rows in sessions(table):
        where = f"{path}: subject {subject}, session {session}"
        for number, part, more in _stretches(rows, where):
            yield MotionRecording(
                dataset=dataset or path.stem,
                subject=str(subject),
                session=f"{session}-{number + 1}" if number else str(session),
                times_s=part["time_s"].to_numpy(np.float64),
                xyz_g=part[AXES].to_numpy(np.float32),
                activities=part["activity"].astype(str).to_numpy(object),
                targets={name: part[name].to_numpy(np.float64) for name in targets},
                origin=origin_of(path),
                notes=(*notes, *more),
            )
            notes = []


def write_table(path, recordings: Iterable[MotionRecording]) -> Path:
    """Write recordings as one table, atomically, without the dataset's name; returns path.

    Raises ValueError as check_table does, for another suffix, and if the recordings' origin
    contradicts the presence or absence of SYNTHETIC.txt in the table's folder or above it.
    """
    path = Path(path)
    _check_suffix(path, WRITTEN)
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


def _checked(path: Path) -> tuple[pd.DataFrame, list[str]]:
    """The table with numbers and names as they should be, and notes."""
    _check_suffix(path, (*PARQUET, *TEXTS))
    try:
        table, notes = _read(path)
        if len(table) and "time_s" in table:
            table["time_s"], more = seconds(table["time_s"])
            notes += more
    except UNREADABLE as error:
        raise ValueError(f"{path}: {reason_of(error)}") from error
    table, more = with_targets_alone(table)
    notes += more
    check_columns(table, str(path))
    check_names(table, str(path))
    check_finite(table, str(path))
    table["activity"] = table["activity"].astype(object).fillna("")
    return table, notes


def _read(path: Path) -> tuple[pd.DataFrame, list[str]]:
    """The table; text columns of a text file stay text ("007", "NA")."""
    if not path.name.lower().endswith(PARQUET):
        return read_text_table(path, text_format(path, COLUMNS), TEXT)
    schema = pq.read_schema(path)
    nested = [field.name for field in schema if pa.types.is_nested(field.type)]
    if needed := [name for name in nested if known_name(name, COLUMNS) in COLUMNS]:
        raise ValueError(f"columns {', '.join(needed)} are nested, expected one value per row")
    notes = [f"Column {name} was left out: it is nested." for name in nested]
    names = [name for name in schema.names if name not in nested and not name.startswith(INDEX)]
    table = pq.read_table(path, columns=names).to_pandas(ignore_metadata=True)
    table.columns = [known_name(name, COLUMNS) for name in names]
    if (twice := table.columns[table.columns.duplicated()]).size:
        raise ValueError(f"column {twice[0]} occurs twice: remove or rename one of them")
    for field, name in zip(names, table.columns, strict=True):
        if pa.types.is_decimal(schema.field(field).type):
            table[name] = table[name].astype(np.float64)
    return table, notes


def _stretches(rows: pd.DataFrame, where: str) -> Iterator[tuple[int, pd.DataFrame, list[str]]]:
    """(number, rows, notes) of a session's stretches between restarts of its clock."""
    rows, notes = _measured(rows, where)
    numbers = restarts(rows["time_s"].to_numpy(np.float64))
    n_restarts = int(numbers[-1])
    if n_restarts >= FEW_RESTARTS and len(rows) < SAMPLES_PER_RESTART * n_restarts:
        text = f"time_s decreases {n_restarts} times in {len(rows)} samples"
        raise ValueError(f"{where}: {text}; sort the rows by time")
    if n_restarts:
        notes.append(f"The clock was set back {n_restarts} times: a new session begins each time.")
    for number, part in rows.groupby(numbers):
        kept, more = in_order(part["time_s"].to_numpy(np.float64), where)
        part = part[kept]
        times_s, xyz = part["time_s"].to_numpy(np.float64), part[AXES].to_numpy(np.float64)
        check_rate(times_s, where)
        check_unit(xyz, where)
        yield number, part, [*notes, *more, *_gaps(times_s), *_still(xyz)]
        notes = []


def _measured(rows: pd.DataFrame, where: str) -> tuple[pd.DataFrame, list[str]]:
    """The rows with a time and all three axes, each once, and notes on the others."""
    numbers, notes = ["time_s", *AXES], []
    measured = rows[numbers].notna().all(axis=1)
    if not measured.any():
        raise ValueError(f"{where}: none of {len(rows)} samples has a time and all three axes")
    if n_missing := int((~measured).sum()):
        lost = rows.loc[~measured, [name for name in rows if name not in COLUMNS]].count()
        values = [f"{n} values of {name}" for name, n in lost.items() if n]
        also = f", and with them {', '.join(values)}" if values else ""
        notes.append(f"{n_missing} of {len(rows)} samples without a number were left out{also}.")
        rows = rows[measured]
    if (rows["time_s"].diff() <= 0).any() and (again := rows.duplicated(numbers)).any():
        notes.append(f"{int(again.sum())} rows that were there twice were left out.")
        rows = rows[~again]
    return rows, notes


def _gaps(times_s: np.ndarray) -> list[str]:
    steps_s = np.diff(times_s)
    n_gaps = int((steps_s > MAX_GAP_S).sum())
    text = f"{n_gaps} gaps of more than {MAX_GAP_S:g} s, the longest {max(steps_s, default=0):.6g}"
    return [f"{text} s: no window spans one."] if n_gaps else []


def _still(xyz: np.ndarray) -> list[str]:
    still = [axis for axis, values in zip(AXES, xyz.T, strict=True) if np.ptp(values) == 0]
    text = f"{', '.join(still)} never changes: was this axis measured?"
    return [text] if still and len(xyz) > 1 else []


def _check_suffix(path: Path, known: tuple[str, ...]) -> None:
    if not path.name.lower().endswith(known):
        raise ValueError(f"{path}: unknown table format, expected one of {', '.join(known)}")


def _table_of(recording: MotionRecording) -> pd.DataFrame:
    axes = dict(zip(AXES, recording.xyz_g.T, strict=True))
    columns = {"activity": recording.activities, "time_s": recording.times_s, **axes}
    names = {"subject": recording.subject, "session": recording.session}
    return pd.DataFrame({**names, **columns, **recording.targets})
