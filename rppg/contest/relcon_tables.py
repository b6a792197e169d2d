"""RelCon and what it is compared with: the runs of a study gathered, and their predictions scored.

Rows are tested windows as rppg/motion/probe.py makes them, with the columns method and seed; each
run left them in predictions.parquet beside its run.json.

    scores(rows)  # a row a dataset, origin, task, n_labels, method and seed

Methods and numbers of labels are always in the order of METHODS and of `label_order`.
"""

import pandas as pd

from rppg.contest.motion_metrics import ACTIVITY_METRICS, CADENCE_METRICS, metrics

METHODS = ("RelCon", "SimCLR", "AugPred", "REBAR-style", "scratch", "random encoder")
ALL = "all"  # of n_labels
MAIN = {"activity": "macro_f1", "cadence_spm": "pearson_r"}  # the metric that a task is judged by
BY = ["dataset", "origin", "task", "n_labels", "method", "seed"]
SCORES = [*BY, "n", *ACTIVITY_METRICS, *CADENCE_METRICS]


def scores(rows: pd.DataFrame) -> pd.DataFrame:
    """Columns SCORES: the metrics of the windows of all folds together, NaN for another task's.

    Raises ValueError for no row, columns or values that lack, a window that a method was tested on
    twice, and a task or method that is in no table.
    """
    check_rows(rows)
    groups = rows.groupby(BY, sort=False)
    found = [dict(zip(BY, key, strict=True)) | metrics(group) for key, group in groups]
    return in_order(pd.DataFrame(found).reindex(columns=SCORES))


def in_order(table: pd.DataFrame) -> pd.DataFrame:
    """By dataset and task, with few labels before many, methods as METHODS has them, then seeds."""
    ranks = {"n_labels": label_order, "method": METHODS.index}
    by = [column for column in BY if column in table]
    return table.sort_values(
        by, key=lambda column: column.map(ranks.get(column.name, lambda value: value))
    ).reset_index(drop=True)


def label_order(n_labels: str) -> float:
    """What sorts "1", "5", "10", "all"."""
    return float("inf") if n_labels == ALL else float(n_labels)


def check_rows(rows: pd.DataFrame) -> None:
    """Raises ValueError where the rows are none that `scores` takes."""
    lacking = [column for column in [*BY, "id", "subject"] if column not in rows]
    if lacking or rows.empty:
        raise ValueError(f"rows lack {lacking or 'every window'}: give those that a run has left")
    if rows[BY].isna().any(axis=None):
        raise ValueError(f"rows without a value: {rows[BY].isna().sum().to_dict()}")
    for column, known in (("method", METHODS), ("task", tuple(MAIN))):
        if odd := sorted(set(rows[column]) - set(known)):
            raise ValueError(f"{column} is {odd}, expected some of {list(known)}")
    twice = rows[rows.duplicated([*BY, "id"])]
    if len(twice):
        first = twice[[*BY, "id"]].iloc[0].to_dict()
        raise ValueError(f"{len(twice)} windows were tested twice, the first: {first}")
