"""Kinematics of a forearm to the specific force on it.

The forearm is a rod that swings about a joint on a moving trunk.

    >>> import numpy as np
    >>> hanging_rad, unrolled_rad, at_rest_g = np.zeros(9), np.zeros(9), np.zeros((9, 3))
    >>> specific_force(hanging_rad, unrolled_rad, at_rest_g, 0.5, 100.0)[0].tolist()
    [-1.0, 0.0, 0.0]
"""

from typing import NamedTuple

import numpy as np

EARTH_M_S2 = 9.80665


class Motion(NamedTuple):
    """Motion of the arm, T samples."""

    pitch_rad: np.ndarray  # (T,) of the forearm: 0 hangs, pi/2 points forward
    roll_rad: np.ndarray  # (T,) of the forearm about its own axis
    body_g: np.ndarray  # (T, 3) acceleration of its joint: forward, left, up
    cadence_spm: np.ndarray  # (T,) steps per minute, NaN without steps
    reach_m: float  # from its joint to the wrist


def specific_force(
    pitch_rad: np.ndarray, roll_rad: np.ndarray, body_g: np.ndarray, reach_m, rate_hz: float
) -> np.ndarray:
    """Output of an ideal accelerometer on the forearm, (T, 3) in g; arguments as in Motion.

    Axes: along the forearm to the hand, across it, out of it.  At rest its norm is 1: gravity.
    """
    pitch, roll = pitch_rad, roll_rad
    speed = np.gradient(pitch) * rate_hz
    turn = np.gradient(speed) * rate_hz
    forward, left, up = body_g.T
    up = up + 1
    along = forward * np.sin(pitch) - up * np.cos(pitch) - reach_m * speed**2 / EARTH_M_S2
    out = forward * np.cos(pitch) + up * np.sin(pitch) + reach_m * turn / EARTH_M_S2
    across, out = (
        left * np.cos(roll) - out * np.sin(roll),
        left * np.sin(roll) + out * np.cos(roll),
    )
    return np.stack([along, across, out], axis=1)  # (T, 3)
