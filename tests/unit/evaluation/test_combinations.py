"""Combinations by name: which peak, and where exactly the members near it say that it is."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.ensemble import stack_of

from rppg.evaluation.combinations import COMBINED, combined, placed, spread_bpm


def test_where_the_peak_is_say_the_members_near_it_the_precise_ones_most():
    rng = np.random.default_rng(0)
    truth = rng.uniform(60, 140, 60)
    near, rough = truth + rng.normal(0, 0.3, 60), truth + rng.normal(0, 1.5, 60)
    far = truth + 40.0
    one = stack_of({"near": [70.0] * 60, "rough": [70.0] * 60, "far": [70.0] * 60})
    one = replace(one, hr_bpm=np.stack([near, rough, far]))
    spread = spread_bpm(one, truth, truth)
    assert spread[:2] == pytest.approx([0.3, 1.5], rel=0.25)
    found = placed(one, truth + 1.0, spread)
    weights = np.array([0.3, 1.5]) ** -2
    assert found == pytest.approx((weights @ np.stack([near, rough])) / weights.sum(), abs=0.2)
    alone = replace(one, hr_bpm=np.stack([far, far, far]))
    assert placed(alone, truth, spread) == pytest.approx(truth), "no member is near: the peak"


def two_of_three(n: int, seed: int) -> tuple:
    """Two members near the truth, the second one ten times as precise, a third 40 bpm above."""
    rng = np.random.default_rng(seed)
    truth = rng.uniform(60, 120, n)
    rough, fine = truth + rng.normal(0, 2, n), truth + rng.normal(0, 0.2, n)
    rates = {"rough": rough, "fine": fine, "far": truth + 40}
    one = stack_of({name: list(values) for name, values in rates.items()})
    return replace(one, hr_bpm=np.stack(list(rates.values()))), truth


@pytest.mark.parametrize("name", COMBINED)
def test_what_answers_with_a_peak_is_as_precise_as_its_best_member(name):
    learned, true_bpm = two_of_three(40, seed=1)
    one, truth = two_of_three(30, seed=2)
    found = combined(name, one, learned, true_bpm, 90.0)
    plain = COMBINED[name](one, learned, true_bpm, 90.0)
    error, before = (np.sqrt(np.mean((rates - truth) ** 2)) for rates in (found.hr_bpm, plain))
    if name in ("PSD", "product of PSDs", "trusted PSDs", "stacked peaks", "consensus"):
        assert np.abs(found.hr_bpm - plain).max() <= 5, "the same peak"
        assert error < 0.6 or before > 5
    else:
        assert found.hr_bpm == pytest.approx(plain, nan_ok=True) and found.power is None


def test_spectra_of_the_recordings_to_predict_and_of_the_learned_ones_come_together():
    learned, true_bpm = two_of_three(12, seed=1)
    one, _ = two_of_three(5, seed=2)
    for name in ("PSD", "product of PSDs", "consensus"):
        found = combined(name, one, learned, true_bpm, 90.0)
        assert found.power.shape == (5, len(one.freq_hz))
        assert found.learned_power.shape == (12, len(one.freq_hz))
