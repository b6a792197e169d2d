"""Rates per second: of the windows that begin at each, as the wave has them there."""

import numpy as np
import pytest
from helpers.answers import stub_extraction, traces

from rppg.inference.per_second import seconds_of, summary
from rppg.inference.videos import expand_videos, predict_videos
from rppg.signals.heart_rate import heart_rate

FPS = 30


def rising(seconds):
    """A pulse from 60 bpm on, 0.2 bpm faster each second."""
    t = np.arange(seconds * FPS) / FPS
    return np.sin(2 * np.pi * (t + 0.2 * t**2 / 120))


def test_a_rate_per_second_follows_the_pulse():
    seconds = seconds_of(heart_rate(rising(40), FPS))
    assert seconds["start_s"].tolist() == pytest.approx(list(range(31)), abs=0.1)
    assert seconds["hr_bpm"] == pytest.approx(61 + 0.2 * np.arange(31), abs=1)
    found = summary(seconds)
    assert found["lowest_bpm"] < 62 and found["highest_bpm"] > 66
    assert found["mean_bpm"] == pytest.approx(64, abs=0.7)


def test_windows_with_a_gap_are_left_out_and_a_short_wave_has_one():
    wave = rising(40)
    wave[15 * FPS : 17 * FPS] = np.nan
    starts_s = seconds_of(heart_rate(wave, FPS))["start_s"].round().tolist()
    assert starts_s == [*range(6), *range(17, 31)]
    assert seconds_of(heart_rate(wave[: 6 * FPS], FPS))["start_s"].tolist() == [0.0]


def test_every_method_has_its_seconds_and_the_consensus_a_confidence(monkeypatch, tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"x")
    stub_extraction(monkeypatch, {"a.mp4": traces()})
    table = predict_videos(expand_videos([tmp_path / "a.mp4"]), ["POS", "consensus"])
    for row in table.to_dict("records"):
        assert row["per_second"]["hr_bpm"] == pytest.approx([72.0], abs=1)
        assert row["lowest_bpm"] <= row["mean_bpm"] <= row["highest_bpm"]
    assert np.isnan(table["confidence"][0]) and 0 < table["confidence"][1] <= 1
