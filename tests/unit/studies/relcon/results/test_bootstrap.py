"""Bootstrap intervals of the RelCon study include seeds, and say if they do not."""

import numpy as np
import pandas as pd
import pytest
from helpers.relcon import made_up_rows

from rppg.studies.relcon.results import text
from rppg.studies.relcon.results.bootstrap import against, with_intervals

N_CASES = 60


def equal_methods(case, rng, n_subjects=14, n_each=24, n_seeds=3):
    """Rows of two methods that differ only by noise of the seed: it moves how often all windows
    are classified correctly, and a little of each subject's; difficulty is the same for all."""
    subject = np.repeat([f"s{k:02d}" for k in range(n_subjects)], n_each)
    truth = np.tile(["sitting", "typing", "walking"], len(subject) // 3)
    hard = np.repeat(rng.normal(0, 0.1, n_subjects), n_each)
    found = []
    for method in ("RelCon", "SimCLR"):
        for seed in range(n_seeds):
            chance = 0.7 + hard + rng.normal(0, 0.02)
            chance = chance + np.repeat(rng.normal(0, 0.02, n_subjects), n_each)
            right = rng.random(len(subject)) < chance
            predicted = np.where(right, truth, np.roll(truth, 1))
            own = {"subject": subject, "truth": truth, "predicted": predicted}
            found.append(pd.DataFrame(own).assign(method=method, seed=seed))
    rows = pd.concat(found).assign(dataset=case, origin="synthetic", task="activity", n_labels="1")
    return rows.rename_axis("id").reset_index().astype({"id": str})


@pytest.mark.slow
def test_methods_that_differ_by_their_seeds_alone_are_undecided():
    rng = np.random.default_rng(3)
    rows = pd.concat([equal_methods(f"case{k}", rng) for k in range(N_CASES)])
    found = against(rows, n_boot=300)
    assert len(found) == N_CASES
    assert (found["word"] == "undecided").mean() > 0.9


def test_the_same_seeds_are_drawn_for_all_methods():
    rows = made_up_rows(labels=("5",))
    one = [rows.assign(seed=seed) for seed in (1, 2)]
    one[1] = one[1].assign(
        predicted=rows["truth"], predicted_value=rows["truth_value"]
    )  # seeds differ
    both = pd.concat([part.assign(method=name) for name in ("RelCon", "AugPred") for part in one])
    summary, compared = with_intervals(both, n_boot=200), against(both, n_boot=200)
    assert (summary["high"] - summary["low"] > 0.1).all()
    assert (compared[["low", "high"]] == 0).all(axis=None)  # a method against itself


@pytest.mark.parametrize(
    ("seeds", "drawn"),
    [((1, 2), "over subjects and seeds;"), ((4,), "over subjects; seeds are not included;")],
)
def test_words_say_what_was_drawn(seeds, drawn):
    rows = pd.concat([made_up_rows(seed=seed, labels=("5",)) for seed in seeds])
    found = text.legend(with_intervals(rows, n_boot=5))
    assert f"[95 % interval {drawn}" in found


def test_a_difference_without_an_interval_is_told_as_such():
    rows = made_up_rows(labels=("all",))
    rows = rows[rows["task"] == "cadence_spm"]
    varied = {"s00", "s01"}  # a draw without them has a constant for an answer
    flat = rows["predicted_value"].where(rows["subject"].isin(varied), 100.0)
    both = pd.concat([rows, rows.assign(method="scratch", predicted_value=flat)])
    summary, compared = with_intervals(both), against(both)
    assert np.isfinite(compared["difference"]).all() and compared["low"].isna().all()
    (line, _) = text.verdict(compared, summary)
    assert "no interval (one subject, or an undefined draw), ahead in" in line
    assert "nan" not in line
