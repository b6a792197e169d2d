"""Figures of the error budget and of selective answers: their numbers, and no figure of nothing."""

import numpy as np
import pandas as pd
import pytest
from helpers.figure import strict_and_closed, texts  # noqa: F401

from rppg.evaluation.error_budget import CAUSES, error_budget, perfect_choices
from rppg.plotting.error_budget import plot_error_budget
from rppg.plotting.selective import plot_risk_coverage

pytestmark = pytest.mark.usefixtures("strict_and_closed")
TRUE = np.array([80.0, 80, 60, 90, 70, 75, 100, 100])
PRED = np.array([81.0, 41, 118, 130, 70, 120, 60, 140])


def test_the_budget_says_shares_misses_and_bounds():
    causes = np.array(["", "half", "twice", "motion", "", "not visible", "no member", "other"])
    budget = error_budget(TRUE, PRED, causes)
    choices = perfect_choices(TRUE, PRED, {"net": TRUE + 2, "POS": PRED}, TRUE)
    text = texts(plot_error_budget(budget, choices, "Ensemble, test", "synthetic"))
    assert all(meaning in text for meaning in CAUSES.values())
    assert "6 of 8 more than 5 bpm off" in text and "(synthetic)" in text
    assert "net" in text and "2.00 bpm, 100 % within 5" in text and "of region, by POS" in text


def test_no_error_at_all_can_be_drawn():
    budget = error_budget(TRUE, TRUE, np.full(8, ""))
    plot_error_budget(budget, perfect_choices(TRUE, TRUE, {}), "Ensemble", "real")


def test_the_curves_have_their_areas():
    sure = -np.abs(PRED - TRUE)
    figure = plot_risk_coverage(TRUE, PRED, sure, "Ensemble, test", "real")
    lines = {line.get_label(): line for line in figure.axes[0].get_lines()}
    text = texts(figure)
    areas = [label.split("area ")[1] for label in lines]
    assert areas[0] == areas[1] != areas[2] and "answered, of 8 recordings" in text
    assert "synthetic" not in text


def test_without_a_truth_nothing_is_drawn():
    nothing = np.full(8, np.nan)
    budget = error_budget(nothing, PRED, np.full(8, ""))
    with pytest.raises(ValueError, match="no budget"):
        plot_error_budget(budget, pd.DataFrame(), "Ensemble", "real")
    with pytest.raises(ValueError, match="no curve"):
        plot_risk_coverage(nothing, PRED, PRED, "Ensemble", "real")
