"""Errors of the answers that are given first, if the least confident ones are withheld.

    curve = risk_coverage(true_bpm, pred_bpm, confidence)  # a row per share answered
    areas = risk_areas(true_bpm, pred_bpm, confidence)     # by this order, the ideal, a random one

Recordings are sorted by confidence, the highest first.  A curve that is flat says that the
confidence does not know which answers are wrong.  After El-Yaniv and Wiener, "On the Foundations of
Noise-free Selective Classification", JMLR 11, 2010.

    >>> curve = risk_coverage([60, 70, 80, 90], [60, 71, 80, 130], [0.9, 0.8, 0.7, 0.1])
    >>> curve[["share", "rmse_bpm", "within_5bpm"]].round(2).values.tolist()[-2:]
    [[0.75, 0.58, 1.0], [1.0, 20.01, 0.75]]
"""

import numpy as np
import pandas as pd

from rppg.evaluation.metrics import NEAR_BPM

ORDERS = ("by confidence", "ideal", "random")


def risk_coverage(hr_true_bpm, hr_pred_bpm, confidence) -> pd.DataFrame:
    """One row per number of answers, from the most confident one to all n: n, share (of all),
    rmse_bpm, within_5bpm (a share), confidence (the lowest of them).

    Answers of one confidence come together: a row is the mean over all orders of these, so that
    their place in the table does not count.  A confidence of NaN counts as the lowest.  Recordings
    without a truth or an answer are left out; without any the table is empty.  Raises ValueError
    for shapes that differ.
    """
    error_bpm, sure = _known(hr_true_bpm, hr_pred_bpm, confidence)
    order = np.argsort(-sure, kind="stable")
    error_bpm, sure, n = error_bpm[order], sure[order], np.arange(1, len(sure) + 1)
    return pd.DataFrame(
        {
            "n": n,
            "share": n / max(len(n), 1),
            "rmse_bpm": np.sqrt(_running_sum(error_bpm**2, sure) / n),
            "within_5bpm": _running_sum(np.abs(error_bpm) <= NEAR_BPM, sure) / n,
            "confidence": sure,
        }
    )


def references(hr_true_bpm, hr_pred_bpm) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The curves of the ideal order, smallest error first, and of a random one, which is flat."""
    error_bpm = np.abs(np.subtract(hr_true_bpm, hr_pred_bpm, dtype=float))
    ideal = risk_coverage(hr_true_bpm, hr_pred_bpm, -error_bpm)
    return ideal, risk_coverage(hr_true_bpm, hr_pred_bpm, np.zeros(len(error_bpm)))


def risk_areas(hr_true_bpm, hr_pred_bpm, confidence) -> pd.DataFrame:
    """Mean over all shares of the RMSE and of the share within 5 bpm, by ORDERS (rows): the area
    under each curve.  rmse_gain is how far the confidence goes from the random order to the ideal
    one (1: all the way, 0: no better than chance); NaN where these are the same."""
    curves = risk_coverage(hr_true_bpm, hr_pred_bpm, confidence)
    curves = (curves, *references(hr_true_bpm, hr_pred_bpm))
    means = [curve[["rmse_bpm", "within_5bpm"]].mean() for curve in curves]
    table = pd.DataFrame(means, index=pd.Index(ORDERS, name="order"))
    ours, ideal, chance = table["rmse_bpm"]
    room = chance - ideal
    gain = (chance - table["rmse_bpm"]) / room if room > 0 else np.nan
    return table.assign(rmse_gain=gain)


def answer_confidence(rows: pd.DataFrame) -> np.ndarray:
    """Confidence (n,) in the rows of a long table of predictions: the share of the spectrum within
    5 bpm of the rate, 0-1; the row's quality if it has no spectrum.

    An ensemble's spectrum is the mean of its members', so that this falls where they disagree,
    which their mean quality does not.
    """
    found = rows["quality"].to_numpy(float).copy()
    if not {"freq_hz", "power"} <= set(rows):
        return found
    spectra = zip(rows["freq_hz"], rows["power"], rows["hr_bpm"], strict=True)
    for at, (freq_hz, power, hr_bpm) in enumerate(spectra):
        if np.ndim(power) and np.isfinite(power).all() and np.sum(power) > 0:
            near = np.abs(60 * np.asarray(freq_hz) - hr_bpm) <= NEAR_BPM
            found[at] = np.sum(np.asarray(power)[near]) / np.sum(power)
    return found


def _known(hr_true_bpm, hr_pred_bpm, confidence) -> tuple[np.ndarray, np.ndarray]:
    """Errors and confidences of recordings with a truth and an answer; NaN confidence: lowest."""
    given = [np.asarray(values, dtype=float) for values in (hr_true_bpm, hr_pred_bpm, confidence)]
    if given[0].ndim != 1 or any(one.shape != given[0].shape for one in given):
        shapes = ", ".join(str(one.shape) for one in given)
        raise ValueError(f"expected three arrays (n,), found {shapes}")
    error_bpm, sure = given[1] - given[0], np.nan_to_num(given[2], nan=-np.inf)
    return error_bpm[np.isfinite(error_bpm)], sure[np.isfinite(error_bpm)]


def _running_sum(values: np.ndarray, sure: np.ndarray) -> np.ndarray:
    """Running sums (n,) of values in order of confidence, in which those of one confidence have
    their mean."""
    if not len(values):
        return np.zeros(0)
    group = np.r_[0, np.cumsum(sure[1:] != sure[:-1])]
    means = np.bincount(group, values) / np.bincount(group)
    return np.cumsum(means[group])
