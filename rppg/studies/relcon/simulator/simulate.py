"""Simulated wrist accelerometers: six activities of many subjects, with a known cadence.

    >>> recording = next(simulate(SimulatorConfig(n_subjects=1, n_sessions=1, bout_s=20.0)))
    >>> recording.id, recording.xyz_g.shape, sorted(recording.targets)
    ('simulator/S01/1', (13500, 3), ['cadence_spm'])

Parameters follow physiology: cadences, swings and shocks of adults (subject.py, gait.py), any
sensor orientation (sensor_placement.py).  It is hard for the same reasons as real wrists:
activities overlap in rate and strength, people differ, an arm may be in a pocket, on a railing or
hold a phone, gravity rotates with the posture, and transitions have no label ("").
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np

from rppg.studies.relcon.data.recording import MotionRecording
from rppg.studies.relcon.simulator.forearm import Motion, specific_force
from rppg.studies.relcon.simulator.gait import move_by_foot
from rppg.studies.relcon.simulator.noise import minimum_jerk
from rppg.studies.relcon.simulator.seated import move_seated
from rppg.studies.relcon.simulator.sensor_placement import sensor_output
from rppg.studies.relcon.simulator.subject import Person, draw_person

DATASET = "simulator"
BY_FOOT = ("walking", "stairs", "running")
SEATED = ("cycling", "sitting", "typing")
ACTIVITIES = BY_FOOT + SEATED
TURN_S = 3.0  # unlabelled transition between activities
LEAST = {"n_subjects": 1, "n_sessions": 1, "bout_s": 5.0, "rate_hz": 40.0}


@dataclass(frozen=True)
class SimulatorConfig:
    """Who is simulated, and for how long.  Raises ValueError for invalid values.

    A subject's sessions depend on seed, bout_s, rate_hz and noise_g, not on the number of subjects
    or sessions.
    """

    n_subjects: int = 34
    n_sessions: int = 2
    bout_s: float = 60.0  # of each activity in each session
    rate_hz: float = 100.0
    noise_g: float = 0.03  # standard deviation of the worst sensor; a tenth for the best
    seed: int = 0

    def __post_init__(self) -> None:
        for field in fields(self):
            value, least = getattr(self, field.name), LEAST.get(field.name, 0)
            is_integer = isinstance(field.default, int)
            valid = isinstance(value, int if is_integer else (int, float)) and value >= least
            if not valid or isinstance(value, bool):
                kind = "an integer" if is_integer else "a number"
                raise ValueError(f"{field.name} is {value!r}, expected {kind} of {least:g} or more")


def simulate(config: SimulatorConfig) -> Iterator[MotionRecording]:
    """All sessions of all subjects, one after the other; origin "synthetic".

    Each session has an hour of its own.  Target "cadence_spm": steps per minute on foot, else NaN.
    """
    for subject in range(1, config.n_subjects + 1):
        for session in range(1, config.n_sessions + 1):
            yield simulate_session(config, subject, session)


def simulate_session(config: SimulatorConfig, subject: int, session: int) -> MotionRecording:
    """One session of one subject, both counted from 1; deterministic."""
    person = draw_person(np.random.default_rng([config.seed, subject, 0]))
    rng = np.random.default_rng([config.seed, subject, session])
    order = [ACTIVITIES[i] for i in rng.permutation(len(ACTIVITIES))]
    motions = [_bout(activity, person, rng, config) for activity in order]
    weights = _weights(config)  # (K, T)
    arm_g = _joined(motions, weights, config)  # (T, 3)
    start_s = 3600 * session + int(rng.integers(60, 1200))
    return MotionRecording(
        dataset=DATASET,
        subject=f"S{subject:02d}",
        session=str(session),
        times_s=start_s + np.arange(len(arm_g)) / config.rate_hz,
        xyz_g=sensor_output(arm_g, weights, rng, config.rate_hz, config.noise_g),
        activities=_in_bouts(order, "", object, config),
        targets={"cadence_spm": _in_bouts([m.cadence_spm for m in motions], np.nan, float, config)},
        origin="synthetic",
    )


def _bout(
    activity: str, person: Person, rng: np.random.Generator, config: SimulatorConfig
) -> Motion:
    """One activity, with a transition before and after it."""
    n_bout, n_turn = _lengths(config)
    move = move_by_foot if activity in BY_FOOT else move_seated
    return move(activity, person, rng, n_bout + 2 * n_turn, config.rate_hz)


def _lengths(config: SimulatorConfig) -> tuple[int, int]:
    """Number of samples of a bout and of a transition."""
    return round(config.bout_s * config.rate_hz), round(TURN_S * config.rate_hz)


def _weights(config: SimulatorConfig) -> np.ndarray:
    """Weight of each bout in each sample (K, T): 1 within it, fading over the transitions."""
    n_bout, n_turn = _lengths(config)
    k = np.arange(len(ACTIVITIES))[:, None]
    at = np.arange(len(k) * (n_bout + n_turn) - n_turn)  # (T,)
    since = at - k * (n_bout + n_turn) + n_turn  # (K, T) samples since the bout fades in
    return minimum_jerk(since / n_turn) - minimum_jerk((since - n_turn - n_bout) / n_turn)


def _joined(motions: list[Motion], weights: np.ndarray, config: SimulatorConfig) -> np.ndarray:
    """Specific force on the forearm over all bouts, (T, 3) in g, cross-faded."""
    n_bout, n_turn = _lengths(config)
    n = weights.shape[1]
    parts = np.zeros((n, 6))  # pitch, roll, body, reach
    for k, (motion, weight) in enumerate(zip(motions, weights, strict=True)):
        start = k * (n_bout + n_turn) - n_turn
        reach_m = np.full(len(motion.pitch_rad), motion.reach_m)
        part = np.column_stack([motion.pitch_rad, motion.roll_rad, motion.body_g, reach_m])
        low, high = max(start, 0), min(start + len(part), n)
        parts[low:high] += weight[low:high, None] * part[low - start : high - start]
    return specific_force(parts[:, 0], parts[:, 1], parts[:, 2:5], parts[:, 5], config.rate_hz)


def _in_bouts(values: list, between, dtype, config: SimulatorConfig) -> np.ndarray:
    """(T,): within each bout its value, or its own values without those of the transitions."""
    n_bout, n_turn = _lengths(config)
    out = np.full(len(values) * (n_bout + n_turn) - n_turn, between, dtype=dtype)
    for k, value in enumerate(values):
        start = k * (n_bout + n_turn)
        inside = value if isinstance(value, str) else value[n_turn : n_turn + n_bout]
        out[start : start + n_bout] = inside
    return out
