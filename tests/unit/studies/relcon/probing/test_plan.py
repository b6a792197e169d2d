"""What can be probed: the rest is left out with a note, and nothing at all is one error."""

import numpy as np
import pytest
from helpers.relcon_windows import TINY, windows_of

from rppg.studies.relcon.data.window_store import Windows
from rppg.studies.relcon.pretraining.methods import METHODS
from rppg.studies.relcon.probing import tasks
from rppg.studies.relcon.probing.plan import probe_plan
from rppg.studies.relcon.probing.supervised import untrained

pytestmark = pytest.mark.usefixtures("single_thread")


def given(**columns):
    """The simulator's windows with other columns."""
    windows, _ = windows_of()
    return Windows(windows.xyz_g, windows.table.assign(**columns))


def plan_of(windows, targets=("cadence_spm",), **more):
    how = {"n_labels": [1, 5, 0], "n_folds": 4, "seed": 3, "targets": targets}
    return probe_plan(windows, **how | more)


def cases_of(plan):
    return {part.windows.table["dataset"].iloc[0]: part.cases for part in plan.parts}


def of_one(subject, values):
    windows, _ = windows_of()
    return np.where(windows.table["subject"] == subject, values, np.nan)


def test_what_is_complete_is_probed_without_a_note():
    plan = plan_of(given())
    tasks = ("activity", "cadence_spm")
    assert cases_of(plan) == {"simulator": [(task, n) for task in tasks for n in (1, 5, 0)]}
    assert plan.notes == []


def test_without_activities_a_target_is_probed_where_its_labels_suffice():
    plan = plan_of(given(activity="", hr=np.linspace(60, 90, 96)), ["hr"])
    assert cases_of(plan) == {"simulator": [("hr", 5), ("hr", 0)]}
    (note,) = plan.notes
    assert note.startswith("simulator, hr, labels per class 1: skipped; fold 0 has [")
    assert note.endswith("to train on, expected two or more: use other folds or more n_labels")


def test_a_target_of_one_subject_is_left_out_and_the_rest_is_probed():
    plan = plan_of(given(hr=of_one("s1", 80.0)), ["hr", "cadence_spm"])
    assert {task for task, _ in cases_of(plan)["simulator"]} == {"activity", "cadence_spm"}
    (note,) = plan.notes
    assert "simulator, hr, labels per class 1, 5, all: skipped; labels of hr lie in" in note
    assert "(s1), expected those of two folds of subjects or more" in note


def test_a_target_that_no_window_has_is_named_with_those_that_there_are():
    windows = given(heart_rate_bpm=70.0, empty=np.nan)
    plan = plan_of(windows, ["heart_rate", "empty", "heart_rate_bpm"])
    assert {task for task, _ in cases_of(plan)["simulator"]} == {"activity", "heart_rate_bpm"}
    known = "no tested window has a value; numeric columns with values are"
    assert plan.notes == [
        f"target {name}: {known} cadence_spm, heart_rate_bpm" for name in ("heart_rate", "empty")
    ]


def test_an_mlp_says_that_it_leaves_the_targets_out():
    plan = plan_of(given(), probe="mlp")
    assert {task for task, _ in cases_of(plan)["simulator"]} == {"activity"}
    assert plan.notes == ["an MLP probe predicts activities alone: not cadence_spm"]


def test_if_nothing_can_be_probed_one_error_says_why():
    with pytest.raises(ValueError) as error:
        plan_of(given(activity="", hr=of_one("s1", 80.0)), ["hr", "spm"])
    text = str(error.value)
    assert text.startswith("nothing can be probed in ['simulator']: target spm: no tested window")
    assert "; simulator, hr, labels per class 1, 5, all: skipped" in text
    with pytest.raises(ValueError, match="simulator has nothing to predict: expected two activ"):
        plan_of(given(activity="sitting"), [])


@pytest.mark.parametrize("method", ["random", pytest.param("scratch", marks=pytest.mark.slow)])
def test_rows_are_those_of_the_plan_and_nothing_is_trained_for_the_rest(tmp_path, method):
    windows = given(activity="", hr=np.linspace(60, 90, 96))
    how = {"n_labels": [1, 5], "n_folds": 2, "seed": 3, "targets": ["hr"], "batch_size": 16}
    how |= {"labels": {"n_steps": 1}, "run_dir": tmp_path}
    rows = tasks.tested_rows(untrained(TINY, seed=0), windows, METHODS[method], **how)
    assert rows.groupby(["task", "n_labels"]).size().to_dict() == {("hr", "5"): 96}
    trained = {path.parts[-3] for path in tmp_path.rglob("model.json")}
    assert trained == ({"hr_5"} if method == "scratch" else set())
