"""The head of one recording, frame by frame, before its pose: skin, lids, lips and fringe.

Pictures are premultiplied RGBA (H, W, 4) float32, colours in 0..255, opacity in 0..1.

    >>> from rppg.synthetic.disturbances import LEVELS, draw_nuisances
    >>> from rppg.synthetic.light import skin_courses, skin_layers
    >>> from rppg.synthetic.pulse import draw_pulse
    >>> from rppg.synthetic.subject import draw_traits, make_subject
    >>> subject = make_subject(draw_traits(seed=0, number=7), width=320, height=240)
    >>> rng, times_s = np.random.default_rng(0), np.arange(300) / 30
    >>> nuisances = draw_nuisances(rng, LEVELS["test"], times_s, unit=1.0)
    >>> layers = skin_layers(subject, nuisances, rng, pulse_scale=0.02)
    >>> pulse = draw_pulse(rng, hr_bpm=72, duration_s=10)
    >>> courses = skin_courses(pulse, nuisances, times_s, unit=1.0)
    >>> head = Head(subject, nuisances, layers, courses)
    >>> head.at(0).shape
    (240, 320, 4)
"""

import cv2
import numpy as np

from rppg.synthetic.disturbances import Nuisances
from rppg.synthetic.face_template import EYES, fill
from rppg.synthetic.light import SkinLayers
from rppg.synthetic.subject import Subject

INNER_LIPS = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
MOUTH_RGB = np.array((62, 24, 24), np.float32)  # inside an open mouth

Box = tuple[slice, slice]  # rows, columns


class Head:
    """The picture of the head at each frame; only `box`, around all that changes, is rewritten.

    courses: (T, K) of the layers.  Layers whose course is constant are part of the still picture.
    """

    def __init__(
        self, subject: Subject, nuisances: Nuisances, layers: SkinLayers, courses: np.ndarray
    ):
        self.subject, self.nuisances = subject, nuisances
        self.mouth, self.lids = Mouth(subject), _lids(subject)
        self.fringe_box = _fringe_box(subject, nuisances)
        boxes = (layers.box, self.mouth.box, self.fringe_box, *(box for box, _ in self.lids))
        self.box = _around([box for box in boxes if box is not None])
        self.rgba = np.dstack([subject.face, subject.alpha])
        vary = np.ptp(courses, axis=0) > 0
        still = np.tensordot(courses[0, ~vary], layers.pictures[~vary], axes=1)
        self.rgba[layers.box][..., :3] += still
        self.courses = np.insert(courses[:, vary], 0, 1, axis=1)  # of the still picture: 1
        self.flat = self._flat(layers, vary)

    def _flat(self, layers: SkinLayers, vary: np.ndarray) -> np.ndarray:
        """The still picture and the layers that vary, (1 + K, h * w * 4) inside the box."""
        still = self.rgba[self.box]
        pictures = np.zeros((1 + vary.sum(), *still.shape), np.float32)
        pictures[0] = still
        rows, columns = (
            slice(inner.start - outer.start, inner.stop - outer.start)
            for inner, outer in zip(layers.box, self.box, strict=True)
        )
        pictures[1:, rows, columns, :3] = layers.pictures[vary]
        return pictures.reshape(len(pictures), -1)

    def at(self, frame: int) -> np.ndarray:
        """The picture (H, W, 4) of a frame, valid until the next call."""
        inside = self.rgba[self.box]
        inside[:] = (self.courses[frame] @ self.flat).reshape(inside.shape)
        self._blink(float(self.nuisances.blink[frame]))
        self.mouth.open(self.rgba, float(self.nuisances.mouth_px[frame]))
        self._hang_fringe(self.nuisances.fringe_px[frame])
        return self.rgba

    def _blink(self, closed: float) -> None:
        if closed < 0.02:
            return
        for box, lid in self.lids:
            self.rgba[box][..., :3] += closed * lid

    def _hang_fringe(self, shift_px: np.ndarray) -> None:
        if self.fringe_box is None:
            return
        hair = self.subject.fringe[self.fringe_box]
        shift = np.array([[1, 0, shift_px[0]], [0, 1, shift_px[1]]])
        hair = cv2.warpAffine(hair, shift, hair.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
        under = np.ascontiguousarray(self.rgba[self.fringe_box])
        opacity = cv2.extractChannel(under, 3)
        hair = cv2.multiply(hair, cv2.merge([opacity] * 4))  # on the head only
        under = cv2.multiply(under, cv2.merge([1 - cv2.extractChannel(hair, 3)] * 4))
        under = cv2.insertChannel(opacity, cv2.add(under, hair, dst=under), 3)
        self.rgba[self.fringe_box] = under


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


def _around(boxes: list[Box]) -> Box:
    """The box around all boxes."""
    rows, columns = zip(*boxes, strict=True)
    return tuple(
        slice(min(s.start for s in slices), max(s.stop for s in slices))
        for slices in (rows, columns)
    )


def _lids(subject: Subject) -> list[tuple[Box, np.ndarray]]:
    """A box around each eye, and what closing it adds to the face (h, w, 3)."""
    unit, lids = subject.skin.shape[0] / 240, []
    for eye in EYES:
        points = subject.landmarks[list(eye)]
        (x0, y0), (x1, y1) = points.min(axis=0) - 5 * unit, points.max(axis=0) + 5 * unit
        box = slice(int(y0), int(y1) + 1), slice(int(x0), int(x1) + 1)
        mask = fill(points, 1.2 * unit, round(2 * unit), subject.skin.shape)
        change = subject.closed_eyes[box] - subject.face[box]
        lids.append((box, mask[box][..., None] * change))
    return lids


def _fringe_box(subject: Subject, nuisances: Nuisances) -> Box | None:
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
