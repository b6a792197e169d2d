"""Metrics of activity classification, and of the regression of any other label.

Rows are tested windows from `probing/linear_probe.py`: `truth`, `predicted` and a probability
`p_<activity>` per class for the task "activity", `truth_value` and `predicted_value` for
any other, which is the name of a numeric column such as "cadence_spm", in its unit.

    >>> about = {"task": "activity", "dataset": "demo", "n_labels": "5"}
    >>> rows = pd.DataFrame(about, index=range(4))
    >>> rows = rows.assign(truth=list("aabb"), predicted=list("abbb"))
    >>> rows = rows.assign(p_a=[0.9, 0.4, 0.3, 0.2], p_b=[0.1, 0.6, 0.7, 0.8])
    >>> {name: round(value, 3) for name, value in metrics(rows).items()}
    {'n': 4, 'macro_f1': 0.733, 'balanced_accuracy': 0.75, 'kappa': 0.5, 'auc': 1.0}
"""

import numpy as np
import pandas as pd
from scipy.stats import pearsonr
from sklearn.metrics import (
    cohen_kappa_score,
    f1_score,
    mean_absolute_error,
    recall_score,
    roc_auc_score,
)

ONE_OF_EACH = ("task", "dataset", "n_labels", "method", "seed")  # constant columns, if present
ACTIVITY_METRICS = ("macro_f1", "balanced_accuracy", "kappa", "auc")
VALUE_METRICS = ("pearson_r", "mae")


def metrics(rows: pd.DataFrame) -> dict[str, float]:
    """Metrics of the rows of one model on one dataset.

    activity: n, macro_f1, balanced_accuracy (mean recall), kappa (Cohen's) and auc (one-vs-rest).
    Means are over the classes in the truth: a prediction of another class counts against the true
    class.  auc ranks windows of several folds by probabilities of several models.  With one class
    in the truth, kappa and auc are NaN.  Others: n, pearson_r (NaN if truth or prediction is
    constant) and mae.

    Raises ValueError for no row, rows of several tasks, datasets, n_labels, methods or seeds, and
    a missing column, truth, prediction or probability.
    """
    _check(rows)
    return _of_activity(rows) if rows["task"].iloc[0] == "activity" else _of_value(rows)


def _of_activity(rows: pd.DataFrame) -> dict[str, float]:
    named = [column for column in rows if column.startswith("p_") and rows[column].notna().any()]
    _check_complete(rows, ["truth", "predicted", *named])
    classes = np.array(sorted(column.removeprefix("p_") for column in named))
    truth, predicted = (_places(rows[column], classes) for column in ("truth", "predicted"))
    held = np.unique(truth)
    mean = {"labels": held, "average": "macro", "zero_division": 0}
    several = len(held) > 1
    return {
        "n": len(rows),
        "macro_f1": float(f1_score(truth, predicted, **mean)),
        "balanced_accuracy": float(recall_score(truth, predicted, **mean)),
        "kappa": float(cohen_kappa_score(truth, predicted)) if several else np.nan,
        "auc": _auc(truth, rows, classes[held]) if several else np.nan,
    }


def _auc(truth: np.ndarray, rows: pd.DataFrame, held: np.ndarray) -> float:
    """Mean one-vs-rest AUC over the classes in truth (n,)."""
    areas = [
        roc_auc_score(truth == place, rows[f"p_{name}"])
        for place, name in zip(np.unique(truth), held, strict=True)
    ]
    return float(np.mean(areas))


def _of_value(rows: pd.DataFrame) -> dict[str, float]:
    _check_complete(rows, ["truth_value", "predicted_value"])
    truth_value, predicted_value = (
        rows["truth_value"].to_numpy(),
        rows["predicted_value"].to_numpy(),
    )
    constant = np.ptp(truth_value) == 0 or np.ptp(predicted_value) == 0
    return {
        "n": len(rows),
        "pearson_r": np.nan
        if constant
        else float(pearsonr(truth_value, predicted_value).statistic),
        "mae": float(mean_absolute_error(truth_value, predicted_value)),
    }


def _places(labels: pd.Series, classes: np.ndarray) -> np.ndarray:
    """Index of each label among the sorted classes (n,)."""
    if unknown := sorted(set(labels) - set(classes)):
        expected = f"the classes that have probabilities, {classes.tolist()}"
        raise ValueError(f"{labels.name} has {unknown}, expected {expected}")
    return np.searchsorted(classes, labels.to_numpy(str))


def _check(rows: pd.DataFrame) -> None:
    if rows.empty:
        raise ValueError("no row to measure")
    if missing := [column for column in ONE_OF_EACH[:3] if column not in rows]:
        raise ValueError(f"missing columns {missing}: expected rows of a probe")
    for column in ONE_OF_EACH:
        if column in rows and len(values := rows[column].unique()) > 1:
            advice = "group the rows by it first"
            raise ValueError(f"rows have several values of {column}: {list(values)[:5]}; {advice}")


def _check_complete(rows: pd.DataFrame, columns: list[str]) -> None:
    for column in columns:
        if column not in rows or rows[column].isna().any():
            n = rows[column].isna().sum() if column in rows else len(rows)
            raise ValueError(f"{n} of {len(rows)} rows have no {column}, expected it in each")
