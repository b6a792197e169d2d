"""What a split holds, for notebooks: counts by dataset, the origin, recordings with a BVP.

split, missing = make_split(store, ["UBFC-rPPG"], "VIPL-HR-V2")
split_counts(split)  # a row per dataset, a column per part
origin_of(store, split.train)  # "real" or "synthetic"
"""

from collections.abc import Iterable, Sequence

import pandas as pd

from rppg.datasets.folds import Split
from rppg.datasets.store import Store


def split_counts(split: Split) -> pd.DataFrame:
    """Numbers of recordings: a row per dataset, the columns train, validation and test.

    >>> split_counts(Split(["A/1/a", "A/2/a"], ["B/1/a"], [])).loc["A"].tolist()
    [2, 0, 0]
    """
    parts = zip(("train", "validation", "test"), split, strict=True)
    counts = {
        part: pd.Series([id.split("/")[0] for id in ids], dtype=object).value_counts()
        for part, ids in parts
    }
    return pd.DataFrame(counts).fillna(0).astype(int)


def origin_of(store: Store, ids: Iterable[str]) -> str:
    """Origin of these prepared recordings, "real" or "synthetic".  Raises ValueError if they are
    not all of one origin."""
    origins = sorted({store.meta(id)["origin"] for id in ids})
    if len(origins) != 1:
        found = f"recordings of origin {', '.join(origins) or 'none'}"
        raise ValueError(f"{found}, expected one: train on real or on synthetic data, not on both")
    return origins[0]


def ids_with_bvp(store: Store, split: Split, datasets: Sequence[str]) -> list[str]:
    """Training recordings with a ground-truth BVP that are not known to be bad; if there are none,
    those of `datasets` outside validation and test."""
    index = store.index().set_index("id")
    usable = index[index["has_bvp"] & (index["status"] == "ok") & index["known_bad"].isna()]
    own = [id for id in split.train if id in usable.index]
    held_out = {*split.dev, *split.test}
    others = usable.index[usable["dataset"].isin(datasets)]
    return own or [id for id in others if id not in held_out]
