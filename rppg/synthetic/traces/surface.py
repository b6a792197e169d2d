"""Where on the face: the six regions of an MSTmap, or the cells of a small crop.

A head is an ellipsoid seen from the front.  Positions are in half widths of the face, x to the
right of the picture, y down, z towards the camera; the origin is between eyes and mouth.

    >>> REGION_SURFACE.n, cell_surface(side=16, half_width=0.35, middle_y=0.0).n
    (6, 256)
"""

from dataclasses import dataclass

import numpy as np

from rppg.preprocessing.mstmap import REGIONS

HALF_HEIGHT = 1.42  # of the head over its half width, chin to hairline and a little more
# Middle of each region (x, y) and its share of the area of the face's ellipse, measured on rendered
# faces; the order is that of REGIONS.
MIDDLES = {
    "cheek_up_A": (-0.66, 0.0, 0.045),
    "cheek_low_A": (-0.64, 0.43, 0.065),
    "cheek_up_B": (0.66, 0.0, 0.045),
    "cheek_low_B": (0.64, 0.43, 0.065),
    "mouth_chin": (0.0, 0.9, 0.107),
    "forehead": (0.0, -0.67, 0.065),
}


@dataclass(frozen=True)
class Surface:
    """P places on a face."""

    x: np.ndarray  # (P,)
    y: np.ndarray  # (P,)
    normals: np.ndarray  # (P, 3) unit vectors
    area: np.ndarray  # (P,) of the face's ellipse
    blood: np.ndarray  # (P,) usual height of the pulse, relative
    lower: np.ndarray  # (P,) 0-1: how much speech moves it

    @property
    def n(self) -> int:
        """Number of places."""
        return len(self.x)


def surface_at(x: np.ndarray, y: np.ndarray, area: np.ndarray) -> Surface:
    """Places at x, y (P,); beyond the head's edge, the normals are those of the edge."""
    x, y, area = (np.asarray(one, np.float32) for one in (x, y, area))
    z = np.sqrt(np.clip(1 - x**2 - (y / HALF_HEIGHT) ** 2, 0.03, 1))
    normals = np.stack([x, y / HALF_HEIGHT**2, z], axis=-1)
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    patches = ((0.0, -0.67, 0.5), (-0.6, 0.1, 0.35), (0.6, 0.1, 0.35))
    near = [np.exp(-(((x - cx) ** 2 + (y - cy) ** 2) / (2 * wide**2))) for cx, cy, wide in patches]
    blood = 0.5 + 0.5 * np.maximum.reduce(near)
    lower = np.clip((y - 0.2) / 0.45, 0, 1) * np.exp(-(x**2) / 0.8)
    return Surface(x, y, normals, area, blood.astype(np.float32), lower.astype(np.float32))


def cell_surface(side: int, half_width: float, middle_y: float) -> Surface:
    """Cells of a square crop, row by row.  half_width: of the face over the side of the crop;
    middle_y: of the face's origin, from the middle of the crop, over its side."""
    place = (np.arange(side) + 0.5) / side - 0.5
    rows, columns = np.meshgrid(place, place, indexing="ij")
    x, y = columns.ravel() / half_width, (rows.ravel() - middle_y) / half_width
    area = np.full(side**2, 1 / (np.pi * HALF_HEIGHT * (half_width * side) ** 2))
    return surface_at(x, y, area)


REGION_SURFACE = surface_at(*np.array([MIDDLES[name] for name in REGIONS]).T)
