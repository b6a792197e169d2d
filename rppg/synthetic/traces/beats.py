"""Pulses of many clips at once: heart rates, beats, wave shapes, delays.

HRs are uniform in their logarithm, so that slow and fast hearts are as common as others; a block of
clips covers the range evenly.  The rate of a clip breathes (respiratory sinus arrhythmia), has
Mayer waves, drifts, and each beat is a little early or late.  One beat is three bumps: systolic,
reflected and dicrotic, each of its own place, width and height.

    >>> beats = draw_beats(np.random.default_rng(0), n_clips=16, seconds=10.0)
    >>> times_s = np.tile(np.arange(300, dtype=np.float32) / 30, (16, 1))
    >>> beats.wave(beats.phase(times_s)).shape, beats.mean_hr_bpm(0.0, 10.0).shape
    ((16, 300), (16,))
"""

from dataclasses import dataclass

import numpy as np

from rppg.synthetic.traces.courses import TAU, between, log_between, normal

HR_RANGE_BPM = (41.0, 178.0)  # inside the heart band, beyond which no method answers
PLACES = 256  # of a beat in its table
LEAD_BEATS = 3.0  # before the first frame, for delays
IRREGULAR = 0.04  # share of hearts whose beats vary by several percent


@dataclass(frozen=True)
class Beats:
    """Beats of B clips; times in seconds from the first frame."""

    rate_hz: np.ndarray  # (B, 1) at the middle of the clip, but for what follows
    slope: np.ndarray  # (B, 1) relative change of the rate per second
    middle_s: float
    sway: np.ndarray  # (B, 3, 1) relative: breathing, Mayer waves, slower ones
    sway_hz: np.ndarray  # (B, 3, 1)
    sway_phase: np.ndarray  # (B, 3, 1)
    start: np.ndarray  # (B, 1) phase in beats at time 0
    early: np.ndarray  # (B, K) of each beat, in beats
    tables: np.ndarray  # (B, PLACES + 1) of one beat: zero mean, one from trough to peak
    breath: np.ndarray  # (B, 1) relative change of the height by breathing

    def phase(self, times_s: np.ndarray) -> np.ndarray:
        """Number of beats (B, n) since some beat before the first frame."""
        from_middle = times_s - np.float32(self.middle_s)
        turn = TAU * self.sway_hz
        swayed = (self.sway / turn * -np.cos(turn * times_s[:, None] + self.sway_phase)).sum(axis=1)
        drifted = self.slope / 2 * (from_middle**2 - np.float32(self.middle_s) ** 2)
        smooth = self.start + self.rate_hz * (times_s + drifted + swayed)
        beat = smooth.astype(np.int64)
        low, high = (np.take_along_axis(self.early, beat + k, axis=1) for k in (0, 1))
        return smooth + low + (high - low) * (smooth - beat)

    def wave(self, phase: np.ndarray) -> np.ndarray:
        """Blood volume at phases (B, n) or (B, P, n): zero mean, about one from trough to peak."""
        place = (phase - np.floor(phase)) * np.float32(PLACES)
        index = place.astype(np.int64).clip(0, PLACES - 1)
        share = place - index
        offset = np.arange(len(phase)).reshape(-1, *(1,) * (phase.ndim - 1)) * (PLACES + 1)
        flat, index = self.tables.ravel(), index + offset
        return flat.take(index) * (1 - share) + flat.take(index + 1) * share

    def heights(self, times_s: np.ndarray) -> np.ndarray:
        """Relative heights of the beats (B, n) over time, by breathing."""
        turn = TAU * self.sway_hz[:, 0] * times_s + self.sway_phase[:, 0]
        return 1 + self.breath * np.cos(turn)

    def mean_hr_bpm(self, start_s: float, stop_s: float) -> np.ndarray:
        """HR (B,): beats, and parts of them, between two times."""
        ends = np.tile(np.float32((start_s, stop_s)), (len(self.start), 1))
        first, last = self.phase(ends).T
        return 60 * (last - first) / (stop_s - start_s)


def draw_beats(rng, n_clips: int, seconds: float) -> Beats:
    """Beats of a block of clips."""
    rate_hz = _rates_hz(rng, n_clips)
    calm = np.clip((170 - 60 * rate_hz) / 100, 0.15, 1.1)  # variability is lower at a higher HR
    sway = np.stack(
        [
            calm * log_between(rng, 0.006, 0.06, n_clips, 1),
            calm * log_between(rng, 0.004, 0.03, n_clips, 1),
            log_between(rng, 0.002, 0.03, n_clips, 1),
        ],
        axis=1,
    )
    bands_hz = (0.15, 0.4), (0.06, 0.13), (0.02, 0.06)
    sway_hz = np.stack([between(rng, *band, n_clips, 1) for band in bands_hz], axis=1)
    n_beats = int(2.5 * HR_RANGE_BPM[1] / 60 * seconds + 3 * LEAD_BEATS)
    irregular = np.where(rng.random((n_clips, 1)) < IRREGULAR, 0.06, 0.008 * calm * rate_hz)
    return Beats(
        rate_hz=rate_hz,
        slope=normal(rng, n_clips, 1) * np.float32(0.04 / max(seconds, 10.0)),
        middle_s=seconds / 2,
        sway=sway,
        sway_hz=sway_hz,
        sway_phase=between(rng, 0, TAU, n_clips, 3, 1),
        start=LEAD_BEATS + between(rng, 0, 1, n_clips, 1),
        early=(irregular * normal(rng, n_clips, n_beats)).astype(np.float32),
        tables=_tables(rng, rate_hz),
        breath=between(rng, 0, 0.2, n_clips, 1),
    )


def _rates_hz(rng, n_clips: int) -> np.ndarray:
    """Rates (B, 1), log-uniform, one in each B-th part of the range, in random order."""
    share = (rng.permutation(n_clips) + rng.random(n_clips)) / n_clips
    low, high = np.log(HR_RANGE_BPM)
    return np.exp(low + share * (high - low)).astype(np.float32)[:, None] / 60


def _tables(rng, rate_hz: np.ndarray) -> np.ndarray:
    """One beat per clip (B, PLACES + 1).  At a higher HR, bumps are wider in phase and merge."""
    n_clips = len(rate_hz)
    wider = (rate_hz / 1.2) ** 0.35
    where = np.linspace(0, 1, PLACES + 1, dtype=np.float32)
    beat = np.zeros((n_clips, PLACES + 1), np.float32)
    bumps = (
        ((0.14, 0.25), (0.075, 0.115), (1.0, 1.0)),
        ((0.32, 0.42), (0.08, 0.13), (0.15, 0.6)),
        ((0.5, 0.62), (0.06, 0.1), (0.05, 0.35)),
    )
    for place, width, height in bumps:
        middle, high = between(rng, *place, n_clips, 1), between(rng, *height, n_clips, 1)
        wide = wider * between(rng, *width, n_clips, 1)
        for turn in (-1, 0, 1):
            beat += high * np.exp(-(((where + turn - middle) / wide) ** 2) / 2)
    beat -= beat[:, :-1].mean(axis=1, keepdims=True)
    return beat / np.ptp(beat, axis=1, keepdims=True)
