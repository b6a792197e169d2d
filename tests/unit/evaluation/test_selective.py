"""Risk-coverage curves: order, ties, references, and what has no truth."""

import numpy as np
import pandas as pd
import pytest

from rppg.evaluation.selective import (
    answer_confidence,
    references,
    risk_areas,
    risk_coverage,
)

pytestmark = pytest.mark.usefixtures("no_warnings")
TRUE, PRED = np.full(4, 80.0), np.array([80.0, 83, 90, 120])


def test_the_most_confident_come_first():
    curve = risk_coverage(TRUE, PRED, [0.9, 0.1, 0.8, 0.2])
    assert curve["share"].tolist() == [0.25, 0.5, 0.75, 1]
    expected = np.sqrt([0, 100 / 2, (100 + 1600) / 3, (9 + 100 + 1600) / 4])
    assert curve["rmse_bpm"].tolist() == pytest.approx(expected)
    assert curve["within_5bpm"].tolist() == pytest.approx([1, 0.5, 1 / 3, 0.5])


def test_equal_confidences_are_no_order():
    first = risk_coverage(TRUE, PRED, [0.5] * 4)
    again = risk_coverage(TRUE[::-1], PRED[::-1], [0.5] * 4)
    pd.testing.assert_frame_equal(first, again)
    assert np.ptp(first["rmse_bpm"]) == pytest.approx(0)


def test_gain_is_one_for_the_ideal_order_and_below_zero_for_its_reverse():
    error = np.abs(PRED - TRUE)
    assert risk_areas(TRUE, PRED, -error).loc["by confidence", "rmse_gain"] == pytest.approx(1)
    assert risk_areas(TRUE, PRED, np.ones(4)).loc["by confidence", "rmse_gain"] == pytest.approx(0)
    assert risk_areas(TRUE, PRED, error).loc["by confidence", "rmse_gain"] < 0
    assert np.isnan(risk_areas(TRUE, TRUE, error)["rmse_gain"]).all()


def test_no_order_beats_the_ideal_one():
    rng = np.random.default_rng(0)
    true, pred, sure = rng.uniform(50, 120, (3, 30))
    ideal, chance = references(true, pred)
    assert (risk_coverage(true, pred, sure)["rmse_bpm"] >= ideal["rmse_bpm"] - 1e-9).all()
    assert chance["rmse_bpm"].iloc[0] == pytest.approx(ideal["rmse_bpm"].iloc[-1])


def test_unknown_confidence_is_the_lowest_and_unknown_truth_is_left_out():
    curve = risk_coverage([80, 80, np.nan], [90, 81, 80], [np.nan, 0.1, 0.9])
    assert curve["n"].tolist() == [1, 2] and curve["rmse_bpm"].iloc[0] == pytest.approx(1)
    assert risk_coverage([np.nan], [80], [1]).empty
    with pytest.raises(ValueError, match="three arrays"):
        risk_coverage(TRUE, PRED, [1.0])


def test_members_that_disagree_lower_the_confidence_of_an_answer():
    freq_hz = np.linspace(0.7, 3, 139)
    peak = [np.exp(-(((60 * freq_hz - rate) / 3) ** 2)) for rate in (72, 140)]
    facts = {"hr_bpm": [72.0, 72, 72], "quality": [0.5, 0.5, 0.3]}
    rows = pd.DataFrame({**facts, "freq_hz": [freq_hz, freq_hz, None]})
    rows["power"] = [peak[0], peak[0] + peak[1], None]
    sure = answer_confidence(rows)
    assert sure[0] > 0.9 and sure[1] == pytest.approx(sure[0] / 2, abs=0.02) and sure[2] == 0.3
    assert answer_confidence(rows.drop(columns="power")).tolist() == facts["quality"]
