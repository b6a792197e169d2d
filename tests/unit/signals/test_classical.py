"""Classical methods: the papers' loops, a known pulse, and the limits of each method."""

import numpy as np
import pytest
from scipy.signal import butter, filtfilt

from rppg.signals import classical
from rppg.signals.classical import METHODS, PULSE_SIGNATURE, detrend, wave
from rppg.signals.heart_rate import heart_rate

SKIN = np.array([180.0, 120.0, 90.0])
RATES_BPM = (52.0, 75.0, 110.0)
SOUND = {"CHROM", "POS", "PBV"}


def beat(hr_bpm, n_frames, fps=30.0):
    phase = 2 * np.pi * hr_bpm / 60 * np.arange(n_frames) / fps
    return np.sin(phase) + 0.3 * np.sin(2 * phase + 0.8)


def skin_trace(hr_bpm, n_frames=600, fps=30.0, noise=0.1, brightness=0.0, highlight=0.0, seed=0):
    """Mean skin colour (T, 3): more blood is darker; motion at 132 a minute in light or gloss."""
    blood = 0.02 * beat(hr_bpm, n_frames, fps)[:, None] * PULSE_SIGNATURE
    motion = np.sin(2 * np.pi * 2.2 * np.arange(n_frames) / fps + 1)[:, None]
    colour = SKIN * (1 - blood) * (1 + brightness * motion) + 255 * highlight * (1 + motion)
    return colour + noise * np.random.default_rng(seed).standard_normal((n_frames, 3))


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


THREE_COLOURS = [method for method in METHODS if method != "GREEN"]


@pytest.mark.parametrize("method", THREE_COLOURS)
@pytest.mark.parametrize(
    "tint", [np.ones(3), np.array([1, 0.8, 0.9]), np.array([1.01, 1, 0.99])], ids=str
)
def test_one_colour_only_is_refused_but_for_green(method, tint):
    level = 90 - 0.6 * beat(75, 600) + np.sin(np.arange(600) / 70)
    noise = np.random.default_rng(0).standard_normal((600, 3))  # rounding, over many pixels
    grey = level[:, None] * tint + 0.003 * noise * (np.ptp(tint) > 0)
    with pytest.raises(ValueError, match="needs three different colours.*use GREEN"):
        wave(method, grey, 30.0)
    assert heart_rate(wave("GREEN", grey, 30.0), 30.0).hr_bpm == pytest.approx(75, abs=1)


@pytest.mark.parametrize("method", THREE_COLOURS)
def test_a_clipped_channel_is_named(method):
    rgb = skin_trace(75)
    rgb[:, 0] = 255.0
    with pytest.raises(ValueError, match="red is constant at 255, overexposed: use GREEN"):
        wave(method, rgb, 30.0)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("size", [1e-200, 1e160, 1e300])
def test_colours_of_any_size_give_the_same_wave(method, size):
    rgb = skin_trace(75)
    with np.errstate(all="raise", under="ignore"):
        found = wave(method, size * rgb, 30.0)
    estimate = heart_rate(found, 30.0)
    assert estimate.hr_bpm == pytest.approx(heart_rate(wave(method, rgb, 30.0), 30.0).hr_bpm, abs=1)


def test_two_equal_colours_leave_pos_nothing_and_say_so():
    rgb = skin_trace(75)
    rgb[:, 2] = rgb[:, 1]
    with pytest.raises(ValueError, match="POS finds no pulse: two of the colours are the same"):
        wave("POS", rgb, 30.0)
    assert np.isfinite(wave("GREEN", rgb, 30.0)).all()


@pytest.mark.parametrize("method", ["CHROM", "POS", "PBV"])
@pytest.mark.parametrize("light", [0.0, 0.02, 0.05])
def test_a_pale_pulse_in_colour_is_not_taken_for_grey(method, light):
    pale = SKIN + 0.1 * (skin_trace(75, noise=0, brightness=0) - SKIN)  # 0.2 % in all
    moving = pale * (1 + light * np.sin(2 * np.pi * 2.2 * np.arange(600) / 30))[:, None]
    found = heart_rate(wave(method, moving, 30.0), 30.0)
    assert found.hr_bpm == pytest.approx(75, abs=1)


@pytest.mark.parametrize("method", ["CHROM", "POS"])
def test_a_pale_face_in_cold_light_is_not_taken_for_grey(method):
    """Its levels are equal within 5 %, and the light changes by more than the pulse."""
    cold = skin_trace(75, noise=0, brightness=0) / SKIN * np.array([186.5, 178.8, 179.1])
    moving = cold * (1 + 0.08 * np.sin(2 * np.pi * 0.3 * np.arange(600) / 30))[:, None]
    assert heart_rate(wave(method, moving, 30.0), 30.0).hr_bpm == pytest.approx(75, abs=1)


def test_detrend_equals_the_dense_formula_and_removes_lines():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((60, 2))
    d = np.diff(np.eye(60), n=2, axis=0)
    dense = x - np.linalg.inv(np.eye(60) + 100**2 * d.T @ d) @ x
    np.testing.assert_allclose(detrend(x, 100.0), dense, atol=1e-8)
    np.testing.assert_allclose(detrend(3 + 2.0 * np.arange(60)), 0, atol=1e-6)
