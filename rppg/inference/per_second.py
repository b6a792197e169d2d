"""The rate over time: of the 10 s from each second on, with their mean and their ends.

    seconds = seconds_of(rate)     # of one method's HeartRate: start_s, hr_bpm (n,)
    whole_as_second(row)           # of a recording that is too short for a window: one row
    summary(seconds)               # mean_bpm, lowest_bpm, highest_bpm

The consensus has seconds of its own, with a confidence (`rppg.inference.consensus.over_time`).
"""

from collections.abc import Mapping

import numpy as np

from rppg.signals.heart_rate import HeartRate

WINDOW_S = 10.0  # of each rate
Seconds = Mapping[str, np.ndarray]  # start_s, hr_bpm, and confidence where there is one; (n,) each


def seconds_of(rate: HeartRate) -> Seconds:
    """The tracked rate of the clips that begin at whole seconds; none that contains a gap."""
    starts_s = rate.clip_times_s - WINDOW_S / 2
    chosen = np.abs(starts_s - np.round(starts_s)) < 0.25  # clips begin every half second
    chosen[0] |= not chosen.any()  # one clip, of a recording that is shorter than a window
    return {"start_s": np.maximum(starts_s[chosen], 0.0), "hr_bpm": rate.track_bpm[chosen]}


def whole_as_second(hr_bpm: float, confidence: float) -> Seconds:
    """One row: the answer on the whole of a short recording."""
    values = {"start_s": 0.0, "hr_bpm": hr_bpm, "confidence": confidence}
    return {name: np.array([value]) for name, value in values.items()}


def summary(seconds: Seconds) -> dict[str, float]:
    """Mean, lowest and highest rate; NaN if there is none.

    >>> summary({"hr_bpm": np.array([60.0, 66.0])})
    {'mean_bpm': 63.0, 'lowest_bpm': 60.0, 'highest_bpm': 66.0}
    """
    rates_bpm = seconds["hr_bpm"]
    ends = (np.mean, np.min, np.max) if len(rates_bpm) else (lambda _: np.nan,) * 3
    names = ("mean_bpm", "lowest_bpm", "highest_bpm")
    return {name: float(of(rates_bpm)) for name, of in zip(names, ends, strict=True)}
