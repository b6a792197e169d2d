"""The choice of an ensemble: on validation alone, by subject, and never by a test label."""

import numpy as np
import pandas as pd
import pytest
from helpers.ensemble import stack_of, table_of
from helpers.figure import strict_and_closed, texts  # noqa: F401

from rppg.evaluation.ensemble_selection import (
    COMBINED,
    PAPER_SOLUTIONS,
    SUBMIT,
    answer,
    choose,
    ordered,
    ranked,
)
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
    assert set(choice.members) == set(COMBINED)
    assert choice.options["misses"].is_monotonic_increasing
    first = choice.options.iloc[0]
    assert choice.chosen == first["combination"] and first["mae_bpm"] < 10
    average = choice.options[choice.options["combination"] == "average"]
    assert (average["mae_below_average_bpm"] == 0).all()
    assert "CP two" not in choice.members[choice.chosen]


def test_of_options_without_a_miss_the_one_is_chosen_whose_spectra_know_the_truth():
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
    assert choice.options.loc[choice.options["combination"] == "average", "log_score"].isna().all()


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


@pytest.mark.slow
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
    assert len(rows) == 4 * len(COMBINED) and set(rows["kind"]) == {"ensemble"}
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
    assert names[-1] == choice.chosen and set(names) == set(COMBINED)
    assert "Combinations (synthetic)" in texts(figure)


# The paper's ensemble


BOTH = {"ST one": PAPER_SOLUTIONS[0], "ST two": PAPER_SOLUTIONS[0]}
BOTH |= {"CP one": PAPER_SOLUTIONS[1], "CP two": PAPER_SOLUTIONS[1]}


@pytest.fixture
def with_third(validation):
    """The four models, and one of a third solution, which is always right."""
    table, truth = validation
    right = table_of({"G": list(truth["hr_true_bpm"])}, truth["id"])
    right = right.assign(kind="learned", split="validation", origin="synthetic")
    return pd.concat([table, right], ignore_index=True), truth, BOTH | {"G": "gideon2021"}


def test_the_papers_ensemble_is_the_plain_average_of_the_best_of_both_solutions(with_third):
    table, truth, solutions = with_third
    choice = choose(table, truth, solutions, 95.0, submit="paper")
    assert choice.chosen == "average of both solutions"
    members = choice.members[choice.chosen]
    assert {solutions[model] for model in members} == set(PAPER_SOLUTIONS), "and no third one"
    rows = answer(table, truth["id"].tolist(), choice)
    submitted = rows[rows["chosen"]].set_index("id")["hr_bpm"]
    rates = table[table["model"].isin(members)].pivot(index="id", columns="model", values="hr_bpm")
    assert submitted.to_numpy() == pytest.approx(rates.loc[submitted.index].mean(axis=1))
    assert set(rows["model"]) >= {"Ensemble, average of both solutions", "Ensemble, average"}


def test_how_many_of_each_are_averaged_is_what_validation_says(with_third):
    """CP two says nothing of the rate: the two best of each are worse than the best of each."""
    table, truth, solutions = with_third
    choice = choose(table, truth, solutions, 95.0, submit="paper")
    options = choice.options[choice.options["combination"] == choice.chosen]
    assert set(options["models"]) == {"best 1 of each", "best 2 of each"}
    assert options["models"].iloc[0] == "best 1 of each" and len(choice.members[choice.chosen]) == 2


@pytest.mark.slow
def test_what_validation_chooses_stands_beside_it_and_is_marked(with_third):
    table, truth, solutions = with_third
    paper, plain = (choose(table, truth, solutions, 95.0, submit) for submit in SUBMIT[::-1])
    assert paper.by_validation == plain.by_validation == plain.chosen
    ids = truth["id"].tolist()
    rows, before = answer(table, ids, paper), answer(table, ids, plain)
    marked = [name for name in rows["model"].unique() if name.endswith("(validation's choice)")]
    assert marked == [f"Ensemble, {plain.chosen} (validation's choice)"]
    of_marked = rows[rows["model"] == marked[0]]
    chosen = before[before["chosen"]]
    assert of_marked["hr_bpm"].tolist() == chosen["hr_bpm"].tolist()
    assert not of_marked["chosen"].any() and rows["chosen"].sum() == len(ids)
    assert not before["model"].str.contains("validation|both").any(), "only where it is asked for"
    rest = paper.options[paper.options["combination"] != paper.chosen].reset_index(drop=True)
    pd.testing.assert_frame_equal(rest, plain.options)


def test_the_papers_ensemble_of_one_subject_is_of_the_best_of_each(with_third):
    table, truth, solutions = with_third
    choice = choose(table, truth[truth["subject"] == "s4"], solutions, 95.0, submit="paper")
    assert choice.chosen == "average of both solutions" and choice.by_validation == "average"
    assert len(choice.members[choice.chosen]) == 2


def test_the_papers_ensemble_needs_both_solutions(with_third):
    table, truth, solutions = with_third
    one = {model: name for model, name in solutions.items() if name != PAPER_SOLUTIONS[1]}
    with pytest.raises(ValueError, match="is of both solutions: no contrast_phys"):
        choose(table, truth, one, 95.0, submit="paper")
    with pytest.raises(ValueError, match="submit is 'mean', expected one of validation, paper"):
        choose(table, truth, solutions, 95.0, submit="mean")


def test_options_with_as_many_misses_are_compared_by_how_far_off_these_are_or_by_their_score():
    rows = [
        ("good score", "ab", 3.0, -0.1, 1.0, 9.0),
        ("small error", "ab", 3.0, np.nan, 1.2, 7.0),
        ("more misses", "ab", 4.0, -0.05, 0.5, 5.0),
        ("rates", "ab", 2.0, np.nan, 0.5, 5.0),
        ("bad score", "ab", 2.0, -0.9, 0.1, 10.0),
        ("fewest misses", "ab", 2.0, -0.2, 3.0, 20.0),
    ]
    columns = ["combination", "members", "misses", "log_score", "mae_bpm", "rmse_bpm"]
    found = ordered(pd.DataFrame(rows, columns=columns))
    expected = ["fewest misses", "bad score", "rates", "small error", "good score", "more misses"]
    assert found["combination"].tolist() == expected and found.columns.tolist() == columns
