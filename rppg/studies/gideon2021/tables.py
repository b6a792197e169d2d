"""Tables 3 and 6 of Gideon and Stent, our results next to the published, from a table of scores.

scores = score_splits(collect_splits(["runs/gideon2021"], "tables"))
compare_with_paper(scores, 3), beaten(scores), verdict(scores)
"""

import numpy as np
import pandas as pd

from rppg.studies.gideon2021.published import (
    CONTRASTIVE,
    DATASETS,
    RATES,
    SOURCE,
    SYSTEMS,
    WAVES,
    published_rows,
)
from rppg.studies.gideon2021.scores import BASELINES, BELOW, TESTED

ROWS = (*TESTED, *BASELINES, *SYSTEMS)  # of our tables, in this order
NO_NUMBER = "-"
LABELS = {  # of metrics, and the number of digits in the paper
    "rmse_bpm": ("RMSE (bpm)", 1),
    "mae_bpm": ("MAE (bpm)", 1),
    "hr_pearson": ("PC", 2),
    "wave_pearson": ("PC", 2),
    "wave_mcc": ("MCC", 2),
    "wave_snr_db": ("SNR (dB)", 1),
}


def measured_on(origin: str) -> str:
    """The caption of every table: which data our and the published results come from."""
    return f"ours measured on {origin} data; published: on the real datasets ({SOURCE})"


def compare_with_paper(scores: pd.DataFrame, number: int) -> pd.DataFrame:
    """Table 3 (heart rates) or 6 (predicted BVP) as text: ours as mean ± sd over seeds, then the
    published numbers.

    A baseline is the mean over the systems' runs.  "-" means not measured, or undefined (a constant
    has no correlation).  Raises KeyError for another table.
    """
    metrics, origin = {3: RATES, 6: WAVES}[number], scores["origin"].iloc[0]
    seeds = scores.groupby(["row", "dataset", "seed"])[[*metrics]].agg(_plain_mean)
    ours = seeds.groupby(["row", "dataset"])
    mean, sd = ours.agg(_plain_mean), ours.std()
    cells = {
        (f"ours, {origin}", row, dataset, metric): written(
            mean.loc[(row, dataset), metric], metric, sd.loc[(row, dataset), metric]
        )
        for row, dataset in mean.index
        for metric in metrics
    }
    theirs = published_rows().dropna(subset=[*metrics], how="all")
    for row in theirs.to_dict("records"):
        for metric in metrics:
            text = written(row[metric], metric)
            starred = "*" if row["starred"] and text != NO_NUMBER else ""
            cells["published", row["row"], row["dataset"], metric] = text + starred
    table = pd.Series(cells).unstack([2, 3]).fillna(NO_NUMBER)
    return _in_order(table, metrics)


def beaten(scores: pd.DataFrame) -> pd.DataFrame:
    """Does training without labels beat the null baselines?  One row per contrastive system and
    dataset: in how many seeds its RMSE is below each of BASELINES, its RMSE, and this as a share of
    the better of mean and median (mean over seeds).
    """
    best = scores[scores["row"].isin(["mean", "median"])]
    best = best.groupby(["system", "dataset", "seed"])["rmse_bpm"].min().rename("best_bpm")
    own = scores[(scores["row"] == scores["system"]) & scores["row"].isin(CONTRASTIVE)]
    own = own.join(best, on=["system", "dataset", "seed"])
    own = own.assign(share=own["rmse_bpm"] / own["best_bpm"])
    groups = own.groupby(["system", "dataset"])
    counts = groups[[*BELOW]].sum().astype(int).astype(str)
    n_seeds = groups.size().astype(str)
    table = counts.apply(lambda column: column + " of " + n_seeds)
    table.columns = [f"seeds below {name}" for name in BASELINES]
    means = groups[["rmse_bpm", "share"]].mean()
    return table.assign(**{"RMSE (bpm)": means["rmse_bpm"], "share of the best": means["share"]})


def verdict(scores: pd.DataFrame) -> str:
    """Whether each contrastive system beats mean and median on every dataset in every seed."""
    own = scores[(scores["row"] == scores["system"]) & scores["row"].isin(CONTRASTIVE)]
    lines = []
    for system, rows in own.groupby("system"):
        lost = rows[~(rows["below_mean"] & rows["below_median"])]
        exceptions = [f"{row.dataset} (seed {row.seed})" for row in lost.itertuples()]
        held = f"no, not on {', '.join(exceptions)}" if exceptions else "yes"
        seeds = ", ".join(str(seed) for seed in sorted(rows["seed"].unique()))
        where = f"{', '.join(rows['dataset'].unique())}; seeds {seeds}"
        lines.append(f"{system}: RMSE below mean and median everywhere ({where}): {held}")
    return "\n".join(lines) or "no contrastive system was trained"


def _plain_mean(values: pd.Series) -> float:
    """Mean that is NaN if any value is, so that a missing seed shows."""
    return float(np.mean(values.to_numpy(dtype=float)))


def written(value: float, metric: str, sd: float = np.nan) -> str:
    """ "5.0 ± 1.2", "5.0" without a deviation, "-" if the value is not finite."""
    digits = LABELS[metric][1]
    if not np.isfinite(value):
        return NO_NUMBER
    value = round(value, digits) + 0.0  # no "-0.0"
    return f"{value:.{digits}f}" + (f" ± {sd:.{digits}f}" if np.isfinite(sd) else "")


def _in_order(table: pd.DataFrame, metrics: tuple[str, ...]) -> pd.DataFrame:
    """Ours, then the published, each in the paper's order; a dataset's metrics next to each other.

    table: rows (source, row), columns (dataset, metric).
    """
    published = list(dict.fromkeys(published_rows()["row"]))
    whose = sorted(table.index.unique(0), key=lambda name: name == "published")
    rows = [(w, r) for w in whose for r in (published if w == "published" else ROWS)]
    datasets = [*DATASETS, *sorted(set(table.columns.unique(0)) - set(DATASETS))]
    columns = pd.MultiIndex.from_product([datasets, metrics])
    table = table.reindex([row for row in rows if row in table.index])[columns]
    named = [(dataset, LABELS[metric][0]) for dataset, metric in columns]
    return table.set_axis(pd.MultiIndex.from_tuples(named), axis=1).rename_axis([None, None])
