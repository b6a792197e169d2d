"""Skin and blood of many clips at once: tone, texture of large areas, pulse by place and channel.

Colours are linear light.  A pulse makes skin darker; its relative change of R, G and B is about
(.33, .77, .53) of display values (de Haan and van Leest 2014), and 2.2 times that of linear light.

    >>> rng = np.random.default_rng(0)
    >>> people = draw_people(rng, n_clips=16, pulse_scale=1.0)
    >>> people.albedo(REGION_SURFACE).shape, people.pulse_heights(REGION_SURFACE).shape
    ((16, 3, 6), (16, 6))
"""

from dataclasses import dataclass

import numpy as np

from rppg.synthetic.light import DARK_SKIN_PULSE, PULSE_RGB
from rppg.synthetic.subject import skin_colour
from rppg.synthetic.traces.courses import between, log_between, normal
from rppg.synthetic.traces.surface import REGION_SURFACE, Surface

__all__ = ["REGION_SURFACE", "People", "draw_people"]

LINEAR = 2.2  # relative change of linear light over that of display values
PULSE_RANGE = (0.003, 0.024)  # green, trough to peak, of display values, on a forehead, light skin
N_FIELDS, N_RIPPLES = 3, 5  # smooth random patterns per person, and waves in each


@dataclass(frozen=True)
class People:
    """One person per clip."""

    tone: np.ndarray  # (B,) 0 very light .. 1 very dark
    skin: np.ndarray  # (B, 3) linear
    pulse: np.ndarray  # (B,) green, relative change of linear light from trough to peak
    signature: np.ndarray  # (B, 3) of the pulse, 1 in green
    uneven: np.ndarray  # (B, N_FIELDS) size of the patterns of colour, pulse and delay
    ripples: np.ndarray  # (B, N_FIELDS, N_RIPPLES, 3) x, y and phase of their waves
    delay_s: np.ndarray  # (B,) of the chin over the forehead
    gloss: np.ndarray  # (B,) strength of the shine

    def albedo(self, surface: Surface) -> np.ndarray:
        """Linear colour (B, 3, P) of the skin; less blue and green where it is darker."""
        pattern = self._pattern(0, surface)[:, None]
        return self.skin[..., None] * np.exp(pattern * np.float32((0.8, 1.1, 1.2))[:, None])

    def pulse_heights(self, surface: Surface) -> np.ndarray:
        """Relative change of green linear light (B, P), trough to peak."""
        return self.pulse[:, None] * surface.blood * np.exp(self._pattern(1, surface))

    def delays_s(self, surface: Surface) -> np.ndarray:
        """Delay of the pulse (B, P) over that of the nose, negative if it comes earlier."""
        down = surface.y / np.float32(1.5)
        return self.delay_s[:, None] * down + self._pattern(2, surface)

    def _pattern(self, number: int, surface: Surface) -> np.ndarray:
        waves = self.ripples[:, number]  # (B, N_RIPPLES, 3)
        turn = waves[..., :1] * surface.x + waves[..., 1:2] * surface.y + waves[..., 2:]
        size = self.uneven[:, number, None] * np.float32(np.sqrt(2 / N_RIPPLES))
        return size * np.cos(turn).sum(axis=1)


def draw_people(rng, n_clips: int, pulse_scale: float) -> People:
    """People of a block; tones are spread evenly over it.  pulse_scale 0: nobody has a pulse."""
    tone = ((rng.permutation(n_clips) + rng.random(n_clips)) / n_clips).astype(np.float32)
    display = np.stack([skin_colour(one) for one in tone]) / 255
    skin = display**LINEAR * np.exp(0.06 * normal(rng, n_clips, 3))
    weaker = 1 - (1 - DARK_SKIN_PULSE) * tone
    signature = PULSE_RGB / PULSE_RGB[1] * np.exp(0.1 * normal(rng, n_clips, 3))
    ripples = np.concatenate(
        [
            normal(rng, n_clips, N_FIELDS, N_RIPPLES, 2) * np.float32(2.2),
            between(rng, 0, 2 * np.pi, n_clips, N_FIELDS, N_RIPPLES, 1),
        ],
        axis=-1,
    )
    uneven = np.stack(
        [
            between(rng, 0.02, 0.12, n_clips),
            between(rng, 0.05, 0.4, n_clips),
            between(rng, 0.0, 0.012, n_clips),
        ],
        axis=1,
    )
    return People(
        tone=tone,
        skin=skin.astype(np.float32),
        pulse=log_between(rng, *PULSE_RANGE, n_clips) * weaker * np.float32(LINEAR * pulse_scale),
        signature=(signature / signature[:, 1:2]).astype(np.float32),
        uneven=uneven,
        ripples=ripples,
        delay_s=between(rng, -0.02, 0.06, n_clips),
        gloss=log_between(rng, 0.01, 0.16, n_clips),
    )
