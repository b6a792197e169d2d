"""benchmarks/peers.py without any peer: rows of runs with and without a rate, and the summary."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def peers(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    import peers

    return peers


@pytest.fixture
def programs(peers):
    import peer_programs

    return peer_programs


def program(programs, script: str, problem: str = ""):
    """A program that runs a script of Python."""
    command = [sys.executable, "-c", script]
    read = lambda stdout, _: programs.last_rate(stdout)  # noqa: E731
    return programs.Program("toy", "1.0", lambda video: [*command, str(video)], read, problem)


@pytest.mark.slow
def test_a_run_has_its_rate_time_and_memory(peers, programs):
    script = "import time; x = bytearray(80 << 20); time.sleep(0.5); print('{\"hr_bpm\": 61.5}')"
    row = peers.run(program(programs, script), Path("face.mp4"), 30.0)
    assert (row["hr_bpm"], row["version"], row["reason"]) == (61.5, "1.0", "")
    assert 0.5 < row["seconds"] < 30 and row["peak_mib"] > 80


@pytest.mark.slow
def test_memory_counts_children(peers, programs):
    child = "import time; x = bytearray(80 << 20); time.sleep(0.5)"
    script = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}]); "
    row = peers.run(program(programs, script + "print('{\"hr_bpm\": 1}')"), Path("a"), 30.0)
    assert row["peak_mib"] > 80


@pytest.mark.slow
def test_memory_counts_a_fork_once(peers, programs):
    script = "import os, time; x = bytearray(200 << 20); child = os.fork(); time.sleep(0.5); "
    script += "child or os._exit(0); os.wait(); "  # the child prints nothing
    row = peers.run(program(programs, script + "print('{\"hr_bpm\": 1}')"), Path("a"), 30.0)
    assert 200 < row["peak_mib"] < 300


@pytest.mark.parametrize(
    ("script", "problem", "timeout_s", "reason"),
    [
        ("raise OSError('no weights')", "", 30.0, "exit status 1: OSError: no weights"),
        ("import os; os.kill(os.getpid(), 15)", "", 30.0, "ended by signal 15"),
        ("import time; time.sleep(60)", "", 0.3, "no answer within 0.3 s"),
        ("", "not installed: no wheel", 30.0, "not installed: no wheel"),
    ],
)
def test_a_run_without_a_rate_says_why(peers, programs, script, problem, timeout_s, reason):
    row = peers.run(program(programs, script, problem), Path("face.mp4"), timeout_s)
    assert row["reason"] == reason
    assert np.isnan([row["seconds"], row["peak_mib"], row["hr_bpm"]]).all()


def test_the_rate_is_read_from_the_last_line_only(programs):
    assert programs.last_rate('loading\n{"hr_bpm": 72}\n\n') == 72.0
    with pytest.raises(ValueError, match="Expecting value"):
        programs.last_rate('{"hr_bpm": 72}\ndone')


def test_a_package_that_is_not_there_has_no_version(programs, tmp_path):
    assert programs.installed_version(tmp_path / "bin" / "python", "numpy") == ""
    assert programs.installed_version(Path(sys.executable), "numpy") == np.__version__


def test_own_videos_are_relative_to_their_table(peers, tmp_path):
    (tmp_path / "mine.csv").write_text("video,hr_bpm\nface.mp4,71\n")
    (video,) = peers.own_videos(tmp_path / "mine.csv")
    assert video == {"path": tmp_path / "face.mp4", "origin": "real", "hr_true_bpm": 71.0}
    (tmp_path / "mine.csv").write_text("video,rate\nface.mp4,71\n")
    with pytest.raises(ValueError, match="no column hr_bpm"):
        peers.own_videos(tmp_path / "mine.csv")


def test_table_and_figure_keep_a_program_without_results(peers, tmp_path):
    common = {"origin": "synthetic", "n_frames": 300, "hr_true_bpm": 60.0, "version": "1"}
    found = {"seconds": 10.0, "peak_mib": 500.0, "hr_bpm": 63.0, "reason": ""}
    lost = dict.fromkeys(("seconds", "peak_mib", "hr_bpm"), np.nan) | {"reason": "no weights"}
    rows = [common | {"program": "rppg, POS"} | found, common | {"program": "other"} | lost]
    results = peers.with_errors(pd.DataFrame(rows))
    table = peers.table(results).reset_index().set_index("program")
    assert table.loc["rppg, POS", ["fps", "error_bpm", "within_5bpm"]].tolist() == [30.0, 3.0, 1]
    assert table.loc["other", ["answers", "videos", "reason"]].tolist() == [0, 1, "no weights"]
    peers.draw(results, tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 0
