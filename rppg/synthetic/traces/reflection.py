"""Reflected light of places on many faces at once: (B, 3, P, n), linear RGB.

Wang et al., Algorithmic Principles of Remote PPG (2017), equation 4: light times (specular +
diffuse + pulse).  Diffuse light is Lambert's, wrapped a little around the head as on skin; the
shine is a lobe around the mirrored direction with the lamp's colour.  Normals turn with the head's
pose, to first order, so each lamp's shading differs by region.

    >>> linear = reflected(scene, REGION_SURFACE)  # doctest: +SKIP
    >>> linear.shape  # doctest: +SKIP
    (16, 3, 6, 300)
"""

import numpy as np

from rppg.synthetic.traces.lamps import Lamps
from rppg.synthetic.traces.motion import Motion
from rppg.synthetic.traces.scene import Scene
from rppg.synthetic.traces.surface import Surface

VIEW = np.float32((0, 0, 1))  # direction of the camera
WRAP = np.float32(0.25)  # diffuse light beyond the edge of a lamp's half of the head
DARKEST = np.float32(0.02)
DELAY_STEPS = 8  # delays of many places are rounded to as many
GRIN = np.float32((0.0, 0.35, 0.1))  # by which an open mouth tilts the normals of the lower face


def reflected(scene: Scene, surface: Surface) -> np.ndarray:
    """Linear light (B, 3, P, n) of each place at each frame."""
    n_clips, n = scene.times_s.shape
    light, shine = lamp_light(scene.lamps, scene.motion, surface)  # (B, K, P, n)
    irradiance = _coloured(scene.lamps.colours, light)
    ambient = scene.lamps.ambient[:, :, None] * scene.lamps.ambient_course[:, None]  # (B, 3, n)
    irradiance += ambient[:, :, None]
    irradiance *= scene.people.albedo(surface)[..., None]
    blood = blood_of(scene, surface)[:, None]  # (B, 1, P, n)
    irradiance *= 1 - scene.people.signature[:, :, None, None] * blood
    gloss = scene.people.gloss[:, None, None]
    irradiance += _coloured(scene.lamps.colours * gloss, shine)
    return irradiance.reshape(n_clips, 3, surface.n, n)


def lamp_light(lamps: Lamps, motion: Motion, surface: Surface) -> tuple[np.ndarray, np.ndarray]:
    """Diffuse and mirrored light (B, N_LAMPS, P, n) each, of every lamp at every place."""
    turn = motion.pose[:, :3]
    mouth = surface.lower[:, None] * motion.mouth[:, None]  # (B, P, n)
    towards = _facing(surface.normals, lamps.directions, turn, mouth)
    diffuse = np.maximum((towards + WRAP) / (1 + WRAP), DARKEST)
    halfway = lamps.directions + VIEW
    halfway /= np.linalg.norm(halfway, axis=-1, keepdims=True)
    mirrored = _facing(surface.normals, halfway, turn, mouth)
    shine = np.exp(np.float32(18.0) * (mirrored - 1))
    course = _courses_at(lamps, motion, surface)
    diffuse *= course
    shine *= course
    return diffuse, shine


def blood_of(scene: Scene, surface: Surface) -> np.ndarray:
    """Blood volume (B, P, n), relative change of green: the delayed pulse, slow changes, and what
    speech presses out of the lower face."""
    phase, beats = scene.phase, scene.beats
    delays_s = scene.people.delays_s(surface)
    rate_hz = np.gradient(phase, axis=1) / np.gradient(scene.times_s, axis=1)
    if surface.n <= DELAY_STEPS:
        pulse = beats.wave(phase[:, None] - delays_s[..., None] * rate_hz[:, None])
    else:
        pulse = _rounded_delays(scene, delays_s, rate_hz)
    pulse *= beats.heights(scene.times_s)[:, None]
    pulse += scene.slow_blood[:, None]
    pulse += surface.lower[:, None] * scene.motion.squeeze[:, None]
    return pulse * scene.people.pulse_heights(surface)[..., None]


def _rounded_delays(scene: Scene, delays_s: np.ndarray, rate_hz: np.ndarray) -> np.ndarray:
    """As with every delay of its own, (B, P, n), by few waves per clip."""
    low, high = delays_s.min(axis=1, keepdims=True), delays_s.max(axis=1, keepdims=True)
    step_s = (high - low) / np.float32(DELAY_STEPS - 1) + np.float32(1e-9)
    some_s = low + step_s * np.arange(DELAY_STEPS, dtype=np.float32)  # (B, DELAY_STEPS)
    waves = scene.beats.wave(scene.phase[:, None] - some_s[..., None] * rate_hz[:, None])
    nearest = np.rint((delays_s - low) / step_s).astype(np.int64)
    return np.take_along_axis(waves, nearest[..., None], axis=1)


def _facing(normals, directions, turn, mouth) -> np.ndarray:
    """Cosine (B, K, P, n) between turned normals (P, 3) and directions (B, K, 3).

    yaw turns the face to the picture's right, pitch down, roll clockwise.
    """
    still = directions @ normals.T  # (B, K, P)
    x, y, z = (directions[..., None, axis] for axis in range(3))
    nx, ny, nz = normals.T
    slopes = np.stack([x * nz - z * nx, y * nz - z * ny, y * nx - x * ny], axis=-1)  # (B, K, P, 3)
    turned = slopes @ turn[:, None]  # (B, K, P, n)
    turned += still[..., None]
    turned += (directions @ GRIN)[..., None, None] * mouth[:, None]
    return turned


def _courses_at(lamps: Lamps, motion: Motion, surface: Surface) -> np.ndarray:
    """Strength (B, N_LAMPS, P, n) of each lamp at the places: its course, its falloff over the
    picture, in which the head moves, and for the first lamp the shadow."""
    shift = motion.pose[:, 3:]  # (B, 2, n)
    moved = lamps.falloff @ shift  # (B, K, n)
    still = lamps.falloff @ np.stack([surface.x, surface.y])  # (B, K, P)
    course = lamps.courses[:, :, None] * np.exp(still[..., None] + moved[:, :, None])
    if not lamps.shadow_depth.any():
        return course
    across, down = np.cos(lamps.shadow_angle), np.sin(lamps.shadow_angle)
    along = across[:, None] * surface.x + down[:, None] * surface.y  # (B, P)
    with_head = across[:, None] * shift[:, 0] + down[:, None] * shift[:, 1] - lamps.shadow_edge
    inside = (along[..., None] + with_head[:, None]) / lamps.shadow_soft[:, None, None]
    shaded = lamps.shadow_depth[:, None, None] / (1 + np.exp(-inside.clip(-30, 30)))
    course[:, 0] *= 1 - shaded
    return course


def _coloured(colours: np.ndarray, light: np.ndarray) -> np.ndarray:
    """Sum over lamps of colours (B, 3, K) times light (B, K, P, n): (B, 3, P, n)."""
    n_clips, n_lamps, n_places, n = light.shape
    mixed = colours @ light.reshape(n_clips, n_lamps, n_places * n)
    return mixed.reshape(n_clips, 3, n_places, n)
