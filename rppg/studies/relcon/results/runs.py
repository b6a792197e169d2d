"""RelCon and what it is compared with: the runs of a study gathered, and their predictions scored.

Rows are tested windows as rppg/studies/relcon/probing/linear_probe.py makes them, with the columns method and seed; each
run left them in predictions.parquet beside its run.json.

    rows, facts = collect(["runs/relcon"])
    scores(rows)  # a row a dataset, origin, task, n_labels, method and seed
    collect_nearness(["runs/relcon"])  # what the learned distances say of pairs

Methods and numbers of labels are always in the order of METHODS and of `label_order`.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pandas as pd

from rppg.studies.relcon.results.metrics import ACTIVITY_METRICS, CADENCE_METRICS, metrics
from rppg.studies.run_folders import left, run_folders

LEARNED = ("RelCon", "SimCLR", "AugPred", "REBAR-style", "scratch")
METHODS = (*LEARNED, "random encoder", "hand-made features")  # the last two: nothing is learned
ALL = "all"  # of n_labels
MAIN = {"activity": "macro_f1", "cadence_spm": "pearson_r"}  # the metric that a task is judged by
BY = ["dataset", "origin", "task", "n_labels", "method", "seed"]
SCORES = [*BY, "n", *ACTIVITY_METRICS, *CADENCE_METRICS]
RULES = {  # that learn nothing, beside the learned distance: in words
    "untrained": "untrained net",
    "raw": "squared difference",
    "energy": "energy alone",
}
NEARNESS = ["question", "learned", *RULES, "n_anchors"]  # of nearness.csv
SAME = "datasets test_share dev_share n_folds n_labels architecture index".split()  # of all runs
SECONDS = ["seconds", "distance_seconds"]  # of training, and of the distance before it
FACTS = ["method", "seed", "learned_from", "origin", *SECONDS, "run_dir", *SAME]


def collect(run_dirs: Iterable[Path | str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows of all pre-training runs below run_dirs, and FACTS of each: a row a run.

    learned_from: the datasets that pre-training saw, of `origin`; a row's own origin is that of the
    window tested.  seconds: of training (of scratch, all its fits); distance_seconds: of the
    distance before it, else 0.  Raises FileNotFoundError for a folder or predictions.parquet that
    lacks,
    ValueError where there is no such run, for rows of another method or seed than the run's, and
    for runs that differ in what all must share (SAME).
    """
    parts, facts = [], []
    for run_dir, found in _runs(run_dirs, "method"):
        given = found["parameters"]
        rows = pd.read_parquet(left(run_dir, "predictions.parquet"))
        own = {"method": given["name"], "seed": given["seed"]}
        check_rows(rows)
        if (other := rows[[*own]].drop_duplicates().to_dict("records")) != [own]:
            raise ValueError(f"{run_dir}: rows of {other}, expected those of {own}")
        own |= {"learned_from": " + ".join(given["datasets"]), "run_dir": str(run_dir)}
        if lacking := [key for key in ("origin", *SECONDS) if key not in found]:
            raise ValueError(f"{run_dir / 'run.json'} lacks {lacking}: train the run anew")
        own |= {key: found[key] for key in ("origin", *SECONDS)}
        facts.append(own | {key: json.dumps(given[key]) for key in SAME})
        parts.append(rows)
    if not parts:
        raise ValueError(f"no run of a method below {[str(d) for d in run_dirs]}")
    facts = pd.DataFrame(facts)[FACTS]
    for column in (*SAME, "origin"):
        if facts[column].nunique() > 1:
            runs = facts.groupby(column)["run_dir"].first().to_dict()
            raise ValueError(f"runs differ in {column}, so they do not compare: {runs}")
    return pd.concat(parts, ignore_index=True), sliding_windows(facts, ["method", "seed"])


def collect_nearness(run_dirs: Iterable[Path | str]) -> pd.DataFrame:
    """nearness.csv of all runs of a distance below run_dirs: NEARNESS, name, seed, origin, centred.

    learned, and each of RULES: areas under the ROC curve, 0-1.  centred: whether the distance sees
    each window about its own mean, which the paper's does not.  Raises FileNotFoundError for what
    lacks, ValueError where there is no such run and for columns that lack.
    """
    parts = []
    for run_dir, found in _runs(run_dirs, "attention"):
        given, path = found["parameters"], left(run_dir, "nearness.csv")
        table = pd.read_csv(path)
        if lacking := [column for column in NEARNESS if column not in table]:
            raise ValueError(f"{path}: expected columns {NEARNESS}, missing {lacking}")
        own = {"name": given["name"], "seed": given["seed"], "origin": found["origin"]}
        own["centred"] = given["architecture"].get("centred", False)
        parts.append(table[NEARNESS].assign(**own))
    if not parts:
        raise ValueError(f"no run of a distance below {[str(d) for d in run_dirs]}")
    return pd.concat(parts, ignore_index=True)


def scores(rows: pd.DataFrame) -> pd.DataFrame:
    """Columns SCORES: the metrics of the windows of all folds together, NaN for another task's.

    Raises ValueError for no row, columns or values that lack, a window that a method was tested on
    twice, and a task or method that is in no table.
    """
    check_rows(rows)
    groups = rows.groupby(BY, sort=False)
    found = [dict(zip(BY, key, strict=True)) | metrics(group) for key, group in groups]
    return sliding_windows(pd.DataFrame(found).reindex(columns=SCORES))


def sliding_windows(table: pd.DataFrame, by: Sequence[str] = BY) -> pd.DataFrame:
    """By dataset and task, with few labels before many, methods as METHODS has them, then seeds."""
    ranks = {"n_labels": label_order, "method": METHODS.index}
    by = [column for column in by if column in table]
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


def _runs(run_dirs: Iterable[Path | str], parameter: str) -> Iterator[tuple[Path, dict]]:
    """Folder and run.json of each run below run_dirs that has the parameter."""
    for run_dir in run_folders(run_dirs):
        found = json.loads((run_dir / "run.json").read_text())
        if parameter in found.get("parameters", {}):
            yield run_dir, found
