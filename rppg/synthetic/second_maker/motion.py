"""Motion of the head, lids and mouth: random processes, no fixed frequencies.

Turns and shifts are Ornstein-Uhlenbeck processes, smoothed by the head's inertia; nods are damped
swings that start at random; speech is a train of syllables in phrases.

    >>> motion = draw_motion(np.random.default_rng(0), LEVELS["hard"], np.arange(300) / 30)
    >>> motion.angles.shape, motion.place.shape, motion.mouth.shape
    ((300, 3), (300, 3), (300,))
"""

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter1d

from rppg.synthetic.second_maker.config import LEVELS as LEVELS
from rppg.synthetic.second_maker.config import Level
from rppg.synthetic.second_maker.heartbeat import slow_noise

INERTIA_S = 0.12
BLINK_S = 0.07
POSE_DEG = (12.0, 6.0, 4.0)  # deviation of yaw, pitch and roll between recordings


@dataclass(frozen=True, eq=False)
class Motion:
    """Per frame: angles (T, 3) yaw, pitch, roll in rad; place (T, 3) x, y, z in half face widths;
    lids (T,) 0 open, 1 closed; mouth (T,) opening in half face widths."""

    angles: np.ndarray
    place: np.ndarray
    lids: np.ndarray
    mouth: np.ndarray

    def turn_deg(self) -> float:
        """Root mean square of the angles between the head's pose and its mean pose, deg."""
        return float(np.rad2deg(np.sqrt(self.angles.var(axis=0).sum())))


def rotation(yaw: float, pitch: float, roll: float) -> np.ndarray:
    """Matrix (3, 3) from the head's frame to the camera's."""
    turns = ((0, yaw, 0), (pitch, 0, 0), (0, 0, roll))
    around_y, around_x, around_z = (cv2.Rodrigues(np.array(t, float))[0] for t in turns)
    return around_z @ around_x @ around_y


def draw_motion(rng: np.random.Generator, level: Level, times_s: np.ndarray) -> Motion:
    """The motion of one recording."""
    fps = (len(times_s) - 1) / (times_s[-1] - times_s[0])
    pose = np.clip(rng.normal(0, POSE_DEG), -22, 22)
    size = np.array((1.0, 0.6, 0.5)) * rng.uniform(*level.turn_deg)
    turns = np.stack([slow_noise(rng, times_s, rng.uniform(0.6, 2.5)) for _ in range(3)], axis=1)
    angles = pose + size * gaussian_filter1d(turns, INERTIA_S * fps, axis=0)
    angles[:, 1] += _nods(rng, level, times_s)
    drift = np.stack([slow_noise(rng, times_s, rng.uniform(0.8, 3.0)) for _ in range(3)], axis=1)
    place = rng.uniform(*level.shift) * gaussian_filter1d(drift, INERTIA_S * fps, axis=0)
    speaks = rng.uniform() < level.speech
    mouth = _speech(rng, times_s)
    if speaks:
        angles[:, 1] += 6 * rng.uniform(0, 1) * gaussian_filter1d(mouth, 0.1 * fps)
    return Motion(np.deg2rad(angles), place, _blinks(rng, times_s), mouth * speaks)


def _nods(rng: np.random.Generator, level: Level, times_s: np.ndarray) -> np.ndarray:
    """Pitch (T,) in degrees: swings of 0.6 to 2 Hz that die away."""
    total = np.zeros(len(times_s))
    for start_s in rng.uniform(
        times_s[0] - 2, times_s[-1], rng.poisson(level.nods_per_s * (times_s[-1] + 2))
    ):
        since_s = np.maximum(times_s - start_s, 0)
        rate_hz, last_s = rng.uniform(0.6, 2.0), rng.uniform(0.5, 1.6)
        swing = np.sin(2 * np.pi * rate_hz * since_s) * np.exp(-since_s / last_s)
        total += level.nod_deg * rng.uniform(0.3, 1) * swing * (1 - np.exp(-since_s / 0.1))
    return total


def _speech(rng: np.random.Generator, times_s: np.ndarray) -> np.ndarray:
    """Opening (T,): syllables of irregular length and strength, phrases and pauses."""
    total, at_s = np.zeros(len(times_s)), rng.uniform(-1, 1)
    while at_s < times_s[-1]:
        for _ in range(rng.integers(3, 12)):
            length_s = rng.gamma(9, 0.022)
            bump = np.exp(-(((times_s - at_s) / (0.36 * length_s)) ** 2))
            total += rng.uniform(0.02, 0.11) * bump
            at_s += length_s
        at_s += rng.exponential(0.7)
    return total.clip(0, 0.16)


def _blinks(rng: np.random.Generator, times_s: np.ndarray) -> np.ndarray:
    """How far the lids are closed (T,): they close faster than they open."""
    total, at_s = np.zeros(len(times_s)), rng.exponential(2.0)
    while at_s < times_s[-1]:
        since = (times_s - at_s) / BLINK_S
        total = np.maximum(total, np.exp(-(np.where(since < 0, since, since / 1.8) ** 2)))
        at_s += 0.4 + rng.exponential(3.0)
    return total
