"""The error budget: causes of misses, parts that sum up to the whole, bounds that bound."""

import numpy as np
import pytest

from rppg.evaluation.error_budget import (
    BEST,
    MEMBERS,
    REGIONS,
    SUBMITTED,
    error_budget,
    in_words,
    miss_causes,
    perfect_choices,
    share_of_way,
)

pytestmark = pytest.mark.usefixtures("no_warnings")
TRUE = np.array([80.0, 80, 60, 80, 90, 90, 90, np.nan])
PRED = np.array([81.0, 41, 118, 100, 130, 110, 130, 70])
MOTION = np.array([81.0, np.nan, np.nan, 102, np.nan, np.nan, np.nan, 70])
REGION = np.array([80.0, 80, 60, 80, 140, 90, 90, np.nan])
MEMBERS_BPM = np.array(
    [[80.0, 41, 118, 100, 130, 90, 130, 70], [80.0, 41, 118, 100, 130, 130, 130, 70]]
)
CAUSES = ["", "half", "twice", "motion", "not visible", "no member", "other", ""]


def test_each_miss_has_its_cause():
    assert miss_causes(TRUE, PRED, MEMBERS_BPM, MOTION, REGION).tolist() == CAUSES


def test_causes_that_nothing_is_known_of_are_not_found():
    assert set(miss_causes(TRUE, PRED)) == {"", "half", "twice", "other"}
    unseen = miss_causes(TRUE, PRED, MEMBERS_BPM, MOTION, np.full(8, np.nan))
    assert unseen[4] == "other"  # not looked at is not invisible


def test_a_pulse_that_a_member_sees_is_visible():
    members = np.where(np.arange(8) == 4, TRUE, MEMBERS_BPM[0])
    assert miss_causes(TRUE, PRED, members[None], MOTION, REGION)[4] != "not visible"


def test_the_parts_sum_up_to_the_whole():
    budget = error_budget(TRUE, PRED, np.array(CAUSES, dtype=object))
    squared = (PRED - TRUE)[:7] ** 2
    assert budget["mse"].sum() == pytest.approx(squared.mean())
    assert budget["share"].sum() == pytest.approx(1) and budget["n"].sum() == 7
    twice = budget.set_index("part").loc["twice"]
    assert twice.rmse_without_bpm == pytest.approx(np.sqrt(np.delete(squared, 2).sum() / 7))
    assert in_words(budget).startswith("twice the true rate: ")


def test_without_a_truth_there_is_no_budget():
    nothing = np.full(3, np.nan)
    budget = error_budget(nothing, PRED[:3], miss_causes(nothing, PRED[:3]))
    assert budget.empty and "no recording" in in_words(budget)
    assert perfect_choices(nothing, PRED[:3], {"a": PRED[:3]}).empty


def test_no_error_at_all_has_no_share():
    budget = error_budget([60, 70], [60, 70], np.array(["", ""]))
    assert budget["part"].tolist() == ["spread"] and budget["share"].tolist() == [0]


def test_bounds_are_the_best_that_a_choice_can_do():
    true, mean = np.array([60.0, 70, 80]), np.array([65.0, 75, 90])
    members = {"a": np.array([60.0, 90, 80]), "b": np.array([75.0, 70, np.nan])}
    found = perfect_choices(true, mean, members, np.array([60.0, 70, 81])).set_index("what")
    assert found.loc[MEMBERS, "rmse_bpm"] == 0 and found.loc[MEMBERS, "within_5bpm"] == 1
    assert found.loc[BEST, "model"] == "b"  # its missing rate is the answer: errors 15, 0, 10
    assert found.loc[BEST, "rmse_bpm"] == pytest.approx(np.sqrt((225 + 0 + 100) / 3))
    assert found.loc[REGIONS, "rmse_bpm"] == pytest.approx(np.sqrt(1 / 3))
    assert found.loc[SUBMITTED, "rmse_bpm"] == pytest.approx(np.sqrt((25 + 25 + 100) / 3))
    assert share_of_way(found.reset_index()) == pytest.approx(1 - np.sqrt(150 / 325))


def test_without_members_or_regions_there_are_no_such_rows():
    found = perfect_choices([60.0], [61.0], {})
    assert found["what"].tolist() == [SUBMITTED] and np.isnan(share_of_way(found))


def test_other_shapes_are_an_error():
    with pytest.raises(ValueError, match="rates .n,. of one n"):
        miss_causes(TRUE, PRED[:3])
