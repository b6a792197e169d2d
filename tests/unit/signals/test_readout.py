"""Read-outs: the paper's is SciPy's filter and Welch, clip by clip; ours the mean's peak."""

import numpy as np
import pytest
from scipy.signal import butter, sosfiltfilt, welch

from rppg.signals.heart_rate import heart_rate
from rppg.signals.readout import PAPER, Readout

FPS = 30.0


def drifting(n_frames=900, from_bpm=60.0, to_bpm=90.0, noise=0.3):
    rate_hz = np.linspace(from_bpm, to_bpm, n_frames) / 60
    beat = np.sin(2 * np.pi * np.cumsum(rate_hz) / FPS)
    return beat + noise * np.random.default_rng(0).standard_normal(n_frames)


def test_the_papers_is_scipys_butterworth_and_welch_clip_by_clip():
    wave, step_s = drifting(), 10.0
    found = Readout(**PAPER, step_s=step_s)(wave, FPS)
    sos = butter(1, (0.66, 3.0), "bandpass", fs=FPS, output="sos")
    filtered = sosfiltfilt(sos, wave)
    rates = []
    for start in (0, 300, 600):
        freq_hz, power = welch(filtered[start : start + 300], FPS, nperseg=256, nfft=5400)
        inside = (freq_hz >= 0.66) & (freq_hz <= 3.0)
        rates.append(60 * freq_hz[inside][power[inside].argmax()])
    np.testing.assert_allclose(found.clip_hr_bpm, rates, atol=1e-6)
    assert found.hr_bpm == pytest.approx(np.mean(rates)) and found.aggregate == "mean"


def test_ours_is_unchanged_and_the_steps_number_the_clips():
    wave = drifting()
    ours, before = Readout()(wave, FPS), heart_rate(wave, FPS)
    assert ours.hr_bpm == before.hr_bpm and ours.aggregate == "psd"
    assert len(ours.clip_hr_bpm) == 41 and len(Readout(step_s=10.0)(wave, FPS).clip_hr_bpm) == 3


def test_a_short_wave_and_another_frame_rate_have_a_paper_rate_too():
    for fps, n_frames in ((30.0, 120), (25.0, 700), (60.0, 900)):
        wave = np.sin(2 * np.pi * 1.5 * np.arange(n_frames) / fps)
        assert Readout(**PAPER)(wave, fps).hr_bpm == pytest.approx(90, abs=1.5)


def test_what_is_no_read_out_is_refused():
    for given, message in (
        ({"spectrum": "fft"}, "spectrum 'fft', expected one of 'padded', 'welch'"),
        ({"aggregate": "median"}, "aggregate 'median', expected one of '', 'psd', 'mean'"),
        ({"step_s": 0.0}, "step_s 0.0, expected seconds above 0"),
    ):
        with pytest.raises(ValueError, match=message):
            Readout(**given)
