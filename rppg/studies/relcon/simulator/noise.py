"""Random processes used by the simulated movements; each (T,) at rate_hz.

>>> import numpy as np
>>> float(wander(np.random.default_rng(0), 50_000, 100.0, tau_s=1.0, sd=2.0).std().round(0))
2.0
"""

import numpy as np
from scipy.signal import butter, lfilter, oaconvolve, sosfilt
from scipy.stats import norm


def wander(rng: np.random.Generator, n: int, rate_hz: float, tau_s: float, sd: float) -> np.ndarray:
    """A stationary path (n,) around 0, standard deviation sd, correlation time about tau_s.

    White noise through three equal low-passes, smooth enough for an angle: its second derivative,
    which an accelerometer measures, is small.
    """
    pole_s = tau_s / 2
    keep = np.exp(-1 / (rate_hz * pole_s))
    settle = int(10 * pole_s * rate_hz)
    path = rng.normal(size=n + settle)
    for _ in range(3):
        path = lfilter([1 - keep], [1, -keep], path)
    return path[settle:] * sd / np.sqrt(3 / (16 * pole_s * rate_hz))  # variance of its kernel


def band_noise(rng: np.random.Generator, n: int, rate_hz: float, low_hz: float, high_hz: float):
    """Noise (n,) of standard deviation 1 in a band (the upper edge is kept below Nyquist)."""
    band = (low_hz, min(high_hz, 0.45 * rate_hz))
    sos = butter(4, band, "bandpass", fs=rate_hz, output="sos")
    settle = int(3 * rate_hz / low_hz)
    noise = sosfilt(sos, rng.normal(size=n + settle))[settle:]
    long_run = np.sqrt(2 * (band[1] - band[0]) / rate_hz)  # share of white noise in the band
    return noise / long_run


def events(rng: np.random.Generator, n: int, rate_hz: float, every_s: float) -> np.ndarray:
    """Samples (k,), sorted, of a Poisson process with mean interval every_s."""
    return np.sort(rng.integers(0, n, rng.poisson(n / rate_hz / every_s)))


def ringing(impulses: np.ndarray, rate_hz: float, ring_hz: float, decay_s: float) -> np.ndarray:
    """Impulses (T,) or (T, C), each turned into a damped oscillation of about the impulse's size;
    same shape."""
    time_s = np.arange(int(6 * decay_s * rate_hz) + 1) / rate_hz
    kernel = np.exp(-time_s / decay_s) * np.sin(2 * np.pi * ring_hz * (time_s + 0.5 / rate_hz))
    shape = (-1,) + (1,) * (impulses.ndim - 1)
    return oaconvolve(impulses, kernel.reshape(shape), axes=0)[: len(impulses)]


def moves(rng: np.random.Generator, n: int, rate_hz: float, every_s: float, sd: float):
    """A path (n,) that rests and, every_s apart, moves to another place (sd around 0) in about a
    second, as smoothly as a hand (minimum jerk: Flash and Hogan, 1985)."""
    at = events(rng, n, rate_hz, every_s)
    places = rng.normal(0, sd, len(at) + 1)
    path = np.full(n, places[0])
    for start, change in zip(at, np.diff(places), strict=True):
        part = (np.arange(n) - start) / (rate_hz * rng.uniform(0.5, 1.5))
        path += change * minimum_jerk(part)
    return path


def minimum_jerk(part: np.ndarray) -> np.ndarray:
    """0 before part 0, 1 after part 1, smooth in between."""
    part = np.clip(part, 0, 1)
    return part**3 * (10 - 15 * part + 6 * part**2)


def episodes(rng: np.random.Generator, n: int, rate_hz: float, mean_s: float, share: float):
    """Weights (n,) in 0 .. 1: on for about `share` of the time, mean_s at a time, soft edges."""
    path = wander(rng, n, rate_hz, mean_s, 1.0)
    return 1 / (1 + np.exp(-8 * (path - norm.ppf(1 - share))))
