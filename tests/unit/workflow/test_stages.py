"""Names of runs and studies: what they are called in the graph, and which are refused."""

import pytest

from rppg.workflow.stages import check_stages, stages, study_names


def with_runs(*names: str, **more) -> dict:
    return {"profile": "toy", "runs": {name: {"notebook": "02"} for name in names}, **more}


def test_a_study_is_one_name_or_a_list_of_them():
    assert study_names({}) == study_names({"study": []}) == study_names({"study": None}) == []
    assert study_names({"study": "ablation"}) == study_names({"study": ["ablation"]})
    assert study_names({"study": ["maps", "table"]}) == ["maps", "table"]


def test_a_rule_a_seed_and_one_a_study_without_ensemble_and_submission():
    once = {"preprocess": "01_preprocess", "net_learn": "net/learn"}
    assert stages(with_runs("net/learn", study="maps")) == {**once, "study": "maps"}
    seeds = stages(with_runs("net/learn", study=["maps", "table"], seeds=[1, 2]))
    assert seeds == {
        **{f"{rule}_{seed}": name for seed in (1, 2) for rule, name in once.items()},
        **{"study_maps": "maps", "study_table": "table"},
    }
    assert list(stages(with_runs("net/learn")).values())[-2:] == ["05_ensemble", "06_submit"]


def test_names_of_sweeps_and_grids_are_fine():
    check_stages(with_runs("pure/contrastive/seed1", "table1/row01", "net", study=["maps"]))


@pytest.mark.parametrize(
    "name", ["1st", "a b", "a//b", "/a", "a/", "../a", "a-b", "lr0.1", "é", ""]
)
def test_a_name_that_can_be_no_folder_or_rule_is_refused(name):
    with pytest.raises(ValueError, match="is no name of a run or study, expected letters, digits"):
        check_stages(with_runs("net", name))


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (with_runs("a/b_c", "a_b/c"), "'a_b/c' and 'a/b_c' are both the rule a_b_c: rename one"),
        (with_runs("submit"), "'06_submit' and 'submit' are both the rule submit"),
        (with_runs("all"), "'all' and 'the rule of everything' are both the rule all"),
        (with_runs("study", study="maps"), "'maps' and 'study' are both the rule study"),
        (with_runs(study=["maps", "maps"]), "'maps' and 'maps' are both the rule study_maps"),
        (with_runs("net/tune", "net"), "run 'net/tune' would lie in the folder of 'net'"),
        (with_runs("classical"), "run 'classical' would lie in the folder of 'classical'"),
        (with_runs("the/maps", study="the_maps"), "run 'the/maps' is called like the study"),
        (with_runs(study="gideon/maps"), "'gideon/maps' is no name of a run or study"),
    ],
)
def test_names_that_meet_are_refused(settings, says):
    with pytest.raises(ValueError, match=says):
        check_stages(settings)


def test_a_run_of_another_name_may_begin_like_another():
    check_stages(with_runs("net", "net2/tune", "classical_too"))
