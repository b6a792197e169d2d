"""Appearance of a subject: hair, fringe, beard, glasses, closed eyes, clothes, background.

Layers are pairs (premultiplied float32 RGB (H, W, 3), alpha (H, W)); `unit` is the number of video
pixels per pixel of the source picture, so that everything scales with the face.

    >>> from rppg.synthetic.subject import draw_traits, make_subject
    >>> landmarks = make_subject(draw_traits(seed=0, number=7), width=320, height=240).landmarks
    >>> rgb, alpha = clothes(np.random.default_rng(0), landmarks, width=320, height=240)
    >>> rgb.shape, alpha.shape
    ((240, 320, 3), (240, 320))
"""

import math

import cv2
import numpy as np

from rppg.synthetic.face_template import (
    EYES,
    HAIR_INSIDE,
    HAIR_OUTSIDE,
    SKULL_CENTRE,
    SKULL_RADII,
    fill,
    spread,
)

BEARDS = {  # landmark outlines; the lips are cut out
    "full": (177, 215, 138, 135, 169, 170, 140, 171, 175, 396, 369, 395, 394, 364, 367, 435, 401)
    + (410, 391, 2, 164, 167, 186),
    "goatee": (57, 202, 210, 170, 140, 171, 175, 396, 369, 395, 430, 422, 287, 410, 164, 186),
    "moustache": (186, 92, 165, 167, 2, 393, 391, 322, 410, 291, 270, 269, 267, 0, 37, 39, 40, 61),
}
LIPS_OUTLINE = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181)


def _grain(rng, shape):
    """Noise for `_strands`; drawn for hair that is not there too, so that later draws are equal."""
    return rng.standard_normal((shape[0] * 2, shape[1] * 2)).astype(np.float32)


def _strands(noise, shape, length_px=9.0, width_px=0.7, angle_deg=90.0):
    """Streaky texture (H, W), mean 1, standard deviation 0.18, running along an angle."""
    noise = cv2.GaussianBlur(noise, (0, 0), sigmaX=length_px, sigmaY=width_px)
    turn = cv2.getRotationMatrix2D((shape[1], shape[0]), angle_deg, 1)
    noise = cv2.warpAffine(noise, turn, (shape[1] * 2, shape[0] * 2), borderMode=cv2.BORDER_REFLECT)
    top, left = shape[0] // 2, shape[1] // 2
    noise = noise[top : top + shape[0], left : left + shape[1]]
    return 1 + 0.18 * noise / noise.std()


def hair(rng, source, style, colour, sample, to_source):
    """Hair on the head; `to_source` = maps of video pixels into the source picture."""
    raised = np.array(HAIR_INSIDE, np.float32)
    top = raised[:, 1] < 95
    raised[top, 1] -= rng.uniform(11, 20)
    part = rng.uniform(-0.25, 0.25)
    raised[top, 1] -= 3 - part * (raised[top, 0] - SKULL_CENTRE[0]) * 0.5
    raised[~top, 0] += np.sign(raised[~top, 0] - SKULL_CENTRE[0]) * rng.uniform(0, 5)
    mask = fill([*HAIR_OUTSIDE, *raised], blur_px=1.2)
    if style in ("short", "buzz"):
        grow = rng.uniform(4, 9) if style == "short" else 1.5
        rows, columns = np.mgrid[:512, :512].astype(np.float32)
        x = (columns - SKULL_CENTRE[0]) / (SKULL_RADII[0] + grow * 0.6)
        y = (rows - SKULL_CENTRE[1]) / (SKULL_RADII[1] + grow)
        round_top = (np.abs(x) ** 2.5 + np.abs(y) ** 2.5) ** 0.4
        mask *= np.clip((1 - round_top) * SKULL_RADII[0] / 2, 0, 1)
        mask *= np.clip((118 - rows) / 8, 0, 1)
    mask = sample(mask) * (0.72 if style == "buzz" else 1.0)
    luma = sample(source.hair_luma)
    angle_deg = rng.uniform(20, 70)
    texture = _strands(_grain(rng, mask.shape), mask.shape, 6, 0.6, angle_deg)
    luma = np.clip(luma ** rng.uniform(0.7, 1.1) * texture**0.4, 0.35, 2.2)
    return (colour * luma[..., None] * mask[..., None]).astype(np.float32), mask


def hair_behind(style, colour, landmarks, unit, rng, width, height):
    """Long hair falling behind the shoulders; empty for other styles."""
    drop = rng.uniform(75, 105) * unit if style == "long" else 0.0
    grain = _grain(rng, (height, width))
    if style != "long":
        return np.zeros((height, width, 3), np.float32), np.zeros((height, width), np.float32)
    left, right = landmarks[234], landmarks[454]
    outline = [
        *(left + (-20 * unit, -30 * unit), left + (-24 * unit, drop * 0.5)),
        *(left + (-18 * unit, drop), left + (20 * unit, drop)),
        *(right + (-20 * unit, drop), right + (18 * unit, drop)),
        *(right + (25 * unit, drop * 0.5), right + (22 * unit, -30 * unit)),
    ]
    alpha = fill(outline, 3.0 * unit, shape=(height, width))
    texture = _strands(grain, (height, width), 14 * unit, 0.9, 88)[..., None]
    return (0.8 * colour * texture * alpha[..., None]).astype(np.float32), alpha


def fringe(rng, coverage, colour, landmarks, unit, width, height):
    """Hair over one side of the forehead as premultiplied RGBA (H, W, 4); zeros if coverage 0."""
    side = rng.choice((-1.0, 1.0))
    grain = _grain(rng, (height, width))
    if coverage == 0:
        return np.zeros((height, width, 4), np.float32)
    texture = _strands(grain, (height, width), 8 * unit, 0.7, 90 - side * 25)
    left, right = (landmarks[i] for i in ((68, 298) if side < 0 else (298, 68)))
    inner = left + (right - left) * coverage
    brow = landmarks[[66, 296]].mean(axis=0)[1]
    top = landmarks[10, 1] - 16 * unit
    outline = [
        (left[0] + side * 14 * unit, top),
        (left[0] + side * 10 * unit, brow + 1 * unit),
        (left[0], brow - 1 * unit),
        ((left[0] + inner[0]) / 2, brow - 3 * unit),
        (inner[0], brow - 7 * unit),
        (inner[0] - side * 8 * unit, top),
    ]
    alpha = fill(outline, 1.3 * unit, shape=(height, width)) * np.clip(texture + 0.1, 0.75, 1)
    rgb = colour * np.clip(texture, 0.4, 1.8)[..., None] * alpha[..., None]
    return np.dstack([rgb, alpha]).astype(np.float32)


def beard_mask(rng, landmarks, unit, shape):
    """Density of a beard, (H, W) in 0..0.9."""
    kind = list(BEARDS)[rng.integers(len(BEARDS))]
    mask = fill(landmarks[list(BEARDS[kind])], 2.2 * unit, shape=shape)
    lips = fill(landmarks[list(LIPS_OUTLINE)], 0.8 * unit, shape=shape)
    return mask * (1 - lips) * rng.uniform(0.3, 0.8)


def moles(face, landmarks, unit, rng):
    """A few dark spots on cheeks and chin, painted in place."""
    for _ in range(rng.integers(0, 5)):
        around = landmarks[rng.choice((50, 280, 205, 425, 152, 187, 411))]
        spot = around + rng.normal(0, 5 * unit, 2)
        (left, top), reach = np.round(spot).astype(int), math.ceil(6 * unit)
        box = slice(max(top - reach, 0), top + reach), slice(max(left - reach, 0), left + reach)
        rows, columns = (grid[box] for grid in np.mgrid[: face.shape[0], : face.shape[1]])
        far = np.hypot(columns - spot[0], rows - spot[1]) / (rng.uniform(0.7, 1.4) * unit)
        face[box] *= (1 - 0.4 * np.exp(-(far**2)))[..., None]
    return face


def glasses(face, landmarks, unit, rng):
    """Frames around both eyes."""
    colour = rng.uniform(15, 80) + rng.uniform(-10, 10, 3)
    thick = max(1, round(rng.uniform(1.2, 2.2) * unit))
    line = np.zeros(face.shape[:2], np.uint8)
    size = np.array((rng.uniform(15.5, 18), rng.uniform(10.5, 14))) * unit
    centres = [landmarks[[33, 133]].mean(axis=0), landmarks[[362, 263]].mean(axis=0)]
    for centre in centres:
        centre = np.round((centre + (0, 2 * unit)) * 8).astype(int)
        axes = np.round(size * 8).astype(int)
        cv2.ellipse(line, tuple(centre), tuple(axes), 0, 0, 360, 255, thick, cv2.LINE_AA, 3)
    ends = [
        (centres[0] + (size[0], 0), centres[1] - (size[0], 0)),
        (centres[0] - (size[0], 0), landmarks[127]),
        (centres[1] + (size[0], 0), landmarks[356]),
    ]
    for a, b in ends:
        a, b = (tuple(np.round(p * 8).astype(int)) for p in (a, b))
        cv2.line(line, a, b, 255, thick, cv2.LINE_AA, 3)
    mask = line[..., None].astype(np.float32) / 255
    return face * (1 - 0.9 * mask) + colour * 0.9 * mask


def close_eyes(face, skin, landmarks, unit):
    """The same face with lids painted over the eyes and lashes along the lower lid."""
    points = landmarks[[*EYES[0], *EYES[1]]]
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    margin = round(24 * unit)  # more than eight standard deviations of the colour's spread
    columns = slice(max(int(left) - margin, 0), int(right) + margin)
    box = slice(max(int(top) - margin, 0), int(bottom) + margin), columns
    closed, near = face.copy(), landmarks - (columns.start, box[0].start)
    closed[box] = _paint_lids(face[box], skin[box] > 0.9, near, unit)
    return closed


def _paint_lids(face, bare, landmarks, unit):
    shape = face.shape[:2]
    lids = spread(face, bare, 3.0 * unit) * 0.97
    for eye in EYES:
        mask = fill(landmarks[list(eye)], 0.8 * unit, max(1, round(unit)), shape)[..., None]
        face = face * (1 - mask) + lids * mask
        lash = np.round(landmarks[[eye[0], *eye[9:]]] * 8).astype(np.int32)
        lash = lash[np.argsort(lash[:, 0])]
        line = np.zeros(shape, np.uint8)
        cv2.polylines(line, [lash], False, 255, max(1, round(unit)), cv2.LINE_AA, shift=3)
        face = face * (1 - 0.7 * line[..., None].astype(np.float32) / 255)
    return face


def _muted(rng) -> np.ndarray:
    """A random, mostly muted colour (3,) of clothes or furniture."""
    return (rng.uniform(35, 205) + rng.uniform(-35, 35, 3)).astype(np.float32)


def clothes(rng, landmarks, width, height):
    """Neckline and shoulders in one colour, sometimes striped."""
    unit = np.ptp(landmarks[[234, 454], 0]) / 94
    chin = landmarks[152]
    neck = chin[1] + rng.uniform(17, 27) * unit
    slope = rng.uniform(16, 26) * unit
    half = rng.uniform(26, 34) * unit
    dip = rng.uniform(2, 12) * unit
    shoulder = rng.uniform(95, 125) * unit
    outline = [
        (chin[0] - shoulder, height + 40),
        (chin[0] - shoulder, neck + slope + 6 * unit),
        (chin[0] - 0.8 * shoulder, neck + 0.7 * slope),
        (chin[0] - half, neck - 4 * unit),
        *[(chin[0] + half * np.cos(a), neck - 4 * unit + dip * np.sin(a)) for a in ARC],
        (chin[0] + half, neck - 4 * unit),
        (chin[0] + 0.8 * shoulder, neck + 0.7 * slope),
        (chin[0] + shoulder, neck + slope + 6 * unit),
        (chin[0] + shoulder, height + 40),
    ]
    alpha = fill(outline, 1.0, shape=(height, width))
    colour = _muted(rng)
    fold = cv2.GaussianBlur(rng.standard_normal((height, width)).astype(np.float32), (0, 0), 10)
    shade = 1 + 0.12 * fold / fold.std()
    rgb = colour * shade[..., None]
    if rng.random() < 0.35:
        rows = np.arange(height)[:, None, None]
        stripe = (np.sin(rows * rng.uniform(0.3, 0.9) / unit) > 0.3).astype(np.float32)
        rgb = rgb * (1 - stripe) + _muted(rng) * shade[..., None] * stripe
    return (np.clip(rgb, 0, 245) * alpha[..., None]).astype(np.float32), alpha


ARC = np.linspace(np.pi * 0.97, np.pi * 0.03, 13)


def background(rng, width, height):
    """An out-of-focus background: a wall with a gradient and a few blurred objects."""
    top, bottom = rng.uniform(70, 205) + rng.uniform(-18, 18, (2, 3))
    ramp = np.linspace(0, 1, height)[:, None, None]
    wall = np.ones((height, width, 1)) * ((1 - ramp) * top + ramp * bottom)
    things = wall.astype(np.float32)
    for _ in range(rng.integers(2, 7)):
        colour = tuple(float(c) for c in _muted(rng))
        x, y = int(rng.uniform(0, width)), int(rng.uniform(0, height))
        w, h = int(rng.uniform(0.05, 0.25) * width), int(rng.uniform(0.1, 0.6) * height)
        cv2.rectangle(things, (x, y), (x + w, y + h), colour, -1)
    soft = cv2.GaussianBlur(things, (0, 0), rng.uniform(3, 9) * height / 240)
    return np.clip(0.6 * wall + 0.4 * soft, 5, 240).astype(np.float32)
