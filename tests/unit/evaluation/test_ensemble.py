"""Combinations of models: known answers, missing rates, and what each is meant to withstand."""

import numpy as np
import pandas as pd
import pytest
from helpers.ensemble import FREQ_HZ, spectrum, stack_of, table_of

from rppg.evaluation.ensemble import COMBINATIONS, Stack, margins, stack


def combine(name: str, one: Stack, true_bpm=None, mean_bpm: float = 90.0) -> np.ndarray:
    truth = np.nanmean(one.hr_bpm, axis=0) if true_bpm is None else np.asarray(true_bpm, float)
    return COMBINATIONS[name](one, one, truth, mean_bpm)


@pytest.mark.parametrize("name", COMBINATIONS)
def test_models_that_agree_are_believed(name):
    rates = [50.0, 80.0, 120.0, 150.0]
    one = stack_of({"a": rates, "b": rates, "c": rates})
    assert combine(name, one) == pytest.approx(rates, abs=0.5)


@pytest.mark.parametrize("name", COMBINATIONS)
def test_the_order_of_models_and_recordings_does_not_matter(name):
    rng = np.random.default_rng(0)
    one = stack_of({model: list(rng.uniform(50, 150, 9)) for model in "abc"})
    truth, order = rng.uniform(50, 150, 9), rng.permutation(9)
    found = COMBINATIONS[name](one, one, truth, 90.0)
    turned = one.of_models(["c", "a", "b"]).of_recordings(order)
    again = COMBINATIONS[name](turned, turned, truth[order], 90.0)
    assert again == pytest.approx(found[order], abs=1e-6)


@pytest.mark.parametrize("name", COMBINATIONS)
def test_a_missing_rate_is_left_to_the_other_models_and_none_at_all_is_said(name):
    learned = stack_of({"a": [60.0, 90.0, 130.0], "b": [60.0, 90.0, 130.0]})
    one = stack_of({"a": [70.0, None, None], "b": [70.0, 100.0, None]})
    found = COMBINATIONS[name](one, learned, np.array([60.0, 90, 130]), 90.0)
    assert found[:2] == pytest.approx([70, 100], abs=1) and np.isnan(found[2])


def test_average_and_median_of_three_rates():
    one = stack_of({"a": [60.0], "b": [66.0], "c": [150.0]})
    assert combine("average", one) == pytest.approx([92], abs=0.2)
    assert combine("median", one) == pytest.approx([66], abs=0.2)


def test_least_squares_weighs_models_as_a_solver_of_its_own_does():
    rng = np.random.default_rng(1)
    truth = rng.uniform(50, 150, 40)
    rates = {"good": truth + rng.normal(0, 1, 40), "poor": truth + rng.normal(0, 9, 40)}
    rates["wrong"] = rng.uniform(50, 150, 40)
    one = stack_of({model: list(np.clip(values, 42, 178)) for model, values in rates.items()})
    found = combine("NNLS", one, truth)
    shares = [
        np.array([a, b, 1 - a - b])
        for a in np.linspace(0, 1, 101)
        for b in np.linspace(0, 1 - a, 101)
    ]
    best = min(np.mean((share @ one.hr_bpm - truth) ** 2) for share in shares)
    assert np.mean((found - truth) ** 2) == pytest.approx(best, rel=0.05)


def test_spectra_find_the_rate_that_two_models_see_beside_something_stronger():
    lamp, pulse = (100.0, 0.6), (70.0, 0.4)
    one = stack_of({"a": [[lamp, pulse]], "b": [[(130.0, 0.6), pulse]], "c": [[pulse]]})
    assert one.hr_bpm[:, 0] == pytest.approx([100, 130, 70], abs=0.5)
    assert combine("PSD", one) == pytest.approx([70], abs=0.5)
    assert combine("product of PSDs", one) == pytest.approx([70], abs=0.5)


def test_a_product_loses_what_one_model_rules_out():
    one = stack_of({"a": [[(100.0, 0.7), (70.0, 0.3)]], "b": [[(70.0, 0.5), (150.0, 0.5)]]})
    assert combine("product of PSDs", one) == pytest.approx([70], abs=0.5)


def test_peaks_answer_between_two_rates_that_are_as_likely():
    one = stack_of({"a": [[(70.0, 0.5), (110.0, 0.5)]], "b": [[(70.0, 0.5), (110.0, 0.5)]]})
    assert combine("peaks of PSDs", one) == pytest.approx([90], abs=1)
    sure = stack_of({"a": [[(70.0, 0.9), (110.0, 0.1)]], "b": [[(70.0, 0.9), (110.0, 0.1)]]})
    assert combine("peaks of PSDs", sure) == pytest.approx([70], abs=1)


def test_quality_weighs_the_clearer_spectrum_more():
    one = stack_of({"a": [60.0], "b": [100.0]})
    clear = Stack(one.models, one.ids, one.hr_bpm, np.array([[0.9], [0.3]]), FREQ_HZ, one.power)
    assert combine("quality-weighted", clear) == pytest.approx([70], abs=0.2)


def test_unclear_recordings_are_drawn_towards_the_mean():
    rng = np.random.default_rng(2)
    clear = np.arange(60) % 2 == 0
    truth = rng.uniform(50, 150, 60)
    rates = np.where(clear, truth, rng.uniform(50, 150, 60))  # unclear ones say nothing
    one = stack_of({"a": list(rates), "b": list(rates)})
    quality = np.broadcast_to(np.where(clear, 0.8, 0.2), (2, 60))
    one = Stack(one.models, one.ids, one.hr_bpm, quality, FREQ_HZ, one.power)
    found = combine("shrunk average", one, truth, mean_bpm=100.0)
    assert np.abs(found - rates)[clear].max() < 3
    assert np.abs(found - 100)[~clear].mean() < 0.5 * np.abs(rates - 100)[~clear].mean()


def test_margins_say_how_far_from_a_miss_an_answer_is():
    power = np.stack(
        [
            spectrum((70.0, 0.8), (120.0, 0.2)),
            spectrum((70.0, 0.2), (120.0, 0.8)),
            np.full(421, np.nan),
        ]
    )
    found = margins(FREQ_HZ, power, np.array([70.0, 70.0, 70.0]))
    assert found[0] > 1 and found[1] == pytest.approx(-found[0], abs=0.1) and np.isnan(found[2])


def test_tables_that_cannot_be_stacked_are_refused():
    table = table_of({"a": [60.0, 70.0], "b": [61.0, 71.0]})
    with pytest.raises(ValueError, match=r"no predictions of \['c'\]; there are \['a', 'b'\]"):
        stack(table, ["a", "c"], ["r0"])
    with pytest.raises(ValueError, match="ids more than once in a model: \\['r0'\\]"):
        stack(pd.concat([table, table.head(1)]), ["a", "b"], ["r0", "r1"])
    other = table.copy()
    other.at[0, "freq_hz"] = FREQ_HZ.astype(np.float32) + 0.1
    with pytest.raises(ValueError, match="over 2 frequency axes, expected one"):
        stack(other, ["a", "b"], ["r0", "r1"])
