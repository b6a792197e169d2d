"""The stages of a profile: names, folders, what each is given and what it comes after."""

from dataclasses import replace

import pytest
from helpers.workflow import made, profile_of

from rppg.workflow.stage_names import MODALITIES, study_notebook, study_rules
from rppg.workflow.stages import stages_of

RUNS = (made("net/learn", "02", size=8), made("net/tune", "04", parent="net/learn"))


def by_rule(profile) -> dict:
    stages = {stage.rule: stage for stage in stages_of(profile)}
    assert len(stages) == len(stages_of(profile))
    return stages


def test_stages_come_in_order_and_after_what_they_need():
    stages = by_rule(profile_of(*RUNS))
    assert [stage.name for stage in stages.values()] == [
        *("challenge", "01_preprocess", "net/learn", "net/tune", "05_ensemble", "06_submit"),
    ]
    assert stages["net_tune"].needs == {"prepared": "preprocess", "parent": "net_learn"}
    assert stages["submit"].needs["05_ensemble"] == "ensemble"
    for number, stage in enumerate(stages.values()):
        assert set(stage.needs.values()) <= set(list(stages)[:number])


def test_a_run_is_given_folders_threads_and_its_parameters():
    stages = by_rule(replace(profile_of(*RUNS), name="toy-7", seed=7))
    learn, tune = stages["net_learn"], stages["net_tune"]
    assert learn.paths == {"prepared_dir": "prepared/toy-7", "run_dir": "runs/toy-7/net/learn"}
    assert learn.parameters == {"threads": 1, "seed": 7, "size": 8}
    assert tune.paths["parent"] == "runs/toy-7/net/learn"
    assert learn.executed == "submissions/toy-7/notebooks/net_learn.ipynb"
    assert stages["preprocess"].parameters == {"seed": 7}
    assert "seed" not in {**stages["ensemble"].parameters, **stages["submit"].parameters}


def test_a_run_comes_after_its_teacher_and_is_given_its_folder():
    taught = replace(made("cp/tune", "04", parent="net/learn"), teacher="net/tune")
    stage = by_rule(profile_of(*RUNS, taught))["cp_tune"]
    expected = {"prepared": "preprocess", "parent": "net_learn", "teacher": "net_tune"}
    assert stage.needs == expected and stage.paths["teacher"] == "runs/toy/net/tune"


def test_ensemble_and_submission_are_given_all_predictions():
    stages = by_rule(profile_of(*RUNS))
    names = ("classical", "net/learn", "net/tune")
    tables = [f"runs/toy/{name}/predictions.parquet" for name in names]
    assert stages["ensemble"].paths["predictions"] == tables
    ensemble = "runs/toy/ensemble/predictions.parquet"
    assert stages["submit"].paths["predictions"] == [*tables, ensemble]
    assert stages["submit"].paths["data_dir"] == "data/toy"


def test_seeds_have_stages_of_their_own_and_studies_read_them_all():
    profile = profile_of(*RUNS, seeds=(1, 2), studies=("maps", "table"))
    stages = by_rule(profile)
    once = ("challenge", "preprocess", "net_learn", "net_tune")
    rules = [f"{rule}_{seed}" for seed in (1, 2) for rule in once]
    assert list(stages) == [*rules, "study_maps", "study_table"]
    assert stages["net_tune_2"].label == "net/tune, seed 2"
    assert stages["net_tune_2"].needs["parent"] == "net_learn_2"
    assert stages["challenge_2"].parameters == {"n_ubfc": 2, "seed": 2}
    study = stages["study_table"]
    assert study.paths["runs"] == ["runs/toy-1", "runs/toy-2"]
    assert study.outputs == {"table.csv": "submissions/toy/table.csv"}
    assert study.needs["net/tune, seed 1"] == "net_tune_1" and len(study.needs) == 6


def test_shards_are_jobs_before_the_first_notebook():
    given = {"workers": 3, "reader_options": {"vipl_hr": {"nir": True}}, "crops": ["face", "wide"]}
    given = {"01_preprocess": given}
    stages = by_rule(profile_of(*RUNS, shards=2, notebooks=given))
    shard = stages["prepare_shard_2"]
    assert shard.name == "prepare" and shard.label == "prepare, shard 2/2"
    assert shard.parameters == {"vipl_hr": {"nir": True}} and shard.threads == 3
    assert shard.command[:5] == ("prepare", "data/toy", "prepared/toy", "--shard", "2/2")
    assert shard.command[5:9] == ("--crops", "face", "--crops", "wide")
    assert set(stages["preprocess"].needs.values()) > {"prepare_shard_1", "prepare_shard_2"}


def test_real_data_stand_in_for_the_benchmark():
    stages = by_rule(profile_of(*RUNS, challenge=None, data="/data"))
    assert "challenge" not in stages and stages["preprocess"].data == ("/data",)
    assert stages["preprocess"].paths["data_dir"] == stages["submit"].paths["data_dir"] == "/data"


def test_motion_has_its_own_first_notebook_and_benchmark():
    given = {"relcon_windows": {"more_data": ["further"]}}
    profile = profile_of(*RUNS, modality="motion", studies=("maps",), notebooks=given)
    stages = by_rule(profile)
    assert list(stages) == ["challenge", "relcon_windows", "net_learn", "net_tune", "study"]
    assert stages["challenge"].command[:2] == ("wearables", "data/toy")
    first = stages["relcon_windows"]
    assert first.paths == {"data_dir": "data/toy", "prepared_dir": "prepared/toy"}
    assert first.data == ("further",) and list(first.outputs) == ["index.parquet"]
    assert stages["net_learn"].needs == {"prepared": "relcon_windows"}


def test_what_is_kept_and_what_another_profile_can_share():
    stages = by_rule(profile_of(*RUNS))
    assert [rule for rule, stage in stages.items() if stage.keeps] == [
        *("net_learn", "net_tune", "ensemble"),
    ]
    assert not stages["submit"].shared and stages["preprocess"].shared


@pytest.mark.parametrize("name", MODALITIES)
def test_the_benchmark_s_command_and_the_first_notebook_exist(name):
    from rppg.utils.paths import project_dir
    from rppg.workflow.code_hash import function_code

    modality = MODALITIES[name]
    assert function_code("rppg.cli_data", modality.command)
    path = project_dir(__file__) / "notebooks" / f"{modality.notebook}.ipynb"
    assert path.is_file()


def test_a_single_study_has_a_short_rule():
    assert study_rules(["maps"]) == [("study", "maps")]
    assert study_rules(["maps", "table"])[1] == ("study_table", "table")
    assert study_notebook("gideon2021_tables") == "studies/gideon2021/gideon2021_tables"


def test_a_run_with_folds_is_trained_without_each_part_and_collected():
    tune = replace(made("net/tune", "04", parent="net/learn", size=8), folds=3, gpu=1, threads=2)
    stages = by_rule(profile_of(RUNS[0], tune, seeds=(1, 2)))
    second = stages["net_tune_fold2_2"]
    assert second.name == "net/tune_fold2" and second.label == "net/tune, fold 2 of 3, seed 2"
    assert second.parameters == {"threads": 2, "seed": 2, "size": 8, "fold": "2/3"}
    assert second.paths["run_dir"] == second.folders["run"] == "runs/toy-2/net/tune_folds/2"
    assert second.paths["parent"] == "runs/toy-2/net/learn" and second.gpu == 1
    assert second.needs == {"prepared": "preprocess_2", "parent": "net_learn_2"}  # no other fold
    collected = stages["net_tune_2"]
    assert collected.needs == {f"net/tune_fold{k}": f"net_tune_fold{k}_2" for k in (1, 2, 3)}
    assert collected.paths["folds"] == [f"runs/toy-2/net/tune_folds/{k}" for k in (1, 2, 3)]
    assert collected.folders["run"] == "runs/toy-2/net/tune" and collected.gpu == 0
    tables = stages["ensemble_2"].paths["predictions"]
    assert tables[-1] == "runs/toy-2/net/tune/predictions.parquet" and len(tables) == 3
