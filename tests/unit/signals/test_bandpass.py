"""Band-pass: SciPy's filter at every order, rate and shape; what it refuses."""

import numpy as np
import pytest
from scipy.signal import butter, filtfilt, sosfiltfilt

from rppg.signals.bandpass import bandpass


def scipys(wave, fps, band_hz, order):
    sections = butter(order, band_hz, btype="bandpass", fs=fps, output="sos")
    return sosfiltfilt(sections, wave, padlen=min(3 * (2 * order + 1), wave.shape[-1] - 1))


@pytest.mark.parametrize("fps", [7.0, 7.5, 15.0, 29.97, 30.0, 60.0, 125.0, 1000.0])
@pytest.mark.parametrize(
    ("order", "band_hz"), [(1, (0.66, 3.0)), (2, (0.7, 2.5)), (3, (0.7, 2.5)), (4, (0.66, 3.0))]
)
def test_equals_scipys(fps, order, band_hz):
    rng = np.random.default_rng(0)
    for n_frames in (90, 301, 3000):
        wave = 100 + rng.standard_normal((2, 3, n_frames)).cumsum(axis=-1)
        expected = scipys(wave, fps, band_hz, order)
        found = bandpass(wave, fps, band_hz, order)
        assert np.abs(found - expected).max() < 1e-9 * np.abs(expected).max()


@pytest.mark.parametrize("n_frames", [1, 2, 3, 9, 10, 11])
def test_short_waves_are_reflected_as_far_as_they_go(n_frames):
    wave = np.random.default_rng(0).standard_normal(n_frames)
    expected = scipys(wave, 30.0, (0.66, 3.0), 1)
    np.testing.assert_allclose(bandpass(wave, 30.0), expected, atol=1e-12)


def test_the_default_is_the_papers_filter():
    wave = np.random.default_rng(0).standard_normal(300)
    expected = filtfilt(*butter(1, (0.66, 3.0), btype="bandpass", fs=30.0), wave)
    np.testing.assert_allclose(bandpass(wave, 30.0), expected, atol=1e-10)
    np.testing.assert_allclose(bandpass(np.stack([wave, 2 * wave]), 30.0)[1], 2 * expected)


def test_gaps_and_low_rates_are_refused():
    with pytest.raises(ValueError, match="need 7 or more"):
        bandpass(np.ones(300), 6.0)
    with pytest.raises(ValueError, match="1 of 3"):
        bandpass(np.array([1.0, np.nan, 2.0]), 30.0)


def test_the_wave_is_left_as_it_is():
    wave = np.arange(30.0)
    bandpass(wave, 30.0)
    assert wave.tolist() == list(range(30))
