"""Runs along axes: one a combination, its parameters merged, its name made of labels."""

import copy

import pytest
import yaml
from helpers.profiles import profile_project

from rppg.workflow.profiles import load_profile
from rppg.workflow.sweeps import sweep_rows, sweep_runs

TEXT = """
name: "{dataset}/{system}/seed{seed}"
notebook: studies/gideon2021/gideon2021_train
axes:
  dataset: {ubfc: {datasets: [UBFC-rPPG]}, pure: {datasets: [PURE], training: {n_steps: 50}}}
  system: {contrastive: {loss: multiview}, supervised: {loss: mcc, training: {lr: 0.1}}}
  seed: [1, 2, 3]
parameters: {batch_size: 4, loss: none, training: {n_steps: 100, warmup_steps: 5}}
"""


@pytest.fixture
def sweep():
    return yaml.safe_load(TEXT)


def test_one_run_a_combination_named_by_its_labels_the_last_axis_first(sweep):
    names = list(sweep_runs([sweep]))
    assert names[:4] == [
        *(f"ubfc/contrastive/seed{seed}" for seed in (1, 2, 3)), "ubfc/supervised/seed1"
    ]  # fmt: skip
    assert len(names) == 12 and names[-1] == "pure/supervised/seed3"


def test_parameters_are_merged_in_the_order_of_the_axes(sweep):
    before = copy.deepcopy(sweep)
    run = sweep_runs([sweep])["pure/supervised/seed2"]
    training = {"n_steps": 50, "warmup_steps": 5, "lr": 0.1}
    own = {"batch_size": 4, "loss": "mcc", "training": training, "datasets": ["PURE"], "seed": 2}
    assert run == {"notebook": "studies/gideon2021/gideon2021_train", "parameters": own}
    sweep["axes"]["seed"] = {"late": {"loss": "pearson"}}
    assert sweep_runs([sweep])["ubfc/supervised/seedlate"]["parameters"]["loss"] == "pearson"
    sweep["axes"] = before["axes"]
    assert sweep == before


def test_threads_gpu_and_parent_are_as_in_runs_and_a_parent_names_axes(sweep):
    more = {"name": "{dataset}/tuned{seed}", "parent": "{dataset}/contrastive/seed{seed}"}
    more |= {"teacher": "{dataset}/first"}
    del sweep["axes"]["system"], sweep["parameters"]
    run = sweep_runs([sweep | more | {"threads": 2, "gpu": 1}])["pure/tuned2"]
    assert (run["parent"], run["threads"], run["gpu"]) == ("pure/contrastive/seed2", 2, 1)
    assert run["teacher"] == "pure/first"


def test_rows_say_where_each_run_lies_on_its_axes(sweep):
    row = {"run": "ubfc/contrastive/seed2", "dataset": "ubfc", "system": "contrastive", "seed": 2}
    assert sweep_rows([sweep])[1] == row
    assert [row["run"] for row in sweep_rows([sweep])] == list(sweep_runs([sweep]))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            {"name": "{data}/{system}/{seed}"},
            r"sweeps\[0\].name: .*expected text with axes in brac",
        ),
        ({"name": "{dataset}/{seed}"}, r"expected {system} in it: runs along this axis would have"),
        ({"parent": "{data}"}, r"sweeps\[0\].parent: found '{data}', expected text with axes"),
        ({"axes": {"seed": []}, "name": "{seed}"}, r"axes.seed: found \[\], expected a list of"),
        ({"axes": {"seed": 3}, "name": "{seed}"}, "axes.seed: found 3, expected a list of values"),
        ({"axes": {"lr": {"low": 0.1}}, "name": "{lr}"}, "axes.lr: .* {label: {name: value}}"),
        ({"axes": {"size": [[1, 2]]}, "name": "{size}"}, "axes.size: found"),
        ({"axes": {}}, r"sweeps\[0\].axes: found {}, expected axes as {seed: \[1, 2\]}"),
        ({"colour": "red"}, r"sweeps\[0\].colour: unknown key, expected name, notebook, axes"),
        ({"start": "red"}, r"sweeps\[0\].start: unknown key"),
        ({"axes": {"seed": [1, 1]}, "name": "n{seed}"}, "two runs called 'n1'"),
        (
            {"axes": {"a": {"x": {}, "xx": {}}, "b": {"x": {}, "xx": {}}}, "name": "{a}{b}"},
            "sweeps: found two runs called 'xxx', expected each name once",
        ),
    ],
)
def test_a_sweep_that_cannot_be_is_refused(sweep, change, says):
    with pytest.raises(ValueError, match=says):
        sweep_runs([sweep | change])


def test_a_sweep_without_notebook_and_two_with_the_same_runs_are_refused(sweep):
    with pytest.raises(ValueError, match="sweeps: found two runs called 'ubfc/contrastive/seed1'"):
        sweep_runs([sweep, sweep])
    second = {key: value for key, value in sweep.items() if key != "notebook"}
    with pytest.raises(ValueError, match=r"sweeps\[1\]: found no 'notebook', expected name, note"):
        sweep_runs([sweep, second])


def test_the_runs_of_sweeps_follow_those_of_runs(tmp_path, monkeypatch):
    project = profile_project(tmp_path, monkeypatch)
    sweep = {"name": "{net}/n{seed}", "notebook": "04_tune", "parent": "net/learn"}
    sweep |= {"axes": {"net": {"large": {"size": 9}}, "seed": [1, 2]}}
    runs = {"net/learn": {"notebook": "02_learn"}}
    project.write("mine", yaml.safe_dump({"runs": runs, "sweeps": [sweep]}))
    made = load_profile("mine").runs
    assert list(made) == ["net/learn", "large/n1", "large/n2"]
    assert made["large/n2"].parameters == {"size": 9, "seed": 2}
    assert made["large/n2"].parent == "net/learn"
