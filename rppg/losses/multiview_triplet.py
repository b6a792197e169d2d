"""Many views of three waves of one clip: anchor and positive beat alike, the negative faster.

Waves are (B, T), B clips of T frames; the negative is a clip that was resampled in time to t < T
frames, so its heart beats T / t times as often; the positive is its wave, resampled back to T.

    >>> times_s = torch.arange(300) / 30
    >>> anchor = torch.sin(2 * torch.pi * 1.2 * times_s)[None]  # 72 bpm
    >>> negative = torch.sin(2 * torch.pi * 1.2 * 1.5 * times_s[:200])[None]  # 108 bpm
    >>> generator = torch.Generator().manual_seed(0)
    >>> waves = anchor, 3 * anchor + 1, negative
    >>> round(multi_view_triplet(*waves, fps=30, generator=generator).item(), 3)
    -0.118

Source: section 3.4 of Gideon and Stent, The way to my heart is through contrastive learning, ICCV
2021.  Where the published code does otherwise than the paper or than it means to, it is said at the
place.  Frequencies are those of `rfftfreq`; that code stretches its axis to half the frame rate,
which a transform of odd length does not reach.
"""

import torch
from torch import Tensor

from rppg.losses.windows import BAND_HZ, wave_windows, window_spectra


def sample_views(waves: Tensor, n_frames: int, n_views: int, generator: torch.Generator) -> Tensor:
    """Random views (B, n_views, n_frames) of the waves (B, T): `wave_windows` of T >= n_frames.

    Every clip has its own starts; the published code draws one start for the whole batch, and fills
    a wave that is shorter than a view with zeros.  Raises ValueError for such a wave, and for other
    shapes or counts.
    """
    if waves.ndim == 2 and waves.shape[1] < n_frames:
        found = f"a wave of {waves.shape[1]} frames is shorter than a view of {n_frames}"
        raise ValueError(f"{found}: take longer clips, shorter views or a ratio nearer to 1")
    return wave_windows(waves, n_frames, n_views, generator)


def psd_mse(share_a: Tensor, share_b: Tensor) -> Tensor:
    """Mean over the frequencies of the squared differences of two spectra (..., F) of unit area.

    PSD MSE: over the F frequencies in the band, as in the published code; 0 (alike) to 2 / F.
    """
    return (share_a - share_b).square().mean(dim=-1)


def multi_view_triplet(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    fps: float,
    generator: torch.Generator,
    n_views: int = 4,
    view_s: float = 5.0,
) -> Tensor:
    """MVTL: `psd_mse` of anchor and positive minus that of anchor and negative, mean over all pairs
    of their views, mean over the clips: -2 / F (best) to 2 / F, F = 17 for 5 s of 30 fps.

    anchor, positive: (B, T), negative: (B, t), t from round(view_s * fps) on; the n_views views of
    view_s seconds of each wave are drawn from `generator` (any device), in this order.  The paper
    divides by the n_views^2 pairs; the published code, "/ n * n", keeps their sum: n_views^2 times
    as much.  Each view loses its own mean, there that of the batch: the same in the band.

    A wave without any in-band power has a spectrum of zeros and no gradient.  Raises ValueError
    if shapes do not fit, a wave is shorter than a view, or the band is empty.
    """
    fits = anchor.ndim == 2 and anchor.shape == positive.shape and len(anchor) == len(negative)
    if not fits or not len(anchor):
        found = [tuple(waves.shape) for waves in (anchor, positive, negative)]
        raise ValueError(f"expected waves (B, T), (B, T) and (B, t), found {found}")
    n_frames = round(view_s * fps)
    views = [
        sample_views(waves, n_frames, n_views, generator)
        for waves in (torch.cat([anchor, positive]), negative)
    ]
    _, share = window_spectra(torch.cat(views), fps, BAND_HZ)
    of_anchor, of_positive, of_negative = share.chunk(3)  # (B, V, F) each
    # mean over all pairs = mean from the anchor's mean + the anchor's spread, alike near and far
    mean = of_anchor.mean(dim=1, keepdim=True)  # (B, 1, F)
    return (psd_mse(of_positive, mean) - psd_mse(of_negative, mean)).mean()
