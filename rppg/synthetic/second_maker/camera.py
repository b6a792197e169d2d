"""The camera: exposure and white-balance control, mains flicker by rows, sensor noise, sRGB.

>>> camera = Camera(np.random.default_rng(0), LEVELS["easy"], 320, 240, fps=30.0)
>>> camera.shoot(np.full((240, 320, 3), 0.2, np.float32), time_s=0.0).dtype
dtype('uint8')
"""

import numpy as np

from rppg.synthetic.second_maker.config import LEVELS as LEVELS
from rppg.synthetic.second_maker.config import Level

TARGET, BRIGHTEST = 0.20, 0.70  # linear mean, and bright end of the middle, after exposure
ROLL = 96  # pixels by which the noise field is moved from frame to frame
CODES, FINE_BITS = 16383, 5
SLOPE = 1.15  # of sRGB at TARGET; shot noise is even in sRGB: its square root against the slope
MAINS_HZ = (50.0, 60.0)
STEP = 1 / 48  # of exposure control, in powers of two


class Camera:
    """One camera through one recording: frames must come in order."""

    def __init__(self, rng: np.random.Generator, level: Level, width: int, height: int, fps: float):
        self.rng, self.fps = rng, fps
        strength = rng.uniform(*level.noise) * SLOPE * (255 << FINE_BITS)
        self.noise = _whole(strength * rng.standard_normal((height + ROLL, width + ROLL, 3)))
        fixed = 0.2 * rng.standard_normal((height, width, 3))
        fixed += 0.12 * rng.standard_normal((1, width, 1))
        self.fixed = _whole(strength * fixed + (1 << FINE_BITS) / 2)  # half a code: to the nearest
        self.speed = 1 - np.exp(-level.control * rng.uniform(0.5, 2) / fps)
        self.stepped = rng.uniform() < 0.5  # exposure moves in steps of the hardware
        self.flicker = rng.uniform(0, level.flicker)
        self.mains_hz = rng.choice(MAINS_HZ) * (1 + rng.normal(0, 3e-4))
        self.rows_s = np.arange(height) / height * rng.uniform(0.3, 0.9) / fps
        self.balance_of_scene = rng.uniform(0.95, 1.05, 3)
        self.exposure = self.balance = None  # log2 of the gain, and of the channels' gains

    def shoot(self, light: np.ndarray, time_s: float) -> np.ndarray:
        """A frame (H, W, 3) uint8 of linear light (H, W, 3) float32, which is overwritten."""
        self._control(light[::8, ::8])
        exposure = np.round(self.exposure / STEP) * STEP if self.stepped else self.exposure
        gain = 2.0 ** (exposure + self.balance)
        wave = np.cos(4 * np.pi * self.mains_hz * (time_s + self.rows_s))
        rows = (1 + self.flicker * wave)[:, None]
        flat = light.reshape(len(light), -1)  # (H, 3 W): numpy is slow along an axis of three
        flat *= rows.astype(np.float32)
        flat *= np.tile(gain.astype(np.float32), light.shape[1])
        top, left = self.rng.integers(0, ROLL, 2)
        height, width = light.shape[:2]
        flat *= CODES
        codes = _SRGB[np.clip(light, 0, CODES, out=light).astype(np.uint16)]
        codes += self.noise[top : top + height, left : left + width]
        codes += self.fixed
        codes >>= FINE_BITS
        return np.clip(codes, 0, 255, out=codes).astype(np.uint8)

    def _control(self, seen: np.ndarray) -> None:
        """Move exposure and white balance towards their targets; the first frame is on target."""
        height, width = seen.shape[:2]
        mean = seen.reshape(-1, 3).mean(axis=0)
        middle = seen[height // 5 : -height // 5, width // 4 : -width // 4].max(axis=-1)
        brightest = np.quantile(middle, 0.95)
        exposure = np.log2(min(TARGET / mean.mean(), BRIGHTEST / brightest))
        grey = np.log2(mean.mean() / mean) * 0.7 + np.log2(self.balance_of_scene)
        if self.exposure is None:
            self.exposure, self.balance = exposure, grey
        self.exposure += self.speed * (exposure - self.exposure)
        self.balance = self.balance + 0.3 * self.speed * (grey - self.balance)


def _whole(values: np.ndarray) -> np.ndarray:
    return np.rint(values).astype(np.int16)


def _srgb_table() -> np.ndarray:
    """8-bit codes of linear values 0..CODES, with FINE_BITS binary places."""
    linear = np.arange(CODES + 1) / CODES
    curve = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return _whole((255 << FINE_BITS) * curve)


_SRGB = _srgb_table()
