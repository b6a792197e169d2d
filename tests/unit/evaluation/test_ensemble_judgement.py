"""What an ensemble is worth on recordings that it was not fitted to."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from helpers.ensemble import table_of
from helpers.figure import strict_and_closed, texts  # noqa: F401

from rppg.evaluation.ensemble_judgement import (
    Given,
    choose_by,
    error_correlation,
    leave_one_out,
    nested_answers,
    other_mean_bpm,
    validated,
)
from rppg.evaluation.ensemble_selection import choose
from rppg.plotting.ensemble import plot_members

pytestmark = pytest.mark.usefixtures("strict_and_closed")

SOLUTIONS = {"a": "st", "b": "cp", "c": "gideon"}
IDS = [f"d/{k // 2}/v{k % 2}" for k in range(20)]
TRUTH = np.linspace(55, 130, 20)


def truth_of(ids=IDS) -> pd.DataFrame:
    rates = dict(zip(IDS, TRUTH, strict=True))
    subjects = [id.split("/")[1] for id in ids]
    return pd.DataFrame({"id": ids, "subject": subjects, "hr_true_bpm": [rates[i] for i in ids]})


def predicted(**rates) -> pd.DataFrame:
    table = table_of({model: list(values) for model, values in rates.items()}, IDS)
    return table.assign(kind="learned", split="validation", origin="synthetic")


def models(seed=0) -> dict:
    """Three models, each of which misses other recordings."""
    rng = np.random.default_rng(seed)
    rates = {name: TRUTH + rng.normal(0, 0.5, 20) for name in SOLUTIONS}
    rates["a"][3], rates["b"][8], rates["c"][[5, 13]] = 175.0, 45.0, 170.0
    return rates


def test_the_largest_shared_set_of_recordings_is_chosen_by_and_others_are_left_out():
    table = predicted(**models())
    small = table[table["model"] == "a"].assign(model="only dev").iloc[:4]
    unlabelled = table[table["model"] == "b"].assign(model="no labels", split="train")
    tested = table[table["model"] == "c"].assign(model="tested", split="test")
    everything = pd.concat([small, table, unlabelled, tested], ignore_index=True)
    truth, able = validated(everything, truth_of())
    assert sorted(truth["id"]) == sorted(IDS) and able == ["a", "b", "c", "no labels"]
    truth, able = validated(pd.concat([small, tested, table.query("model == 'a'")]), truth_of())
    assert len(truth) == 4 and able == ["only dev", "a"]
    unknown = truth_of().assign(hr_true_bpm=[np.nan, *TRUTH[1:]])
    assert IDS[0] not in set(validated(table, unknown)[0]["id"])


def test_models_that_share_no_recording_are_refused_with_what_they_have():
    table = predicted(**models()).query("model == 'a'")
    with pytest.raises(ValueError, match="two models have predicted; found a: 20"):
        validated(table, truth_of())
    with pytest.raises(ValueError, match="no model"):
        validated(table.assign(split="test"), truth_of())


def test_the_mean_is_of_other_labels_of_the_same_datasets():
    rows = predicted(**models()).query("model == 'a'").assign(split="train", hr_true_bpm=TRUTH)
    other = rows.iloc[:1].assign(id="e/1/v", hr_true_bpm=200.0)
    both = pd.concat([rows, rows, other])
    assert other_mean_bpm(both, truth_of(IDS[10:])) == pytest.approx(TRUTH[:10].mean())
    assert other_mean_bpm(both, truth_of()) is None


@pytest.mark.slow
def test_the_nested_choice_never_sees_the_label_that_it_is_judged_by():
    truth = truth_of()
    given = Given(predicted(**models()), truth, SOLUTIONS, [], 90.0)
    nested = nested_answers(given)["hr_bpm"].to_numpy()
    assert np.isfinite(nested).all() and np.sum(np.abs(nested - TRUTH) > 5) <= 1
    lied = truth.copy()
    lied.loc[truth["subject"] == "4", "hr_true_bpm"] = 178.0  # of one subject
    again = nested_answers(replace(given, truth=lied))["hr_bpm"].to_numpy()
    own = (truth["subject"] == "4").to_numpy()
    assert again[own] == pytest.approx(nested[own])
    assert nested_answers(replace(given, truth=truth[own]))["hr_bpm"].isna().all()  # one subject


@pytest.mark.slow
def test_without_a_mean_of_others_the_labels_fitted_to_give_it():
    table, truth = predicted(**models()), truth_of()
    assert choose(table, truth, SOLUTIONS, None).mean_bpm == pytest.approx(TRUTH.mean())
    assert nested_answers(Given(table, truth, SOLUTIONS, [], None))["hr_bpm"].notna().all()


def test_a_member_that_rescues_the_others_adds_most():
    rates = {"a": TRUTH + 0.1, "b": TRUTH.copy(), "c": TRUTH.copy()}
    rates["b"][[2, 4, 9]] = rates["c"][[2, 4, 9]] = 175.0
    table, truth = predicted(**rates), truth_of()
    choice = choose(table, truth, SOLUTIONS, 90.0)
    of_all = {"trusted PSDs": tuple(SOLUTIONS)}
    choice = replace(choice, members=of_all, chosen="trusted PSDs")
    without = leave_one_out(choice, truth["subject"].to_numpy()).set_index("without")
    assert list(without.index) == ["", "a", "b", "c"] and without.loc["", "rmse_added_bpm"] == 0
    assert without["misses"].to_dict() == {"": 0, "a": 3, "b": 0, "c": 0}
    assert without["rmse_added_bpm"].idxmax() == "a"


def test_errors_that_go_together_are_correlated():
    error = np.random.default_rng(1).normal(0, 9, 20)
    table = predicted(a=TRUTH + error, b=TRUTH + error, c=TRUTH - error)
    choice = choose(table, truth_of(), SOLUTIONS, 90.0)
    found = error_correlation(choice.learned, choice.true_bpm)
    assert found.loc["a", "b"] == pytest.approx(1, abs=0.01)
    assert found.loc["a", "c"] == pytest.approx(-1, abs=0.01)
    without = leave_one_out(choice, truth_of()["subject"].to_numpy())
    figure = plot_members(found, without, "Members", "synthetic")
    said = texts(figure)
    assert "Members (synthetic)" in said and "all members" in said


def test_members_that_are_never_wrong_are_drawn_without_a_correlation():
    choice = choose(predicted(a=TRUTH, b=TRUTH, c=TRUTH), truth_of(), SOLUTIONS, 90.0)
    found = error_correlation(choice.learned, np.full(20, np.nan))
    assert found.isna().all().all()
    without = leave_one_out(choice, truth_of()["subject"].to_numpy())
    assert "-" in texts(plot_members(found, without, "Members", "real"))


def test_an_ensemble_is_chosen_by_what_the_tables_and_the_index_say():
    table = predicted(**models()).assign(hr_true_bpm=np.nan)
    tables = {
        f"runs/mine/{SOLUTIONS[name]}/tuned/predictions.parquet": rows
        for name, rows in table.groupby("model")
    }
    bvp = table.query("model == 'a'").assign(hr_true_bpm=TRUTH, model="POS", kind="classical")
    tables["runs/mine/classical/predictions.parquet"] = bvp.assign(split="train")
    index = truth_of().assign(hr_true_bpm=[np.nan, *TRUTH[1:]])  # the first has a BVP alone
    given = choose_by(tables, index)
    assert given.solutions == SOLUTIONS and given.left_out == [] and given.mean_bpm is None
    assert given.truth.sort_values("id")["hr_true_bpm"].notna().all() and len(given.truth) == 20
    twice = tables | {"runs/mine/st/again/predictions.parquet": table.query("model == 'a'")}
    with pytest.raises(ValueError, match="two runs are called 'a'"):
        choose_by(twice, index)


def test_a_classical_method_is_a_candidate_if_it_is_named():
    table = predicted(**models()).assign(hr_true_bpm=np.nan)
    tables = {
        f"runs/mine/{SOLUTIONS[name]}/tuned/predictions.parquet": rows
        for name, rows in table.groupby("model")
    }
    pos = table.query("model == 'a'").assign(model="POS", kind="classical")
    elsewhere = pos.assign(id="x-" + pos["id"], split="train")  # no learned model has these
    tables["runs/mine/classical/predictions.parquet"] = pd.concat([pos, elsewhere])
    given = choose_by(tables, truth_of(), ["POS"])
    assert given.solutions == SOLUTIONS | {"POS": "classical"}
    assert set(given.table["id"]) == set(table["id"]) and len(given.truth) == 20
    choice = choose(given.table, given.truth, given.solutions, given.mean_bpm)
    assert "POS" in choice.learned.models
    some = tables | {"runs/mine/classical/predictions.parquet": pos.iloc[:5]}
    assert choose_by(some, truth_of(), ["POS"]).left_out == ["POS"]
    with pytest.raises(ValueError, match="two runs are called 'a'"):
        choose_by(tables, truth_of(), ["a"])
    with pytest.raises(ValueError, match="no predictions of CHROM: expected one of POS"):
        choose_by(tables, truth_of(), ["CHROM"])
