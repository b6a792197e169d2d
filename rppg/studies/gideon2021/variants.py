"""Variants of training without labels: what the paper says of them in a sentence each, and ours.

    splits = collect_splits(["runs/gideon2021_variants"], "variants")
    compare(splits)  # one row a variant and dataset

A run's name is its variant, one of VARIANTS.  Each is compared with "as published" on the same
recordings and seeds.  Source: Gideon and Stent, ICCV 2021, section 3.3, appendices A6 and A7.
"""

import pandas as pd

from rppg.studies.gideon2021.scores import pooled

BASE = "as published"
VARIANTS = {  # name of a run: the paper's change of RMSE in bpm, None where it gives none
    BASE: 0.0,
    "validation subjects withheld": 0.7,  # A6: "to worsen by 0.7 bpm on average across datasets"
    "transposed convolution": 0.2,  # 3.3: interpolation improves "test RMSE by 0.2 bpm on average"
    "windows of 5 s": None,  # A7 compares its 10 s with another model's 256 and 400 frames
    "windows of 8.5 s": None,
    "windows of 13.3 s": None,
    "windows of 20 s": None,
}


def compare(splits: pd.DataFrame) -> pd.DataFrame:
    """One row per variant and dataset: rmse_bpm, its mean over seeds, sd_bpm; change_bpm from BASE,
    the mean over seeds, sd_change_bpm; n_seeds; paper_change_bpm, averaged over datasets.

    splits: as `collect_splits` gives them.  Raises ValueError for a name that is no variant, and
    if seeds or recordings of a variant are not those of BASE.
    """
    if unknown := sorted(set(splits["name"]) - VARIANTS.keys()):
        raise ValueError(f"runs called {unknown} are no variants, expected {list(VARIANTS)}")
    own = splits[splits["model"] == splits["name"]]
    _check_same(own)
    scored = pooled(own, ["dataset", "name", "seed"]).set_index(["dataset", "seed"])
    base = scored.loc[scored["name"] == BASE, "rmse_bpm"]
    scored = scored.assign(change_bpm=scored["rmse_bpm"] - base.reindex(scored.index))
    groups = scored.groupby(["name", "dataset"])
    table = groups.agg(
        rmse_bpm=("rmse_bpm", "mean"),
        sd_bpm=("rmse_bpm", "std"),
        change_bpm=("change_bpm", "mean"),
        sd_change_bpm=("change_bpm", "std"),
        n_seeds=("rmse_bpm", "size"),
    ).reset_index()
    published = table["name"].map(VARIANTS).astype(float)
    order = table["name"].map({name: k for k, name in enumerate(VARIANTS)})
    table = table.assign(paper_change_bpm=published, order=order)
    return table.sort_values(["dataset", "order"], ignore_index=True).drop(columns="order")


def verdict(table: pd.DataFrame) -> str:
    """A line a variant that the paper puts a number on: ours, averaged over datasets, beside it."""
    lines = []
    for name, published in VARIANTS.items():
        ours = table.loc[table["name"] == name, "change_bpm"]
        if name == BASE or published is None or ours.empty:
            continue
        lines.append(f"{name}: {ours.mean():+.1f} bpm here, {published:+.1f} in the paper")
    return "\n".join(lines) or "no variant that the paper puts a number on"


def _check_same(own: pd.DataFrame) -> None:
    """Raises ValueError unless each variant has the seeds and recordings of BASE."""
    cases = {
        key: frozenset(zip(part["seed"], part["id"], strict=True))
        for key, part in own.groupby(["dataset", "name"])
    }
    for (dataset, name), pairs in cases.items():
        if pairs != cases.get((dataset, BASE), frozenset()):
            n = len(pairs), len(cases.get((dataset, BASE), ()))
            counts = f"{n[0]} recordings and seeds, {BASE!r} has {n[1]}"
            raise ValueError(f"{dataset}, {name!r}: {counts}: expected the same")
