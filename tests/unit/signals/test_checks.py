"""Colours that a method cannot use are refused with a reason, and good ones are not."""

import numpy as np
import pytest
from helpers.skin_traces import SKIN, beat, skin_trace

from rppg.signals.classical import METHODS, wave
from rppg.signals.heart_rate import heart_rate

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
