"""`rppg prepare`: which folders it takes for what, shards, and the table that it ends with."""

import os

import pandas as pd
import pytest
from helpers.command import rppg
from helpers.reader_files import put
from typer.testing import CliRunner

from rppg.cli import app
from rppg.cli_data import parse_reader_options
from rppg.datasets.readers import layouts_of

TRUTH = "1 2 1\n80 80 80\n0 0.03 0.07\n"


@pytest.fixture
def data(tmp_path):
    """A folder with one dataset of one recording known to be bad, and one of two test videos."""
    put(tmp_path / "data" / "UBFC-rPPG" / "subject11" / "vid.avi")
    put(tmp_path / "data" / "UBFC-rPPG" / "subject11" / "ground_truth.txt", TRUTH)
    for k in (1, 2):
        put(tmp_path / "data" / "test" / "VIPL_HR" / str(k) / "video1.mp4.avi")
    put(tmp_path / "data" / "mine" / "a.mp4")
    return tmp_path / "data"


def test_folders_are_read_by_their_names(data, monkeypatch):
    ubfc, test = data / "UBFC-rPPG", data / "test"
    assert layouts_of(data) == {"ubfc_rppg": ubfc, "challenge_test": test}
    assert layouts_of(ubfc) == {"ubfc_rppg": ubfc}
    assert layouts_of(test) == {
        "challenge_test": test
    }  # not the datasets that its parts are named like
    assert layouts_of(data / "mine") == {"folder": data / "mine"}
    assert layouts_of(data / "mine" / "a.mp4") == {"folder": data / "mine" / "a.mp4"}
    assert layouts_of(data / "gone") == {"folder": data / "gone"}
    assert layouts_of(data, "folder") == {"folder": data}
    os.symlink(ubfc, data.parent / "ubfc_rppg")  # a link counts by its own name
    assert list(layouts_of(data.parent / "ubfc_rppg")) == ["ubfc_rppg"]
    monkeypatch.chdir(ubfc)
    assert list(layouts_of(type(data)("."))) == ["ubfc_rppg"]


@pytest.mark.parametrize(
    ("option", "words"),
    [
        (("--layout", "puree"), "'puree', expected one of ubfc_rppg"),
        (("--shard", "0/2"), "'0/2': expected i/n"),
        (("--shard", "a"), "'a': expected i/n"),
        (("--crops", "wide", "--crops", "narrow"), "['wide', 'narrow'], expected a list of face"),
    ],
)
def test_a_wrong_option_is_refused_before_anything_is_written(option, words, data, tmp_path):
    result = CliRunner().invoke(app, ["prepare", str(data), str(tmp_path / "out"), *option])
    assert isinstance(result.exception, ValueError) and words in str(result.exception)
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_all_datasets_below_a_folder_go_into_one_store_shard_by_shard(data, tmp_path):
    first = rppg("prepare", data, tmp_path / "out", "--shard", "1/2")
    assert first.returncode == 0, first.stderr
    assert "ubfc_rppg: 1 recordings in" in first.stdout
    assert "index.parquet is written when the last shard ends: 1 recording is still" in first.stdout
    assert not (tmp_path / "out" / "index.parquet").exists()
    second = rppg("prepare", data, tmp_path / "out", "--shard", "2/2")
    assert second.returncode == 0 and f"index: {tmp_path / 'out'}" in second.stdout
    index = pd.read_parquet(tmp_path / "out" / "index.parquet").set_index("id")
    assert len(index) == 3
    known_bad = index["known_bad"].dropna()
    assert list(known_bad.index) == ["UBFC-rPPG/subject11/vid"]
    again = rppg("prepare", data, tmp_path / "out")
    (row,) = [line for line in again.stdout.splitlines() if "failed" in line]
    assert "<video>: not a video" in row and row.split()[1] == "3"  # one kind, three recordings
    for id in index.index:
        assert f"  {id}: " in again.stderr


def test_reader_options_are_checked():
    assert parse_reader_options('{"vipl_hr": {"nir": true}}') == {"vipl_hr": {"nir": True}}
    for text, words in (
        ("nir", "is no JSON"),
        ("[1]", "expected a JSON"),
        ('{"viplhr": {}}', "viplhr"),
    ):
        with pytest.raises(ValueError, match=words):
            parse_reader_options(text)
