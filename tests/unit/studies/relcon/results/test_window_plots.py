"""An anchor's nearest and farthest windows: selection and figure."""

import numpy as np
import pandas as pd
import pytest
from helpers.figure import strict_and_closed, texts  # noqa: F401

from rppg.plotting.style import ORANGE
from rppg.studies.relcon.results.window_plots import neighbours, plot_neighbours

pytestmark = pytest.mark.usefixtures("strict_and_closed")
ACTIVITIES = {"w1": "walking", "w2": "walking", "w3": "walking", "s1": "sitting", "s2": "sitting"}
TABLE = pd.DataFrame({"id": list(ACTIVITIES), "activity": list(ACTIVITIES.values())})
TABLE["subject"] = ["ann", "bob", "cy", "ann", "dot"]
DISTANCES = {  # of anchors to candidates, not in order
    "w2": {"s1": 9.0, "w1": 1250.4, "s2": 0.07012, "w3": 3.0},
    "w1": {"s1": 1.0, "w2": 2.0, "s2": 3.0, "w3": 4.0},
    "s1": {"s2": 0.5, "w2": 7.0, "w1": 6.0, "w3": 5.0},
}


def pairs() -> pd.DataFrame:
    """Pairs of windows, and rotated copies that are nearer than any window."""
    rows = [(a, c, "window", d) for a, of_each in DISTANCES.items() for c, d in of_each.items()]
    rows += [(a, a, "rotated copy", 1e-3) for a in DISTANCES]
    return pd.DataFrame(rows, columns=["anchor", "candidate", "kind", "distance"])


def window(id: str) -> np.ndarray:
    """Each window with a height of its own; one thirty times as high as another."""
    at = list(ACTIVITIES).index(id)
    noise = np.random.default_rng(at).normal(0, 0.1 + at, (256, 3))
    return (noise + [0, 0, 1]).astype("f4")


def drawn(origin="synthetic", n_near=2, n_far=1):
    rows = neighbours(pairs(), TABLE, n_near, n_far)
    return rows, plot_neighbours(rows, window, 100.0, "A distance", origin)


def test_an_anchor_of_each_activity_and_its_candidates_from_near_to_far():
    rows = neighbours(pairs(), TABLE, n_near=2, n_far=1)
    of_each = [line for _, line in rows.groupby("anchor", sort=False)]
    assert [line["id"].tolist() for line in of_each] == [
        ["s1", "s2", "w3", "w2"],
        ["w2", "s2", "w3", "w1"],  # the first of the walking ones
    ]
    for line in of_each:
        assert line["role"].tolist() == ["anchor", "near", "near", "far"]
    assert of_each[1]["distance"].tolist() == [0.0, 0.07012, 3.0, 1250.4]
    assert of_each[1]["activity"].tolist() == ["walking", "sitting", "walking", "walking"]
    assert of_each[1]["subject"].tolist() == ["bob", "dot", "cy", "ann"]


def test_order_and_index_of_the_pairs_do_not_matter():
    first = neighbours(pairs()[:4], TABLE, 1, 1)
    turned = neighbours(pairs()[:4][::-1], TABLE[::-1].reset_index(drop=True), 1, 1)
    assert turned.equals(first) and len(first) == 3


def test_no_farthest_ones_can_be_asked_for():
    rows = neighbours(pairs(), TABLE, n_near=4, n_far=0)
    assert rows["role"].value_counts().to_dict() == {"near": 8, "anchor": 2}


def test_too_few_candidates_are_no_window_twice():
    with pytest.raises(ValueError, match="s1 has 4 candidates, expected 3 near and 2 far ones"):
        neighbours(pairs(), TABLE, n_near=3, n_far=2)


def test_each_panel_has_its_window():
    rows, figure = drawn()
    assert len(figure.axes) == len(rows) == 8
    for axes, id in zip(figure.axes, rows["id"], strict=True):
        for line, values_g in zip(axes.get_lines(), window(id).T, strict=True):
            np.testing.assert_array_equal(line.get_ydata(), values_g)
            np.testing.assert_allclose(line.get_xdata(), np.arange(256) / 100)
        assert len({line.get_linestyle() for line in axes.get_lines()}) == 3


def test_quiet_windows_are_not_flat_beside_loud_ones():
    rows, figure = drawn()
    for axes, id in zip(figure.axes, rows["id"], strict=True):
        low, high = axes.get_ylim()
        assert np.ptp(window(id)) > 0.8 * (high - low)


def test_words_say_who_how_far_and_what_in_colour_where_it_is_another_activity():
    rows, figure = drawn()
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles[4:] == [
        "anchor (bob)\nwalking",
        "near: 0.0701 (dot)\nsitting",
        "near: 3 (cy)\nwalking",
        "far: 1250 (ann)\nwalking",
    ]
    is_coloured = [axes._left_title.get_color() == ORANGE for axes in figure.axes]
    assert is_coloured == [False, False, True, True, False, True, False, False]
    words = texts(figure).split(" | ")
    assert any(text.startswith("A distance: nearest and farthest") for text in words)
    assert sum("(synthetic)" in text for text in words) == 1 and words.count("time (s)") == 4
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["x", "y", "z"]


def test_what_is_real_is_not_called_synthetic():
    assert "synthetic" not in texts(drawn("real")[1])


def test_long_names_overlap_nothing():
    rows = neighbours(pairs(), TABLE, n_near=2, n_far=1)
    rows["subject"], rows["activity"] = "subject101", "descending stairs"
    figure = plot_neighbours(rows, window, 100.0, "A distance", "real")
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    boxes = [axes._left_title.get_window_extent(renderer) for axes in figure.axes]
    assert not any(a.overlaps(b) for k, a in enumerate(boxes) for b in boxes[:k])
