"""Which prepared recordings a model learns from, which choose it, and which test it.

    store = Store("prepared/demo")
    parts, lacking = parts_of(store, ["UBFC-rPPG", "PURE"], validation="VIPL-HR-V2")
    parts.train, parts.dev, parts.test  # lists of ids

Without a fixed test set, rounds_by_subject(ids)["0"] is the first of five such parts.

The subjects of `validation`'s fold "dev" choose; recordings of the split "test" test; neither is
ever learned from, with labels or without.
"""

from collections.abc import Iterable

from rppg.recordings.folds import read_folds, split_by_subject
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
    ids = store.ids()  # recording.json's status and split are looked at, and no label
    folds = read_folds(path)
    dev = set(folds.loc[folds["fold"] == "dev", "id"]) & set(ids)
    test = {id for id in ids if store.meta(id).get("split") == "test"}
    prepared = {id.split("/")[0] for id in ids}
    lacking = sorted(set(datasets) - prepared)
    train = {id for id in ids if id.split("/")[0] in set(datasets)} - dev - test
    if not train or not dev:
        found = (
            f"{len(train)} recordings of {sorted(datasets)} to learn from, {len(dev)} to choose by"
        )
        advice = f"prepared are {', '.join(sorted(prepared)) or 'none'}; fold dev of {path} chooses"
        raise ValueError(f"{found} in {store.root}, expected some of both: {advice}")
    return Round(sorted(train), sorted(dev), sorted(test)), lacking


def rounds_by_subject(ids: Iterable[str], n_folds: int = 5, seed: int = 0) -> dict[str, Round]:
    """Rounds of training by name, "0" to n_folds - 1: each tests on one fold of subjects, the next
    fold chooses, the others train; no subject is in two of them.

    Raises ValueError for fewer than three folds, or fewer subjects than folds.
    """
    if n_folds < 3:
        raise ValueError(f"n_folds is {n_folds}, expected 3 or more: to train, to choose, to test")
    folds = split_by_subject(list(ids), n_folds, seed=seed)
    in_fold = [sorted(folds.loc[folds["fold"] == k, "id"]) for k in range(n_folds)]
    rounds = {}
    for test in range(n_folds):
        dev = (test + 1) % n_folds
        train = [id for k, some in enumerate(in_fold) if k not in (test, dev) for id in some]
        rounds[str(test)] = Round(sorted(train), in_fold[dev], in_fold[test])
    return rounds
