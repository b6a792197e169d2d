"""A synthetic subject: the source face, reshaped, recoloured and dressed, seeded by its number.

`make_subject(traits, width, height)` returns everything that is equal in all recordings of a
subject, at the video's size: pictures float32 RGB (H, W, 3) in 0..255, maps float32 (H, W).

    >>> subject = make_subject(draw_traits(seed=0, number=7), width=320, height=240)
    >>> subject.face.shape, subject.landmarks.shape
    ((240, 320, 3), (468, 2))
"""

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.interpolate import RBFInterpolator

from rppg.synthetic import appearance
from rppg.synthetic.face_template import BROWS, EYES, LIPS, OVAL, box_of, fill, load_source

HR_RANGE_BPM = (45.0, 150.0)
FACE_WIDTH = 94.0  # source pixels from landmark 234 to 454
HAIR_STYLES = ("bob", "short", "long", "buzz")
# Skin from very light to very dark, as rendered by automatic exposure (display RGB).
TONES = np.array(
    [(221, 184, 163), (210, 165, 138), (190, 140, 109), (160, 112, 83), (124, 83, 61), (88, 58, 45)]
).astype(np.float32)
HAIR_COLOURS = (
    *((36, 28, 25), (68, 48, 36), (104, 76, 52)),
    *((150, 122, 84), (118, 66, 42), (122, 120, 118)),
)
NOSE = (1, 2, 4, 5, 6, 195, 197, 98, 327, 64, 294, 48, 278, 129, 358)


@dataclass(frozen=True)
class Traits:
    """Random traits of a subject."""

    number: int
    hr_bpm: float  # the subject's usual HR, in HR_RANGE_BPM
    tone: float  # 0 very light .. 1 very dark
    fringe: float  # 0 none .. 1 hair over the whole forehead
    seed: tuple[int, ...]  # seed of all other traits


@dataclass(frozen=True)
class Subject:
    """A subject's pictures and maps at the video's size (see the module's docstring)."""

    traits: Traits
    face: np.ndarray  # (H, W, 3) head, hair and clothes on black
    alpha: np.ndarray  # (H, W) their opacity
    background: np.ndarray  # (H, W, 3)
    closed_eyes: np.ndarray  # (H, W, 3) the face with closed eyes
    fringe: np.ndarray  # (H, W, 4) hair hanging over the forehead: premultiplied RGB and alpha
    skin: np.ndarray  # (H, W) visibility of the pulse: 1 on bare skin, less under a beard, else 0
    depth: np.ndarray  # (H, W) towards the camera, in pixels, for rotation
    follow: np.ndarray  # (H, W) 1 on the head, which moves, 0 far from it
    landmarks: np.ndarray  # (468, 2) pixels


def draw_traits(seed: int, number: int, fringe_share: float = 0.0) -> Traits:
    """Traits of subject `number`; HR and skin tone are uniform over subjects and independent.

    They follow the R2 low-discrepancy sequence (Roberts 2018), so that consecutive numbers cover HR
    x tone evenly.  fringe_share: share of subjects with a fringe.
    """
    start = np.random.default_rng([seed, 11]).random(2)
    rate, tone = (start + number * np.array([0.7548776662466927, 0.5698402909980532])) % 1
    rng = np.random.default_rng([seed, 12, number])
    fringe = rng.uniform(0.35, 0.65) if rng.random() < fringe_share else 0.0
    low, high = HR_RANGE_BPM
    return Traits(number, low + rate * (high - low), float(tone), fringe, (seed, 13, number))


def make_subject(traits: Traits, width: int, height: int) -> Subject:
    """Render the pictures and maps of a subject at the video's size."""
    rng = np.random.default_rng(traits.seed)
    source = load_source()
    landmarks, to_source = _reshape(source.landmarks, rng, width, height)

    def sample(picture):
        return cv2.remap(picture, *to_source, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

    skin, head = sample(source.skin), sample(source.head)
    face = _recolour(sample(source.image), skin, traits.tone, rng)
    hair_colour = _hair_colour(traits.tone, rng)
    face, beard = _features(face, landmarks, hair_colour, rng, sample)
    unit = np.ptp(landmarks[[234, 454], 0]) / FACE_WIDTH  # pixels of video per source pixel
    closed_eyes = appearance.close_eyes(face, skin, landmarks, unit)
    outfit = appearance.clothes(rng, landmarks, width, height)
    style = HAIR_STYLES[rng.integers(len(HAIR_STYLES))]
    hair = appearance.hair(rng, source, style, hair_colour, sample, to_source)
    back = appearance.hair_behind(style, hair_colour, landmarks, unit, rng, width, height)
    layers = [outfit, hair]
    face, alpha = _stack(back, (face * head[..., None], head), *layers)
    closed_eyes, _ = _stack(back, (closed_eyes * head[..., None], head), *layers)
    bare = skin * (1 - outfit[1]) * (1 - hair[1]) * (1 - beard)
    depth, follow = _pose_maps(landmarks, unit, width, height)
    fringe = appearance.fringe(rng, traits.fringe, hair_colour, landmarks, unit, width, height)
    fringe *= alpha[..., None]
    background = appearance.background(rng, width, height)
    return Subject(
        traits, face, alpha, background, closed_eyes, fringe, bare, depth, follow, landmarks
    )


def _reshape(points, rng, width, height):
    """Landmarks (468, 2) of the new subject in the video, and maps from video to source pixels."""

    def draw(spread):
        return float(np.clip(rng.normal(), -1.6, 1.6) * spread)

    centre = points[[1, 168]].mean(axis=0)
    x, y = (points - centre).T.astype(np.float64)
    mouth_y, chin_y = y[13], y[152]
    below = np.clip((y - mouth_y) / (chin_y - mouth_y), 0, 1.2)
    new_x, new_y = x.copy(), y.copy()
    apart, size, lift = draw(1.6), 1 + draw(0.09), draw(1.3)
    for eye, brow, side in zip(map(list, EYES), map(list, BROWS), (-1, 1), strict=True):
        new_x[eye] += (x[eye] - x[eye].mean()) * (size - 1)
        new_y[eye] += (y[eye] - y[eye].mean()) * 1.4 * (size - 1)
        new_x[eye + brow] += side * apart
        new_y[brow] += lift
    nose = list(NOSE)
    new_x[nose] *= 1 + draw(0.14)
    new_y[nose] += draw(1.8) * np.clip((y[nose] - y[6]) / (y[2] - y[6]), 0, 1)
    lips = list(LIPS) + [78, 308, 13, 14]
    new_x[lips] *= 0.93 + draw(0.08)
    new_y[lips] += draw(1.0) + (y[lips] - mouth_y) * draw(0.16)
    new_y[lips] += (2.2 + draw(1.5)) * (np.abs(x[lips]) / np.abs(x[lips]).max()) ** 2  # less smile
    new_x *= 1 + draw(0.07) * below + draw(0.05)
    new_y += draw(4.0) * below
    new_y *= 1 + draw(0.05)
    scale = height / 240 * 1.08 * (1 + draw(0.04))
    place = np.array([width / 2 + draw(0.02) * width, height * (0.475 + draw(0.012))])
    moved = np.stack([new_x, new_y], 1) * scale + place
    controls = sorted({*EYES[0], *EYES[1], *BROWS[0], *BROWS[1], *lips, *nose, *OVAL})
    to_source = _dense_map(points, moved, controls, centre, place, scale, width, height)
    return moved.astype(np.float32), to_source


def _dense_map(points, moved, controls, centre, place, scale, width, height):
    """Smooth inverse warp (map_x, map_y) float32 (H, W): exact at controls, a scaling far away."""
    turn = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    ring = np.stack([np.cos(turn), np.sin(turn)], 1) * 135
    known = np.concatenate([moved[controls], ring * scale + place])
    offset = np.concatenate([points[controls], ring + centre]) - ((known - place) / scale + centre)
    spline = RBFInterpolator(known, offset, kernel="thin_plate_spline", smoothing=1.0)
    grid_x, grid_y = np.linspace(0, width - 1, 81), np.linspace(0, height - 1, 61)
    grid = np.stack(np.meshgrid(grid_x, grid_y), axis=-1)
    coarse = spline(grid.reshape(-1, 2)).reshape(61, 81, 2).astype(np.float32)
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    fine = cv2.remap(coarse, columns * 80 / (width - 1), rows * 60 / (height - 1), cv2.INTER_LINEAR)
    far = np.hypot(columns - place[0], rows - place[1]) / scale
    fine *= np.clip((150 - far) / 40, 0, 1)[..., None]
    map_x = (columns - place[0]) / scale + centre[0] + fine[..., 0]
    map_y = (rows - place[1]) / scale + centre[1] + fine[..., 1]
    return map_x.astype(np.float32), map_y.astype(np.float32)


def skin_colour(tone: float) -> np.ndarray:
    """Display RGB (3,) of a tone between 0 (very light) and 1 (very dark)."""
    place = np.linspace(0, 1, len(TONES))
    return np.array([np.interp(tone, place, TONES[:, c]) for c in range(3)], np.float32)


def _recolour(face, skin, tone, rng):
    """Recolour the skin: ratio of the source to its mean colour, times the new colour."""
    texture = cv2.GaussianBlur(rng.standard_normal(skin.shape).astype(np.float32), (0, 0), 1.1)
    blotch = cv2.GaussianBlur(rng.standard_normal(skin.shape).astype(np.float32), (0, 0), 9)
    texture = 1 + 0.05 * rng.uniform(0.2, 1) * texture + 0.5 * rng.uniform(0, 1) * blotch
    cast = 1 + rng.uniform(-0.03, 0.03, 3).astype(np.float32)
    box = box_of(skin > 0)
    recoloured, face, skin = face.copy(), face[box], skin[box][..., None]
    mean = (face * skin).sum(axis=(0, 1)) / skin.sum()
    ratio = np.clip(face, 4, 255) / mean
    grey = ratio.mean(axis=2, keepdims=True)
    contrast = 0.95 - 0.1 * tone
    grey_out = np.where(grey > 1, 1 + 0.5 * np.tanh(1.6 * (grey - 1)), grey**contrast)
    ratio = grey_out * (ratio / grey) ** (0.9 - 0.25 * tone)
    painted = np.clip(ratio * skin_colour(tone) * cast * texture[box][..., None], 0, 250)
    recoloured[box] = face * (1 - skin) + painted * skin
    return recoloured


def _hair_colour(tone, rng):
    choices = 6 if tone < 0.45 else 2
    pick = 0 if tone > 0.75 else rng.integers(choices)
    colour = np.array(HAIR_COLOURS[pick], np.float32) * rng.uniform(0.8, 1.2)
    return np.array(HAIR_COLOURS[-1], np.float32) if rng.random() < 0.12 else colour


def _features(face, landmarks, hair_colour, rng, sample):
    """Brows, beard, moles and glasses; returns the face and the beard's mask (H, W)."""
    shape = face.shape[:2]
    unit = np.ptp(landmarks[[234, 454], 0]) / FACE_WIDTH
    for brow in BROWS:
        strength = rng.uniform(0.25, 0.8)
        mask = fill(landmarks[list(brow)], blur_px=1.2 * unit, shape=shape)[..., None]
        face = face * (1 - strength * mask) + 0.75 * hair_colour * strength * mask
    beard = np.zeros(shape, np.float32)
    if rng.random() < 0.3:
        beard = appearance.beard_mask(rng, landmarks, unit, shape)
        strands = 1 + 0.25 * rng.standard_normal(shape).astype(np.float32)
        face = face * (1 - beard[..., None]) + (
            hair_colour * 0.85 * strands[..., None] * beard[..., None]
        )
    face = appearance.moles(face, landmarks, unit, rng)
    if rng.random() < 0.2:
        face = appearance.glasses(face, landmarks, unit, rng)
    return np.ascontiguousarray(np.clip(face, 2, 250), np.float32), beard


def _stack(*layers):
    """Compose premultiplied layers (rgb, alpha), the first at the bottom."""
    rgb, alpha = layers[0]
    for over_rgb, over_alpha in layers[1:]:
        rgb = rgb * (1 - over_alpha[..., None]) + over_rgb
        alpha = alpha + over_alpha - alpha * over_alpha
    return rgb.astype(np.float32), alpha.astype(np.float32)


def _pose_maps(landmarks, unit, width, height):
    """Depth (an ellipsoid with a nose) and how much each pixel follows the head."""
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    centre = landmarks[[234, 454]].mean(axis=0) + (0, -8 * unit)
    x, y = (columns - centre[0]) / (62 * unit), (rows - centre[1]) / (92 * unit)
    depth = 48 * unit * np.sqrt(np.clip(1 - x**2 - y**2, 0, 1))
    nose = np.hypot(columns - landmarks[4, 0], (rows - landmarks[4, 1]) * 0.7) / (9 * unit)
    depth = cv2.GaussianBlur(depth, (0, 0), 4 * unit) + 9 * unit * np.exp(-(nose**2))
    radius = np.hypot((columns - centre[0]) / (74 * unit), (rows - centre[1]) / (100 * unit))
    follow = np.clip((1.62 - radius) / 0.62, 0, 1)
    return depth.astype(np.float32), (follow**2 * (3 - 2 * follow)).astype(np.float32)
