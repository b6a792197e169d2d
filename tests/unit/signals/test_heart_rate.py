"""HR estimation: known rates, gaps, short BVPs, quality, and a contact recording."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rppg.signals.heart_rate import finite_stretches, heart_rate, heart_rate_of_clips

HEARTPY = Path(__file__).parents[4] / "shared" / "data" / "ppg" / "heartpy_data2.csv"


def pulse(hr_bpm, n_frames, fps, noise=0.0, seed=0):
    """A beat with two harmonics, as contact sensors see it, and white noise."""
    phase = 2 * np.pi * hr_bpm / 60 * np.arange(n_frames) / fps
    beat = np.sin(phase) + 0.4 * np.sin(2 * phase + 0.5) + 0.15 * np.sin(3 * phase + 1)
    return beat + noise * np.random.default_rng(seed).standard_normal(n_frames)


@pytest.mark.parametrize("hr_bpm", [45.0, 61.7, 88.8, 120.0, 171.3])
@pytest.mark.parametrize(("n_frames", "fps"), [(300, 30.0), (301, 30.0), (777, 25.5), (3511, 117)])
def test_known_rate(hr_bpm, n_frames, fps):
    result = heart_rate(pulse(hr_bpm, n_frames, fps, noise=0.3), fps)
    assert result.hr_bpm == pytest.approx(hr_bpm, abs=0.7)
    assert np.diff(60 * result.freq_hz).max() <= 0.35
    assert result.power.sum() == pytest.approx(1)
    assert 0.66 <= result.freq_hz[0] < 0.67 and 2.99 < result.freq_hz[-1] <= 3.0


def test_gain_offset_and_sign_change_nothing():
    wave = pulse(80, 600, 30.0, noise=1.0)
    first, second = heart_rate(wave, 30.0), heart_rate(1000 - 7 * wave, 30.0)
    assert first.hr_bpm == second.hr_bpm
    assert first.quality == pytest.approx(second.quality)


def test_number_of_clips_and_their_rates():
    result = heart_rate(pulse(72, 900, 30.0), 30.0)
    assert result.clip_hr_bpm.shape == (41,)  # 10-s clips every 0.5 s of 30 s
    assert result.clip_hr_bpm == pytest.approx(np.full(41, 72), abs=0.7)
    assert heart_rate(pulse(72, 900, 30.0), 30.0, clip_s=20, step_s=5).clip_hr_bpm.shape == (3,)


def test_gaps_are_skipped():
    wave = pulse(66, 1200, 30.0)
    wave[400:500] = 50 * pulse(150, 100, 30.0)  # what a bridged gap might hold
    assert heart_rate(np.where(np.arange(1200) // 100 == 4, np.nan, wave), 30.0).hr_bpm == (
        pytest.approx(66, abs=0.5)
    )


def test_without_a_full_clip_the_longest_stretch_is_used():
    wave = np.full(500, np.nan)
    wave[20:150] = pulse(90, 130, 30.0)
    wave[200:260] = pulse(50, 60, 30.0)
    result = heart_rate(wave, 30.0)
    assert result.hr_bpm == pytest.approx(90, abs=2)
    assert result.clip_hr_bpm.shape == (1,)


@pytest.mark.parametrize(
    ("wave", "message"),
    [
        (np.zeros(0), "0.00 s"),
        (np.full(300, np.nan), "no finite value"),
        (pulse(70, 89, 30.0), "2.97 s"),
        (np.full(300, 0.1), "flat"),
        (np.zeros((300, 1)), "shape"),
        (np.where(np.arange(300) == 7, np.inf, pulse(70, 300, 30.0)), "1 of 300 .* infinite"),
        (np.array(["a"] * 300), "real numbers"),
        (np.array([None] * 300), "real numbers"),
        (np.exp(1j * np.arange(300)), "real numbers"),
    ],
)
def test_unusable_waves_are_errors_with_a_reason(wave, message):
    with pytest.raises(ValueError, match=message):
        heart_rate(wave, 30.0)


@pytest.mark.parametrize("fps", [0.0, -30.0, np.nan, np.inf, 2.0, 5.0, 6.5, 1e9])
def test_frame_rates_that_cannot_hold_the_band_are_refused(fps):
    with pytest.raises(ValueError, match="frames per second"):
        heart_rate(pulse(70, 600, 30.0), fps)


@pytest.mark.parametrize("scale", [1e-300, 1e-170, 1e170, 1e300])
def test_waves_of_any_size_have_the_same_rate(scale):
    wave = pulse(80, 600, 30.0, noise=1.0)
    assert heart_rate(scale * wave, 30.0).hr_bpm == heart_rate(wave, 30.0).hr_bpm


@pytest.mark.parametrize(
    "times", [{"clip_s": 0}, {"step_s": 0}, {"clip_s": np.nan}, {"step_s": -1}]
)
def test_clips_and_steps_must_be_positive(times):
    with pytest.raises(ValueError, match="clip_s"):
        heart_rate(pulse(70, 600, 30.0), 30.0, **times)


VALUES = st.one_of(
    st.floats(width=64), st.sampled_from([0.0, 1.0, 255.0, np.nan, 1e-310, 1e308, -1e308])
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    piece=arrays(np.float64, st.integers(0, 40), elements=VALUES),
    repeats=st.integers(1, 20),
    fps=st.one_of(st.floats(), st.sampled_from([7.0, 10.0, 30.0])),
    seed=st.one_of(st.none(), st.integers(0, 9)),
)
def test_any_wave_gives_a_rate_or_a_named_error(piece, repeats, fps, seed):
    wave = np.tile(piece, repeats)
    if seed is not None:
        wave = np.r_[wave, pulse(70, 200, 30.0, seed=seed)]
    try:
        with np.errstate(all="raise", under="ignore"):
            found = heart_rate(wave, fps)
    except ValueError as error:
        assert len(str(error)) > 20 and "\n" not in str(error)
    else:
        assert 39 < found.hr_bpm < 181 and 0 < found.quality <= 1.000001
        assert len(found.track_bpm) == len(found.clip_times_s) == len(found.clip_hr_bpm)


def test_a_flat_part_does_not_count():
    wave = pulse(100, 900, 30.0)
    wave[:400] = wave[400]
    assert heart_rate(wave, 30.0).clip_hr_bpm.shape == (34,)  # the clips from 3.5 s on


def test_psd_survives_a_burst_that_the_plain_mean_does_not():
    wave = pulse(60, 900, 30.0)
    wave[:200] += 4 * np.sin(2 * np.pi * 2.6 * np.arange(200) / 30)
    assert heart_rate(wave, 30.0, aggregate="psd").hr_bpm == pytest.approx(60, abs=1)
    plain = heart_rate(wave, 30.0, aggregate="mean")
    assert plain.hr_bpm == pytest.approx(plain.clip_hr_bpm.mean())
    assert plain.hr_bpm > 70
    with pytest.raises(ValueError, match="'psd' or 'mean'"):
        heart_rate(wave, 30.0, aggregate="median")


def test_quality_separates_a_sine_from_noise():
    rng = np.random.default_rng(0)
    noise = [heart_rate(rng.standard_normal(900), 30.0).quality for _ in range(40)]
    sines = [
        heart_rate(np.sin(2 * np.pi * hr / 60 * np.arange(900) / 30), 30.0).quality
        for hr in (50, 80, 110, 140, 170)
    ]
    assert 0.1 < np.median(noise) < 0.25 and max(noise) < 0.4
    assert min(sines) > 0.85 and max(sines) <= 1


def test_long_waves_in_chunks_equal_one_piece(monkeypatch):
    wave = pulse(75, 1500, 30.0, noise=2.0)
    whole = heart_rate(wave, 30.0)
    monkeypatch.setattr("rppg.signals.heart_rate.CLIPS_A_CHUNK", 7)
    parts = heart_rate(wave, 30.0)
    np.testing.assert_allclose(parts.power, whole.power, rtol=1e-12)
    assert parts.clip_hr_bpm.tolist() == whole.clip_hr_bpm.tolist()


def test_clips_are_weighed_equally_whatever_their_size():
    quiet, loud = pulse(60, 300, 30.0), 1e6 * pulse(120, 300, 30.0)
    assert heart_rate_of_clips(np.stack([quiet, quiet, loud]), 30.0).hr_bpm == (
        pytest.approx(60, abs=1)
    )


def test_finite_stretches():
    nan = np.nan
    assert finite_stretches(np.array([nan, 1, 2, nan, 3, nan, 4, 5, 6])) == [(1, 3), (6, 9)]
    assert finite_stretches(np.array([1.0, 2, 3]), min_frames=4) == []


@pytest.mark.skipif(not HEARTPY.exists(), reason="shared/data/ppg is not beside the checkout")
def test_contact_recording():
    table = pd.read_csv(HEARTPY)
    fps = 1000 / np.diff(table["timer"]).mean()
    assert heart_rate(table["hr"].to_numpy(), fps).hr_bpm == pytest.approx(62.4, abs=2)
