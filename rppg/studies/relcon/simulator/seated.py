"""Cycling, sitting, typing: resting hands and their small movements.

>>> import numpy as np
>>> from rppg.studies.relcon.simulator.subject import draw_person
>>> rng = np.random.default_rng(0)
>>> motion = move_seated("typing", draw_person(rng), rng, n=1000, rate_hz=100.0)
>>> bool(np.isnan(motion.cadence_spm).all())
True
"""

import numpy as np

from rppg.studies.relcon.simulator.forearm import Motion
from rppg.studies.relcon.simulator.noise import band_noise, episodes, events, moves, ringing, wander
from rppg.studies.relcon.simulator.subject import Person

FOREARM_M = 0.26  # elbow to wrist
KEY_RING_HZ, KEY_DECAY_S = 22.0, 0.02
BUMP_RING_HZ, BUMP_DECAY_S = 9.0, 0.06


def move_seated(
    activity: str, person: Person, rng: np.random.Generator, n: int, rate_hz: float
) -> Motion:
    """n samples of "cycling", "sitting" or "typing" by one person."""
    pitch, roll, body_g = _SEATED[activity](person, rng, n, rate_hz)
    breath = np.sin(2 * np.pi * person.breath_hz * np.arange(n) / rate_hz + rng.uniform(0, 6.3))
    tremor = [person.tremor_g * band_noise(rng, n, rate_hz, 7.0, 12.0) for _ in range(3)]
    pitch = pitch + 0.004 * breath * np.exp(wander(rng, n, rate_hz, 8.0, 0.3))
    return Motion(pitch, roll, body_g + np.stack(tremor, axis=1), np.full(n, np.nan), FOREARM_M)


def _cycling(person: Person, rng: np.random.Generator, n: int, rate_hz: float):
    """Hands on the handlebar: road vibration and bumps (none indoors), sway from pedalling."""
    outdoors = rng.random() < 0.6
    rpm = person.pedal_rpm * np.exp(rng.normal(0, 0.08) + wander(rng, n, rate_hz, 8.0, 0.04))
    phase = rng.uniform(0, 2 * np.pi) + 2 * np.pi * np.cumsum(rpm / 60) / rate_hz
    pedals = episodes(rng, n, rate_hz, 8.0, 0.75) if outdoors else np.ones(n)  # off while coasting
    sway = rng.uniform(0.02, 0.06) * pedals
    lags = rng.uniform(-np.pi, np.pi, 3)
    push = np.stack(
        [
            0.7 * sway * np.cos(2 * phase + lags[0]),
            sway * np.cos(phase + lags[1]),
            0.7 * sway * np.cos(2 * phase + lags[2]),
        ],
        axis=1,
    )  # (n, 3)
    road = _road(rng, n, rate_hz) if outdoors else 0.015 * _noise3(rng, n, rate_hz, 4.0, 20.0)
    pitch = rng.normal(1.15, 0.15) + wander(rng, n, rate_hz, 5.0, 0.03)
    roll = rng.normal(0, 0.2) + wander(rng, n, rate_hz, 5.0, 0.03)
    return pitch + moves(rng, n, rate_hz, 25.0, 0.1), roll, push + road


def _road(rng: np.random.Generator, n: int, rate_hz: float) -> np.ndarray:
    """Vibration of a handlebar (n, 3) in g: rough and smooth stretches, bumps."""
    rough = rng.uniform(0.05, 0.16) * np.exp(wander(rng, n, rate_hz, 4.0, 0.4))
    across = np.array([0.7, 0.4, 1.0])
    bumps = np.zeros((n, 3))
    at = events(rng, n, rate_hz, 6.0)
    bumps[at] = 0.5 * rng.lognormal(0, 0.5, (len(at), 1)) * rng.normal(0, across, (len(at), 3))
    noise = _noise3(rng, n, rate_hz, 6.0, 30.0) * across * rough[:, None]
    return noise + ringing(bumps, rate_hz, BUMP_RING_HZ, BUMP_DECAY_S)


def _sitting(person: Person, rng: np.random.Generator, n: int, rate_hz: float):
    """Resting arms that change posture now and then, fidget, or gesture."""
    every_s = 18.0 / person.restless
    pitch = rng.uniform(0.9, 1.7) + moves(rng, n, rate_hz, every_s, 0.25)
    roll = person.roll_rad + rng.normal(0, 0.5) + moves(rng, n, rate_hz, every_s, 0.4)
    speaks = episodes(rng, n, rate_hz, 6.0, min(0.5, 0.15 * person.restless))
    pitch = pitch + 0.12 * speaks * band_noise(rng, n, rate_hz, 0.4, 1.8)
    roll = roll + 0.2 * speaks * band_noise(rng, n, rate_hz, 0.4, 1.8)
    fidget = episodes(rng, n, rate_hz, 3.0, min(0.4, 0.12 * person.restless))
    return pitch, roll, (0.06 * fidget)[:, None] * _noise3(rng, n, rate_hz, 1.5, 7.0)


def _typing(person: Person, rng: np.random.Generator, n: int, rate_hz: float):
    """Bursts of key strokes at an almost constant posture, with pauses and mouse movements."""
    burst = episodes(rng, n, rate_hz, 3.0, 0.65)
    struck = rng.random(n) < burst * person.keys_per_s / rate_hz
    keys = np.zeros((n, 3))
    size = person.key_g * rng.lognormal(0, 0.5, (struck.sum(), 1))
    keys[struck] = size * rng.normal([0.0, 0.0, 1.0], [0.4, 0.4, 0.3], (struck.sum(), 3))
    reach = 0.02 * burst[:, None] * _noise3(rng, n, rate_hz, 0.8, 5.0)
    pitch = rng.normal(1.45, 0.1) + moves(rng, n, rate_hz, 20.0 / person.restless, 0.06)
    roll = rng.normal(0, 0.15) + moves(rng, n, rate_hz, 12.0 / person.restless, 0.08)
    roll = roll + 0.02 * burst * band_noise(rng, n, rate_hz, 0.5, 3.0)
    return pitch, roll, reach + ringing(keys, rate_hz, KEY_RING_HZ, KEY_DECAY_S)


def _noise3(rng: np.random.Generator, n: int, rate_hz: float, low_hz: float, high_hz: float):
    """Three independent band-limited noises, (n, 3)."""
    return np.stack([band_noise(rng, n, rate_hz, low_hz, high_hz) for _ in range(3)], axis=1)


_SEATED = {"cycling": _cycling, "sitting": _sitting, "typing": _typing}
