"""What a plain table of IMU data must be; errors name the row and say what to do.

    >>> rows = {"subject": "ann", "session": "monday", "activity": "", "x": 0.0, "y": 0.0, "z": 9.8}
    >>> table = pd.DataFrame(rows | {"time_s": np.arange(300) / 100})
    >>> check_table(table, "mine.csv")
    Traceback (most recent call last):
    ...
    ValueError: mine.csv: subject ann, session monday: the norm of x, y, z has median 9.8, \
expected g, about 1; it looks like m/s^2: divide x, y and z by 9.80665
"""

import numpy as np
import pandas as pd

from rppg.studies.relcon.data.recording import MAX_GAP_S
from rppg.studies.relcon.data.table_times import NUMBER
from rppg.studies.relcon.data.windows import COLUMNS as OF_WINDOWS

TEXT = ["subject", "session", "activity"]
AXES = ["x", "y", "z"]
COLUMNS = [*TEXT, "time_s", *AXES]
SLOWEST_HZ = 5.0  # lowest median rate of a session; a step takes half a second
MILLISECONDS = (1, 1000 / SLOWEST_HZ)  # range of the median time step if it is in ms
LARGEST_G = 4.0  # largest median norm of a session; when running it is 1 to 2
UNITS = {  # range of the median norm: the unit that it suggests, and what to do
    (5, 20): "m/s^2: divide x, y and z by 9.80665",
    (500, 2000): "mg: divide x, y and z by 1000",
}
OTHER_UNIT = "raw sensor units: scale x, y and z so that the norm at rest is 1"


def check_table(table: pd.DataFrame, where: str) -> None:
    """Raises ValueError, which starts with `where` and says what to do, for an invalid table:

    columns missing or of the wrong type; no rows; NaN or infinite time or acceleration; an empty
    subject or session; time that decreases, repeats, seems to be in milliseconds, is sampled below
    SLOWEST_HZ or has a gap longer than MAX_GAP_S in a session; acceleration that seems to be in
    m/s^2 or mg (data without gravity may pass this check).
    """
    table = table.reset_index(drop=True)
    check_columns(table, where)
    check_names(table, where)
    _check_values(table, where)
    for (subject, session), rows in sessions(table):
        session = f"{where}: subject {subject}, session {session}"
        _check_times(rows["time_s"], session)
        check_rate(rows["time_s"].to_numpy(np.float64), session)
        check_unit(rows[AXES].to_numpy(np.float64), session)


def sessions(table: pd.DataFrame):
    """((subject, session), its rows), in order of first appearance."""
    return table.groupby(["subject", "session"], sort=False, observed=True)


def check_columns(table: pd.DataFrame, where: str) -> None:
    """Raises ValueError for missing columns, no rows, and numbers that are none."""
    if missing := [column for column in COLUMNS if column not in table]:
        expected = f"expected {', '.join(COLUMNS)} (activity may be empty)"
        given = f"found {', '.join(map(str, table.columns)) or 'none'}"
        raise ValueError(f"{where}: missing columns {', '.join(missing)}: {given}, {expected}")
    if table.empty:
        raise ValueError(f"{where} has no rows: expected one per sample")
    for column in (column for column in table if column not in TEXT):
        if found := _not_numbers(table[column]):
            advice = "expected a number; correct it, or remove the column if it is not a target"
            raise ValueError(f"{where}: column {column}, {found}, {advice}")


def with_targets_alone(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """The table without the columns besides COLUMNS that cannot be targets, and a note on each:
    those without finite numbers, and those with the name of a column of the windows.  A table that
    lacks one of COLUMNS stays as it is."""
    if not set(COLUMNS) <= set(table):
        return table, []
    reasons = {name: _no_target(table, name) for name in table if name not in COLUMNS}
    out = {name: reason for name, reason in reasons.items() if reason}
    notes = [f"Column {name} was left out: {reason}." for name, reason in out.items()]
    return table.drop(columns=list(out)), notes


def _no_target(table: pd.DataFrame, name: str) -> str:
    """Why a column cannot be a target, "" if it can."""
    if name in OF_WINDOWS:
        return "windows have a column of that name; rename it to predict it"
    if found := _not_numbers(table[name]) or _infinite(table[name]):
        return f"{found}, expected numbers to predict"
    return ""


def _not_numbers(column: pd.Series) -> str:
    """What of a column is no number, "" if all values are some."""
    if pd.api.types.is_bool_dtype(column.dtype):
        return "true and false"
    if pd.api.types.is_numeric_dtype(column.dtype):
        return ""
    text = column.astype(str)
    fits = text.str.fullmatch(NUMBER) & np.isfinite(pd.to_numeric(text, errors="coerce"))
    wrong = column.notna() & ~fits
    return f"{row_of(wrong)}: {column[wrong].iloc[0]!r}" if wrong.any() else "text"


def _infinite(column: pd.Series) -> str:
    """The first infinite value of a column of numbers, "" without one."""
    wrong = np.isinf(column.astype(np.float64))
    return f"{row_of(wrong)}: {column[wrong].iloc[0]}" if wrong.any() else ""


def check_names(table: pd.DataFrame, where: str) -> None:
    """Raises ValueError for an empty subject or session."""
    for column in ("subject", "session"):
        blank = [name for name in table[column].unique() if not str(name).strip()]
        empty = table[column].isna() | table[column].isin(blank)
        if empty.any():
            advice = "give every row a subject and a session"
            raise ValueError(f"{where}: column {column}, {row_of(empty)}: it is empty; {advice}")


def check_finite(table: pd.DataFrame, where: str) -> None:
    """Raises ValueError for infinite times, accelerations and targets."""
    for column in (column for column in table if column not in TEXT):
        if found := _infinite(table[column]):
            raise ValueError(f"{where}: column {column}, {found}, expected a finite number")


def check_rate(times_s: np.ndarray, where: str) -> None:
    """Raises ValueError for increasing times (T,) with a median rate below SLOWEST_HZ."""
    step_s = float(np.median(np.diff(times_s))) if len(times_s) > 1 else 0.0
    if step_s * SLOWEST_HZ > 1.001:  # 1, with a margin for rounding
        problem = f"{1 / step_s:.3g} samples per second by time_s, expected {SLOWEST_HZ:g} or more"
        in_ms = MILLISECONDS[0] <= step_s <= MILLISECONDS[1]
        advice = "; time_s looks like milliseconds: divide by 1000" if in_ms else ""
        raise ValueError(f"{where}: {problem}{advice}")


def check_unit(xyz: np.ndarray, where: str) -> None:
    """Raises ValueError for accelerations (T, 3) that are all 0 or cannot be in g."""
    if not xyz.any():
        advice = "the sensor measured nothing; leave this session out"
        raise ValueError(f"{where}: x, y and z are 0 in all {len(xyz)} samples: {advice}")
    median = float(np.median(np.linalg.norm(xyz, axis=1)))
    if median <= LARGEST_G:
        return
    known = [advice for (low, high), advice in UNITS.items() if low <= median <= high]
    problem = f"the norm of x, y, z has median {median:.4g}, expected g, about 1"
    raise ValueError(f"{where}: {problem}; it looks like {(known or [OTHER_UNIT])[0]}")


def row_of(wrong: pd.Series) -> str:
    """The first wrong row, counted from 1 below the header."""
    return f"row {wrong[wrong].index[0] + 1}"


def _check_values(table: pd.DataFrame, where: str) -> None:
    for column in ("time_s", *AXES):
        wrong = ~np.isfinite(table[column].astype(np.float64))
        if wrong.any():
            problem = f"{where}: column {column}, {row_of(wrong)}: {table[column][wrong].iloc[0]}"
            missed = f"remove such rows, and after more than {MAX_GAP_S:g} s of them"
            raise ValueError(f"{problem}, expected a number; {missed} start another session")


def _check_times(times_s: pd.Series, where: str) -> None:
    steps_s = times_s.diff()
    if (steps_s < 0).any():
        raise ValueError(f"{where}, {row_of(steps_s < 0)}: time_s decreases; sort the rows by time")
    if (steps_s == 0).any():
        advice = "keep one row per time"
        raise ValueError(f"{where}, {row_of(steps_s == 0)}: time_s repeats; {advice}")
    if (steps_s > MAX_GAP_S).any() and steps_s.median() * SLOWEST_HZ <= 1.001:
        problem = f"{steps_s.max():.6g} s without a sample, more than {MAX_GAP_S:g}"
        advice = "give each stretch a session of its own"
        raise ValueError(f"{where}, {row_of(steps_s == steps_s.max())}: {problem}; {advice}")
