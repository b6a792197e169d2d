"""The leaderboard as a figure: models, values, the origin, and the differences from one row."""

import numpy as np
import pandas as pd
import pytest
from helpers.figure import strict_and_closed, texts  # noqa: F401

from rppg.evaluation.leaderboard import leaderboard, null_rows
from rppg.plotting.leaderboard import plot_leaderboard

pytestmark = pytest.mark.usefixtures("strict_and_closed")


def board(n=6, submitted=None):
    table = pd.DataFrame(
        {
            "id": [f"OBF/{i}/video1.avi" for i in range(n)],
            "model": "POS",
            "kind": "classical",
            "split": "test",
            "hr_bpm": 70.0 + np.arange(n),
            "hr_true_bpm": 72.0,
            "origin": "synthetic",
        }
    )
    return leaderboard(pd.concat([table, null_rows([60, 90], table)]), submitted=submitted)


@pytest.mark.slow
def test_leaderboard_names_models_values_and_the_best_null():
    table = board()
    text = texts(plot_leaderboard(table))
    assert "POS" in text and "mean of training" in text and "best null" in text
    assert f"{table['rmse_bpm'].iloc[0]:.1f}" in text


def test_leaderboard_of_one_recording_has_bars_without_intervals():
    assert "1 recordings" in texts(plot_leaderboard(board(n=1)))


def test_the_splits_name_says_synthetic():
    assert "synthetic test, 6 recordings" in texts(plot_leaderboard(board()))


def test_differences_have_a_panel_if_there_are_any():
    assert len(plot_leaderboard(board()).axes) == 1
    figure = plot_leaderboard(board(submitted="POS"))
    text = texts(figure)
    assert len(figure.axes) == 2 and "against the submitted one, synthetic test" in text
    assert "submitted" in text and "better" in text and "undecided" in text


def test_differences_of_one_recording_are_drawn_without_intervals():
    assert "undecided" in texts(plot_leaderboard(board(n=1, submitted="POS")))
