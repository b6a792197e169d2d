"""Power spectra, always with their frequency axis: of NumPy arrays, and differentiable of tensors.

Waves are float arrays or torch tensors (..., T): T frames at `fps`.  Spectra are (..., F) with F
frequencies in Hz, of the same library.  The losses use these functions with tensors, the HR
estimation with arrays; torch is imported for tensors only.

    >>> wave = np.sin(2 * np.pi * 1.2 * np.arange(301) / 30)  # 72 bpm, odd length
    >>> freq_hz, power = crop_band(*power_spectrum(wave, fps=30, n_fft=5400), HEART_BAND_HZ)
    >>> round(60 * freq_hz[power.argmax()].item(), 2)
    72.0
"""

from types import ModuleType
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

HEART_BAND_HZ = (0.66, 3.0)  # 40-180 bpm: solution 1 and every reported heart rate
Array = TypeVar("Array", np.ndarray, "Tensor")


def power_spectrum(wave: Array, fps: float, n_fft: int | None = None) -> tuple[Array, Array]:
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
    fft = _library(wave).fft
    spectrum = fft.rfft(wave - wave.mean(axis=-1, keepdims=True), n=n_fft)  # (..., F)
    if isinstance(wave, np.ndarray):
        freq_hz = fft.rfftfreq(n_fft, d=1 / fps).astype(wave.dtype)
    else:
        freq_hz = fft.rfftfreq(n_fft, d=1 / fps, dtype=wave.dtype, device=wave.device)
    return freq_hz, spectrum.real**2 + spectrum.imag**2


def crop_band(
    freq_hz: Array, power: Array, band_hz: tuple[float, float] = HEART_BAND_HZ
) -> tuple[Array, Array]:
    """The frequencies inside band_hz, both ends included, and their power: (F',), (..., F').

    Raises ValueError if no frequency of the axis is in the band.
    """
    low_hz, high_hz = band_hz
    inside = (freq_hz >= low_hz) & (freq_hz <= high_hz)
    if not inside.any():
        ends = f"{freq_hz[0].item():.3f} to {freq_hz[-1].item():.3f} Hz ({len(freq_hz)} bins)"
        raise ValueError(f"no frequency between {low_hz} and {high_hz} Hz on an axis from {ends}")
    return freq_hz[inside], power[..., inside]


def unit_area(power: Array) -> Array:
    """Each spectrum divided by its sum over frequencies; one without power stays zero."""
    total = power.sum(axis=-1, keepdims=True)
    return power / total.clip(min=_library(power).finfo(power.dtype).tiny)


def _library(array: Array) -> ModuleType:
    """The library that an array is of: both name `fft` and `finfo` alike."""
    if isinstance(array, np.ndarray):
        return np
    import torch

    return torch
