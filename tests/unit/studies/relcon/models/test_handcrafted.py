"""Hand-crafted features: rotation invariance, and the band of a sine."""

import numpy as np
import pytest
import torch

from rppg.studies.relcon.data.windows import RATE_HZ
from rppg.studies.relcon.models.handcrafted import EDGES_HZ, LEAST_G2, hand_made
from rppg.studies.relcon.pretraining.augment import random_rotations

TIMES_S = np.arange(256) / RATE_HZ
POWERS = slice(3, 24)


def moving(n=6):
    rng = np.random.default_rng(0)
    walk = np.cumsum(rng.normal(size=(n, 256, 3)), axis=1) / 20
    return walk + rng.normal(size=(n, 1, 3)) + 0.05 * rng.normal(size=(n, 256, 3))


def test_a_turn_of_the_sensor_changes_nothing():
    windows_g = moving()
    generator = torch.Generator().manual_seed(1)
    turns = random_rotations(len(windows_g), torch.zeros(1, dtype=torch.double), generator).numpy()
    turned = np.einsum("nij,ntj->nti", turns, windows_g)
    assert not np.allclose(turned, windows_g, atol=0.1)
    np.testing.assert_allclose(hand_made(turned), hand_made(windows_g), rtol=1e-5, atol=1e-5)
    assert not np.allclose(hand_made(windows_g * [1, 1, 2]), hand_made(windows_g), atol=0.1)


def test_a_sine_has_its_power_in_its_band_and_along_its_axis():
    windows_g = np.zeros((1, 256, 3))
    windows_g[0, :, 1] = 0.4 * np.sin(2 * np.pi * 19 / 2.56 * TIMES_S)  # 7.42 Hz
    windows_g[0, :, 2] += 1.0
    (found,) = hand_made(windows_g)
    least = np.log(LEAST_G2)
    np.testing.assert_allclose(found[:3], [least, least, np.log(0.08)], rtol=1e-3)
    expected = np.full(21, least)
    expected[(EDGES_HZ[:-1] <= 7.42) & (EDGES_HZ[1:] > 7.42)] = np.log(0.08)  # amplitude^2 / 2
    np.testing.assert_allclose(found[POWERS], expected, rtol=1e-3)
    norms = np.sqrt(1 + windows_g[0, :, 1] ** 2)
    np.testing.assert_allclose(found[24:], [norms.mean(), norms.std()], rtol=1e-5)


def test_an_edge_belongs_to_the_band_above_it_and_slow_waves_stay_out_of_fast_bands():
    def powers(hz):
        wave = np.sin(2 * np.pi * hz * TIMES_S)[None, :, None] * [1.0, 0, 0]
        return np.exp(hand_made(wave)[0, POWERS])

    of_25_hz = powers(25.0)[np.flatnonzero(EDGES_HZ == 25).item()]
    assert of_25_hz == pytest.approx(5 / 6 * 0.5, rel=1e-3)  # 1/6 leaks to the frequency below
    assert powers(0.6)[EDGES_HZ[:-1] >= 5].sum() < 1e-4  # between two frequencies of the window


def test_all_power_is_in_some_band():
    noise = 0.1 * np.random.default_rng(2).normal(size=(50, 256, 3))
    total = np.exp(hand_made(noise)[:, POWERS]).sum(axis=1)
    assert total.mean() == pytest.approx(noise.var(axis=1).sum(axis=1).mean(), rel=0.05)
    assert len(EDGES_HZ) == 22 and EDGES_HZ[0] == 0 and EDGES_HZ[-1] == 50
    assert (np.diff(EDGES_HZ) > 0).all()


@pytest.mark.parametrize("length", [16, 256])
def test_a_still_window_is_finite(length):
    still = np.tile([0.0, 0.0, 1.0], (2, length, 1))
    found = hand_made(still.astype("f4"))
    assert found.shape == (2, 26) and found.dtype == np.float32 and np.isfinite(found).all()
    np.testing.assert_allclose(found[:, :24], np.log(LEAST_G2), rtol=1e-6)
    np.testing.assert_allclose(found[:, 24:], [[1, 0], [1, 0]], atol=1e-6)


def test_windows_are_described_alone_however_many_there_are(monkeypatch):
    windows_g = moving(7)
    whole = hand_made(windows_g)
    monkeypatch.setattr("rppg.studies.relcon.models.handcrafted.AT_A_TIME", 3)
    np.testing.assert_array_equal(hand_made(windows_g), whole)


def test_what_are_no_windows_is_refused():
    for shape in ((0, 256, 3), (256, 3), (2, 3, 256)):
        with pytest.raises(ValueError, match="expected windows"):
            hand_made(np.zeros(shape))
