"""Coherence of face regions: 1 for a wave that all have, low for what each has by itself."""

import numpy as np
import pytest

from rppg.datasets.prepared import SINGLE_REGIONS
from rppg.inference.classical import region_waves
from rppg.preprocessing.mstmap import COMBINATIONS
from rppg.signals.region_coherence import region_coherence

FPS, FREQ_HZ = 30.0, np.arange(0.7, 3.0, 0.01)
T = np.arange(300) / FPS


def at(rate_bpm: float, coherence: np.ndarray) -> float:
    return float(np.interp(rate_bpm / 60, FREQ_HZ, coherence))


def beat(rate_bpm: float, phase: float = 0.0) -> np.ndarray:
    return np.sin(2 * np.pi * rate_bpm / 60 * T + phase)


def test_one_pulse_in_all_regions_and_another_rhythm_with_opposite_signs():
    signs = np.array([1, -1, 1, -1, 1, -1])[:, None]
    coherence = region_coherence(beat(72) + signs * beat(120), FPS, FREQ_HZ)
    assert at(72, coherence) == pytest.approx(1, abs=0.01)
    assert at(120, coherence) == pytest.approx(0, abs=0.01)


def test_noise_of_its_own_in_each_of_r_regions_has_about_one_rth():
    noise = np.random.default_rng(0).standard_normal((200, 6, 300))
    mean = np.mean([region_coherence(one, FPS, FREQ_HZ) for one in noise])
    assert mean == pytest.approx(1 / 6, abs=0.03)


def test_the_naive_ratio_of_powers_is_the_same():
    waves = beat(72) + np.random.default_rng(1).standard_normal((4, 300))
    unit = (waves - waves.mean(axis=1, keepdims=True)) / waves.std(axis=1, keepdims=True)
    unit = unit * np.hanning(302)[1:-1]
    unit -= unit.mean(axis=1, keepdims=True)
    for freq_hz in (1.0, 1.2, 2.15):
        spectra = [sum(w * np.exp(-2j * np.pi * freq_hz * T)) for w in unit]
        expected = abs(np.mean(spectra)) ** 2 / np.mean(np.abs(spectra) ** 2)
        assert region_coherence(waves, FPS, np.array([freq_hz])) == pytest.approx(
            expected, abs=5e-3
        )


def test_gain_and_offset_of_a_region_change_nothing():
    waves = beat(72) + np.random.default_rng(2).standard_normal((6, 300))
    gains, offsets = np.array([1, 5, 0.01, 1e3, 2, 1e-6]), np.array([0, 3, 1, -50, 0, 2e-6])
    changed = waves * gains[:, None] + offsets[:, None]
    one, other = (region_coherence(w, FPS, FREQ_HZ) for w in (waves, changed))
    np.testing.assert_allclose(one, other, atol=1e-9)


def test_gaps_are_bridged_and_regions_without_a_wave_are_left_out():
    waves = np.tile(beat(72), (6, 1))
    waves[:, 100:130] = np.nan
    waves[1], waves[2] = np.nan, 7.0
    assert at(72, region_coherence(waves, FPS, FREQ_HZ)) == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("n_flat", [5, 6])
def test_fewer_than_two_regions_have_none(n_flat):
    waves = np.tile(beat(72), (6, 1))
    waves[:n_flat] = 0.0
    assert not region_coherence(waves, FPS, FREQ_HZ).any()


def test_the_rows_of_single_regions_are_those_of_the_map():
    assert np.array_equal(COMBINATIONS[list(SINGLE_REGIONS)], np.eye(6, dtype=bool))


def test_the_waves_of_a_map_are_those_of_its_regions_that_can_be_used():
    colour = np.array([0.33, 0.77, 0.53])
    mstmap = np.full((300, 63, 6), 100.0)
    mstmap[..., :3] *= 1 - 0.01 * beat(72)[:, None, None] * colour
    mstmap[:, SINGLE_REGIONS[0]] = 0.0
    waves = region_waves(mstmap, FPS)
    assert waves.shape == (5, 300)
    assert at(72, region_coherence(waves, FPS, FREQ_HZ)) == pytest.approx(1, abs=0.01)
    with pytest.raises(ValueError, match="3 s"):
        region_waves(np.full((300, 63, 6), np.nan), FPS)
