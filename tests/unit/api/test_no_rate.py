"""What can be read, but holds no heart rate: typed errors, before a method runs."""

import numpy as np
import pytest
from helpers.malformed_videos import frames

import rppg
from rppg.api import answers

FPS, SECONDS = 25.0, 6.0
SINE = np.sin(2 * np.pi * 1.2 * np.arange(600) / 30)


@pytest.fixture(scope="module")
def rgb():
    """Frames (T, 240, 320, 3) of a face with a pulse."""
    return np.stack(frames(SECONDS, FPS))


def test_what_holds_no_rate_is_another_error(rgb):
    with pytest.raises(rppg.NoHeartRateError, match="3 s"):
        rppg.heart_rate(SINE[:60], fps=30)
    with pytest.raises(rppg.NoHeartRateError, match="flat"):
        rppg.heart_rate(np.ones(600), fps=30)
    with pytest.raises(rppg.NoHeartRateError, match="does not change"):
        rppg.heart_rate(np.full((600, 3), 100.0), fps=30)
    with pytest.raises(rppg.NoHeartRateError, match="too short"):
        rppg.heart_rate(rgb[:30], fps=FPS)
    with pytest.raises(rppg.NoFaceError, match="no face"):
        rppg.heart_rate(np.zeros_like(rgb), fps=FPS)


@pytest.mark.parametrize("method", ["consensus", "st_transformer", "POS"])
def test_a_still_picture_is_refused_before_a_method_runs(rgb, method, monkeypatch):
    def ran(*_):
        raise AssertionError("a method ran")

    for name in ("learned_wave", "wave"):
        monkeypatch.setattr(answers, name, ran)
    still = np.repeat(rgb[:1], 150, axis=0)
    with pytest.raises(rppg.NoHeartRateError, match="does not change at all"):
        rppg.heart_rate(still, fps=FPS, method=method)
