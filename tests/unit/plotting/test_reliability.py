"""The reliability diagram shows what the table says."""

import matplotlib.pyplot as plt
import numpy as np

from rppg.evaluation.calibration import reliability
from rppg.plotting.reliability import plot_reliability


def test_points_bars_and_title():
    confidence = np.array([0.95] * 8 + [0.15] * 4)
    right = np.array([True] * 7 + [False] * 5)
    figure = plot_reliability(reliability(confidence, right), 0.09, "Held out", "synthetic")
    upper, lower = figure.axes
    assert [bar.get_height() for bar in lower.patches] == [4, 8]
    points = upper.containers[0].lines[0]
    assert np.allclose(points.get_xydata(), [[0.15, 0.0], [0.95, 7 / 8]])
    assert "ECE 0.090" in upper.get_legend_handles_labels()[1][1]
    assert figure.get_suptitle() == "Held out (synthetic)"
    plt.close(figure)
