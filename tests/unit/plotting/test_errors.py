"""Figures of errors: correct numbers, and every recording is drawn."""

import numpy as np
import pandas as pd
import pytest
from helpers.figure import strict_and_closed, texts  # noqa: F401
from matplotlib.collections import PathCollection

from rppg.evaluation.metrics import score
from rppg.plotting.errors import groupings_of, plot_bland_altman, plot_errors_by

pytestmark = pytest.mark.usefixtures("strict_and_closed")


def recordings(hr_true_bpm, hr_bpm):
    """A table of recordings r0, r1, ..."""
    ids = [f"r{i}" for i in range(len(hr_bpm))]
    table = pd.DataFrame({"id": ids, "hr_bpm": hr_bpm, "hr_true_bpm": hr_true_bpm})
    return table.astype({"hr_bpm": float, "hr_true_bpm": float})


def drawn_errors(axes):
    """Heights of all dots and crosses of a panel, sorted."""
    parts = [part for part in axes.collections if isinstance(part, PathCollection)]
    return sorted(float(y) for part in parts for _, y in part.get_offsets())


def test_bland_altman_writes_bias_and_limits():
    true_bpm, pred_bpm = [60, 80, 100, 70], [62, 78, 110, 70]  # errors 2, -2, 10, 0
    text = texts(plot_bland_altman(true_bpm, pred_bpm, "Ensemble, test", "synthetic"))
    half = 1.96 * np.std([2, -2, 10, 0], ddof=1)
    assert "bias: +2.5" in text and "Ensemble, test (synthetic)" in text
    assert f"+1.96 sd: {2.5 + half:+.1f}" in text and f"-1.96 sd: {2.5 - half:+.1f}" in text
    assert "within 5 bpm: 3 of 4" in text and "further off: 1 of 4" in text


def test_names_of_limits_that_coincide_are_drawn_apart():
    figure = plot_bland_altman([60, 80, 100], [60, 80, 100], "Perfect", "real")
    figure.canvas.draw()
    boxes = [t.get_window_extent() for t in figure.axes[0].texts]
    assert len(boxes) == 3
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    assert all(figure.bbox.x1 >= box.x1 for box in boxes)  # not cut off


def test_bland_altman_of_one_recording_has_a_bias_and_no_limits():
    text = texts(plot_bland_altman([60], [63], "One", "real"))
    assert "bias: +3.0" in text and "sd" not in text


def test_a_missing_rate_is_refused_and_named():
    with pytest.raises(ValueError, match="1 predicted heart rates are no rates, at positions 1"):
        plot_bland_altman([60, 70], [60, np.nan], "A", "real")
    rows = recordings([60, 70], [60, np.nan])
    with pytest.raises(ValueError, match="1 predicted"):
        plot_errors_by(rows, groupings_of(rows), "A", "real")


def test_hr_on_an_edge_belongs_to_the_upper_range():
    found = groupings_of(recordings([59.9, 60, 99.9, 100, 120, 180], [70] * 6))["heart rate"]
    assert found.tolist() == ["<60", "60-80", "80-100", "100-120", "120+", "120+"]
    assert found.cat.ordered


def test_difficulty_is_thirds_of_the_tables_recordings_without_a_rate_hard():
    rows = recordings([70] * 7, [70] * 7).set_index(np.arange(10, 17))
    quality = pd.Series([0.9, 0.2, 0.5, np.nan, 0.7, 0.4], [f"r{i}" for i in range(6)])
    quality = pd.concat([quality, pd.Series(0.95, ["x", "y", "z"])])  # of another split
    found = groupings_of(rows, pos_quality=quality)["difficulty"]
    assert found.tolist()[:6] == ["easy", "hard", "medium", "hard", "easy", "medium"]
    assert pd.isna(found[16])  # r6 is unknown to POS
    assert found.index.equals(rows.index)


def test_tone_goes_from_light_at_0_to_dark_at_1():
    tone = pd.Series({"r0": 0.0, "r1": 0.34, "r2": 1.0})
    found = groupings_of(recordings([70] * 4, [70] * 4), tone=tone)["skin tone"]
    assert found.tolist()[:3] == ["light", "medium", "dark"] and pd.isna(found[3])


def test_groups_show_their_rmse_and_every_recording_once():
    rows = recordings([60, 61, 85, 85], [61, 64, 85, 105])
    figure = plot_errors_by(rows, groupings_of(rows), "Ensemble, test", "synthetic")
    text, axes = texts(figure), figure.axes[0]
    low, high = (score(rows["hr_true_bpm"][a], rows["hr_bpm"][a]) for a in ([0, 1], [2, 3]))
    assert f"{low['rmse_bpm']:.1f}" in text and f"{high['rmse_bpm']:.1f}" in text
    assert "60-80\nn = 2" in text and "80-100\nn = 2" in text and "120+\nn = 0" in text
    assert drawn_errors(axes) == [0, 1, 3, 20]


def test_recordings_without_a_label_are_unknown():
    rows = recordings([60, 70, 80], [60, 70, 80])
    found = groupings_of(rows, tone=pd.Series({"r0": 0.1}))
    text = texts(plot_errors_by(rows, found, "A", "real"))
    assert "unknown\nn = 2" in text and "light\nn = 1" in text and "by skin tone" in text


def test_labels_of_other_rows_are_refused():
    rows = recordings([60, 70, 80], [60, 70, 80])
    with pytest.raises(ValueError, match="heart rate: 2 labels, not those of the 3 rows"):
        plot_errors_by(rows, {"heart rate": groupings_of(rows)["heart rate"][:2]}, "A", "real")
