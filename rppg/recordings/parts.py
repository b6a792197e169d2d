"""Which prepared recordings a model learns from, which choose it, and which test it.

    store = Store("prepared/demo")
    parts, lacking = parts_of(store, ["UBFC-rPPG", "PURE"], validation="VIPL-HR-V2")
    parts.train, parts.dev, parts.test  # lists of ids

The subjects of `validation`'s fold "dev" choose; recordings of the split "test" test; neither is
ever learned from, with labels or without.
"""

from collections.abc import Iterable

from rppg.recordings.folds import read_folds
from rppg.recordings.keep import Round
from rppg.recordings.store import Store

FOLDS = "folds"  # below the store's root, one CSV a dataset


def parts_of(store: Store, datasets: Iterable[str], validation: str) -> tuple[Round, list[str]]:
    """Ids to learn from (prepared ones of these datasets), to choose by and to test on, sorted; and
    the datasets of which nothing is prepared.

    Raises ValueError where nothing is left to learn from or to choose by, FileNotFoundError where
    the folds of `validation` were never made.
    """
    path = store.root / FOLDS / f"{validation}.csv"
    if not path.is_file():
        advice = "run 01_preprocess on that dataset, or name another one to validate on"
        raise FileNotFoundError(f"{path} is not there: {advice}")
    index = store.index()
    ok = index[index["status"] == "ok"]
    folds = read_folds(path)
    dev = set(folds.loc[folds["fold"] == "dev", "id"]) & set(ok["id"])
    test = set(ok.loc[ok["split"] == "test", "id"])
    lacking = sorted(set(datasets) - set(ok["dataset"]))
    train = set(ok.loc[ok["dataset"].isin(set(datasets)), "id"]) - dev - test
    found = f"{len(train)} recordings of {sorted(datasets)} to learn from, {len(dev)} to choose by"
    if not train or not dev:
        raise ValueError(
            f"{found} in {store.root}, expected some of both: prepared are "
            f"{', '.join(sorted(set(ok['dataset']))) or 'none'}; fold dev of {path} chooses"
        )
    return Round(sorted(train), sorted(dev), sorted(test)), lacking
