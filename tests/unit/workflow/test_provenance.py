"""Where results come from: the commit, and whether files differ from it."""

import json
import subprocess

from rppg.workflow.provenance import file_digest, git_commit, write_run_json


def test_a_commit_says_whether_tracked_files_changed(tmp_path):
    code = tmp_path / "rppg" / "a.py"
    code.parent.mkdir()
    code.write_text("before")
    named = ["git", "-c", "user.name=a", "-c", "user.email=a@b"]
    for command in (["git", "init", "-q"], ["git", "add", "."], [*named, "commit", "-qm", "a"]):
        subprocess.run(command, cwd=tmp_path, check=True)
    commit = git_commit(code.parent)
    (tmp_path / "untracked.csv").write_text("a result")
    assert git_commit(code.parent) == commit and len(commit) == 40
    code.write_text("after")
    assert git_commit(code.parent) == f"{commit}+changes"
    assert git_commit(tmp_path.parent) == "unknown"


def test_run_json_is_the_same_for_the_same_run(tmp_path):
    (tmp_path / "table.csv").write_text("1")
    inputs = [tmp_path / "table.csv", tmp_path / "absent.csv"]
    about = {"origin": "synthetic", "score": None, "inputs": inputs, "stopped": "n_steps"}
    path = write_run_json(tmp_path / "run.json", {"model": "POS"}, **about)
    first, facts = path.read_bytes(), json.loads(path.read_text())
    assert list(facts["inputs"].values()) == [None, file_digest(inputs[0])]
    assert facts["stopped"] == "n_steps" and facts["parameters"] == {"model": "POS"}
    assert write_run_json(path, {"model": "POS"}, **about).read_bytes() == first
