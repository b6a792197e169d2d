"""Label-free values of predicted BVPs: HR, differences between HRs, and purity of the spectrum.

waves (n, T) at 30 fps, float; a value each, (n,).  They are used by
`rppg.training.self_consistency`.

    >>> sine = torch.sin(2 * torch.pi * 1.2 * torch.arange(300) / 30)[None].double()  # 72 bpm
    >>> round(rates_bpm(sine).item()), round(entropy(sine).item(), 2)
    (72, 0.6)
    >>> disagreement_bpm(torch.tensor([72.0, 72.0]), torch.tensor([75.0, torch.nan])).tolist()
    [3.0, 60.0]
"""

import numpy as np
import torch
from torch import Tensor

from rppg.datasets.prepared import FPS
from rppg.losses.constants import N_FFT
from rppg.signals.spectrum import HEART_BAND_HZ, crop_band, power_spectrum, unit_area

MOST_BPM = 60.0  # largest disagreement
LOWEST_HZ = 0.3  # of the irrelevant power ratio
FLAT = 1e-6  # of a wave's largest value: a change as small as that is rounding


def rates_bpm(waves: Tensor, speed: float = 1.0) -> Tensor:
    """HR (n,) of waves (n, T) at 30 fps that were played at `speed`: the peak in the heart band
    scaled by it, divided by it.  NaN if a wave is flat."""
    band_hz = tuple(speed * edge_hz for edge_hz in HEART_BAND_HZ)
    freq_hz, power = crop_band(*power_spectrum(waves, FPS, N_FFT), band_hz)  # (F,), (n, F)
    return (60 * freq_hz[power.argmax(dim=-1)] / speed).masked_fill(_flat(waves), torch.nan)


def disagreement_bpm(one: Tensor, other: Tensor) -> Tensor:
    """|one - other| (n,), at most 60 bpm; 60 if either has no rate."""
    return (one - other).abs().clamp(max=MOST_BPM).nan_to_num(nan=MOST_BPM)


def irrelevant_power(waves: Tensor) -> Tensor:
    """Share (n,) of the power from 0.3 Hz up that is outside the heart band; 1 for a flat wave."""
    freq_hz, power = power_spectrum(waves, FPS, N_FFT)
    total = crop_band(freq_hz, power, (LOWEST_HZ, FPS / 2))[1].sum(dim=-1)
    inside = crop_band(freq_hz, power, HEART_BAND_HZ)[1].sum(dim=-1)
    return (1 - inside / total).masked_fill(_flat(waves), 1.0)


def entropy(waves: Tensor) -> Tensor:
    """Entropy (n,) of the in-band spectrum over its largest possible value; 1 for a flat wave."""
    share = unit_area(crop_band(*power_spectrum(waves, FPS, N_FFT), HEART_BAND_HZ)[1])  # (n, F)
    found = -torch.xlogy(share, share).sum(dim=-1)
    return (found / np.log(share.shape[-1])).masked_fill(_flat(waves), 1.0)


def _flat(waves: Tensor) -> Tensor:
    """(n,) whether a wave does not change."""
    span = waves.amax(dim=-1) - waves.amin(dim=-1)
    return span <= FLAT * waves.abs().amax(dim=-1)
