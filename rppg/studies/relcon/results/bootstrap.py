"""Bootstrap of the RelCon study: intervals over subjects and seeds, paired differences.

    summary = with_intervals(rows)  # one row per dataset, origin, task, n_labels and method
    compared = against(rows)  # the same, for RelCon minus each other method

Rows are those of `runs.collect`.  Windows of one subject are correlated, so whole subjects are
drawn with replacement (BasicMotions does not name its subjects; each segment counts as one).  In
each draw the metric is computed per seed over all folds, and averaged over as many seeds as there
are, also drawn with replacement; draws are the same for all methods.  The interval contains 95 % of
the draws: the variation over other subjects and other seeds.  With one seed only subjects are
drawn, and the variation over seeds is not included.

Few seeds limit the interval: if a score varies with the seed alone, two equal methods with three or
five seeds are still called different in about a fifth of cases (by chance three seeds agree in a
quarter); if subjects contribute as much of the variation, rarely.

Per subject a metric needs only a matrix of counts or a few sums, which are added up in each draw.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from rppg.studies.relcon.results.runs import METHODS, check_rows, in_order, main_metric

N_BOOT = 2000
INTERVAL_PERCENT = (2.5, 97.5)
FLAT = 1e-9  # variance as a share of the mean square, at most, of a constant
CASE = ["dataset", "origin", "task", "n_labels"]
SUMMARY = [*CASE, "method", "metric", "mean", "low", "high", "seed_sd"]
SUMMARY += ["n_seeds", "n_subjects", "n_windows"]
COMPARED = [*CASE, "method", "metric", "relcon", "theirs", "difference", "low", "high"]
COMPARED += ["seeds_ahead", "n_seeds", "word"]
BETTER, WORSE, UNDECIDED = "better", "worse", "undecided"  # interval above, below, around 0


class Case(NamedTuple):
    """One dataset, task and number of labels: the main metric of every method and seed."""

    about: dict  # CASE, metric, n_seeds
    methods: list[str]  # (M,)
    values: np.ndarray  # (M, S) over all windows
    drawn: np.ndarray  # (n_boot, M): bootstrap draws, means over seeds
    n_subjects: int
    n_windows: int


def with_intervals(rows: pd.DataFrame, n_boot: int = N_BOOT, seed: int = 0) -> pd.DataFrame:
    """Columns SUMMARY: the main metric's mean over seeds with its interval [low, high].

    seed_sd: standard deviation over seeds, NaN for one.  low and high are NaN with one subject.
    Raises ValueError as `scores` does, and if methods differ in seeds, windows or truths.
    """
    tables = []
    for case in _cases(rows, n_boot, seed):
        low, high = _interval(case.drawn, case.n_subjects)  # (M,) each
        n_seeds = case.about["n_seeds"]
        sd = case.values.std(axis=1, ddof=1) if n_seeds > 1 else np.full(len(low), np.nan)
        numbers = {"mean": case.values.mean(axis=1), "low": low, "high": high, "seed_sd": sd}
        about = case.about | {"n_subjects": case.n_subjects, "n_windows": case.n_windows}
        tables.append(pd.DataFrame({"method": case.methods, **numbers}).assign(**about))
    return in_order(pd.concat(tables)[SUMMARY])


def against(rows: pd.DataFrame, n_boot: int = N_BOOT, seed: int = 0) -> pd.DataFrame:
    """Columns COMPARED: RelCon's main metric minus that of each other method, on the same draws.

    method: the other one.  seeds_ahead: in how many seeds RelCon's is larger.  word: "better" if
    the whole interval is above 0, "worse" if below, else "undecided".  Raises ValueError as
    `with_intervals` does, and if RelCon is missing.
    """
    tables = []
    for case in _cases(rows, n_boot, seed):
        if METHODS[0] not in case.methods:
            raise ValueError(f"{case.about}: no row of {METHODS[0]} among {case.methods}")
        own = case.methods.index(METHODS[0])
        difference = case.values[own] - case.values  # (M, S)
        low, high = _interval(case.drawn[:, [own]] - case.drawn, case.n_subjects)  # (M,) each
        means = case.values.mean(axis=1)
        numbers = {"relcon": means[own], "theirs": means, "difference": means[own] - means}
        numbers |= {"low": low, "high": high, "seeds_ahead": (difference > 0).sum(axis=1)}
        words = np.select([low > 0, high < 0], [BETTER, WORSE], UNDECIDED)
        table = pd.DataFrame({"method": case.methods, **numbers, "word": words}).drop(index=own)
        tables.append(table.assign(**case.about))
    return in_order(pd.concat(tables)[COMPARED])


def drawn_words(n_seeds: int) -> str:
    """Description of the intervals, such as "over subjects and seeds"."""
    return "over subjects and seeds" if n_seeds > 1 else "over subjects; seeds are not included"


def _cases(rows: pd.DataFrame, n_boot: int, seed: int) -> Iterator[Case]:
    check_rows(rows)
    for key, group in rows.groupby(CASE, sort=True):
        about = dict(zip(CASE, key, strict=True))
        _check_same(group, about)
        subject, subjects = pd.factorize(group["subject"], sort=True)
        method, methods = pd.factorize(group["method"], sort=True)
        of_seed, seeds = pd.factorize(group["seed"], sort=True)
        n_models, n_subjects = len(methods) * len(seeds), len(subjects)
        place = (method * len(seeds) + of_seed) * n_subjects + subject  # (n,)
        sums_of, metric = TASKS["activity" if about["task"] == "activity" else "value"]
        sums = sums_of(group, place, n_models * n_subjects)  # (M S U, k)
        sums = sums.reshape(n_models, n_subjects, -1)
        times, shares = _drawn(n_subjects, len(seeds), n_boot, seed)
        drawn = metric(np.tensordot(times, sums, axes=(1, 1)))  # (n_boot, M S)
        drawn = drawn.reshape(n_boot, len(methods), len(seeds))
        yield Case(
            about | {"metric": main_metric(about["task"]), "n_seeds": len(seeds)},
            list(methods),
            metric(sums.sum(axis=1)).reshape(len(methods), len(seeds)),
            np.einsum("bms,bs->bm", drawn, shares),
            n_subjects,
            len(group) // n_models,
        )


def _check_same(group: pd.DataFrame, about: dict) -> None:
    """Raises ValueError unless every method has every seed, and all the same windows and truths."""
    truth = "truth" if about["task"] == "activity" else "truth_value"
    n_of = group.groupby("method")["seed"].nunique()
    if n_of.nunique() > 1 or n_of.iloc[0] != group["seed"].nunique():
        seeds = group.groupby("method")["seed"].unique().map(sorted).to_dict()
        raise ValueError(f"{about}: methods have different seeds and cannot be compared: {seeds}")
    n_windows = group["id"].nunique()
    if len(group) != n_windows * len(n_of) * n_of.iloc[0]:
        sizes = group.groupby(["method", "seed"]).size().to_dict()
        raise ValueError(f"{about}: methods were tested on different windows: {sizes}")
    if len(group[["id", "subject", truth]].drop_duplicates()) != n_windows:
        raise ValueError(f"{about}: a window has several subjects or truths ({truth})")


def _drawn(n_subjects: int, n_seeds: int, n_boot: int, seed: int) -> list[np.ndarray]:
    """Counts of each subject in each draw (n_boot, n_subjects), and shares of each seed in each
    draw (n_boot, n_seeds)."""
    rng = np.random.default_rng(seed)
    times = [rng.multinomial(n, np.full(n, 1 / n), size=n_boot) for n in (n_subjects, n_seeds)]
    return [times[0].astype(float), times[1] / n_seeds]


def _interval(drawn: np.ndarray, n_subjects: int) -> np.ndarray:
    """Ends (2, M) of the interval of draws (n_boot, M); NaN for one subject or a draw with NaN."""
    if n_subjects < 2:
        return np.full((2, drawn.shape[1]), np.nan)
    return np.percentile(drawn, INTERVAL_PERCENT, axis=0)


def _confusions(group: pd.DataFrame, place: np.ndarray, n_places: int) -> np.ndarray:
    """Confusion matrices (n_places, C * C), one per model and subject."""
    codes, classes = pd.factorize(pd.concat([group["truth"], group["predicted"]]))
    truth, predicted = np.split(codes, 2)
    n = len(classes)
    counts = np.bincount((place * n + truth) * n + predicted, minlength=n_places * n * n)
    return counts.reshape(n_places, n * n).astype(float)


def _macro_f1(confusions: np.ndarray) -> np.ndarray:
    """Mean F1 (...) over the classes in the truth, from confusion matrices (..., C * C)."""
    n = round(confusions.shape[-1] ** 0.5)
    matrices = confusions.reshape(*confusions.shape[:-1], n, n)
    right = np.diagonal(matrices, axis1=-2, axis2=-1)  # (..., C)
    true, predicted = matrices.sum(axis=-1), matrices.sum(axis=-2)
    f1 = 2 * right / np.maximum(true + predicted, 1)
    return (f1 * (true > 0)).sum(axis=-1) / (true > 0).sum(axis=-1)


def _moments(group: pd.DataFrame, place: np.ndarray, n_places: int) -> np.ndarray:
    """Sums (n_places, 6) over windows of 1, x, y, x^2, y^2, x y; x true, y predicted."""
    x, y = (group[f"{which}_value"].to_numpy(float) for which in ("truth", "predicted"))
    x, y = x - x.mean(), y - x.mean()
    terms = (np.ones_like(x), x, y, x * x, y * y, x * y)
    return np.stack([np.bincount(place, term, n_places) for term in terms], axis=1)


def _pearson(moments: np.ndarray) -> np.ndarray:
    """Pearson's r (...) from sums (..., 6), NaN if truth or prediction is constant."""
    n, x, y, xx, yy, xy = np.moveaxis(moments, -1, 0)
    of_x, of_y = n * xx - x * x, n * yy - y * y
    flat = (of_x <= FLAT * n * xx) | (of_y <= FLAT * n * yy)
    product = np.where(flat, np.nan, of_x * of_y)
    return (n * xy - x * y) / np.sqrt(product)


TASKS = {"activity": (_confusions, _macro_f1), "value": (_moments, _pearson)}
