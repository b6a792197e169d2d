"""Folds by subject: who is trained on, who chooses, who is tested; made once, seeded, written.

>>> ids = [f"demo/{subject}/v{k}" for subject in ("ann", "bob", "cy", "di") for k in (1, 2)]
>>> folds = split_by_subject(ids, n_folds=2, seed=1)
>>> folds.groupby("fold")["subject"].nunique().tolist()
[2, 2]

A fold is a number from 0 up, or one of the words train, dev and test.  Tables made by a protocol
(see protocols.py) have a column `protocol` as well, which says which one made them.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from rppg.datasets.fold_tables import COLUMNS, read_folds
from rppg.datasets.store import Store

FOLDS = "folds"  # below the store's root, one CSV a dataset


@dataclass(frozen=True)
class Split:
    """Ids to train on, to validate on, to test on; no subject is in two of them.

    out_of_fold: labelled ids of one fold, on which the model neither trains nor chooses its step:
    its predictions of them can choose an ensemble.  Empty without folds.
    """

    train: list[str]
    dev: list[str]
    test: list[str]
    out_of_fold: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[list[str]]:
        return iter((self.train, self.dev, self.test))

    @property
    def judged(self) -> list[str]:
        """Labelled ids to predict: those out of the fold, or those validated on."""
        return self.out_of_fold or self.dev


def split_by_subject(
    ids,
    n_folds: int | None = None,
    fraction: float | None = None,
    seed: int = 0,
    hr_bpm: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Folds of recordings such that no subject is in two: columns id, dataset, subject, fold.

    ids: recording ids, or a table with a column id such as the store's index.  Each dataset's
    subjects are shuffled by the seed and dealt out in turn, so the folds hold equal numbers of
    them (give or take one, also within a dataset).  With n_folds, fold k is the validation set of
    split k.  With fraction, fold 0 is the validation set with that share of the subjects and fold
    1 the rest; neither is ever empty.  With hr_bpm, the heart rates of ids, a dataset's subjects
    are dealt out by their mean rate, so that each fold has slow and fast hearts; those without a
    known rate come last.

    The result is sorted by id and depends on the set of ids and the seed, not on their order.
    Raises ValueError for ids given twice or malformed, for fewer subjects than folds, and unless
    exactly one of n_folds (2 or more) and fraction (between 0 and 1) is given.
    """
    if (n_folds is None) == (fraction is None):
        raise ValueError(f"n_folds {n_folds} and fraction {fraction}: expected exactly one of them")
    table = id_table(ids)
    subjects = _shuffled(set(zip(table["dataset"], table["subject"], strict=True)), seed)
    n = len(subjects)
    if n_folds is not None:
        if not 2 <= n_folds <= n:
            raise ValueError(f"n_folds is {n_folds}, expected 2 to {n}, the number of subjects")
        if hr_bpm is not None:
            subjects = _by_rate(subjects, table.assign(hr=table["id"].map(hr_bpm)), n_folds)
        fold_of = {subject: i % n_folds for i, subject in enumerate(subjects)}
    else:
        if not 0 < fraction < 1 or n < 2:
            raise ValueError(f"fraction {fraction} of {n} subjects, expected 0 to 1 of 2 or more")
        n_validation = min(max(round(n * fraction), 1), n - 1)
        picked = [(i + 1) * n_validation // n > i * n_validation // n for i in range(n)]
        fold_of = {s: 0 if pick else 1 for s, pick in zip(subjects, picked, strict=True)}
    pairs = zip(table["dataset"], table["subject"], strict=True)
    return table.assign(fold=[fold_of[pair] for pair in pairs])


def train_dev_test(ids, shares: tuple[float, float, float], seed: int = 0) -> pd.DataFrame:
    """Folds train, dev and test by subject: columns id, dataset, subject, fold, sorted by id.

    ids: as in `split_by_subject`.  shares: of the subjects, in this order; dev and test get at
    least one subject each, train the rest.  Raises ValueError for fewer than three subjects.
    """
    table = id_table(ids)
    subjects = _shuffled(set(zip(table["dataset"], table["subject"], strict=True)), seed)
    n = len(subjects)
    if n < 3:
        names = ", ".join(subject for _, subject in subjects) or "none"
        expected = "expected three or more: to train on, to validate on and to test on"
        advice = "add recordings of other people, each in a folder or with a subject of its own"
        raise ValueError(f"found {n} subjects ({names}), {expected}; {advice}")
    n_dev, n_test = (max(round(n * share), 1) for share in shares[1:])
    words = ["dev"] * n_dev + ["test"] * n_test + ["train"] * (n - n_dev - n_test)
    fold_of = dict(zip(subjects, words, strict=True))
    pairs = zip(table["dataset"], table["subject"], strict=True)
    return table.assign(fold=[fold_of[pair] for pair in pairs])


def id_table(ids) -> pd.DataFrame:
    """Sorted ids with their dataset and subject, as columns id, dataset, subject.

    ids: recording ids, or a table with a column id.  Raises ValueError for
    malformed ids and for ids given twice.
    """
    ids = sorted(ids["id"] if isinstance(ids, pd.DataFrame) else ids)
    rows = [(id, *id.split("/")[:2]) for id in ids]
    if bad := [id for id in ids if len(id.split("/")) != 3]:
        raise ValueError(f"{bad} are no recording ids, expected dataset/subject/name")
    if twice := sorted({a for a, b in zip(ids, ids[1:], strict=False) if a == b}):
        raise ValueError(f"ids given twice: {', '.join(twice)}")
    return pd.DataFrame(rows, columns=COLUMNS[:3], dtype=object)


def _shuffled(subjects: set[tuple[str, str]], seed: int) -> list[tuple[str, str]]:
    """Each dataset's subjects in an order drawn from the seed, one dataset after the other."""
    rng = np.random.default_rng(seed)
    order = []
    for dataset in sorted({dataset for dataset, _ in subjects}):
        members = sorted(pair for pair in subjects if pair[0] == dataset)
        order += [members[i] for i in rng.permutation(len(members))]
    return order


def _by_rate(subjects: list[tuple], rates: pd.DataFrame, n_folds: int) -> list[tuple]:
    """Subjects in an order of which every n_folds in a row have about the same mean rate (column
    hr), dataset by dataset; within such a stratum the given order stays."""
    mean = rates.astype({"hr": float}).groupby(["dataset", "subject"])["hr"].mean()
    ordered = []
    for dataset in dict.fromkeys(dataset for dataset, _ in subjects):
        place = {pair: i for i, pair in enumerate(subjects) if pair[0] == dataset}
        slow_first = mean[list(place)].sort_values(kind="stable").index.to_list()
        for start in range(0, len(slow_first), n_folds):
            ordered += sorted(slow_first[start : start + n_folds], key=place.get)
    return ordered


def make_split(
    store: Store, datasets: Iterable[str], validation: str, fold: str = "", seed: int = 0
) -> tuple[Split, list[str]]:
    """Prepared ids to train on (of these datasets), to validate on and to test on, sorted; and the
    datasets of which nothing is prepared.

    Fold "dev" of `validation` validates.  What is tested on is `held_out`'s.  fold: as "2/5": what
    would be trained on and validated on is split anew, as by `labelled_fold`.  Raises ValueError if
    nothing is left to train or to validate on, FileNotFoundError if the folds of `validation` were
    never made.
    """
    path = store.root / FOLDS / f"{validation}.csv"
    if not path.is_file():
        advice = "run 01_preprocess on that dataset, or name another one to validate on"
        raise FileNotFoundError(f"{path} is missing: {advice}")
    ids = store.ids()  # of recording.json, status and split are read, and no label
    folds = read_folds(path)
    dev = set(folds.loc[folds["fold"] == "dev", "id"]) & set(ids)
    test = held_out(store)
    prepared = {id.split("/")[0] for id in ids}
    missing = sorted(set(datasets) - prepared)
    train = {id for id in ids if id.split("/")[0] in set(datasets)} - dev - test
    if not train or not dev:
        counts = f"{len(train)} recordings of {sorted(datasets)} to train on, {len(dev)} in dev"
        ready = f"prepared are {', '.join(sorted(prepared)) or 'none'}"
        words = ", ".join(sorted(map(str, folds["fold"].unique()))) or "none"
        advice = "a dataset is split into train, dev and test by the protocol 'train_dev_test'"
        raise ValueError(
            f"{store.root}: found {counts}, expected some of both; {ready}; "
            f"{path} has the folds {words}; {advice}"
        )
    split = Split(sorted(train), sorted(dev), sorted(test))
    return (labelled_fold(store, split, fold, seed) if fold else split), missing


def held_out(store: Store) -> set[str]:
    """Prepared ids to test on, never trained on: a challenge's test set, as the readers mark it; if
    there is none, fold "test" of every dataset that has one."""
    ids = store.ids()
    marked = {id for id in ids if store.meta(id).get("split") == "test"}
    if marked:
        return marked
    tested: set[str] = set()
    for path in sorted((store.root / FOLDS).glob("*.csv")):
        folds = read_folds(path)
        tested |= set(folds.loc[folds["fold"] == "test", "id"])
    return tested & set(ids)


def parts_of(store: Store) -> dict[str, str]:
    """Part of each prepared id, "train", "test" or "none": as the readers mark it.  Without a
    challenge's test set it is "test" in fold test of its dataset, and "train" in train and dev."""
    ids = store.ids()
    part = {id: store.meta(id).get("split") for id in ids}
    if "test" in part.values() or not (tested := held_out(store)):
        return part
    datasets = {id.split("/")[0] for id in tested}
    for id in ids:
        if id.split("/")[0] in datasets:
            part[id] = "test" if id in tested else "train"
    return part


def labelled_fold(store: Store, split: Split, fold: str, seed: int = 0) -> Split:
    """One fold of the labelled recordings of a split, its train and dev together: a part of their
    subjects is left out of the fold, the next part validates, the others are trained on.

    fold: as "2/5", the second of five parts, stratified by heart rate as in `split_by_subject`.
    Raises ValueError for another one, fewer than three parts, and fewer subjects than parts.
    """
    found = re.fullmatch(r"(\d+)/(\d+)", fold)
    which, n_folds = (int(number) for number in found.groups()) if found else (0, 0)
    if not 1 <= which <= n_folds:
        raise ValueError(f"fold is {fold!r}, expected one as '2/5': the second of five parts")
    known = store.index().set_index("id")["hr_true_bpm"].to_dict()
    one = splits_by_subject(split.train + split.dev, n_folds, seed, known)[str(which - 1)]
    return Split(one.train, one.dev, split.test, out_of_fold=one.test)


def splits_by_subject(
    ids: Iterable[str],
    n_folds: int = 5,
    seed: int = 0,
    hr_bpm: Mapping[str, float] | None = None,
) -> dict[str, Split]:
    """Splits by name, "0" to n_folds - 1: each tests on one fold of subjects, validates on the next
    and trains on the others; no subject is in two of them.  hr_bpm: as in `split_by_subject`.

    Raises ValueError for fewer than three folds, or fewer subjects than folds.
    """
    if n_folds < 3:
        raise ValueError(
            f"n_folds is {n_folds}, expected 3 or more: to train, to validate, to test"
        )
    folds = split_by_subject(list(ids), n_folds, seed=seed, hr_bpm=hr_bpm)
    in_fold = [sorted(folds.loc[folds["fold"] == k, "id"]) for k in range(n_folds)]
    splits = {}
    for test in range(n_folds):
        dev = (test + 1) % n_folds
        train = [id for k, some in enumerate(in_fold) if k not in (test, dev) for id in some]
        splits[str(test)] = Split(sorted(train), in_fold[dev], in_fold[test])
    return splits
