"""No wrong rate in silence: still pictures, noise, and rates beyond the band are said."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.answers import COLOUR, stub_extraction, traces
from helpers.malformed_videos import encode, frames

import rppg
from rppg.inference.doubts import check_picture, green_swing, is_still, strong_compression
from rppg.inference.limits import limits_of
from rppg.inference.videos import expand_videos, predict_videos
from rppg.preprocessing.extract import extract
from rppg.signals.outside_band import edge_note

FPS = 30


def of_colours(relative, head=None):
    """Traces whose face has these changes of its colours (T, 3), relative to their means."""
    mstmap = np.full((len(relative), 63, 6), 100.0, np.float32)
    mstmap[..., :3] *= 1 + relative[:, None]
    times_s = np.arange(len(relative)) / FPS
    return replace(traces(), mstmap=mstmap, times_s=times_s, head=head)


def pulse(bpm, seconds=20, noise=2e-4, amplitude=0.004):
    t = np.arange(seconds * FPS) / FPS
    wave = amplitude * np.sin(2 * np.pi * bpm / 60 * t)
    wave = wave + 0.3 * amplitude * np.sin(4 * np.pi * bpm / 60 * t + 1)
    return wave[:, None] * COLOUR + noise * np.random.default_rng(0).normal(size=(len(t), 3))


def predicted(monkeypatch, tmp_path, found, methods=("POS",)):
    (tmp_path / "a.mp4").write_bytes(b"x")
    stub_extraction(monkeypatch, {"a.mp4": found})
    return predict_videos(expand_videos([tmp_path / "a.mp4"]), list(methods)).iloc[0]


@pytest.mark.parametrize("methods", [["POS"], ["consensus"]])
def test_a_frozen_picture_has_no_rate_and_a_reason(monkeypatch, tmp_path, methods):
    row = predicted(monkeypatch, tmp_path, traces(changing_share=0.1), methods)
    assert np.isnan(row["hr_bpm"]) and "the picture does not change" in row["reason"]
    check_picture({"changing_share": 0.5})
    check_picture({})


def test_noise_of_a_photograph_gets_a_note(monkeypatch, tmp_path):
    still = np.full((600, 5), 0.3) + 3e-4 * np.random.default_rng(1).normal(size=(600, 5))
    noise = 2e-4 * np.random.default_rng(4).normal(size=(600, 3))
    notes = predicted(monkeypatch, tmp_path, of_colours(noise, still))["notes"]
    assert any("hardly stands out" in note for note in notes)
    assert any("it may be a photograph" in note for note in notes)
    assert is_still(still) and not is_still(10 * still) and not is_still(None)


def test_a_clear_pulse_gets_no_note(monkeypatch, tmp_path):
    for bpm in (45, 72, 150, 175):
        row = predicted(monkeypatch, tmp_path, of_colours(pulse(bpm)))
        assert row["hr_bpm"] == pytest.approx(bpm, abs=1) and row["notes"] == []


@pytest.mark.parametrize("method", ["POS", "CHROM", "GREEN", "consensus"])
@pytest.mark.parametrize(
    ("bpm", "said"), [(190, "above the 40-180"), (215, "above the 40-180"), (35, "35|edge")]
)
def test_a_rate_beyond_the_band_gets_a_note(monkeypatch, tmp_path, bpm, said, method):
    found = of_colours(pulse(bpm, seconds=30))
    notes = predicted(monkeypatch, tmp_path, found, [method])["notes"]
    assert any(word in note for note in notes for word in said.split("|"))


def test_a_slow_drift_is_no_pulse_below_the_band():
    t = np.arange(600) / FPS
    wave = np.sin(2 * np.pi * 1.3 * t) + 3 * np.sin(2 * np.pi * 0.45 * t)  # 78 and 27 per minute
    assert edge_note(wave, FPS, 78.0) is None
    assert "edge" in edge_note(np.sin(2 * np.pi * 0.67 * t), FPS, 40.2)
    assert edge_note(np.full(600, np.nan), FPS, 72.0) is None


def test_the_swing_is_that_of_the_green_at_the_rate():
    t = np.arange(600) / FPS
    rgb = np.array([150.0, 110, 90]) * (1 + 0.005 * np.sin(2 * np.pi * 1.2 * t))[:, None]
    assert green_swing(rgb, FPS, 72) == pytest.approx(0.5, rel=0.05)
    assert green_swing(rgb, FPS, 120) < 0.02
    assert green_swing(np.full((600, 3), np.nan), FPS, 72) == np.inf


def test_the_api_says_the_same():
    noise = np.random.default_rng(0).normal(size=600)
    assert any("hardly stands out" in note for note in rppg.heart_rate(noise, fps=FPS).notes)
    fast = np.sin(2 * np.pi * 190 / 60 * np.arange(600) / FPS)
    assert any("190 per minute" in note for note in rppg.heart_rate(fast, fps=FPS).notes)


def test_strong_compression_is_said_of_a_single_method_and_of_an_unsure_consensus(
    monkeypatch, tmp_path
):
    few = predicted(monkeypatch, tmp_path, traces(bits_per_pixel=0.02))
    assert "strong compression (0.02 bits per pixel)" in few["notes"]
    for bits in (0.5, None):
        assert not predicted(monkeypatch, tmp_path, traces(bits_per_pixel=bits))["notes"]
    assert limits_of(traces(bits_per_pixel=0.02, fps=30.0))[-1].startswith("strong compression")
    assert "strong" not in " ".join(limits_of(traces(bits_per_pixel=0.5, fps=30.0)))


@pytest.mark.slow
def test_a_strongly_compressed_file_is_told_from_a_finer_one(tmp_path):
    for crf, strong in (("12", False), ("45", True)):
        video = encode(tmp_path / f"{crf}.mp4", frames(4.0, 25.0), fps=25, crf=crf)
        (recording,) = expand_videos([video])
        assert bool(strong_compression(extract(recording).meta)) == strong
