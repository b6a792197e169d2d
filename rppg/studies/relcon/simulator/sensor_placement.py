"""Sensor placement: the output of a real sensor on a forearm (orientation, drift, noise, knocks).

>>> import numpy as np
>>> hanging_g = np.tile([-1.0, 0.0, 0.0], (500, 1))
>>> rng, weights = np.random.default_rng(0), np.ones((1, 500))
>>> xyz_g = sensor_output(hanging_g, weights, rng, 100.0, noise_g=0.03)
>>> xyz_g.shape, bool(0.8 < np.linalg.norm(xyz_g.mean(0)) < 1.2)
((500, 3), True)
"""

import numpy as np
from scipy.spatial.transform import Rotation

from rppg.studies.relcon.simulator.noise import events, ringing, wander

RANGE_G = 8.0
DRIFT_RAD, DRIFT_S = 0.07, 60.0
TILT_RAD = 0.14
GAIN, BIAS_G = 0.02, 0.025
KNOCK_EVERY_S, KNOCK_G, KNOCK_RING_HZ, KNOCK_DECAY_S = 60.0, 0.9, 8.0, 0.05


def sensor_output(
    arm_g: np.ndarray,
    weights: np.ndarray,
    rng: np.random.Generator,
    rate_hz: float,
    noise_g: float,
) -> np.ndarray:
    """Output of the sensor (T, 3) float32 for the specific force arm_g (T, 3).

    Any orientation (uniform on SO(3)), on a strap that drifts and slips a little with every bout;
    weights (K, T) are the weight of each bout in each sample.  Gain and bias per axis, noise of a
    tenth of noise_g (a good sensor) to noise_g (a bad one), and rare knocks.
    """
    n = len(arm_g)
    knocks, at = np.zeros((n, 3)), events(rng, n, rate_hz, KNOCK_EVERY_S)
    knocks[at] = KNOCK_G * rng.lognormal(0, 0.5, (len(at), 1)) * rng.normal(0, 1, (len(at), 3))
    arm_g = arm_g + ringing(knocks, rate_hz, KNOCK_RING_HZ, KNOCK_DECAY_S)
    drift = np.stack([wander(rng, n, rate_hz, DRIFT_S, DRIFT_RAD) for _ in range(3)], axis=1)
    slip = weights.T @ rng.normal(0, TILT_RAD, (len(weights), 3))  # (T, 3)
    put_on = Rotation.from_quat(rng.normal(size=4))  # normalised there: uniform on SO(3)
    turned_g = (put_on * Rotation.from_rotvec(drift + slip)).apply(arm_g)
    gain, bias_g = rng.normal(1, GAIN, 3), rng.normal(0, BIAS_G, 3)
    noise_g = noise_g * 10 ** -rng.uniform(0, 1)
    measured_g = gain * turned_g + bias_g + rng.normal(0, noise_g, (n, 3))
    return np.clip(measured_g, -RANGE_G, RANGE_G).astype(np.float32)
