"""What is behind the head: a room with soft furniture, a neck, and shoulders in a shirt.

>>> room = draw_room(np.random.default_rng(0), plan(SecondMakerConfig(n_clips=1))[0])
>>> room.at(np.ones((3, 3), np.float32), np.zeros(3)).dtype
dtype('float32')
"""

from dataclasses import dataclass

import cv2
import numpy as np

from rppg.synthetic.second_maker.config import Clip
from rppg.synthetic.second_maker.config import SecondMakerConfig as SecondMakerConfig
from rppg.synthetic.second_maker.config import plan as plan
from rppg.synthetic.second_maker.skin import melanin_albedo

FOLLOWS = 0.5  # share of the head's shift that the shoulders make


@dataclass(frozen=True, eq=False)
class Room:
    """Pictures of reflected light: walls (H, W, 3), and body (h, W, 4), times its cover and with
    it, from row `top` on; float32."""

    walls: np.ndarray
    body: np.ndarray
    top: int

    def at(self, colours: np.ndarray, shift_px: np.ndarray) -> np.ndarray:
        """Linear light (H, W, 3) under lamps of these colours (3, 3), the head shifted so far."""
        light = np.array((0.35, 0.25, 0.6), np.float32) @ colours
        shift = np.array([[1, 0, FOLLOWS * shift_px[0]], [0, 1, FOLLOWS * shift_px[1]]])
        size = self.body.shape[1::-1]
        body = cv2.warpAffine(self.body, shift, size, borderMode=cv2.BORDER_REPLICATE)
        cover = cv2.extractChannel(body, 3)
        picture = self.walls.copy()
        below = picture[self.top :]
        seen = cv2.multiply(below, cv2.merge(3 * [1 - cover]))
        below[:] = cv2.add(seen, cv2.cvtColor(body, cv2.COLOR_RGBA2RGB))
        rows = picture.reshape(len(picture), -1)  # (H, 3 W): numpy is slow along an axis of three
        rows *= np.tile(light, picture.shape[1])
        return picture


def draw_room(rng: np.random.Generator, clip: Clip) -> Room:
    """The room of one recording."""
    height, width = clip.height, clip.width
    wall = rng.uniform(0.15, 0.6) * rng.uniform(0.8, 1.2, 3)
    slope = np.linspace(rng.uniform(0.6, 1), rng.uniform(0.6, 1), width)[None, :, None]
    walls = np.broadcast_to(wall * slope, (height, width, 3)).astype(np.float32).copy()
    for _ in range(rng.integers(2, 7)):
        x, y = rng.uniform(-0.2, 1, 2) * (width, height)
        w, h = rng.uniform(0.05, 0.45, 2) * (width, height)
        colour = rng.uniform(0.03, 0.8) * rng.uniform(0.6, 1.3, 3)
        cv2.rectangle(walls, (int(x), int(y)), (int(x + w), int(y + h)), colour.tolist(), -1)
    walls = cv2.GaussianBlur(walls, (0, 0), rng.uniform(1, 6))
    body, cover = _body(rng, clip)
    top = max(0, int(np.argmax(cover.any(axis=1))) - 8)
    body = np.dstack([body * cover[..., None], cover])[top:]
    return Room(walls, np.ascontiguousarray(body), top)


def _body(rng: np.random.Generator, clip: Clip) -> tuple[np.ndarray, np.ndarray]:
    px, height, width = clip.face_px / 2, clip.height, clip.width
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    x, y = (columns - width / 2) / px, (rows - height / 2) / px + 0.13
    neck = np.clip((0.62 + 0.12 * np.clip(y - 1.6, 0, 1) - np.abs(x)) * px, 0, 1) * (y > 0.7)
    collar = 1.95 + 0.5 * np.clip(np.abs(x) - 0.5, 0, 2) ** 0.8
    shirt = np.clip((y - collar) * px, 0, 1) * np.clip((2.6 - np.abs(x)) * px, 0, 1)
    shade = (0.75 - 0.35 * (x / 0.7) ** 2).clip(0.2) * np.clip(0.35 + (y - 1.3) / 1.2, 0.3, 0.9)
    skin = melanin_albedo(clip.tone) * shade[..., None]
    cloth = rng.uniform(0.03, 0.5) * rng.uniform(0.5, 1.4, 3)
    folds = 1 + 0.12 * np.sin(3 * x + 2 * y + rng.uniform(0, 6))
    body = skin + shirt[..., None] * (cloth * folds[..., None] - skin)
    return body.astype(np.float32), np.maximum(neck, shirt).astype(np.float32)
