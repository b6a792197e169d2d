"""The choice of an ensemble: on validation alone, by subject, and never by a test label."""

import numpy as np
import pandas as pd
import pytest
from helpers.ensemble import stack_of, table_of
from helpers.figure import strict_and_closed, texts  # noqa: F401

from rppg.evaluation.ensemble import COMBINATIONS
from rppg.evaluation.ensemble_selection import answer, choose, ranked
from rppg.plotting.ensemble import plot_options

pytestmark = pytest.mark.usefixtures("strict_and_closed")

SOLUTIONS = {"ST one": "st", "ST two": "st", "CP one": "cp", "CP two": "cp"}


@pytest.fixture
def validation():
    """Truth of 12 recordings of 6 subjects, and four models: two good ones that miss different
    recordings, one that misses half of them, one that says nothing."""
    rng = np.random.default_rng(3)
    truth = rng.uniform(50, 150, 12)
    rates = {model: truth + rng.normal(0, 0.6, 12) for model in SOLUTIONS}
    rates["ST one"][2], rates["ST two"][7] = 55.0, 170.0
    rates["CP one"][::2] = 100.0
    rates["CP two"] = rng.uniform(50, 150, 12)
    ids = [f"d/{k // 2}/v{k % 2}" for k in range(12)]
    table = table_of({model: list(values) for model, values in rates.items()}, ids)
    table = table.assign(kind="learned", split="validation", origin="synthetic")
    subjects = [f"s{k // 2}" for k in range(12)]
    return table, pd.DataFrame({"id": ids, "subject": subjects, "hr_true_bpm": truth})


def test_models_are_ranked_by_their_error_and_a_missing_rate_costs_dear():
    one = stack_of({"a": [60.0, None], "b": [70.0, 90.0], "c": [60.0, 90.0]})
    order = ranked(one, np.array([60.0, 90.0]), {"a": "x", "b": "x", "c": "y"})
    assert order == [("c", "y"), ("b", "x"), ("a", "x")]


def test_every_combination_is_measured_and_the_fewest_misses_are_chosen(validation):
    table, truth = validation
    choice = choose(table, truth, SOLUTIONS, mean_bpm=95.0)
    assert set(choice.members) == set(COMBINATIONS)
    assert choice.options["misses"].is_monotonic_increasing
    first = choice.options.iloc[0]
    assert choice.chosen == first["combination"] and first["mae_bpm"] < 10
    average = choice.options[choice.options["combination"] == "average"]
    assert (average["mae_below_average_bpm"] == 0).all()
    assert "CP two" not in choice.members[choice.chosen]


def test_of_options_without_a_miss_the_widest_margin_is_chosen():
    """Two models answer right alike, but one of them sees a second peak almost as high."""
    truth = np.linspace(60, 140, 12)
    ids = [f"d/{k}/v" for k in range(12)]
    sure, unsure = (
        [[(r, 0.9), (170, 0.1)] for r in truth],
        [[(r + 1, 0.52), (170, 0.48)] for r in truth],
    )
    rates = {"ST one": sure, "ST two": sure, "CP one": unsure, "CP two": unsure}
    table = table_of(rates, ids).assign(kind="learned", split="validation", origin="synthetic")
    frame = pd.DataFrame({"id": ids, "subject": ids, "hr_true_bpm": truth})
    choice = choose(table, frame, SOLUTIONS, 95.0)
    assert choice.options["misses"].iloc[0] == 0
    assert set(choice.members[choice.chosen]) == {"ST one", "ST two"}
    assert choice.options.loc[choice.options["combination"] == "average", "margin"].isna().all()


def test_folds_hold_out_subjects(validation):
    """A model that is right on one subject alone is not believed on it: it is ranked by others."""
    table, truth = validation
    own = truth["subject"] == "s0"
    lucky = np.where(own, truth["hr_true_bpm"], 45.0)
    extra = table_of({"CP two": list(lucky)}, truth["id"]).assign(
        kind="learned", split="validation", origin="synthetic"
    )
    table = pd.concat([table[table["model"] != "CP two"], extra], ignore_index=True)
    choice = choose(table, truth, SOLUTIONS, mean_bpm=95.0)
    assert "CP two" not in choice.members[choice.chosen]


def test_the_choice_does_not_see_test_recordings(validation):
    table, truth = validation
    test = table.assign(id=table["id"].str.replace("d/", "t/"), split="test", hr_true_bpm=np.nan)
    alone = choose(table, truth, SOLUTIONS, 95.0)
    both = choose(pd.concat([table, test], ignore_index=True), truth, SOLUTIONS, 95.0)
    pd.testing.assert_frame_equal(alone.options, both.options)
    test["hr_bpm"] = 50.0
    other = choose(pd.concat([table, test], ignore_index=True), truth, SOLUTIONS, 95.0)
    pd.testing.assert_frame_equal(alone.options, other.options)


def test_answers_are_rows_of_the_long_table_one_combination_handed_in(validation):
    table, truth = validation
    ids = [*truth["id"][:3], "d/none"]
    lost = table.iloc[:4].assign(id="d/none", model=list(SOLUTIONS), hr_bpm=np.nan)
    choice = choose(table, truth, SOLUTIONS, 95.0)
    rows = answer(pd.concat([table, lost], ignore_index=True), ids, choice)
    assert len(rows) == 4 * len(COMBINATIONS) and set(rows["kind"]) == {"ensemble"}
    assert rows.loc[rows["chosen"], "model"].unique() == [f"Ensemble, {choice.chosen}"]
    unknown = rows[rows["id"] == "d/none"]
    assert unknown["hr_bpm"].isna().all() and unknown["reason"].str.contains("no model").all()
    assert rows["hr_true_bpm"].isna().all()


def test_one_subject_leaves_the_papers_average_of_the_best_of_each(validation):
    table, truth = validation
    choice = choose(table, truth[truth["subject"] == "s4"], SOLUTIONS, 95.0)
    assert choice.chosen == "average" and choice.options["mae_bpm"].isna().all()
    assert {SOLUTIONS[model] for model in choice.members["average"]} == {"st", "cp"}


def test_what_cannot_be_chosen_from_is_refused(validation):
    table, truth = validation
    with pytest.raises(ValueError, match="two models and recordings to choose by, found 1 models"):
        choose(table, truth, {"ST one": "st"}, 95.0)
    with pytest.raises(ValueError, match=r"without a true heart rate: \['d/0/v0'\]"):
        choose(table, truth.assign(hr_true_bpm=[np.nan, *truth["hr_true_bpm"][1:]]), SOLUTIONS, 95)


def test_the_figure_names_every_combination_and_its_origin(validation):
    choice = choose(*validation, SOLUTIONS, 95.0)
    figure = plot_options(choice.options, choice.chosen, "Combinations", "synthetic")
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names[-1] == choice.chosen and set(names) == set(COMBINATIONS)
    assert "Combinations (synthetic)" in texts(figure)
