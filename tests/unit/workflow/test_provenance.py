"""Folders of runs: the same run goes on, another one begins anew, nothing else is removed."""

import subprocess
from threading import Timer

import pytest

from rppg.workflow import provenance
from rppg.workflow.provenance import claim, git_commit

FACTS = {"n_steps": 10, "code": "abc"}


def test_the_same_run_finds_what_it_left_and_another_one_begins_anew(tmp_path):
    run = tmp_path / "runs" / "a"
    assert claim(run, FACTS) == FACTS
    (run / "state.pt").write_text("half way")
    claim(run, dict(reversed(FACTS.items())))
    assert (run / "state.pt").exists()
    claim(run, FACTS | {"code": "changed"})
    assert [path.name for path in run.iterdir()] == ["claim.json"]


def test_a_folder_that_is_no_run_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("all of it")
    with pytest.raises(FileExistsError, match="is not empty and no run: name another run_dir"):
        claim(tmp_path, FACTS)
    assert (tmp_path / "thesis.tex").exists()


def test_other_processes_wait_for_the_first(tmp_path, monkeypatch):
    run = tmp_path / "run"
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setattr(provenance, "WAIT_S", 0.1)
    with pytest.raises(TimeoutError, match="by the run's first process"):
        claim(run, FACTS)
    monkeypatch.setattr(provenance, "WAIT_S", 30)
    text = '{\n  "code": "abc",\n  "n_steps": 10\n}\n'
    Timer(0.3, lambda: (run.mkdir(), (run / "claim.json").write_text(text))).start()
    assert claim(run, FACTS) == FACTS
    assert [path.name for path in run.iterdir()] == ["claim.json"]


def test_a_commit_says_whether_files_changed_and_overlooks_the_log(tmp_path):
    log, code = tmp_path / "submissions" / "README.md", tmp_path / "rppg" / "a.py"
    for path in (log, code):
        path.parent.mkdir()
        path.write_text("before")
    named = ["git", "-c", "user.name=a", "-c", "user.email=a@b"]
    for command in (["git", "init", "-q"], ["git", "add", "."], [*named, "commit", "-qm", "a"]):
        subprocess.run(command, cwd=tmp_path, check=True)
    commit = git_commit(code.parent)
    log.write_text("one more row")
    assert git_commit(code.parent) == commit and len(commit) == 40
    code.write_text("after")
    assert git_commit(code.parent) == f"{commit}+changes"
    assert git_commit(tmp_path.parent) == "unknown"
