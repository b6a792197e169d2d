"""Combinations that learn whom to trust: they find it out, and fall back where there is nothing."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.ensemble import stack_of

from rppg.evaluation.ensemble import log_product, product
from rppg.evaluation.stacking import STACKED, agreed, peak_features


def drawn(n: int, seed: int) -> tuple:
    """A stack of "good", which is right, and two that agree on another rate; and the truth."""
    rng = np.random.default_rng(seed)
    truth = rng.uniform(60, 90, n)
    wrong = truth + 45 + rng.normal(0, 1, n)
    far = [[(rate, 1.0), (true, 0.2)] for rate, true in zip(wrong, truth, strict=True)]
    near = [[(true, 1.0), (rate, 0.2)] for rate, true in zip(wrong, truth, strict=True)]
    return stack_of({"good": near, "bad": far, "worse": far}), truth


@pytest.mark.parametrize("combine", STACKED.values(), ids=list(STACKED))
def test_a_member_that_is_right_against_all_others_is_found_out(combine):
    learned, true_bpm = drawn(24, seed=1)
    one, truth = drawn(10, seed=2)
    assert np.abs(product(one) - truth).min() > 5  # two against one, without learning
    assert np.abs(combine(one, learned, true_bpm) - truth).max() < 2


@pytest.mark.parametrize("combine", STACKED.values(), ids=list(STACKED))
def test_where_nothing_can_be_learned_the_product_answers(combine):
    one, _ = drawn(6, seed=3)
    agreed = stack_of({"good": [70.0] * 4, "bad": [70.0] * 4, "worse": [70.0] * 4})
    assert combine(one, agreed, np.full(4, 70.0)) == pytest.approx(product(one))
    assert combine(one, agreed, np.full(4, 150.0)) == pytest.approx(product(one))  # none right


@pytest.mark.parametrize("combine", STACKED.values(), ids=list(STACKED))
def test_rates_that_are_missing_are_left_to_the_others_or_stay_missing(combine):
    learned, true_bpm = drawn(24, seed=1)
    one = stack_of({"good": [None, 72.0, None], "bad": [None, 72.0, 80.0], "worse": [None] * 3})
    found = combine(one, learned, true_bpm)
    assert np.isnan(found[0]) and found[1:] == pytest.approx([72, 80], abs=1)


def test_peaks_are_described_by_finite_numbers_even_at_the_edges_of_the_band():
    one = stack_of({"a": [41.0, 179.0, None], "b": [None, 179.0, None], "c": [60.0, 120.0, None]})
    features, of, rates = peak_features(one)
    assert np.isfinite(features).all() and features.shape == (len(of), 12)
    assert set(of) == {0, 1} and rates.min() >= 39.9 and rates.max() <= 180.1


def test_a_peak_that_follows_the_heads_motion_is_ranked_down():
    """The higher of two peaks is the nod's, in half of the recordings: only the motion tells."""

    def nodding(n: int, seed: int) -> tuple:
        rng = np.random.default_rng(seed)
        truth = rng.uniform(75, 100, n)
        nods = truth + rng.choice([-20, 20], n)
        moves = np.arange(n) % 2 == 0
        first, second = np.where(moves, nods, truth), np.where(moves, truth, nods)
        rows = [[(a, 1.0), (b, 0.8)] for a, b in zip(first, second, strict=True)]
        one = stack_of({"a": rows, "b": rows})
        at = np.abs(60 * one.freq_hz - nods[:, None]) <= 3  # (n, F)
        return one, np.where(at & moves[:, None], 0.02, 0.0), truth

    learned, moved, true_bpm = nodding(40, seed=1)
    one, motion, truth = nodding(20, seed=2)
    for combine in (STACKED["stacked peaks"], STACKED["consensus"]):
        told = combine(replace(one, motion=motion), replace(learned, motion=moved), true_bpm)
        assert np.abs(told - truth).max() < 3
        untold = combine(one, learned, true_bpm)
        assert np.abs(untold - truth).max() > 15


def test_the_spectra_of_a_consensus_have_the_scale_and_the_sum_of_a_product():
    learned, true_bpm = drawn(24, seed=1)
    one, truth = drawn(10, seed=2)
    power, own = agreed(one, learned, true_bpm)
    assert power.shape == one.power.shape[1:] and own.shape == learned.power.shape[1:]
    assert np.abs(60 * one.freq_hz[power.argmax(axis=1)] - truth).max() < 2
    alike = stack_of({"a": [70.0, 80.0], "b": [70.0, 80.0]})
    same, _ = agreed(alike, alike, np.array([70.0, 80.0]))
    assert same.sum(axis=1) == pytest.approx(np.exp(log_product(alike)).sum(axis=1))
    ratio = np.log(same) - log_product(alike)
    assert np.ptp(ratio, axis=1) == pytest.approx([0, 0], abs=0.3)


def test_a_consensus_of_rates_beyond_the_axis_is_the_product():
    """Readers take 30 to 240 bpm, spectra cover 40 to 180: there is nothing to fit to."""
    one, learned = stack_of({"a": [70.0], "b": [72.0]}), stack_of({"a": [70, 80.0], "b": [72, 82]})
    power, _ = agreed(one, learned, np.array([200.0, 35.0]))
    assert power == pytest.approx(np.exp(log_product(one)))
    lost = stack_of({"a": [None, 80.0], "b": [None, 82.0]})
    assert np.isfinite(agreed(one, lost, np.array([70.0, 200.0]))[0]).all()
