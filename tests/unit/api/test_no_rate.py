"""What can be read, but holds no heart rate: typed errors, before a method runs."""

import warnings

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


@pytest.mark.slow
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


def test_what_is_missing_of_a_wave_or_of_colours_is_in_the_notes():
    colours = 100 + SINE[:, None] * (1.0, 2.0, 0.5)
    for source in (SINE, colours):
        assert rppg.heart_rate(source, fps=30).notes == ()
        with_a_gap = source.copy()
        with_a_gap[200:290] = np.nan
        found = rppg.heart_rate(with_a_gap, fps=30)
        assert found.notes == ("3.0 s without a value are left out",)
        assert found.bpm == pytest.approx(72, abs=1)
    times_s = np.arange(600) / 30
    paused = rppg.heart_rate(SINE, times_s=times_s + 100 * (times_s > 8))
    assert any("100.0 s without a value" in note for note in paused.notes)


@pytest.mark.parametrize("size", [1e-300, 1e160, 1e300])
def test_a_wave_of_any_size_has_its_rate_without_a_warning(size):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = rppg.heart_rate(size * SINE, fps=30)
    assert found.bpm == pytest.approx(72, abs=0.5) and found.notes == ()
    fast = rppg.heart_rate(size * np.sin(2 * np.pi * 3.5 * np.arange(600) / 30), fps=30)
    assert any("above the 40-180" in note for note in fast.notes)


@pytest.mark.parametrize("method", ["consensus", "st_transformer", "POS"])
def test_a_still_picture_is_refused_before_a_method_runs(rgb, method, monkeypatch):
    def ran(*_):
        raise AssertionError("a method ran")

    for name in ("learned_wave", "wave"):
        monkeypatch.setattr(answers, name, ran)
    still = np.repeat(rgb[:1], 150, axis=0)
    with pytest.raises(rppg.NoHeartRateError, match="does not change at all"):
        rppg.heart_rate(still, fps=FPS, method=method)
