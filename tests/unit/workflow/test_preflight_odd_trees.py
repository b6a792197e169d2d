"""`rppg check-data` of odd trees: each ends with lines of text, whatever lies there."""

import os

import pytest
from helpers.reader_files import put
from typer.testing import CliRunner

from rppg.cli import app
from rppg.workflow.misplaced_folders import misplaced

pytestmark = pytest.mark.malformed


def pipe(root):
    put(root / "ann" / "good.mp4")
    os.mkfifo(root / "ann" / "a.mp4")


def labels_pipe(root):
    put(root / "good.mp4")
    os.mkfifo(root / "labels.csv")


def links(root):
    put(root / "good.mp4")
    (root / "again").symlink_to(root)
    (root / "loop.mp4").symlink_to("loop.mp4")
    (root / "broken.mp4").symlink_to("gone.mp4")


def names(root):
    for name in ("Zo\udce9.mp4", "a\\b.mp4", "a\nb.mp4", "\udcff.heic"):
        put(root / name)
    put(root / "\udce9" / "data.zip")


def datasets(root):
    put(root / "UBFC-rPPG" / "DATASET_2" / "subject1" / "vid.avi")
    (root / "UBFC-rPPG" / "DATASET_2" / "subject1" / "ground_truth.txt").mkdir()
    put(root / "PURE" / "01-01" / "Image1.png")
    put(root / "PURE" / "01-01.json", bytes(100))
    os.mkfifo(root / "OBF")


def others(root):
    put(root / "good.mp4")
    put(root / "b.heic")
    put(root / "c.insv")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (pipe, "ann/a.mp4 is a pipe, a socket or a device, expected a file"),
        (labels_pipe, "labels.csv is a pipe"),
        (links, "broken.mp4 is a link to gone.mp4, which is not there"),
        (names, "own videos: passed over: 2 files (.heic 1, .zip 1)"),
        (datasets, "subject1/ground_truth.txt is a folder, expected a file"),
        (others, "unused  own videos: passed over: 2 files (.heic 1, .insv 1)"),
    ],
)
def test_an_odd_tree_is_described(make, words, tmp_path):
    make(tmp_path)
    result = CliRunner().invoke(app, ["check-data", str(tmp_path)])
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == 1 and words in result.output and "next: fix" in result.output
    result.output.encode()


def test_a_folder_that_cannot_be_listed_is_a_hint(tmp_path, monkeypatch):
    put(tmp_path / "closed" / "PURE" / "x")
    listed = os.listdir

    def guarded(path):
        if path == tmp_path / "closed":
            raise PermissionError(13, "Permission denied")
        return listed(path)

    monkeypatch.setattr(os, "listdir", guarded)
    hints, _ = misplaced(tmp_path, missing=["pure"])
    assert hints == ["closed cannot be listed: Permission denied"]
