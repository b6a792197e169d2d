"""MR-PBV: what it cancels that one colour per frame cannot, equality with a loop, bad input."""

import numpy as np
import pytest
from helpers.regions import BPM, FPS, R, face, swing

from rppg.signals.checks import TooFewColours
from rppg.signals.classical import PULSE_SIGNATURE, wave
from rppg.signals.heart_rate import heart_rate
from rppg.signals.multi_region import LOADING, PULSE_SPREADS, multi_region_pbv


def error_bpm(bvp, bpm=BPM):
    return abs(heart_rate(bvp, FPS).hr_bpm - bpm)


def test_lamps_that_hide_the_pulse_from_one_colour_per_frame_are_cancelled():
    rgb = face()
    assert error_bpm(multi_region_pbv(rgb, FPS)) < 1
    for method in ("POS", "PBV", "CHROM"):
        assert error_bpm(wave(method, rgb.mean(axis=1), FPS)) > 5


def test_the_wave_is_that_of_a_contact_ppg():
    bvp = multi_region_pbv(face(lamps=0.0), FPS)
    assert np.corrcoef(bvp, swing(BPM, 10.0))[0, 1] > 0.95
    assert bvp.mean() == pytest.approx(0, abs=1e-12) and bvp.std() == pytest.approx(1)


def test_a_strong_pulse_that_differs_between_regions_is_not_cancelled():
    sizes = np.linspace(0.7, 1.3, R)[:, None]
    beat = 0.01 * swing(BPM, 10.0)[:, None, None] * PULSE_SIGNATURE * sizes
    noise = 3e-5 * np.random.default_rng(0).normal(size=(300, R, 3))
    bvp = multi_region_pbv(100 * (1 - beat + noise), FPS)
    assert np.corrcoef(bvp, swing(BPM, 10.0))[0, 1] > 0.95


@pytest.mark.parametrize("n_covered", [1, 2, 3])
def test_regions_without_a_pulse_do_not_hide_that_of_the_others(n_covered):
    for seed in range(6):
        rng = np.random.default_rng(seed)
        rgb = face(pulse=0.006, lamps=0.0, noise=1e-4, seed=seed)
        covered = rng.permutation(R)[:n_covered]
        rgb[:, covered] = 120 * (1 + 1e-4 * rng.normal(size=(300, n_covered, 3)))
        assert error_bpm(multi_region_pbv(rgb, FPS)) < 1


def test_short_gaps_of_regions_are_bridged_and_a_bad_stretch_leaves_the_others():
    rgb = face(seconds=30.0)
    rgb[100:110, :3] = np.nan
    rgb[200:210, 3:] = np.nan
    rgb[400:450] = np.nan
    rgb[450:] = 90.0  # frozen
    bvp = multi_region_pbv(rgb, FPS)
    assert np.isfinite(bvp[:400]).all() and np.isnan(bvp[400:]).all()
    assert error_bpm(bvp[:400]) < 1


def test_a_region_that_freezes_does_not_shrink_the_wave():
    rgb = face(seconds=20.0, lamps=0.0)
    rgb[300:, 2] = rgb[300, 2]
    bvp = multi_region_pbv(rgb, FPS)
    assert bvp[-150:].std() > 0.5 * bvp[:150].std()


def test_equals_a_loop_written_from_the_formula():
    rgb = face(seconds=10.0, seed=3)
    columns = []
    t = np.arange(300) - 149.5
    for region in range(R):
        for colour in range(3):
            course = rgb[:, region, colour] / rgb[:, region, colour].mean() - 1
            columns.append(course - np.polyval(np.polyfit(t / 150, course, 4), t / 150))
    covariance = np.array([[np.mean(a * b) for b in columns] for a in columns])
    for i in range(len(columns)):
        covariance[i, i] += (
            LOADING * np.mean([np.mean(c * c) for c in columns]) + PULSE_SPREADS[0] ** 2
        )
    p = np.array([*PULSE_SIGNATURE] * R)
    weights = np.linalg.inv(covariance) @ p
    y = -sum(w * c for w, c in zip(weights, columns, strict=True))
    expected = (y - y.mean()) / y.std()
    np.testing.assert_allclose(multi_region_pbv(rgb, FPS), expected, atol=1e-6)


def test_gain_and_order_of_regions_change_nothing():
    rgb = face()
    bvp = multi_region_pbv(rgb, FPS)
    gains = np.random.default_rng(1).uniform(0.2, 1.4, (R, 3))
    np.testing.assert_allclose(multi_region_pbv(rgb * gains, FPS), bvp, atol=1e-8)
    np.testing.assert_allclose(multi_region_pbv(rgb[:, ::-1], FPS), bvp, atol=1e-8)


def test_windows_of_a_long_recording_follow_a_changing_lamp():
    parts = [face(seconds=20.0, seed=seed) for seed in (1, 2)]  # another lamp from 20 s on
    rgb = np.concatenate([parts[0], parts[1] / parts[1].mean(axis=0) * parts[0].mean(axis=0)])
    bvp = multi_region_pbv(rgb, FPS)
    assert np.isfinite(bvp).all()
    for part in (bvp[:500], bvp[-500:]):
        assert error_bpm(part) < 1


def test_gaps_stay_gaps_and_a_region_that_is_hidden_is_left_out():
    rgb = face(seconds=20.0)
    rgb[:100, 2] = np.nan  # one region, at the beginning
    rgb[:, 4] = 0.0  # a black one
    rgb[:, 5] = 100.0  # and a constant one
    rgb[300:360] = np.nan  # 2 s
    bvp = multi_region_pbv(rgb, FPS)
    assert np.array_equal(np.flatnonzero(np.isnan(bvp)), np.arange(300, 360))
    assert error_bpm(bvp[:300]) < 3 and error_bpm(bvp[360:]) < 3


@pytest.mark.parametrize("seconds", [3.0, 4.3, 10.0, 12.5, 61.0])
def test_any_length_from_three_seconds_on(seconds):
    bvp = multi_region_pbv(face(seconds=seconds, lamps=0.0, bpm=90.0), FPS)
    assert len(bvp) == round(seconds * FPS) and error_bpm(bvp, 90.0) < 4


@pytest.mark.parametrize(
    ("rgb", "error", "match"),
    [
        (np.ones((300, 3)), ValueError, r"\(T, R, 3\)"),
        (face()[:60], ValueError, "3 s without a gap"),
        (np.full((300, 6, 3), np.nan), ValueError, "3 s without a gap"),
        (np.full((300, 6, 3), 90.0), ValueError, "does not change"),
        (np.zeros((300, 6, 3)), ValueError, "no region"),
        (face()[..., [1, 1, 1]], TooFewColours, "use GREEN"),
    ],
)
def test_bad_input_is_refused(rgb, error, match):
    with pytest.raises(error, match=match):
        multi_region_pbv(rgb, FPS)


def test_too_few_frames_per_second_are_refused():
    with pytest.raises(ValueError, match="too few"):
        multi_region_pbv(face(), 5.0)
