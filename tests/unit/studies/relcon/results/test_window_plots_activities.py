"""Figures of activities: one panel per activity with three axes, nothing cut off."""

import numpy as np
import pytest
from helpers.figure import strict_and_closed, texts  # noqa: F401

from rppg.studies.relcon.results.window_plots import plot_activities

pytestmark = pytest.mark.usefixtures("strict_and_closed")


def stretches(n):
    rng = np.random.default_rng(0)
    return [rng.normal(0, 0.1 + i, (256 + i, 3)).astype(np.float32) for i in range(n)]


@pytest.mark.parametrize("n", [1, 5])
def test_each_activity_has_a_panel_with_its_three_axes(n):
    parts, names = stretches(n), [f"activity {i}" for i in range(n)]
    figure = plot_activities(parts, names, 100.0, "Six activities", "synthetic")
    panels = [axes for axes in figure.axes if axes.get_lines()]
    assert [axes.get_title(loc="left") for axes in panels] == names
    for axes, part in zip(panels, parts, strict=True):
        assert len(axes.get_lines()) == 3
        for line, values in zip(axes.get_lines(), part.T, strict=True):
            np.testing.assert_array_equal(line.get_ydata(), values)
            np.testing.assert_allclose(line.get_xdata(), np.arange(len(values)) / 100)
    assert "Six activities (synthetic)" in texts(figure)


def test_axes_are_named_once_and_told_apart_without_colour():
    figure = plot_activities(stretches(3), ["a", "b", "c"], 50.0, "Three", "real")
    words = texts(figure).split(" | ")
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["x", "y", "z"]
    assert words.count("Three") == 1 and words.count("time (s)") == 2
    assert len({line.get_linestyle() for line in figure.axes[0].get_lines()}) == 3


def test_every_panel_has_a_time_axis_below_it():
    figure = plot_activities(stretches(3), ["a", "b", "c"], 100.0, "Three", "real")
    figure.canvas.draw()
    lowest = figure.axes[1:3]  # the right column ends a row earlier
    for axes in lowest:
        assert axes.get_xlabel() == "time (s)"
        assert any(label.get_visible() and label.get_text() for label in axes.get_xticklabels())


def test_as_many_titles_as_stretches():
    with pytest.raises(ValueError, match="2 stretches have 1 titles"):
        plot_activities(stretches(2), ["a"], 100.0, "Two", "real")
