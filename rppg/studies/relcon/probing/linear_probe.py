"""Linear models on frozen embeddings: what a net has learned, and how few labels bring it out.

    >>> subjects = np.repeat(["ann", "bob", "cy", "di"], 20)
    >>> table = pd.DataFrame({"dataset": "demo", "subject": subjects, "origin": "synthetic"})
    >>> table["id"] = [f"demo/{name}/monday@{k}" for k, name in enumerate(subjects)]
    >>> table["activity"] = ["sitting", "walking"] * 40
    >>> embeddings = np.c_[table["activity"] == "walking", subjects == "ann"]  # or embed(net, ...)
    >>> rows = probe_activity(embeddings, table, np.repeat([0, 0, 1, 1], 20), n_labels=5, seed=0)
    >>> len(rows), (rows["truth"] == rows["predicted"]).mean()
    (80, 1.0)

One format of rows for every method (the nets trained from scratch have it, too): a row a tested
window, each window tested once, in its own fold, by a model of the other folds' labels.

    id, dataset, subject, origin   of the window, as in the windows' table
    task       "activity" or "cadence_spm"
    n_labels   "1", "5", ...: labelled windows of each activity to learn from; "all": every one
    fold       int, the fold that tested it
    activity:     truth, predicted   the activities' names
                  p_<activity>       float32, a column for each activity of the table, sums to 1;
                                     0 for one that the fold's training windows do not hold
    cadence_spm:  truth_spm, predicted_spm   steps a minute

Tables of both tasks, or of datasets with other activities, may be put below each other
(pandas.concat): what a row has no meaning for is NaN there.  Who calls adds what tells the models
apart: method, seed.

Windows without a label are left out: no activity (""), cadence NaN.  folds (n,) are whole numbers,
one a window (n_folds 2 or more); no subject may be in two.  Labels are drawn from the training
folds' windows of each activity, also for cadence, by (seed, fold) alone: every method learns from
the same ones, and those of n_labels=1 are among those of 5.  An activity with fewer windows than
n_labels gives all that it has.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits
from torch import nn

from rppg.utils.seeding import seed_from

ACTIVITY, CADENCE = "activity", "cadence_spm"  # tasks, and the table's columns of their labels
FEW_C = 1.0  # where labels are too few to choose it by: scikit-learn's own
CHOICE_OF_C = (0.001, 0.01, 0.1, 1.0)
ALPHAS = np.logspace(-2, 4, 7)
SQUARED_ERROR = "neg_mean_squared_error"
N_INNER = 3  # folds of training subjects that choose C and alpha
ABOUT = ["id", "dataset", "subject", "origin"]


class Split(NamedTuple):
    """One fold's turn: positions in the table."""

    fold: int
    train: np.ndarray  # (n_train,)
    test: np.ndarray  # (n_test,)


def embed(
    net: nn.Module, xyz_g: np.ndarray, batch: int = 256, device="cpu", headed: bool = False
) -> np.ndarray:
    """Embeddings (n, D) float32 of windows (n, T, 3) by a MotionNet in eval mode.

    headed: its head's outputs (n, n_outputs) instead.  The net is moved to `device`; its mode stays
    as it was.  Raises ValueError where there is no window or an output is not finite.
    """
    if len(xyz_g) == 0:
        raise ValueError("no window to embed")
    was_training, how = net.training, {"headed": True} if headed else {}
    net.to(device).eval()
    with torch.inference_mode():
        parts = [
            net(torch.tensor(np.asarray(xyz_g[at : at + batch]), device=device), **how).cpu()
            for at in range(0, len(xyz_g), batch)
        ]
    net.train(was_training)
    return _finite(torch.cat(parts).float().numpy())  # (n, D)


@threadpool_limits.wrap(limits=1)  # threads make such short fits several times slower
def probe_activity(
    embeddings: np.ndarray, table: pd.DataFrame, folds, n_labels: int | None, seed: int
) -> pd.DataFrame:
    """Rows (see the file's head) of logistic regressions on standardised embeddings (n, D).

    n_labels: labelled windows of each activity, None for all.  With all, C is chosen from
    CHOICE_OF_C by macro F1 over N_INNER inner folds of the training subjects; with few it is FEW_C.
    Raises ValueError for what `splits` refuses, and for embeddings that do not fit the table.
    """
    embeddings = _fitting(embeddings, table)
    labels, classes = table[ACTIVITY].to_numpy(str), activities(table)
    found = []
    for fold, train, test in splits(table, folds, ACTIVITY, n_labels, seed):
        subjects = table["subject"].to_numpy()[train] if n_labels is None else None
        model = _classifier(embeddings[train], labels[train], subjects)
        probabilities = np.zeros((len(test), len(classes)))
        known = np.searchsorted(classes, model.classes_)
        probabilities[:, known] = model.predict_proba(embeddings[test])
        found.append(activity_rows(table.iloc[test], fold, n_labels, classes, probabilities))
    return pd.concat(found, ignore_index=True)


@threadpool_limits.wrap(limits=1)
def probe_cadence(
    embeddings: np.ndarray, table: pd.DataFrame, folds, n_labels: int | None, seed: int
) -> pd.DataFrame:
    """Rows (see the file's head) of ridge regressions on standardised embeddings (n, D).

    n_labels: windows with a cadence of each activity, None for all.  The penalty is chosen from
    ALPHAS by the squared error over N_INNER inner folds of the training subjects with all labels,
    over single windows left out with few.  Raises as `probe_activity` does.
    """
    embeddings = _fitting(embeddings, table)
    found = []
    for fold, train, test in splits(table, folds, CADENCE, n_labels, seed):
        subjects = table["subject"].to_numpy()[train] if n_labels is None else None
        inner = _inner_folds(subjects)
        model = make_pipeline(StandardScaler(), RidgeCV(ALPHAS, scoring=SQUARED_ERROR, cv=inner))
        model.fit(embeddings[train], table[CADENCE].to_numpy(float)[train])
        predicted_spm = model.predict(embeddings[test])  # (n_test,)
        found.append(cadence_rows(table.iloc[test], fold, n_labels, predicted_spm))
    return pd.concat(found, ignore_index=True)


def splits(
    table: pd.DataFrame, folds, task: str, n_labels: int | None, seed: int
) -> Iterator[Split]:
    """Each fold's training windows, drawn as the file's head says, and tested windows.

    table: the windows' rows of one dataset.  folds: (n,).  Raises ValueError for several datasets,
    fewer than two folds with labels, a subject in two folds, n_labels below 1, no label, and a
    fold whose training windows hold fewer than two labels (activities, for that task).
    """
    folds = np.asarray(folds)
    _check(table, folds, n_labels)
    labelled = table[task] != "" if task == ACTIVITY else table[task].notna()
    labelled = np.flatnonzero(labelled.to_numpy(bool))
    if len(numbers := np.unique(folds[labelled])) < 2:
        raise ValueError(f"labels of {task} lie in the folds {numbers.tolist()}, expected 2 folds")
    for fold in numbers.tolist():
        test = labelled[folds[labelled] == fold]
        train = labelled[folds[labelled] != fold]
        drawn = _drawn(table[ACTIVITY].to_numpy(str), train, n_labels, seed_from(seed, fold))
        held = table[task].iloc[drawn]
        if (held.nunique() if task == ACTIVITY else len(held)) < 2:
            text = f"fold {fold} has {held.unique().tolist()} of {task} to learn from"
            raise ValueError(f"{text}, expected two or more: take other folds or more n_labels")
        yield Split(fold, drawn, test)


def activities(table: pd.DataFrame) -> np.ndarray:
    """The activities of a table, sorted (n_classes,): the order of the classes everywhere."""
    labels = table[ACTIVITY].to_numpy(str)
    return np.unique(labels[labels != ""])


def activity_rows(
    tested: pd.DataFrame, fold: int, n_labels: int | None, classes, probabilities: np.ndarray
) -> pd.DataFrame:
    """Rows of one fold: its tested part of the table, and probabilities (n_test, n_classes)."""
    predicted = np.asarray(classes)[probabilities.argmax(axis=1)]
    named = {f"p_{name}": probabilities[:, k].astype("f4") for k, name in enumerate(classes)}
    rows = _about(tested, ACTIVITY, n_labels, fold)
    return rows.assign(
        truth=tested[ACTIVITY].to_numpy(), predicted=predicted.astype(object), **named
    )


def cadence_rows(
    tested: pd.DataFrame, fold: int, n_labels: int | None, predicted_spm: np.ndarray
) -> pd.DataFrame:
    """Rows of one fold: its tested part of the table, and predicted cadences (n_test,)."""
    rows = _about(tested, CADENCE, n_labels, fold)
    truth_spm = tested[CADENCE].to_numpy(float)
    return rows.assign(truth_spm=truth_spm, predicted_spm=np.asarray(predicted_spm, float))


def _about(tested: pd.DataFrame, task: str, n_labels: int | None, fold: int) -> pd.DataFrame:
    rows = tested[ABOUT].reset_index(drop=True)
    return rows.assign(task=task, n_labels="all" if n_labels is None else str(n_labels), fold=fold)


def _classifier(embeddings: np.ndarray, labels: np.ndarray, subjects) -> Pipeline:
    """A fitted pipeline with classes_ and predict_proba; C is chosen where subjects are given."""
    model = make_pipeline(StandardScaler(), LogisticRegression(C=FEW_C, max_iter=2000))
    inner = _inner_folds(subjects)
    if inner is None:
        return model.fit(embeddings, labels)
    grid = {"logisticregression__C": CHOICE_OF_C}
    search = GridSearchCV(model, grid, scoring="f1_macro", cv=inner, error_score="raise")
    return search.fit(embeddings, labels).best_estimator_


def _inner_folds(subjects) -> list[tuple[np.ndarray, np.ndarray]] | None:
    """Positions (train, validation) such that no subject is in both; None where there are no two
    subjects to hold apart."""
    if subjects is None or len(np.unique(subjects)) < 2:
        return None
    splitter = GroupKFold(min(N_INNER, len(np.unique(subjects))))
    return list(splitter.split(np.zeros(len(subjects)), groups=subjects))


def _drawn(labels: np.ndarray, train: np.ndarray, n_labels: int | None, seed: int) -> np.ndarray:
    """n_labels positions of each activity out of `train`, sorted; all where n_labels is None."""
    if n_labels is None:
        return train
    shuffled = np.random.default_rng(seed).permutation(train)
    of_each = [shuffled[labels[shuffled] == name][:n_labels] for name in np.unique(labels[train])]
    return np.sort(np.concatenate(of_each)) if of_each else train


def _check(table: pd.DataFrame, folds: np.ndarray, n_labels: int | None) -> None:
    if n_labels is not None and n_labels < 1:
        raise ValueError(f"n_labels is {n_labels}, expected 1 or more, or None for all")
    if folds.shape != (len(table),) or not np.issubdtype(folds.dtype, np.integer):
        found = f"folds are {folds.dtype} of shape {folds.shape}"
        raise ValueError(f"{found}, expected whole numbers ({len(table)},), one a window")
    if len(datasets := table["dataset"].unique()) > 1:
        raise ValueError(f"windows of {sorted(datasets)}: probe one dataset at a time")
    n_folds = pd.Series(folds).groupby(table["subject"].to_numpy()).nunique()
    if len(shared := n_folds.index[n_folds > 1].tolist()):
        raise ValueError(f"subjects in two folds: {shared}: split by subject")


def _fitting(embeddings: np.ndarray, table: pd.DataFrame) -> np.ndarray:
    if embeddings.ndim != 2 or len(embeddings) != len(table):
        found = f"embeddings of shape {embeddings.shape}, {len(table)} rows in the table"
        raise ValueError(f"{found}: expected (n, D), one a row")
    return _finite(embeddings).astype(float)  # ridge's weak penalties need the digits


def _finite(embeddings: np.ndarray) -> np.ndarray:
    if len(bad := np.flatnonzero(~np.isfinite(embeddings).all(axis=1))):
        raise ValueError(f"embeddings of {len(bad)} windows are not finite, first {bad[:5]}")
    return embeddings
