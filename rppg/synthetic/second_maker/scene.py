"""The frames of one recording: a head in front of a room, lit, moved, and seen by a camera.

>>> scene = Scene(plan(SecondMakerConfig(n_clips=1))[0], SecondMakerConfig(n_clips=1))
>>> next(iter(scene)).dtype
dtype('uint8')
"""

from collections.abc import Iterator

import cv2
import numpy as np

from rppg.synthetic.second_maker.camera import Camera
from rppg.synthetic.second_maker.config import LEVELS, Clip, SecondMakerConfig
from rppg.synthetic.second_maker.config import plan as plan
from rppg.synthetic.second_maker.head_shape import cast, make_shape, to_chart_px
from rppg.synthetic.second_maker.heartbeat import Heartbeat, draw_heartbeat
from rppg.synthetic.second_maker.lamps import Transport, draw_lamps
from rppg.synthetic.second_maker.motion import Motion, draw_motion, rotation
from rppg.synthetic.second_maker.room import draw_room
from rppg.synthetic.second_maker.skin import COARSE, make_skin

EXTINCTION = np.array((0.30, 1.0, 0.62))  # of blood in R, G, B, relative to green
NECK = np.array((0.0, 1.2, -0.5))  # the head turns about it
LIPS_V, MOUTH_WIDE, JAW_LONG = 0.392, 0.15, 0.30  # in the chart
MOUTH_RGB = np.array((0.035, 0.012, 0.011), np.float32)
CLOSING = np.ones((5, 5), np.uint8)
SHUT = 1e-3  # opening of the mouth up to which nothing is seen
DELAYS_S = (0.0, 0.05)  # between which a place's delay lies
REACH = (1.45, 1.95, 1.95)  # of the head from its centre: sideways, up, down


def heartbeat_of(clip: Clip, seconds: float) -> Heartbeat:
    """The beats of a recording, without rendering it."""
    return draw_heartbeat(clip.rng(1), clip.hr_bpm, seconds)


def motion_of(clip: Clip, config: SecondMakerConfig) -> Motion:
    """The motion of a recording, without rendering it."""
    return draw_motion(clip.rng(4), LEVELS[config.level], times_of(clip, config))


def times_of(clip: Clip, config: SecondMakerConfig) -> np.ndarray:
    """Times (T,) in s of the frames of a recording."""
    return np.arange(clip.n_frames(config.seconds)) / clip.fps


class Scene:
    """Iterate once for the frames (H, W, 3) uint8, at n / fps s."""

    def __init__(self, clip: Clip, config: SecondMakerConfig):
        level = LEVELS[config.level]
        self.clip = clip
        self.times_s = times_of(clip, config)
        self.shape = make_shape(clip.rng(2))
        self.unit_px = clip.face_px / 2
        self.step = 1 + (self.unit_px > 38) + (self.unit_px > 80)  # pixels from ray to ray
        self.skin = make_skin(clip.rng(3), self.shape, clip.tone, 1 + (self.unit_px < 60))
        self.motion = motion_of(clip, config)
        self.lamps = draw_lamps(clip.rng(5), level, self.times_s)
        self.room = draw_room(clip.rng(6), clip)
        self.camera = Camera(clip.rng(7), level, clip.width, clip.height, clip.fps)
        self._blood(clip, level, config)
        turns = self.motion.angles[:, :2]
        low, high = turns.min(axis=0), turns.max(axis=0)
        middle, span = (low + high) / 2, (high - low) / 2
        self.transport = Transport(self.shape, self.lamps, self.skin.gloss, middle, span)
        self.distance = clip.rng(8).uniform(6.5, 11.0)
        self.shine = clip.rng(8).uniform(0.02, 0.10)

    def _blood(self, clip: Clip, level, config) -> None:
        """Two delayed waves, and the height of each at each place."""
        rng = clip.rng(9)
        beat = heartbeat_of(clip, config.seconds)
        self.waves = np.stack([beat.wave(self.times_s - delay) for delay in DELAYS_S], axis=1)
        height = rng.uniform(*level.pulse) * config.pulse_amplitude_scale
        height *= 1 - 0.35 * clip.tone  # melanin lies above the vessels
        late = (self.skin.delay_s / DELAYS_S[1]).ravel()
        blood = height * self.skin.blood.ravel()
        self.heights = np.stack([blood * (1 - late), blood * late]).astype(np.float32)
        self.extinction = (EXTINCTION * rng.uniform(0.85, 1.15, 3)).astype(np.float32)

    def __iter__(self) -> Iterator[np.ndarray]:
        for k, time_s in enumerate(self.times_s):
            yield self.camera.shoot(self.light(k), float(time_s))

    def light(self, k: int) -> np.ndarray:
        """Linear light (H, W, 3) float32 of frame k."""
        colours = (self.lamps.intensity[k][:, None] * self.lamps.colours).astype(np.float32)
        place_px = self.motion.place[k] * self.unit_px
        picture = self.room.at(colours, place_px)
        rows, columns, (u, v, cover) = self._rays(k)
        box = picture[rows, columns]
        head, cover = self._head(k, u, v, cover, colours, box.shape)
        box[:] = cv2.blendLinear(head, np.ascontiguousarray(box), cover, 1 - cover)
        return picture

    def _rays(self, k: int):
        """The box around the head, and what every step-th of its pixels sees: u, v, cover."""
        clip, px = self.clip, self.unit_px
        centre = np.array((clip.width / 2, clip.height / 2 - 0.13 * px))
        turned = rotation(*self.motion.angles[k])
        middle = self.motion.place[k] + NECK - turned @ NECK
        x, y = centre + middle[:2] * px
        side, up, down = np.multiply(REACH, px)
        left, right = max(0, int(x - side)), min(clip.width, int(x + side) + 1)
        top, bottom = max(0, int(y - up)), min(clip.height, int(y + down) + 1)
        step = self.step
        xs = np.arange(left + (step - 1) / 2, right + step - 1, step, dtype=np.float32)
        ys = np.arange(top + (step - 1) / 2, bottom + step - 1, step, dtype=np.float32)
        focal = px * self.distance
        x, y = np.meshgrid((xs - centre[0]) / focal, (ys - centre[1]) / focal)
        rays = np.stack((x, y, np.full_like(x, -1))).astype(np.float32)
        rays /= np.sqrt((rays * rays).sum(axis=0))
        camera = (turned.T @ (np.array((0, 0, self.distance)) - middle)).astype(np.float32)
        rays = np.tensordot(turned.T.astype(np.float32), rays, axes=1)
        u, v, cover = cast(self.shape, camera, rays, 1 / px)
        cover = cv2.morphologyEx(cover, cv2.MORPH_CLOSE, CLOSING)  # rays that graze the nose
        return slice(top, bottom), slice(left, right), (u, v, cover)

    def _head(self, k: int, u, v, cover, colours, size) -> tuple[np.ndarray, np.ndarray]:
        """Linear light (h, w, 3) of the head in a box of that size, and its cover (h, w)."""
        v, gap = self._mouth(float(self.motion.mouth[k]), u, v)
        shades = _sample(self._shades(k, colours), u, v)
        fine = self._finer(shades, size)
        at = self._finer(cv2.merge((u, v, cover, gap)), size)
        u, v, cover, gap = cv2.split(at)
        albedo = _sample(self._texture(float(self.motion.lids[k])), u, v)
        if self.motion.mouth[k] > SHUT:
            albedo = cv2.blendLinear(albedo, np.full_like(albedo, MOUTH_RGB), 1 - gap, gap)
        shine = cv2.extractChannel(fine, 3)
        white = cv2.merge([shine * c for c in colours[0] * np.float32(self.shine)])
        light = cv2.add(cv2.multiply(albedo, cv2.cvtColor(fine, cv2.COLOR_RGBA2RGB)), white)
        return light, np.clip(cover, 0, 1)

    def _finer(self, maps: np.ndarray, size) -> np.ndarray:
        """Maps of every step-th pixel at every pixel of a box."""
        maps = cv2.resize(maps, None, fx=self.step, fy=self.step)
        return np.ascontiguousarray(maps[: size[0], : size[1]])

    def _shades(self, k: int, colours) -> np.ndarray:
        """(COARSE, COARSE, 4): light times what the blood lets through, R, G, B; highlights."""
        yaw, pitch, _ = self.motion.angles[k]
        diffuse, highlights = self.transport.at(yaw, pitch)
        volume = self.waves[k].astype(np.float32) @ self.heights  # (COARSE * COARSE,)
        key, fill, _ = self.lamps.intensity[k]
        shades = [
            (c @ diffuse) * np.exp(-volume * e)
            for c, e in zip(colours.T, self.extinction, strict=True)
        ]
        shades.append(highlights[0] + np.float32(fill / key) * highlights[1])
        return cv2.merge([one.reshape(COARSE, COARSE) for one in shades])

    def _mouth(self, opening: float, u, v):
        """v as if the jaw had not moved, and where the mouth is open (0 to 1)."""
        if opening <= SHUT:
            return v, np.zeros_like(v)
        opening *= 0.42  # in the chart
        across = np.exp(-((u / MOUTH_WIDE) ** 4))
        below = v - np.float32(LIPS_V)
        falls = np.clip(1 - below / JAW_LONG, 0, 1) * across * opening
        gap = np.clip((falls - below) / 0.012, 0, 1) * (below > 0)
        return np.where(below > 0, v - np.minimum(falls, below), v), gap

    def _texture(self, closed: float) -> np.ndarray:
        """The texture with the lids as they are."""
        if closed < 0.02:
            return self.skin.opened
        texture, box = self.skin.opened.copy(), self.skin.eyes
        texture[box] += np.float32(closed) * (self.skin.closed[box] - texture[box])
        return texture


def _sample(texture, u, v) -> np.ndarray:
    """A texture over the whole chart at chart coordinates."""
    at = (to_chart_px(one, len(texture)) for one in (u, v))
    return cv2.remap(texture, *at, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
