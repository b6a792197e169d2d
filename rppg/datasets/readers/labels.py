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
RATE_FPS = 30.0  # at which a BVP is resampled for its mean heart rate


def wave(values, times_s, where: str) -> tuple[Signal, Notes]:
    """A ground-truth BVP.  Raises BadLabel if it is none, as Signal does."""
    values = np.asarray(values, dtype=np.float64)
    return _signal(values, times_s, where), _missing(values, where)


def heart_rate(values, times_s, where: str) -> tuple[Signal, Notes]:
    """Heart rates in bpm; those outside 30-240 (0 is a sensor without contact) become gaps.

    Raises BadLabel as `wave` does.
    """
    values = np.asarray(values, dtype=np.float64)
    none = (values < HR_RANGE_BPM[0]) | (values > HR_RANGE_BPM[1])  # (n,), False where NaN
    notes = _missing(values, where)
    if none.any():
        notes += (f"{where}: {none.sum()} of {len(values)} heart rates outside 30-240 bpm",)
    return _signal(np.where(none, np.nan, values), times_s, where), notes


def mean_rate_bpm(bvp: Signal, where: str) -> float:
    """Mean heart rate of a ground-truth BVP.  Raises BadLabel if it has none: it is flat, or has no
    3 s without a gap."""
    from rppg.signals.heart_rate import heart_rate as rate_of

    times_s = np.arange(bvp.times_s[0], bvp.times_s[-1], 1 / RATE_FPS)
    try:
        return float(rate_of(bvp.at(times_s), RATE_FPS).hr_bpm)
    except ValueError as error:
        raise BadLabel(f"{where}: no heart rate in this BVP: {error}") from None


def shorter(label: Signal, frames_s: np.ndarray, where: str) -> Notes:
    """A note where a label begins half a second or more after the first of the frames (T,), or
    ends so much before the last.  Raises BadLabel where it covers no frame at all."""
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


def _signal(values: np.ndarray, times_s, where: str) -> Signal:
    try:
        return Signal(values, times_s)
    except ValueError as error:
        raise BadLabel(f"{where}: {error}") from None


def _missing(values: np.ndarray, where: str) -> Notes:
    n = int(np.isnan(values).sum())
    return (f"{where}: {n} of {len(values)} values are NaN",) if n else ()
