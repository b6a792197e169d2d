"""Fold files by a protocol: made where there is none, read ever after.

>>> import tempfile
>>> path = Path(tempfile.mkdtemp()) / "PURE.csv"
>>> ids = ["PURE/02/02-01", "PURE/01/01-01", "PURE/01/01-02", "PURE/09/09-01"]
>>> folds = keep_folds(path, ids)
>>> folds["fold"].tolist(), folds["protocol"][0]
(['train', 'train', 'test', 'dev'], 'pure')
>>> keep_folds(path, ids[:2])["fold"].tolist()
['train', 'test']

Folds are tables of the columns id, dataset, subject, fold and protocol, one row a recording.
"""

import os
import re
from pathlib import Path

import pandas as pd

from rppg.datasets.fold_tables import WORDS, read_folds, write_folds
from rppg.datasets.folds import id_table, split_by_subject, train_dev_test
from rppg.datasets.protocols import DEFAULT, PROTOCOLS, SAME_PERSON, Protocol

N_SEEDED = 5  # folds of "seeded"; fewer where there are fewer subjects


def keep_folds(path, ids, protocol: str | None = None, root=None, seed: int = 0) -> pd.DataFrame:
    """The folds of these recordings in the file at path, which is made if it is not there.

    ids, protocol, root and seed are make_folds's; root is not read if the file exists.
    Without protocol, a file made by any is read; its column protocol says by which.

    Raises ValueError if some of the ids are missing in the file, or if it was made by another
    protocol or with another seed than asked for; and what make_folds and read_folds raise.
    """
    path, table = Path(path), id_table(ids)
    if not os.path.lexists(path):
        folds = make_folds(table, protocol, root, seed)
        write_folds(path, folds)
        return folds
    kept = read_folds(path)
    _check_asked(kept, protocol, seed, path)
    missing = table[~table["id"].isin(kept["id"])]
    if len(missing):
        subjects = ", ".join(sorted(set(missing["subject"])))
        count = f"{len(missing)} of {len(table)} recordings are missing"
        found = f"{path}: {count}, of subjects {subjects}"
        advice = (
            "delete the file and all that was trained on it, name another one, or leave them out"
        )
        raise ValueError(f"{found}: {advice}")
    return kept[kept["id"].isin(table["id"])].reset_index(drop=True)


def make_folds(ids, protocol: str | None = None, root=None, seed: int = 0) -> pd.DataFrame:
    """Folds by a protocol, sorted by id; they depend on the set of ids, never on their order.

    ids: recording ids, or a table with a column id.  protocol: a name in PROTOCOLS; without one,
    the first of the dataset's in DEFAULT whose files are under root, the dataset's folder, and
    "seeded" for other datasets.  The column protocol names it, with the seed where it has one.

    Raises ValueError for an unknown protocol or one of another dataset, for subjects that its list
    does not have, for a person under two ids, and for no recordings; FileNotFoundError for files
    of the dataset that it needs.
    """
    table = id_table(ids)
    name = protocol or _default(table, root)
    if name not in PROTOCOLS:
        raise ValueError(f"protocol {name!r} is unknown, expected one of {', '.join(PROTOCOLS)}")
    chosen, datasets = PROTOCOLS[name], sorted(set(table["dataset"]))
    if not datasets or (chosen.datasets and not set(datasets) <= set(chosen.datasets)):
        expected = ", ".join(chosen.datasets) or "any dataset"
        raise ValueError(f"protocol {name!r}: found recordings of {datasets}, expected {expected}")
    _refuse_second_ids(table)
    if chosen.rule is None:
        return table.assign(fold=_seeded(table, chosen, seed), protocol=f"{name} seed={seed}")
    if chosen.files:
        _check_files(name, chosen, root)
    return table.assign(fold=_by_number(table, name, chosen.rule(root)), protocol=name)


def fold_summary(folds: pd.DataFrame, index: pd.DataFrame) -> pd.DataFrame:
    """One row a fold: fold, subjects, recordings, minutes, the last by duration_s of the store's
    index (failed recordings have none)."""
    table = folds.merge(index[["id", "duration_s"]], on="id", how="left", validate="1:1")
    table["person"] = table["dataset"] + "/" + table["subject"]
    groups = table.groupby("fold")
    summary = groups.agg(subjects=("person", "nunique"), recordings=("id", "size"))
    summary["minutes"] = groups["duration_s"].sum() / 60
    order = [word for word in WORDS if word in summary.index] or summary.index
    return summary.loc[order].reset_index()


def _default(table: pd.DataFrame, root) -> str:
    datasets = sorted(set(table["dataset"]))
    if len(datasets) != 1:
        advice = "split one dataset at a time, or name a protocol"
        raise ValueError(f"found recordings of {datasets}, expected those of one dataset: {advice}")
    names = DEFAULT.get(datasets[0], ("seeded",))
    return next((name for name in names if _has_files(PROTOCOLS[name], root)), names[-1])


def _has_files(chosen: Protocol, root) -> bool:
    if not chosen.files:
        return True
    return root is not None and any((Path(root) / file).exists() for file in chosen.files)


def _check_files(name: str, chosen: Protocol, root) -> None:
    if not _has_files(chosen, root):
        where = "no folder of the dataset was given" if root is None else f"{root} has none"
        advice = "give the dataset's folder, or take protocol 'seeded', which needs no file"
        expected = " or ".join(f"{file}/" for file in chosen.files)
        raise FileNotFoundError(f"protocol {name!r} reads {expected}, {where}: {advice}")


def _refuse_second_ids(table: pd.DataFrame) -> None:
    for dataset, subject in sorted(set(zip(table["dataset"], table["subject"], strict=True))):
        own = SAME_PERSON.get((dataset, _number(subject)))
        if own is not None:
            found = (
                f"{dataset}: subject {subject!r} is the person of subject {own} under a second id"
            )
            raise ValueError(f"{found}, expected recordings of both under one subject id")


def _by_number(table: pd.DataFrame, name: str, fold_of) -> list:
    """The fold of each row by its subject's number."""
    numbers = {subject: _number(subject) for subject in sorted(set(table["subject"]))}
    folds = {s: None if number is None else fold_of(number) for s, number in numbers.items()}
    if outside := [subject for subject, fold in folds.items() if fold is None]:
        advice = "leave them out, or take protocol 'seeded'"
        raise ValueError(f"protocol {name!r} does not have the subjects {outside}: {advice}")
    return [folds[subject] for subject in table["subject"]]


def _seeded(table: pd.DataFrame, chosen: Protocol, seed: int) -> list:
    if chosen.dev_fraction is not None:
        split = split_by_subject(table, fraction=chosen.dev_fraction, seed=seed)
        return ["dev" if fold == 0 else "train" for fold in split["fold"]]
    if chosen.shares is not None:
        return train_dev_test(table, chosen.shares, seed)["fold"].tolist()
    n_subjects = len(table.groupby(["dataset", "subject"]))
    return split_by_subject(table, min(N_SEEDED, max(n_subjects, 2)), seed=seed)["fold"].tolist()


def _check_asked(kept: pd.DataFrame, protocol: str | None, seed: int, path: Path) -> None:
    """The file's protocol is the one asked for, and its seed, where it has one."""
    labels = sorted(set(kept["protocol"])) if "protocol" in kept else [""]
    for label in labels:
        name, _, its_seed = label.partition(" seed=")
        asked = (protocol or name) + (f" seed={seed}" if its_seed else "")
        if asked != label:
            found = f"{path} was made by {label or 'no named protocol'!r}, asked for {asked!r}"
            raise ValueError(f"{found}: ask for what it has, or name another file")


def _number(subject: str) -> int | None:
    """The first number in a subject id, None where it has none."""
    found = re.search("[0-9]+", subject)
    return int(found[0]) if found else None
