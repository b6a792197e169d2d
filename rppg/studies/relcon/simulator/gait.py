"""Walking, climbing stairs, running: a swinging arm on a bouncing trunk.

The arm is a pendulum at half the step rate (in counter-phase to the legs), the trunk moves with
harmonics of the step rate, and every heel strike sends a short shock up the body.

    >>> import numpy as np
    >>> from rppg.studies.relcon.simulator.subject import draw_person
    >>> rng = np.random.default_rng(0)
    >>> motion = move_by_foot("walking", draw_person(rng), rng, n=1000, rate_hz=100.0)
    >>> motion.body_g.shape, motion.cadence_spm.shape
    ((1000, 3), (1000,))
"""

import numpy as np

from rppg.studies.relcon.simulator.forearm import Motion
from rppg.studies.relcon.simulator.noise import band_noise, minimum_jerk, ringing, wander
from rppg.studies.relcon.simulator.subject import Gait, Person

HEEL_RING_HZ, HEEL_DECAY_S = 13.0, 0.035


def move_by_foot(
    activity: str, person: Person, rng: np.random.Generator, n: int, rate_hz: float
) -> Motion:
    """n samples of "walking", "stairs" or "running" by one person."""
    gait = person.gaits[activity]
    rate = gait.cadence_spm / 60 * np.exp(_unrest(rng, gait, n, rate_hz))  # (T,) steps per second
    phase = rng.uniform(0, 4 * np.pi) + 2 * np.pi * np.cumsum(rate) / rate_hz
    vigour = (60 * rate / gait.cadence_spm) ** 2 * np.exp(wander(rng, n, rate_hz, 6.0, 0.12))
    level, swing = _CARRIED[activity](rng)
    if activity == "stairs":
        landing = _landings(rng, phase)
        swing, vigour = swing * (1 + landing), vigour * (1 - 0.3 * landing)
    pitch = level + swing * np.sqrt(vigour) * gait.swing(phase)
    pitch = pitch + wander(rng, n, rate_hz, 4.0, 0.06)
    body_g = _trunk(rng, gait, phase, rate_hz) * vigour[:, None]
    roll = person.roll_rad / 2 + 0.25 * swing * gait.swing(phase + 0.6)
    return Motion(
        pitch,
        roll + wander(rng, n, rate_hz, 5.0, 0.1),
        body_g,
        60 * rate,
        person.arm_m * (0.6 if activity == "running" else 1.0),  # the elbow is bent
    )


def _unrest(rng: np.random.Generator, gait: Gait, n: int, rate_hz: float) -> np.ndarray:
    """Log of rate / usual rate (T,): variation of the bout, over seconds, from step to step."""
    slow = wander(rng, n, rate_hz, 12.0, 0.03)
    return rng.normal(0, 0.03) + slow + wander(rng, n, rate_hz, 0.5, gait.unsteady)


def _trunk(rng: np.random.Generator, gait: Gait, phase: np.ndarray, rate_hz: float) -> np.ndarray:
    """Acceleration of the trunk as it reaches the arm, (T, 3) in g: forward, left, up."""
    smooth = np.stack([wave(phase) for wave in (gait.forward, gait.lateral, gait.vertical)], 1)
    steps = np.flatnonzero(np.diff(np.floor(phase / (2 * np.pi))) > 0)
    shocks = np.zeros((len(phase), 3))
    size = gait.heel_g * rng.lognormal(0, 0.35, len(steps))
    shocks[steps] = size[:, None] * rng.normal([0.5, 0.0, 1.0], [0.2, 0.25, 0.2], (len(steps), 3))
    shake = [band_noise(rng, len(phase), rate_hz, 2.5, 14.0) for _ in range(3)]
    ring = ringing(shocks, rate_hz, HEEL_RING_HZ, HEEL_DECAY_S)
    return smooth + ring + gait.shake_g * np.stack(shake, 1)  # (T, 3)


def _walking_arm(rng: np.random.Generator) -> tuple[float, float]:
    """Mean pitch of the arm, and the share of its free swing."""
    kind = rng.choice(["free", "pocket", "held"], p=[0.7, 0.15, 0.15])
    if kind == "free":
        return rng.normal(0.15, 0.1), rng.uniform(0.6, 1.2)
    if kind == "pocket":
        return rng.normal(0.4, 0.1), rng.uniform(0.1, 0.3)
    return rng.normal(1.4, 0.25), rng.uniform(0.1, 0.3)  # a phone, a bag's strap


def _stairs_arm(rng: np.random.Generator) -> tuple[float, float]:
    if rng.random() < 0.4:
        return rng.normal(1.1, 0.2), rng.uniform(0.1, 0.4)  # on the railing
    return rng.normal(0.25, 0.12), rng.uniform(0.5, 1.2)


def _running_arm(rng: np.random.Generator) -> tuple[float, float]:
    return rng.normal(1.6, 0.2), rng.uniform(0.7, 1.2)


_CARRIED = {"walking": _walking_arm, "stairs": _stairs_arm, "running": _running_arm}


def _landings(rng: np.random.Generator, phase: np.ndarray) -> np.ndarray:
    """1 on landings, 0 on flights (T,): flights of 8 to 18 steps, landings of 2 to 4."""
    steps = (phase - phase[0]) / (2 * np.pi)
    on, at = np.zeros(len(phase)), float(rng.integers(0, 12))
    while at < steps[-1]:
        length = rng.integers(2, 5)
        on += minimum_jerk(steps - at) - minimum_jerk(steps - at - length)
        at += length + rng.integers(8, 19)
    return np.clip(on, 0, 1)
