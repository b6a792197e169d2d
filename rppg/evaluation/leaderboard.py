"""Leaderboard: models compared with each other and with null baselines, on the same recordings.

Predictions come as the long table of `rppg.evaluation`; the leaderboard has one row per split and
model.  Splits of synthetic recordings say so ("synthetic test"), and no row averages synthetic with
real ones.  If it is known which model is submitted, each row says how it compares with that one on
the same recordings (`rppg.evaluation.paired`).

    >>> table = pd.DataFrame({"id": list("ab"), "model": "POS", "kind": "classical",
    ...     "split": "test", "hr_bpm": [61.0, 90.0], "hr_true_bpm": [60.0, 80.0],
    ...     "origin": "synthetic"})
    >>> board = leaderboard(pd.concat([table, null_rows([60.0, 90.0], table)]))
    >>> board[["model", "kind", "split", "n"]].to_dict("records")[0]
    {'model': 'POS', 'kind': 'classical', 'split': 'synthetic test', 'n': 2}
"""

from pathlib import Path

import numpy as np
import pandas as pd

from rppg.evaluation.metrics import N_BOOT, score
from rppg.evaluation.paired import COMPARED, compare, with_words
from rppg.evaluation.submission import read_predictions, read_solution

KINDS = ("null", "classical", "learned", "ensemble", "published")
ORIGINS = ("real", "synthetic")
NEEDED = ["id", "model", "kind", "split", "hr_bpm", "hr_true_bpm", "origin"]
SCORES = "n rmse_bpm rmse_low rmse_high mae_bpm within_5bpm pearson_r".split()
COLUMNS = ["model", "kind", "split", *SCORES]


def leaderboard(
    predictions: pd.DataFrame, n_boot: int = N_BOOT, seed: int = 0, submitted: str | None = None
) -> pd.DataFrame:
    """Scores of every model on every split, best RMSE first within a split; columns as COLUMNS.

    within_5bpm is a share; rmse_low and rmse_high are `metrics.score`'s 95 % interval.
    submitted: the model to compare all with; adds the columns COMPARED: by how much a row's RMSE is
    above that model's, the 95 % interval over subjects, and than_submitted: "better", "worse" or
    "undecided" ("submitted" in its own row).

    Raises ValueError if columns or truths are missing, a kind or origin is unknown, a split mixes
    origins, a model has an id twice, two models disagree on a truth, recordings of a split are
    missing in a model that others have (ids named), or a split has no prediction of `submitted`.
    """
    _check(predictions)
    rows = []
    for split, part in predictions.groupby("split", sort=False):
        compared = None if submitted is None else compare(part, submitted, n_boot, seed)
        for model, group in part.groupby("model", sort=False):
            kind, origin = group["kind"].iloc[0], group["origin"].iloc[0]
            row = {"model": model, "kind": kind, "split": split_name(split, origin)}
            row |= score(group["hr_true_bpm"], group["hr_bpm"], n_boot, seed)
            rows.append(row | ({} if compared is None else compared.loc[model].to_dict()))
    board = pd.DataFrame(rows)[[*COLUMNS, *(COMPARED if submitted is not None else ())]]
    parts = [part.sort_values("rmse_bpm") for _, part in board.groupby("split", sort=False)]
    return pd.concat(parts, ignore_index=True)


def null_rows(train_hr_bpm, recordings: pd.DataFrame) -> pd.DataFrame:
    """Predictions of the two null baselines: mean and median of the training labels.

    recordings: a table with id, split, hr_true_bpm and origin; each recording counts once.
    Raises ValueError if there is no training label, or one that is no number.
    """
    train = np.asarray(train_hr_bpm, dtype=np.float64)
    if train.size == 0 or not np.isfinite(train).all():
        raise ValueError(f"the null predictors need training heart rates, found {train.tolist()}")
    recordings = recordings.drop_duplicates(["split", "id"])
    constants = {"mean of training": np.mean(train), "median of training": np.median(train)}
    rows = [
        recordings[["id", "split", "hr_true_bpm", "origin"]].assign(
            model=model, kind="null", hr_bpm=hr_bpm, quality=0.0
        )
        for model, hr_bpm in constants.items()
    ]
    return pd.concat(rows, ignore_index=True)


def with_truth(rows: pd.DataFrame, hr_bpm: float) -> pd.DataFrame:
    """Rows of the recordings with a truth in any row; rows of models that were trained without
    labels take it from the others.  A missing rate becomes hr_bpm (the mean of the training set),
    quality 0."""
    truth_bpm = rows.groupby("id")["hr_true_bpm"].transform("first")
    known = rows.assign(hr_true_bpm=truth_bpm)[truth_bpm.notna()].reset_index(drop=True)
    lost = known["hr_bpm"].isna()
    known.loc[lost, ["hr_bpm", "quality"]] = [hr_bpm, 0.0]
    return known


def own_solution(
    complete: pd.DataFrame, test: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """The predictions that can be scored by the test recordings' own labels, and these labels as
    `read_solution` gives a solution.  Without any label: all predictions, and None.

    complete: a row per model and test recording.  test: predictions with hr_true_bpm, if known.
    """
    truth = test.dropna(subset="hr_true_bpm").drop_duplicates("id")
    truth = truth[truth["id"].isin(complete["id"])].sort_values("id", ignore_index=True)
    if truth.empty:
        return complete, None
    return complete[complete["id"].isin(truth["id"])], truth[["id", "hr_true_bpm"]].assign(usage="")


def score_models(
    predictions: pd.DataFrame,
    solution: pd.DataFrame,
    train_hr_bpm,
    n_boot: int = N_BOOT,
    seed: int = 0,
    submitted: str | None = None,
) -> pd.DataFrame:
    """Leaderboard of predictions of one test set by its solution, null baselines included.

    predictions: the long table; its own hr_true_bpm is not used.  solution: as `read_solution`
    gives it; if it says public and private, each is a split besides the whole.  submitted: as of
    `leaderboard`.
    Raises ValueError if an id of a model is missing in the solution, or the reverse.
    """
    table = predictions.drop(columns=["hr_true_bpm", "usage"], errors="ignore")
    unknown = sorted(set(table["id"]) - set(solution["id"]))
    if unknown:
        raise ValueError(f"{len(unknown)} ids are not in the solution: {unknown[:5]}")
    split, origin = _only(table, "split"), _only(table, "origin")
    table = table.merge(solution, on="id", validate="many_to_one")
    truth = solution.assign(split=split, origin=origin)
    nulls = null_rows(train_hr_bpm, truth).merge(solution[["id", "usage"]], on="id")
    table = pd.concat([table, nulls], ignore_index=True)
    parts = [table[table["usage"] == usage].assign(split=usage) for usage in ("public", "private")]
    return leaderboard(pd.concat([table, *parts], ignore_index=True), n_boot, seed, submitted)


def score_files(submission: Path, solution: Path, n_boot: int = N_BOOT) -> pd.DataFrame:
    """Scores of a submission file against a solution file: split, the scores of COLUMNS, mape.

    Splits are "all" and, if the solution says so, public and private; with the word synthetic if a
    file SYNTHETIC.txt lies in the solution's folder or above it.
    Raises ValueError if ids differ or a rate is no number.
    """
    truth = read_solution(solution)
    submitted = read_predictions(submission)
    missing = sorted(set(truth["id"]) - set(submitted["id"]))
    extra = sorted(set(submitted["id"]) - set(truth["id"]))
    if missing or extra:
        raise ValueError(
            f"{submission}: {len(missing)} ids of the solution are missing {missing[:5]}, "
            f"{len(extra)} are not in it {extra[:5]}"
        )
    table = truth.merge(submitted, on="id")
    marked = any((p / "SYNTHETIC.txt").is_file() for p in Path(solution).absolute().parents)
    origin = "synthetic" if marked else "real"
    parts = {"all": table, **dict(iter(table[table["usage"] != ""].groupby("usage", sort=False)))}
    rows = [
        {"split": split_name(split, origin), **score(part["hr_true_bpm"], part["hr_bpm"], n_boot)}
        for split, part in parts.items()
    ]
    return pd.DataFrame(rows)[["split", *SCORES, "mape"]]


def format_leaderboard(board: pd.DataFrame | Path | str) -> str:
    """The first split of a leaderboard, or leaderboard.csv, as text; "-" for no number.

    How rows compare with the submitted one is a column of its own: "+9.1 [+2.3, +14.4] worse".
    """
    if not isinstance(board, pd.DataFrame):  # "null" is a kind, not a missing value
        board = pd.read_csv(board, keep_default_na=False, na_values=[""])
    table = with_words(board[board["split"] == board["split"].iloc[0]])
    return table.to_string(index=False, float_format="%.2f", na_rep="-")


def split_name(split: str, origin: str) -> str:
    """The split as a leaderboard prints it: with the word synthetic if that is the origin."""
    if origin not in ORIGINS:
        raise ValueError(f"origin is real or synthetic, found {origin!r}")
    return f"synthetic {split}" if origin == "synthetic" and "synthetic" not in split else split


def _check(table: pd.DataFrame) -> None:
    missing = [column for column in NEEDED if column not in table]
    if missing or table.empty:
        raise ValueError(f"expected predictions with columns {NEEDED}, missing {missing or 'rows'}")
    unknown = set(table["kind"]) - set(KINDS)
    if unknown:
        raise ValueError(f"kind is one of {', '.join(KINDS)}; found {unknown}")
    for split, group in table.groupby("split", sort=False):
        origins = sorted(group["origin"].unique())
        if len(origins) > 1:
            raise ValueError(f"split {split!r} mixes {' and '.join(origins)} recordings")
        _check_recordings(split, group)


def _check_recordings(split: str, group: pd.DataFrame) -> None:
    """Every model on the same recordings, once each, against one truth."""
    for column, ids in (
        ("a truth", group.loc[group["hr_true_bpm"].isna(), "id"]),
        ("a prediction (see fill_missing)", group.loc[group["hr_bpm"].isna(), "id"]),
    ):
        if len(ids):
            raise ValueError(f"{len(ids)} rows of {split!r} without {column}: {ids.tolist()[:5]}")
    double = group.loc[group.duplicated(["model", "id"]), "id"]
    if len(double):
        raise ValueError(f"ids of {split!r} more than once in a model: {double.tolist()[:5]}")
    torn = group.groupby("id")["hr_true_bpm"].nunique().loc[lambda n: n > 1].index
    if len(torn):
        raise ValueError(f"ids of {split!r} with more than one truth: {torn.tolist()[:5]}")
    everything = set(group["id"])
    for model, rows in group.groupby("model", sort=False):
        missing = sorted(everything - set(rows["id"]))
        if missing:
            raise ValueError(f"{model}: {len(missing)} ids of {split!r} are missing: {missing[:5]}")


def _only(table: pd.DataFrame, column: str) -> str:
    values = table[column].unique().tolist()
    if len(values) != 1:
        raise ValueError(f"expected predictions of one {column}, found {values}")
    return values[0]
