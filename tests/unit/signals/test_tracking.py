"""The rate over time: drifts, a motion tone, gaps, and from which length it is the answer."""

import numpy as np
import pytest

from rppg.signals.heart_rate import heart_rate
from rppg.signals.tracking import track_peak


def pulse(rate_bpm, noise=1.0, seed=0):
    phase = 2 * np.pi * np.cumsum(rate_bpm / 60) / 30
    beat = np.sin(phase) + 0.4 * np.sin(2 * phase + 0.5)
    return beat + noise * np.random.default_rng(seed).standard_normal(len(beat))


def recovery(seconds=90):
    """From 120 down to 91 bpm, as after climbing stairs."""
    return 91 + 29 / (1 + np.exp((np.arange(30 * seconds) / 30 - 55) / 5))


def test_a_minute_or_more_gives_the_mean_of_the_track_and_says_that_it_drifts():
    rate = recovery()
    found = heart_rate(pulse(rate), 30.0)
    assert found.hr_bpm == pytest.approx(rate.mean(), abs=1)
    assert abs(heart_rate(pulse(rate), 30.0, aggregate="psd").hr_bpm - rate.mean()) > 5
    true = np.interp(found.clip_times_s, np.arange(len(rate)) / 30, rate)
    assert np.abs(found.track_bpm - true).max() < 4
    assert "the rate moves between 9" in found.note
    assert found.quality > 0.5


def test_a_motion_tone_does_not_move_the_track():
    wave = pulse(np.full(1800, 72.0))
    wave[600:900] += 3 * np.sin(2 * np.pi * 2.4 * np.arange(300) / 30)
    found = heart_rate(wave, 30.0)
    assert found.hr_bpm == pytest.approx(72, abs=2)
    assert heart_rate(wave, 30.0, aggregate="mean").hr_bpm > 80
    assert np.abs(np.diff(found.track_bpm)).max() <= 3.4  # 6 bpm per second, up to a bin


def test_below_a_minute_the_peak_of_the_mean_spectrum_is_the_answer():
    rate = recovery(90)[1000:]
    short, psd = heart_rate(pulse(rate), 30.0), heart_rate(pulse(rate), 30.0, aggregate="psd")
    assert (short.hr_bpm, short.quality, short.note) == (psd.hr_bpm, psd.quality, None)
    assert short.aggregate == "psd"


def test_what_lies_in_stretches_too_short_for_a_clip_does_not_count_as_a_minute():
    wave = pulse(np.full(2400, 72.0))
    wave[1500:2400:200] = np.nan  # 50 s, then pieces of 6.6 s
    assert heart_rate(wave, 30.0).aggregate == "psd"


def test_the_time_of_a_gap_counts():
    wave = pulse(np.r_[np.full(1200, 60.0), np.full(600, 90.0), np.full(1200, 120.0)])
    wave[1200:1800] = np.nan  # 20 s, in which the rate doubles
    found = heart_rate(wave, 30.0)
    assert found.track_bpm[0] == pytest.approx(60, abs=1)
    assert found.track_bpm[-1] == pytest.approx(120, abs=1)
    assert np.diff(found.clip_times_s).max() >= 30


def test_one_clip_is_its_peak():
    freq_hz = np.arange(120, 361) / 180
    power = np.exp(-(((freq_hz - 1.5) / 0.05) ** 2))[None]
    assert track_peak(freq_hz, power, np.array([5.0])).tolist() == [90.0]


@pytest.mark.parametrize(
    ("power", "times_s", "words"),
    [
        (np.ones((0, 9)), [], "0 clips and 9 frequencies"),
        (np.ones((2, 1)), [0, 1], "2 clips and 1 frequencies"),
        (np.full((2, 9), np.nan), [0, 1], "finite power"),
        (np.zeros((2, 9)), [0, 1], "finite power"),
        (np.ones((2, 9)), [0, 0], "times that ascend"),
        (np.ones((2, 9)), [1, 0], "times that ascend"),
        (np.ones((2, 9)), [0, np.nan], "times that ascend"),
    ],
)
def test_spectra_without_a_path_are_refused(power, times_s, words):
    freq_hz = np.linspace(0.7, 3, power.shape[1])
    with pytest.raises(ValueError, match=words):
        track_peak(freq_hz, power, np.array(times_s, dtype=float))
