"""Heartbeats and the blood-volume wave: a sum of Gaussians per beat, beats from a varying rate.

The rate is modulated by breathing and by a slow random process; a beat falls where its integral
passes a whole number.  Times in seconds since the first frame.

    >>> beats = draw_heartbeat(np.random.default_rng(0), hr_bpm=72.0, duration_s=10.0)
    >>> 68 < beats.mean_hr_bpm() < 76, beats.wave(np.arange(0, 10, 0.1)).shape
    (True, (100,))
"""

from dataclasses import dataclass

import numpy as np

STEP_S = 0.005
MARGIN_S = 4.0  # of beats before the first and after the last frame
REFERENCE_S = 0.8  # interval for which BUMPS are given
BUMPS = ((0.19, 0.075, 1.0), (0.36, 0.10, 0.42), (0.52, 0.085, 0.30))  # delay s, width s, height


@dataclass(frozen=True, eq=False)
class Heartbeat:
    """The beats of one recording."""

    beat_times_s: np.ndarray  # (n,)
    strengths: np.ndarray  # (n,) about 1, smaller while breathing in
    bumps: np.ndarray  # (3, 3) delay s, width s and height at an interval of REFERENCE_S
    duration_s: float
    phase_beats: tuple[float, float]  # integral of the rate at the first frame and at the end

    def mean_hr_bpm(self) -> float:
        """Mean heart rate over the recording: beats, parts of beats included, per minute."""
        return 60 * (self.phase_beats[1] - self.phase_beats[0]) / self.duration_s

    def wave(self, times_s: np.ndarray) -> np.ndarray:
        """Blood volume (n,) at times (n,): about zero mean, a height of about 1."""
        knots_s = np.arange(-MARGIN_S / 2, self.duration_s + MARGIN_S / 2, STEP_S)
        intervals_s = np.diff(
            self.beat_times_s, append=2 * self.beat_times_s[-1:] - self.beat_times_s[-2:-1]
        )
        total = np.zeros_like(knots_s)
        for beat_s, interval_s, strength in zip(
            self.beat_times_s, intervals_s, self.strengths, strict=True
        ):
            scale = np.sqrt(interval_s / REFERENCE_S)
            for delay_s, width_s, height in self.bumps:
                from_peak = (knots_s - beat_s - delay_s * scale) / (width_s * scale)
                total += strength * height * np.exp(-0.5 * from_peak**2)
        total = (total - total.mean()) / np.ptp(np.quantile(total, (0.02, 0.98)))
        return np.interp(times_s, knots_s, total)


def draw_heartbeat(rng: np.random.Generator, hr_bpm: float, duration_s: float) -> Heartbeat:
    """Beats around a heart rate; the mean over the recording differs from it by a few bpm."""
    times_s = np.arange(-MARGIN_S, duration_s + MARGIN_S, STEP_S)
    breath_hz = rng.uniform(0.18, 0.36)
    breath = np.cumsum(breath_hz * (1 + 0.3 * slow_noise(rng, times_s, 4.0))) * STEP_S
    breathing = np.sin(2 * np.pi * (breath + rng.uniform()))
    depth = rng.uniform(0.01, 0.05) * np.clip(1.6 - hr_bpm / 120, 0.2, 1)
    rate_hz = hr_bpm / 60 * (1 + depth * breathing + 0.015 * slow_noise(rng, times_s, 3.0))
    phase = np.cumsum(rate_hz) * STEP_S + rng.uniform()
    beats = np.arange(np.ceil(phase[0]), np.floor(phase[-1]))
    beat_times_s = np.interp(beats, phase, times_s) + rng.normal(0, 0.006, len(beats))
    strengths = 1 - rng.uniform(0.03, 0.15) * np.interp(beat_times_s, times_s, breathing)
    bumps = np.array(BUMPS) * rng.uniform(0.85, 1.15, (3, 3))
    ends = np.interp((0, duration_s), times_s, phase)
    return Heartbeat(beat_times_s, strengths, bumps, duration_s, (float(ends[0]), float(ends[1])))


def slow_noise(rng: np.random.Generator, times_s: np.ndarray, tau_s: float) -> np.ndarray:
    """A stationary Ornstein-Uhlenbeck process (n,), unit variance, correlated over tau_s."""
    steps_s = np.diff(times_s, prepend=times_s[0])
    keep = np.exp(-steps_s / tau_s)
    shocks = rng.standard_normal(len(times_s)) * np.sqrt(1 - keep**2)
    value, values = rng.standard_normal(), np.empty(len(times_s))
    for k in range(len(times_s)):
        value = keep[k] * value + shocks[k]
        values[k] = value
    return values
