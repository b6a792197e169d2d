"""Reliability and calibration error of tables whose answer is known."""

import numpy as np
import pytest

from rppg.evaluation.calibration import calibration_error, reliability


def test_a_perfect_table_has_no_error():
    confidence = np.repeat([0.25, 0.75, 1.0], 4)
    right = np.array([1, 0, 0, 0, 1, 1, 1, 0, 1, 1, 1, 1], dtype=bool)
    assert calibration_error(confidence, right) == pytest.approx(0)


def test_always_sure_and_half_right_is_off_by_a_half():
    assert calibration_error(np.ones(10), np.arange(10) % 2 == 0) == pytest.approx(0.5)


def test_missing_confidences_are_left_out():
    rows = reliability(np.array([0.95, np.nan]), np.array([True, False]))
    assert rows["n"].tolist() == [1] and rows["right"].tolist() == [1.0]
    assert np.isnan(calibration_error(np.array([np.nan]), np.array([True])))


@pytest.mark.parametrize(
    ("confidence", "message"), [([0.5, 1.2], "confidences in 0-1"), ([[0.5, 0.2]], "two arrays")]
)
def test_what_is_no_confidence_is_refused(confidence, message):
    with pytest.raises(ValueError, match=message):
        reliability(np.array(confidence), np.array([True, False]))
