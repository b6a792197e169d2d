"""How probable spectra make the true rates: a proper score, by which spectra of any scale compare.

    sharpness = fit_sharpness(freq_hz, learned_power, learned_true_bpm)
    log_scores(freq_hz, power, true_bpm, sharpness)  # (n,), 0 is best

A spectrum, to the power of a sharpness, is taken for the probability of each rate; the sharpness is
the one under which the rates of other recordings are most probable.  So a combination is not better
for having sharper spectra, only for having them where it is right.  Where nothing is missed, every
score is near the best possible, log(1 - LAPSES), and tells little.  After Gneiting and Raftery,
"Strictly Proper Scoring Rules, Prediction, and Estimation", JASA 102, 2007 (the logarithmic score).

    >>> freq_hz = np.linspace(0.7, 3, 139)
    >>> power = np.exp(-np.abs(60 * freq_hz - np.array([[70.0], [70.0]])) / 4)
    >>> log_scores(freq_hz, power, np.array([70.0, 120.0]), 1.0).round(1)
    array([-0.3, -5.5])
"""

import numpy as np

from rppg.evaluation.metrics import NEAR_BPM

SHARPNESS = np.geomspace(0.5, 30, 18)  # what is tried
LAPSES = 0.05  # share of the recordings that may have any rate: one that is lost costs no more


def log_scores(
    freq_hz: np.ndarray, power: np.ndarray, true_bpm: np.ndarray, sharpness: float
) -> np.ndarray:
    """Logarithms (n,) of how probable rates within 5 bpm of the true ones (n,) are by power (n, F).
    A recording without a spectrum may have any rate."""
    known = np.isfinite(power).all(axis=1)
    logs = sharpness * np.log(np.where(known[:, None], power, 1.0) + 1e-12)
    likely = np.exp(logs - logs.max(axis=1, keepdims=True))  # (n, F)
    likely /= likely.sum(axis=1, keepdims=True)
    near = np.abs(60 * freq_hz - true_bpm[:, None]) <= NEAR_BPM
    floor = LAPSES / len(freq_hz)  # even where the true rate is off the axis
    return np.log((1 - LAPSES) * (likely * near).sum(axis=1) + LAPSES * near.mean(axis=1) + floor)


def fit_sharpness(freq_hz: np.ndarray, power: np.ndarray, true_bpm: np.ndarray) -> float:
    """The sharpness, of SHARPNESS, of the best mean score on power (m, F) and true rates (m,)."""
    scores = [log_scores(freq_hz, power, true_bpm, one).mean() for one in SHARPNESS]
    return float(SHARPNESS[int(np.argmax(scores))])
