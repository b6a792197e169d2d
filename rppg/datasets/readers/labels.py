"""Labels with times of their own: BVPs and heart rates with their gaps, and notes on them.

A gap is NaN in values (n,); times_s (n,) count as those of the frames do.  `where` names the file.

    >>> trace, notes = heart_rate([0, 72, 75], [0.0, 0.5, 1.0], "01-01.json, pulseRate")
    >>> trace.values.tolist(), notes
    ([nan, 72.0, 75.0], ('01-01.json, pulseRate: 1 of 3 heart rates outside 30-240 bpm',))
"""

import numpy as np

from rppg.datasets.readers.parsing import HR_RANGE_BPM, BadLabel
from rppg.datasets.recording import Signal

Notes = tuple[str, ...]
SHORTEST_LACK_S = 0.5  # a label that misses less than this at either end of a video is not noted
SHORTEST_FLAT_S = 3.0  # a BVP that is constant for so long: the sensor had no contact
FEWEST = 10  # samples of such a stretch, or for a rate by the times
WAVE_HZ = (5.0, 20_000.0)  # by its times: outside, they are not in seconds
FRAMES_HZ = (0.1, 1000.0)
LONGEST_S = 86_400.0
NO_TIMES = "one column and no times"  # in the note on a BVP's file that is left out for that
RATE_FPS = 30.0  # at which a BVP is resampled for its mean heart rate


def wave(
    values, times_s, where: str, no_contact: float | None = None
) -> tuple[Signal | None, Notes]:
    """A ground-truth BVP, with gaps where it is constant for 3 s; None, with a note, where it says
    nothing.  Raises BadLabel if it is none, as Signal does, or if its times are not in seconds.

    no_contact: the value that a sensor without contact gives, always a gap.
    """
    signal = _signal(values, times_s, where)
    check_times(signal.times_s, where, WAVE_HZ)
    notes = _missing(signal.values, where)
    if no_contact is not None:
        without = np.where(signal.values == no_contact, np.nan, signal.values)
        signal = Signal(without, signal.times_s)
    if (flat := _flat(signal)).any():
        still = f"do not change for {SHORTEST_FLAT_S:g} s or more"
        notes += (f"{where}: {flat.sum()} of {len(flat)} values {still}: gaps",)
        signal = Signal(np.where(flat, np.nan, signal.values), signal.times_s)
    known = np.unique(signal.values[~np.isnan(signal.values)])
    if len(known) > 1:
        return signal, notes
    return None, (*notes, f"{where}: there are no values that change: it is not used")


def heart_rate(values, times_s, where: str) -> tuple[Signal | None, Notes]:
    """Heart rates in bpm; those outside 30-240 (0 is a sensor without contact) become gaps, and
    None is left, with a note, where they all are.

    Raises BadLabel as Signal does.
    """
    values = np.asarray(values, dtype=np.float64)
    none = (values < HR_RANGE_BPM[0]) | (values > HR_RANGE_BPM[1])  # (n,), False where NaN
    notes = _missing(values, where)
    if none.any():
        notes += (f"{where}: {none.sum()} of {len(values)} heart rates outside 30-240 bpm",)
    signal = _signal(np.where(none, np.nan, values), times_s, where)
    if np.isnan(signal.values).all():
        return None, (*notes, f"{where}: no heart rate is left: it is not used")
    return signal, notes


def check_times(times_s: np.ndarray, where: str, limits_hz: tuple[float, float]) -> None:
    """Raises BadLabel where stamps (n,) in s come at a rate outside the limits, by the median
    interval, or span more than a day: they are in other units, or wrong."""
    if len(times_s) < FEWEST:
        return
    step_s, seconds = np.median(np.diff(times_s)), times_s[-1] - times_s[0]
    hz = 1 / step_s if step_s else np.inf
    if not limits_hz[0] <= hz <= limits_hz[1] or seconds > LONGEST_S:
        found = f"found {hz:.4g} samples a second over {seconds:.4g} s by the times"
        expected = f"expected {limits_hz[0]:g} to {limits_hz[1]:g} over a day at most"
        raise BadLabel(f"{where}: {found}, {expected}: are they in another unit?")


def mean_rate_bpm(bvp: Signal, where: str) -> float:
    """Mean heart rate of a ground-truth BVP.  Raises BadLabel if it has none: it is flat, or has no
    3 s without a gap."""
    from rppg.signals.heart_rate import heart_rate as rate_of

    times_s = np.arange(bvp.times_s[0], bvp.times_s[-1], 1 / RATE_FPS)
    try:
        return float(rate_of(bvp.at(times_s), RATE_FPS).hr_bpm)
    except ValueError as error:
        raise BadLabel(f"{where}: no heart rate in this BVP: {error}") from None


def shorter(label: Signal | None, frames_s: np.ndarray, where: str) -> Notes:
    """A note where a label begins half a second or more after the first of the frames (T,), or
    ends so much before the last.  Raises BadLabel where it covers no frame at all."""
    if label is None:
        return ()
    first_s, last_s = label.times_s[0], label.times_s[-1]
    inside = (frames_s >= first_s) & (frames_s <= last_s)
    span = f"from {first_s:.2f} to {last_s:.2f} s"
    video = f"from {frames_s[0]:.2f} to {frames_s[-1]:.2f} s"
    if not inside.any():
        raise BadLabel(f"{where} runs {span}, the frames {video}: expected one time for both")
    if max(first_s - frames_s[0], frames_s[-1] - last_s) < SHORTEST_LACK_S:
        return ()
    covered = f"{inside.sum()} of {len(frames_s)} frames"
    return (f"{where} runs {span}, the frames {video}: it covers {covered}",)


def _flat(signal: Signal) -> np.ndarray:
    """Which values (n,) belong to a stretch that is constant for 3 s or more."""
    values, times_s = signal.values, signal.times_s
    starts = np.flatnonzero(np.diff(values, prepend=np.nan) != 0)  # NaN differs from NaN
    ends = np.append(starts[1:], len(values)) - 1
    long = (times_s[ends] - times_s[starts] >= SHORTEST_FLAT_S) & (ends - starts >= FEWEST)
    return np.repeat(long, ends - starts + 1)


def _signal(values: np.ndarray, times_s, where: str) -> Signal:
    try:
        return Signal(values, times_s)
    except ValueError as error:
        raise BadLabel(f"{where}: {error}") from None


def _missing(values: np.ndarray, where: str) -> Notes:
    n = int(np.isnan(values).sum())
    return (f"{where}: {n} of {len(values)} values are NaN",) if n else ()
