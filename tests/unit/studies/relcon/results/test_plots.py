"""Figures of the RelCon study: contents and errors."""

import numpy as np
import pandas as pd
import pytest
from helpers.figure import strict_and_closed, texts  # noqa: F401
from helpers.relcon import RUNS, all_rows, windows

from rppg.studies.relcon.results.bootstrap import with_intervals
from rppg.studies.relcon.results.plots import (
    plot_confusion,
    plot_embeddings,
    plot_learning_curve,
    plot_losses,
)

pytestmark = pytest.mark.usefixtures("strict_and_closed")


@pytest.fixture(scope="module")
def rows():
    return all_rows(labels=("1", "5", "all"))


def logged(**values):
    steps = np.arange(10, 60, 10)
    own = {"step": steps, "epoch": 1, "seconds": 0.1 * steps, "lr": 1e-3, "loss": 100.0 / steps}
    return pd.DataFrame(own | {"grad_norm": 1.0} | values)


def test_losses_have_a_panel_for_each_value_and_what_chance_has():
    metrics = logged(order=np.linspace(0.1, 0.5, 5), other=[np.nan, 2.0, np.nan, np.nan, 1.0])
    figure = plot_losses(metrics, "RelCon", "synthetic")
    assert [axes.get_title(loc="left")[:5] for axes in figure.axes] == ["loss", "order", "other"]
    assert figure.axes[2].lines[0].get_ydata().tolist() == [2.0, 1.0]  # a line, not two dots
    np.testing.assert_allclose(figure.axes[0].lines[0].get_ydata(), metrics["loss"])
    text = texts(figure)
    assert "RelCon (synthetic)" in text and "by chance" in text and "grad_norm" not in text
    (_, chance) = figure.axes[1].lines
    assert chance.get_ydata()[0] == 0
    assert "always saying no" in texts(plot_losses(logged(right=0.8), "AugPred", "real"))
    with pytest.raises(ValueError, match="no step to draw"):
        plot_losses(metrics[:0], "RelCon", "real")


def test_embeddings_are_placed_where_they_differ_most():
    table = windows(n_subjects=4)
    walks = (table["activity"] == "walking").to_numpy()
    embeddings = np.random.default_rng(0).normal(0, 0.1, (len(table), 8))
    embeddings += np.where(walks, 5, -5)[:, None]
    lengths = np.random.default_rng(1).uniform(1, 1000, (len(table), 1))  # which do not matter
    figure = plot_embeddings(lengths * embeddings, table, "RelCon, simulator", "synthetic")
    by_activity, by_subject = figure.axes
    groups = [dots.get_offsets() for dots in by_activity.collections if len(dots.get_offsets())]
    assert len(groups) == 6
    sides = [np.sign(places[:, 0]) for places in groups]
    assert all(len(set(side)) == 1 for side in sides)  # "walking" is the last by name
    assert {side[0] for side in sides[:5]} == {-sides[5][0]}
    assert "s03" in texts(figure) and "of the variance" in by_activity.get_xlabel()
    assert "RelCon, simulator (synthetic)" in texts(figure)


def test_many_subjects_are_counted_and_windows_without_activity_are_grey():
    table = windows(n_subjects=14, n_each=1)
    table["activity"] = table["activity"].where(table["subject"] != "s00", "")
    figure = plot_embeddings(
        np.random.default_rng(0).normal(size=(len(table), 3)), table, "x", "real"
    )
    assert "14 subjects" in texts(figure) and "s03" not in texts(figure)
    grey = figure.axes[0].collections[0]
    assert len(grey.get_offsets()) == 6 and np.ptp(grey.get_facecolor()[0, :3]) == 0


def test_collapsed_embeddings_are_drawn_at_one_place():
    table = windows(n_subjects=2)
    figure = plot_embeddings(np.ones((len(table), 4)), table, "collapsed", "real")
    assert "first component, 0% of the variance" in texts(figure)
    with pytest.raises(ValueError, match="expected"):
        plot_embeddings(np.ones((3, 4)), table, "too few", "real")


@pytest.mark.slow
def test_learning_curve_has_a_line_with_intervals_for_each_method(rows):
    summary = with_intervals(rows, n_boot=50)
    figure = plot_learning_curve(summary, "From few labels", "synthetic")
    activity, cadence = figure.axes
    assert [tick.get_text() for tick in activity.get_xticklabels()] == ["1", "5", "all"]
    handles, labels = activity.get_legend_handles_labels()
    assert labels == list(RUNS)
    own = summary[(summary["method"] == "SimCLR") & (summary["task"] == "activity")]
    data, _, bars = handles[1]
    np.testing.assert_allclose(data.get_ydata().astype(float), own["mean"])
    ends = np.array([segment[:, 1] for segment in bars[0].get_segments()])
    np.testing.assert_allclose(ends, own[["low", "high"]])
    assert cadence.get_ylabel() == "Pearson's r of cadence spm" and "6 subjects" in texts(figure)
    assert "From few labels (synthetic)" in texts(figure)
    assert "95 % interval over subjects and seeds" in texts(figure)
    (legend,) = figure.legends
    box = legend.get_window_extent()  # not cut off
    assert box.x0 >= 0 and box.x1 <= figure.bbox.x1
    real = summary.assign(dataset="BasicMotions", origin="real")
    assert "BasicMotions, 6 segments" in texts(plot_learning_curve(real, "x", "real"))
    with pytest.raises(ValueError, match="origins"):
        plot_learning_curve(pd.concat([summary, real]), "x", "real")


def test_confusion_is_in_percent_of_the_truth_with_all_labels(rows):
    figure = plot_confusion(rows, "simulator, all labels", "synthetic")
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["RelCon", "SimCLR"]
    shown = np.asarray(figure.axes[1].images[0].get_array())
    own = rows[(rows["method"] == "SimCLR") & (rows["n_labels"] == "all")]
    own = own[own["task"] == "activity"]
    counts = pd.crosstab(own["truth"], own["predicted"], normalize="index")
    np.testing.assert_allclose(shown, 100 * counts)
    np.testing.assert_allclose(shown.sum(axis=1), 100)
    assert "simulator, all labels (synthetic)" in texts(figure)


def test_confusion_of_several_datasets_or_one_method_is_an_error(rows):
    with pytest.raises(ValueError, match="expected one"):
        plot_confusion(pd.concat([rows, rows.assign(dataset="other")]), "x", "synthetic")
    with pytest.raises(ValueError, match="no row of SimCLR"):
        plot_confusion(rows[rows["method"] != "SimCLR"], "x", "synthetic")
    with pytest.raises(ValueError, match="origins"):
        plot_confusion(rows, "x", "real")
