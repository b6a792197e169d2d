"""Results of the RelCon study: the runs gathered, and their predictions scored.

Rows are tested windows from `probing/linear_probe.py` with the columns method and seed; each run
writes them to predictions.parquet next to its run.json.

    rows, facts = collect(["runs/relcon"])
    scores(rows)  # one row per dataset, origin, task, n_labels, method and seed
    collect_nearness(["runs/relcon"])  # distance evaluation

Methods are always in the order of KNOWN, numbers of labels in that of `label_order`.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pandas as pd

from rppg.studies.relcon.results.metrics import ACTIVITY_METRICS, VALUE_METRICS, metrics
from rppg.studies.run_folders import run_file, run_folders
from rppg.workflow.provenance import read_run_json

LEARNED = ("RelCon", "SimCLR", "AugPred", "REBAR-style", "scratch")
METHODS = (*LEARNED, "random encoder", "hand-made features")  # the last two are not trained
READINGS = ("MLP probe", "fine-tuned")  # of an encoder, in place of the linear probe
ABLATIONS = (  # of RelCon, as in its paper
    "no augmentation",
    "no RevIN",
    "none of the same hour",
    "hard positives only",
)
BOUND = "ranked by hand-made features"  # in place of the learned distance
VARIANTS = tuple(f"{METHODS[0]}, {name}" for name in (*READINGS, *ABLATIONS, BOUND))
KNOWN = (*METHODS, *VARIANTS)  # in the order of tables
ALL = "all"  # value of n_labels
BY = ["dataset", "origin", "task", "n_labels", "method", "seed"]
SCORES = [*BY, "n", *ACTIVITY_METRICS, *VALUE_METRICS]
RULES = {  # untrained distances to compare with, and their labels
    "untrained": "untrained net",
    "raw": "squared difference",
    "energy": "energy alone",
}
NEARNESS = ["question", "learned", *RULES, "n_anchors"]  # of nearness.csv
SAME = (
    "datasets test_share dev_share tested n_folds n_labels targets architecture index".split()
)  # in all runs
SECONDS = ["seconds", "distance_seconds"]  # of training, and of training its distance
RECORDED = ("origin", "n_learned", *SECONDS)  # results in every run.json
SETTINGS = ["n_steps", "n_learned", "lr"]  # of training: steps, subjects, peak learning rate
FACTS = ["method", "seed", "learned_from", "origin", *SETTINGS, *SECONDS, "run_dir", *SAME]


def collect(run_dirs: Iterable[Path | str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows of all pre-training runs below run_dirs, and FACTS, one row per run.  The rows' column
    run_dir says of which run they are.

    learned_from: the datasets of pre-training, of `origin`; a row's own origin is that of the
    tested window.  n_learned: subjects trained on; n_steps and lr: NaN if they are not in the run's
    `training`.  seconds: of training (for scratch, of all its fits); distance_seconds: of training
    its distance, else 0.  Raises FileNotFoundError for a missing folder or predictions.parquet,
    ValueError if there is no such run, for rows of another method or seed than the run's, and for
    runs that differ in a parameter that all must share (SAME).
    """
    parts, facts = [], []
    for run_dir, record in _runs(run_dirs, "method"):
        given = record["parameters"]
        rows = pd.read_parquet(run_file(run_dir, "predictions.parquet"))
        own = {"method": given["name"], "seed": given["seed"]}
        check_rows(rows)
        if (other := rows[[*own]].drop_duplicates().to_dict("records")) != [own]:
            raise ValueError(f"{run_dir}: rows of {other}, expected those of {own}")
        own |= {"learned_from": " + ".join(given["datasets"]), "run_dir": str(run_dir)}
        if missing := [key for key in RECORDED if key not in record]:
            raise ValueError(f"{run_dir / 'run.json'}: missing {missing}: train the run again")
        own |= {key: record[key] for key in RECORDED}
        own |= {key: given["training"].get(key) for key in ("n_steps", "lr")}
        facts.append(own | {key: json.dumps(given[key]) for key in SAME})
        parts.append(rows.assign(run_dir=str(run_dir)))
    if not parts:
        raise ValueError(f"no run of a method below {[str(d) for d in run_dirs]}")
    facts = pd.DataFrame(facts)[FACTS]
    for column in (*SAME, "origin"):
        if facts[column].nunique() > 1:
            runs = facts.groupby(column)["run_dir"].first().to_dict()
            raise ValueError(f"runs differ in {column}, so they do not compare: {runs}")
    return pd.concat(parts, ignore_index=True), in_order(facts, ["method", "seed"])


def collect_nearness(run_dirs: Iterable[Path | str]) -> pd.DataFrame:
    """nearness.csv of all runs of a distance below run_dirs: NEARNESS, name, seed, origin, centred,
    most_subjects.

    learned, and each of RULES: areas under the ROC curve, 0-1.  centred: whether each window's mean
    is subtracted, unlike in the paper.  most_subjects: to learn from, 0 for all.  Raises
    FileNotFoundError for a missing file, ValueError if there is no such run and for missing
    columns.
    """
    parts = []
    for run_dir, record in _runs(run_dirs, "attention"):
        given, path = record["parameters"], run_file(run_dir, "nearness.csv")
        table = pd.read_csv(path)
        if missing := [column for column in NEARNESS if column not in table]:
            raise ValueError(f"{path}: expected columns {NEARNESS}, missing {missing}")
        own = {"name": given["name"], "seed": given["seed"], "origin": record["origin"]}
        own["centred"] = given["architecture"].get("centred", False)
        own["most_subjects"] = given.get("most_subjects", 0)
        parts.append(table[NEARNESS].assign(**own))
    if not parts:
        raise ValueError(f"no run of a distance below {[str(d) for d in run_dirs]}")
    return pd.concat(parts, ignore_index=True)


def scores(rows: pd.DataFrame) -> pd.DataFrame:
    """Columns SCORES: metrics over the windows of all folds together; another task's are NaN.

    Raises ValueError for no row, missing columns or values, a window tested twice by a method, and
    an unknown task or method.
    """
    check_rows(rows)
    groups = rows.groupby(BY, sort=False)
    scored = [dict(zip(BY, key, strict=True)) | metrics(group) for key, group in groups]
    return in_order(pd.DataFrame(scored).reindex(columns=SCORES))


def in_order(table: pd.DataFrame, by: Sequence[str] = BY) -> pd.DataFrame:
    """Rows sorted by dataset, task, number of labels, method (as in KNOWN) and seed."""
    ranks = {"n_labels": label_order, "method": KNOWN.index}
    by = [column for column in by if column in table]
    return table.sort_values(
        by, key=lambda column: column.map(ranks.get(column.name, lambda value: value))
    ).reset_index(drop=True)


def main_metric(task: str) -> str:
    """The metric by which methods are compared: of activities, or of a numeric column."""
    return "macro_f1" if task == "activity" else "pearson_r"


def label_order(n_labels: str) -> float:
    """Sort key of "1", "5", "10", "all"."""
    return float("inf") if n_labels == ALL else float(n_labels)


def check_rows(rows: pd.DataFrame) -> None:
    """Raises ValueError for rows that `scores` cannot take."""
    missing = [column for column in [*BY, "id", "subject"] if column not in rows]
    if missing or rows.empty:
        raise ValueError(f"missing {missing or 'rows'}: expected the predictions of a run")
    if rows[BY].isna().any(axis=None):
        raise ValueError(f"rows without a value: {rows[BY].isna().sum().to_dict()}")
    if unknown := sorted(set(rows["method"]) - set(KNOWN)):
        raise ValueError(f"method is {unknown}, expected some of {list(KNOWN)}")
    twice = rows[rows.duplicated([*BY, "id"])]
    if len(twice):
        first = twice[[*BY, "id"]].iloc[0].to_dict()
        raise ValueError(f"{len(twice)} windows were tested twice, the first: {first}")


def _runs(run_dirs: Iterable[Path | str], parameter: str) -> Iterator[tuple[Path, dict]]:
    """Folder and run.json of each run below run_dirs that has the parameter."""
    for run_dir in run_folders(run_dirs):
        record = read_run_json(run_dir / "run.json")
        if parameter in record.get("parameters", {}):
            yield run_dir, record
