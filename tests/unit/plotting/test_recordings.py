"""Figures of recordings: content, origin, gaps and single recordings."""

from types import SimpleNamespace

import numpy as np
import pytest
from helpers.figure import strict_and_closed, texts  # noqa: F401

from rppg.plotting import recordings as recording_plots

FOUND = SimpleNamespace(
    hr_bpm=72.0,
    quality=0.8,
    freq_hz=np.linspace(0.66, 3, 400),
    power=np.exp(-((np.linspace(0.66, 3, 400) - 1.2) ** 2) / 0.01),
)
COURSE = {"start_s": np.arange(3, 21.0), "hr_bpm": np.linspace(60, 80, 18)}
FACE = np.zeros((60, 50, 3), np.uint8)


pytestmark = pytest.mark.usefixtures("strict_and_closed")


def every_figure(origin):
    rng = np.random.default_rng(0)
    mstmap = rng.random((90, 63, 6))
    mstmap[30:50] = np.nan
    times_s = np.arange(900) / 30
    wave = np.where(times_s < 3, np.nan, np.sin(times_s))
    return [
        recording_plots.plot_predictions([60, 80, 90], [61, 120, np.nan], "POS", origin),
        recording_plots.plot_recording(FACE, times_s, wave, FOUND, "a.mp4", origin),
        recording_plots.plot_recording(None, times_s, wave, FOUND, "a.mp4", origin),
        recording_plots.plot_recording(FACE, times_s, wave, FOUND, "a.mp4", origin, COURSE),
        recording_plots.plot_recording(FACE, times_s, None, None, "a.mp4", origin),
        recording_plots.plot_faces([FACE] * 7, list("abcdefg"), origin),
        recording_plots.plot_mstmap(mstmap, 30.0, "VIPL", origin),
    ]


@pytest.mark.slow
def test_every_figure_of_synthetic_data_says_so():
    assert all("(synthetic)" in texts(figure) for figure in every_figure("synthetic"))
    assert not any("synthetic" in texts(figure) for figure in every_figure("real"))


def test_predictions_are_counted_as_the_metric_counts_them():
    figure = recording_plots.plot_predictions(
        [60, 80, 90, 70], [65, 120, np.nan, 70], "POS", "real"
    )
    assert "within 5 bpm: 2 of 4" in texts(figure) and "missing: 2" in texts(figure)


def test_recording_shows_rate_quality_and_that_only_a_part_is_drawn():
    times_s = np.arange(900) / 30
    text = texts(
        recording_plots.plot_recording(FACE, times_s, np.sin(times_s), FOUND, "a.mp4", "real")
    )
    assert "72.0 bpm" in text and "quality 0.80" in text and "first 20 s of 30 s" in text
    assert "sure" not in text
    signals = FACE, times_s, np.sin(times_s), FOUND, "a.mp4", "real"
    known = texts(recording_plots.plot_recording(*signals, confidence=0.899))
    assert "likely (0.89)" in known and "quality 0.80" in known
    missing = texts(recording_plots.plot_recording(FACE, times_s, None, None, "a.mp4", "real"))
    assert "no heart rate could be read" in missing
