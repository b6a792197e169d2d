"""The `rppg` command as a person meets it: answers, exit status, what it says when it cannot."""

import json
from pathlib import Path

import pandas as pd
import pytest
from helpers.command import rppg
from typer.testing import CliRunner

from rppg import __version__
from rppg.cli import app

EVM_FACE = Path(__file__).parents[3] / "shared" / "data" / "video" / "evm_face.mp4"
COMMANDS = (
    *("challenge", "prepare", "predict", "score", "check", "run", "config", "folds", "wearables"),
)
needs_face = pytest.mark.skipif(not EVM_FACE.is_file(), reason=f"no real face at {EVM_FACE}")


def test_help_names_every_command():
    result = CliRunner().invoke(app, ["--help"])
    assert result.exit_code == 0
    assert all(command in result.output for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each_command_explains_its_options(command):
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0 and len(result.output.splitlines()) >= 10


def test_version_says_which_package_this_is():
    result = rppg("--version")
    assert result.returncode == 0
    assert result.stdout == f"rppg {__version__} ({Path(__file__).parents[2] / 'rppg'})\n"


@pytest.mark.slow
@needs_face
def test_predict_reads_a_real_face_and_goes_on_after_bad_videos(tmp_path):
    text = tmp_path / "text.avi"
    text.write_text("not a video")
    out, plot = tmp_path / "out.csv", tmp_path / "face.png"
    result = rppg("predict", text, EVM_FACE, "--out", out, "--plot", plot)
    table = pd.read_csv(out)
    assert result.returncode == 1
    facts = ["video", "face", "method", "hr_bpm", "quality", "confidence", "reason", "notes"]
    assert list(table.columns) == facts
    bad, good = table[table["video"] == str(text)], table[table["video"] == str(EVM_FACE)]
    assert bad["hr_bpm"].isna().all() and bad["reason"].str.contains("not a video").all()
    assert set(good["method"]) == {"consensus"}
    assert good["hr_bpm"].between(50, 60).all() and good["quality"].between(0, 1).all()
    assert good["confidence"].between(0.6, 1).all()
    assert (tmp_path / "face-evm_face.png").stat().st_size > 20_000


@needs_face
@pytest.mark.slow
def test_predict_json_holds_the_wave(tmp_path):
    out = tmp_path / "out.json"
    result = rppg("predict", EVM_FACE, "--method", "pos", "--out", out)
    (row,) = json.loads(out.read_text())
    assert result.returncode == 0, result.stderr
    assert len(row["wave"]) == len(row["times_s"]) == pytest.approx(300, abs=2)
    assert row["times_s"][30] == pytest.approx(1.0)


@pytest.mark.slow
def test_predict_missing_file_is_a_row_with_the_reason(tmp_path):
    result = rppg("predict", tmp_path / "nowhere.mp4", "--out", tmp_path / "out.csv")
    assert result.returncode == 1
    assert "nowhere.mp4" in pd.read_csv(tmp_path / "out.csv")["reason"][0]
    assert "Traceback" not in result.stderr


@pytest.mark.slow
def test_predict_unknown_method_lists_the_known_ones(tmp_path):
    result = rppg("predict", tmp_path, "--method", "FOURIER")
    assert result.returncode != 0
    assert "FOURIER" in result.stderr and "CHROM" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["missing", "empty"])
def test_prepare_of_a_missing_or_empty_folder_says_what_is_expected(folder, tmp_path):
    (tmp_path / "empty").mkdir()
    result = rppg("prepare", tmp_path / folder, tmp_path / "out", "--layout", "vipl_hr_v2")
    assert result.returncode != 0
    assert folder in result.stderr and "gt.csv" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.slow
def test_check_names_each_difference(tmp_path):
    sample, mine = tmp_path / "sample.csv", tmp_path / "mine.csv"
    sample.write_text("ids,HR\nOBF/1/video1.avi,0\nOBF/2/video1.avi,0\n")
    mine.write_text("ids,HR\nOBF/1/video1.avi,71.5\nOBF/3/video1.avi,80\n")
    result = rppg("check", mine, sample)
    assert result.returncode == 1
    assert "OBF/2/video1.avi" in result.stderr and "OBF/3/video1.avi" in result.stderr
    mine.write_text("ids,HR\nOBF/1/video1.avi,71.5\nOBF/2/video1.avi,80\n")
    assert rppg("check", mine, sample).returncode == 0


@pytest.mark.slow
def test_score_of_a_known_submission(tmp_path):
    mine, solution = tmp_path / "mine.csv", tmp_path / "solution.csv"
    solution.write_text("ids,HR,Usage\na,60,public\nb,80,private\n")
    mine.write_text("ids,HR\na,63\nb,84\n")
    result = rppg("score", mine, solution)
    assert result.returncode == 0, result.stderr
    assert "3.54" in result.stdout  # sqrt((9 + 16) / 2)
    mine.write_text("ids,HR\na,63\nb,\n")
    assert rppg("score", mine, solution).returncode != 0
