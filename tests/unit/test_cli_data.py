"""Commands about data with wrong settings and files: one line before any work."""

import os

import pandas as pd
import pytest
from typer.testing import CliRunner

from rppg.cli import app
from rppg.datasets import Recording
from rppg.utils.command_options import with_fps

pytestmark = pytest.mark.malformed


def said(*words):
    """What a command says when it refuses something: it must be an expected error."""
    result = CliRunner().invoke(app, [*words])
    assert result.exit_code != 0
    assert isinstance(result.exception, SystemExit | ValueError | OSError), result.exception
    return f"{result.exception} {result.output}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[1]", "expected a JSON object like"),
        ('"x"', "expected a JSON object like"),
        ("nope", "is no JSON"),
        ("[" * 100_000, "expected a JSON object like"),
        ('{"a": 1}', "unknown settings a"),
        ('{"seed": "1"}', "seed is '1', expected an integer"),
        ('{"seed": true}', "seed is True, expected an integer"),
        ('{"seed": -1}', "seed is -1, expected 0 or more"),
        ('{"seed": 1.5}', "seed is 1.5, expected an integer"),
        ("", "is empty"),
    ],
)
@pytest.mark.parametrize("command", ["challenge", "wearables"])
def test_settings_that_are_none_are_refused(command, text, words, tmp_path):
    assert words in said(command, str(tmp_path / "out"), "--config", text)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--maker", "third"), "expected first or second"),
        (("--clips", "4"), "--clips goes with --maker second"),
        (("--maker", "second", "--level", "test"), "expected one of easy, middle, hard"),
        (("--maker", "second", "--config", '{"n_train": 3}'), "unknown settings n_train"),
    ],
)
def test_options_of_one_maker_are_refused_with_the_other(options, words, tmp_path):
    assert words in said("challenge", str(tmp_path / "out"), *options)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("number", ["NaN", "1e999", "null", '"8"'])
def test_a_number_is_finite(number, tmp_path):
    out = str(tmp_path / "out")
    expected = "expected a finite number"
    assert expected in said("challenge", out, "--config", f'{{"seconds": {number}}}')
    assert expected in said("wearables", out, "--config", f'{{"bout_s": {number}}}')
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("option", "words"),
    [
        (("--workers", "0"), "greater than or equal to 1"),
        (("--shard", "3/2"), "expected i/n"),
        (("--crops", "x"), "expected a list of face and wide"),
        (("--fps", "nan"), "expected a number from 1"),
        (("--fps", "0.5"), "expected a number from 1"),
    ],
)
def test_prepare_refuses_wrong_options_before_work(option, words, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.mp4").write_bytes(b"x")
    assert words in said("prepare", str(tmp_path / "in"), str(tmp_path / "out"), *option)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ('{"folder": {"root": "/"}}', "'folder' has no option root; it has: labels"),
        ('{"folder": {"labels": "no"}}', "labels of layout 'folder' is 'no', expected bool"),
        ('{"vipl_hr": {"nir": 1}}', "nir of layout 'vipl_hr' is 1, expected bool"),
        ('{"vipl_hr_v2": {"wave_name": 5}}', "is 5, expected str | None"),
        ('{"vipl_hr_v2": {"wave_name": ["a"]}}', "is ['a'], expected str | None"),
        ('{"vipl_hr_v2": {"wave_hz": true}}', "is True, expected float | None"),
        ('{"vipl_hr_v2": {"wave_hz": 0}}', "is 0, expected above 0"),
        ('{"vipl_hr_v2": {"wave_hz": NaN}}', "is nan, expected above 0"),
        ('{"pure": {"nir": true}}', "'pure' has no option nir; it has: none"),
    ],
)
def test_options_of_readers_are_checked_whether_their_data_is_there_or_not(
    options, words, tmp_path
):
    (tmp_path / "a.mp4").write_bytes(b"x")
    out = tmp_path / "out"
    assert words in said("prepare", str(tmp_path), str(out), "--reader-options", options)
    assert not out.exists()


def test_prepare_into_a_file_is_refused(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.mp4").write_bytes(b"x")
    (tmp_path / "file").touch()
    assert "cannot be written" in said("prepare", str(tmp_path / "in"), str(tmp_path / "file"))


@pytest.mark.parametrize(("unforeseen", "status"), [(True, 1), (False, 0), (None, 0)])
def test_prepare_exits_with_1_after_what_nobody_foresaw(unforeseen, status, tmp_path, monkeypatch):
    def prepare(recordings, *_, **__):
        given = [recording.fps for recording in recordings]
        assert given == [25.0]
        row = {"id": "folder/root/a.mp4", "status": "failed", "reason": "a.mp4: KeyError: 'pts'"}
        row |= {"n_source_frames": None, "disk_bytes": 0, "seconds": 0.1}
        table = pd.DataFrame([row if unforeseen is None else row | {"unforeseen": unforeseen}])
        table.attrs = {"wall_s": 1.0, "n_missing": 0}
        return table

    monkeypatch.setattr("rppg.preprocessing.prepare.prepare", prepare)
    (tmp_path / "a.mp4").write_bytes(b"x")
    command = ["prepare", str(tmp_path), str(tmp_path / "out"), "--fps", "25"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == status, result.exception
    assert "folder/root/a.mp4: KeyError: 'pts'" in result.output


def test_fps_leaves_a_datasets_own_stamps(capsys):
    plain = Recording("demo", "ann", "a", frames="a.h264")
    stamped = Recording("demo", "ann", "b", frames="b.avi", times_s=[0.0, 0.04])
    assert with_fps([plain, stamped], None) == [plain, stamped]
    given = with_fps([plain, stamped], 30.0)
    assert [one.fps_source for one in given] == ["labels", "stamps"]
    assert given[0].notes == ("frames are timed at the 30 fps of --fps",)
    assert "1 recordings have a time stamp per frame" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"no", b"PAR1", None])
def test_folds_of_a_damaged_index_name_it(content, tmp_path):
    path = tmp_path / "index.parquet"
    if content is None:
        pd.DataFrame({"id": ["a"]}).to_parquet(path)
    else:
        path.write_bytes(content)
    words = said("folds", str(tmp_path), "--dataset", "PURE")
    assert f"{path} " in words and "rppg prepare (or 01_preprocess) writes it" in words
    assert "is missing" in said("folds", str(tmp_path / "nowhere"), "--dataset", "PURE")


@pytest.mark.parametrize("content", [None, b"", b"ids\n", b"ids,HR\na,\n", bytes(range(256))])
def test_score_of_a_missing_or_malformed_file_names_it(content, tmp_path):
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text("ids,HR\na,60\n")
    if content is not None:
        bad.write_bytes(content)
    for files in ((bad, good), (good, bad)):
        assert str(bad) in said("score", *map(str, files))
