"""Runs along axes: one a combination, its parameters merged, its name made of labels."""

import copy

import pytest
import yaml

from rppg.utils.paths import project_dir
from rppg.workflow.profiles import check_settings, profile_settings
from rppg.workflow.sweeps import all_runs, merged, sweep_rows, sweep_runs

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


def test_threads_gpu_and_start_are_as_in_runs_and_a_start_names_axes(sweep):
    more = {"name": "{dataset}/tuned{seed}", "start": "{dataset}/contrastive/seed{seed}"}
    del sweep["axes"]["system"], sweep["parameters"]
    run = sweep_runs([sweep | more | {"threads": 2, "gpu": 1}])["pure/tuned2"]
    assert (run["start"], run["threads"], run["gpu"]) == ("pure/contrastive/seed2", 2, 1)


def test_rows_say_where_each_run_lies_on_its_axes(sweep):
    row = {"run": "ubfc/contrastive/seed2", "dataset": "ubfc", "system": "contrastive", "seed": 2}
    assert sweep_rows([sweep])[1] == row
    assert [row["run"] for row in sweep_rows([sweep])] == list(sweep_runs([sweep]))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": "{data}/{system}/{seed}"}, r"its name has no axis \['data'\], expected some of"),
        ({"name": "{dataset}/{seed}"}, r"lacks \['system'\]: runs along them would have one name"),
        ({"start": "{data}"}, r"its start has no axis \['data'\]"),
        ({"axes": {"seed": []}, "name": "{seed}"}, r"axis 'seed' is \[\], expected a list of"),
        ({"axes": {"seed": 3}, "name": "{seed}"}, "axis 'seed' is 3, expected a list of values"),
        ({"axes": {"lr": {"low": 0.1}}, "name": "{lr}"}, "axis 'lr' is .* {label: {name: value}}"),
        ({"axes": {"size": [[1, 2]]}, "name": "{size}"}, "axis 'size' is"),
        ({"colour": "red"}, r"has the keys \[.*'colour'.*\], expected \['axes', 'name', 'notebook"),
        ({"axes": {"seed": [1, 1]}, "name": "n{seed}"}, "two runs of one name"),
        (
            {"axes": {"a": {"x": {}, "xx": {}}, "b": {"x": {}, "xx": {}}}, "name": "{a}{b}"},
            r"two runs of one name in the sweeps: \['xxx'\]",
        ),
    ],
)
def test_a_sweep_that_cannot_be_is_refused(sweep, change, says):
    with pytest.raises(ValueError, match=says):
        sweep_runs([sweep | change])


def test_a_sweep_without_notebook_and_two_with_the_same_runs_are_refused(sweep):
    with pytest.raises(ValueError, match="two runs of one name in the sweeps"):
        sweep_runs([sweep, sweep])
    del sweep["notebook"]
    with pytest.raises(ValueError, match=r"'\{dataset\}/\{system\}/seed\{seed\}' has the keys"):
        sweep_runs([sweep])


def test_runs_grid_and_sweeps_go_together_and_may_not_share_a_name(sweep):
    grid = profile_settings("ablation_smoke")["grid"]
    settings = {"runs": {"net/learn": {"notebook": "02"}}, "grid": grid, "sweeps": [sweep]}
    names = list(all_runs(settings))
    assert names[0] == "net/learn" and names[-12] == "ubfc/contrastive/seed1"
    assert {"table1/row02", "table2/row12"} < set(names) and len(names) == 1 + 4 + 12
    for name in ("pure/supervised/seed3", "table1/row02"):
        with pytest.raises(ValueError, match=f"one name in `runs`, `grid` and `sweeps`.*{name}"):
            all_runs(merged(settings, {"runs": {name: {"notebook": "02"}}}))


def test_a_profile_has_the_runs_of_its_sweeps_and_unknown_parameters_are_named(
    tmp_path, monkeypatch
):
    real = project_dir(__file__)
    (tmp_path / "notebooks" / "profiles").mkdir(parents=True)
    for path in (real / "notebooks").glob("*.ipynb"):
        (tmp_path / "notebooks" / path.name).symlink_to(path)
    monkeypatch.setattr("rppg.workflow.profiles.project_dir", lambda start=None: tmp_path)
    sweep = {"name": "{net}/n{seed}", "notebook": "04_finetune"}
    sweep |= {"axes": {"net": {"large": {"model": "contrast_phys"}}, "seed": [1, 2]}}
    path = tmp_path / "notebooks" / "profiles" / "mine.yaml"
    path.write_text(yaml.safe_dump({"sweeps": [sweep]}))
    settings = profile_settings("mine")
    assert list(settings["runs"]) == ["large/n1", "large/n2"]
    check_settings(settings)
    wrong = {"net": {"large": {"modle": "contrast_phys"}}, "seed": [1]}
    path.write_text(yaml.safe_dump({"sweeps": [sweep | {"axes": wrong}]}))
    with pytest.raises(KeyError, match="run 'large/n1': 04_finetune.ipynb has no parameter modle;"):
        check_settings(profile_settings("mine"))
    path.write_text(yaml.safe_dump({"sweeps": [sweep | {"name": "{net}/{seed}-"}]}))
    with pytest.raises(ValueError, match="'large/1-' is no name of a run"):
        check_settings(profile_settings("mine"))
