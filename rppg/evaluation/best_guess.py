"""The best guess under squared error: an answer drawn towards the mean as far as it may be wrong.

    guess = fit_best_guess(rates_bpm, quality, true_bpm, mean_bpm)  # validation recordings
    answers_bpm = guess.apply(test_rates_bpm, test_quality)
    both = held_out_rmse(rates_bpm, quality, true_bpm, subjects)    # as they are, and guessed
    rows = with_best_guess(rows, guess, submit=both["best guess"] < both["as it is"])

If a peak is right with probability c, and is one of noise otherwise, the expected heart rate is
c * peak + (1 - c) * mean, with the mean of the training labels.  c is a logistic regression on the
quality, fitted to whether the answers of validation recordings are within 5 bpm.  It rises with the
quality: one that falls with it, which would be chance, is a constant instead.  The regression is
penalised, so that few recordings shift it little; isotonic regression, which needs no form,
follows single misses of some 20 recordings.

    >>> quality = np.linspace(0, 1, 40)
    >>> true_bpm = np.full(40, 70.0)
    >>> peaks_bpm = np.where(quality < 0.4, 170.0, 70.0)
    >>> guess = fit_best_guess(peaks_bpm, quality, true_bpm, mean_bpm=80)
    >>> guess.apply(np.array([170.0, 70.0]), np.array([0.05, 0.95])).round()
    array([84., 70.])
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from rppg.evaluation.ensemble_selection import subject_folds
from rppg.evaluation.metrics import NEAR_BPM
from rppg.evaluation.selective import answer_confidence

GUESS = "best guess"
PENALTY = 1.0  # scikit-learn's C of the regression, of the quality in standard deviations


@dataclass(frozen=True)
class BestGuess:
    """A calibrated confidence and the mean to shrink to; slope 0: the same for every quality."""

    mean_bpm: float
    slope: float  # of the logarithm of the odds, per unit of quality; >= 0
    intercept: float  # infinite: no answer, or every one, was right

    def confidence(self, quality: np.ndarray) -> np.ndarray:
        """Probability (n,) that answers of this quality (n,) are within 5 bpm; NaN quality as 0."""
        odds = self.slope * np.nan_to_num(np.asarray(quality, float)) + self.intercept
        return 1 / (1 + np.exp(-np.clip(odds, -500, 500)))

    def apply(self, rates_bpm: np.ndarray, quality: np.ndarray) -> np.ndarray:
        """Answers (n,) drawn towards the mean; a missing rate (NaN) is the mean.

        Raises ValueError for shapes that differ.
        """
        rates_bpm, quality = np.asarray(rates_bpm, float), np.asarray(quality, float)
        if np.isposinf(self.intercept) and rates_bpm.shape == quality.shape:
            return np.where(np.isfinite(rates_bpm), rates_bpm, self.mean_bpm)
        return shrink(rates_bpm, self.confidence(quality), self.mean_bpm)


def shrink(rates_bpm: np.ndarray, confidence: np.ndarray, mean_bpm: float) -> np.ndarray:
    """confidence * rate + (1 - confidence) * mean, (n,) each; the mean if either is NaN.

    Raises ValueError for shapes that differ, and confidences outside 0-1.
    """
    rates_bpm, confidence = np.asarray(rates_bpm, float), np.asarray(confidence, float)
    if rates_bpm.ndim != 1 or rates_bpm.shape != confidence.shape:
        found = f"{rates_bpm.shape} and {confidence.shape}"
        raise ValueError(f"expected rates and confidences (n,), found {found}")
    known = np.isfinite(rates_bpm) & np.isfinite(confidence)
    if ((confidence[known] < 0) | (confidence[known] > 1)).any():
        raise ValueError("expected confidences in 0-1")
    share = np.where(known, confidence, 0)
    return mean_bpm + share * (np.where(known, rates_bpm, mean_bpm) - mean_bpm)


def no_guess(mean_bpm: float) -> BestGuess:
    """One that leaves answers as they are, where there is nothing to calibrate on."""
    return BestGuess(mean_bpm, slope=0.0, intercept=np.inf)


def fit_best_guess(
    rates_bpm: np.ndarray, quality: np.ndarray, true_bpm: np.ndarray, mean_bpm: float
) -> BestGuess:
    """Fitted to answers (n,) of recordings that they were not fitted to; mean_bpm: of the training
    labels.  Answers, qualities and truths that are NaN are left out.  If every answer is right,
    nothing will be changed.  Raises ValueError for shapes that differ, no answer, and a mean that
    is no number.
    """
    given = [np.asarray(values, float) for values in (rates_bpm, quality, true_bpm)]
    if given[0].ndim != 1 or any(one.shape != given[0].shape for one in given):
        raise ValueError(f"expected three arrays (n,), found {[one.shape for one in given]}")
    rates, quality, truth = (one[np.isfinite(given).all(axis=0)] for one in given)
    if not len(rates) or not np.isfinite(mean_bpm):
        found = f"{len(rates)} answers with a truth, mean {mean_bpm}"
        raise ValueError(f"a best guess needs answers to calibrate on and a mean; found {found}")
    right = np.abs(rates - truth) <= NEAR_BPM
    slope, intercept = _logistic(quality, right)
    return BestGuess(float(mean_bpm), slope, intercept)


def held_out_rmse(
    rates_bpm: np.ndarray, quality: np.ndarray, true_bpm: np.ndarray, subjects: np.ndarray
) -> dict[str, float]:
    """RMSE in bpm of answers (n,) "as it is", and as "best guess", whose mean and confidence are
    fitted without the subject's part.  A missing rate is the mean in both; NaN for one subject."""
    plain, guessed = np.full(len(true_bpm), np.nan), np.full(len(true_bpm), np.nan)
    for fit, test in subject_folds(np.asarray(subjects)):
        mean_bpm = float(np.mean(true_bpm[fit]))
        plain[test] = np.nan_to_num(rates_bpm[test], nan=mean_bpm)
        one = fit_best_guess(rates_bpm[fit], quality[fit], true_bpm[fit], mean_bpm)
        guessed[test] = one.apply(rates_bpm[test], quality[test])
    errors = {"as it is": plain - true_bpm, GUESS: guessed - true_bpm}
    return {name: float(np.sqrt((error**2).mean())) for name, error in errors.items()}


def with_best_guess(rows: pd.DataFrame, guess: BestGuess, submit: bool) -> pd.DataFrame:
    """The answers of an ensemble (`rppg.evaluation.ensemble_selection.answer`), and those of the
    chosen combination as a best guess; submit: whether these are `chosen` in its place."""
    chosen = rows[rows["chosen"]]
    guessed = guess.apply(chosen["hr_bpm"].to_numpy(), answer_confidence(chosen))
    more = chosen.assign(model=chosen["model"] + f", {GUESS}", hr_bpm=guessed, chosen=submit)
    kept = rows.assign(chosen=rows["chosen"] & (not submit))
    return pd.concat([kept, more], ignore_index=True)


def _logistic(quality: np.ndarray, right: np.ndarray) -> tuple[float, float]:
    """Slope and intercept of the logarithm of the odds to be right."""
    from sklearn.linear_model import LogisticRegression  # a second, which few callers need

    share, spread = right.mean(), quality.std()
    if share in (0, 1):
        return 0.0, np.inf if share else -np.inf
    if spread > 1e-9:
        columns = ((quality - quality.mean()) / spread)[:, None]
        model = LogisticRegression(C=PENALTY).fit(columns, right)
        slope = float(model.coef_[0, 0] / spread)
        if slope > 0:
            return slope, float(model.intercept_[0] - slope * quality.mean())
    return 0.0, float(np.log(share / (1 - share)))
