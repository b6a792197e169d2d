"""Random time courses of many clips at once: drifts, rhythms, steps.  float32 throughout.

Times are (B, n) in seconds, one row per clip; strengths are (B,) or (B, m).  A `rng` gives the
same courses for the same shapes.

    >>> rng, times_s = np.random.default_rng(0), np.tile(np.arange(300) / 30, (16, 1))
    >>> drift(rng, times_s, (0.03, 0.3)).shape, rhythm(rng, times_s, np.full(16, 1.2)).shape
    ((16, 300), (16, 300))
"""

import numpy as np

TAU = np.float32(2 * np.pi)
LOCKS = (1.0, 0.5, 2.0, 1.5)  # of the HR: where disturbances hide best
LOCK_CHANCES = (0.5, 0.2, 0.2, 0.1)
RHYTHM_BAND_HZ = (0.5, 3.3)  # of disturbances that follow nothing


def between(rng, low: float, high: float, *shape: int) -> np.ndarray:
    """Uniform numbers."""
    return low + (high - low) * rng.random(shape, dtype=np.float32)


def log_between(rng, low: float, high: float, *shape: int) -> np.ndarray:
    """Numbers whose logarithms are uniform."""
    return np.exp(between(rng, np.log(low), np.log(high), *shape)).astype(np.float32)


def normal(rng, *shape: int) -> np.ndarray:
    """Normal numbers, none farther out than 2.5."""
    return rng.standard_normal(shape, dtype=np.float32).clip(-2.5, 2.5)


def sometimes(rng, share, low: float, high: float, *shape: int) -> np.ndarray:
    """Strengths of something that a share of the clips have, 0 in the others."""
    size = log_between(rng, low, high, *shape)
    return np.where(rng.random(shape, dtype=np.float32) < share, size, np.float32(0))


def drift(rng, times_s: np.ndarray, band_hz: tuple[float, float], n_waves: int = 5) -> np.ndarray:
    """Smooth random courses (B, n) of unit variance: sinusoids with frequencies in a band."""
    n_clips = len(times_s)
    freq_hz = log_between(rng, *band_hz, n_clips, n_waves, 1)
    phase = between(rng, 0, TAU, n_clips, n_waves, 1)
    size = between(rng, 0.5, 1.0, n_clips, n_waves, 1)
    waves = (size * np.sin(TAU * freq_hz * times_s[:, None] + phase)).sum(axis=1)  # (B, n)
    return waves / np.sqrt((size**2).sum(axis=1) / 2)


def drifts(rng, times_s: np.ndarray, n: int, band_hz: tuple[float, float]) -> np.ndarray:
    """n such courses per clip: (B, n, T)."""
    return np.stack([drift(rng, times_s, band_hz, n_waves=4) for _ in range(n)], axis=1)


def locked_rate_hz(rng, hr_hz: np.ndarray, share_locked: float = 0.6) -> np.ndarray:
    """Frequencies (B,) of rhythms: near the heart rate, its half, double or three halves (3 to 20 %
    beside it) in a share of the clips, anywhere in RHYTHM_BAND_HZ in the others."""
    n_clips = len(hr_hz)
    ratio = rng.choice(np.float32(LOCKS), n_clips, p=LOCK_CHANCES)
    off = log_between(rng, 0.03, 0.2, n_clips) * rng.choice(np.float32((-1, 1)), n_clips)
    anywhere = log_between(rng, *RHYTHM_BAND_HZ, n_clips)
    locked = (hr_hz * ratio * (1 + off)).clip(0.35, 5.0)
    return np.where(rng.random(n_clips) < share_locked, locked, anywhere).astype(np.float32)


def rhythm(rng, times_s: np.ndarray, rate_hz: np.ndarray) -> np.ndarray:
    """Quasi-periodic courses (B, n) of about unit variance: harmonics, a wandering phase, and a
    height that comes and goes."""
    n_clips = len(times_s)
    loose = log_between(rng, 0.05, 1.2, n_clips, 1)
    phase = TAU * rate_hz[:, None] * times_s + between(rng, 0, TAU, n_clips, 1)
    phase = phase + loose * drift(rng, times_s, (0.05, 0.5), n_waves=3)
    second, third = between(rng, 0, 0.5, n_clips, 1), between(rng, 0, 0.25, n_clips, 1)
    shift = between(rng, 0, TAU, n_clips, 1)
    wave = np.sin(phase) + second * np.sin(2 * phase + shift) + third * np.sin(3 * phase)
    height = 1 + between(rng, 0, 0.5, n_clips, 1) * drift(rng, times_s, (0.03, 0.3), n_waves=3)
    return wave * height * np.sqrt(2 / (1 + second**2 + third**2))


def steps(rng, times_s: np.ndarray, every_s: tuple[float, float], soft_s: float) -> np.ndarray:
    """Courses (B, n) of about unit variance that jump to a new value every so often, as the light
    of a screen that shows a video; a jump takes about soft_s."""
    n_clips, spacing_s = len(times_s), log_between(rng, *every_s, len(times_s), 1)
    place = times_s / spacing_s + between(rng, 0, 1, n_clips, 1)
    values = normal(rng, n_clips, int(np.ceil(place.max())) + 2)
    index = place.astype(np.int64)
    inside = (place - index) * spacing_s / np.float32(soft_s)
    before, after = (np.take_along_axis(values, index + k, axis=1) for k in (0, 1))
    return before + (after - before) * inside.clip(0, 1)
