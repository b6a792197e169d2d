"""What a split holds, for notebooks: counts by dataset, the origin, recordings with a BVP.

split, missing = make_split(store, ["UBFC-rPPG"], "VIPL-HR-V2")
split_counts(split)  # a row per dataset, a column per part
origin_of(store, split.train)  # "real" or "synthetic"
"""

from collections.abc import Iterable

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


def ids_with_bvp(store: Store, ids: Iterable[str]) -> list[str]:
    """Those of these recordings that have a ground-truth BVP and are not known to be bad."""
    index = store.index().set_index("id")
    usable = index["has_bvp"] & (index["status"] == "ok") & index["known_bad"].isna()
    return [id for id in ids if usable.get(id, False)]
