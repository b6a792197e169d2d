"""A combination of models by its name: which rate, how probable, and where exactly it is.

    found = combined("PSD", one, learned, true_bpm, mean_bpm)
    found.hr_bpm, found.power  # (n,), (n, F) or None

A combination that answers with a peak says which peak is the pulse's.  Where that is, its members
say: of those whose own rate is near the peak the mean, the precise ones most.
"""

from typing import NamedTuple

import numpy as np

from rppg.evaluation.ensemble import COMBINATIONS, SPECTRA, Stack, mean_known, peak_of
from rppg.evaluation.metrics import NEAR_BPM
from rppg.evaluation.stacking import CONSENSUS, STACKED, agreed

COMBINED = COMBINATIONS | STACKED
OF_PEAKS = (*SPECTRA, *STACKED)


class Combined(NamedTuple):
    """Rates (n,), NaN where no member has one, and the combination's spectra of the recordings to
    predict (n, F) and of the learned ones (m, F); None where it has no spectra."""

    hr_bpm: np.ndarray
    power: np.ndarray | None
    learned_power: np.ndarray | None


def combined(
    name: str, one: Stack, learned: Stack, true_bpm: np.ndarray, mean_bpm: float
) -> Combined:
    """The combination of this name, of COMBINED, of the recordings `one`, fitted to those of
    `learned` with their true rates (m,); mean_bpm: of the training labels."""
    fitted_to = learned, true_bpm, mean_bpm
    if name not in OF_PEAKS:
        return Combined(COMBINED[name](one, *fitted_to), None, None)
    power, own = _spectra(name, one, learned, true_bpm)
    if power is None:
        peaks, own_peaks = (COMBINED[name](part, *fitted_to) for part in (one, learned))
    else:
        peaks, own_peaks = (peak_of(one.freq_hz, part) for part in (power, own))
    return Combined(placed(one, peaks, spread_bpm(learned, own_peaks, true_bpm)), power, own)


def _spectra(name: str, one: Stack, learned: Stack, true_bpm: np.ndarray) -> tuple:
    """Spectra of both, or None and None."""
    if name == CONSENSUS:
        return agreed(one, learned, true_bpm)
    return (SPECTRA[name](one), SPECTRA[name](learned)) if name in SPECTRA else (None, None)


def placed(one: Stack, peaks_bpm: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Rates (n,): of the members whose own rate is within 5 bpm of a peak, the mean, weighted by
    the inverse of the squares of their spread (M,) in bpm; the peak where there are none."""
    near = np.abs(one.hr_bpm - peaks_bpm) <= NEAR_BPM  # (M, n)
    weights = np.broadcast_to(spread[:, None] ** -2, near.shape)
    found = mean_known(np.where(near, one.hr_bpm, np.nan), weights)
    return np.where(near.any(axis=0), found, peaks_bpm)


def spread_bpm(learned: Stack, peaks_bpm: np.ndarray, true_bpm: np.ndarray) -> np.ndarray:
    """RMSE (M,) of each member where its rate and the peak are within 5 bpm of the truth, with one
    more recording that has the error of all members: a member that is never there has this."""
    error = learned.hr_bpm - true_bpm  # (M, m)
    near = (np.abs(error) <= NEAR_BPM) & (np.abs(peaks_bpm - true_bpm) <= NEAR_BPM)
    squares = np.where(near, error, 0.0) ** 2
    usual = squares.sum() / near.sum() if near.any() else 1.0
    return np.sqrt((squares.sum(axis=1) + usual + 1e-6) / (near.sum(axis=1) + 1))
