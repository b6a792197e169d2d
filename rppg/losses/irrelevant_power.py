"""Irrelevant power ratio: how much of a wave's power lies outside the band of heart rates.

    >>> import torch
    >>> wave = torch.sin(2 * torch.pi * 1.2 * torch.arange(300) / 30)[None]  # 72 bpm
    >>> [round(irrelevant_power_ratio(one, fps=30).item(), 2) for one in (wave, wave**2)]
    [0.0, 0.0]
    >>> round(irrelevant_power_ratio(wave**4, fps=30).item(), 2)  # 144 bpm, and 288: too fast
    0.06

Source: Gideon and Stent, The way to my heart is through contrastive learning, ICCV 2021.
Frequencies are those of `rfftfreq`; the published code stretches its axis to half the frame rate,
which a transform of odd length does not reach.
"""

import torch
from torch import Tensor

from rppg.losses.correlation import ROUNDING
from rppg.losses.sinc import band_limits, inside_band
from rppg.losses.windows import BAND_HZ
from rppg.signals.spectrum import power_spectrum, unit_area


def irrelevant_power_ratio(
    wave: Tensor, fps: float, band_hz: Tensor | tuple[float, float] = BAND_HZ
) -> Tensor:
    """IPR (B,): share of the power of the wave (B, T), its mean aside, that is outside the band.

    0 (a sine in the band) to 1; a wave that is constant, but for rounding, is at 1.  No padding.
    band_hz: (low, high), or (B, 2) for clips played faster.  The paper has power, the published
    code sums amplitudes.  Raises ValueError for other shapes, or if a band is empty.
    """
    freq_hz, power = power_spectrum(wave, fps)  # (F,), (B, F)
    inside = inside_band(freq_hz, band_limits(freq_hz, power, band_hz))  # (B, F) or (1, F)
    ratio = (unit_area(power) * ~inside).sum(dim=-1)
    rounding = ROUNDING * torch.finfo(wave.dtype).eps * wave.abs().amax(dim=-1)
    return ratio.masked_fill(wave.amax(dim=-1) - wave.amin(dim=-1) <= rounding, 1.0)
