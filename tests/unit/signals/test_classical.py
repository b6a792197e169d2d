"""Classical methods: the papers' loops, a known pulse, and the limits of each method."""

import numpy as np
import pytest
from helpers.skin_traces import SKIN, beat, skin_trace
from scipy.signal import butter, filtfilt

from rppg.signals import classical
from rppg.signals.classical import METHODS, PULSE_SIGNATURE, detrend, wave
from rppg.signals.heart_rate import heart_rate

RATES_BPM = (52.0, 75.0, 110.0)
SOUND = {"CHROM", "POS", "PBV"}


def error_bpm(method, hr_bpm, **nuisance):
    estimate = heart_rate(wave(method, skin_trace(hr_bpm, **nuisance), 30.0), 30.0)
    return abs(estimate.hr_bpm - hr_bpm)


def naive_pos(rgb, fps):
    """Algorithm 1 of Wang et al. 2017, one window after the other."""
    n = 2 * int(np.ceil(np.ceil(1.6 * fps) / 2))
    out = np.zeros(len(rgb))
    for start in range(len(rgb) - n + 1):
        window = rgb[start : start + n].T
        c = np.diag(1 / window.mean(axis=1)) @ window
        s = np.array([[0, 1, -1], [-2, 1, 1]]) @ c
        h = s[0] + np.std(s[0]) / np.std(s[1]) * s[1]
        out[start : start + n] += h - h.mean()
    return out


def naive_chrom(rgb, fps):
    """De Haan & Jeanne 2013, window by window; frames past the last whole window are left out."""
    n = 2 * int(np.ceil(np.ceil(1.6 * fps) / 2))
    b, a = butter(3, (0.7, 2.5), btype="bandpass", fs=fps)
    out = np.zeros(len(rgb))
    for start in range(0, len(rgb) - n + 1, n // 2):
        r, g, blue = (rgb[start : start + n] / rgb[start : start + n].mean(axis=0)).T
        x = filtfilt(b, a, 3 * r - 2 * g)
        y = filtfilt(b, a, 1.5 * r + g - 1.5 * blue)
        hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n)
        out[start : start + n] += (x - np.std(x) / np.std(y) * y) * hann
    return out


@pytest.mark.parametrize("fps", [25.0, 30.0, 61.3])
def test_pos_equals_the_papers_loop(fps):
    rgb = skin_trace(75, n_frames=301, fps=fps, noise=1.0)
    np.testing.assert_allclose(classical.pos(rgb, fps), naive_pos(rgb, fps), atol=1e-12)


def test_pos_in_chunks_equals_one_piece(monkeypatch):
    monkeypatch.setattr(classical, "WINDOWS_A_CHUNK", 100)
    rgb = skin_trace(75, n_frames=347, noise=1.0)  # 300 windows: whole chunks, the last one full
    np.testing.assert_allclose(classical.pos(rgb, 30.0), naive_pos(rgb, 30.0), atol=1e-12)
    np.testing.assert_allclose(classical.pos(rgb[:-1], 30.0), naive_pos(rgb[:-1], 30.0), atol=1e-12)


@pytest.mark.parametrize("fps", [25.0, 30.0, 61.3])
def test_chrom_equals_the_papers_loop(fps):
    n = 2 * int(np.ceil(np.ceil(1.6 * fps) / 2))
    rgb = skin_trace(75, n_frames=5 * n, fps=fps, noise=1.0)
    np.testing.assert_allclose(classical.chrom(rgb, fps), naive_chrom(rgb, fps), atol=1e-9)


def test_chrom_fills_the_frames_after_the_last_full_window():
    rgb = skin_trace(75, n_frames=48 * 6 + 12)
    out = classical.chrom(rgb, 30.0)
    assert out.shape == (300,)
    np.testing.assert_allclose(out[:264], naive_chrom(rgb, 30.0)[:264], atol=1e-9)
    assert np.ptp(out[288:]) > 0


def test_whole_signal_methods_equal_their_formulas():
    c = skin_trace(75, n_frames=200, noise=1.0)  # (T, 3)
    n = (c / c.mean(axis=0) - 1).T  # (3, T)
    weights = np.linalg.solve(n @ n.T, PULSE_SIGNATURE)
    u = np.linalg.svd(c.T, full_matrices=False)[0][:, 0]
    q = np.linalg.qr(c.T)[0][:, 0]
    expected = {
        "GREEN": c[:, 1],
        "PBV": weights @ n,
        "LGI": ((np.eye(3) - np.outer(u, u)) @ c.T)[1],
        "OMIT": ((np.eye(3) - np.outer(q, q)) @ c.T)[1],
    }
    for method, y in expected.items():
        y = (y - y.mean()) / y.std()
        np.testing.assert_allclose(wave(method, c, 30.0), -y, atol=1e-8, err_msg=method)


@pytest.mark.parametrize("method", METHODS)
def test_recovers_a_known_pulse_with_the_correct_sign(method):
    for hr_bpm in RATES_BPM:
        assert error_bpm(method, hr_bpm, noise=0.3) < 1
        estimate = wave(method, skin_trace(hr_bpm), 30.0)[60:-60]
        # CHROM's 2.5 Hz edge and short windows bend the harmonic; the rest follow the shape.
        assert np.corrcoef(estimate, beat(hr_bpm, 600)[60:-60])[0, 1] > 0.85


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("fps", [20.0, 59.94])
def test_other_frame_rates_and_odd_lengths(method, fps):
    rgb = skin_trace(84, n_frames=int(21 * fps) | 1, fps=fps)
    assert heart_rate(wave(method, rgb, fps), fps).hr_bpm == pytest.approx(84, abs=1)


@pytest.mark.parametrize("method", METHODS)
def test_brightness_motion_defeats_green_and_ica_only(method):
    errors_bpm = [error_bpm(method, hr_bpm, brightness=0.05) for hr_bpm in RATES_BPM]
    if method in SOUND | {"LGI", "OMIT"}:
        assert max(errors_bpm) < 1
    else:  # ICA separates the two, then takes the purer peak: now and then that is the pulse
        assert max(errors_bpm) > 10


@pytest.mark.parametrize("method", METHODS)
def test_moving_highlights_defeat_lgi_and_omit_too(method):
    """White gloss on coloured skin: LGI and OMIT project out the skin's own direction only."""
    errors_bpm = [error_bpm(method, hr_bpm, highlight=0.05) for hr_bpm in RATES_BPM]
    if method in SOUND:
        assert max(errors_bpm) < 1
    else:
        assert min(errors_bpm) > 10


@pytest.mark.parametrize("method", METHODS)
def test_a_gain_of_the_camera_changes_nothing(method):
    rgb = skin_trace(75, n_frames=300)
    np.testing.assert_allclose(wave(method, 0.5 * rgb, 30.0), wave(method, rgb, 30.0), atol=1e-3)
    np.testing.assert_array_equal(wave(method, rgb, 30.0), wave(method, rgb, 30.0))


@pytest.mark.parametrize("method", METHODS)
def test_traces_stacked_in_front_are_independent(method):
    a, b = skin_trace(60, n_frames=300), skin_trace(100, n_frames=300, seed=1)
    both = METHODS[method](np.stack([[a, b], [b, a]]), 30.0)
    assert both.shape == (2, 2, 300)
    np.testing.assert_allclose(both[1, 0], METHODS[method](b, 30.0), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_gaps_split_the_trace(method):
    rgb = skin_trace(75, n_frames=700)
    rgb[320:340, 1] = np.nan
    rgb[680] = np.nan
    estimate = wave(method, rgb, 30.0)
    assert np.isnan(estimate).nonzero()[0].tolist() == [*range(320, 340), *range(680, 700)]
    np.testing.assert_allclose(estimate[:320], wave(method, rgb[:320], 30.0))
    assert heart_rate(estimate, 30.0).hr_bpm == pytest.approx(75, abs=1)


def test_unusable_traces_are_errors_with_a_reason():
    rgb = skin_trace(75, n_frames=100)
    with pytest.raises(ValueError, match="GREEN, ICA, CHROM, POS, PBV, LGI, OMIT"):
        wave("pos", rgb, 30.0)
    with pytest.raises(ValueError, match="2.63 s"):
        wave("POS", rgb[:79], 30.0)
    with pytest.raises(ValueError, match="does not change"):
        wave("POS", np.tile(SKIN, (100, 1)), 30.0)
    with pytest.raises(ValueError, match="shape"):
        wave("POS", rgb.T, 30.0)
    with pytest.raises(ValueError, match="positive"):
        wave("POS", rgb - 200, 30.0)
    with pytest.raises(ValueError, match="too short: 2.63 s"):
        wave("POS", rgb[:79], 30.0)
    with pytest.raises(ValueError, match="no colour in any of 100 frames"):
        wave("POS", np.full((100, 3), np.nan), 30.0)
    with pytest.raises(ValueError, match="1 of 100 frames are infinite"):
        wave("POS", np.where(np.arange(100)[:, None] == 5, np.inf, rgb), 30.0)
    with pytest.raises(ValueError, match="100 of 100 frames are black"):
        wave("POS", np.zeros((100, 3)), 30.0)
    with pytest.raises(ValueError, match="constant at 255, overexposed"):
        wave("GREEN", np.full((100, 3), 255.0), 30.0)
    with pytest.raises(ValueError, match="5 frames per second are too few"):
        wave("CHROM", rgb, 5.0)


def test_detrend_equals_the_dense_formula_and_removes_lines():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((60, 2))
    d = np.diff(np.eye(60), n=2, axis=0)
    dense = x - np.linalg.inv(np.eye(60) + 100**2 * d.T @ d) @ x
    np.testing.assert_allclose(detrend(x, 100.0), dense, atol=1e-8)
    np.testing.assert_allclose(detrend(3 + 2.0 * np.arange(60)), 0, atol=1e-6)
