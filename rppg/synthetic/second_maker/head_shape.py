"""The head as a radius per direction, and where the rays of a camera meet it.

Head frame: x to the right of the picture, y down, z to the camera; unit: half the face's width.
The chart of directions is stereographic, seen from behind: (u, v) = (x, y) / (|p| + z), so the
whole front lies inside |(u, v)| < 1 and no angle has to be computed.

    >>> shape = make_shape(np.random.default_rng(0))
    >>> shape.radius.shape
    (288, 288)
"""

from dataclasses import dataclass

import cv2
import numpy as np

EXTENT = 1.75  # the chart covers |u|, |v| <= EXTENT: 120 degrees from straight ahead
CHART = 288  # pixels of the radius map
STEPS, STRIDE, REACH = 14, 0.85, 1.75  # of a ray; REACH: from its start to the head's centre
EYES_X, EYES_Y = 0.41, 0.0


@dataclass(frozen=True, eq=False)
class HeadShape:
    """radius (CHART, CHART) float32; front (CHART, CHART, 3): points of the surface; eyes_x etc.
    are measures of this head, for its texture."""

    radius: np.ndarray
    points: np.ndarray
    chin_y: float
    jaw: float  # half width of the jaw
    nose: float  # scale of the nose
    hairline_y: float


def chart(size: int) -> tuple[np.ndarray, np.ndarray]:
    """u and v (size, size) float32 at the pixel centres of a square chart."""
    axis = ((np.arange(size, dtype=np.float32) + 0.5) / size * 2 - 1) * np.float32(EXTENT)
    return np.meshgrid(axis, axis)


def directions(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Unit vectors (..., 3) of chart coordinates."""
    square = u * u + v * v
    return np.stack([2 * u, 2 * v, 1 - square], axis=-1) / (1 + square)[..., None]


def to_chart_px(coordinates: np.ndarray, size: int) -> np.ndarray:
    """Pixels of a chart of that size, centres at integers, for cv2.remap."""
    return ((coordinates + EXTENT) * (size / (2 * EXTENT)) - 0.5).astype(np.float32)


def make_shape(rng: np.random.Generator) -> HeadShape:
    """A head of its own proportions."""
    u, v = chart(CHART)
    d = directions(u, v)
    jaw, chin_y = rng.uniform(0.68, 0.82), rng.uniform(1.4, 1.52)
    nose, hairline_y = rng.uniform(0.8, 1.15), rng.uniform(-1.08, -0.88)
    base = _base(d, jaw, chin_y)
    x, y, z = (base[..., None] * d).transpose(2, 0, 1)
    front = _smooth(z, 0.0, 0.35)
    relief = _features(x, y, nose, chin_y, rng) * front
    ear = _bump(np.abs(x), y, 0.97, 0.22, 0.12, 0.26) * np.exp(-(((z + 0.08) / 0.13) ** 2))
    crown = 0.10 * _smooth(-y, 0.55, 1.1) + 0.10 * _smooth(-z, 0.1, 0.5) * _smooth(-y, -0.6, 0.1)
    radius = (base + relief + 0.16 * ear + crown).astype(np.float32)
    radius = cv2.GaussianBlur(radius, (0, 0), 0.8)
    return HeadShape(radius, radius[..., None] * d, chin_y, jaw, nose, hairline_y)


def _base(d: np.ndarray, jaw: float, chin_y: float) -> np.ndarray:
    """Radius of the skull with its jaw, without features."""
    down = _smooth(d[..., 1], 0.15, 0.95)
    width, depth = 0.98 - (0.98 - jaw) * down, 1.22 - 0.12 * down
    height = np.where(d[..., 1] > 0, chin_y + 0.02, 1.52)
    ring = np.hypot(d[..., 0] / width, d[..., 2] / depth)
    power = 2.7
    return (ring**power + np.abs(d[..., 1] / height) ** power) ** (-1 / power)


def _features(x, y, nose, chin_y, rng) -> np.ndarray:
    """Relief of the face (CHART, CHART)."""
    mirrored = np.abs(x)
    along = np.clip((y + 0.10) / 0.68, 0, 1)  # the nose from its root to its tip
    ridge = (0.07 + 0.25 * along**1.3) * nose * np.exp(-((x / (0.085 + 0.05 * along)) ** 2))
    ridge = ridge * _smooth(y, -0.22, 0.0) * (1 - _smooth(y, 0.56, 0.68))
    wings = 0.13 * nose * _bump(mirrored, y, 0.135, 0.545, 0.07, 0.075)
    sockets = -0.15 * _bump(mirrored, y, EYES_X - 0.02, EYES_Y - 0.03, 0.22, 0.125)
    balls = 0.085 * _bump(mirrored, y, EYES_X, EYES_Y, 0.15, 0.085)
    brow = rng.uniform(0.03, 0.07) * _bump(mirrored, y, 0.38, -0.27, 0.30, 0.085)
    cheeks = rng.uniform(0.03, 0.07) * _bump(mirrored, y, 0.56, 0.36, 0.24, 0.20)
    hollow = -rng.uniform(0.0, 0.05) * _bump(mirrored, y, 0.62, 0.85, 0.18, 0.25)
    lips = 0.075 * _bump(x, y, 0, 0.875, 0.24, 0.05) + 0.085 * _bump(x, y, 0, 1.02, 0.2, 0.06)
    line = -0.045 * _bump(x, y, 0, 0.945, 0.30, 0.022)
    chin = 0.10 * _bump(x, y, 0, chin_y - 0.12, 0.24, 0.13)
    fold = -0.05 * _bump(x, y, 0, 1.165, 0.22, 0.05) - 0.025 * _bump(
        mirrored, y, 0.36, 0.75, 0.06, 0.16
    )
    temples = -0.05 * _bump(mirrored, y, 0.84, -0.35, 0.16, 0.25)
    face = ridge + wings + sockets + balls + brow + cheeks + hollow + temples
    return face + lips + line + chin + fold


def _bump(x, y, x0, y0, width, height) -> np.ndarray:
    return np.exp(-(((x - x0) / width) ** 2) - ((y - y0) / height) ** 2)


def _smooth(x, low, high) -> np.ndarray:
    """0 below low, 1 above high, a smooth step between."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def height_above(radius: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Height (h, w) above the surface of points (3, h, w) of the head frame, float32."""
    x, y, z = points
    length = np.sqrt(x * x + y * y + z * z)
    scale = np.float32(len(radius) / (2 * EXTENT))
    per_unit = scale / np.maximum(length + z, 1e-3)
    middle = np.float32(len(radius) / 2 - 0.5)
    at = (x * per_unit + middle, y * per_unit + middle)
    length -= cv2.remap(radius, *at, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return length


def cast(
    shape: HeadShape, camera: np.ndarray, rays: np.ndarray, pixel: float
) -> tuple[np.ndarray, ...]:
    """Where rays meet the head: u, v and the pixel's cover, to be clipped to 0..1, (h, w) each.

    camera: its place (3,), rays: unit vectors (3, h, w), float32, both in the head frame; pixel:
    size of a pixel at the head.
    """
    camera = camera[:, None, None]
    along = -(camera * rays).sum(axis=0) - np.float32(REACH)
    smallest, closest = np.full(along.shape, np.inf, np.float32), along.copy()
    for _ in range(STEPS):
        height = height_above(shape.radius, camera + along * rays)
        closer = height < smallest
        np.copyto(closest, along, where=closer)
        np.minimum(smallest, height, out=smallest)
        along += np.float32(STRIDE) * height
    x, y, z = camera + closest * rays
    below = 1 / np.maximum(np.sqrt(x * x + y * y + z * z) + z, 1e-3)
    return x * below, y * below, 1.2 - smallest / np.float32(1.2 * pixel)
