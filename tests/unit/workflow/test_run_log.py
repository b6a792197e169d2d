"""The log of runs: facts of a submission as a row, once each, and failures too."""

import csv
import json
from dataclasses import replace

import pytest
from helpers.workflow import profile_of

from rppg.workflow import run_log

BOARD = """model,kind,split,n,rmse_bpm,rmse_low,rmse_high,mae_bpm,within_5bpm,pearson_r
"Ensemble, median",ensemble,synthetic test,48,4.9,0.6,7.9,1.4,0.96,0.99
mean of training,null,synthetic test,48,31.4,27.1,35.6,27.3,0.06,
"Ensemble, median",ensemble,synthetic public,24,5.3,0.4,9.2,1.5,0.95,0.98
"""
PROFILE = replace(profile_of(), name="toy-3", seed=3, challenge={"seed": 3})


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A project with the submission of profile toy, seed 3."""
    monkeypatch.setattr(run_log, "project_dir", lambda start: tmp_path)
    folder = tmp_path / "submissions" / "toy-3"
    folder.mkdir(parents=True)
    submit(folder, "71.0")
    return tmp_path


def submit(folder, hr_bpm, validation=True, board=BOARD):
    facts = {"git_commit": "0ef14ca" + 33 * "0", "parameters": {"model": "Ensemble, median"}}
    facts |= {"origin": "synthetic", "score": None}
    facts |= {"validation": {"rmse_bpm": 6.4, "n": 26}} if validation else {}
    (folder / "run.json").write_text(json.dumps(facts))
    (folder / "leaderboard.csv").write_text(board)
    (folder / "submission.csv").write_text(f"ids,HR\na,{hr_bpm}\n")


def rows(root) -> list[dict]:
    path = root / "submissions" / "runs.csv"
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_new_submission_is_one_row_with_its_facts_and_an_open_verdict(root):
    (row,) = run_log.log_submissions(PROFILE, {})
    assert row["profile"] == "toy-3" and row["commit"] == "0ef14ca"
    assert row["command"] == "rppg run --profile toy --seed 3"
    assert row["handed in"] == "Ensemble, median"
    assert row["validation RMSE"] == "6.40, 26 synthetic"
    assert row["test RMSE"] == "4.90 [0.60, 7.90], 48 synthetic"
    assert row["mean predictor"] == "31.40 [27.10, 35.60], 48 synthetic"
    assert len(row["submission"]) == 16 and row["verdict"] == "…"
    assert rows(root) == [row] and list(row) == list(run_log.COLUMNS)


def test_the_same_submission_is_logged_once_and_another_after_it(root):
    (first,) = run_log.log_submissions(PROFILE, {})
    assert run_log.log_submissions(PROFILE, {}) == []
    submit(root / "submissions" / "toy-3", "72.0")
    (second,) = run_log.log_submissions(PROFILE, {})
    assert rows(root) == [first, second]


def test_a_run_that_made_no_submission_and_a_profile_without_log_leave_no_row(root):
    before = run_log.submissions(PROFILE)
    assert run_log.log_submissions(PROFILE, before) == []
    assert run_log.log_submissions(replace(PROFILE, log=False), {}) == []
    assert rows(root) == []


def test_real_data_without_truth_has_a_validation_score_and_no_test_score(root):
    board = BOARD.replace("synthetic test", "validation")
    submit(root / "submissions" / "toy-3", "71.0", validation=False, board=board)
    (row,) = run_log.log_submissions(replace(PROFILE, challenge=None), {})
    assert row["validation RMSE"] == "4.90 [0.60, 7.90], 48 real"
    assert row["test RMSE"] == row["mean predictor"] == "-"
    assert row["command"] == "rppg run --profile toy --seed 3 --data DATA"


def test_a_verdict_that_a_person_wrote_stays_and_a_failure_is_logged_once_a_commit(root):
    run_log.log_submissions(PROFILE, {})
    log = root / "submissions" / "runs.csv"
    log.write_text(log.read_text().replace("…", '"good, as it is"'))
    (failure,) = run_log.log_failure(PROFILE, ["net/tune", "06_submit"])
    assert failure["commit"] == "unknown"
    assert failure["handed in"] == "nothing: net/tune, 06_submit failed"
    assert run_log.log_failure(PROFILE, ["net/tune", "06_submit"]) == []
    assert run_log.log_submissions(PROFILE, {}) == []
    assert [row["verdict"] for row in rows(root)] == ["good, as it is", "…"]
    assert rows(root)[-1] == failure


def test_the_command_of_a_profile_with_seeds_names_no_seed():
    assert run_log.command_of(replace(PROFILE, seeds=(3,))) == "rppg run --profile toy"


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"date,profile\n1,2\n",
        ",".join(run_log.COLUMNS).encode() + b"\n1,2,3\n",
        ",".join(run_log.COLUMNS).encode() + b"\n" + b"1," * 10 + b"1\n",
        b"\xff\xfe",
    ],
)
def test_a_damaged_log_is_one_line_before_the_run_and_stays(root, text):
    path = root / "submissions" / "runs.csv"
    path.write_bytes(text)
    with pytest.raises(ValueError, match=r"runs\.csv.*move it away") as error:
        run_log.submissions(PROFILE)
    assert "\n" not in str(error.value) and path.read_bytes() == text
    assert run_log.submissions(replace(PROFILE, log=False)) != {}
