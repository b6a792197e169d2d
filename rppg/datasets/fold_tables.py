"""Tables of folds on disk: written once, and checked whenever they are read.

    write_folds("folds/PURE.csv", folds)
    read_folds("folds/PURE.csv")["fold"].tolist()

A table has the columns id, dataset, subject and fold, and protocol if one made it.  A fold is a
number from 0 up, or one of the words train, dev and test; no subject is in two.
"""

import csv
import io
import os
from pathlib import Path

import pandas as pd
from pandas.api.types import is_integer_dtype

from rppg.datasets.meta_checks import id_problem
from rppg.utils.atomic import atomic_write

COLUMNS = ["id", "dataset", "subject", "fold"]
WORDS = ("train", "dev", "test")
ADVICE = "restore the file, or delete it and all that was trained on it"


def write_folds(path, folds: pd.DataFrame) -> Path:
    """Write folds as CSV.  Raises FileExistsError if the file holds different ones: models trained
    on those may have seen subjects that these validate or test on."""
    path = Path(path)
    _check(folds, path)
    text = io.StringIO()
    columns = [*COLUMNS, "protocol"] if "protocol" in folds else COLUMNS
    folds[columns].sort_values("id").to_csv(text, index=False, lineterminator="\n")
    if os.path.lexists(path):
        _refuse_no_file(path)
        if path.read_text(encoding="utf-8") != text.getvalue():
            advice = "read them, or delete the file and all that was trained on it"
            raise FileExistsError(f"{path} holds different folds already: {advice}")
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    return atomic_write(path, lambda part: part.write_text(text.getvalue(), encoding="utf-8"))


def read_folds(path) -> pd.DataFrame:
    """Folds as written: fold is int64, or object if it is one of the words.  Raises ValueError if
    a subject is in two folds, an id comes twice, or the file is not as write_folds wrote it."""
    folds = _rows(Path(path))
    if len(folds) and folds["fold"].str.fullmatch("[0-9]{1,9}").all():
        folds["fold"] = folds["fold"].astype("int64")
    _check(folds, path)
    return folds


def _refuse_no_file(path: Path) -> None:
    """Raises ValueError for what is no file; a broken link may lead to folds on another disk."""
    if not path.is_file():
        found = (
            f"a link to {os.readlink(path)}, where no file is" if path.is_symlink() else "no file"
        )
        raise ValueError(f"{path} is {found}: {ADVICE}")


def _rows(path: Path) -> pd.DataFrame:
    """The rows of a fold file as text.  Raises FileNotFoundError, and ValueError for what is no
    table of these columns; a mark at its beginning, as spreadsheets write it, and empty lines are
    passed over."""
    if not os.path.lexists(path):
        raise FileNotFoundError(f"{path} is missing: run 01_preprocess, or `rppg folds`")
    _refuse_no_file(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
        header, *lines = list(filter(any, csv.reader(io.StringIO(text, newline="")))) or [[]]
    except (ValueError, csv.Error) as error:
        raise ValueError(f"{path} is no table of folds: {error}: {ADVICE}") from error
    if missing := [column for column in COLUMNS if column not in header]:
        raise ValueError(f"{path}: columns {missing} are missing, expected {COLUMNS}: {ADVICE}")
    if len(set(header)) < len(header) or not lines:
        found = "no row" if not lines else f"the columns {header}"
        raise ValueError(f"{path}: found {found}, expected rows of {COLUMNS}: {ADVICE}")
    if wrong := [n for n, line in enumerate(lines, start=2) if len(line) != len(header)]:
        found = f"{len(lines[wrong[0] - 2])} fields in row {wrong[0]}"
        raise ValueError(f"{path}: found {found}, expected {len(header)}: {ADVICE}")
    return pd.DataFrame(lines, columns=header, dtype=object)


def _check(folds: pd.DataFrame, path) -> None:
    if missing := [column for column in COLUMNS if column not in folds]:
        raise ValueError(f"{path}: columns {missing} are missing, expected {COLUMNS}")
    numbers = is_integer_dtype(folds["fold"]) and (folds["fold"] >= 0).all()
    if not (numbers or folds["fold"].isin(WORDS).all()):
        found = sorted(map(str, folds["fold"].unique()))
        raise ValueError(f"{path}: found folds {found}, expected all numbers or all of {WORDS}")
    for id in folds["id"]:
        if id_problem(id):
            raise ValueError(f"{path}: {id!r} is no recording id: {ADVICE}")
    starts = folds["dataset"] + "/" + folds["subject"] + "/"
    if wrong := [id for id, s in zip(folds["id"], starts, strict=True) if not id.startswith(s)]:
        raise ValueError(f"{path}: dataset and subject are not those of the ids {wrong}")
    n_folds = folds.groupby(["dataset", "subject"])["fold"].nunique()
    if (n_folds > 1).any():
        raise ValueError(f"{path}: subjects in two folds: {n_folds.index[n_folds > 1].tolist()}")
    if folds["id"].duplicated().any():
        raise ValueError(f"{path}: ids twice: {folds['id'][folds['id'].duplicated()].tolist()}")
