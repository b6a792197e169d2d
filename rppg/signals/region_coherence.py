"""How much the regions of a face agree on a wave: a pulse is in all of them at once, noise is not.

waves (R, T) are the BVPs of R face regions by one method, NaN in gaps.

    >>> beat = np.sin(2 * np.pi * 1.2 * np.arange(300) / 30)
    >>> noise = np.random.default_rng(0).standard_normal((6, 300))
    >>> coherence = region_coherence(beat + 0.3 * noise, 30, np.array([1.2, 2.5]))
    >>> coherence[0].round(1).item(), coherence[1].round(1).item()
    (1.0, 0.2)
"""

import numpy as np

from rppg.signals.head_motion import GRID_HZ
from rppg.signals.spectrum import power_spectrum

FEWEST = 2  # regions, without which there is nothing to agree on


def region_coherence(waves: np.ndarray, fps: float, freq_hz: np.ndarray) -> np.ndarray:
    """The power (F,) of the regions' mean wave at freq_hz (F,) over the mean of their powers.

    1: all regions swing together; about 1 / R: each by itself.  Every wave counts as if it had a
    standard deviation of 1, so a gain changes nothing.  Gaps count as 0; waves that are flat or all
    gap are left out.  Zeros if fewer than two are left.
    """
    known = np.isfinite(waves)
    n_known = np.maximum(known.sum(axis=1, keepdims=True), 1)
    filled = np.where(known, waves, 0.0)
    filled = np.where(known, filled - filled.sum(axis=1, keepdims=True) / n_known, 0.0)  # (R, T)
    spread = np.sqrt((filled**2).sum(axis=1) / n_known[:, 0])
    varies = spread > 1e-12 * np.maximum(np.abs(np.where(known, waves, 0.0)).max(axis=1), 1e-300)
    if varies.sum() < FEWEST:
        return np.zeros(len(freq_hz))
    unit = filled[varies] / spread[varies, None] * np.hanning(waves.shape[1] + 2)[1:-1]
    n_fft = max(waves.shape[1], int(np.ceil(fps / GRID_HZ)))
    axis_hz, power = power_spectrum(np.vstack([unit, unit.mean(axis=0)]), fps, n_fft)
    each, together = power[:-1].mean(axis=0), power[-1]
    return np.interp(freq_hz, axis_hz, together / np.where(each > 0, each, 1.0))
