"""A pulse with known ground truth: beat times, the PPG, and the HR.

Beat times are the integral of an HR with respiratory sinus arrhythmia, Mayer waves (about 0.1 Hz),
a drift over the recording, and beat-to-beat jitter.  Between two beats, the PPG is a template with
a dicrotic notch.  The true mean HR is counted from the beats, not the nominal HR.

    >>> pulse = draw_pulse(np.random.default_rng(0), hr_bpm=72, duration_s=10)
    >>> pulse.wave(np.arange(300) / 30).shape
    (300,)
"""

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator

LEAD_S = 4.0  # of beats before and after the recording, for delays and interpolation
GRID_HZ = 250.0
RATE_LIMITS_BPM = (42.0, 158.0)  # of the instantaneous HR
# Template of one beat over its phase: systolic peak, then the dicrotic wave after the notch.
BUMPS = ((0.21, 0.085, 1.0), (0.36, 0.09, 0.34), (0.57, 0.075, 0.36))  # position, width, height


@dataclass(frozen=True)
class Pulse:
    """Beats of one recording; times in seconds from its first frame."""

    beat_times_s: np.ndarray  # (K,) from before the start to after the end
    breath_hz: float
    breath_phase: float

    def phase(self, times_s: np.ndarray) -> np.ndarray:
        """Continuous number of beats since the first one."""
        beats = np.arange(len(self.beat_times_s))
        return PchipInterpolator(self.beat_times_s, beats)(times_s)

    def wave(self, times_s: np.ndarray) -> np.ndarray:
        """Blood volume (T,), zero mean, about one from trough to peak; positive: more blood."""
        place = np.linspace(0, 1, 513)
        breath = np.sin(2 * np.pi * self.breath_hz * times_s + self.breath_phase)
        return np.interp(self.phase(times_s) % 1, place, _template(place)) * (1 + 0.08 * breath)

    def rate_bpm(self, times_s: np.ndarray, over_s: float = 2.0) -> np.ndarray:
        """HR (T,) as displayed by an oximeter: from the beats within `over_s` around each time."""
        low, high = self.phase(times_s - over_s / 2), self.phase(times_s + over_s / 2)
        return 60 * (high - low) / over_s

    def mean_hr_bpm(self, start_s: float, stop_s: float) -> float:
        """60 x (beats - 1) / (last - first beat).  Raises ValueError for fewer than two beats."""
        inside = self.beat_times_s[(self.beat_times_s >= start_s) & (self.beat_times_s <= stop_s)]
        if len(inside) < 2:
            raise ValueError(f"{len(inside)} beats in {start_s}-{stop_s} s: expected at least 2")
        return float(60 * (len(inside) - 1) / (inside[-1] - inside[0]))


def draw_pulse(rng: np.random.Generator, hr_bpm: float, duration_s: float) -> Pulse:
    """Draw the beats of a recording at about `hr_bpm`; variability is lower at a higher HR."""
    breath_hz, breath_phase = rng.uniform(0.18, 0.33), rng.uniform(0, 2 * np.pi)
    slow_hz, slow_phase = rng.uniform(0.06, 0.12), rng.uniform(0, 2 * np.pi)
    calm = np.clip((170 - hr_bpm) / 100, 0.2, 1.1)
    breath_bpm, slow_bpm = calm * rng.uniform(0.8, 2.6), calm * rng.uniform(0.5, 1.8)
    drift_bpm_s = rng.uniform(-3.5, 3.5) / max(duration_s, 10)
    times = np.arange(-LEAD_S, duration_s + LEAD_S, 1 / GRID_HZ)
    rate = hr_bpm + drift_bpm_s * (times - duration_s / 2)
    rate += breath_bpm * np.sin(2 * np.pi * breath_hz * times + breath_phase)
    rate += slow_bpm * np.sin(2 * np.pi * slow_hz * times + slow_phase)
    rate = np.clip(rate, *RATE_LIMITS_BPM)
    phase = np.cumsum(rate) / 60 / GRID_HZ + rng.uniform()
    beats = np.interp(np.arange(np.ceil(phase[0]), np.floor(phase[-1]) + 1), phase, times)
    beats = beats + 0.008 * calm * np.clip(rng.standard_normal(len(beats)), -2, 2)
    return Pulse(beats, breath_hz, breath_phase)


def _template(phase: np.ndarray) -> np.ndarray:
    """One beat: zero mean over the phase, one from trough to peak, smooth across the beat."""

    def raw(x):
        around = [x - 1, x, x + 1]
        return sum(h * np.exp(-(((y - p) / w) ** 2) / 2) for y in around for p, w, h in BUMPS)

    whole = raw(np.linspace(0, 1, 512, endpoint=False))
    return (raw(phase) - whole.mean()) / np.ptp(whole)
