"""By how much other models' errors differ from those of one model, on the same recordings.

    differences = paired_differences(true_bpm, rates_bpm, one_bpm, subjects_of(ids))

The difference is of RMSEs, in bpm: negative where the other model is better.  Its interval is a
percentile bootstrap over subjects: all recordings of a subject are drawn together, and both models
are scored on the same draw.  Within a draw the difference of RMSEs has the sign of that of mean
squared errors, so either gives the same verdict; this one can be read in bpm.

    >>> true_bpm, one_bpm = np.full(40, 80.0), np.full(40, 81.0)
    >>> worse = np.where(np.arange(40) % 2, 90.0, 80.0)
    >>> paired_differences(true_bpm, worse[None], one_bpm, np.arange(40))["verdict"].tolist()
    ['worse']
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from rppg.evaluation.metrics import DRAWS_A_CHUNK, INTERVAL_PERCENT, N_BOOT

BETTER, WORSE, UNDECIDED = "better", "worse", "undecided"
COMPARED = ["difference_bpm", "difference_low", "difference_high", "than_submitted"]
SUBMITTED = "submitted"  # in than_submitted, of the row that is submitted
PARTS_OF_ID = 3  # dataset/subject/name


def subjects_of(ids: Sequence[str]) -> np.ndarray:
    """The subject (n,) of each recording, "dataset/subject" of ids like dataset/subject/name.

    An id of another form does not say its subject, and counts as one of its own: the recordings
    are then resampled one by one.
    """
    parts = [str(id).split("/") for id in ids]
    known = [len(part) == PARTS_OF_ID and all(part) for part in parts]
    pairs = zip(ids, parts, known, strict=True)
    return np.array(["/".join(part[:2]) if ok else str(id) for id, part, ok in pairs], dtype=object)


def paired_differences(
    true_bpm: np.ndarray,
    rates_bpm: np.ndarray,
    one_bpm: np.ndarray,
    subjects: np.ndarray,
    n_boot: int = N_BOOT,
    seed: int = 0,
) -> pd.DataFrame:
    """How models with rates (M, n) differ from the one with rates (n,), a row per model.

    Columns: difference_bpm, its RMSE minus that of the one; difference_low and difference_high, the
    95 % interval; verdict: "better" or "worse" if the interval does not contain 0, else
    "undecided".  With a single subject there is no interval (NaN), and nothing is decided.
    subjects (n,): whose recordings are drawn together.

    Raises ValueError for shapes that differ, no recording, and rates that are no number.
    """
    true_bpm, rates_bpm = np.asarray(true_bpm, float), np.asarray(rates_bpm, float)
    every = np.vstack([np.asarray(one_bpm, float)[None], rates_bpm])  # (1 + M, n)
    if every.shape[1:] != true_bpm.shape or len(subjects) != len(true_bpm) or not len(true_bpm):
        found = f"{true_bpm.shape}, {rates_bpm.shape} and {len(subjects)} subjects"
        raise ValueError(f"expected truths (n,), rates (M, n) and n subjects, found {found}")
    if not (np.isfinite(every).all() and np.isfinite(true_bpm).all()):
        raise ValueError("rates or truths that are no number cannot be compared")
    squared = (every - true_bpm) ** 2
    rmse = np.sqrt(squared.mean(axis=1))
    low, high = _interval(squared, subjects, n_boot, seed)
    rows = {"difference_bpm": rmse[1:] - rmse[0], "difference_low": low, "difference_high": high}
    return pd.DataFrame({**rows, "verdict": list(map(_verdict, low, high))})


def compare(
    predictions: pd.DataFrame, submitted: str, n_boot: int = N_BOOT, seed: int = 0
) -> pd.DataFrame:
    """Columns COMPARED by model, of a long table in which each model has each recording once.

    Raises ValueError if there is no prediction of the submitted model.
    """
    rates = predictions.pivot(index="model", columns="id", values="hr_bpm")  # (M, n)
    if submitted not in rates.index:
        found = f"expected one of {rates.index.tolist()}"
        raise ValueError(f"no predictions of {submitted!r} to compare with, {found}")
    truth = predictions.drop_duplicates("id").set_index("id")["hr_true_bpm"][rates.columns]
    one, subjects = rates.loc[submitted], subjects_of(rates.columns)
    found = paired_differences(truth.to_numpy(), rates.to_numpy(), one, subjects, n_boot, seed)
    found = found.rename(columns={"verdict": COMPARED[-1]}).set_index(rates.index)
    found.loc[submitted, COMPARED[-1]] = SUBMITTED
    return found


def with_words(board: pd.DataFrame) -> pd.DataFrame:
    """A leaderboard whose columns COMPARED, if it has them, are one column of text, "than
    submitted": "+9.1 [+2.3, +14.4] worse"."""
    if not set(COMPARED) <= set(board):
        return board
    texts = [in_words(*row) for row in board[COMPARED].itertuples(index=False)]
    return board.drop(columns=COMPARED).assign(**{"than submitted": texts})


def in_words(difference_bpm: float, low: float, high: float, word: str) -> str:
    """One row of COMPARED as text."""
    if word == SUBMITTED:
        return SUBMITTED
    interval = f" [{low:+.1f}, {high:+.1f}]" if np.isfinite(low) else ""
    return f"{difference_bpm:+.1f}{interval} {word}"


def _interval(squared: np.ndarray, subjects, n_boot: int, seed: int) -> np.ndarray:
    """Ends (2, M) of the interval of RMSEs of squared errors (1 + M, n) less the first one's."""
    number = pd.factorize(np.asarray(subjects, dtype=object))[0]
    k = number.max() + 1
    if k < 2:
        return np.full((2, len(squared) - 1), np.nan)
    sums = np.stack([np.bincount(number, row, k) for row in squared], axis=1)  # (k, 1 + M)
    sizes, rng = np.bincount(number, minlength=k), np.random.default_rng(seed)
    found, size = [], max(1, DRAWS_A_CHUNK // k)
    for first in range(0, n_boot, size):
        n_draws = min(size, n_boot - first)
        times = rng.multinomial(k, np.full(k, 1 / k), size=n_draws)  # (draws, k)
        rmse = np.sqrt(times @ sums / (times @ sizes)[:, None])
        found.append(rmse[:, 1:] - rmse[:, :1])
    return np.percentile(np.concatenate(found), INTERVAL_PERCENT, axis=0)


def _verdict(low: float, high: float) -> str:
    return WORSE if low > 0 else BETTER if high < 0 else UNDECIDED
