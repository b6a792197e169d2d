"""Rendering of the frames of one recording from subject, pulse and disturbances.

`Renderer(subject, pulse, level, times_s, seed)` yields RGB uint8 frames (H, W, 3).  Steps, in this
order: skin layers on the face, lids and lips, pose of the head as one small warp over the
background, ambient light, camera noise, rounding to 8 bits.

    >>> frames = Renderer(subject, pulse, LEVELS["easy"], np.arange(300) / 30, seed=(0, 7, 1))
    >>> next(iter(frames)).shape
    (240, 320, 3)
"""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from rppg.synthetic.disturbances import Level, draw_nuisances
from rppg.synthetic.face_template import EYES, fill
from rppg.synthetic.light import AmbientLight, skin_courses, skin_layers
from rppg.synthetic.pulse import Pulse
from rppg.synthetic.subject import Subject

INNER_LIPS = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
MOUTH_RGB = np.array((62, 24, 24), np.float32)  # inside an open mouth
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
        height, width = subject.skin.shape
        self.subject, self.seed, self.n_frames = subject, tuple(seed), len(times_s)
        unit = height / 240
        nuisances = draw_nuisances(np.random.default_rng([*seed, 1]), level, times_s, unit)
        self.nuisances = nuisances
        rng = np.random.default_rng([*seed, 2])
        self.layers = skin_layers(subject, nuisances, rng, level.pulse * pulse_scale)
        self.courses = skin_courses(pulse, nuisances, times_s, unit)
        self.light = AmbientLight(subject, nuisances)
        self.pose = PoseWarp(subject)
        self.mouth = Mouth(subject)
        self.lids = _eye_boxes(subject)
        self.brow_box = _fringe_box(subject, nuisances)
        self.noise = level.noise
        self.head = np.dstack([subject.face, subject.alpha])  # (H, W, 4), before any frame

    def __iter__(self) -> Iterator[np.ndarray]:
        height, width = self.subject.skin.shape
        rng = np.random.default_rng([*self.seed, 3])
        bank_shape = (height + NOISE_MARGIN, width + NOISE_MARGIN, 3)
        bank = rng.standard_normal(bank_shape, dtype=np.float32) * np.float32(self.noise)
        for frame in range(self.n_frames):
            top, left = rng.integers(0, NOISE_MARGIN, 2)
            noise = bank[top : top + height, left : left + width]
            picture = self.clean(frame)
            combine = cv2.add if rng.random() < 0.5 else cv2.subtract
            combine(picture, noise, dst=picture)
            picture += np.float32(0.5)
            np.clip(picture, 0, 255, out=picture)
            yield picture.astype(np.uint8)

    def clean(self, frame: int) -> np.ndarray:
        """One frame (H, W, 3) float32 before camera noise and rounding."""
        subject = self.subject
        head = self.head.copy()
        rows, columns = self.layers.box
        head[rows, columns, :3] += self.layers.at(self.courses[frame])
        self._blink(head, self.nuisances.blink[frame])
        self.mouth.open(head, self.nuisances.mouth_px[frame])
        self._hang_fringe(head, self.nuisances.fringe_px[frame])
        moved = self.pose.apply(head, self.nuisances.pose[frame])
        clear = cv2.cvtColor(1 - cv2.extractChannel(moved, 3), cv2.COLOR_GRAY2RGB)
        picture = cv2.multiply(clear, subject.background, dst=clear)
        cv2.add(picture, cv2.cvtColor(moved, cv2.COLOR_RGBA2RGB), dst=picture)
        gains = cv2.resize(self.light.at(frame), picture.shape[1::-1])
        return cv2.multiply(picture, gains, dst=picture)

    def _blink(self, head: np.ndarray, closed: float) -> None:
        if closed < 0.02:
            return
        for box, mask in self.lids:
            amount = closed * mask
            shut = self.subject.closed_eyes[box]
            head[box][..., :3] += amount * (shut - self.subject.face[box])

    def _hang_fringe(self, head: np.ndarray, shift_px: np.ndarray) -> None:
        if self.brow_box is None:
            return
        hair = self.subject.fringe[self.brow_box]
        shift = np.array([[1, 0, shift_px[0]], [0, 1, shift_px[1]]])
        hair = cv2.warpAffine(hair, shift, hair.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
        under = head[self.brow_box]
        hair *= under[..., 3:]  # on the head only
        under[..., :3] = under[..., :3] * (1 - hair[..., 3:]) + hair[..., :3]


class PoseWarp:
    """Rigid shift and roll, and rotation by parallax, of the head in front of its background."""

    def __init__(self, subject: Subject):
        height, width = subject.skin.shape
        rows, columns = np.mgrid[:height, :width].astype(np.float32)
        middle = subject.landmarks[[234, 454, 152]].mean(axis=0)
        follow, depth, zero = subject.follow, subject.depth, np.zeros_like(subject.follow)
        x, y = (columns - middle[0]) * follow, (rows - middle[1]) * follow
        across = [follow, zero, -y, depth, zero]  # pixels to the right per unit of pose
        down = [zero, follow, x, zero, depth]
        self.grid = np.stack([columns, rows]).reshape(-1)
        self.flat = np.stack([np.stack(pair) for pair in zip(across, down, strict=True)])
        self.flat = -self.flat.reshape(len(across), -1)  # cv2.remap needs the inverse map
        self.shape = (2, height, width)

    def apply(self, picture: np.ndarray, pose: np.ndarray) -> np.ndarray:
        """The picture (H, W, C) with the head in this pose (5,)."""
        maps = pose.astype(np.float32) @ self.flat
        maps += self.grid
        across, down = maps.reshape(self.shape)
        return cv2.remap(picture, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


class Mouth:
    """Opens the mouth: the lips part along their line, the chin follows, the gap is dark."""

    def __init__(self, subject: Subject):
        points, unit = subject.landmarks, subject.skin.shape[0] / 240
        line = points[list(INNER_LIPS)]
        left, right = line[0, 0], line[-1, 0]
        top, bottom = int(line[:, 1].mean() - 16 * unit), int(points[152, 1] + 26 * unit)
        margin = int(26 * unit)
        bottom = min(bottom, subject.skin.shape[0])
        self.box = slice(top, bottom), slice(int(left) - margin, int(right) + margin)
        rows, columns = np.mgrid[self.box].astype(np.float32)
        lips_y = np.interp(columns, line[:, 0], line[:, 1]).astype(np.float32)
        from_middle = (columns - (left + right) / 2) / ((right - left) / 2)
        wide = np.exp(-(from_middle**4) / 1.2)
        self.below = rows - lips_y
        reach = (bottom - lips_y - 2).clip(1)
        lower = 0.8 * wide * np.clip(1 - np.maximum(self.below, 0) / reach, 0, 1)
        upper = 0.2 * wide * np.clip(1 + self.below / (15 * unit), 0, 1)
        self.part = np.where(self.below >= 0, lower, upper).astype(np.float32)
        self.rows, self.columns = rows - top, columns - self.box[1].start
        self.lips_y = lips_y - top
        self.inner = np.clip(1.15 - from_middle**2, 0, 1).astype(np.float32) ** 0.5
        self.colour = MOUTH_RGB * (1 - 0.4 * subject.traits.tone)

    def open(self, head: np.ndarray, opening_px: float) -> None:
        """Open the mouth in place in a picture (H, W, 4)."""
        if opening_px < 0.05:
            return
        shift = opening_px * self.part
        distance = np.abs(self.below)
        source = self.lips_y + np.sign(self.below) * np.maximum(distance - shift, 0)
        patch = cv2.remap(
            np.ascontiguousarray(head[self.box]),
            self.columns,
            source,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        dark = (np.clip((shift - distance) / 1.2, 0, 1) * self.inner)[..., None]
        patch[..., :3] += dark * (self.colour - patch[..., :3])
        head[self.box] = patch


def _eye_boxes(subject: Subject) -> list[tuple[tuple[slice, slice], np.ndarray]]:
    """A box around each eye and the soft mask (h, w, 1) of its lid."""
    unit, boxes = subject.skin.shape[0] / 240, []
    for eye in EYES:
        points = subject.landmarks[list(eye)]
        (x0, y0), (x1, y1) = points.min(axis=0) - 5 * unit, points.max(axis=0) + 5 * unit
        box = slice(int(y0), int(y1) + 1), slice(int(x0), int(x1) + 1)
        mask = fill(points, 1.2 * unit, round(2 * unit), subject.skin.shape)
        boxes.append((box, mask[box][..., None]))
    return boxes


def _fringe_box(subject: Subject, nuisances) -> tuple[slice, slice] | None:
    """Bounding box of the moving fringe; None without a fringe."""
    rows, columns = np.nonzero(subject.fringe[..., 3] > 0.01)
    if not len(rows):
        return None
    margin = int(np.abs(nuisances.fringe_px).max()) + 3
    height, width = subject.skin.shape
    return (
        slice(max(rows.min() - margin, 0), min(rows.max() + margin, height)),
        slice(max(columns.min() - margin, 0), min(columns.max() + margin, width)),
    )
