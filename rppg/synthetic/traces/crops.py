"""Small crops of many clips: cells of a face, made larger, with a texture that moves with the head.

    >>> frames = crop_frames(rng, "face", scene, camera, stamps_s, at_s)  # doctest: +SKIP
    >>> frames.shape  # doctest: +SKIP
    (16, 300, 32, 32, 3)

Reflection and camera are those of the regions, on CELLS x CELLS cells.  Eyes, brows, lips, a mouth
that opens and lids that close are drawn into the texture; outside the head there is a background
that stands still.  Nets see these crops averaged down to 16 or 8 pixels.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from rppg.synthetic.traces.camera import Camera, filmed
from rppg.synthetic.traces.courses import between, normal
from rppg.synthetic.traces.reflection import reflected
from rppg.synthetic.traces.scene import Scene
from rppg.synthetic.traces.surface import HALF_HEIGHT, cell_surface

SIDE = 32  # pixels of a crop
CELLS = 16  # cells a side
# Half width of the face over the side of the crop, and the place of its origin below the middle.
CROPS = {"face": (0.27, -0.01), "wide": (0.31, 0.0)}
DARK_PARTS = (  # middle, half sizes, brightness over the skin's
    *((-0.4, -0.12, 0.16, 0.06, 0.45), (0.4, -0.12, 0.16, 0.06, 0.45)),
    *((-0.4, -0.32, 0.22, 0.05, 0.6), (0.4, -0.32, 0.22, 0.05, 0.6)),
    *((0.0, 0.62, 0.28, 0.08, 0.8), (0.0, 0.38, 0.14, 0.05, 0.85)),
)
EYES = DARK_PARTS[:2]
MOUTH = (0.0, 0.66, 0.24, 0.16, 0.35)
DITHER = 0.3  # noise of a crop's pixel that no codec removes


@dataclass(frozen=True)
class Look:
    """Pictures (SIDE, SIDE) of one person in a crop."""

    texture: np.ndarray  # brightness over the cell's mean
    lids: np.ndarray  # added to the texture with closed eyes
    mouth: np.ndarray  # added to the texture with an open mouth
    head: np.ndarray  # opacity
    background: np.ndarray  # (SIDE, SIDE, 3) display values


def crop_frames(
    rng, name: str, scene: Scene, camera: Camera, stamps_s: np.ndarray, at_s: np.ndarray
) -> np.ndarray:
    """Crops (B, T, SIDE, SIDE, 3) uint8 at times (T,), of frames with those stamps (B, n)."""
    half_width, middle_y = CROPS[name]
    surface = cell_surface(CELLS, half_width, middle_y)
    values = filmed(rng, reflected(scene, surface), scene, camera, surface)  # (B, 3, P, n)
    frames = np.empty((len(values), len(at_s), SIDE, SIDE, 3), np.uint8)
    for clip in range(len(values)):
        look = _look(rng, half_width, middle_y)
        motion = scene.motion
        courses = [*motion.pose[clip], motion.blink[clip], motion.mouth[clip]]
        courses = np.stack([np.interp(at_s, stamps_s[clip], one) for one in courses], axis=1)
        cells = _blended(values[clip], stamps_s[clip], at_s)
        _draw(rng, frames[clip], cells, courses, look, half_width * SIDE)
    return frames


def _blended(values: np.ndarray, stamps_s: np.ndarray, at_s: np.ndarray) -> np.ndarray:
    """Cells (T, CELLS, CELLS, 3) at times (T,): blends of two frames, as in preparation."""
    before = (np.searchsorted(stamps_s, at_s, side="right") - 1).clip(0, len(stamps_s) - 2)
    share = (at_s - stamps_s[before]) / (stamps_s[before + 1] - stamps_s[before])
    mixed = values.take(before, axis=-1) * (1 - share) + values.take(before + 1, axis=-1) * share
    cells = mixed.transpose(2, 1, 0).reshape(len(at_s), CELLS, CELLS, 3)
    return np.ascontiguousarray(cells, np.float32)


def _draw(rng, frames: np.ndarray, cells, courses, look: Look, unit_px: float) -> None:
    """Fill frames (T, SIDE, SIDE, 3) of one clip.  courses: (T, 7), the pose, lids and mouth."""
    bank = (DITHER * rng.standard_normal((SIDE + 16, SIDE + 16, 3))).astype(np.float32)
    places = rng.integers(0, 16, (len(frames), 2))
    size = (SIDE, SIDE)
    for frame, (row, column) in enumerate(places):
        yaw, pitch, roll, right, down = courses[frame, :5]
        lids, mouth = np.float32(courses[frame, 5:])
        texture = look.texture + lids * look.lids + mouth * look.mouth
        turn = cv2.getRotationMatrix2D((SIDE / 2, SIDE / 2), -np.degrees(roll), 1.0)
        turn[:, 2] += unit_px * (right + 0.5 * yaw), unit_px * (down + 0.5 * pitch)
        head = cv2.merge([texture, look.head])
        head = cv2.warpAffine(head, turn, size, borderMode=cv2.BORDER_REPLICATE)
        skin = cv2.resize(cells[frame], size, interpolation=cv2.INTER_LINEAR)
        lit, opacity = (cv2.merge([one] * 3) for one in cv2.split(head))
        picture = cv2.multiply(cv2.subtract(cv2.multiply(skin, lit), look.background), opacity)
        picture = cv2.add(picture, look.background)
        dither = bank[row : row + SIDE, column : column + SIDE]
        frames[frame] = cv2.add(picture, dither, dtype=cv2.CV_8U)  # rounds and clips


def _look(rng, half_width: float, middle_y: float) -> Look:
    """A person's texture, features, head and background in a crop."""
    place = (np.arange(SIDE, dtype=np.float32) + 0.5) / SIDE - 0.5
    x, y = place[None] / half_width, (place[:, None] - middle_y) / half_width
    stretch = 1 + 0.08 * normal(rng, 2)
    x, y = x * stretch[0] + 0.04 * normal(rng, 1), y * stretch[1] + 0.04 * normal(rng, 1)
    grain = cv2.GaussianBlur(normal(rng, SIDE, SIDE), (0, 0), 0.8)
    texture = 1 + float(between(rng, 0.02, 0.2, 1)[0]) * grain
    for part in DARK_PARTS:
        texture *= 1 - (1 - part[4]) * _spot(x, y, part)
    eyes = sum(_spot(x, y, part) for part in EYES)
    radius = np.hypot(x, y / HALF_HEIGHT)
    head = _soft(1.0 - radius, 0.05)
    neck = _soft(0.55 - np.abs(x), 0.06) * _soft(y - 0.9, 0.1) * 0.85
    hair = _hair(rng, x, y, radius)
    texture *= np.where(radius < 1.05, 1, 0.8)  # the neck is in the shade
    mouth = (MOUTH[4] - 1) * _spot(x, y, MOUTH)
    opacity = np.maximum(head, neck) * (1 - hair)
    behind = _background(rng)
    dark = float(between(rng, 10, 90, 1)[0]) * (1 + 0.15 * normal(rng, 3))
    behind += hair[..., None] * (dark - behind)
    parts = (texture, 0.5 * eyes, mouth, opacity, behind)
    return Look(*(np.ascontiguousarray(part, np.float32) for part in parts))


def _hair(rng, x: np.ndarray, y: np.ndarray, radius: np.ndarray) -> np.ndarray:
    """Opacity (SIDE, SIDE) of hair around the head, of which a part is long."""
    line = -0.95 + 0.12 * normal(rng, 1) - 0.25 * x**2 * between(rng, -1, 1, 1)
    top = _soft(line - y, 0.05) * _soft(1.2 - radius, 0.05)
    long = float(rng.random() < 0.4)
    sides = _soft(np.abs(x) - 0.92, 0.06) * _soft(1.3 - np.abs(x), 0.06) * _soft(1.3 - y, 0.1)
    return np.maximum(top, long * sides * _soft(y + 1.0, 0.1))


def _background(rng) -> np.ndarray:
    """Display values (SIDE, SIDE, 3) of a wall or a room, mostly grey."""
    coarse = float(between(rng, 1, 6, 1)[0])
    grey, colour = (
        cv2.GaussianBlur(normal(rng, SIDE, SIDE, n), (0, 0), coarse).reshape(SIDE, SIDE, n)
        for n in (1, 3)
    )
    level = between(rng, 25, 210, 1) * (1 + 0.12 * normal(rng, 3))
    pattern = between(rng, 3, 45, 1) * grey / grey.std() + 8 * colour / colour.std()
    return (level + pattern).clip(0, 255)


def _soft(distance: np.ndarray, width: float) -> np.ndarray:
    """A soft edge: 0 far below a distance of 0, 1 far above it."""
    return 1 / (1 + np.exp(-distance / width))


def _spot(x: np.ndarray, y: np.ndarray, part: tuple) -> np.ndarray:
    """A soft ellipse (SIDE, SIDE), 1 in its middle."""
    middle_x, middle_y, wide, high, _ = part
    return np.exp(-((((x - middle_x) / wide) ** 2 + ((y - middle_y) / high) ** 2) ** 2) / 2)
