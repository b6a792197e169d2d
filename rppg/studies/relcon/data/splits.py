"""Subject-wise splits of IMU windows into pretrain, dev and test.

    split = subject_split(windows.table, ["simulator"], test_share=0.4, dev_share=0.15, seed=0)
    pretrained_on = windows.part(split == "pretrain")
    folds = probe_folds(windows.table[split == "test"], n_folds=4, seed=0)

"pretrain": self-supervised training; "dev": selects the distance's checkpoint; "test": held-out
subjects, on which probes are fitted and tested by cross-validation.

>>> table = pd.DataFrame({"dataset": "simulator", "subject": [f"s{k}" for k in range(10)]})
>>> subject_split(table, ["simulator"], 0.4, 0.15, seed=0).value_counts().to_dict()
{'pretrain': 5, 'test': 4, 'dev': 1}
"""

import numpy as np
import pandas as pd

from rppg.datasets.folds import split_by_subject

HALVES = {"BasicMotions": ("train", "test")}  # subjects are unknown: the archive's two files


def subject_split(
    table: pd.DataFrame, datasets: list[str], test_share: float, dev_share: float, seed: int
) -> pd.Series:
    """ "pretrain", "dev" or "test" for each window of a table with dataset, subject (n,).

    In `datasets`, test_share of the subjects is "test" and dev_share of the others "dev"; any other
    dataset is all "test".  Raises ValueError, with what to do, for a dataset that is not in the
    table, a share that is not between 0 and 1, and fewer than three subjects.
    """
    _check(table, datasets, {"test_share": test_share, "dev_share": dev_share})
    split = pd.Series("test", index=table.index)
    learned = table[table["dataset"].isin(datasets)]
    rest = learned[_folds(learned, seed, fraction=test_share) == 1]
    if (n_left := len(_subjects(rest))) < 2:
        problem = f"test_share {test_share} leaves {n_left} subject of {datasets} for pre-training"
        advice = "one of them is for dev_share: take a smaller test_share"
        raise ValueError(f"{problem}, expected 2 or more, {advice}")
    is_dev = _folds(rest, seed + 1, fraction=dev_share) == 0
    split[rest.index] = np.where(is_dev, "dev", "pretrain")
    return split


def first_subjects(table: pd.DataFrame, n: int, seed: int) -> np.ndarray:
    """Mask (n_windows,) of the windows of n subjects, drawn by the seed; 0: of all.

    Those of a smaller n are among those of a larger one.  Raises ValueError for a negative n, and
    for more subjects than the table has.
    """
    subjects = table["dataset"] + "/" + table["subject"]
    order = np.random.default_rng(seed).permutation(np.sort(subjects.unique()))
    if not 0 <= n <= len(order):
        raise ValueError(f"most_subjects is {n}, expected 0 (all) to {len(order)}, which there are")
    return subjects.isin(order[: n or None]).to_numpy()


def probe_folds(table: pd.DataFrame, n_folds: int, seed: int) -> pd.Series:
    """Fold 0, 1, ... of each window of one dataset, by subject; for BasicMotions its archive's
    two halves, since the subject of a recording is not published."""
    dataset = table["dataset"].unique().item()
    if dataset in HALVES:
        starts = [table["subject"].str.startswith(half) for half in HALVES[dataset]]
        if not (starts[0] | starts[1]).all():
            raise ValueError(f"subjects of {dataset} start with neither of {HALVES[dataset]}")
        return starts[1].astype("int64")
    return _folds(table, seed, n_folds=n_folds)


def origin_of(table: pd.DataFrame) -> str:
    """ "synthetic" or "real", for all windows of a table.  Raises ValueError if the table has both
    or no window."""
    known = table[["dataset", "origin"]].drop_duplicates().sort_values("dataset")
    if known["origin"].nunique() != 1:
        named = ", ".join(f"{dataset} ({origin})" for dataset, origin in known.to_numpy())
        advice = "learn from datasets of one origin, named in `datasets`"
        raise ValueError(f"windows of {named or 'no dataset'}, expected one origin: {advice}")
    return known["origin"].iloc[0]


def _check(table: pd.DataFrame, datasets: list[str], shares: dict[str, float]) -> None:
    known = sorted(table["dataset"].unique())
    if not datasets or (unknown := sorted(set(datasets) - set(known))):
        problem = f"no windows of {unknown}" if datasets else "no dataset to pre-train on"
        advice = "name the datasets for pre-training in `datasets` of the profile's runs, as "
        advice += "relcon_paper does"
        raise ValueError(f"{problem}, expected datasets among {known}: {advice}")
    for name, share in shares.items():
        if not 0 < share < 1:
            raise ValueError(f"{name} is {share}, expected a share of subjects above 0 and below 1")
    if (n_subjects := len(_subjects(table[table["dataset"].isin(datasets)]))) < 3:
        text = f"{datasets} have windows of {n_subjects} subjects"
        advice = "one each for pre-training, for choosing the distance (dev_share) and for testing"
        raise ValueError(f"{text}, expected 3 or more, {advice}: name more `datasets`")


def _subjects(table: pd.DataFrame) -> pd.DataFrame:
    return table[["dataset", "subject"]].drop_duplicates()


def _folds(table: pd.DataFrame, seed: int, **how) -> pd.Series:
    """split_by_subject's fold of each window, computed per subject, as windows may be very many."""
    subjects = table["dataset"] + "/" + table["subject"]
    folds = split_by_subject(subjects.unique() + "/all", seed=seed, **how)
    return subjects.map(folds.set_index(folds["dataset"] + "/" + folds["subject"])["fold"])
