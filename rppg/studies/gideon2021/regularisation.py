"""Saliency regularisation: effect of its weights on heart rates (Table 7) and on maps (Fig. 3).

w_s weighs the maps' sparsity, w_t their change over time.  A table of changes has columns COLUMNS:
one row per pair of weights and seed.

    splits = collect_splits(["runs/gideon2021"], "regularisation")
    changes = measure_changes(splits)
    compare_with_table_7(changes), verdict(changes)
    seed, recording, looks = common_looks(splits)  # {(w_s, w_t): Look}

Evenness is the entropy of a map (its mean over time) over that of a uniform one: 1 for a uniform
map, 0 if all saliency lies on one place.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import entropy

from rppg.studies.gideon2021.published import CHANGES, RATES, published_changes
from rppg.studies.gideon2021.scores import pooled
from rppg.studies.gideon2021.tables import LABELS, NO_NUMBER, written

PAIR = ["w_s", "w_t"]
COLUMNS = [*PAIR, "seed", "n", *RATES, *CHANGES, "evenness", "below_zero_rmse", "sharper"]
COLUMNS += ["learned_from", "origin"]

CHANGE_LABELS = [f"{LABELS[metric][0]} change" for metric in RATES]


class Look(NamedTuple):
    """A net's saliency on one recording, and its input and output."""

    crop: np.ndarray  # (H, W, 3) uint8, an input frame
    saliency: np.ndarray  # (G, G), mean over time, sums to 1
    warped: np.ndarray  # (H', W', 3) uint8, the resampled frame


def measure_changes(splits: pd.DataFrame) -> pd.DataFrame:
    """Columns COLUMNS: for each pair of weights and seed the scores, RATES; their differences from
    (0, 0) of the same seed, CHANGES; the evenness of its maps, mean over recordings.

    below_zero_rmse: is RMSE below that of (0, 0)?  sharper: is evenness below that of (0, w_t)?
    Both are empty if there is nothing to compare with.  Recordings of several datasets are scored
    together, whereas the paper has UBFC-rPPG alone; `learned_from` names ours.  Raises ValueError
    for several losses, nets without saliency, and if (0, 0), a seed or a recording is missing.
    """
    _check(splits)
    own = splits[splits["model"] == splits["name"]]
    by = [*PAIR, "seed"]
    table = pooled(own, by).join(own.groupby(by)["learned_from"].first(), on=by)
    zero = table[_is_zero(table)].set_index("seed")
    for change, metric in zip(CHANGES, RATES, strict=True):
        table[change] = table[metric] - table["seed"].map(zero[metric])
    table["evenness"] = [_evenness(own, *key) for key in table[by].itertuples(index=False)]
    unweighted = table[table["w_s"] == 0].set_index(["w_t", "seed"])["evenness"]
    unweighted = table[["w_t", "seed"]].join(unweighted, on=["w_t", "seed"])["evenness"]
    below = (table["rmse_change_bpm"] < 0).astype("boolean").mask(_is_zero(table))
    sharper = (table["evenness"] < unweighted).astype("boolean")
    sharper = sharper.mask((table["w_s"] == 0) | unweighted.isna())
    return table.assign(below_zero_rmse=below, sharper=sharper)[COLUMNS]


def common_looks(splits: pd.DataFrame) -> tuple[int, str, dict[tuple[float, float], Look]]:
    """The first seed, the first recording that all its nets have a look at, and these looks by
    (w_s, w_t).  Raises ValueError if there is no such recording."""
    seed = int(splits["seed"].min())
    by_pair = {}
    for pair, runs in splits[splits["seed"] == seed].groupby(PAIR):
        by_pair[pair] = {
            recording: look for run in runs["run_dir"].unique() for recording, look in _looks(run)
        }
    first, *others = by_pair.values()
    shared = [recording for recording in first if all(recording in looks for looks in others)]
    if not shared:
        raise ValueError(f"seed {seed}: no recording of which all {len(by_pair)} nets have a look")
    return seed, shared[0], {pair: looks[shared[0]] for pair, looks in by_pair.items()}


def compare_with_table_7(changes: pd.DataFrame) -> pd.DataFrame:
    """Table 7 as text: ours as mean ± sd over seeds, then the published; rows w_s, columns w_t."""
    values = changes[[*CHANGES]].mask(_is_zero(changes))  # nothing to compare with
    groups = values.groupby([changes[name] for name in PAIR])
    theirs = published_changes().set_index(PAIR)
    parts = {
        f"ours, {changes['origin'].iloc[0]}": _as_text(groups.mean(), groups.std()),
        "published": _as_text(theirs, theirs * np.nan),
    }
    table = pd.concat(parts)
    temporal = sorted({*theirs.index.unique("w_t"), *changes["w_t"]})
    table = table.reindex(columns=pd.MultiIndex.from_product([CHANGE_LABELS, temporal]))
    table = table.fillna(NO_NUMBER)
    named = {w: f"{w:g}" for w in {*table.index.unique(1), *table.columns.unique(1)}}
    return table.rename(index=named, columns=named).rename_axis(["", "w_s"])


def verdict(changes: pd.DataFrame) -> str:
    """The paper's claims about the weights, and for how many of our nets they hold."""
    most = changes[(changes["w_s"] == changes["w_s"].max()) & changes["sharper"].notna()]
    both = changes[(changes[PAIR] >= 1).all(axis=1)]
    means = changes.groupby(PAIR)["rmse_change_bpm"].mean()
    zero = changes.loc[_is_zero(changes), "rmse_bpm"]
    spread = f"{zero.std():.1f} bpm over seeds" if len(zero) > 1 else "unknown, of a single seed"
    return "\n".join(
        [
            f"maps sharper with w_s = {changes['w_s'].max():g} than with 0: "
            f"{most['sharper'].sum()} of {len(most)} nets",
            f"RMSE below that of (0, 0) with both weights 1 or more: "
            f"{both['below_zero_rmse'].sum()} of {len(both)} nets",
            f"mean change of RMSE from {means.min():+.1f} to {means.max():+.1f} bpm; deviation of "
            f"(0, 0) itself {spread}",
        ]
    )


def _check(splits: pd.DataFrame) -> None:
    if splits["loss"].nunique() > 1:
        raise ValueError(f"expected one loss, found {sorted(splits['loss'].unique())}")
    if not splits["saliency"].all():
        raise ValueError("a run of this study has no saliency: its weights have no effect")
    groups = splits.groupby(PAIR)
    tested = {
        tuple(map(float, pair)): frozenset(zip(part["seed"], part["id"], strict=True))
        for pair, part in groups
    }
    if (0.0, 0.0) not in tested:
        raise ValueError(f"no run with the weights (0, 0), to compare with; found {list(tested)}")
    if len(set(tested.values())) > 1:
        counts = {pair: len(both) for pair, both in tested.items()}
        raise ValueError(f"seeds and recordings differ between weights, as (w_s, w_t): {counts}")


def _evenness(splits: pd.DataFrame, w_s: float, w_t: float, seed: int) -> float:
    chosen = (splits["w_s"] == w_s) & (splits["w_t"] == w_t) & (splits["seed"] == seed)
    runs = splits.loc[chosen, "run_dir"].unique()
    maps = [look.saliency.ravel() for run in runs for _, look in _looks(run)]
    return float(np.mean([entropy(m) / np.log(m.size) for m in maps]))


def _looks(run_dir: str) -> list[tuple[str, Look]]:
    """Ids of recordings and their looks, of one run."""
    with np.load(Path(run_dir) / "looks.npz") as file:
        arrays = [file[name] for name in ("ids", "crops", "saliency", "warped")]
    return [(str(recording), Look(*look)) for recording, *look in zip(*arrays, strict=True)]


def _is_zero(table: pd.DataFrame) -> pd.Series:
    return (table["w_s"] == 0) & (table["w_t"] == 0)


def _as_text(mean: pd.DataFrame, sd: pd.DataFrame) -> pd.DataFrame:
    """Rows w_s, columns metric and w_t."""
    text = {
        (label, w_t, w_s): written(mean.loc[(w_s, w_t), change], metric, sd.loc[(w_s, w_t), change])
        for label, metric, change in zip(CHANGE_LABELS, RATES, CHANGES, strict=True)
        for w_s, w_t in mean.index
    }
    return pd.Series(text).unstack([0, 1])
