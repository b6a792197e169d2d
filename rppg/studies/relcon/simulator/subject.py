"""Simulated subjects: traits that stay the same in all sessions of a person.

Ranges are those of adults.  Cadences overlap between people and between activities, so neither the
rate nor the amplitude of a window alone identifies the activity.

    >>> import numpy as np
    >>> person = draw_person(np.random.default_rng(0))
    >>> bool(80 < person.gaits["stairs"].cadence_spm < 120)
    True
"""

from dataclasses import dataclass

import numpy as np

CADENCES_SPM = {"walking": (95.0, 130.0), "stairs": (80.0, 120.0), "running": (145.0, 185.0)}
VERTICAL_G = {  # of the trunk at 1, 2, 3, 4 times the step rate
    "walking": (0.18, 0.07, 0.04, 0.02),
    "stairs": (0.15, 0.08, 0.05, 0.02),
    "running": (0.90, 0.35, 0.15, 0.08),
}
FORWARD_G = {
    "walking": (0.10, 0.05, 0.02),
    "stairs": (0.10, 0.05, 0.02),
    "running": (0.30, 0.15, 0.08),
}
LATERAL_G = {  # at 1/2 and 3/2 of the step rate: left and right foot
    "walking": (0.08, 0.05),
    "stairs": (0.10, 0.05),
    "running": (0.25, 0.12),
}
HEEL_G = {"walking": 0.15, "stairs": 0.10, "running": 0.60}
SWING_DEG = {"walking": 18.0, "stairs": 10.0, "running": 24.0}
UNSTEADY = {"walking": 0.02, "stairs": 0.04, "running": 0.015}  # of the rate, step to step
SHAKE_G = {"walking": 0.04, "stairs": 0.04, "running": 0.16}  # soft tissue, clothes, strap


@dataclass(frozen=True)
class Harmonics:
    """A periodic function: sum of amplitude[k] cos(order[k] phase + lag[k]), each (K,)."""

    order: np.ndarray
    amplitude: np.ndarray
    lag: np.ndarray

    def __call__(self, phase: np.ndarray) -> np.ndarray:
        """Values (T,) at phase (T,) in radians."""
        turns = np.multiply.outer(phase, self.order) + self.lag  # (T, K)
        return np.cos(turns) @ self.amplitude


@dataclass(frozen=True)
class Gait:
    """One person's walking, climbing or running; harmonics are in g (swing: radians)."""

    cadence_spm: float
    unsteady: float
    swing: Harmonics
    forward: Harmonics
    lateral: Harmonics
    vertical: Harmonics
    heel_g: float
    shake_g: float


@dataclass(frozen=True)
class Person:
    """Traits of one subject."""

    gaits: dict[str, Gait]
    arm_m: float  # shoulder to wrist
    pedal_rpm: float
    keys_per_s: float
    key_g: float
    breath_hz: float
    tremor_g: float
    restless: float  # scales fidgets and gestures
    roll_rad: float  # of resting hands


def draw_person(rng: np.random.Generator) -> Person:
    """One subject's traits.  Cadences of the gaits are correlated within a person."""
    tempo, vigour = rng.normal(), rng.lognormal(0, 0.2)
    return Person(
        gaits={name: _draw_gait(rng, name, tempo, vigour) for name in CADENCES_SPM},
        arm_m=rng.uniform(0.48, 0.62),
        pedal_rpm=rng.uniform(55, 95),
        keys_per_s=rng.uniform(2.5, 7.0),
        key_g=0.05 * rng.lognormal(0, 0.35),
        breath_hz=rng.uniform(0.18, 0.32),
        tremor_g=0.004 * rng.lognormal(0, 0.3),
        restless=rng.lognormal(0, 0.4),
        roll_rad=rng.normal(0, 0.4),
    )


def _draw_gait(rng: np.random.Generator, name: str, tempo: float, vigour: float) -> Gait:
    low, high = CADENCES_SPM[name]
    place = np.tanh(0.8 * (0.6 * tempo + 0.8 * rng.normal()))  # in -1 .. 1
    swing_rad = np.radians(SWING_DEG[name]) * vigour * rng.lognormal(0, 0.25)
    return Gait(
        cadence_spm=(low + high) / 2 + place * (high - low) / 2,
        unsteady=UNSTEADY[name] * rng.lognormal(0, 0.2),
        swing=_draw_harmonics(rng, (0.5, 1.0, 1.5), swing_rad * np.array([1, 0.15, 0.05])),
        forward=_draw_harmonics(rng, (1, 2, 3), vigour * np.array(FORWARD_G[name])),
        lateral=_draw_harmonics(rng, (0.5, 1.5), vigour * np.array(LATERAL_G[name])),
        vertical=_draw_harmonics(
            rng,
            (0.5, 1, 2, 3, 4),  # half the step rate: one leg pushes more
            vigour * np.array([0.2 * VERTICAL_G[name][0], *VERTICAL_G[name]]),
        ),
        heel_g=HEEL_G[name] * rng.lognormal(0, 0.35),
        shake_g=SHAKE_G[name] * vigour,
    )


def _draw_harmonics(rng: np.random.Generator, order, amplitude: np.ndarray) -> Harmonics:
    """The given amplitudes, each varied by about 30 %, with uniform phase lags."""
    scatter = rng.lognormal(0, 0.3, len(order))
    lag = rng.uniform(-np.pi, np.pi, len(order))
    return Harmonics(np.array(order, float), amplitude * scatter, lag)
