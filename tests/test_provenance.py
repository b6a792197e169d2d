"""Folders of runs: the same run goes on, another one begins anew, nothing else is removed."""

from threading import Timer

import pytest

from rppg import provenance
from rppg.provenance import claim

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
