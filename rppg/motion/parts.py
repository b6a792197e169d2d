"""Which windows a motion run learns from and which it is tested on: never the same subject.

    parts = motion_parts(windows.table, ["simulator"], test_share=0.4, dev_share=0.15, seed=0)
    pretrained_on = windows.part(parts == "pretrain")
    folds = probe_folds(windows.table[parts == "test"], n_folds=4, seed=0)

"pretrain": learned from without labels; "dev": chooses the distance's weights; "test": subjects
that pre-training has not seen, on which probes are learned and tested, fold by fold.

>>> ids = [f"simulator/s{k}/hour0@0000.00" for k in range(10)]
>>> table = pd.DataFrame({"id": ids, "dataset": "simulator", "subject": [i[10:12] for i in ids]})
>>> motion_parts(table, ["simulator"], 0.4, 0.15, seed=0).value_counts().to_dict()
{'pretrain': 5, 'test': 4, 'dev': 1}
"""

import numpy as np
import pandas as pd

from rppg.recordings.folds import split_by_subject

HALVES = {"BasicMotions": ("train", "test")}  # subjects are not told; the archive's two files are


def motion_parts(
    table: pd.DataFrame, datasets: list[str], test_share: float, dev_share: float, seed: int
) -> pd.Series:
    """ "pretrain", "dev" or "test" for each window of a table with id, dataset, subject (n,).

    Of `datasets`, a share of the subjects is tested on, and of the others a share is "dev"; all of
    any other dataset is tested on.  Raises ValueError for a dataset that the table does not have.
    """
    known = sorted(table["dataset"].unique())
    if unknown := sorted(set(datasets) - set(known)):
        raise ValueError(f"no windows of {unknown}: expected datasets among {known}")
    parts = pd.Series("test", index=table.index)
    learned = table[table["dataset"].isin(datasets)]
    tested = _picked(learned, test_share, seed)
    rest = learned[~tested]
    parts[rest.index] = np.where(_picked(rest, dev_share, seed + 1), "dev", "pretrain")
    return parts


def probe_folds(table: pd.DataFrame, n_folds: int, seed: int) -> pd.Series:
    """Fold 0, 1, ... of each window of one dataset, by subject; BasicMotions has its archive's two
    halves, since which student made a recording is not published."""
    dataset = table["dataset"].unique().item()
    if dataset in HALVES:
        starts = [table["subject"].str.startswith(half) for half in HALVES[dataset]]
        if not (starts[0] | starts[1]).all():
            raise ValueError(f"subjects of {dataset} begin with neither of {HALVES[dataset]}")
        return starts[1].astype("int64")
    return _matched(split_by_subject(table["id"], n_folds=n_folds, seed=seed), table)


def _picked(table: pd.DataFrame, share: float, seed: int) -> pd.Series:
    """Whether each window is of a subject of the share."""
    return _matched(split_by_subject(table["id"], fraction=share, seed=seed), table) == 0


def _matched(folds: pd.DataFrame, table: pd.DataFrame) -> pd.Series:
    return table["id"].map(folds.set_index("id")["fold"])
