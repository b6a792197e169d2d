"""Disturbances of a recording at each level of difficulty.

A `Level` has the strength of each disturbance; `draw_nuisances` draws their time courses for one
recording.  They have their own random generator and are independent of the pulse and its rate.
The strong ones affect part of the face only, so that the choice of the region matters: a coloured
light from one side, the edge of a shadow, a highlight on one cheek, a fringe over half the
forehead, talking.

    >>> rng, times_s = np.random.default_rng(1), np.arange(300) / 30
    >>> nuisances = draw_nuisances(rng, LEVELS["test"], times_s, unit=1.0)
    >>> nuisances.pose.shape
    (300, 5)
"""

from dataclasses import dataclass, replace

import numpy as np

HEART_BAND_HZ = (0.7, 2.8)  # band of periodic disturbances
MOTION_BAND_HZ = (0.03, 0.35)  # band of sway and rotation, whose harmonics show in highlights
Chance = tuple[float, float]  # (share of recordings that have it, typical strength)


@dataclass(frozen=True)
class Level:
    """Strengths of all disturbances; pixels are those of a picture of 240 lines."""

    name: str
    pulse: float = 0.02  # green, trough to peak, relative, on the forehead of light skin
    sway_px: float = 1.2  # rigid motion, standard deviation
    turn_deg: float = 1.5  # yaw; pitch and roll are smaller
    blink_hz: float = 0.25
    drift: float = 0.02  # slow change of light, relative
    flicker: float = 0.001  # of all light, in the heart band, relative
    cast: float = 0.03  # constant colour cast of the light
    specular: float = 12.0  # grey levels of the skin's shine
    noise: float = 1.2  # camera noise, grey levels
    jitter: float = 0.15  # of frame times, in frame intervals
    crf: int = 11  # of H.264
    bob_px: Chance = (0.0, 0.0)  # periodic head motion in the heart band
    talk_px: Chance = (0.0, 0.0)  # opening of the mouth
    side_light: Chance = (0.0, 0.0)  # coloured, from one side, relative
    shadow: Chance = (0.0, 0.0)  # depth of a shadow with a moving edge
    highlight: Chance = (0.0, 0.0)  # on one cheek, grey levels
    fringe: Chance = (0.0, 0.0)  # share of subjects with one; its motion in pixels


LEVELS = {
    level.name: level
    for level in (
        Level("easy"),
        Level(
            "medium",
            sway_px=1.8,
            turn_deg=3.0,
            drift=0.04,
            flicker=0.002,
            cast=0.06,
            noise=1.4,
            jitter=0.2,
            crf=12,
            bob_px=(0.2, 0.8),
            talk_px=(0.25, 2.0),
            side_light=(0.25, 0.006),
            shadow=(0.2, 0.12),
            highlight=(0.2, 5.0),
            fringe=(0.2, 1.5),
        ),
        Level(
            "test",
            sway_px=2.0,
            turn_deg=4.0,
            drift=0.05,
            flicker=0.002,
            cast=0.08,
            noise=1.5,
            jitter=0.2,
            crf=12,
            bob_px=(0.35, 1.5),
            talk_px=(0.28, 2.3),
            side_light=(0.27, 0.01),
            shadow=(0.27, 0.18),
            highlight=(0.27, 6.5),
            fringe=(0.35, 2.5),
        ),
        Level(
            "hardest",
            pulse=0.014,
            sway_px=4.0,
            turn_deg=9.0,
            drift=0.12,
            flicker=0.006,
            cast=0.16,
            noise=2.6,
            jitter=0.3,
            crf=17,
            bob_px=(0.7, 3.0),
            talk_px=(0.7, 6.0),
            side_light=(0.8, 0.07),
            shadow=(0.7, 0.5),
            highlight=(0.7, 20.0),
            fringe=(0.6, 4.0),
        ),
    )
}
REGIONAL = ("bob_px", "talk_px", "side_light", "shadow", "highlight", "fringe")
EVERYWHERE = ("sway_px", "turn_deg", "drift", "flicker", "cast", "noise", "jitter", "crf")


def alone(nuisance: str, base: str) -> Level:
    """The `base` level with one disturbance as strong as in "test", and in every recording."""
    if nuisance not in (*REGIONAL, *EVERYWHERE):
        raise ValueError(f"disturbance {nuisance!r}: expected one of {[*REGIONAL, *EVERYWHERE]}")
    strength = getattr(LEVELS["test"], nuisance)
    value = (1.0, strength[1]) if nuisance in REGIONAL else strength
    return replace(LEVELS[base], name=f"{base}+{nuisance}", **{nuisance: value})


def level_named(name: str) -> Level:
    """A level of LEVELS, or "base+disturbance": the base with one disturbance of "test"."""
    if name in LEVELS:
        return LEVELS[name]
    base, plus, nuisance = name.partition("+")
    if not plus or base not in LEVELS:
        raise ValueError(f"level {name!r}: expected one of {list(LEVELS)} or e.g. easy+talk_px")
    return alone(nuisance, base)


@dataclass(frozen=True)
class Nuisances:
    """Time courses of one recording, (T, ...), in pixels of the video."""

    pose: np.ndarray  # (T, 5) shift x, shift y (px), roll, yaw, pitch (rad)
    blink: np.ndarray  # (T,) 0 open .. 1 closed
    mouth_px: np.ndarray  # (T,) opening
    squeeze: np.ndarray  # (T,) blood pressed out of the lower face by talking, in pulse heights
    gain: np.ndarray  # (T, 3) of all light
    gradient: np.ndarray  # (2,) of light across the picture, relative
    side: float  # side of the coloured light: -1 left, 1 right
    side_light: np.ndarray  # (T, 3) relative
    shadow_depth: np.ndarray  # (3,)
    shadow_angle: float  # rad, direction of its motion
    shadow_px: np.ndarray  # (T,) position of its edge along that direction, from the face's centre
    highlight: np.ndarray  # (T,) grey levels
    highlight_rgb: np.ndarray  # (3,) colour of its lamp
    highlight_cheek: int  # landmark at its centre
    fringe_px: np.ndarray  # (T, 2) shift of the fringe
    specular: float  # grey levels of the shine


def draw_nuisances(rng, level: Level, times_s: np.ndarray, unit: float) -> Nuisances:
    """Draw the disturbances of one recording; unit: lines of the picture / 240."""

    def strength(chance: Chance) -> float:
        here, size = rng.random() < chance[0], chance[1] * rng.uniform(0.5, 1.5)
        return size if here else 0.0

    bob = strength(level.bob_px) * unit * rhythm(rng, times_s)
    wander = np.stack([band_noise(rng, times_s, *MOTION_BAND_HZ) for _ in range(5)], axis=1)
    turn = np.radians(level.turn_deg)
    pose = wander * (level.sway_px * unit, 0.7 * level.sway_px * unit, 0.3 * turn, turn, 0.5 * turn)
    pose[:, :2] += np.outer(bob, (0.35 * rng.uniform(-1, 1), 1.0))
    pose[:, 3] += rng.uniform(-0.5, 0.5) * bob / (45 * unit)  # turning and nodding with it
    pose[:, 4] += bob / (45 * unit)
    mouth, squeeze = _talking(rng, times_s, strength(level.talk_px))
    drift = level.drift * band_noise(rng, times_s, 0.02, 0.2)
    flicker = level.flicker * rhythm(rng, times_s)
    warm, green = level.cast * np.clip(rng.standard_normal(2), -1.6, 1.6)
    cast = warm * np.array((1, 0, -1)) + 0.25 * green * np.array((-0.5, 1, -0.5))
    tint = rng.uniform(0.2, 1.0, 3) * rng.permutation((1.0, 0.5, 0.1))
    side_light = strength(level.side_light) * rhythm(rng, times_s, 0.5)[:, None] * tint / tint.max()
    depth = strength(level.shadow) * rng.uniform(0.6, 1.0, 3)  # shadows are rarely grey
    lamp = np.array((1.0, rng.uniform(0.75, 0.95), rng.uniform(0.4, 0.8)))
    highlight = strength(level.highlight) * (1.2 + rhythm(rng, times_s, 0.5))
    return Nuisances(
        pose=pose,
        blink=_blinks(rng, times_s, level.blink_hz),
        mouth_px=mouth * unit,
        squeeze=squeeze,
        gain=(1 + drift + flicker)[:, None] * (1 + cast),
        gradient=rng.uniform(-0.12, 0.12, 2),
        side=float(rng.choice((-1, 1))),
        side_light=side_light,
        shadow_depth=np.clip(depth, 0, 0.8),
        shadow_angle=rng.uniform(0, 2 * np.pi),
        shadow_px=unit * (rng.uniform(5, 40) + rng.uniform(4, 10) * rhythm(rng, times_s)),
        highlight=highlight,
        highlight_rgb=lamp,
        highlight_cheek=int(rng.choice((50, 280, 205, 425))),
        fringe_px=_swing(rng, times_s, level.fringe[1] * unit) + np.outer(bob, (0.5, 0.3)),
        specular=level.specular * rng.uniform(0.5, 1.5),
    )


def band_noise(rng, times_s, low_hz, high_hz, n_waves=9) -> np.ndarray:
    """Random smooth time course (T,) of unit variance: sinusoids in a band."""
    freq_hz = rng.uniform(low_hz, high_hz, n_waves)
    phase, size = rng.uniform(0, 2 * np.pi, n_waves), rng.uniform(0.5, 1.0, n_waves)
    waves = np.sin(2 * np.pi * np.outer(times_s, freq_hz) + phase) @ size  # (T,)
    return waves / np.sqrt((size**2).sum() / 2)


def rhythm(rng, times_s, irregular: float = 0.35) -> np.ndarray:
    """A quasi-periodic time course (T,) in the heart band, of about unit variance."""
    freq_hz, phase = rng.uniform(*HEART_BAND_HZ), rng.uniform(0, 2 * np.pi)
    wander = 0.5 * band_noise(rng, times_s, 0.05, 0.3)
    beat = np.sqrt(2) * np.sin(2 * np.pi * freq_hz * times_s + phase + wander)
    loose = band_noise(rng, times_s, *HEART_BAND_HZ)
    return np.sqrt(1 - irregular**2) * beat + irregular * loose


def _blinks(rng, times_s, rate_hz) -> np.ndarray:
    """Lid closure (T,): blinks of about 0.2 s at random times."""
    closed = np.zeros(len(times_s))
    moment = times_s[0] + rng.exponential(1 / rate_hz)
    while moment < times_s[-1]:
        closed = np.maximum(closed, np.exp(-(((times_s - moment) / 0.085) ** 4)))
        moment += 0.4 + rng.exponential(1 / rate_hz)
    return closed


def _talking(rng, times_s, size_px) -> tuple[np.ndarray, np.ndarray]:
    """Mouth opening (T,) in pixels, syllables within phrases, and the squeeze that it causes."""
    syllables = 0.5 + 0.5 * np.sin(
        2 * np.pi * rng.uniform(2.5, 4.5) * times_s + band_noise(rng, times_s, 0.2, 1.5)
    )
    phrases = np.clip(0.55 + 0.6 * rhythm(rng, times_s, 0.6), 0, 1.5)
    opening = size_px * phrases * (0.35 + 0.65 * syllables)
    return opening, 0.35 * size_px * (phrases - phrases.mean())


def _swing(rng, times_s, size_px) -> np.ndarray:
    """Shift of the fringe (T, 2)."""
    course = rhythm(rng, times_s)
    return size_px * rng.uniform(0.5, 1.5) * np.stack([course, 0.5 * course], axis=1)
