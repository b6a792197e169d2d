"""What is asked of Snakemake, the lock of a profile, and what is said of a run."""

import json
import os
import subprocess
import sys

import pytest
from helpers.workflow import PROFILE, Bench, made, profile_of

from rppg.workflow import runner
from rppg.workflow.profile_lock import profile_lock


def request(*runs, **more) -> runner.RunRequest:
    return runner.RunRequest(profile_of(*runs), **more)


def test_snakemake_gets_cores_and_gpus_or_a_cluster(tmp_path):
    words = runner.command(request(cores=5, gpus=3), tmp_path / "a b.json")
    assert words[:3] == [sys.executable, "-m", "snakemake"]
    assert words[words.index("--configfile") + 1] == str(tmp_path / "a b.json")
    assert words[words.index("--cores") + 1] == "5"
    assert words[words.index("--resources") + 1] == "gpu=3"
    words = runner.command(request(executor=tmp_path), tmp_path)
    assert words[words.index("--workflow-profile") + 1] == str(tmp_path)
    assert "--cores" not in words and "--resources" not in words


def test_a_machine_without_a_gpu_counts_as_one(monkeypatch):
    from dataclasses import replace

    import torch

    wanted = replace(made("net", "02_learn"), gpu=1)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    assert runner.gpus(request(wanted)) == 4 and runner.gpus(request(wanted, gpus=2)) == 2
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    assert runner.gpus(request(wanted)) == 1 and runner.gpus(request(wanted, gpus=0)) == 1
    assert runner.gpus(request(made("net", "02_learn"))) == 1


def test_jobs_are_told_the_gpus_but_not_on_a_cluster_or_without_need(tmp_path, monkeypatch):
    from dataclasses import replace

    bench = Bench(tmp_path, monkeypatch)
    none = bench.plan(PROFILE)
    some = replace(none.planned[1], stage=replace(none.planned[1].stage, gpu=1))
    wanted = replace(none, planned=[none.planned[0], some])
    monkeypatch.setattr(runner, "seen_gpus", lambda: ["4", "6"])

    def told(plan, **more):
        return runner._environment(tmp_path, request(**more), plan)["RPPG_GPUS"]

    assert told(wanted) == told(wanted, gpus=1) == "4,6" and told(wanted, gpus=3) == "4,6,4"
    assert told(none) == told(wanted, executor=tmp_path) == ""
    monkeypatch.setattr(runner, "seen_gpus", lambda: [])
    assert told(wanted) == told(wanted, gpus=2) == ""


def test_jobs_are_exactly_the_planned_stages_each_after_those_that_run_too(tmp_path, monkeypatch):
    bench = Bench(tmp_path, monkeypatch)
    bench.run(PROFILE)
    mark = tmp_path / "runs/toy/.stages/jobs/cp_learn.done"
    mark.touch()
    plan = bench.plan(PROFILE, "cp/tune", rerun="cp/learn")
    jobs = json.loads(runner._write_jobs(tmp_path, PROFILE, plan).read_text())["jobs"]
    assert [(job["rule"], job["after"]) for job in jobs] == [
        ("cp_learn", []),
        ("cp_tune", ["cp_learn"]),
    ]
    assert not mark.exists() and (tmp_path / jobs[0]["file"]).is_file()
    job = json.loads((tmp_path / jobs[0]["file"]).read_text())
    assert job["forced"] and job["needs"] == {"prepared": "runs/toy/.stages/preprocess.json"}


def test_what_is_left_after_a_run_has_failed_or_waits(tmp_path, monkeypatch):
    bench = Bench(tmp_path, monkeypatch)
    monkeypatch.setattr(runner, "project_dir", lambda start: tmp_path)
    bench.broken = {"cp/learn"}
    bench.run(PROFILE)
    bench.write("submissions/toy/notebooks/cp_learn.ipynb", "{}")
    left = bench.plan(PROFILE)
    assert runner.failed(left) == ["cp/learn"]
    assert runner.format_failures(left).splitlines() == [
        "failed:",
        "  cp/learn: submissions/toy/notebooks/cp_learn.ipynb",
        "not done because of it:",
        "  cp/tune (needs cp/learn)",
        "  05_ensemble (needs cp/learn, cp/tune)",
        "  06_submit (needs cp/learn, cp/tune, 05_ensemble)",
    ]


def test_a_profile_is_locked_by_one_process_that_is_named(tmp_path):
    code = "import sys; from pathlib import Path; from rppg.workflow.profile_lock import *\n"
    code += "with profile_lock(Path(sys.argv[1]), ['toy']):\n print('has it')\n"
    words = [sys.executable, "-c", code, str(tmp_path)]
    with profile_lock(tmp_path, ["toy", "toy-1"]):
        done = subprocess.run(words, capture_output=True, text=True)
        owner = f"profile toy is being run by process {os.getpid()} on "
        assert owner in done.stderr and "has it" not in done.stdout
        assert (tmp_path / "runs/toy-1/.lock").is_file()
    assert subprocess.run(words, capture_output=True, text=True).stdout == "has it\n"


def test_a_lock_is_free_when_its_owner_was_killed(tmp_path):
    code = "import os, sys; from pathlib import Path; from rppg.workflow.profile_lock import *\n"
    code += "with profile_lock(Path(sys.argv[1]), ['toy']):\n os.kill(os.getpid(), 9)\n"
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path)])
    assert killed.returncode == -9 and (tmp_path / "runs/toy/.lock").read_text()
    with profile_lock(tmp_path, ["toy"]):
        with pytest.raises(BlockingIOError, match="toy is being run by process"):
            with profile_lock(tmp_path, ["toy"]):
                pass
