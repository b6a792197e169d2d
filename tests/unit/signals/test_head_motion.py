"""The head's motion over frequency: amplitude and place of a nod, drift, gaps."""

import numpy as np
import pytest

from rppg.signals.head_motion import motion_amplitude

FREQ_HZ = np.linspace(40, 180, 421) / 60
TIMES_S = np.arange(300) / 30


def head(amplitude: float, hz: float, column: int = 3) -> np.ndarray:
    moved = np.zeros((300, 5)) + [2.0, 1.5, 0, 0.4, 0]
    moved[:, column] += amplitude * np.sin(2 * np.pi * hz * TIMES_S)
    return moved


@pytest.mark.parametrize("column", range(5))
@pytest.mark.parametrize("hz", [1.0, 1.7, 2.5])
def test_a_motion_of_any_coordinate_has_its_amplitude_at_its_rate(column, hz):
    found = motion_amplitude(head(0.03, hz, column), 30, FREQ_HZ)
    assert FREQ_HZ[found.argmax()] == pytest.approx(hz, abs=0.02)
    assert found.max() == pytest.approx(0.03, rel=0.1)


def test_a_slow_drift_is_no_motion_in_the_band():
    drift = head(0, 1.0)
    drift[:, 0] += np.linspace(0, 0.3, 300)
    assert motion_amplitude(drift, 30, FREQ_HZ).max() < 0.005


def test_gaps_are_bridged_and_a_head_that_is_hardly_there_moves_not():
    moved = head(0.03, 1.5)
    moved[100:115] = np.nan
    assert motion_amplitude(moved, 30, FREQ_HZ).max() == pytest.approx(0.03, rel=0.2)
    moved[20:] = np.nan
    assert (motion_amplitude(moved, 30, FREQ_HZ) == 0).all()
