"""The rate over time on its spectrogram: right place, gaps, and rates that are not sure."""

import numpy as np
import pytest
from helpers.figure import strict_and_closed, texts  # noqa: F401

from rppg.plotting.rate_over_time import draw_rate_over_time, has_course, spectrogram
from rppg.plotting.style import subplots

pytestmark = pytest.mark.usefixtures("strict_and_closed")
WAVE = np.sin(2 * np.pi * 1.2 * np.arange(1200) / 30)  # 40 s of 72 bpm


def test_a_window_is_at_its_middle_and_has_its_peak_at_the_rate():
    centres_s, freq_bpm, power = spectrogram(WAVE, 30)
    assert centres_s[0] == 5 and centres_s[-1] == 35 and freq_bpm[0] >= 39.6
    assert freq_bpm[power.argmax(axis=1)] == pytest.approx(np.full(len(power), 72), abs=1)


def test_windows_with_a_gap_are_blank_and_a_long_wave_has_no_more_columns():
    wave = WAVE.copy()
    wave[600] = np.nan
    centres_s, _, power = spectrogram(wave, 30)
    blank = np.isnan(power).all(axis=1)
    assert centres_s[blank].min() > 14 and centres_s[blank].max() <= 25 and not blank[0]
    assert len(spectrogram(np.tile(WAVE, 60), 30)[0]) <= 301


def test_rates_that_are_not_sure_are_hollow_and_the_ends_are_said():
    figure, axes = subplots()
    rates = {"start_s": np.arange(31.0), "hr_bpm": np.linspace(60, 90, 31)}
    draw_rate_over_time(axes, WAVE, 30, rates)
    assert "75 bpm, 60 to 90" in texts(figure) and "not sure" not in texts(figure)
    figure, axes = subplots()
    draw_rate_over_time(axes, WAVE, 30, rates | {"confidence": np.r_[np.ones(30), 0.1]})
    assert "hollow: not sure" in texts(figure)
    assert has_course(rates) and not has_course(None)
    assert not has_course({"hr_bpm": np.array([72.0])})
