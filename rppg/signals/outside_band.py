"""Heart rates at or beyond the ends of the heart band, where a found peak is none of the pulse.

>>> pulse = np.sin(2 * np.pi * 190 / 60 * np.arange(900) / 30)
>>> edge_note(pulse, 30, hr_bpm=95.0)
'the strongest swing is at 190 per minute, above the 40-180 that are looked for'
>>> edge_note(np.sin(2 * np.pi * 1.2 * np.arange(900) / 30), 30, hr_bpm=72.0) is None
True
"""

import numpy as np

from rppg.signals.heart_rate import finite_stretches
from rppg.signals.spectrum import HEART_BAND_HZ, power_spectrum

EDGE_BPM = 2.0  # from an end of the band: a peak there may be the flank of one outside
WIDE_BPM = (24.0, 240.0)  # in which a stronger peak is looked for
GRID_BPM = 0.5
SAME_BPM = 3.0  # between half of a rate and a peak below the band


def edge_note(wave: np.ndarray, fps: float, hr_bpm: float) -> str | None:
    """What a reader of hr_bpm should know about the rates outside of the heart band; None: nothing.

    wave: (T,), NaN in gaps: the longest stretch without one is used.  Below the band only a peak at
    half of hr_bpm counts: waves drift there, with the light and with the breath.
    """
    low, high = (round(60 * end_hz) for end_hz in HEART_BAND_HZ)
    stretches = finite_stretches(wave)
    if not stretches or not np.isfinite(hr_bpm):
        return None
    part = slice(*max(stretches, key=lambda ends: ends[1] - ends[0]))
    freq_bpm, power = _wide_spectrum(np.asarray(wave[part], dtype=float), fps)
    inside = (freq_bpm >= low) & (freq_bpm <= high)
    peak = _highest(freq_bpm, power, freq_bpm > high)
    if peak and power[peak] > power[inside].max():
        found = f"the strongest swing is at {freq_bpm[peak]:.0f} per minute"
        return f"{found}, above the {low}-{high} that are looked for"
    peak = _highest(freq_bpm, power, freq_bpm < low)
    below_bpm = freq_bpm[peak] if peak and power[peak] > power[inside].max() else np.nan
    if abs(below_bpm - hr_bpm / 2) <= SAME_BPM:
        found = f"a stronger swing is at {below_bpm:.0f} per minute, half of this rate"
        return f"{found} and below the {low}-{high} that are looked for"
    if min(abs(hr_bpm - 60 * end_hz) for end_hz in HEART_BAND_HZ) <= EDGE_BPM:
        return f"the rate is at the edge of the {low}-{high} bpm that are looked for"
    return None


def _wide_spectrum(wave: np.ndarray, fps: float) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies per minute (F,) in WIDE_BPM, and power (F,), without leakage from far away."""
    n_fft = max(len(wave), int(np.ceil(60 * fps / GRID_BPM)))
    centred = wave - wave.mean()
    freq_hz, power = power_spectrum(centred * np.hanning(len(wave) + 2)[1:-1], fps, n_fft)
    wide = (60 * freq_hz >= WIDE_BPM[0]) & (60 * freq_hz <= WIDE_BPM[1])
    return 60 * freq_hz[wide], power[wide]


def _highest(freq_bpm: np.ndarray, power: np.ndarray, where: np.ndarray) -> int | None:
    """The highest local maximum there: a flank of something further away is none."""
    middle = power[1:-1]
    is_peak = np.r_[False, (middle > power[:-2]) & (middle >= power[2:]), False] & where
    places = np.flatnonzero(is_peak)
    return int(places[power[places].argmax()]) if len(places) else None
