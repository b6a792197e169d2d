"""The multi-scale spatial-temporal map: the mean colour of every combination of six face regions.

Landmarks (468, 2) float, pixels (x, y), pixel centres at integers.  6 regions, 63 combinations,
channels R, G, B, Y, U, V, all as floats on the scale 0-255.

    >>> means = np.tile([[200.0, 120.0, 90.0]], (1, 6, 1))  # one frame, all regions equal
    >>> expand(means, counts=np.full((1, 6), 50)).shape
    (1, 63, 6)
    >>> np.flatnonzero(COMBINATIONS[0])  # row 1 of the map: the forehead alone
    array([5])

Method: Niu et al., "Video-based Remote Physiological Measurement via Cross-verified Feature
Disentangling", ECCV 2020, section 3.2.  Differences: polygons of FaceMesh landmarks instead of 68
or 81 points, and no rounding (the MATLAB code rounds every product to 8 bits).
"""

import cv2
import numpy as np

# Polygons of landmark indices; they share edges only, and avoid eyes, nose and lips.
REGIONS = {
    "cheek_up_A": [34, 227, 137, 123, 50, 36, 142, 120, 230, 229, 228, 31, 35, 143],
    "cheek_low_A": [
        *(137, 177, 215, 138, 135, 169, 210, 212, 57, 186, 206, 203, 129, 142, 36, 50, 123)
    ],
    "cheek_up_B": [264, 447, 366, 352, 280, 266, 371, 349, 450, 449, 448, 261, 265, 372],
    "cheek_low_B": [
        *(366, 401, 435, 367, 364, 394, 430, 432, 287, 410, 426, 423, 358, 371, 266, 280, 352)
    ],
    "mouth_chin": [
        *(169, 170, 140, 171, 175, 396, 369, 395, 394, 430, 432, 287, 291),
        *(375, 321, 405, 314, 17, 84, 181, 91, 146, 61, 57, 212, 210),
    ],
    "forehead": [
        *(68, 63, 105, 66, 107, 9, 336, 296, 334, 293, 298, 333, 299, 337, 151, 108, 69, 104)
    ],
}  # A is on the left of the picture, B on its right; the forehead ends well below the hair
_POINTS = np.concatenate(list(REGIONS.values()))
_ENDS = np.cumsum([len(indices) for indices in REGIONS.values()])
_STARTS = np.concatenate([[0], _ENDS[:-1]])
_POLYGONS = [slice(start, end) for start, end in zip(_STARTS, _ENDS, strict=True)]
_NO_COLOUR = (np.nan, np.nan, np.nan)
NO_FACE = (np.full((6, 3), np.nan), np.zeros(6))  # means and counts of a frame without one
CHANNELS = ("R", "G", "B", "Y", "U", "V")

# Row i (from 1) is the binary number i, the first region its most significant bit: row 1 is the
# forehead alone, row 63 the whole face.
COMBINATIONS = (np.arange(1, 64)[:, None] >> np.arange(5, -1, -1)) & 1 == 1  # (63, 6)

# Full-range BT.601, as in JPEG: Y from 0 to 255, U and V around 128.
YUV_FROM_RGB = np.array(
    [
        [0.299, 0.587, 0.114],
        [-0.168736, -0.331264, 0.5],
        [0.5, -0.418688, -0.081312],
    ]
)
YUV_OFFSET = np.array([0.0, 128.0, 128.0])


def region_masks(shape: tuple[int, int], landmarks: np.ndarray) -> tuple[np.ndarray, tuple, list]:
    """Label the pixels of the six regions inside their common bounding box.

    shape: (H, W) of the frame.  Returns labels (h, w) uint8: 1 + region, 0 for none; the (x, y) of
    their first pixel in the frame; and for each region its box (x0, y0, x1, y1) in labels.
    A pixel on a shared edge belongs to the later region only.
    """
    points = np.rint(landmarks[_POINTS]).astype(np.int32)  # (n points of all polygons, 2)
    limit = shape[::-1]
    low = np.minimum(np.maximum(np.minimum.reduceat(points, _STARTS), 0), limit)  # (6, 2)
    high = np.minimum(np.maximum(np.maximum.reduceat(points, _STARTS) + 1, 0), limit)
    origin = low.min(axis=0)
    width, height = high.max(axis=0) - origin
    labels = np.zeros((height, width), np.uint8)
    if labels.size:
        points -= origin.astype(np.int32)
        for label, polygon in enumerate(_POLYGONS, start=1):
            cv2.fillPoly(labels, [points[polygon]], label)
    boxes = np.concatenate([low - origin, high - origin], axis=1).tolist()
    return labels, tuple(origin.tolist()), boxes


def region_means(rgb: np.ndarray, landmarks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean colour (6, 3) and pixel count (6,), both float64, of the six regions of one frame.

    rgb: (H, W, 3) uint8.  A region without a pixel inside the frame has count 0 and mean NaN.
    """
    labels, (x, y), boxes = region_masks(rgb.shape[:2], landmarks)
    face = rgb[y : y + labels.shape[0], x : x + labels.shape[1]]
    means, counts = [_NO_COLOUR] * 6, [0.0] * 6
    for region, (x0, y0, x1, y1) in enumerate(boxes):
        if x0 < x1 and y0 < y1:
            mask = cv2.compare(labels[y0:y1, x0:x1], region + 1, cv2.CMP_EQ)
            counts[region] = float(cv2.countNonZero(mask))
            if counts[region]:
                means[region] = cv2.mean(face[y0:y1, x0:x1], mask)[:3]
    return np.array(means), np.array(counts)


def yuv(rgb: np.ndarray) -> np.ndarray:
    """Full-range BT.601 Y, U, V of colours (..., 3), unrounded."""
    return rgb @ YUV_FROM_RGB.T + YUV_OFFSET


def expand(means: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The map (T, 63, 6) float32 from region means (T, 6, 3) and pixel counts (T, 6).

    A row is the mean over all pixels of its regions: one matrix product of the 63 combinations
    with the sums of the six regions.  Regions with count 0 are ignored; a row with no other region
    is NaN.
    """
    weight = np.asarray(counts, float)[..., None]  # (T, 6, 1)
    sums = np.where(weight > 0, means * weight, 0.0)
    total = COMBINATIONS.astype(float) @ np.concatenate([sums, weight], axis=-1)
    rgb = total[..., :3] / np.where(total[..., 3:] > 0, total[..., 3:], np.nan)  # (T, 63, 3)
    return np.concatenate([rgb, yuv(rgb)], axis=-1, dtype=np.float32)


def draw_regions(rgb: np.ndarray, landmarks: np.ndarray, strength: float = 0.4) -> np.ndarray:
    """A copy of the frame (H, W, 3) uint8 with the six regions tinted, for display."""
    labels, (x, y), _ = region_masks(rgb.shape[:2], landmarks)
    picture = rgb.copy()
    inside = picture[y : y + labels.shape[0], x : x + labels.shape[1]]
    hue = np.arange(7, dtype=np.uint8) * 25  # OpenCV's hue runs from 0 to 179
    hsv = np.stack([hue, np.full(7, 255, np.uint8), np.full(7, 255, np.uint8)], axis=-1)
    tint = cv2.cvtColor(hsv[None], cv2.COLOR_HSV2RGB)[0][labels]  # (h, w, 3)
    mixed = (1 - strength) * inside + strength * tint
    inside[:] = np.where(labels[..., None] > 0, mixed, inside).astype(np.uint8)
    return picture
