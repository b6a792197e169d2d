"""Light on the head: two lamps and a sky, with cast shadows and highlights, at any small turn.

What each lamp gives to each place of the head is computed at 3 x 3 turns of the head, with its
shadows by marching towards the lamp, and interpolated between them; per frame only their
intensities change.

    >>> lamps = draw_lamps(np.random.default_rng(0), LEVELS["middle"], np.arange(30) / 30)
    >>> lamps.intensity.shape
    (30, 3)
"""

from dataclasses import dataclass

import cv2
import numpy as np

from rppg.synthetic.second_maker.config import LEVELS as LEVELS
from rppg.synthetic.second_maker.config import Level
from rppg.synthetic.second_maker.head_shape import HeadShape, height_above
from rppg.synthetic.second_maker.heartbeat import slow_noise
from rppg.synthetic.second_maker.motion import rotation
from rppg.synthetic.second_maker.skin import COARSE

WARM, COOL = np.array((1.12, 1.0, 0.80)), np.array((0.90, 1.0, 1.14))
MARCH = np.linspace(0.06, 0.9, 8, dtype=np.float32)
NODES = (-1.0, 0.0, 1.0)


@dataclass(frozen=True, eq=False)
class Lamps:
    """Key, fill and sky of one recording."""

    towards: np.ndarray  # (2, 3) unit vectors in the camera's frame
    colours: np.ndarray  # (3, 3)
    intensity: np.ndarray  # (T, 3)


def draw_lamps(rng: np.random.Generator, level: Level, times_s: np.ndarray) -> Lamps:
    """Lamps and their rhythms: slow drifts, passing shadows, a screen whose scenes change."""
    side = rng.choice((-1, 1))
    towards = np.array(
        [
            (side * rng.uniform(0.2, 0.9), -rng.uniform(0.2, 0.8), 1.0),
            (-side * rng.uniform(0.5, 1.2), -rng.uniform(-0.2, 0.4), 0.8),
        ]
    )
    towards /= np.linalg.norm(towards, axis=1, keepdims=True)
    mixes = rng.uniform(0, 1, 3)[:, None]
    colours = mixes * WARM + (1 - mixes) * COOL
    share = np.array((rng.uniform(0.55, 0.9), rng.uniform(0.1, 0.4), rng.uniform(0.2, 0.4)))
    depth = rng.uniform(*level.light)
    drifts = [slow_noise(rng, times_s, tau) for tau in rng.uniform((1.5, 0.6, 3.0), (5, 2.5, 8))]
    log = depth * np.stack(drifts, axis=1) * (1.0, 1.5, 0.6)
    screen = rng.uniform() < level.screen
    scenes = _scenes(rng, times_s)
    if screen:
        log[:, 1] += 6 * depth * scenes
        colours[1] = COOL
    return Lamps(towards, colours, share * np.exp(log))


def _scenes(rng: np.random.Generator, times_s: np.ndarray) -> np.ndarray:
    """Brightness (T,) of a screen: constant within a scene, scenes of 0.3 s and more."""
    ends_s = np.cumsum(0.3 + rng.exponential(0.9, int(4 * times_s[-1]) + 8))
    levels = rng.standard_normal(len(ends_s) + 1)
    return levels[np.searchsorted(ends_s, times_s)]


class Transport:
    """Light that each place of the head sends to the camera per lamp, as its turn asks.

    middle, span: (2,) yaw and pitch in rad, the turns that are met are within middle +- span.
    """

    def __init__(self, shape: HeadShape, lamps: Lamps, gloss, middle, span):
        points = cv2.resize(
            shape.points.astype(np.float32), (COARSE, COARSE), interpolation=cv2.INTER_AREA
        )
        self.points, self.shape, self.gloss = points, shape, gloss
        self.normals = _normals(points).astype(np.float32)
        smooth = cv2.GaussianBlur(shape.radius, (0, 0), 12)
        hollow = cv2.resize(smooth - shape.radius, (COARSE, COARSE), interpolation=cv2.INTER_AREA)
        self.open_sky = np.clip(1 - 3.5 * hollow.clip(0), 0.35, 1)
        self.middle, self.span = np.asarray(middle), np.maximum(span, 1e-3)
        self.nodes = np.stack(
            [
                self._node(lamps, self.middle + self.span * (a, b)).ravel()
                for a in NODES
                for b in NODES
            ]
        ).astype(np.float32)

    def at(self, yaw: float, pitch: float) -> tuple[np.ndarray, np.ndarray]:
        """Diffuse (3, COARSE * COARSE) and highlights (2, ...) of key, fill and sky."""
        a, b = ((yaw, pitch) - self.middle) / self.span
        weights = np.outer(_parabola(a), _parabola(b)).ravel().astype(np.float32)
        both = (weights @ self.nodes).reshape(5, -1)
        return both[:3], both[3:]

    def _node(self, lamps: Lamps, turn) -> np.ndarray:
        """(5, COARSE, COARSE): diffuse of both lamps and the sky, highlights of both lamps."""
        turned = rotation(turn[0], turn[1], 0.0).T
        view = turned @ (0, 0, 1)
        diffuse, highlights = [], []
        for lamp in lamps.towards @ turned.T:
            facing = self.normals @ lamp
            lit = self._lit(lamp)
            half = (lamp + view) / np.linalg.norm(lamp + view)
            diffuse.append(np.clip((facing + 0.12) / 1.12, 0, None) * lit)
            highlights.append(
                np.clip(self.normals @ half, 0, None) ** 22 * lit * self.gloss * (facing > 0)
            )
        up = turned @ (0, -1, 0)
        diffuse.append((0.65 + 0.35 * (self.normals @ up)) * self.open_sky)
        return np.stack(diffuse + highlights)

    def _lit(self, lamp: np.ndarray) -> np.ndarray:
        """Share of a lamp that each place sees: soft cast shadows."""
        clear = np.full((COARSE, COARSE), np.inf, np.float32)
        origin = (self.points + 0.02 * self.normals).transpose(2, 0, 1).astype(np.float32)
        towards = lamp.astype(np.float32)[:, None, None]
        for step in MARCH:
            height = height_above(self.shape.radius, origin + step * towards)
            clear = np.minimum(clear, height / step)
        return cv2.GaussianBlur(np.clip(0.65 + 5 * clear, 0, 1).astype(np.float32), (0, 0), 0.8)


def _parabola(x: float) -> np.ndarray:
    """Weights of the values at -1, 0 and 1."""
    return np.array((x * (x - 1) / 2, 1 - x * x, x * (x + 1) / 2))


def _normals(points: np.ndarray) -> np.ndarray:
    normals = np.cross(np.gradient(points, axis=1), np.gradient(points, axis=0))
    return normals / np.linalg.norm(normals, axis=-1, keepdims=True)
