"""Light and skin: the dichromatic reflection model as pictures times time courses.

Wang et al., Algorithmic Principles of Remote PPG (2017), equation 4: the value of a skin pixel is
intensity x (specular + diffuse + pulse) + noise.  Relative to the skin colour, the pulse changes
(R, G, B) in proportion to about (.33, .77, .53) (de Haan & van Leest 2014); more blood is darker.
Everything fixed to the head is linear in its time courses:

    skin(t) = face + sum over k of courses[t, k] * layers[k]

so that a frame costs one matrix product.  Layers are float32 (K, h, w, 3) inside the subject's
box; ambient light is a picture of gains (H, W, 3) per frame, from a grid of H / 4 by W / 4.

    >>> from rppg.synthetic.pulse import draw_pulse
    >>> from rppg.synthetic.disturbances import LEVELS, draw_nuisances
    >>> from rppg.synthetic.subject import draw_traits, make_subject
    >>> subject = make_subject(draw_traits(seed=0, number=7), width=320, height=240)
    >>> rng, times_s = np.random.default_rng(0), np.arange(300) / 30
    >>> nuisances = draw_nuisances(rng, LEVELS["test"], times_s, unit=1.0)
    >>> layers = skin_layers(subject, nuisances, rng, pulse_scale=0.02)
    >>> pulse = draw_pulse(rng, hr_bpm=72, duration_s=10)
    >>> courses = skin_courses(pulse, nuisances, times_s, unit=1.0)
    >>> skin = subject.face[layers.box] + np.tensordot(courses[0], layers.pictures, axes=1)
    >>> skin.shape == layers.pictures.shape[1:]
    True
"""

from dataclasses import dataclass

import cv2
import numpy as np

from rppg.synthetic.disturbances import Nuisances
from rppg.synthetic.face_template import box_of
from rppg.synthetic.pulse import Pulse
from rppg.synthetic.subject import Subject

PULSE_RGB = np.array((0.33, 0.77, 0.53), np.float32)  # relative to the skin colour
SHINE_PLACES = (
    (151, 15, 9, 0.9),
    (4, 5, 8, 1.0),
    (50, 12, 9, 0.7),
    (280, 12, 9, 0.7),
    (199, 8, 6, 0.5),
)
DARK_SKIN_PULSE = 0.55  # relative pulse of very dark skin over that of very light skin
COARSE = 4  # pixels of the picture per pixel of the ambient light


@dataclass(frozen=True)
class SkinLayers:
    """Pictures (K, h, w, 3) inside box (rows, columns), in the order of `skin_courses`."""

    box: tuple[slice, slice]
    pictures: np.ndarray


def skin_layers(subject: Subject, nuisances: Nuisances, rng, pulse_scale: float) -> SkinLayers:
    """Layers of one recording: pulse, its delay, squeezed blood, shine and shading."""
    box = box_of(subject.skin > 0.02)
    face, skin = subject.face[box], subject.skin[box]
    rows, columns = (
        grid[box] for grid in np.mgrid[: subject.skin.shape[0], : subject.skin.shape[1]]
    )
    points, unit = subject.landmarks, subject.skin.shape[0] / 240

    def blob(landmark, wide, high):
        x, y = points[landmark]
        return np.exp(-(((columns - x) / wide) ** 2 + ((rows - y) / high) ** 2) / 2 / unit**2)

    tone = 1 - (1 - DARK_SKIN_PULSE) * subject.traits.tone
    patches = 0.5 + 0.55 * np.maximum.reduce(
        [blob(151, 34, 16), blob(50, 18, 18), blob(280, 18, 18)]
    )
    grain = cv2.GaussianBlur(rng.standard_normal(skin.shape).astype(np.float32), (0, 0), 12 * unit)
    amplitude = (
        pulse_scale * tone * skin * patches * np.clip(1 + 0.15 * grain / grain.std(), 0.5, 1.5)
    )
    blood = -face * (PULSE_RGB / PULSE_RGB[1]) * amplitude[..., None]
    delay_s = 0.03 * np.clip((rows - points[151, 1]) / (points[152, 1] - points[151, 1]), 0, 1.3)
    lower = np.clip((rows - points[2, 1]) / (10 * unit), 0, 1) * (rows < points[152, 1] + 8 * unit)
    pressed = -face * (PULSE_RGB / PULSE_RGB[1]) * (0.02 * skin * lower)[..., None]
    shine = sum(size * blob(place, wide, high) for place, wide, high, size in SHINE_PLACES)
    shine = nuisances.specular * skin * shine * (1 - face.mean(axis=2) / 400)
    slope_y, slope_x = np.gradient(shine)
    cheek = skin * blob(nuisances.highlight_cheek, 11, 11)
    around = (columns - points[[234, 454], 0].mean()) / np.ptp(points[[234, 454], 0])
    grey = [np.repeat(x[..., None], 3, axis=2) for x in (shine, slope_x, slope_y)]
    grey.append(cheek[..., None] * nuisances.highlight_rgb)
    layers = [blood, -blood * delay_s[..., None], pressed, *grey, face * (skin * around)[..., None]]
    return SkinLayers(box, np.stack(layers).astype(np.float32))


def skin_courses(
    pulse: Pulse, nuisances: Nuisances, times_s: np.ndarray, unit: float
) -> np.ndarray:
    """Time courses (T, K) of the layers of `skin_layers`."""
    step = 0.004
    wave = pulse.wave(times_s)
    slope = (pulse.wave(times_s + step) - pulse.wave(times_s - step)) / (2 * step)
    yaw, pitch = nuisances.pose[:, 3], nuisances.pose[:, 4]
    reach = 40 * unit  # pixels by which the shine lags per radian of rotation
    one = np.ones(len(times_s))
    courses = [wave, slope, nuisances.squeeze, one, reach * yaw, reach * pitch, nuisances.highlight]
    return np.stack([*courses, 0.8 * yaw], axis=1).astype(np.float32)


class AmbientLight:
    """Gains of the ambient light: drift, colour, coloured light from one side, edge of a shadow."""

    def __init__(self, subject: Subject, nuisances: Nuisances):
        height, width = subject.skin.shape
        unit, n = height / 240, nuisances
        self.size, self.shape = (width, height), (height // COARSE, width // COARSE)
        rows, columns = (np.mgrid[: self.shape[0], : self.shape[1]] + 0.5) * COARSE
        middle = subject.landmarks[[234, 454, 152, 10]].mean(axis=0)
        x, y = columns - middle[0], rows - middle[1]
        gradient = 1 + 2 * n.gradient[0] * x / width + 2 * n.gradient[1] * y / height
        reach = np.clip(0.5 + n.side * x / (36 * unit), 0, 1)
        side = gradient * (reach**2 * (3 - 2 * reach))
        self.flat = np.stack([gradient, side]).reshape(2, -1).astype(np.float32)
        self.weights = np.stack([n.gain, n.gain * n.side_light], axis=2).astype(np.float32)
        soft_px = 7 * unit  # width of the shadow's edge
        along = x * np.cos(n.shadow_angle) + y * np.sin(n.shadow_angle)
        self.along, self.edge = (along / soft_px).astype(np.float32), n.shadow_px / soft_px
        self.depth = n.shadow_depth.astype(np.float32)[:, None, None]
        self.gains = np.empty((height, width, 3), np.float32)

    def at(self, frame: int) -> np.ndarray:
        """Gains (H, W, 3) float32 of a frame, valid until the next call."""
        gains = (self.weights[frame] @ self.flat).reshape(3, *self.shape)
        if self.depth.any():
            inside = 1 / (1 + np.exp(float(self.edge[frame]) - self.along))
            gains *= 1 - self.depth * inside
        return cv2.resize(cv2.merge(tuple(gains)), self.size, dst=self.gains)
