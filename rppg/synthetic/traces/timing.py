"""Frame times of many clips, and resampling of their traces to the project's 30 fps.

A block of clips has one camera rate between 15 and 60 fps.  Each clip's true rate is a little
beside it; frames come early or late, and what their stamps say is not quite when they were taken.

    >>> timing = draw_timing(np.random.default_rng(0), n_clips=16, seconds=10.0)
    >>> traces = np.sin(timing.stamps_s)[:, None]  # (16, 1, n)
    >>> to_grid(traces, timing.stamps_s, grid_s(10.0)).shape
    (16, 1, 300)
"""

from dataclasses import dataclass

import numpy as np

from rppg.datasets.prepared import FPS
from rppg.preprocessing.resampling import spread_s
from rppg.synthetic.traces.courses import between, log_between, normal, sometimes

RATES_FPS = (15.0, 20.0, 24.0, 25.0, 30.0, 50.0, 60.0)
RATE_CHANCES = (0.1, 0.08, 0.08, 0.14, 0.4, 0.05, 0.15)
ANY_RATE = 0.25  # share of blocks with a rate of their own, log-uniform from the lowest to highest


@dataclass(frozen=True)
class Timing:
    """Times of n frames of B clips, in seconds; the grid's first time is 0."""

    fps: float
    taken_s: np.ndarray  # (B, n) when a frame was taken
    stamps_s: np.ndarray  # (B, n) when it says it was taken


def grid_s(seconds: float) -> np.ndarray:
    """Times (T,) at 30 fps."""
    return (np.arange(round(seconds * FPS)) / FPS).astype(np.float32)


def draw_timing(rng, n_clips: int, seconds: float, calm: bool = False) -> Timing:
    """Frame times that cover the clip.  calm: 30 fps exactly."""
    fps = float(rng.choice(RATES_FPS, p=RATE_CHANCES))
    if rng.random() < ANY_RATE:
        fps = float(log_between(rng, RATES_FPS[0], RATES_FPS[-1], 1)[0])
    fps = FPS if calm else fps
    n = int(np.ceil(1.01 * seconds * fps)) + 2
    active = np.float32(not calm)
    rate = fps * (1 + active * between(rng, -0.008, 0.008, n_clips, 1))
    jitter = active * sometimes(rng, 0.6, 0.02, 0.3, n_clips, 1)
    late = (jitter * normal(rng, n_clips, n)).clip(-0.45, 0.45)
    late[:, [0, -1]] = 0
    stamps_s = ((np.arange(n, dtype=np.float32) + late) / rate).astype(np.float32)
    wrong = active * sometimes(rng, 0.3, 0.02, 0.25, n_clips, 1) / rate
    taken_s = stamps_s + (wrong * normal(rng, n_clips, n)).astype(np.float32)
    return Timing(fps, taken_s, stamps_s)


def to_grid(traces: np.ndarray, stamps_s: np.ndarray, at_s: np.ndarray) -> np.ndarray:
    """Traces (B, C, n) at stamps (B, n), resampled to times (T,) as `preprocessing.resampling` does
    it: PCHIP, averaged over up to 1/30 s if the rate is above 30 fps.  (B, C, T) float32."""
    half_s = np.float32(spread_s(stamps_s[0]))
    result = np.empty((*traces.shape[:2], len(at_s)), np.float32)
    for clip, (values, times_s) in enumerate(zip(traces, stamps_s, strict=True)):
        slopes = _slopes(values, times_s)
        result[clip] = _hermite(values, slopes, times_s, at_s)
        if half_s:
            for shifted_s in (at_s - half_s, at_s + half_s):
                inside_s = shifted_s.clip(times_s[0], times_s[-1])
                result[clip] += _hermite(values, slopes, times_s, inside_s) / 2
            result[clip] /= 2
    return result


def _slopes(values: np.ndarray, times_s: np.ndarray) -> np.ndarray:
    """PCHIP's slopes (C, n): weighted harmonic means of the neighbouring ones, 0 at extrema."""
    step = np.diff(times_s)
    between_frames = np.diff(values) / step
    left, right = between_frames[:, :-1], between_frames[:, 1:]
    first, second = 2 * step[1:] + step[:-1], step[1:] + 2 * step[:-1]
    slopes = np.empty_like(values)
    slopes[:, 0], slopes[:, -1] = between_frames[:, 0], between_frames[:, -1]
    product = left * right
    mixed = first * right + second * left
    monotone = product > 0
    slopes[:, 1:-1] = np.where(
        monotone, (first + second) * product / np.where(monotone, mixed, 1), 0
    )
    return slopes


def _hermite(values, slopes, times_s, at_s) -> np.ndarray:
    """The cubic curves through values (C, n) with those slopes, at times (T,)."""
    before = (np.searchsorted(times_s, at_s, side="right") - 1).clip(0, len(times_s) - 2)
    step = times_s[before + 1] - times_s[before]
    x = (at_s - times_s[before]) / step
    low, high = values.take(before, axis=1), values.take(before + 1, axis=1)
    rising, falling = slopes.take(before, axis=1), slopes.take(before + 1, axis=1)
    smooth = x * x * (3 - 2 * x)
    inner = x * (1 - x) * step
    return low + (high - low) * smooth + inner * ((1 - x) * rising - x * falling)
