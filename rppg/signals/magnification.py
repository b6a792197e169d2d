"""Linear Eulerian motion magnification in the heart band, of clips of video frames.

    >>> times_s = torch.arange(300) / 30
    >>> beat = 0.2 * torch.sin(2 * torch.pi * 1.2 * times_s)  # grey levels at 72 bpm
    >>> frames = (100 + beat)[:, None, None].expand(1, 3, 300, 16, 16)  # (B, C, T, H, W)
    >>> round(float(magnified(frames, fps=30).std() / frames.std()))  # 1 + GAIN: one area
    21

A spatial pyramid of each frame: differences of halved frames, each half as fine as the one before,
and what is left.  The change of each level over time, between 0.66 and 3 Hz, is multiplied and
added.  What moves by a fraction of a pixel then moves further, and a change of colour grows, too.

Source: Wu et al., Eulerian video magnification for revealing subtle changes in the world, SIGGRAPH
2012, with its bound: a level whose waves are shorter than CUT_PX is magnified less, since its
first-order expansion fails there.  Changes from it: the pyramid's lowest level is magnified as
well, since pulse is a change of colour; pyramids are of means of 2 x 2 pixels.
"""

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from rppg.signals.spectrum import HEART_BAND_HZ

GAIN = 20.0  # alpha
CUT_PX = 16.0  # lambda_c: shorter waves have less of it
N_LEVELS = 3  # at most: differences, and what is left


def magnified(clips: Tensor, fps: float, gain: float = GAIN, n_levels: int = N_LEVELS) -> Tensor:
    """Clips (B, C, T, H, W) float of 0-255, with what changes in the heart band magnified; the
    same shape, 0-255.

    Level by level, so that memory is that of a few clips whatever the number of levels.  Sides that
    are odd are not halved any further.  Raises ValueError for another number of axes.
    """
    if clips.ndim != 5:
        raise ValueError(f"expected clips (B, C, T, H, W), found {tuple(clips.shape)}")
    n, channels, n_frames = clips.shape[:3]
    level = clips.transpose(1, 2).flatten(0, 1)  # (B T, C, H, W)
    added = torch.zeros_like(level)
    for k in range(n_levels):
        halved = k + 1 < n_levels and not (level.shape[-1] % 2 or level.shape[-2] % 2)
        lower = avg_pool2d(level, 2) if halved else None
        band = level if lower is None else level - _enlarged(lower, level)
        change = gain_of(k, gain) * heart_band(band.unflatten(0, (n, n_frames)), fps).flatten(0, 1)
        added += change if k == 0 else _enlarged(change, added)
        if lower is None:
            break
        level = lower
    added = added.unflatten(0, (n, n_frames)).transpose(1, 2)  # (B, C, T, H, W)
    return (clips + added).clamp(0, 255)


def heart_band(values: Tensor, fps: float) -> Tensor:
    """Values (B, T, ...) with nothing left outside 0.66-3 Hz along T: an ideal band-pass."""
    spectrum = torch.fft.rfft(values, dim=1)
    freq_hz = torch.fft.rfftfreq(values.shape[1], d=1 / fps, device=values.device)
    inside = (freq_hz >= HEART_BAND_HZ[0]) & (freq_hz <= HEART_BAND_HZ[1])
    shape = (1, -1, *[1] * (values.ndim - 2))
    return torch.fft.irfft(spectrum * inside.view(shape), n=values.shape[1], dim=1)


def gain_of(level: int, gain: float = GAIN) -> float:
    """Gain of a level, 0 the finest: (1 + gain) displacement < wavelength / 8, the displacement
    being the largest that `gain` allows at CUT_PX; at most `gain`."""
    displacement_px = CUT_PX / 8 / (1 + gain)
    wavelength_px = 4.0 * 2**level  # of the finest waves that a level holds
    return min(gain, max(wavelength_px / 8 / displacement_px - 1, 0.0))


def _enlarged(small: Tensor, like: Tensor) -> Tensor:
    return interpolate(small, like.shape[-2:], mode="bilinear", align_corners=False)
