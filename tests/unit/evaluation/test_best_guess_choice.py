"""Whether a best guess is submitted: judged on subjects that it was not fitted to."""

import numpy as np
import pandas as pd
import pytest

from rppg.evaluation.best_guess import (
    GUESS,
    fit_best_guess,
    held_out_rmse,
    no_guess,
    with_best_guess,
)

N = 60
SUBJECTS = np.array([f"s{k // 2}" for k in range(N)])
TRUTH = np.tile(np.linspace(60, 100, 20), 3)


def answers(n_wrong: int, known: bool) -> tuple:
    """Rates of which the last n_wrong are noise; their quality tells, if known."""
    rng = np.random.default_rng(2)
    rates, quality = TRUTH.copy(), np.full(N, 0.9) + rng.normal(0, 0.02, N)
    order = rng.permutation(N)[:n_wrong]
    rates[order] = rng.uniform(40, 180, n_wrong)
    if known:
        quality[order] = 0.1
    return rates, quality


def test_a_guess_helps_where_the_confidence_knows_what_is_wrong():
    rates, quality = answers(15, known=True)
    found = held_out_rmse(rates, quality, TRUTH, SUBJECTS)
    assert found[GUESS] < 0.75 * found["as it is"]


def test_a_guess_changes_nothing_where_every_answer_is_right():
    rates, quality = answers(0, known=True)
    found = held_out_rmse(rates, quality, TRUTH, SUBJECTS)
    assert found[GUESS] == found["as it is"] == 0


def test_the_label_of_a_subject_does_not_change_its_own_guess():
    rates, quality = answers(15, known=True)
    own = SUBJECTS == "s4"
    lied = np.where(own, 178.0, TRUTH)
    plain = held_out_rmse(rates, quality, TRUTH, SUBJECTS)[GUESS]
    other = held_out_rmse(rates, quality, lied, SUBJECTS)[GUESS]
    squares = N * (other**2 - plain**2)  # of this subject alone, if its guesses are the same
    guess = (rates[own] * 2 - TRUTH[own] - 178.0) * (TRUTH[own] - 178.0)
    assert squares == pytest.approx(guess.sum(), rel=0.5)


def test_one_subject_decides_nothing():
    rates, quality = answers(15, known=True)
    found = held_out_rmse(rates, quality, TRUTH, np.full(N, "s"))
    assert np.isnan(list(found.values())).all()


@pytest.mark.parametrize("submit", [True, False])
def test_the_guess_is_one_more_model_and_one_of_them_is_submitted(submit):
    rows = pd.DataFrame(
        {
            "id": ["a", "b", "a", "b"],
            "model": ["Ensemble, PSD"] * 2 + ["Ensemble, median"] * 2,
            "hr_bpm": [60.0, np.nan, 61.0, 90.0],
            "quality": [0.9, 0.0, 0.9, 0.1],
            "chosen": [True, True, False, False],
        }
    )
    guess = fit_best_guess([60, 170, 60, 170], [0.9, 0.1, 0.8, 0.2], [60, 60, 60, 60], 80.0)
    found = with_best_guess(rows, guess, submit=submit)
    assert found["chosen"].sum() == 2 and len(found) == 6
    name = found.loc[found["chosen"], "model"].unique().tolist()
    assert name == ["Ensemble, PSD, best guess" if submit else "Ensemble, PSD"]
    guessed = found[found["model"] == "Ensemble, PSD, best guess"]["hr_bpm"].to_numpy()
    assert 60 <= guessed[0] < 80 and guessed[1] == 80.0
    same = with_best_guess(rows, no_guess(80.0), submit=False)
    assert same["hr_bpm"].tolist()[-2:] == [60.0, 80.0]
