"""The best guess under squared error, on made-up answers with a known probability of a miss."""

import numpy as np
import pytest

from rppg.evaluation.best_guess import fit_best_guess, shrink

pytestmark = pytest.mark.usefixtures("no_warnings")
MEAN = 97.5


def answers(n, seed, knows=True, misses=True):
    """Rates, quality and truth; the probability of a miss falls with the quality if it knows."""
    rng = np.random.default_rng(seed)
    quality, true_bpm = rng.random(n), rng.uniform(45, 150, n)
    chance = 1 / (1 + np.exp(-8 * (quality - 0.5))) if knows else np.full(n, 0.5)
    right = (rng.random(n) < chance) | (not misses)
    noise = rng.uniform(45, 150, n)
    return np.where(right, true_bpm + rng.normal(0, 0.5, n), noise), quality, true_bpm


def rmse(rates, true_bpm):
    return np.sqrt(np.mean((rates - true_bpm) ** 2))


@pytest.mark.parametrize("n", [20, 200])
def test_the_risk_falls_on_other_recordings(n):
    rates, quality, true_bpm = answers(4000, seed=99)
    found = [
        rmse(fit_best_guess(*answers(n, seed), MEAN).apply(rates, quality), true_bpm)
        for seed in range(5)
    ]
    assert np.mean(found) < 0.92 * rmse(rates, true_bpm)


def test_the_confidence_is_calibrated():
    guess = fit_best_guess(*answers(4000, seed=0), MEAN)
    quality = np.array([0.25, 0.5, 0.75])
    near_by_chance = 10 / 105  # a rate of noise within 5 bpm
    real = 1 / (1 + np.exp(-8 * (quality - 0.5)))
    expected = real + (1 - real) * near_by_chance
    assert guess.confidence(quality) == pytest.approx(expected, abs=0.04)


def test_without_misses_nothing_changes():
    rates, quality, true_bpm = answers(30, seed=1, misses=False)
    assert (fit_best_guess(rates, quality, true_bpm, MEAN).apply(rates, quality) == rates).all()


def test_a_quality_that_knows_nothing_draws_all_alike_towards_the_mean():
    rates, quality, true_bpm = answers(4000, seed=2, knows=False)
    guess = fit_best_guess(rates, quality, true_bpm, MEAN)
    share = (guess.apply(rates, quality) - MEAN) / (rates - MEAN)
    right = np.mean(np.abs(rates - true_bpm) <= 5)
    assert share == pytest.approx(np.full(4000, right), abs=0.05)


def test_answers_that_are_never_right_become_the_mean():
    rates, quality, true_bpm = answers(30, seed=3, misses=False)
    guess = fit_best_guess(true_bpm + 20, quality, true_bpm, MEAN)
    assert guess.apply(rates, quality) == pytest.approx(MEAN)


def test_a_confidence_the_wrong_way_round_is_not_followed():
    rates, quality, true_bpm = answers(60, seed=4)
    guess = fit_best_guess(rates, 1 - quality, true_bpm, MEAN)
    assert np.ptp(guess.confidence(quality)) == 0


def test_missing_rates_are_the_mean_and_missing_rows_are_left_out():
    rates, quality, true_bpm = answers(40, seed=5)
    guess = fit_best_guess(rates, quality, true_bpm, MEAN)
    gaps = [np.r_[one, extra] for one, extra in ((rates, np.nan), (quality, 0.2), (true_bpm, 80))]
    assert fit_best_guess(*gaps, MEAN) == guess
    assert guess.apply(np.array([np.nan]), np.array([0.9])).tolist() == [MEAN]
    unsure = guess.apply(np.array([60.0]), np.array([np.nan]))
    assert unsure == pytest.approx(guess.apply(np.array([60.0]), np.array([0.0])))


def test_one_quality_for_all_is_no_slope():
    rates, quality, true_bpm = answers(40, seed=6)
    guess = fit_best_guess(rates, np.full(40, 0.5), true_bpm, MEAN)
    assert guess.slope == 0 and 0 < guess.confidence(np.array([0.5]))[0] < 1


def test_shrink_by_hand():
    found = shrink(np.array([120.0, 120, np.nan]), np.array([1, 0.5, 0.9]), 80)
    assert found.tolist() == [120, 100, 80]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (([], [], [], MEAN), "0 answers"),
        (([np.nan], [0.5], [80], MEAN), "0 answers"),
        (([80], [0.5], [80], np.nan), "mean nan"),
        (([80, 90], [0.5], [80, 90], MEAN), "three arrays"),
    ],
)
def test_what_cannot_be_calibrated_says_why(given, message):
    with pytest.raises(ValueError, match=message):
        fit_best_guess(*(np.asarray(one, float) if np.ndim(one) else one for one in given))


def test_what_cannot_be_shrunk_says_why():
    with pytest.raises(ValueError, match="0-1"):
        shrink(np.array([80.0]), np.array([1.2]), 80)
    with pytest.raises(ValueError, match="rates and confidences"):
        shrink(np.array([80.0]), np.array([0.2, 0.3]), 80)
