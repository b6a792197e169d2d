"""A heart rate does not jump: neighbouring segments of a wave have like spectra.

>>> wave = torch.sin(2 * torch.pi * 1.2 * torch.arange(300) / 30)[None]  # (B=1, T)
>>> periodicity_loss(wave, fps=30).item() < 1e-6
True

Source: Qian et al., 3rd RePSS, 2024, eq. 5.  There spectra are compared as they are
(`printed_periodicity_loss`), which depends on the wave's gain and on the grid, and on unit-area
spectra of a fine grid weighs next to nothing (about 0.02 for unlike segments).  Here each squared
distance is relative to the mean of the two spectra's own squares: 0 for equal spectra, 2 for
spectra that share no frequency, on any grid.
"""

import torch
from torch import Tensor

from rppg.losses.constants import N_FFT
from rppg.signals.spectrum import power_spectrum, unit_area

N_SEGMENTS = 3  # S of eq. 5


def periodicity_loss(
    wave: Tensor, fps: float, n_segments: int = N_SEGMENTS, n_fft: int = N_FFT
) -> Tensor:
    """Sum over neighbouring segments of the relative squared distance of their spectra: 0 to
    2 (n_segments - 1), mean over the batch.

    wave: (B, T); its T // n_segments x n_segments first frames are used.  A segment without any
    power gives no distance and no gradient.  Raises ValueError for fewer than two segments, or
    segments of fewer than two frames.
    """
    segments = _segments(wave, n_segments)  # (B, S, t)
    _, power = power_spectrum(segments, fps, max(n_fft, segments.shape[-1]))  # (B, S, F)
    share = unit_area(power)
    distance = (share[:, 1:] - share[:, :-1]).square().sum(dim=-1)  # (B, S - 1)
    squares = share.square().sum(dim=-1)  # (B, S)
    scale = (squares[:, 1:] + squares[:, :-1]) / 2
    return (distance / scale.clamp_min(torch.finfo(wave.dtype).tiny)).sum(dim=-1).mean()


def printed_periodicity_loss(wave: Tensor, fps: float, n_segments: int = N_SEGMENTS) -> Tensor:
    """Eq. 5 as printed: the squared difference of neighbouring segments' powers |FFT|^2, summed
    over all frequencies, both signs, mean over the batch: 0 to infinity.

    It grows with the fourth power of the wave's gain, which no heart rate depends on: a net makes
    it as small as it likes by a smaller output.  wave: (B, T).  Raises as `periodicity_loss`.
    """
    segments = _segments(wave, n_segments)  # (B, S, t)
    _, power = power_spectrum(segments, fps)  # (B, S, F)
    squares = (power[:, 1:] - power[:, :-1]).square()  # (B, S - 1, F)
    total = 2 * squares.sum(dim=(-2, -1))  # both signs; power at 0 Hz is 0
    if segments.shape[-1] % 2 == 0:  # the highest frequency is there once
        total = total - squares[..., -1].sum(dim=-1)
    return total.mean()


def _segments(wave: Tensor, n_segments: int) -> Tensor:
    """(B, T) -> (B, S, t): its first t S frames side by side."""
    n_frames = wave.shape[-1] // max(n_segments, 1)
    if n_segments < 2 or n_frames < 2:
        found = f"{n_segments} segments of {n_frames} frames"
        raise ValueError(f"{found}, expected 2 or more segments of 2 or more frames")
    return wave[..., : n_segments * n_frames].unflatten(-1, (n_segments, n_frames))
