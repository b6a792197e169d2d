"""Predicted against ground-truth BVP of the same clip.

Waves are (B, T).

    >>> bvp = torch.sin(torch.arange(60.0) / 5)[None]
    >>> [round(negative_pearson(wave, bvp).item(), 3) for wave in (3 * bvp - 1, -bvp)]
    [0.0, 2.0]
    >>> bvp = torch.sin(torch.arange(300.0) / 4)[None]  # 72 bpm at 30 fps
    >>> late = bvp.roll(40, dims=1)
    >>> [round(mcc_loss(wave, bvp, fps=30).item(), 2) for wave in (3 * bvp - 1, -bvp, late)]
    [-1.0, -0.97, -0.97]
"""

import torch
from torch import Tensor

from rppg.losses.sinc import band_limits, inside_band
from rppg.signals.spectrum import HEART_BAND_HZ

ROUNDING = 8  # a wave that moves less than so many roundings of its own values is constant


def negative_pearson(wave: Tensor, bvp: Tensor) -> Tensor:
    """1 - Pearson's correlation over time, clip by clip, mean over the batch: 0 to 2.

    L_pear of Qian et al., 3rd RePSS, 2024, section 2.2.3, as in Yu et al., Remote
    photoplethysmograph signal measurement from facial videos, BMVC 2019.  It sees the sign: a wave
    upside down is at 2.  A constant wave has no correlation: its clip is at 1, without a gradient.
    Raises ValueError unless both are (B, T) with T of 2 or more.
    """
    x, y = _centred(wave, bvp)
    squares = x.square().sum(dim=-1) * y.square().sum(dim=-1)  # (B,)
    return (1 - (x * y).sum(dim=-1) / _or_one(squares).sqrt()).mean()


def max_cross_correlation(
    wave: Tensor,
    bvp: Tensor,
    fps: float,
    band_hz: Tensor | tuple[float, float] = HEART_BAND_HZ,
) -> Tensor:
    """The highest in-band correlation (B,) of two waves (B, T) over all lags, 0 to about 1.

    Eq. 11 of Qian et al., 3rd RePSS, 2024, as Gideon and Stent, The way to my heart is through
    contrastive learning, ICCV 2021, compute it: own means removed, zeros behind up to twice the
    length so that no lag wraps around, cross-spectrum cut to the band, its inverse transform's
    maximum over the deviations and over the share of the cross-spectrum's magnitude in the band.
    band_hz: (low, high), or (B, 2) for clips played faster.

    Measured at 300 frames of 30 fps, 72 bpm, 0.66-3 Hz.  Same wave 1.00; a quarter of a period late
    0.98; upside down 0.97, as half a period late: the sign is nearly unseen.  100 bpm 0.07.  A sine
    as strong at 400 bpm, out of the band, in one wave 0.71, in both 1.00.  Nulls: white noise
    against the pulse 0.11 (at most 0.27 in 6000), against white noise 0.33 (at most 0.56): a value
    means little without them.  White noise against itself is at up to 1.03, since the sums over
    half of the spectrum count its last bin twice.

    A wave that is constant, or has nothing in the band, is at 0, without a gradient.  Raises
    ValueError unless both are (B, T) with T of 2 or more, or if a band is empty.
    """
    x, y = _centred(wave, bvp)
    n_fft = 2 * x.shape[-1]
    cross = torch.fft.rfft(x, n=n_fft) * torch.fft.rfft(y, n=n_fft).conj()  # (B, T + 1)
    freq_hz = torch.fft.rfftfreq(n_fft, d=1 / fps, dtype=x.dtype, device=x.device)  # (T + 1,)
    limits_hz = band_limits(freq_hz, cross, band_hz)  # (B, 2) or (1, 2)
    inside = inside_band(freq_hz, limits_hz)
    highest = torch.fft.irfft(cross * inside, n=n_fft).amax(dim=-1)  # (B,): over 2 T lags
    magnitude = cross.abs()
    share = (magnitude * inside).sum(dim=-1) / _or_one(magnitude.sum(dim=-1))  # (B,)
    squares = x.square().sum(dim=-1) * y.square().sum(dim=-1)  # (B,)
    return highest / (_or_one(share) * _or_one(squares).sqrt())  # (T - 1) of both has gone


def mcc_loss(
    wave: Tensor,
    bvp: Tensor,
    fps: float,
    band_hz: Tensor | tuple[float, float] = HEART_BAND_HZ,
) -> Tensor:
    """L_mcc, eq. 11: minus `max_cross_correlation`, mean over the batch: 0 to about -1."""
    return -max_cross_correlation(wave, bvp, fps, band_hz).mean()


def printed_mcc_loss(
    wave: Tensor,
    bvp: Tensor,
    fps: float,
    band_hz: Tensor | tuple[float, float] = HEART_BAND_HZ,
) -> Tensor:
    """Eq. 11 as printed, mean over the batch: 0 to about -1.

    Against `mcc_loss`: no zeros behind the waves, so that what leaves at one end comes in at the
    other, and no share of the cross-spectrum in the band, so that power outside it counts against
    both.  The conjugate of eq. 4 of Gideon and Stent, which it cites, and the mean over frames,
    without which it would be T times as large, are taken as meant.  Raises as `mcc_loss`.
    """
    x, y = _centred(wave, bvp)
    n_fft = x.shape[-1]
    cross = torch.fft.rfft(x) * torch.fft.rfft(y).conj()  # (B, F)
    freq_hz = torch.fft.rfftfreq(n_fft, d=1 / fps, dtype=x.dtype, device=x.device)
    inside = inside_band(freq_hz, band_limits(freq_hz, cross, band_hz))
    highest = torch.fft.irfft(cross * inside, n=n_fft).amax(dim=-1)  # (B,)
    squares = x.square().sum(dim=-1) * y.square().sum(dim=-1)  # (B,)
    return -(highest / _or_one(squares).sqrt()).mean()


def _centred(wave: Tensor, bvp: Tensor) -> list[Tensor]:
    """Both without their own mean; one that is constant but for rounding becomes all zeros.

    Raises ValueError unless both are (B, T) with T of 2 or more.
    """
    if wave.shape != bvp.shape or wave.ndim != 2 or wave.shape[-1] < 2:
        found = f"{tuple(wave.shape)} and {tuple(bvp.shape)}"
        raise ValueError(f"expected two waves (B, T) of 2 or more frames, found {found}")
    centred = []
    for signal in (wave, bvp):
        moved = signal - signal.mean(dim=-1, keepdim=True)  # (B, T)
        rounding = ROUNDING * torch.finfo(signal.dtype).eps * signal.abs().amax(-1, keepdim=True)
        flat = moved.abs().amax(dim=-1, keepdim=True) <= rounding  # (B, 1)
        centred.append(torch.where(flat, 0.0, moved))
    return centred


def _or_one(divisor: Tensor) -> Tensor:
    """One if there is nothing to divide by: inside a root, zero has an infinite gradient."""
    return torch.where(divisor > torch.finfo(divisor.dtype).tiny, divisor, 1.0)
