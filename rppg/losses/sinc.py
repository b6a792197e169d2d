"""Spectral priors of a pulse as three losses without labels: narrow, sparse, varied.

Spectra are power (B, F) over freq_hz (F,), as `rppg.signals.spectrum.power_spectrum` gives them,
best padded to a fixed fine grid (5400 points at 30 fps: 0.33 bpm).  `band_hz` is one (low, high),
or (B, 2) if speed augmentation has scaled each clip's heart rate, and its band with it.

    >>> from rppg.signals.spectrum import power_spectrum
    >>> wave = torch.sin(2 * torch.pi * 1.2 * torch.arange(300) / 30)[None]  # (B=1, T)
    >>> freq_hz, power = power_spectrum(wave, fps=30, n_fft=5400)
    >>> losses = bandwidth_loss(freq_hz, power), sparsity_loss(freq_hz, power)
    >>> [round(loss.item(), 2) for loss in losses]
    [0.01, 0.09]

So a perfect sine does not reach zero: 10 s of it leak that much.  A spectrum without any power (a
constant wave) counts as a flat one, the worst pulse there is, and gives no gradient.

Source: Speth et al., Non-contrastive unsupervised learning of physiological signals from video,
CVPR 2023, as eq. 2-4 of Qian et al., 3rd RePSS, 2024.
"""

import torch
from torch import Tensor

from rppg.signals.spectrum import HEART_BAND_HZ, unit_area

PEAK_HALF_WIDTH_HZ = 0.1  # Delta F = 6 of eq. 3, which names no unit: 6 bpm, as in SiNC's code


def bandwidth_loss(
    freq_hz: Tensor, power: Tensor, band_hz: Tensor | tuple[float, float] = HEART_BAND_HZ
) -> Tensor:
    """Share of the power that lies outside the band, mean over the batch: 0 to 1.  Eq. 2."""
    share = unit_area(_or_flat(power))  # (B, F)
    return (share * ~inside_band(freq_hz, band_limits(freq_hz, power, band_hz))).sum() / len(share)


def sparsity_loss(
    freq_hz: Tensor,
    power: Tensor,
    band_hz: Tensor | tuple[float, float] = HEART_BAND_HZ,
    half_width_hz: float = PEAK_HALF_WIDTH_HZ,
) -> Tensor:
    """Share of the in-band power farther than half_width_hz from its peak, mean over the batch:
    0 to 1.

    Eq. 3.  Where the peak is, is not differentiated.
    """
    freq_hz, share = in_band_share(freq_hz, power, band_hz)  # (F',), (B, F')
    peak_hz = freq_hz[share.argmax(dim=-1)]  # (B,)
    far = (freq_hz - peak_hz[:, None]).abs() > half_width_hz  # (B, F')
    return (share * far).sum() / len(share)


def variance_loss(
    freq_hz: Tensor, power: Tensor, band_hz: Tensor | tuple[float, float] = HEART_BAND_HZ
) -> Tensor:
    """How far the batch's mean in-band spectrum is from the mean of uniform ones over the bands.

    Mean over the d frequencies from the lowest to the highest band limit of the squared difference
    of the two cumulative distributions, eq. 4: 0 if all rates in the band occur alike.  It needs
    a batch of different people: clips of one video have one rate and are pulled apart by it.
    """
    _, power, inside = _cropped(freq_hz, power, band_hz)  # (B, F'), (B, F') or (1, F')
    found = _share_of(power, inside).mean(dim=0)  # (F',)
    wanted = unit_area(inside.to(power.dtype)).mean(dim=0)  # (F',)
    compared = inside.any(dim=0)  # (F',)
    difference = (found - wanted).cumsum(dim=0)  # of the cumulative distributions
    return (difference.square() * compared).sum() / compared.sum()


def in_band_share(freq_hz: Tensor, power: Tensor, band_hz) -> tuple[Tensor, Tensor]:
    """The frequencies (F',) in any clip's band, and each clip's in-band power over its sum (B, F'),
    zero outside the clip's own band."""
    freq_hz, power, inside = _cropped(freq_hz, power, band_hz)
    return freq_hz, _share_of(power, inside)


def _share_of(power: Tensor, inside: Tensor) -> Tensor:
    return unit_area(_or_flat(power * inside, inside))


def _cropped(freq_hz: Tensor, power: Tensor, band_hz) -> tuple[Tensor, Tensor, Tensor]:
    """Axis, power and `inside_band` from the lowest band limit of the clips to the highest."""
    band = band_limits(freq_hz, power, band_hz)  # (B, 2) or (1, 2)
    ends = torch.stack([band[:, 0].min(), band[:, 1].max()])
    first, last = torch.searchsorted(freq_hz, ends).tolist()
    freq_hz, power = freq_hz[first : last + 1], power[:, first : last + 1]
    return freq_hz, power, inside_band(freq_hz, band)


def band_limits(freq_hz: Tensor, power: Tensor, band_hz) -> Tensor:
    """Band limits (B, 2), or (1, 2) if all clips have one.  ValueError for other shapes."""
    if power.ndim != 2 or power.shape[-1:] != freq_hz.shape:
        found = f"power {tuple(power.shape)} over freq_hz {tuple(freq_hz.shape)}"
        raise ValueError(f"expected power (B, F) over freq_hz (F,), found {found}")
    band = torch.as_tensor(band_hz, dtype=freq_hz.dtype, device=freq_hz.device)
    if band.shape not in ((2,), (len(power), 2)):
        expected = f"(2,) or ({len(power)}, 2)"
        raise ValueError(f"band_hz has the shape {tuple(band.shape)}, expected {expected}")
    return band.reshape(-1, 2)


def inside_band(freq_hz: Tensor, band: Tensor) -> Tensor:
    """Whether a frequency is in the clip's band: (B, F) or (1, F).  ValueError if none is."""
    inside = (freq_hz >= band[:, :1]) & (freq_hz <= band[:, 1:])
    if not inside.any(dim=-1).all():
        raise ValueError(f"a band of {band.tolist()} Hz holds no frequency of the axis")
    return inside


def _or_flat(power: Tensor, where: Tensor | None = None) -> Tensor:
    """The spectra; those without any power become flat (inside `where`), without a gradient."""
    flat = 1.0 if where is None else where.to(power.dtype)
    empty = power.sum(dim=-1, keepdim=True) <= torch.finfo(power.dtype).tiny
    return torch.where(empty, flat, power)
