"""Paths that are no files, or have odd names, are listed; none disappears or is waited for."""

import os
import socket

import numpy as np
import pandas as pd
import pytest
from helpers.odd_tables import N, T, csv, frame, put

from rppg.studies.relcon.data.readers import find_motion
from rppg.studies.relcon.data.window_store import write_windows

pytestmark = pytest.mark.malformed


def pipe(path):
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (pipe, "it is a pipe, expected a file"),
        (lambda path: path.mkdir(), "it is a folder, expected a file"),
        (lambda path: path.symlink_to("nowhere"), "a link that leads nowhere"),
        (lambda path: path.symlink_to(path), "a link that leads nowhere"),
        (lambda path: path.symlink_to("/dev/zero"), "a socket, device or folder"),
    ],
)
@pytest.mark.parametrize("name", ["a.csv", "a.parquet", "PAMAP2_Dataset/Protocol/subject101.dat"])
def test_what_is_no_file_is_listed_and_never_opened(tmp_path, make, reason, name):
    if name.endswith("dat") and "folder, exp" in reason:
        pytest.skip("a folder is no file of a dataset")
    put(tmp_path, "good.csv", csv())
    path = tmp_path / "mine" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    make(path)
    problems = write_windows(tmp_path / "store", find_motion(tmp_path), progress=False)
    assert len(problems) == 1 and reason in problems["reason"][0]


def test_a_socket_is_listed(tmp_path, monkeypatch):
    path = put(tmp_path, "good.csv", csv()).with_name("a.csv")
    monkeypatch.chdir(path.parent)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)
    problems = write_windows(tmp_path / "store", find_motion(tmp_path), progress=False)
    assert "a socket, device or folder" in problems["reason"].item()


@pytest.mark.parametrize(
    "name", [b"caf\xe9.csv", b"a\nb.csv", b"a\x1b[2Jb.csv", "a\u2028b.csv".encode()]
)
def test_any_name_of_a_file_or_folder_is_read_and_can_be_stored(tmp_path, name):
    folder = os.path.join(os.fsencode(tmp_path), b"in", name + b".d")
    os.makedirs(folder)
    for file, content in ((name, csv()), (b"bad" + name, "a,b\n1,2\n")):
        with open(os.path.join(folder, file), "wb") as out:
            out.write(content.encode())
    problems = write_windows(tmp_path / "store", find_motion(tmp_path / "in"), progress=False)
    assert len(problems) == 1 and problems["name"].item().isprintable()
    (dataset,) = set(pd.read_parquet(tmp_path / "store" / "index.parquet")["dataset"])
    assert dataset.isprintable()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_without_permission_is_listed(tmp_path):
    put(tmp_path, "good.csv", csv())
    closed = put(tmp_path, "closed/a.csv", csv()).parent
    closed.chmod(0)
    try:
        problems = write_windows(tmp_path / "store", find_motion(tmp_path), progress=False)
    finally:
        closed.chmod(0o755)
    assert "the folder cannot be read" in problems["reason"].item()


def test_an_error_of_a_folder_is_listed(tmp_path, monkeypatch):
    put(tmp_path, "good.csv", csv())
    closed = put(tmp_path, "closed/a.csv", csv()).parent
    scandir = os.scandir

    def scan(path):
        if os.fspath(path) == os.fspath(closed):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", scan)
    problems = write_windows(tmp_path / "store", find_motion(tmp_path), progress=False)
    assert problems[["name", "reason"]].values.tolist() == [
        ["mine/closed", "the folder cannot be read: Permission denied"]
    ]


def test_two_tables_of_one_recording_are_named(tmp_path):
    put(tmp_path, "a.csv", csv())
    put(tmp_path, "b.csv", csv())
    problems = write_windows(tmp_path / "store", find_motion(tmp_path), progress=False)
    assert problems["reason"].tolist() == [
        "mine/ann/mon is also in mine/a.csv: rename one of the two"
    ]


def test_notes_are_listed_as_read(tmp_path):
    put(tmp_path, "a.csv", csv(frame(time_s=np.where(np.arange(N) == 9, 0.08, T))))
    problems = write_windows(tmp_path / "store", find_motion(tmp_path), progress=False)
    assert problems[["name", "outcome"]].values.tolist() == [["mine/ann/mon", "read"]]
    stored = pd.read_csv(tmp_path / "store" / "problems.csv", dtype=object)
    pd.testing.assert_frame_equal(stored, problems)


def test_if_no_table_can_be_read_the_first_are_named(tmp_path):
    for k in range(7):
        put(tmp_path, f"{k}.csv", "name,age\n")
    with pytest.raises(FileNotFoundError) as error:
        find_motion(tmp_path)
    text = str(error.value)
    assert "mine/4.csv: its header is name, age" in text and "mine/5.csv" not in text
    assert "and 2 more" in text
    put(tmp_path, "7.csv", csv(frame(z=9.8)))
    with pytest.raises(ValueError, match="no source gives a window: mine/0.csv: .* \\.\\.\\."):
        write_windows(tmp_path / "store", find_motion(tmp_path), progress=False)
