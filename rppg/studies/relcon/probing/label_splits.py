"""Folds of windows by subject, and the labelled windows that a probe may use in each.

    for fold, train, test in splits(windows.table, folds, "activity", n_labels=5, seed=0):
        ...  # positions of labelled windows to train on, and to test on

Windows without a label (activity "", cadence NaN) are skipped.  folds (n,) are integers, one per
window (2 folds or more); no subject may be in two.  Labels are drawn from the training folds'
windows of each activity, also for cadence, by (seed, fold) alone: all methods use the same ones,
and those of n_labels=1 are among those of 5.  An activity with fewer windows than n_labels gives
all.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from rppg.utils.seeding import seed_from

ACTIVITY, CADENCE = "activity", "cadence_spm"  # tasks, and the label columns


class TooFewLabels(ValueError):
    """A task that these windows, folds and numbers of labels do not allow; others may be fine."""


class Split(NamedTuple):
    """One fold: positions in the table."""

    fold: int
    train: np.ndarray  # (n_train,)
    test: np.ndarray  # (n_test,)


def splits(
    table: pd.DataFrame, folds, task: str, n_labels: int | None, seed: int
) -> Iterator[Split]:
    """Training windows, drawn as described above, and tested windows of each fold.

    table: the windows' rows of one dataset.  folds: (n,).  Raises, before the first fold,
    TooFewLabels for fewer than two folds with labels and a fold with fewer than two labels (or
    activities, for that task) to train on, ValueError for several datasets, a subject in two folds
    and n_labels below 1.
    """
    folds = np.asarray(folds)
    _check(table, folds, n_labels)
    labelled = table[task] != "" if task == ACTIVITY else table[task].notna()
    labelled = np.flatnonzero(labelled.to_numpy(bool))
    if len(numbers := np.unique(folds[labelled])) < 2:
        subjects = ", ".join(sorted(table["subject"].iloc[labelled].unique())) or "nobody"
        text = f"labels of {task} lie in the folds {numbers.tolist()} ({subjects})"
        raise TooFewLabels(f"{text}, expected those of two folds of subjects or more")
    yield from [_split(table, folds, task, labelled, n_labels, k, seed) for k in numbers.tolist()]


def _split(
    table: pd.DataFrame, folds: np.ndarray, task: str, labelled, n_labels, fold: int, seed: int
) -> Split:
    test, train = labelled[folds[labelled] == fold], labelled[folds[labelled] != fold]
    drawn = _drawn(table[ACTIVITY].to_numpy(str), train, n_labels, seed_from(seed, fold))
    held = table[task].iloc[drawn]
    if (held.nunique() if task == ACTIVITY else len(held)) < 2:
        text = f"fold {fold} has {held.unique().tolist()} of {task} to train on"
        raise TooFewLabels(f"{text}, expected two or more: use other folds or more n_labels")
    return Split(fold, drawn, test)


def _drawn(labels: np.ndarray, train: np.ndarray, n_labels: int | None, seed: int) -> np.ndarray:
    """n_labels positions per activity from `train`, sorted; all if n_labels is None."""
    if n_labels is None:
        return train
    shuffled = np.random.default_rng(seed).permutation(train)
    of_each = [shuffled[labels[shuffled] == name][:n_labels] for name in np.unique(labels[train])]
    return np.sort(np.concatenate(of_each)) if of_each else train


def _check(table: pd.DataFrame, folds: np.ndarray, n_labels: int | None) -> None:
    if n_labels is not None and n_labels < 1:
        raise ValueError(f"n_labels is {n_labels}, expected 1 or more, or None for all")
    if folds.shape != (len(table),) or not np.issubdtype(folds.dtype, np.integer):
        given = f"folds are {folds.dtype} of shape {folds.shape}"
        raise ValueError(f"{given}, expected integers ({len(table)},), one per window")
    if len(datasets := table["dataset"].unique()) > 1:
        raise ValueError(f"windows of {sorted(datasets)}: probe one dataset at a time")
    n_folds = pd.Series(folds).groupby(table["subject"].to_numpy()).nunique()
    if len(shared := n_folds.index[n_folds > 1].tolist()):
        raise ValueError(f"subjects in two folds: {shared}: split by subject")
