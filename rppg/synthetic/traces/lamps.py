"""Light of many clips at once: one to three lamps, ambient light, the edge of a shadow.

Each lamp has a direction, a colour, a strength that falls off over the picture, and a time course:
drift, a rhythm anywhere in the heart band or near the pulse and its harmonics, jumps as of a screen
that shows a video, and slow beats between mains flicker and the frame rate.

    >>> rng, severity = np.random.default_rng(0), np.linspace(0, 1, 16, dtype=np.float32)
    >>> times_s = np.tile(np.arange(300, dtype=np.float32) / 30, (16, 1))
    >>> lamps = draw_lamps(rng, times_s, severity, hr_hz=np.full(16, 1.2, np.float32))
    >>> lamps.courses.shape, lamps.colours.shape
    ((16, 3, 300), (16, 3, 3))
"""

from dataclasses import dataclass

import numpy as np

from rppg.synthetic.traces.courses import (
    between,
    drift,
    locked_rate_hz,
    log_between,
    normal,
    rhythm,
    sometimes,
    steps,
)

N_LAMPS = 3


@dataclass(frozen=True)
class Lamps:
    """Light of B clips."""

    directions: np.ndarray  # (B, N_LAMPS, 3) unit vectors from the head
    colours: np.ndarray  # (B, 3, N_LAMPS) linear RGB times strength; 0 for a lamp that is off
    courses: np.ndarray  # (B, N_LAMPS, n) around 1
    falloff: np.ndarray  # (B, N_LAMPS, 2) relative change per half width of the face, x and y
    ambient: np.ndarray  # (B, 3) linear RGB
    ambient_course: np.ndarray  # (B, n) around 1
    shadow_depth: np.ndarray  # (B,) share of the first lamp that is shaded off
    shadow_angle: np.ndarray  # (B,) rad, direction across its edge
    shadow_edge: np.ndarray  # (B, n) its place along that direction, half widths of the face
    shadow_soft: np.ndarray  # (B,) width of its edge, half widths of the face
    flicker: np.ndarray  # (B,) largest relative strength of a rhythm of light
    flicker_hz: np.ndarray  # (B,) of the first lamp's


def draw_lamps(rng, times_s: np.ndarray, severity: np.ndarray, hr_hz: np.ndarray) -> Lamps:
    """Light at frame times (B, n) on faces whose hearts beat at hr_hz (B,)."""
    n_clips = len(times_s)
    courses, flicker, rate_hz = zip(
        *(_course(rng, times_s, severity, hr_hz, one > 0) for one in range(N_LAMPS)), strict=True
    )
    tint = np.exp(between(rng, 0, 0.35, n_clips, 1) * normal(rng, n_clips, 3))
    edge_hz = locked_rate_hz(rng, hr_hz)
    edge = between(rng, -0.6, 0.6, n_clips, 1)
    edge = edge + log_between(rng, 0.02, 0.2, n_clips, 1) * rhythm(rng, times_s, edge_hz)
    depth = sometimes(rng, 0.1 + 0.35 * severity, 0.05, 0.7, n_clips)
    return Lamps(
        directions=_directions(rng, n_clips),
        colours=_colours(rng, n_clips),
        courses=np.stack(courses, axis=1),
        falloff=normal(rng, n_clips, N_LAMPS, 2) * log_between(rng, 0.02, 0.2, n_clips, 1, 1),
        ambient=(log_between(rng, 0.12, 0.8, n_clips, 1) * tint).astype(np.float32),
        ambient_course=1 + 0.05 * severity[:, None] * drift(rng, times_s, (0.02, 0.3)),
        shadow_depth=depth,
        shadow_angle=between(rng, 0, 2 * np.pi, n_clips),
        shadow_edge=edge,
        shadow_soft=log_between(rng, 0.05, 0.4, n_clips),
        flicker=np.maximum.reduce(flicker),
        flicker_hz=rate_hz[0],
    )


def _directions(rng, n_clips: int) -> np.ndarray:
    """Up to 80 degrees to either side, from a little below to high above."""
    across = between(rng, -1.4, 1.4, n_clips, N_LAMPS)
    above = between(rng, -0.3, 1.1, n_clips, N_LAMPS)
    flat = np.cos(above)
    parts = [flat * np.sin(across), -np.sin(above), flat * np.cos(across)]
    return np.stack(parts, axis=-1).astype(np.float32)


def _colours(rng, n_clips: int) -> np.ndarray:
    """Warm to cold lamps; some of the others are coloured.  The first one is always on."""
    warm = between(rng, -1, 1, n_clips, 1, N_LAMPS)
    colours = 1 + warm * np.float32((0.3, 0.0, -0.4))[:, None]
    strong = between(rng, 0.1, 1.0, n_clips, 3, N_LAMPS)
    coloured = rng.random((n_clips, 1, N_LAMPS)) < np.float32((0.05, 0.45, 0.45))
    colours = np.where(coloured, strong, colours)
    strength = np.stack(
        [
            between(rng, 0.6, 1.2, n_clips),
            sometimes(rng, 0.7, 0.05, 0.8, n_clips),
            sometimes(rng, 0.4, 0.05, 0.6, n_clips),
        ],
        axis=-1,
    )
    return (colours * strength[:, None]).astype(np.float32)


def _course(rng, times_s, severity, hr_hz, is_other: bool):
    """Course (B, n) of one lamp, the strength (B,) of its rhythm, and its rate (B,) in Hz.  Lamps
    other than the first one are less steady: a screen, a window, somebody who passes by."""
    n_clips, more = len(times_s), 3.0 if is_other else 1.0
    slow = log_between(rng, 0.03, 0.3, n_clips, 1) * (0.1 + severity[:, None])
    course = 1 + more * slow * drift(rng, times_s, (0.02, 0.3))
    rate_hz = locked_rate_hz(rng, hr_hz)
    size = sometimes(rng, 0.2 + 0.5 * severity, 0.002, 0.05, n_clips) * more * (0.1 + severity)
    course += size[:, None] * rhythm(rng, times_s, rate_hz)
    screen = sometimes(rng, 0.35 * severity * is_other, 0.005, 0.2, n_clips)
    course += screen[:, None] * steps(rng, times_s, (0.3, 4.0), soft_s=0.07)
    beat_hz = log_between(rng, 0.1, 12.0, n_clips, 1)
    mains = sometimes(rng, 0.25, 0.0005, 0.01, n_clips)[:, None]
    course += mains * np.sin(2 * np.pi * beat_hz * times_s)
    return course.clip(0.05, None).astype(np.float32), size.astype(np.float32), rate_hz
