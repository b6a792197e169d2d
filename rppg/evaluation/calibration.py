"""Whether a confidence means what it says: of answers with 0.8, eight in ten should be right.

confidence (n,) in 0-1; right (n,) bool, whether each answer was within 5 bpm.

    >>> confidence = np.array([0.9, 0.9, 0.9, 0.9, 0.1, 0.1])
    >>> right = np.array([True, True, True, False, False, False])
    >>> round(calibration_error(confidence, right), 3)  # 4/6 of 0.15 and 2/6 of 0.1
    0.133
    >>> reliability(confidence, right)[["n", "confidence", "right"]].round(2).values.tolist()
    [[2.0, 0.1, 0.0], [4.0, 0.9, 0.75]]

The error is that of Naeini et al., "Obtaining Well Calibrated Probabilities Using Bayesian
Binning", AAAI 2015, with bins of equal width.
"""

import numpy as np
import pandas as pd

N_BINS = 10


def reliability(confidence: np.ndarray, right: np.ndarray, n_bins: int = N_BINS) -> pd.DataFrame:
    """One row per bin of confidence that has an answer: low and high, its ends; n; confidence, the
    mean; right, the share.  Answers without a confidence (NaN) are left out.

    Raises ValueError for shapes that differ, and confidences outside 0-1.
    """
    confidence, right = np.asarray(confidence, dtype=float), np.asarray(right, dtype=float)
    if confidence.ndim != 1 or confidence.shape != right.shape:
        raise ValueError(f"expected two arrays (n,), found {confidence.shape} and {right.shape}")
    known = np.isfinite(confidence)
    confidence, right = confidence[known], right[known]
    if ((confidence < 0) | (confidence > 1)).any():
        raise ValueError("expected confidences in 0-1")
    at = np.minimum((confidence * n_bins).astype(int), n_bins - 1)
    table = pd.DataFrame({"bin": at, "confidence": confidence, "right": right})
    by = table.groupby("bin")
    rows = by.mean().assign(n=by.size()).reset_index()
    rows["low"], rows["high"] = rows["bin"] / n_bins, (rows["bin"] + 1) / n_bins
    return rows[["low", "high", "n", "confidence", "right"]]


def calibration_error(confidence: np.ndarray, right: np.ndarray, n_bins: int = N_BINS) -> float:
    """Expected calibration error, 0-1: the mean distance of a bin's confidence from its share of
    right answers, weighted by its answers.  NaN without answers.  Raises as `reliability`."""
    rows = reliability(confidence, right, n_bins)
    if rows.empty:
        return np.nan
    return float(np.average((rows["confidence"] - rows["right"]).abs(), weights=rows["n"]))
