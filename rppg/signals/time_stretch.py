"""Time stretching: clips and waves resampled to another number of frames.

    >>> wave = torch.sin(2 * torch.pi * 1.2 * torch.arange(300) / 30)[None]  # (1, 300): 1.2 Hz
    >>> faster = resample_time(wave, 225)  # 1.6 Hz when played at 30 fps again
    >>> faster.shape, round((resample_time(faster, 300) - wave).abs()[:, 2:-2].max().item(), 2)
    (torch.Size([1, 225]), 0.02)

Source: the resampler R of Gideon and Stent, ICCV 2021, section 3.5; with height and width as they
are, "trilinear" is linear in time.
"""

import torch
from torch import Tensor


def resample_time(frames: Tensor, n_frames: int, dim: int = 1) -> Tensor:
    """frames (B, T, ...), or with T at `dim`, -> the same with n_frames there, linear in time.

    Equals F.interpolate(align_corners=False), in which a frame covers the time around its centre;
    before the first and after the last centre, values are constant.  Raises ValueError for fewer
    than one frame, TypeError for frames that are not float.
    """
    n_given = frames.shape[dim]
    if n_given < 1 or n_frames < 1:
        raise ValueError(f"cannot make {n_frames} of {n_given} frames, expected 1 or more of each")
    if not frames.is_floating_point():
        raise TypeError(f"expected float frames, found {frames.dtype}")
    middles = torch.arange(n_frames, dtype=torch.float64, device=frames.device) + 0.5
    places = (middles * (n_given / n_frames) - 0.5).clamp(0, n_given - 1)
    before = places.long()
    after = (before + 1).clamp_max(n_given - 1)
    share = (places - before).to(frames.dtype)  # of the later frame
    share = share.view(-1, *[1] * (frames.ndim - 1 - dim % frames.ndim))
    return torch.lerp(frames.index_select(dim, before), frames.index_select(dim, after), share)
