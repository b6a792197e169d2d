"""Numbers behind Figs. 4 to 6 of Gideon and Stent: flashing block, shifted labels, heart rates.

Splits have one row per tested recording and model, with the run's parameters as columns, as
`rppg.studies.gideon2021.scores.collect_splits` returns them: dataset, loss, seed, name, desync_s,
model, id, hr_bpm, hr_true_bpm, block_saliency, block_area, origin.  Changes have dataset, id,
interval_s, change_bpm: one row per pair of heart rates of a recording that far apart.

    >>> given = {"dataset": "COHFACE", "seed": 1, "desync_s": 4.0, "name": "net", "origin": "real",
    ...     "pearson": 0.5, "mcc": 0.5, "snr_db": 0.0}
    >>> splits = pd.DataFrame([given | {"loss": loss, "model": model, "id": "a", "hr_bpm": hr_bpm,
    ...     "hr_true_bpm": 60.0} for loss, model, hr_bpm in (("mcc", "net", 61.0),
    ...     ("mcc", "mean", 70.0), ("pearson", "net", 68.0), ("pearson", "mean", 70.0))])
    >>> desync_numbers(splits)[["loss", "rmse_bpm", "mean_rmse_bpm", "mcc_below_pc"]].to_numpy()
    array([['mcc', 1.0, 10.0, True],
           ['pearson', 8.0, 10.0, True]], dtype=object)
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from rppg.studies.gideon2021.scores import pooled

CONTRASTIVE, SUPERVISED = "multiview", "mcc"  # losses of the paper's two systems
QUANTILES = {"q05_bpm": 0.05, "q50_bpm": 0.5, "q95_bpm": 0.95}  # the lines of Fig. 6
MIN_PAIRS = 20  # of heart rates: with fewer, the outer quantiles are single pairs
CLAIM_S, CLAIM_BPM, CLAIM_SHARE = 10, 10.0, 0.8  # appendix A5: interval, difference, least share


def flash_numbers(splits: pd.DataFrame) -> pd.DataFrame:
    """One row per dataset, loss and seed, of nets with a sampler that saw the flashing block.

    Columns: those of errors_by (mean_rmse_bpm is of the mean predictor), block_saliency,
    block_area, focus (their ratio; 1 for a uniform map), contrastive_above: whether the net without
    labels puts more saliency on the block than the supervised one of that seed, NaN if one of the
    two is missing.  Raises ValueError for a loss that is not one of the paper's two, and for splits
    without a block.
    """
    own = splits[splits["model"] == splits["name"]]
    if unknown := set(own["loss"]) - {CONTRASTIVE, SUPERVISED}:
        raise ValueError(f"losses {sorted(unknown)}, expected {CONTRASTIVE} and {SUPERVISED}")
    if own.empty or not np.isfinite(own[["block_saliency", "block_area"]].to_numpy(float)).all():
        raise ValueError("splits without saliency on a block: runs need flash and saliency")
    keys = ["dataset", "loss", "seed"]
    looked = own.groupby(keys)[["block_saliency", "block_area"]].mean()
    looked = looked.assign(focus=looked["block_saliency"] / looked["block_area"])
    table = errors_by(splits, keys).merge(looked.reset_index(), on=keys)
    above = _is_below(table, ["dataset", "seed"], "focus", SUPERVISED, CONTRASTIVE)
    return table.assign(contrastive_above=above)


def read_looks(splits: pd.DataFrame, dataset: str, seed: int) -> dict[str, dict[str, np.ndarray]]:
    """For each of the paper's two losses, the arrays in looks.npz of its run (ids, crops, saliency,
    warped, block), and focus (n,) of each recording, from the splits.

    Raises ValueError unless each of the two has one run of that dataset and seed, FileNotFoundError
    if a run has no looks.npz.
    """
    own = splits[(splits["model"] == splits["name"]) & (splits["dataset"] == dataset)]
    looks = {}
    for loss in (CONTRASTIVE, SUPERVISED):
        rows = own[(own["seed"] == seed) & (own["loss"] == loss)]
        if rows["run_dir"].nunique() != 1:
            raise ValueError(f"{loss}, seed {seed}: one run expected: {rows['run_dir'].unique()}")
        with np.load(Path(rows["run_dir"].iloc[0]) / "looks.npz", allow_pickle=False) as file:
            looks[loss] = dict(file)
        rows = rows.set_index("id").loc[looks[loss]["ids"]]
        looks[loss]["focus"] = (rows["block_saliency"] / rows["block_area"]).to_numpy()
    return looks


def desync_numbers(splits: pd.DataFrame) -> pd.DataFrame:
    """One row per dataset, loss, largest shift and seed.

    Columns: those of errors_by (mean_rmse_bpm is of the mean predictor) and mcc_below_pc: whether
    training with MCC gave a smaller RMSE than with PC at that shift and seed, NaN if one of the
    two is missing.
    """
    keys = ["dataset", "loss", "desync_s", "seed"]
    table = errors_by(splits, keys)
    below = _is_below(table, ["dataset", "desync_s", "seed"], "rmse_bpm", "mcc", "pearson")
    return table.assign(mcc_below_pc=below)


def errors_by(splits: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Columns keys, n, rmse_bpm, mae_bpm, wave_mcc (of the predicted with the ground-truth BVP),
    mean_rmse_bpm, origin: each group's recordings, of all its folds, scored together.

    Raises ValueError unless the mean predictor and the net were tested on the same recordings, each
    of them once.
    """
    kept = splits[(splits["model"] == splits["name"]) | (splits["model"] == "mean")]
    kept = kept.assign(row=np.where(kept["model"] == "mean", "mean", "net"))
    for group, rows in kept.groupby(keys):
        net, mean = (set(rows.loc[rows["row"] == row, "id"]) for row in ("net", "mean"))
        if net != mean:
            counts = f"{len(net)} of the net and {len(mean)} of the mean predictor"
            raise ValueError(f"{group}: expected the same recordings of both, found {counts}")
    scores = pooled(kept, [*keys, "row"]).set_index(keys)
    net, mean = (scores[scores["row"] == row] for row in ("net", "mean"))
    net = net.assign(mean_rmse_bpm=mean["rmse_bpm"]).reset_index()
    return net[[*keys, "n", "rmse_bpm", "mae_bpm", "wave_mcc", "mean_rmse_bpm", "origin"]]


def change_numbers(changes: pd.DataFrame, window_s: float) -> pd.DataFrame:
    """One row per dataset and interval; each pair of heart rates counts equally.

    Columns dataset, interval_s, n_recordings, n_pairs, q05_bpm, q50_bpm, q95_bpm, within_10bpm (a
    share), readable, claim_holds.  readable: the interval is at least window_s (otherwise the two
    windows share frames, which makes their heart rates too similar) with MIN_PAIRS pairs or more.
    claim_holds: appendix A5's "with approximately 80%-100% certainty", at 10 s, if that is
    readable, else NaN.  Raises ValueError if there is no pair.
    """
    if changes.empty:
        raise ValueError("no two heart rates of a recording: its windows are too few")
    rows = []
    for (dataset, interval_s), pairs in changes.groupby(["dataset", "interval_s"]):
        bpm = pairs["change_bpm"].to_numpy(float)
        row = {"dataset": dataset, "interval_s": interval_s}
        row |= {"n_recordings": pairs["id"].nunique(), "n_pairs": len(pairs)}
        row |= {name: float(np.quantile(bpm, share)) for name, share in QUANTILES.items()}
        row |= {"within_10bpm": float(np.mean(bpm <= CLAIM_BPM))}
        row |= {"readable": bool(interval_s >= window_s and len(pairs) >= MIN_PAIRS)}
        asked = row["readable"] and interval_s == CLAIM_S
        rows.append(row | {"claim_holds": row["within_10bpm"] >= CLAIM_SHARE if asked else np.nan})
    return pd.DataFrame(rows).astype({"claim_holds": object})


def holds_in(table: pd.DataFrame, verdict: str, keys: Sequence[str]) -> str:
    """The text "k of n": for how many of the compared combinations of keys the verdict is true."""
    compared = table.dropna(subset=[verdict]).drop_duplicates(list(keys))[verdict].astype(bool)
    return f"{compared.sum()} of {len(compared)}"


def _is_below(
    table: pd.DataFrame, keys: list[str], value: str, low: str, high: str
) -> list[bool | float]:
    """For each row: whether, for its keys, the loss `low` has a smaller value than `high`."""
    pivot = table.pivot(index=keys, columns="loss", values=value)
    both = pivot.reindex(columns=[low, high])
    below = (both[low] < both[high]).astype(object).mask(both.isna().any(axis=1), np.nan)
    return below.loc[pd.MultiIndex.from_frame(table[keys])].tolist()
