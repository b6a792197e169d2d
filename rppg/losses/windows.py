"""Random windows of waves, and their spectra: what losses that contrast windows look at.

Waves are (V, T), windows (V, N, n_frames), spectra shares of the power in 40-250 bpm (V, N, F).

    >>> import torch
    >>> waves = torch.sin(2 * torch.pi * 1.2 * torch.arange(300) / 30)[None]
    >>> windows = wave_windows(waves, 150, 4, torch.Generator().manual_seed(0))
    >>> freq_hz, share = window_spectra(windows, fps=30)
    >>> windows.shape, share.shape
    (torch.Size([1, 4, 150]), torch.Size([1, 4, 17]))

Source: Sun and Li, Contrast-Phys, ECCV 2022, section 3.4.
"""

import torch
from torch import Tensor

from rppg.losses.sinc import inside_band
from rppg.signals.spectrum import crop_band, power_spectrum, unit_area

BAND_HZ = (40 / 60, 250 / 60)  # of Contrast-Phys; wider than the band of reported heart rates


def wave_windows(
    waves: Tensor, n_frames: int, n_windows: int, generator: torch.Generator
) -> Tensor:
    """Random windows (V, n_windows, n_frames) of waves (V, T), such as ground-truth BVPs.

    Raises ValueError for other shapes or counts.
    """
    if waves.ndim != 2:
        raise ValueError(f"expected waves (V, T), found {tuple(waves.shape)}")
    return random_windows(waves[:, None], n_frames, n_windows, generator)


def random_windows(
    rows: Tensor, n_frames: int, n_windows: int, generator: torch.Generator
) -> Tensor:
    """n_windows random windows of each of the rows (V, R, T): (V, R * n_windows, n_frames).

    Every start is as likely, and drawn for each window alone, on the generator's device (any).
    Raises ValueError for counts that do not fit.
    """
    n_videos, n_rows, length = rows.shape
    if n_windows < 1 or not 1 <= n_frames <= length:
        asked = f"{n_windows} windows of {n_frames} frames"
        raise ValueError(f"asked for {asked}, expected 1 or more of 1 to {length} frames")
    shape = (n_videos, n_rows, n_windows, 1)
    starts = torch.randint(
        length - n_frames + 1, shape, generator=generator, device=generator.device
    )
    inside = torch.arange(n_frames, device=rows.device)
    frames = starts.to(rows.device) + inside  # (V, R, K, n_frames)
    windows = rows.gather(2, frames.flatten(2))  # (V, R, K * n_frames)
    return windows.unflatten(2, (n_windows, n_frames)).flatten(1, 2)  # (V, R * K, n_frames)


def window_spectra(
    windows: Tensor, fps: float, band_hz: Tensor | tuple[float, float] = BAND_HZ
) -> tuple[Tensor, Tensor]:
    """freq_hz (F,) in the band and each window's share of its in-band power (V, N, F).

    windows: (V, N, n_frames).  Own mean removed, no padding, no taper: bins of fps / n_frames Hz.
    band_hz: (low, high) of all videos or, if they are played at speeds of their own, a tensor
    (V, 2): then freq_hz is the whole axis, and shares outside a video's own band are zero.
    A window without any in-band power stays all zeros and gives no gradient.  Raises ValueError
    if a band holds no frequency, or for a tensor of another shape.
    """
    freq_hz, power = power_spectrum(windows, fps)  # (F,), (V, N, F)
    if not isinstance(band_hz, Tensor):
        freq_hz, power = crop_band(freq_hz, power, band_hz)
        return freq_hz, unit_area(power)
    if band_hz.shape != (len(windows), 2):
        found = f"{tuple(band_hz.shape)} for {len(windows)} videos"
        raise ValueError(f"expected bands (V, 2), found {found}")
    inside = inside_band(freq_hz, band_hz)  # (V, F)
    return freq_hz, unit_area(power * inside[:, None])
