"""Power spectra: in torch, differentiable, and always with their frequency axis.

Waves are float tensors (..., T): T frames at `fps`.  Spectra are (..., F) with F frequencies in Hz.
Both the losses and the HR estimation use these functions.

    >>> wave = torch.sin(2 * torch.pi * 1.2 * torch.arange(301) / 30)  # 72 bpm, odd length
    >>> freq_hz, power = crop_band(*power_spectrum(wave, fps=30, n_fft=5400), HEART_BAND_HZ)
    >>> round(60 * freq_hz[power.argmax()].item(), 2)
    72.0
"""

import torch
from torch import Tensor

HEART_BAND_HZ = (0.66, 3.0)  # 40-180 bpm: solution 1 and every reported heart rate


def power_spectrum(wave: Tensor, fps: float, n_fft: int | None = None) -> tuple[Tensor, Tensor]:
    """Squared magnitude of the Fourier transform of each wave after removing its mean.

    wave: (..., T) float.  n_fft >= T pads with zeros, for a finer grid of fps / n_fft Hz; None: T.
    Returns freq_hz (F,) from 0 to the last bin at or below fps / 2, and power (..., F), not scaled:
    F = n_fft // 2 + 1 at even and odd n_fft alike (`rfftfreq` of the transform's own length).

    Raises ValueError for an empty wave, an n_fft shorter than the wave, or an fps that is not > 0.
    """
    n_frames = wave.shape[-1]
    n_fft = n_frames if n_fft is None else n_fft
    if n_frames == 0 or n_fft < n_frames:
        raise ValueError(f"expected 1 <= T <= n_fft, found T={n_frames} frames and n_fft={n_fft}")
    if not fps > 0:
        raise ValueError(f"expected fps > 0, found {fps}")
    spectrum = torch.fft.rfft(wave - wave.mean(dim=-1, keepdim=True), n=n_fft)  # (..., F)
    freq_hz = torch.fft.rfftfreq(n_fft, d=1 / fps, dtype=wave.dtype, device=wave.device)
    return freq_hz, spectrum.real.square() + spectrum.imag.square()


def crop_band(
    freq_hz: Tensor, power: Tensor, band_hz: tuple[float, float] = HEART_BAND_HZ
) -> tuple[Tensor, Tensor]:
    """The frequencies inside band_hz, both ends included, and their power: (F',), (..., F').

    Raises ValueError if no frequency of the axis is in the band.
    """
    low_hz, high_hz = band_hz
    inside = (freq_hz >= low_hz) & (freq_hz <= high_hz)
    if not inside.any():
        ends = f"{freq_hz[0].item():.3f} to {freq_hz[-1].item():.3f} Hz ({len(freq_hz)} bins)"
        raise ValueError(f"no frequency between {low_hz} and {high_hz} Hz on an axis from {ends}")
    return freq_hz[inside], power[..., inside]


def unit_area(power: Tensor) -> Tensor:
    """Each spectrum divided by its sum over frequencies; one without power stays zero."""
    total = power.sum(dim=-1, keepdim=True)
    return power / total.clamp_min(torch.finfo(power.dtype).tiny)
