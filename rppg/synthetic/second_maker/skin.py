"""The face's texture in linear light: skin, eyes, brows, lips, hair; and where its blood pulses.

Colours are shares of reflected light, R, G, B.  tone: 0 (Fitzpatrick I) to 1 (VI).

    >>> [melanin_albedo(tone).round(2).tolist() for tone in (0.0, 1.0)]
    [[0.74, 0.5, 0.39], [0.11, 0.04, 0.02]]
"""

from dataclasses import dataclass

import cv2
import numpy as np

from rppg.synthetic.second_maker.head_shape import (
    CHART,
    EYES_X,
    EYES_Y,
    HeadShape,
    chart,
    directions,
)

SIZE = 640  # pixels of the texture
COARSE = 144  # pixels of the maps of shading and blood
LIGHTEST = np.array((0.74, 0.50, 0.39))
MELANIN = np.array((1.95, 2.45, 2.75))  # absorbance of the darkest skin
HAIR_RGB = ((0.012, 0.010, 0.009), (0.05, 0.028, 0.016), (0.16, 0.10, 0.05), (0.30, 0.28, 0.26))
IRIS_RGB = ((0.06, 0.03, 0.015), (0.10, 0.12, 0.06), (0.10, 0.17, 0.26))
SCLERA_RGB = np.array((0.62, 0.58, 0.55))


@dataclass(frozen=True, eq=False)
class Skin:
    """Textures of one person; maps (COARSE, COARSE) are float32."""

    opened: np.ndarray  # (S, S, 3) float32, eyes open; S is SIZE or a part of it
    closed: np.ndarray  # the same with the eyes closed
    eyes: tuple[slice, slice]  # the box in which they differ
    blood: np.ndarray  # relative height of the pulse, 0 outside the skin
    delay_s: np.ndarray  # of the pulse
    gloss: np.ndarray  # strength of the highlight


def melanin_albedo(tone: float) -> np.ndarray:
    """Colour (3,) of skin."""
    return LIGHTEST * np.exp(-MELANIN * tone)


def make_skin(rng: np.random.Generator, shape: HeadShape, tone: float, shrink: int = 1) -> Skin:
    """A person's textures; shrink: how many times smaller those of colour are, for small faces."""
    place = _surface(shape)
    dark_hair = tone > 0.45
    hair_rgb = np.array(HAIR_RGB[0 if dark_hair else rng.integers(len(HAIR_RGB))])
    base = _bare(rng, place, tone)
    base = _lips(base, place, tone)
    base = _mix(base, 0.25 * base, _dots(place, 0.085, 0.615, 0.055, 0.026))  # nostrils
    shadow = _dots(place, 0.41, 0.13, 0.17, 0.05)
    base = base * (1 - 0.16 * shadow[..., None])  # under the eyes
    if rng.uniform() < 0.3:
        base = _mix(base, hair_rgb + 0.25 * base, rng.uniform(0.2, 0.75) * _beard(rng, place))
    brows = _brows(rng, place)
    base = _mix(base, hair_rgb, 0.85 * brows)
    hair = _hair(rng, place, shape)
    streaks = 1 + 0.5 * _grain(rng, SIZE, 1.0, 9.0)
    base = _mix(base, hair_rgb * streaks[..., None].clip(0.3), hair)
    opened, closed, lids = _eyes(rng, base, place)
    blood, gloss = _blood(rng, place, hair + brows + lids)
    distance = np.hypot(place[0], place[1] - 0.3)
    delay_s = _coarse(0.018 * distance + 0.008 * _grain(rng, SIZE, 60, 60)).clip(0, 0.05)
    opened, closed = (_shrunk(one, SIZE // shrink) for one in (opened, closed))
    box = tuple(slice(at.min() // shrink, at.max() // shrink + 1) for at in np.nonzero(lids > 0))
    return Skin(opened, closed, box, blood, delay_s, gloss)


def _surface(shape: HeadShape) -> np.ndarray:
    """x, y, z (3, SIZE, SIZE) of the surface."""
    radius = cv2.resize(shape.radius, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)
    return (radius[..., None] * directions(*chart(SIZE))).transpose(2, 0, 1)


def _bare(rng, place, tone) -> np.ndarray:
    x, y, _ = place
    albedo = melanin_albedo(tone)
    mottled = 0.045 * _grain(rng, SIZE, 3, 3) + 0.035 * _grain(rng, SIZE, 22, 22)
    mottled = mottled + 0.03 * _grain(rng, SIZE, 0.8, 0.8)
    red = 0.7 * _dots(place, 0.52, 0.42, 0.22, 0.2) + 0.6 * _dots(place, 0, 0.5, 0.16, 0.14)
    spots = np.zeros_like(x)
    for _ in range(rng.integers(3, 30)):
        x0, y0, width = rng.uniform(-0.8, 0.8), rng.uniform(-0.8, 1.3), rng.uniform(0.006, 0.02)
        spots = np.maximum(spots, np.exp(-((x - x0) ** 2 + (y - y0) ** 2) / width**2))
    absorbance = (mottled + 0.5 * rng.uniform(0.3, 1) * spots)[..., None] * (0.6, 1.0, 1.1)
    absorbance = absorbance + red[..., None] * np.array((0.0, 0.14, 0.12)) * rng.uniform(0.3, 1)
    return (albedo * np.exp(-absorbance)).astype(np.float32)


def _lips(base, place, tone) -> np.ndarray:
    x, y, z = place
    across = np.clip(1 - (x / 0.34) ** 2, 0, 1)
    bow = 0.075 * across**0.6 - 0.018 * np.exp(-((x / 0.05) ** 2))
    upper = _inside(0.945 - y, bow) * (y <= 0.945)
    lower = _inside(y - 0.945, 0.125 * across**0.75) * (y > 0.945)
    mask = cv2.GaussianBlur(
        ((upper + lower) * (across > 0) * (z > 0)).astype(np.float32), (0, 0), 1.0
    )
    colour = base * (np.array((0.80, 0.48, 0.52)) + 0.15 * tone)
    lips = _mix(base, colour, 0.85 * mask)
    line = np.exp(-(((y - 0.948) / 0.013) ** 2)) * (np.abs(x) < 0.33) * (z > 0)
    return _mix(lips, 0.22 * base, 0.85 * line)


def _brows(rng, place) -> np.ndarray:
    x, y, z = place
    thick, along = rng.uniform(0.035, 0.055), (np.abs(x) - 0.14) / 0.50
    middle = -0.235 - 0.10 * np.sin(np.pi * np.clip(along, 0, 1) ** 0.8 * 0.85)
    mask = np.exp(-(((y - middle) / (thick * (1.15 - 0.6 * along.clip(0, 1)))) ** 4))
    mask = mask * np.clip(along / 0.06, 0, 1) * np.clip((1 - along) / 0.25, 0, 1) * (z > 0)
    return (mask * (0.85 + 0.3 * _grain(rng, SIZE, 1, 2))).clip(0, 1)


def _beard(rng, place) -> np.ndarray:
    x, y, z = place
    jaw = np.clip((y - 0.62 - 0.25 * np.exp(-(((np.abs(x) - 0.4) / 0.2) ** 2))) / 0.25, 0, 1)
    lips = np.exp(-((x / 0.33) ** 4) - ((y - 0.96) / 0.11) ** 4)
    return (jaw * (1 - lips) * (z > 0) * (0.8 + 0.25 * _grain(rng, SIZE, 1, 1))).clip(0, 1)


def _hair(rng, place, shape) -> np.ndarray:
    x, y, z = place
    edge = shape.hairline_y + 0.30 * np.abs(x) ** 3 + 0.04 * _grain(rng, SIZE, 5, 12)
    top = np.clip((edge - y) / 0.06, 0, 1)
    ear = np.exp(-(((y - 0.22) / 0.32) ** 4)) * (np.abs(x) > 0.8)
    back = np.clip((0.12 - z) / 0.1, 0, 1) * (1 - ear) * np.clip((0.9 - y) / 0.2, 0, 1)
    sides = np.clip((0.34 - z) / 0.08, 0, 1) * np.clip((0.05 - y) / 0.1, 0, 1)
    return np.maximum(np.maximum(top, back), sides)


def _eyes(rng, base, place) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The texture with open and with closed eyes, and the mask of what differs."""
    x, y, z = place
    t = (np.abs(x) - EYES_X) / 0.205
    up, low = 0.095 * (1 - t**2).clip(0) ** 0.8, 0.062 * (1 - t**2).clip(0)
    slit = np.clip((y - EYES_Y + up) / 0.014, 0, 1) * np.clip((EYES_Y + low - y) / 0.014, 0, 1)
    slit = slit * (np.abs(t) < 1) * (z > 0)
    from_iris = np.hypot(np.abs(x) - EYES_X + 0.01 * np.sign(x), y - EYES_Y + 0.008)
    eye = np.broadcast_to(SCLERA_RGB, base.shape) * (1 - 0.3 * np.abs(t).clip(0, 1))[..., None]
    iris = np.array(IRIS_RGB[rng.integers(len(IRIS_RGB)) if base.mean() > 0.2 else 0])
    eye = _mix(eye, iris, np.clip((0.092 - from_iris) / 0.012, 0, 1))
    eye = _mix(eye, np.array(3 * (0.004,)), np.clip((0.038 - from_iris) / 0.012, 0, 1))
    spark = np.hypot(np.abs(x) - EYES_X - 0.025, y - EYES_Y + 0.035)
    eye = _mix(eye, np.array(3 * (0.9,)), np.clip((0.018 - spark) / 0.01, 0, 1))
    eye = eye * (1 - 0.55 * np.exp(-(((y - EYES_Y + up) / 0.03) ** 2)))[..., None]
    near = (np.abs(t) < 1.02) & (z > 0)
    lash = np.exp(-(((y - EYES_Y + up + 0.004) / 0.014) ** 2)) * near
    crease = np.exp(-(((y - EYES_Y + 1.35 * up + 0.03) / 0.012) ** 2)) * near
    opened = _mix(_mix(base, eye, slit), 0.12 * base, 0.85 * lash)
    opened = _mix(opened, 0.5 * base, 0.6 * crease)
    shut = np.exp(-(((y - EYES_Y - 0.85 * low) / 0.016) ** 2)) * near
    closed = _mix(base * (1 - 0.08 * slit[..., None]), 0.12 * base, 0.85 * shut)
    return (
        opened,
        closed,
        np.maximum(slit, np.maximum(lash, np.maximum(crease, shut))) * (np.abs(y - EYES_Y) < 0.25),
    )


def _blood(rng, place, bare) -> tuple[np.ndarray, np.ndarray]:
    """Relative height of the pulse and strength of the highlight, both coarse."""
    forehead = _dots(place, 0, -0.55, 0.6, 0.3)
    cheeks = _dots(place, 0.5, 0.45, 0.3, 0.3)
    chin, nose = _dots(place, 0, 1.3, 0.35, 0.2), _dots(place, 0, 0.3, 0.15, 0.4)
    parts = rng.uniform((0.25, 0.25, 0.0, -0.2), (0.6, 0.6, 0.3, 0.1))
    height = 0.6 + sum(w * m for w, m in zip(parts, (forehead, cheeks, chin, nose), strict=True))
    patches = np.exp(0.22 * _grain(rng, SIZE, 25, 25))
    skin = _coarse((1 - bare).clip(0, 1))
    oily = 0.5 + 0.7 * (_dots(place, 0, -0.5, 0.4, 0.3) + _dots(place, 0, 0.4, 0.12, 0.3))
    return _coarse(height * patches) * skin, _coarse(oily) * (0.3 + 0.7 * skin)


def _dots(place, x0, y0, width, height) -> np.ndarray:
    """A soft spot on either side, on the front."""
    x, y, z = place
    spot = np.exp(-(((np.abs(x) - x0) / width) ** 2) - ((y - y0) / height) ** 2)
    return spot * (z > 0)


def _inside(depth, limit) -> np.ndarray:
    return ((depth >= 0) & (depth <= limit)).astype(np.float32)


def _grain(rng, size, across, along) -> np.ndarray:
    """Blurred noise (size, size) of unit deviation; across and along: blur in pixels."""
    shrink = max(1, int(min(across, along) / 3))
    n = -(-size // shrink)
    noise = rng.standard_normal((n, n)).astype(np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), across / shrink, sigmaY=along / shrink)
    return cv2.resize(noise / noise.std(), (size, size), interpolation=cv2.INTER_CUBIC)


def _mix(under, over, share) -> np.ndarray:
    return under + share[..., None] * (np.asarray(over, np.float32) - under)


def _coarse(picture) -> np.ndarray:
    return _shrunk(_shrunk(picture, CHART), COARSE)


def _shrunk(picture, size) -> np.ndarray:
    return cv2.resize(picture.astype(np.float32), (size, size), interpolation=cv2.INTER_AREA)
