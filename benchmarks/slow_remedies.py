"""Ways of reading a rate that look below the strongest peak, for slow_hearts.py.

    seen = Seen.of(wave, fps=30)
    bpm = half(seen, 0.5)  # the peak at half the frequency, if it has half the power

Each takes a wave as `Seen` and one number, and returns bpm; REMEDIES has the numbers that a fit may
choose, the first of which leaves the strongest peak as it is.

- half, half or third: f/2 (or f/3) is believed if it is a peak with a share of the strongest one's
  power.  Like the next, it gives no rate above 60 bpm.
- autocorrelation: f/2 is believed if the wave resembles itself more after its period than after
  half of it.
- harmonic sum: power at f, plus w times that at 2f, plus w^2 times that at 3f (Hermes, JASA 83(1),
  1988, whose w is 0.84); harmonic product: the same of log power (Schroeder, JASA 43(4), 1968).
- level band: the band-pass leaves 45 bpm about a third of the power that it leaves 90 bpm; the
  spectrum divided by its gain to a power of 0 to 1.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from rppg.signals.bandpass import bandpass
from rppg.signals.spectrum import HEART_BAND_HZ, power_spectrum

N_FFT = 5400  # 1/3 bpm at 30 fps
TOP_HZ = 9.1  # three times the band's end
NEAR_HZ = 5 / 60  # around f/2 or f/3
HALVED_UP_TO_HZ = 1.0
SOME_POWER = 0.05  # of the peak's, for a half that the autocorrelation prefers
FLOOR = 1e-4  # of the strongest bin, in logs


@dataclass(frozen=True)
class Seen:
    """A band-passed wave as the remedies see it."""

    freq_hz: np.ndarray  # (F,) from 0 to TOP_HZ
    power: np.ndarray  # (F,)
    band: np.ndarray  # indices (B,) of the heart band in freq_hz
    gain: np.ndarray  # (F,) of the band-pass, in power
    resembles: np.ndarray  # autocorrelation (L,) at lags of 0, 1, 2 ... frames
    fps: float

    @classmethod
    def of(cls, wave: np.ndarray, fps: float) -> "Seen":
        """wave: (T,) finite."""
        filtered = bandpass(wave, fps)
        freq_hz, power = power_spectrum(filtered, fps, N_FFT)
        keep = freq_hz <= TOP_HZ
        low_hz, high_hz = HEART_BAND_HZ
        band = np.flatnonzero((freq_hz >= low_hz) & (freq_hz <= high_hz))
        return cls(freq_hz[keep], power[keep], band, _gain(fps)[keep], _resembles(filtered), fps)

    def after(self, freq_hz: float) -> float:
        """Autocorrelation after one period."""
        return float(np.interp(self.fps / freq_hz, np.arange(len(self.resembles)), self.resembles))


def half(seen: Seen, share: float, parts: tuple[int, ...] = (2,)) -> float:
    """The rate at f/2 if it is a peak of this share of the strongest one's power."""
    power, top = seen.power, _top(seen, seen.power)
    for part in parts:
        k = _below(seen, top, part)
        if k is not None and power[k] >= share * power[top] and _is_peak(power, k, seen.band):
            return 60 * seen.freq_hz[k]
    return 60 * seen.freq_hz[top]


def half_or_third(seen: Seen, share: float) -> float:
    """The same, of f/3 first and then f/2."""
    return half(seen, share, (3, 2))


def autocorrelation(seen: Seen, more: float) -> float:
    """The rate at f/2 if the wave resembles itself by this much more after its period."""
    top = _top(seen, seen.power)
    k = _below(seen, top, 2)
    if k is not None and seen.power[k] >= SOME_POWER * seen.power[top]:
        if seen.after(seen.freq_hz[k]) - seen.after(seen.freq_hz[top]) >= more:
            return 60 * seen.freq_hz[k]
    return 60 * seen.freq_hz[top]


def harmonic_sum(seen: Seen, weight: float) -> float:
    """The rate whose power and weighted power at its harmonics is greatest."""
    return _harmonic(seen, seen.power, weight)


def harmonic_product(seen: Seen, weight: float) -> float:
    """The same of log power."""
    floor = FLOOR * seen.power[seen.band].max()
    return _harmonic(seen, np.log(np.maximum(seen.power, floor)), weight)


def level_band(seen: Seen, exponent: float) -> float:
    """The strongest peak of the spectrum, divided by the band-pass's gain to this power."""
    level = seen.power / np.maximum(seen.gain, FLOOR) ** exponent
    return 60 * seen.freq_hz[_top(seen, level)]


NEVER = 9.0  # a share, or a resemblance, that nothing reaches
SHARES = (NEVER, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1)
REMEDIES: dict[str, tuple[Callable[[Seen, float], float], tuple[float, ...]]] = {
    "half": (half, SHARES),
    "half or third": (half_or_third, SHARES),
    "autocorrelation": (autocorrelation, (NEVER, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0, -0.2)),
    "harmonic sum": (harmonic_sum, (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 0.84)),
    "harmonic product": (harmonic_product, (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5)),
    "level band": (level_band, (0.0, 0.25, 0.5, 0.75, 1.0)),
}


def _top(seen: Seen, power: np.ndarray) -> int:
    """Index of the strongest bin of the heart band."""
    return int(seen.band[power[seen.band].argmax()])


def _below(seen: Seen, top: int, part: int) -> int | None:
    """Index of the strongest bin near the peak's frequency / part, if a slow heart can be there."""
    wanted_hz = seen.freq_hz[top] / part
    if not HEART_BAND_HZ[0] <= wanted_hz <= HALVED_UP_TO_HZ:
        return None
    near = seen.band[np.abs(seen.freq_hz[seen.band] - wanted_hz) <= NEAR_HZ]
    return int(near[seen.power[near].argmax()])


def _is_peak(power: np.ndarray, k: int, band: np.ndarray) -> bool:
    return power[k] >= power[k + 1] and (k == band[0] or power[k] >= power[k - 1])


def _harmonic(seen: Seen, score: np.ndarray, weight: float) -> float:
    total = score[seen.band].astype(float)
    for part in (2, 3):
        total += weight ** (part - 1) * score[part * seen.band]
    return 60 * seen.freq_hz[seen.band[total.argmax()]]


@lru_cache(maxsize=1)
def _gain(fps: float) -> np.ndarray:
    """Gain (F,) of `bandpass` in power, from its response to a single sample."""
    sample = np.zeros(2 * N_FFT)
    sample[N_FFT] = 1.0
    return power_spectrum(bandpass(sample, fps), fps)[1][::2]


def _resembles(wave: np.ndarray) -> np.ndarray:
    """Unbiased autocorrelation (L,) of a wave (T,) up to the slowest heart's period and a half."""
    centred = wave - wave.mean()
    n = len(centred)
    lags = np.correlate(centred, centred, "full")[n - 1 :] / np.arange(n, 0, -1)
    return lags[: n // 2] / lags[0]
