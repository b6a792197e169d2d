"""Linear probes: linear models on frozen embeddings, with few labels and with all.

    >>> subjects = np.repeat(["ann", "bob", "cy", "di"], 20)
    >>> table = pd.DataFrame({"dataset": "demo", "subject": subjects, "origin": "synthetic"})
    >>> table["id"] = [f"demo/{name}/monday@{k}" for k, name in enumerate(subjects)]
    >>> table["activity"] = ["sitting", "walking"] * 40
    >>> embeddings = np.c_[table["activity"] == "walking", subjects == "ann"]  # or embed(net, ...)
    >>> rows = probe_activity(embeddings, table, np.repeat([0, 0, 1, 1], 20), n_labels=5, seed=0)
    >>> len(rows), (rows["truth"] == rows["predicted"]).all().item()
    (80, True)

All methods, including supervised training, give rows of one format: one per tested window; each
window is tested once, in its own fold, by a model trained on the other folds' labels.

    id, dataset, subject, origin   as in the windows' table
    task       "activity", or the name of a numeric column, such as "cadence_spm"
    n_labels   "1", "5", ...: labelled training windows per activity; "all": every one
    fold       int, the fold in which it was tested
    activity:     truth, predicted   the activities' names
                  p_<activity>       float32, a column per activity of the table, sums to 1;
                                     0 for one missing from the fold's training windows
    cadence_spm:  truth_value, predicted_value   steps per minute

Tables of both tasks, or of datasets with other activities, may be concatenated: columns that do not
apply are NaN.  The caller adds the columns method and seed.

Which labels are drawn, and from where, is said in label_splits.py.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
import torch
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits
from torch import nn

from rppg.studies.relcon.probing.label_splits import ACTIVITY, CADENCE, splits

FEW_C = 1.0  # with too few labels to choose it: scikit-learn's default
CHOICE_OF_C = (0.001, 0.01, 0.1, 1.0)
ALPHAS = np.logspace(-2, 4, 7)
SQUARED_ERROR = "neg_mean_squared_error"
N_INNER = 3  # inner folds of training subjects, to choose C and alpha
ABOUT = ["id", "dataset", "subject", "origin"]


def embed(
    net: nn.Module, xyz_g: np.ndarray, batch: int = 256, device="cpu", headed: bool = False
) -> np.ndarray:
    """Embeddings (n, D) float32 of windows (n, T, 3) by a MotionNet in eval mode.

    headed: outputs of its head (n, n_outputs) instead.  The net is moved to `device` and keeps its
    mode.  Raises ValueError if there is no window or an output is not finite.
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


@threadpool_limits.wrap(limits=1)  # threads slow down such short fits
def probe_activity(
    embeddings: np.ndarray,
    table: pd.DataFrame,
    folds,
    n_labels: int | None,
    seed: int,
    fitted: Callable | None = None,
) -> pd.DataFrame:
    """Rows (see above) of logistic regressions on standardised embeddings (n, D).

    n_labels: labelled windows per activity, None for all.  With all, C is chosen from CHOICE_OF_C
    by macro F1 over N_INNER inner folds of the training subjects, those with two activities to
    train on; with few, or without such a fold, it is FEW_C.  fitted:
    another classifier, (embeddings, labels, n_labels, seed) -> with classes_ and predict_proba.
    Raises ValueError as `splits` does, and for embeddings that do not match the table.
    """
    embeddings = _fitting(embeddings, table)
    labels, classes = table[ACTIVITY].to_numpy(str), activities(table)
    rows = []
    for fold, train, test in splits(table, folds, ACTIVITY, n_labels, seed):
        subjects = table["subject"].to_numpy()[train] if n_labels is None else None
        if fitted is None:
            model = _classifier(embeddings[train], labels[train], subjects)
        else:
            model = fitted(embeddings[train], labels[train], n_labels, seed)
        probabilities = np.zeros((len(test), len(classes)))
        known = np.searchsorted(classes, model.classes_)
        probabilities[:, known] = model.predict_proba(embeddings[test])
        rows.append(activity_rows(table.iloc[test], fold, n_labels, classes, probabilities))
    return pd.concat(rows, ignore_index=True)


@threadpool_limits.wrap(limits=1)
def probe_value(
    embeddings: np.ndarray,
    table: pd.DataFrame,
    folds,
    n_labels: int | None,
    seed: int,
    column: str = CADENCE,
) -> pd.DataFrame:
    """Rows (see above) of ridge regressions on standardised embeddings (n, D).

    column: of the table, with numbers or NaN.  n_labels: windows with one per activity, None for
    all.  The penalty is chosen from ALPHAS
    by the squared error: with all labels over N_INNER inner folds of the training subjects, with
    few by leave-one-out.  Raises as `probe_activity` does.
    """
    embeddings = _fitting(embeddings, table)
    rows = []
    for fold, train, test in splits(table, folds, column, n_labels, seed):
        subjects = table["subject"].to_numpy()[train] if n_labels is None else None
        inner = _inner_folds(subjects)
        model = make_pipeline(StandardScaler(), RidgeCV(ALPHAS, scoring=SQUARED_ERROR, cv=inner))
        model.fit(embeddings[train], table[column].to_numpy(float)[train])
        predicted = model.predict(embeddings[test])  # (n_test,)
        rows.append(value_rows(table.iloc[test], column, fold, n_labels, predicted))
    return pd.concat(rows, ignore_index=True)


def activities(table: pd.DataFrame) -> np.ndarray:
    """The activities of a table, sorted (n_classes,): the order of classes everywhere."""
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


def value_rows(
    tested: pd.DataFrame, column: str, fold: int, n_labels: int | None, predicted: np.ndarray
) -> pd.DataFrame:
    """Rows of one fold: its tested part of the table, and predictions (n_test,) of a column."""
    rows = _about(tested, column, n_labels, fold)
    truth = tested[column].to_numpy(float)
    return rows.assign(truth_value=truth, predicted_value=np.asarray(predicted, float))


def _about(tested: pd.DataFrame, task: str, n_labels: int | None, fold: int) -> pd.DataFrame:
    rows = tested[ABOUT].reset_index(drop=True)
    return rows.assign(task=task, n_labels="all" if n_labels is None else str(n_labels), fold=fold)


def _classifier(embeddings: np.ndarray, labels: np.ndarray, subjects) -> Pipeline:
    """A fitted pipeline with classes_ and predict_proba; C is chosen if subjects are given."""
    model = make_pipeline(StandardScaler(), LogisticRegression(C=FEW_C, max_iter=2000))
    inner = _inner_folds(subjects) or []
    inner = [(train, held) for train, held in inner if len(np.unique(labels[train])) > 1]
    if not inner:
        return model.fit(embeddings, labels)
    grid = {"logisticregression__C": CHOICE_OF_C}
    search = GridSearchCV(model, grid, scoring="f1_macro", cv=inner, error_score="raise")
    return search.fit(embeddings, labels).best_estimator_


def _inner_folds(subjects) -> list[tuple[np.ndarray, np.ndarray]] | None:
    """Positions (train, validation) with disjoint subjects; None without two subjects."""
    if subjects is None or len(np.unique(subjects)) < 2:
        return None
    splitter = GroupKFold(min(N_INNER, len(np.unique(subjects))))
    return list(splitter.split(np.zeros(len(subjects)), groups=subjects))


def _fitting(embeddings: np.ndarray, table: pd.DataFrame) -> np.ndarray:
    if embeddings.ndim != 2 or len(embeddings) != len(table):
        shapes = f"embeddings of shape {embeddings.shape}, {len(table)} rows in the table"
        raise ValueError(f"{shapes}: expected (n, D), one per row")
    return _finite(embeddings).astype(float)  # float64: weak ridge penalties need the precision


def _finite(embeddings: np.ndarray) -> np.ndarray:
    if len(bad := np.flatnonzero(~np.isfinite(embeddings).all(axis=1))):
        raise ValueError(f"embeddings of {len(bad)} windows are not finite, first {bad[:5]}")
    return embeddings
