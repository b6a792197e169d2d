"""A light that swings on a part of the face, put into clips at a rate that is known.

Lamps, shadows, highlights and nodding have rhythms in the heart band, too, and losses that ask for
a narrow spectrum are as content with these as with a pulse.  Of a rhythm that was put in, the rate
is known without any label: `disturbance_loss` then asks for a wave that does not show it.  What is
left to be narrow, and is on all of the face, is the pulse.

    >>> regions, yuv_from_rgb = np.eye(6, dtype=bool), np.eye(3)  # each row one region
    >>> light = SwingingLight(regions, yuv_from_rgb, chance=1.0)
    >>> maps = torch.full((300, 6, 6), 100.0)  # (T, N, C)
    >>> disturbed, rate_hz = light(maps, speed=1.0, generator=torch.Generator().manual_seed(0))
    >>> 0.66 <= rate_hz <= 3.0, bool((disturbed == maps).all(dim=0).any())  # a region is spared
    (True, True)

It is no part of HFUT-VUT's method.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from rppg.recordings.prepared import FPS
from rppg.signals.spectrum import HEART_BAND_HZ

STRENGTH = (0.003, 0.04)  # of the light, relative, drawn on a logarithmic scale
TINT = 0.6  # deviation of a colour's share, for the most colourful light
SECOND, WANDER, WANDER_HZ = 0.4, 0.3, (0.02, 0.2)  # its harmonic, how its strength comes and goes
RGB = slice(0, 3)
N_DRAWN = 11  # values of a call beside the order of the regions and the tint


@dataclass(frozen=True)
class SwingingLight:
    """maps (T, N, 6) raw, speed, generator -> (maps, rate_hz), NaN where nothing was put in.

    One to all but one of the regions are lit, alike; a row of several regions by the share of them
    that is.  The rate is uniform in the heart band times speed.  Every call takes the same number
    of random values.  ValueError for a chance that is none, or shapes that do not fit.
    """

    combinations: np.ndarray  # (N, R) bool, which regions a row holds
    yuv_from_rgb: np.ndarray  # (3, 3), how the last three channels follow from the first three
    chance: float = 0.5  # a clip

    def __post_init__(self):
        if not 0 <= self.chance <= 1:
            raise ValueError(f"chance is {self.chance}, expected 0 to 1")
        if self.combinations.ndim != 2 or self.yuv_from_rgb.shape != (3, 3):
            found = f"{self.combinations.shape} and {self.yuv_from_rgb.shape}"
            raise ValueError(f"expected combinations (N, R) and yuv_from_rgb (3, 3), found {found}")

    def __call__(self, maps: Tensor, speed: float, generator: torch.Generator):
        drawn = torch.rand(N_DRAWN, generator=generator, dtype=torch.float64).tolist()
        order = torch.randperm(self.combinations.shape[1], generator=generator)
        tint = torch.randn(3, generator=generator)
        if drawn[0] >= self.chance:
            return maps, math.nan
        if maps.ndim != 3 or maps.shape[1:] != (len(self.combinations), 6):
            expected = f"(T, {len(self.combinations)}, 6)"
            raise ValueError(f"expected a map {expected}, found {tuple(maps.shape)}")
        rate_hz = speed * _between(drawn[1], HEART_BAND_HZ)
        course = _course(len(maps), rate_hz, drawn[2:8])  # (T,)
        strength = math.exp(_between(drawn[8], tuple(map(math.log, STRENGTH))))
        colour = 1 + TINT * drawn[9] * tint  # (3,)
        lit = self._lit(order, 1 + int(drawn[10] * (len(order) - 1)))  # (N,)
        light = strength * course[:, None, None] * lit[:, None] * colour  # (T, N, 3)
        added = maps[..., RGB] * light
        to_yuv = torch.from_numpy(self.yuv_from_rgb).to(maps)
        return maps + torch.cat([added, added @ to_yuv.T], dim=-1), rate_hz

    def _lit(self, order: Tensor, n_lit: int) -> Tensor:
        """Share (N,) of each row's regions that are lit, the first n_lit of order."""
        members = torch.from_numpy(self.combinations).float()  # (N, R)
        return members[:, order[:n_lit]].sum(dim=1) / members.sum(dim=1)


def _course(n_frames: int, rate_hz: float, drawn: list[float]) -> Tensor:
    """A rhythm (T,) with a second harmonic, whose strength comes and goes."""
    angle = 2 * math.pi * torch.arange(n_frames) / FPS
    phases = [2 * math.pi * value for value in drawn[:3]]
    wander = 1 + WANDER * torch.sin(_between(drawn[3], WANDER_HZ) * angle + phases[0])
    second = SECOND * drawn[4] * torch.sin(2 * rate_hz * angle + phases[1])
    return wander * (torch.sin(rate_hz * angle + phases[2]) + second)


def _between(value: float, limits: tuple[float, float]) -> float:
    return limits[0] + value * (limits[1] - limits[0])
