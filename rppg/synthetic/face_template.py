"""The real face from which all synthetic subjects are made: scikit-image's astronaut, in layers.

`load_source()` returns, in the picture's own 512x512 pixels, its 468 FaceMesh landmarks, a face
with a closed mouth and a bare forehead (the fringe is painted over with skin), and soft masks of
the parts that can be recoloured.  Images are float32 RGB (512, 512, 3) in 0..255, masks float32
(512, 512) in 0..1, landmarks (468, 2) pixels.

    >>> source = load_source()
    >>> source.landmarks.shape, source.skin.shape
    ((468, 2), (512, 512))

The picture: NASA portrait of Eileen Collins, public domain, shipped in scikit-image's wheel.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

LANDMARKS = Path(__file__).with_name("astronaut_landmarks.json")

# Landmarks of the parts that are not skin, in drawing order (FaceMesh numbering).
EYES = (
    (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7),
    (263, 466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249),
)
BROWS = (
    (70, 63, 105, 66, 107, 55, 65, 52, 53, 46),
    (300, 293, 334, 296, 336, 285, 295, 282, 283, 276),
)
LIPS = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)
UPPER_INNER_LIP = (191, 80, 81, 82, 13, 312, 311, 310, 415)
LOWER_INNER_LIP = (95, 88, 178, 87, 14, 317, 402, 318, 324)
OVAL = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)

# Outlines read off the picture, in its pixels.
HAIR_OUTSIDE = (
    *((174, 118), (163, 112), (155, 98), (153, 82), (154, 65), (160, 52), (171, 43), (185, 37)),
    *((193, 28), (203, 21), (218, 17), (233, 15), (250, 17), (263, 24), (277, 33), (290, 47)),
    *((298, 62), (301, 83), (300, 103), (293, 118), (283, 127), (275, 129), (270, 127)),
)
HAIR_INSIDE = (
    *((269, 115), (268, 100), (266, 89), (255, 86), (242, 83), (227, 82), (212, 80), (200, 78)),
    *((187, 75), (184, 87), (182, 100), (181, 115)),
)
EARS = (
    ((172, 116), (174, 127), (180, 132), (185, 128), (184, 114)),
    ((266, 116), (268, 134), (274, 136), (280, 127), (278, 120)),
)
NECK = (
    *(
        (187, 140),
        (189, 170),
        (187, 190),
        (180, 222),
        (272, 222),
        (265, 190),
        (263, 170),
        (265, 140),
    ),
)
SKULL_CENTRE, SKULL_RADII = (226, 98), (51, 65)  # an ellipse under the hair


@dataclass(frozen=True)
class SourceFace:
    """Layers of the astronaut, in source pixels (see the module's docstring)."""

    image: np.ndarray  # (512, 512, 3) face with a bare forehead and a closed mouth
    hair_luma: np.ndarray  # (512, 512) brightness of the hair over its mean, 1 outside
    skin: np.ndarray  # (512, 512) skin: face, ears, neck, without eyes and brows
    head: np.ndarray  # (512, 512) silhouette without hair
    hair: np.ndarray  # (512, 512)
    landmarks: np.ndarray  # (468, 2)


@lru_cache(maxsize=1)
def load_source() -> SourceFace:
    """Split the astronaut into layers; they are kept."""
    from skimage.data import astronaut

    image = astronaut()
    landmarks = source_landmarks()
    image = image.astype(np.float32)
    hair = fill([*HAIR_OUTSIDE, *HAIR_INSIDE], blur_px=1.2)
    head = _silhouette(landmarks)
    features = np.maximum.reduce(
        [fill(landmarks[list(part)], grow_px=2) for part in (*EYES, *BROWS, LIPS)]
    )
    oval = fill(landmarks[list(OVAL)])
    clean = (oval > 0.5) & (features < 0.1) & (hair < 0.05)
    clean[: int(landmarks[107, 1]) - 4] = False  # the fringe's shadow is not skin colour
    bare = _bare_forehead(image, clean, landmarks, hair)
    bare = _long_neck(bare, clean, landmarks)
    luma = _hair_luma(image, hair)
    bare, landmarks = _close_mouth(bare, landmarks)
    eyes_and_brows = np.maximum.reduce([fill(landmarks[list(p)], blur_px=0.8) for p in EYES])
    return SourceFace(bare, luma, head * (1 - eyes_and_brows), head, hair, landmarks)


def source_landmarks() -> np.ndarray:
    """FaceMesh landmarks (468, 2) float32 of the picture, in pixels from its edge.

    mediapipe 0.10.21 found them; they are stored so that every machine renders the same faces.
    """
    return np.array(json.loads(LANDMARKS.read_text()), np.float32)


def fill(points, blur_px: float = 0.0, grow_px: int = 0, shape=(512, 512)) -> np.ndarray:
    """A soft mask (H, W) of a polygon, anti-aliased at an eighth of a pixel."""
    mask = np.zeros(shape, np.uint8)
    corners = np.round(np.asarray(points, np.float64) * 8).astype(np.int32)
    cv2.fillPoly(mask, [corners], 255, cv2.LINE_AA, shift=3)
    if grow_px:
        mask = cv2.dilate(mask, np.ones((2 * grow_px + 1,) * 2, np.uint8))
    mask = mask.astype(np.float32) / 255
    return cv2.GaussianBlur(mask, (0, 0), blur_px) if blur_px else mask


def box_of(mask: np.ndarray) -> tuple[slice, slice]:
    """Bounding box (rows, columns) of a mask (H, W) that is not empty."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def _silhouette(landmarks: np.ndarray) -> np.ndarray:
    """Head without hair: skull, face, ears and neck."""
    angle = np.linspace(0, 2 * np.pi, 60)
    skull = np.stack([np.cos(angle), np.sin(angle)], 1) * SKULL_RADII + SKULL_CENTRE
    skull = skull[skull[:, 1] < 125]
    parts = [fill(skull), fill(landmarks[list(OVAL)], grow_px=1), fill(NECK), *map(fill, EARS)]
    return cv2.GaussianBlur(np.maximum.reduce(parts), (0, 0), 0.8)


def spread(image: np.ndarray, known: np.ndarray, sigma_px: float) -> np.ndarray:
    """Extend an image (H, W[, C]) smoothly beyond the mask `known` (normalised convolution)."""
    weight = known.astype(np.float32)
    total = cv2.GaussianBlur(weight, (0, 0), sigma_px) + 1e-6
    wide = cv2.GaussianBlur(weight, (0, 0), 6 * sigma_px) + 1e-6
    pick = total / (total + 0.02)  # far from known pixels the wide average is used
    w3, t3, d3, p3 = (x[..., None] if image.ndim == 3 else x for x in (weight, total, wide, pick))
    near = cv2.GaussianBlur(image * w3, (0, 0), sigma_px) / t3
    far = cv2.GaussianBlur(image * w3, (0, 0), 6 * sigma_px) / d3
    return p3 * near + (1 - p3) * far


def _bare_forehead(image, clean, landmarks, hair) -> np.ndarray:
    """Paint skin over fringe and temples, shaded like a round forehead."""
    paint = spread(image, clean, 9.0)
    rows, columns = np.mgrid[:512, :512].astype(np.float32)
    away = ((columns - SKULL_CENTRE[0]) / SKULL_RADII[0]) ** 2
    up = np.clip((landmarks[9, 1] - rows) / 60, 0, 1)
    paint *= (1.04 - 0.22 * np.clip(away, 0, 1.2) - 0.12 * up)[..., None]
    brow = np.minimum(landmarks[105, 1], landmarks[334, 1])
    above = np.clip((brow - 2 - rows) / 3, 0, 1)  # soft edge just above the brows
    use = np.maximum(above, cv2.GaussianBlur(cv2.dilate(hair, np.ones((5, 5))), (0, 0), 1.5))
    return image * (1 - use[..., None]) + paint * use[..., None]


def _long_neck(image, clean, landmarks) -> np.ndarray:
    """Paint a neck below and next to the jaw, darker under the chin; ears are not changed."""
    rows = np.arange(512, dtype=np.float32)[:, None]
    under = np.clip((rows - landmarks[152, 1] + 12) / 30, 0, 1)
    paint = spread(image, clean, 9.0) * (0.66 + 0.18 * under)[..., None]
    keep = cv2.GaussianBlur(fill(landmarks[list(OVAL)]), (0, 0), 1.5)
    beside = np.clip((rows - 138) / 6, 0, 1) * (1 - keep)
    wall = (image[..., 0] - image[..., 2] < 45) & (rows > 110)  # skin is redder than the wall
    wall = cv2.dilate((wall & (keep < 0.8)).astype(np.float32), np.ones((3, 3)))
    beside = np.maximum(beside, cv2.GaussianBlur(wall, (0, 0), 0.7))
    return (image * (1 - beside[..., None]) + paint * beside[..., None]).astype(np.float32)


def _close_mouth(image: np.ndarray, landmarks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bring the lips together over the teeth: picture and landmarks with a closed mouth."""
    corners = landmarks[[78, 308]]
    upper = np.array(sorted([*corners.tolist(), *landmarks[list(UPPER_INNER_LIP)].tolist()]))
    lower = np.array(sorted([*corners.tolist(), *landmarks[list(LOWER_INNER_LIP)].tolist()]))

    def shift(x, y):
        """Distance of pixel (x, y) of the closed mouth from the original position of its colour."""
        top = np.interp(x, upper[:, 0], upper[:, 1]) - 0.8
        bottom = np.interp(x, lower[:, 0], lower[:, 1]) + 0.8
        inside = (x > corners[0, 0]) & (x < corners[1, 0])
        half = np.where(inside, np.maximum(bottom - top, 0) / 2, 0)
        from_line = y - (top + bottom) / 2
        return np.sign(from_line) * half * np.clip(1 - np.abs(from_line) / 18, 0, 1)

    rows, columns = np.mgrid[:512, :512].astype(np.float32)
    source_rows = (rows + shift(columns, rows)).astype(np.float32)
    closed = cv2.remap(image, columns, source_rows, cv2.INTER_LINEAR)
    moved = landmarks.copy()
    for _ in range(8):  # invert the shift at the landmarks by fixed-point iteration
        step = shift(landmarks[:, 0], moved[:, 1])
        moved[:, 1] += 0.5 * (landmarks[:, 1] - step - moved[:, 1])
    for a, b in zip(UPPER_INNER_LIP + (13,), LOWER_INNER_LIP + (14,), strict=True):
        moved[[a, b], 1] = landmarks[[a, b], 1].mean()
    return closed, moved


def _hair_luma(image: np.ndarray, hair: np.ndarray) -> np.ndarray:
    luma = image.mean(axis=2)
    sure = (hair > 0.95).astype(np.float32)
    weight = cv2.GaussianBlur(cv2.erode(sure, np.ones((5, 5))), (0, 0), 1.0)
    return 1 + weight * (luma / luma[sure > 0].mean() - 1)
