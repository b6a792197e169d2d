"""The overview of all datasets: each recording is a point on its dataset's line."""

import numpy as np
import pandas as pd
import pytest
from helpers.figure import strict_and_closed, texts  # noqa: F401

from rppg.plotting.quality_overview import plot_overview, plot_sheet

pytestmark = pytest.mark.usefixtures("strict_and_closed")
FACE = np.zeros((60, 60, 3), np.uint8)


def rows(**changed):
    index = pd.DataFrame(
        {
            "id": ["A/1/a", "A/2/b", "B/1/c"],
            "dataset": ["A", "A", "B"],
            "status": "ok",
            "fps": [30.0, 25.0, 20.0],
            "face_hit_rate": [1.0, 0.5, 1.0],
            "gap_s": [0.0, 4.0, 0.0],
            "duration_s": 60.0,
            "hr_true_bpm": [60.0, np.nan, 80.0],
        }
    )
    return index.assign(**changed)


def test_every_recording_is_a_point_on_its_line():
    figure = plot_overview(rows(), {"A": 30.0, "B": None}, {"A/1/a": 61.0}, "synthetic")
    hits, gaps, rates, hearts = figure.axes
    points = hits.get_lines()[0]
    assert sorted(points.get_xdata()) == [0.5, 1, 1]
    assert np.round(points.get_ydata()).tolist() == [1, 1, 0]  # A above B
    assert gaps.get_lines()[0].get_xdata().max() == 4
    (nominal,) = (line for line in rates.get_lines() if line.get_label() == "published rate")
    assert (list(nominal.get_xdata()), list(nominal.get_ydata())) == ([30.0], [1])
    labels, pos = hearts.get_lines()
    assert np.nanmax(labels.get_xdata()) == 80 and np.nanmax(pos.get_xdata()) == 61
    assert "(synthetic)" in texts(figure)


def test_failed_recordings_are_counted_at_their_dataset():
    lost = {"fps": np.nan, "face_hit_rate": np.nan, "gap_s": np.nan, "duration_s": np.nan}
    index = rows()
    index.loc[1, [*lost, "status"]] = [*lost.values(), "failed"]
    text = texts(plot_overview(index, {}, {}, "real"))
    assert "A: 2, 1 FAILED" in text and "B: 1" in text
    assert "2 datasets: 3 recordings, 1 failed, 2.0 minutes prepared" in text
    assert "synthetic" not in text


def test_all_failed_and_none_at_all():
    lost = dict.fromkeys(["fps", "face_hit_rate", "gap_s", "duration_s", "hr_true_bpm"], np.nan)
    texts(plot_overview(rows(status="failed", **lost), {}, {}, "real"))
    with pytest.raises(ValueError, match="no recordings"):
        plot_overview(rows().iloc[:0], {}, {}, "real")


def test_a_sheet_names_datasets_and_draws_regions():
    crops = {f"A/{number}/a": FACE for number in range(7)}
    outlines = {"A/0/a": {"forehead": np.array([[1, 1], [9, 1], [9, 9]])}}
    figure = plot_sheet(crops, outlines, "Crops", "synthetic")
    text = texts(figure)
    assert all(id in text for id in crops) and "forehead" in text and "(synthetic)" in text
    assert sum(len(axes.patches) for axes in figure.axes) == 1
    with pytest.raises(ValueError, match="no crops"):
        plot_sheet({}, {}, "Crops", "real")
