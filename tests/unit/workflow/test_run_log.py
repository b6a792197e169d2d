"""The log of runs: facts of a submission as a row, once each, and failures too."""

import json

import pytest

from rppg.workflow import run_log

BOARD = """model,kind,split,n,rmse_bpm,rmse_low,rmse_high,mae_bpm,within_5bpm,pearson_r
"Ensemble, median",ensemble,synthetic test,48,4.9,0.6,7.9,1.4,0.96,0.99
mean of training,null,synthetic test,48,31.4,27.1,35.6,27.3,0.06,
"Ensemble, median",ensemble,synthetic public,24,5.3,0.4,9.2,1.5,0.95,0.98
"""
SETTINGS = {"profile": "toy-3", "seed": 3, "challenge": {"seed": 3}}


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A project with a log of prose and the submission of profile toy, seed 3."""
    monkeypatch.setattr(run_log, "project_dir", lambda start: tmp_path)
    folder = tmp_path / "submissions" / "toy-3"
    folder.mkdir(parents=True)
    (tmp_path / "submissions" / "README.md").write_text("# Log\n\nProse | with a bar.\n")
    submit(folder, "71.0")
    return tmp_path


def submit(folder, hr_bpm, validation=True, board=BOARD):
    facts = {"git_commit": "0ef14ca" + 33 * "0", "parameters": {"model": "Ensemble, median"}}
    facts |= {"origin": "synthetic", "score": None}
    facts |= {"validation": {"rmse_bpm": 6.4, "n": 26}} if validation else {}
    (folder / "run.json").write_text(json.dumps(facts))
    (folder / "leaderboard.csv").write_text(board)
    (folder / "submission.csv").write_text(f"ids,HR\na,{hr_bpm}\n")


def rows(root):
    return (root / "submissions" / "README.md").read_text().splitlines()


def test_a_new_submission_is_one_row_with_its_facts_and_an_open_verdict(root):
    (row,) = run_log.log_submissions(SETTINGS, {})
    cells = dict(zip(run_log.COLUMNS, row.strip("| ").split(" | "), strict=True))
    assert cells["profile"] == "toy-3" and cells["commit"] == "0ef14ca"
    assert cells["command"] == "`rppg run --profile toy --seed 3`"
    assert cells["handed in"] == "Ensemble, median"
    assert cells["validation RMSE"] == "6.40, 26 synthetic"
    assert cells["test RMSE"] == "4.90 [0.60, 7.90], 48 synthetic"
    assert cells["mean predictor"] == "31.40 [27.10, 35.60], 48 synthetic"
    assert len(cells["submission"]) == 18 and cells["verdict"] == "…"
    lines = rows(root)
    assert lines[:3] == ["# Log", "", "Prose | with a bar."] and lines[-1] == row
    assert "## Runs" in lines and lines[-3].startswith("| date | profile | commit |")


def test_the_same_submission_is_logged_once_and_another_after_it(root):
    (first,) = run_log.log_submissions(SETTINGS, {})
    assert run_log.log_submissions(SETTINGS, {}) == []
    submit(root / "submissions" / "toy-3", "72.0")
    (second,) = run_log.log_submissions(SETTINGS, {})
    assert rows(root)[-2:] == [first, second] and rows(root).count("## Runs") == 1


def test_a_run_that_made_no_submission_and_a_profile_without_log_leave_no_row(root):
    before = run_log.submissions(SETTINGS)
    assert run_log.log_submissions(SETTINGS, before) == []
    assert run_log.log_submissions({**SETTINGS, "log": False}, {}) == []
    assert "## Runs" not in rows(root)


def test_real_data_without_truth_has_a_validation_score_and_no_test_score(root):
    board = BOARD.replace("synthetic test", "validation")
    submit(root / "submissions" / "toy-3", "71.0", validation=False, board=board)
    (row,) = run_log.log_submissions({**SETTINGS, "challenge": None}, {})
    assert "| 4.90 [0.60, 7.90], 48 real | - | - |" in row
    assert "`rppg run --profile toy --seed 3 --data DATA`" in row


def test_a_verdict_that_a_person_wrote_stays_and_a_failure_is_logged_once_a_commit(root):
    run_log.log_submissions(SETTINGS, {})
    log = root / "submissions" / "README.md"
    log.write_text(log.read_text().replace("…", "good | as it is"))
    (failure,) = run_log.log_failure(SETTINGS, ["net/tune", "06_submit"])
    assert "| unknown |" in failure and "nothing: net/tune, 06_submit failed" in failure
    assert run_log.log_failure(SETTINGS, ["net/tune", "06_submit"]) == []
    assert run_log.log_submissions(SETTINGS, {}) == []
    assert "good | as it is" in log.read_text() and rows(root)[-1] == failure
