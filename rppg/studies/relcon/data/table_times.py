"""Time stamps of IMU tables: to seconds, and what to do if they repeat or go back.

Clocks stutter, are set back and restart.  A sample whose time is not later than all before it costs
that sample; a step back of more than a second is a clock that was set, and starts another session.

    >>> seconds(pd.Series(["2026-11-28 10:00:00.00", "2026-11-28 10:00:00.25"]))[0].round(3) % 60
    array([0.  , 0.25])
    >>> times_s = np.array([0.0, 0.1, 0.1, 0.2, 0.15, 0.3])
    >>> in_order(times_s, "ann/monday")[0].tolist()
    [True, True, False, True, False, True]
    >>> restarts(np.array([500.0, 500.1, 3.0, 3.1])).tolist()
    [0, 0, 1, 1]
"""

import re

import numpy as np
import pandas as pd

LONGEST_BACK_S = 1.0  # a longer step back is a clock that was set or restarted
LARGEST_LEFT_OUT = 0.4  # share of a session's samples; above, the stamps are of no use
EPOCH = {  # range of the median of stamps that count from 1970: units per second, their name
    (1e11, 1e13): (1e3, "milliseconds"),
    (1e14, 1e16): (1e6, "microseconds"),
    (1e17, 1e19): (1e9, "nanoseconds"),
}
NUMBER = re.compile(r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*")
EXAMPLE = "2026-11-28 10:15:00.010"


def seconds(stamps: pd.Series) -> tuple[np.ndarray, list[str]]:
    """Seconds (T,) float64 of stamps, NaN if missing, and notes on what was assumed.

    Numbers are seconds, or if they can be nothing else milli-, micro- or nanoseconds since 1970.
    Dates and times (ISO 8601) become seconds since 1970, in UTC if they name no zone.  Raises
    ValueError, naming the row, for anything else.
    """
    if pd.api.types.is_timedelta64_dtype(stamps):
        return stamps.dt.total_seconds().to_numpy(np.float64), []
    if pd.api.types.is_datetime64_any_dtype(stamps):
        return _since_1970(stamps), []
    if pd.api.types.is_numeric_dtype(stamps) or not _are_dates(stamps):
        return _from_epoch(stamps)
    text = stamps.astype(str).str.replace(",", ".").where(stamps.notna())
    times = pd.to_datetime(text, format="ISO8601", utc=True, errors="coerce")
    if (wrong := times.isna() & stamps.notna()).any():
        found = f"column time_s, row {wrong[wrong].index[0] + 1}: {stamps[wrong].iloc[0]!r}"
        raise ValueError(f"{found}, expected seconds, or a date and time such as {EXAMPLE}")
    return _since_1970(times), []


def restarts(times_s: np.ndarray, longest_back=LONGEST_BACK_S) -> np.ndarray:
    """Number of clock restarts before each sample (T,): steps back by more than longest_back."""
    return np.cumsum(np.diff(times_s, prepend=times_s[:1]) < -longest_back)


def in_order(times_s: np.ndarray, where: str) -> tuple[np.ndarray, list[str]]:
    """Mask (T,) of the samples that are later than all before them, and notes on the others.

    Raises ValueError, starting with `where`, if the clock steps back by more than LONGEST_BACK_S,
    or if more than LARGEST_LEFT_OUT of the samples would be left out.
    """
    steps_s = np.diff(times_s)
    if (far := np.flatnonzero(steps_s < -LONGEST_BACK_S)).size:
        at = f"{times_s[far[0]]:.9g} s is followed by {times_s[far[0] + 1]:.9g} s"
        raise ValueError(f"{where}: {at} (sample {far[0] + 2}): a clock that was set back; sort it")
    latest = np.maximum.accumulate(times_s)
    kept = np.append(True, times_s[1:] > latest[:-1])
    n_left_out = int((~kept).sum())
    if n_left_out > LARGEST_LEFT_OUT * len(times_s):
        text = f"{n_left_out} of {len(times_s)} samples are not later than those before them"
        raise ValueError(f"{where}: {text}; {_advice(steps_s)}")
    text = f"{n_left_out} of {len(times_s)} samples were left out: their times repeat or go back."
    return kept, [text] if n_left_out else []


def _advice(steps_s: np.ndarray) -> str:
    if (steps_s < 0).sum() > (steps_s == 0).sum():
        return f"row {(steps_s < 0).argmax() + 2}: time_s decreases; sort the rows by time"
    row = (steps_s == 0).argmax() + 2
    digits = "store time_s with more digits (float64, milliseconds)"
    return f"row {row}: time_s repeats; {digits}, keep one row per time"


def _are_dates(stamps: pd.Series) -> bool:
    """Whether no value is a number: a column of numbers with a slip stays one of numbers."""
    values = stamps.dropna()
    return not any(NUMBER.fullmatch(str(value)) for value in values)


def _since_1970(times: pd.Series) -> np.ndarray:
    start = pd.Timestamp(0, tz=times.dt.tz)
    return ((times - start) / pd.Timedelta(seconds=1)).to_numpy(np.float64)


def _from_epoch(stamps: pd.Series) -> tuple[np.ndarray, list[str]]:
    wrong = pd.to_numeric(stamps, errors="coerce").isna() & stamps.notna()
    if wrong.any():
        found = f"column time_s, row {wrong[wrong].index[0] + 1}: {stamps[wrong].iloc[0]!r}"
        raise ValueError(f"{found}, expected a number, seconds; correct it")
    values = pd.to_numeric(stamps).to_numpy(np.float64, na_value=np.nan)
    middle = np.nanmedian(values) if np.isfinite(values).any() else 0.0
    for (low, high), (per_s, unit) in EPOCH.items():
        if low <= middle < high:
            return values / per_s, [f"time_s was taken as {unit} since 1970."]
    return values, []
