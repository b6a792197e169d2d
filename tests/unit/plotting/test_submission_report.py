"""Sections of a submission's report."""

import pandas as pd
import pytest
from matplotlib.figure import Figure

from rppg.plotting.submission_report import FIGURES, submission_pages

BOARD = pd.DataFrame({"model": ["net", "net"], "split": ["a test", "a test, low"], "n": [4, 2]})


def pages(part="test", names=FIGURES):
    figures = {name: Figure() for name in names}
    about = {"part": part, "worst_title": "Worst five", "board": BOARD, "model": "net"}
    return submission_pages(figures, **about), figures


def test_each_figure_is_shown_once_and_the_board_is_of_the_first_split():
    sections, figures = pages()
    shown = [figure for section in sections for figure, _ in section.figures]
    assert shown == [figures[name] for name in FIGURES]
    assert sections[0].table.to_dict("list") == {"model": ["net"], "n": [4]}
    assert sections[0].marked == "net" and sections[-1].title == "Worst five"


def test_scores_of_validation_recordings_say_that_these_chose_the_ensemble():
    assert "chose the ensemble" in pages("validation")[0][0].text
    assert "chose the ensemble" not in pages("test")[0][0].text


def test_a_missing_figure_is_an_error():
    with pytest.raises(KeyError, match="worst"):
        pages(names=FIGURES[:-1])
