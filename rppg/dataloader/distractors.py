"""Distractors: periodic illumination or motion of known rate that is added to clips.

Lamps, shadows, highlights and nodding can be periodic in the heart band, too, and losses that
favour a narrow spectrum cannot tell these from a pulse.  The rate of an added distractor is known
without any label, and `disturbance_loss` penalises its power in the predicted BVP.  The narrow-band
signal that remains, and that is present all over the face, is the pulse.

    >>> regions, yuv_from_rgb = np.eye(6, dtype=bool), np.eye(3)  # each row one region
    >>> light = PeriodicIllumination(regions, yuv_from_rgb, chance=1.0)
    >>> maps = torch.full((300, 6, 6), 100.0)  # (T, N, C)
    >>> disturbed, rate_hz = light(maps, speed=1.0, generator=torch.Generator().manual_seed(0))
    >>> 0.66 <= rate_hz <= 3.0, bool((disturbed == maps).all(dim=0).any())  # a region is unlit
    (True, True)

`with_distractors` does the same to a batch of face crops: a light with a soft edge, a spot light,
or nodding.  Neither is part of HFUT-VUT's method.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

from rppg.datasets.prepared import FPS
from rppg.signals.spectrum import HEART_BAND_HZ

STRENGTH = (0.003, 0.04)  # relative strength of the light, drawn on a logarithmic scale
TINT = 0.6  # standard deviation of a colour's share, for the most colourful light
SECOND, WANDER, WANDER_HZ = 0.4, 0.3, (0.02, 0.2)  # second harmonic; slow change of the strength
RGB = slice(0, 3)
N_DRAWN = 11  # random values per call, besides the order of the regions and the tint
N_DRAWN_ON_FACES = 15  # random values per clip, besides the tint
SPOTS = 0.3  # share of the lights on faces that are spots
REACH, SPOT_RADIUS = 0.6, (0.15, 0.65)  # position and radius of a light, in half crops
EDGE_SHARPNESS = (2.0, 12.0)  # slope of the sigmoid edge, per half crop
NODS, NOD = 0.5, (0.0025, 0.075)  # share of faces that nod; amplitude, in half crops


@dataclass(frozen=True)
class PeriodicIllumination:
    """(maps (T, N, 6) raw, speed, generator) -> (maps, rate_hz), NaN if no light was added.

    The light falls equally on some of the regions, on at least one and never on all; a row of
    several regions gets it in proportion to its lit regions.  The rate is uniform in the heart band
    times speed.  Every call draws the same number of random values.  Raises ValueError for an
    invalid probability or shape.
    """

    combinations: np.ndarray  # (N, R) bool: the regions of each row
    yuv_from_rgb: np.ndarray  # (3, 3): matrix from the first three channels to the last three
    chance: float = 0.5  # probability per clip

    def __post_init__(self):
        if not 0 <= self.chance <= 1:
            raise ValueError(f"chance is {self.chance}, expected 0 to 1")
        if self.combinations.ndim != 2 or self.yuv_from_rgb.shape != (3, 3):
            found = f"{self.combinations.shape} and {self.yuv_from_rgb.shape}"
            raise ValueError(f"expected combinations (N, R) and yuv_from_rgb (3, 3), found {found}")

    def __call__(self, maps: Tensor, speed: float, generator: torch.Generator):
        drawn, tint = _draw(N_DRAWN, generator)
        order = torch.randperm(self.combinations.shape[1], generator=generator)
        if drawn[0] >= self.chance:
            return maps, math.nan
        if maps.ndim != 3 or maps.shape[1:] != (len(self.combinations), 6):
            expected = f"(T, {len(self.combinations)}, 6)"
            raise ValueError(f"expected a map {expected}, found {tuple(maps.shape)}")
        rate_hz, course = _light_course(len(maps), speed, drawn, tint)  # (T, 3)
        lit = self._lit(order, 1 + int(drawn[10] * (len(order) - 1)))  # (N,)
        added = maps[..., RGB] * course[:, None] * lit[:, None]  # (T, N, 3)
        to_yuv = torch.from_numpy(self.yuv_from_rgb).to(maps)
        return maps + torch.cat([added, added @ to_yuv.T], dim=-1), rate_hz

    def _lit(self, order: Tensor, n_lit: int) -> Tensor:
        """Share (N,) of lit regions in each row; the lit ones are the first n_lit of order."""
        members = torch.from_numpy(self.combinations).float()  # (N, R)
        return members[:, order[:n_lit]].sum(dim=1) / members.sum(dim=1)


def with_distractors(
    clips: Tensor, speed: Tensor, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Raw face crops (B, T, H, W, 3) with a distractor added to each, float32, and the rates of the
    distractors in Hz (B,).

    With equal probability it is a periodic light on part of the face, with a soft edge or as a
    spot, or a periodic motion of the face.  Rates are uniform in the heart band times speed (B,).
    Every clip draws the same number of random values, from a generator on any device.  Raises
    ValueError for other shapes.
    """
    if clips.ndim != 5 or clips.shape[-1] != 3 or speed.shape != clips.shape[:1]:
        found = f"{tuple(clips.shape)} and {tuple(speed.shape)}"
        raise ValueError(f"expected crops (B, T, H, W, 3) and speeds (B,), found {found}")
    disturbed, rates_hz = [], []
    for crops, one_speed in zip(clips.float(), speed.tolist(), strict=True):
        drawn, tint = _draw(N_DRAWN_ON_FACES, generator)
        if drawn[0] < NODS:
            rate_hz, course = _rate_and_course(len(crops), one_speed, drawn)  # (T,)
            disturbed.append(_nodding(crops, course, drawn[8:10]))
        else:
            rate_hz, course = _light_course(len(crops), one_speed, drawn, tint)  # (T, 3)
            pixels = _lit_pixels(*crops.shape[1:3], drawn[10:])  # (H, W)
            light = course[:, None, None] * pixels[..., None]  # (T, H, W, 3)
            disturbed.append(crops * (1 + light.to(crops)))
        rates_hz.append(rate_hz)
    return torch.stack(disturbed), speed.new_tensor(rates_hz)


def _nodding(crops: Tensor, course: Tensor, drawn: list[float]) -> Tensor:
    """The crops (T, H, W, 3), shifted along one direction by the time course (T,)."""
    far = math.exp(_between(drawn[0], tuple(map(math.log, NOD))))
    angle = 2 * math.pi * drawn[1]
    moves = torch.eye(2, 3).repeat(len(crops), 1, 1)  # (T, 2, 3)
    moves[:, 0, 2], moves[:, 1, 2] = far * math.cos(angle) * course, far * math.sin(angle) * course
    frames = crops.movedim(-1, 1)  # (T, 3, H, W)
    grid = affine_grid(moves.to(crops), list(frames.shape), align_corners=False)
    moved = grid_sample(frames, grid, padding_mode="border", align_corners=False)
    return moved.movedim(1, -1)


def _lit_pixels(height: int, width: int, drawn: list[float]) -> Tensor:
    """Share of the light that falls on each pixel, (height, width), 0 to 1."""
    y, x = torch.linspace(-1, 1, height)[:, None], torch.linspace(-1, 1, width)
    right, down = (_between(value, (-REACH, REACH)) for value in drawn[1:3])
    if drawn[0] < SPOTS:
        radius = _between(drawn[3], SPOT_RADIUS)
        return torch.exp(-((x - right) ** 2 + (y - down) ** 2) / (2 * radius**2))
    angle = 2 * math.pi * drawn[3]
    across = math.cos(angle) * (x - right) + math.sin(angle) * (y - down)
    return torch.sigmoid(_between(drawn[4], EDGE_SHARPNESS) * across)


def _draw(n: int, generator: torch.Generator) -> tuple[list[float], Tensor]:
    """n uniform values and three normal ones."""
    place = {"generator": generator, "device": generator.device}
    drawn = torch.rand(n, dtype=torch.float64, **place).tolist()
    return drawn, torch.randn(3, **place).cpu()


def _light_course(
    n_frames: int, speed: float, drawn: list[float], tint: Tensor
) -> tuple[float, Tensor]:
    """Rate in Hz, and relative change of brightness per frame and channel, (n_frames, 3)."""
    rate_hz, course = _rate_and_course(n_frames, speed, drawn)
    strength = math.exp(_between(drawn[8], tuple(map(math.log, STRENGTH))))
    colour = 1 + TINT * drawn[9] * tint  # (3,)
    return rate_hz, strength * course[:, None] * colour


def _rate_and_course(n_frames: int, speed: float, drawn: list[float]) -> tuple[float, Tensor]:
    rate_hz = speed * _between(drawn[1], HEART_BAND_HZ)
    return rate_hz, _course(n_frames, rate_hz, drawn[2:8])  # (n_frames,)


def _course(n_frames: int, rate_hz: float, drawn: list[float]) -> Tensor:
    """A periodic time course (T,) with a second harmonic and a slowly varying amplitude."""
    angle = 2 * math.pi * torch.arange(n_frames) / FPS
    phases = [2 * math.pi * value for value in drawn[:3]]
    wander = 1 + WANDER * torch.sin(_between(drawn[3], WANDER_HZ) * angle + phases[0])
    second = SECOND * drawn[4] * torch.sin(2 * rate_hz * angle + phases[1])
    return wander * (torch.sin(rate_hz * angle + phases[2]) + second)


def _between(value: float, limits: tuple[float, float]) -> float:
    return limits[0] + value * (limits[1] - limits[0])
