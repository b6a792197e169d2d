"""`rppg config`: each value of a run once, with the place that it comes from."""

import pytest
from helpers.profiles import profile_project
from typer.testing import CliRunner

from rppg.cli import app
from rppg.workflow import config_report
from rppg.workflow.profiles import ProfileError

BASE = """
challenge: {n_train: 9}
runs:
  net/learn: {notebook: 02_learn, parameters: {size: 8, training: {lr: 0.1, n_steps: 9}}}
  net/tune: {notebook: 04_tune, parent: net/learn, threads: 3}
"""
MINE = """
extends: base
runs: {net/learn: {parameters: {training: {lr: 0.2}}}}
sweeps:
  - {name: "sweep/s{size}", notebook: 02_learn, gpu: 1, axes: {size: [1, 2]}}
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    project = profile_project(tmp_path, monkeypatch)
    monkeypatch.setattr(config_report, "project_dir", lambda start=None: tmp_path)
    project.write("base", BASE)
    project.write("mine", MINE)
    return project


def leaves(text):
    """Key -> (value, origin), of lines "key: value   # origin"."""
    rows = [line.split("   # ") for line in text.splitlines() if "   # " in line]
    pairs = [(left.strip().split(": ", 1), origin) for left, origin in rows]
    return {key: (value, origin) for (key, value), origin in pairs}


def test_each_parameter_of_a_run_is_there_with_its_origin(project):
    found = leaves(config_report.format_config("mine", "net/learn"))
    assert found["training.lr"] == ("0.2", "notebooks/profiles/mine.yaml")
    assert found["training.n_steps"] == ("9", "notebooks/profiles/base.yaml")
    assert found["size"] == ("8", "notebooks/profiles/base.yaml")
    assert found["rate"] == ("0.1", "notebook default")
    assert found["weights"] == ("{}", "notebook default")
    assert found["run_dir"] == ("runs/mine/net/learn", "set by rppg run")
    assert found["threads"] == ("1", "set by rppg run")
    assert found["seed"] == ("0", "notebook default")


def test_what_stands_next_to_a_run_s_parameters_has_an_origin_too(project):
    found = leaves(config_report.format_config("mine", "net/tune"))
    assert found["parent"] == ("runs/mine/net/learn", "notebooks/profiles/base.yaml")
    assert found["threads"] == ("3", "notebooks/profiles/base.yaml")
    swept = leaves(config_report.format_config("mine", "sweep/s2"))
    assert swept["size"] == ("2", "notebooks/profiles/mine.yaml: sweeps")
    assert swept["threads"] == ("1", "set by rppg run")


def test_seeds_come_from_the_command_line_or_from_the_file(project):
    found = leaves(config_report.format_config("mine", "net/learn", seed=5))
    assert found["seed"] == ("5", "command line")
    assert found["run_dir"][0] == "runs/mine-5/net/learn"
    project.write("many", "extends: base\nseeds: [3, 4]")
    found = leaves(config_report.format_config("many", "net/learn"))
    assert found["seed"] == ("3", "notebooks/profiles/many.yaml: seeds")


def test_the_whole_profile_holds_the_benchmark_and_every_stage(project, tmp_path):
    text = config_report.format_config("mine")
    found = leaves(text)
    assert found["challenge.n_train"] == ("9", "notebooks/profiles/base.yaml")
    assert found["challenge.width"] == ("320", "default of ChallengeConfig")
    stages = [line[:-1] for line in text.splitlines() if line.endswith(":") and line[0] != " "]
    runs = ["net/learn", "net/tune", "sweep/s1", "sweep/s2"]
    assert stages == ["01_preprocess", *runs, "05_ensemble", "06_submit"]
    real = leaves(config_report.format_config("mine", data=tmp_path))
    assert real["data"] == (str(tmp_path), "command line") and "challenge.n_train" not in real
    alone = leaves(config_report.format_config("mine", "challenge", seed=8))
    assert alone["seed"] == ("8", "command line")


def test_an_unknown_stage_is_an_error_that_names_a_similar_one(project):
    with pytest.raises(ProfileError, match="no stage 'net/lern' in profile 'mine' .*'net/learn'"):
        config_report.format_config("mine", "net/lern")


def test_the_command_prints_it():
    result = CliRunner().invoke(app, ["config", "bench", "st_transformer/pretrain"])
    assert result.exit_code == 0
    assert leaves(result.output)["training.n_steps"] == ("1200", "notebooks/profiles/demo.yaml")
