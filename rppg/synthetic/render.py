"""Rendering of the frames of one recording from subject, pulse and disturbances.

`Renderer(subject, pulse, level, times_s, seed)` yields RGB uint8 frames (H, W, 3).  Steps, in this
order: skin layers on the face, lids and lips, pose of the head as one small warp over the
background, ambient light, camera noise, rounding to 8 bits.  Only what changes is computed again:
the head inside a box around all its poses, the light, the noise.

    >>> from rppg.synthetic.disturbances import LEVELS
    >>> from rppg.synthetic.pulse import draw_pulse
    >>> from rppg.synthetic.subject import draw_traits, make_subject
    >>> subject = make_subject(draw_traits(seed=0, number=7), width=320, height=240)
    >>> pulse = draw_pulse(np.random.default_rng(0), hr_bpm=72, duration_s=10)
    >>> frames = Renderer(subject, pulse, LEVELS["easy"], np.arange(300) / 30, seed=(0, 7, 1))
    >>> next(iter(frames)).shape
    (240, 320, 3)
"""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from rppg.synthetic.disturbances import Level, draw_nuisances
from rppg.synthetic.head import Head
from rppg.synthetic.light import AmbientLight, skin_courses, skin_layers
from rppg.synthetic.pose import PoseWarp
from rppg.synthetic.pulse import Pulse
from rppg.synthetic.subject import Subject

NOISE_MARGIN = 48  # pixels by which the noise picture is larger than a frame


class Renderer:
    """An iterable over the frames of one recording; iterating again gives the same frames.

    times_s: (T,) in seconds, possibly irregular.  seed: integers; they and the other arguments
    determine every byte.  pulse_scale: factor of the level's pulse; 0 renders none.
    """

    def __init__(
        self,
        subject: Subject,
        pulse: Pulse,
        level: Level,
        times_s: np.ndarray,
        seed: Sequence[int],
        pulse_scale: float = 1.0,
    ):
        unit = subject.skin.shape[0] / 240
        self.seed, self.n_frames, self.noise = tuple(seed), len(times_s), level.noise
        nuisances = draw_nuisances(np.random.default_rng([*seed, 1]), level, times_s, unit)
        self.nuisances = nuisances
        rng = np.random.default_rng([*seed, 2])
        layers = skin_layers(subject, nuisances, rng, level.pulse * pulse_scale)
        courses = skin_courses(pulse, nuisances, times_s, unit)
        self.head = Head(subject, nuisances, layers, courses)
        self.light = AmbientLight(subject, nuisances)
        self.pose = PoseWarp(subject, nuisances.pose)
        self.picture = subject.face + (1 - subject.alpha[..., None]) * subject.background
        self.background = np.ascontiguousarray(subject.background[self.pose.box])
        self.lit = np.empty_like(self.picture)

    def __iter__(self) -> Iterator[np.ndarray]:
        height, width = self.picture.shape[:2]
        rng = np.random.default_rng([*self.seed, 3])
        bank_shape = (height + NOISE_MARGIN, width + NOISE_MARGIN, 3)
        bank = rng.standard_normal(bank_shape, dtype=np.float32) * np.float32(self.noise)
        for frame in range(self.n_frames):
            top, left = rng.integers(0, NOISE_MARGIN, 2)
            noise = bank[top : top + height, left : left + width]
            combine = cv2.add if rng.random() < 0.5 else cv2.subtract
            yield combine(self.clean(frame), noise, dtype=cv2.CV_8U)  # rounds and clips

    def clean(self, frame: int) -> np.ndarray:
        """One frame (H, W, 3) float32 before camera noise and rounding, valid until the next."""
        moved = self.pose.apply(self.head.at(frame), self.nuisances.pose[frame])
        clear = cv2.cvtColor(1 - cv2.extractChannel(moved, 3), cv2.COLOR_GRAY2RGB)
        rgb = cv2.cvtColor(moved, cv2.COLOR_RGBA2RGB)
        self.picture[self.pose.box] = cv2.accumulateProduct(clear, self.background, rgb)
        return cv2.multiply(self.picture, self.light.at(frame), dst=self.lit)
