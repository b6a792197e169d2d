"""Fold files that are damaged: one line that names the file, what was found and what to do."""

import os

import pytest

from rppg.datasets import keep_folds
from rppg.datasets.fold_tables import read_folds, write_folds

pytestmark = pytest.mark.malformed

HEAD = "id,dataset,subject,fold,protocol\n"
ROW = "P/a/1,P,a,train,pure\n"
DAMAGED = {  # what it is: (text, what the error says)
    "empty": ("", "columns .* are missing"),
    "no row": (HEAD, "found no row"),
    "no fold": ("id,dataset,subject\nP/a/1,P,a\n", r"columns \['fold'\] are missing"),
    "a column twice": (HEAD.replace("protocol", "fold") + ROW, "found the columns"),
    "a field too many": (HEAD + ROW.replace("pure", "pure,x"), "6 fields in row 2, expected 5"),
    "a field too few": (HEAD + ROW + "P/b/1,P,b\n", "3 fields in row 3, expected 5"),
    "a subject in two folds": (HEAD + ROW + "P/a/2,P,a,test,pure\n", "subjects in two folds"),
    "an id twice": (HEAD + ROW + ROW, "ids twice"),
    "another fold": (HEAD + ROW.replace("train", "tain"), "found folds .*tain"),
    "numbers and words": (HEAD + ROW + "P/b/1,P,b,3,pure\n", "found folds"),
    "a number without end": (HEAD + ROW.replace("train", "9" * 400), "found folds"),
    "another subject": (HEAD + ROW.replace(",a,", ",b,"), "not those of the ids"),
    "a path that leaves": (HEAD + "P/../x,P,..,train,pure\n", "is no recording id"),
    "an absolute path": (HEAD + "/etc/x,,etc,train,pure\n", "is no recording id"),
    "a hidden name": (HEAD + "P/a/.x,P,a,train,pure\n", "is no recording id"),
    "a control character": (HEAD + "P/a/\x1b[2J,P,a,train,pure\n", "is no recording id"),
    "a line separator": (HEAD + "P/a/x\u2028y,P,a,train,pure\n", "is no recording id"),
    "a line in quotes": (HEAD + '"P/a/x\ny",P,a,train,pure\n', "is no recording id"),
    "NUL": (HEAD + ROW + "P/b/\0,P,b,train,pure\n", "is no (recording id|table of folds)"),
    "not UTF-8": (HEAD.encode() + b"P/\xff/1,P,\xff,train,pure\n", "is no table of folds"),
    "UTF-16": ((HEAD + ROW).encode("utf-16"), "is no table of folds"),
    "junk": (bytes(range(256)), "is no table of folds"),
}


@pytest.mark.parametrize("what", DAMAGED)
def test_a_damaged_fold_file_is_one_line_that_names_it(tmp_path, what):
    text, says = DAMAGED[what]
    path = tmp_path / "P.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ValueError, match=says) as error:
        read_folds(path)
    assert str(path) in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_refused_and_never_waited_for(tmp_path, make):
    make(tmp_path / "P.csv")
    with pytest.raises(ValueError, match="P.csv is no file: restore"):
        read_folds(tmp_path / "P.csv")


def test_a_mark_of_a_spreadsheet_and_its_line_ends_are_read(tmp_path):
    (tmp_path / "P.csv").write_bytes(("\ufeff" + HEAD + ROW).replace("\n", "\r\n").encode())
    folds = read_folds(tmp_path / "P.csv")
    assert folds["id"].tolist() == ["P/a/1"] and folds["fold"].tolist() == ["train"]


@pytest.mark.parametrize("target", ["P.csv", "other-disk/P.csv"])
def test_folds_behind_a_broken_link_are_not_made_anew(tmp_path, target):
    path = tmp_path / "P.csv"
    path.symlink_to(target)
    ids = ["P/a/1", "P/b/1", "P/c/1"]
    for keep in (
        lambda: keep_folds(path, ids),
        lambda: read_folds(path),
        lambda: write_folds(path, keep_folds(tmp_path / "mine.csv", ids)),
    ):
        with pytest.raises(ValueError, match=f"P.csv is a link to {target}, where no file is"):
            keep()
    assert os.readlink(path) == target


def test_empty_lines_are_no_damage(tmp_path):
    (tmp_path / "P.csv").write_bytes((HEAD + "\n" + ROW + "\n\n").replace("\n", "\r\n").encode())
    assert read_folds(tmp_path / "P.csv")["id"].tolist() == ["P/a/1"]
