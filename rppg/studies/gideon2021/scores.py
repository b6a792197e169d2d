"""Results of the Gideon2021 study: the runs gathered, and their predictions scored.

Each training run writes run.json and rounds.parquet, with one row per tested recording and model.
The models are the run's own, the "mean" and "median" of the training recordings' heart rates, and
the "untrained net".

    splits = collect_splits(["runs/gideon2021"], "tables")
    scores = score_splits(splits)  # one row per dataset, system, seed and model

Differences from Gideon and Stent: the recordings of all folds of a seed are scored together
(the paper averages over folds; ours are too small for a correlation in each), and "mean" and
"median" are those of the training recordings; the paper's, of the tested ones, are TESTED.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from rppg.evaluation.metrics import score
from rppg.studies.gideon2021.published import RATES, WAVES
from rppg.studies.run_folders import run_file, run_folders
from rppg.workflow.provenance import read_run_json

MEASURED = (
    "id dataset round model hr_bpm hr_true_bpm pearson mcc snr_db block_saliency block_area".split()
)
WAVE_METRICS = ["pearson", "mcc", "snr_db"]  # with the ground-truth BVP, if there is one
FACTS = ("study", "name", "loss", "saliency", "desync_s", "flash", "seed")  # of a run's parameters
TERMS = {"w_s": "sparsity", "w_t": "temporal"}  # of a run's weights; 1 if not given
BASELINES = ("mean", "median", "untrained net")
LOSSES = {"mcc": "supervised", "multiview": "contrastive"}
TESTED = ("mean of tested", "median of tested")  # the paper's mean and median
BELOW = ("below_mean", "below_median", "below_untrained")  # whether the system's RMSE is
SCORES = ["dataset", "system", "seed", "row", "n", *RATES, "n_waves", *WAVES, *BELOW]
SCORES += ["learned_from", "origin"]


def collect_splits(run_dirs: Iterable[Path | str], study: str) -> pd.DataFrame:
    """Results per split of all runs of `study` below run_dirs, in one table.

    Columns MEASURED, FACTS, w_s, w_t (weights of the maps' sparsity and temporal terms),
    learned_from (names of datasets), origin, seconds (of training), run_dir (str).

    Raises FileNotFoundError if a folder or a run's rounds.parquet is missing, ValueError if there
    is no such run, if a column is missing, a heart rate is NaN, waveform metrics are there for some
    models only, or origins are mixed.
    """
    parts = [_read_run(path, study) for path in run_folders(run_dirs)]
    parts = [part for part in parts if part is not None]
    if not parts:
        raise ValueError(f"no run of the study {study!r} below {[str(d) for d in run_dirs]}")
    splits = pd.concat(parts, ignore_index=True)
    if splits["origin"].nunique() > 1:
        raise ValueError(f"recordings of two origins: {sorted(splits['origin'].unique())}")
    return splits


def score_splits(splits: pd.DataFrame) -> pd.DataFrame:
    """Columns SCORES: one row per dataset, system (of SYSTEMS), seed and row (the system itself, or
    a baseline on the recordings of the same runs).  BELOW is empty for baselines.

    Raises ValueError for a loss that is in no table, and if recordings, models or seeds of the
    systems differ.
    """
    unknown = set(splits["loss"]) - LOSSES.keys()
    if unknown:
        raise ValueError(f"losses {sorted(unknown)} are in no table, expected {list(LOSSES)}")
    saliency = splits["saliency"].map({True: ", saliency", False: ""})
    splits = splits.assign(system=splits["loss"].map(LOSSES) + saliency)
    splits["row"] = splits["model"].where(splits["model"] != splits["name"], splits["system"])
    by = ["dataset", "system", "seed", "row"]
    _check_same(splits)
    splits = pd.concat([splits, _of_tested(splits)], ignore_index=True)
    scores = pooled(splits, by).join(splits.groupby(by)["learned_from"].first(), on=by)
    groups = ["dataset", "system", "seed"]
    rmse = scores.pivot(index=groups, columns="row", values="rmse_bpm")[list(BASELINES)]
    rmse = scores[groups].join(rmse, on=groups)
    for column, baseline in zip(BELOW, BASELINES, strict=True):
        below = (scores["rmse_bpm"] < rmse[baseline]).astype("boolean")
        scores[column] = below.where(scores["row"] == scores["system"])
    return scores[SCORES]


def pooled(splits: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Scores of each group's recordings: columns by, n, RATES, n_waves, WAVES (means over the
    n_waves recordings that have a ground-truth BVP), origin.

    Raises ValueError if a recording was tested twice in a group.
    """
    twice = splits[splits.duplicated([*by, "id"])]
    if len(twice):
        first = twice[[*by, "id"]].iloc[0].to_dict()
        raise ValueError(f"{len(twice)} recordings were tested twice, the first: {first}")
    groups = splits.groupby(by, sort=True)
    return pd.DataFrame([dict(zip(by, key, strict=True)) | _scored(group) for key, group in groups])


def read_scores(path: Path) -> pd.DataFrame:
    """A table of scores from its CSV.  Raises ValueError if columns or rows are missing."""
    table = pd.read_csv(path, dtype=dict.fromkeys(BELOW, "boolean"))
    missing = [column for column in SCORES if column not in table]
    if missing or table.empty:
        raise ValueError(f"{path}: expected columns {SCORES}, missing {missing or 'rows'}")
    return table[SCORES]


def _read_run(run_dir: Path, study: str) -> pd.DataFrame | None:
    """One run's splits with its facts; None for a run of another study, or of the competition's
    data, which has no ground truth here."""
    facts = read_run_json(run_dir / "run.json")
    given = facts.get("parameters", {})
    if given.get("study") != study or given.get("validation"):
        return None
    path = run_file(run_dir, "rounds.parquet")
    splits = pd.read_parquet(path)
    _check_rounds(splits, path)
    own = {key: given[key] for key in FACTS}
    own |= {key: float(given["weights"].get(term, 1.0)) for key, term in TERMS.items()}
    own["learned_from"] = " + ".join(given["datasets"])
    more = {"origin": facts["origin"], "seconds": facts["seconds"], "run_dir": str(run_dir)}
    return splits[MEASURED].assign(**own, **more)


def _check_rounds(splits: pd.DataFrame, path: Path) -> None:
    if missing := [column for column in MEASURED if column not in splits]:
        raise ValueError(f"{path}: expected columns {MEASURED}, missing {missing}")
    no_rate = splits[~np.isfinite(splits[["hr_bpm", "hr_true_bpm"]]).all(axis=1)]
    if len(no_rate):
        first = no_rate[["model", "id"]].iloc[0].to_dict()
        raise ValueError(f"{path}: {len(no_rate)} rows without a heart rate, the first: {first}")
    has_wave = splits[WAVE_METRICS].notna().groupby(splits["id"])
    partly = has_wave.any().any(axis=1) & ~has_wave.all().all(axis=1)
    if partly.any():
        which = f"{partly.sum()} recordings, the first {partly.idxmax()!r}"
        raise ValueError(f"{path}: {which}, have {WAVE_METRICS} for some models but not for all")


def _scored(group: pd.DataFrame) -> dict:
    scores = score(group["hr_true_bpm"], group["hr_bpm"], n_boot=1)
    waves = group[WAVE_METRICS].dropna()  # NaN: no ground-truth BVP, for any model
    return {
        "n": len(group),
        **dict(zip(RATES, (scores[k] for k in ("rmse_bpm", "mae_bpm", "pearson_r")), strict=True)),
        "n_waves": len(waves),
        **dict(zip(WAVES, waves.mean(), strict=True)),
        "origin": group["origin"].iloc[0],
    }


def _of_tested(splits: pd.DataFrame) -> pd.DataFrame:
    """Rows of TESTED: the mean and the median true rate of what a round of a seed tests on."""
    own = splits[splits["row"] == splits["system"]]
    truth = own.groupby(["dataset", "system", "seed", "round"])["hr_true_bpm"]
    return pd.concat(
        own.assign(hr_bpm=truth.transform(of), row=row, **dict.fromkeys(WAVE_METRICS, np.nan))
        for row, of in zip(TESTED, ("mean", "median"), strict=True)
    )


def _check_same(splits: pd.DataFrame) -> None:
    """Raises ValueError unless systems have the same seeds and recordings, and all baselines."""
    for dataset, group in splits.groupby("dataset"):
        cases = {
            (system, row): frozenset(zip(part["seed"], part["id"], strict=True))
            for (system, row), part in group.groupby(["system", "row"])
        }
        systems = {system for system, _ in cases}
        expected = {(system, row) for system in systems for row in (*BASELINES, system)}
        if cases.keys() != expected:
            wrong = sorted(cases.keys() ^ expected)
            raise ValueError(f"{dataset}: models that are missing or unexpected: {wrong}")
        if len(set(cases.values())) > 1:
            n = {" / ".join(case): len(pairs) for case, pairs in cases.items()}
            raise ValueError(f"{dataset}: seeds and recordings differ between systems: {n}")
