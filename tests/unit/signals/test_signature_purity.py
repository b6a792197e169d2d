"""Purity of the signature: high at the pulse, low at lamps and in noise, whatever the gain."""

import numpy as np
import pytest
from helpers.regions import BPM, FPS, LAMPS_BPM, R, face

from rppg.signals.checks import TooFewColours
from rppg.signals.multi_region import pulse_windows
from rppg.signals.signature_purity import signature_purity

FREQ_HZ = np.linspace(0.7, 3, 139)


def at(purity, bpm):
    return purity[np.abs(60 * FREQ_HZ - bpm).argmin()]


def test_the_pulse_is_pure_and_lamps_that_are_stronger_are_not():
    purity = signature_purity(face(), FPS, FREQ_HZ)
    assert abs(60 * FREQ_HZ[purity.argmax()] - BPM) < 2
    assert at(purity, BPM) > 0.5
    assert max(at(purity, lamp_bpm) for lamp_bpm in LAMPS_BPM) < 0.1


def test_noise_is_seldom_pure():
    highest = [signature_purity(face(pulse=0, seed=n), FPS, FREQ_HZ).max() for n in range(8)]
    assert np.median(highest) < 0.5


def test_a_gain_of_each_colour_of_each_region_changes_nothing():
    rgb = face()
    gains = np.random.default_rng(1).uniform(0.2, 3, (R, 3))
    expected = signature_purity(rgb, FPS, FREQ_HZ)
    assert signature_purity(rgb * gains, FPS, FREQ_HZ) == pytest.approx(expected, rel=1e-6)


def test_it_is_the_ratio_of_the_printed_formula():
    rgb = face(seconds=9.0)
    ((one,),) = pulse_windows(rgb, FPS)
    t = np.arange(len(rgb)) / FPS
    expected = []
    for freq in FREQ_HZ:
        tone = np.exp(-2j * np.pi * freq * t)
        x = sum(row * value for row, value in zip(one.channels, tone, strict=True))
        along = abs(one.signature @ one.inverse @ x) ** 2
        expected.append(along / (one.signature @ one.inverse @ one.signature))
        expected[-1] /= (x.conj() @ one.inverse @ x).real
    assert signature_purity(rgb, FPS, FREQ_HZ) == pytest.approx(expected, rel=1e-9)


def test_a_gap_splits_the_windows_and_a_long_recording_adds_them_up():
    rgb = face(seconds=30.0)
    rgb[400:410] = np.nan
    purity = signature_purity(rgb, FPS, FREQ_HZ)
    assert np.isfinite(purity).all() and (purity >= 0).all() and (purity <= 1).all()
    assert at(purity, BPM) > 0.5


def test_colours_that_cannot_be_used_are_refused():
    with pytest.raises(ValueError, match="no 3 s without a gap"):
        signature_purity(np.full((300, R, 3), np.nan), FPS, FREQ_HZ)
    with pytest.raises(TooFewColours):
        signature_purity(face()[:, :, :1] * np.ones(3), FPS, FREQ_HZ)
