"""The graph of a profile: folders, order and commands of its rules; what is asked of Snakemake."""

import json
import re
import subprocess

import pytest

from rppg.workflow import profiles, runner
from rppg.workflow.rerun_reasons import Planned

SETTINGS = {
    "profile": "toy",
    "challenge": {"seed": 0},
    "runs": {"net/learn": {"notebook": "02"}, "net/tune": {"notebook": "04", "start": "net/learn"}},
}


def dry_run(tmp_path, **settings) -> str:
    """What Snakemake would run for these settings, of a profile that nothing was made of yet."""
    root, config = profiles.project_dir(profiles.__file__), tmp_path / "settings.json"
    given = {"profile": tmp_path.name, "challenge": {"seed": 0}, **settings}
    config.write_text(json.dumps(given))
    command = runner.command(runner.Order(given), "--dry-run", "--printshellcmds")
    command = [str(config) if word.endswith("settings.json") else word for word in command]
    result = subprocess.run(
        command, cwd=root, env=runner.environment(root), capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout + result.stderr


@pytest.mark.slow
def test_a_seed_names_the_folders_and_reaches_challenge_and_notebooks(tmp_path):
    settings = profiles.seeded({"profile": tmp_path.name, "challenge": {"seed": 0, "n_ubfc": 3}}, 7)
    assert settings["challenge"] == {"seed": 7, "n_ubfc": 3}
    runs = {"net": {"notebook": "04_finetune", "parameters": {"start": ""}}}
    told = dry_run(tmp_path, **settings, runs=runs)
    assert f"data/{tmp_path.name}-7" in told and f"runs/{tmp_path.name}-7/net/run.json" in told
    notebooks = [line for line in told.splitlines() if "rppg.workflow.profiles notebooks/0" in line]
    seeded = [line for line in notebooks if '"seed": 7' in line]
    drawing = [line for line in notebooks if not re.search("notebooks/0[56]", line)]
    assert len(seeded) == 2 and seeded == drawing  # what comes after draws nothing


@pytest.mark.slow
def test_everything_is_made_once_a_seed_and_the_study_collects_it(tmp_path):
    runs = {
        "net": {"notebook": "02_pretrain_st_transformer"},
        "tuned": {"notebook": "04_finetune", "start": "net"},
    }
    told = dry_run(tmp_path, seeds=[1, 2], runs=runs)
    rules = set(re.findall("^rule (.+):$", told, flags=re.M))
    stages = ("challenge", "preprocess", "net", "tuned", "submit")
    assert rules >= {f"{stage}_{seed}" for stage in stages for seed in (1, 2)} | {"all"}
    name = tmp_path.name
    (start,) = [line for line in told.splitlines() if f'"run_dir": "runs/{name}-2/tuned"' in line]
    assert f'"start": "runs/{name}-2/net"' in start and '"seed": 2' in start
    assert f"data/{name}-1 --config '{{\"seed\": 1}}'" in told
    (everything,) = re.findall("rule all:\n    input: (.+)", told)
    assert all(f"submissions/{name}-{i}/submission.csv" in everything for i in (1, 2))
    assert everything.count("predictions.parquet") >= 6


@pytest.mark.slow
def test_a_run_waits_for_the_one_it_starts_from(tmp_path):
    runs = {
        "a/learn": {"notebook": "02_pretrain_st_transformer"},
        "a/tune": {"notebook": "04_finetune", "start": "a/learn", "threads": 2},
    }
    told = dry_run(tmp_path, runs=runs)
    (inputs,) = [line for line in told.splitlines() if "input: notebooks/04_finetune" in line]
    assert f"runs/{tmp_path.name}/a/learn/run.json" in inputs
    (command,) = [
        line for line in told.splitlines() if "rppg.workflow.profiles notebooks/04" in line
    ]
    assert f'"start": "runs/{tmp_path.name}/a/learn"' in command and '"threads": 2' in command
    (inputs,) = [line for line in told.splitlines() if "input: notebooks/06_submit" in line]
    assert inputs.count("predictions.parquet") >= 3  # classical methods and both runs


@pytest.mark.slow
def test_shards_are_jobs_before_the_notebook(tmp_path):
    told = dry_run(
        tmp_path,
        shards=3,
        notebooks={"01_preprocess": {"workers": 1, "reader_options": {"vipl_hr": {"nir": True}}}},
    )
    commands = [line for line in told.splitlines() if "rppg.cli prepare" in line]
    folders = f"data/{tmp_path.name} prepared/{tmp_path.name}"
    ends = sorted(line.split("rppg.cli prepare ")[1].strip() for line in commands)
    options = """--reader-options '{"vipl_hr": {"nir": true}}'"""
    assert ends == [f"{folders} --shard {i}/3 --workers 1 {options}" for i in (1, 2, 3)]
    (inputs,) = [line for line in told.splitlines() if "input: notebooks/01_preproc" in line]
    assert all(f"prepare/{i}_of_3.done" in inputs for i in (1, 2, 3))


@pytest.mark.slow
def test_without_shards_the_notebook_prepares(tmp_path):
    told = dry_run(tmp_path)
    assert "01_preprocess.ipynb" in told and "rppg.cli prepare" not in told


def test_stages_are_named_as_people_name_them_in_order():
    assert list(runner.stages(SETTINGS).values()) == [
        *("challenge", "01_preprocess", "net/learn", "net/tune", "05_ensemble", "06_submit")
    ]
    real = runner.stages({**SETTINGS, "challenge": None, "shards": 3})
    assert list(real.values())[:2] == ["prepare", "01_preprocess"]
    study = runner.stages({**SETTINGS, "seeds": [1, 2], "study": "ablation"})
    assert study["net_tune_2"] == "net/tune" and study["study"] == "ablation"
    assert "06_submit" not in study.values() and len(study) == 9
    several = runner.stages({**SETTINGS, "study": ["maps", "table"]})
    assert list(several.items())[-2:] == [("study_maps", "maps"), ("study_table", "table")]


def test_a_part_is_a_target_and_an_unknown_one_says_what_there_is():
    order = runner.Order(SETTINGS, part="net/tune", rerun="01_preprocess")
    words = runner.command(order)
    assert words[-5:] == ["--", "challenge", "preprocess", "net_learn", "net_tune"]
    assert words[words.index("--forcerun") + 1] == "preprocess"
    seeds = {**SETTINGS, "seeds": [1, 2]}
    assert runner.rules_of(seeds, "net/tune") == ["net_tune_1", "net_tune_2"]
    assert runner.targets({**SETTINGS, "shards": 2}, "01_preprocess") == ["challenge", "preprocess"]
    others = {**SETTINGS, "runs": {**SETTINGS["runs"], "other": {"notebook": "02"}}}
    assert runner.targets(others, "other") == ["challenge", "preprocess", "other"]
    assert runner.targets(others, "06_submit") == list(runner.stages(others))
    studies = {**SETTINGS, "study": ["maps", "table"]}
    runs = ["challenge", "preprocess", "net_learn", "net_tune"]
    assert runner.targets(studies, "table") == [*runs, "study_table"]
    assert runner.rules_of({**studies, "study": ["table"]}, "table") == ["study"]
    with pytest.raises(ValueError, match="no stage 'tune' in toy: expected .*net/tune, 05_ens"):
        runner.rules_of(SETTINGS, "tune")


def test_gpus_are_a_resource_and_a_machine_without_any_counts_as_one(monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    wanted = {**SETTINGS, "runs": {"net": {"notebook": "02", "gpu": 1}}}
    assert runner.gpus(runner.Order(wanted)) == 4 and runner.gpus(runner.Order(wanted, gpus=2)) == 2
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    assert runner.gpus(runner.Order(wanted)) == 1 and runner.gpus(runner.Order(wanted, gpus=0)) == 1
    assert runner.gpus(runner.Order(SETTINGS)) == 1
    words = runner.command(runner.Order(wanted, gpus=3))
    assert words[words.index("--resources") + 1] == "gpu=3"


def test_a_cluster_takes_its_jobs_from_its_profile(tmp_path):
    words = runner.command(runner.Order(SETTINGS, executor=tmp_path))
    assert words[words.index("--workflow-profile") + 1] == str(tmp_path)
    assert "--cores" not in words and "--resources" not in words


def test_a_rerun_makes_a_trained_run_begin_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(runner, "project_dir", lambda start: tmp_path)
    for stage in ("net/learn", "net/tune", "classical"):
        (tmp_path / "runs" / "toy" / stage).mkdir(parents=True)
        (tmp_path / "runs" / "toy" / stage / "claim.json").write_text("facts")
    runner.forget(SETTINGS, "net/tune")
    runner.forget(SETTINGS, "classical")
    marks = {p.parent.name: p.read_text() for p in tmp_path.rglob("claim.json")}
    assert marks == {"learn": "facts", "tune": "{}\n", "classical": "facts"}


def test_a_plan_is_a_table_and_an_empty_one_says_so():
    named = runner.stages({**SETTINGS, "seeds": [1, 2]})
    jobs = [
        Planned("net_learn_2", why=["parameter n_steps 8 -> 9", "changed input a"]),
        Planned("net_tune_2", after=["net_learn_2"]),
    ]
    assert runner.format_plan(jobs, named).splitlines() == [
        "stage              why",
        "net/learn, seed 2  parameter n_steps 8 -> 9; changed input a",
        "net/tune, seed 2   after net/learn, seed 2",
        "2 would run; nothing was run",
    ]
    assert runner.format_plan([], named) == "nothing to do: every stage is up to date"


def test_what_is_left_after_a_run_has_failed_or_waits(tmp_path, monkeypatch):
    monkeypatch.setattr(runner, "project_dir", lambda start: tmp_path)
    (tmp_path / "learn.ipynb").write_text("{}")
    left = [
        Planned("challenge"),
        Planned("net_learn", log="learn.ipynb"),
        Planned("net_tune", after=["net_learn"], log="tune.ipynb"),
    ]
    assert runner.format_failures(left, runner.stages(SETTINGS)).splitlines() == [
        "failed:",
        "  challenge: no notebook, see above",
        "  net/learn: learn.ipynb",
        "not done because of it:",
        "  net/tune (needs net/learn)",
    ]
