"""Results of the ablation: the runs gathered, and the paper's orderings tested on them.

A table of results has one row per seed and row of the paper's Table 1 or 2, columns RESULTS.
Summaries, verdicts and figures come from that table alone, so that a committed CSV is enough to
reproduce them.

    >>> table = pd.DataFrame([{"table": 1, "row": row, "seed": seed, "rmse_bpm": rmse + seed}
    ...     for row, rmse in ((1, 20.0), (2, 12.0)) for seed in (1, 2, 3)])
    >>> judged = judge(table).iloc[0]
    >>> print(judged["about"], judged["difference_bpm"], judged["verdict"], sep=", ")
    the periodicity loss, -8.0, holds
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from rppg.evaluation.metrics import score
from rppg.evaluation.prediction_files import read_predictions
from rppg.evaluation.submission import fill_missing, read_solution
from rppg.studies.ablation.published import CLAIMS, SOURCE, TEST_SET, Claim, PaperRow, paper_row
from rppg.workflow.provenance import read_run_json

RESULTS = (
    "table row seed pretraining losses input rmse_bpm mae_bpm within_5bpm validation_rmse_bpm "
    "paper_rmse_bpm null_rmse_bpm pos_rmse_bpm pretrained_rmse_bpm n_filled origin"
).split()
ROW_FACTS = ("table", "row", "pretraining", "losses", "input", "paper_rmse_bpm")
HOLDS, FAILS, UNDECIDED, UNMEASURED = VERDICTS = ("holds", "does not", "undecided", "not measured")
COMPARABLE_SHARE = 0.1  # largest relative difference of comparable RMSEs; 0.06 in the paper


def gather(run_dir: Path, data_dir: Path, rows: Iterable[dict], seed: int) -> pd.DataFrame:
    """Results of one seed, columns RESULTS: every row's run scored on the test recordings.

    run_dir: the seed's folder of runs, with `classical/`.  data_dir: contains solution.csv, the
    only ground truth of test recordings that is read.  rows: as `published.repeated_rows` gives
    them; run and parent are folders below run_dir.  A recording without an estimate gets the mean
    of the training labels and is counted in n_filled.  pretrained_rmse_bpm is that of the parent,
    trained without labels.

    Raises FileNotFoundError naming every missing file, ValueError for a row that is not the
    paper's or for recordings of two origins.
    """
    rows, run_dir = list(rows), Path(run_dir)
    _check_rows(rows)
    _check_files(run_dir, Path(data_dir), rows)
    solution = read_solution(Path(data_dir) / "solution.csv")
    classical = read_predictions(run_dir / "classical" / "predictions.parquet")
    train = classical[classical["split"] == "train"].drop_duplicates("id")["hr_true_bpm"].dropna()
    if train.empty:
        raise ValueError(f"{run_dir}/classical: no labelled training recording for the mean")
    truth, mean_bpm = solution["hr_true_bpm"], float(train.mean())
    pos = _scored(classical[classical["model"] == "POS"], solution, mean_bpm, "POS")
    same = {
        "seed": seed,
        "null_rmse_bpm": score(truth, np.full(len(truth), mean_bpm), n_boot=1)["rmse_bpm"],
        "pos_rmse_bpm": pos["rmse_bpm"],
    }
    results = [same | _row_results(run_dir, row, solution, mean_bpm) for row in rows]
    origins = {pos["origin"], *(row["origin"] for row in results)}
    if len(origins) > 1:
        raise ValueError(f"{run_dir} mixes {' and '.join(sorted(origins))} recordings")
    return pd.DataFrame(results)[RESULTS]


def read_results(path: Path) -> pd.DataFrame:
    """A table of results from its CSV.  Raises ValueError for missing columns, duplicate rows, rows
    that are not the paper's, or a mix of origins."""
    table = pd.read_csv(path)
    missing = [column for column in RESULTS if column not in table]
    if missing or table.empty:
        raise ValueError(f"{path}: expected columns {RESULTS}, missing {missing or 'rows'}")
    if table.duplicated(["table", "row", "seed"]).any():
        raise ValueError(f"{path}: a table's row more than once for a seed")
    if table["origin"].nunique() > 1:
        raise ValueError(f"{path} mixes {' and '.join(table['origin'].unique())} recordings")
    _check_rows(table.to_dict("records"))
    return table[RESULTS]


def measured_on(origin: str) -> str:
    """The caption of every table: which data our and the paper's results come from."""
    return f"ours measured on {origin} data; the paper's numbers are from {TEST_SET} ({SOURCE})"


def summarise(table: pd.DataFrame) -> pd.DataFrame:
    """One row per row of the paper's tables: mean and standard deviation (n-1) over seeds.

    Columns table, row, pretraining, losses, input, n_seeds, rmse_bpm, rmse_sd_bpm, within_5bpm,
    validation_rmse_bpm, pretrained_rmse_bpm, paper_rmse_bpm.
    """
    groups = table.groupby(["table", "row"])
    means = ["rmse_bpm", "within_5bpm", "validation_rmse_bpm", "pretrained_rmse_bpm"]
    summary = groups[["pretraining", "losses", "input", "paper_rmse_bpm"]].first()
    summary = summary.join(groups[means].mean())
    summary = summary.assign(n_seeds=groups["seed"].nunique(), rmse_sd_bpm=groups["rmse_bpm"].std())
    order = ["pretraining", "losses", "input", "n_seeds", "rmse_bpm", "rmse_sd_bpm", *means[1:]]
    return summary[[*order, "paper_rmse_bpm"]].reset_index()


def compare_with_paper(table: pd.DataFrame, number: int) -> pd.DataFrame:
    """Table `number` as text: ours as mean ± sd over seeds, and the paper's number."""
    summary = summarise(table[table["table"] == number])
    ours = f"ours, {table['origin'].iloc[0]}"
    columns = {
        "pre-training": summary["pretraining"],
        "losses": summary["losses"],
        "input": summary["input"],
        f"{ours}: RMSE (bpm)": _plus_minus(summary["rmse_bpm"], summary["rmse_sd_bpm"]),
        f"{ours}: within 5 bpm": summary["within_5bpm"].map("{:.0%}".format),
        f"{ours}: validation RMSE": summary["validation_rmse_bpm"].map("{:.1f}".format),
        f"{ours}: before labels": summary["pretrained_rmse_bpm"].map("{:.1f}".format),
        "paper, RePSS test set: RMSE (bpm)": summary["paper_rmse_bpm"].map(
            lambda bpm: "" if pd.isna(bpm) else f"{bpm:.2f}"
        ),
    }
    return pd.DataFrame(columns).set_axis(summary["row"])


def judge(table: pd.DataFrame, claims: Sequence[Claim] = CLAIMS) -> pd.DataFrame:
    """Test of each of the paper's claims on a table of results; one row per claim.

    Columns about, claim, said_by (see published.Claim), paper_better_bpm, paper_worse_bpm,
    difference_bpm, sd_bpm, agreeing, n_seeds, verdict (one of VERDICTS).  difference_bpm is the
    mean over seeds of RMSE(better) - RMSE(worse), sd_bpm its standard deviation (n-1), agreeing
    counts the seeds that agree with the paper.  A claim "lower" holds if the difference is below
    zero, "comparable" if its size is at most COMPARABLE_SHARE of the other's RMSE.  Undecided:
    within sd_bpm of that border, or a single seed.  Not measured: the table
    lacks one of the two rows.

    With three seeds and no effect at all, one ordering in nine holds by chance, and one in nine
    does not (Student's t with 2 degrees of freedom, beyond the square root of 3).
    """
    rmse = table.pivot(index="seed", columns=["table", "row"], values="rmse_bpm")
    return pd.DataFrame([_judged(rmse, claim) for claim in claims])


def count_verdicts(judged: pd.DataFrame) -> str:
    """The verdicts as "k of n orderings hold, u undecided, f do not"."""
    n = judged["verdict"].value_counts().reindex(VERDICTS, fill_value=0)
    text = f"{n[HOLDS]} of {len(judged)} orderings hold"
    text += f", {n[UNDECIDED]} undecided, {n[FAILS]} do not"
    return text + (f", {n[UNMEASURED]} not measured" if n[UNMEASURED] else "")


def _judged(rmse: pd.DataFrame, claim: Claim) -> dict:
    """One claim's row; rmse: seeds x (table, row)."""
    pair = [(claim.table, claim.better), (claim.table, claim.worse)]
    ours = rmse.reindex(columns=pd.MultiIndex.from_tuples(pair)).dropna().to_numpy()  # (seeds, 2)
    difference = ours[:, 0] - ours[:, 1]
    mean = float(difference.mean()) if len(ours) else np.nan
    sd = float(difference.std(ddof=1)) if len(ours) > 1 else np.nan
    if claim.relation == "comparable":
        border = COMPARABLE_SHARE * float(ours[:, 1].mean()) if len(ours) else np.nan
        beyond, agreeing = abs(mean) - border, np.abs(difference) <= border
    else:
        beyond, agreeing = mean, difference < 0
    better, worse = (paper_row(*place) for place in pair)
    return {
        "about": claim.about,
        "claim": _claim_text(better, worse, claim),
        "said_by": claim.said_by,
        "paper_better_bpm": better.paper_rmse_bpm,
        "paper_worse_bpm": worse.paper_rmse_bpm,
        "difference_bpm": mean,
        "sd_bpm": sd,
        "agreeing": int(agreeing.sum()),
        "n_seeds": len(ours),
        "verdict": _verdict(beyond, sd, len(ours)),
    }


def _verdict(beyond: float, sd: float, n_seeds: int) -> str:
    """beyond: mean difference minus the border; negative agrees with the claim."""
    if n_seeds == 0:
        return UNMEASURED
    if n_seeds == 1 or abs(beyond) <= sd:
        return UNDECIDED
    return HOLDS if beyond < 0 else FAILS


def _claim_text(better: PaperRow, worse: PaperRow, claim: Claim) -> str:
    """The difference between the two rows, and in brackets what they share."""
    fields = ("pretraining", "losses", "input")
    differs = [f for f in fields if getattr(better, f) != getattr(worse, f)]
    shared = [getattr(better, f) for f in fields if f not in differs and f != "input"]
    sides = [", ".join(getattr(row, f) for f in differs) for row in (better, worse)]
    sign = "<" if claim.relation == "lower" else "comparable with"
    return f"Table {claim.table}: {sides[0]} {sign} {sides[1]} ({'; '.join(shared)})"


def _row_results(run_dir: Path, row: dict, solution: pd.DataFrame, mean_bpm: float) -> dict:
    """One row's run and the pre-trained one that it started from, scored; columns of RESULTS."""
    run, parent = run_dir / row["run"], run_dir / row["parent"]
    scores = _scored(read_predictions(run / "predictions.parquet"), solution, mean_bpm, run)
    before = _scored(read_predictions(parent / "predictions.parquet"), solution, mean_bpm, parent)
    facts = read_run_json(run / "run.json")
    return {
        **{key: row[key] for key in ROW_FACTS},
        **scores,
        "validation_rmse_bpm": facts["validation"]["rmse_bpm"],
        "pretrained_rmse_bpm": before["rmse_bpm"],
    }


def _scored(table: pd.DataFrame, solution: pd.DataFrame, mean_bpm: float, what) -> dict:
    """Scores of one model's test predictions; a recording without a rate has the mean."""
    test = table[table["split"] == "test"]
    if test.empty:
        raise ValueError(f"{what}: no predictions of the test split")
    full = fill_missing(test, solution["id"].tolist(), mean_bpm)
    scores = score(solution["hr_true_bpm"], full["hr_bpm"], n_boot=1)
    kept = {key: scores[key] for key in ("rmse_bpm", "mae_bpm", "within_5bpm")}
    return kept | {"n_filled": int(full["filled"].sum()), "origin": full["origin"].iloc[0]}


def _check_files(run_dir: Path, data_dir: Path, rows: list[dict]) -> None:
    needed = [data_dir / "solution.csv", run_dir / "classical" / "predictions.parquet"]
    for row in rows:
        needed += [run_dir / row["run"] / name for name in ("predictions.parquet", "run.json")]
        needed.append(run_dir / row["parent"] / "predictions.parquet")
    missing = [str(path) for path in dict.fromkeys(needed) if not path.is_file()]
    if missing:
        count = f"{len(missing)} of {len(set(needed))} files of the ablation are missing"
        raise FileNotFoundError(f"{count}: {', '.join(missing)}; finish its runs first")


def _check_rows(rows: list[dict]) -> None:
    """Raises ValueError if a row differs from the paper's row of that table and number."""
    for row in rows:
        paper = paper_row(row["table"], row["row"])._asdict()
        given = {key: None if pd.isna(row[key]) else row[key] for key in ROW_FACTS}  # NaN in a CSV
        other = {key: (row[key], paper[key]) for key in ROW_FACTS if given[key] != paper[key]}
        if other:
            text = "; ".join(f"{key} {ours!r}, not {its!r}" for key, (ours, its) in other.items())
            raise ValueError(f"row {row['row']} of Table {row['table']} is not the paper's: {text}")


def _plus_minus(mean: pd.Series, sd: pd.Series) -> list[str]:
    """ "5.0 ± 1.2", or "5.0" for a single seed."""
    both = zip(mean, sd, strict=True)
    return [f"{m:.1f}" + (f" ± {s:.1f}" if np.isfinite(s) else "") for m, s in both]
