"""A wave against the contact pulse wave of the same clip.

Waves are (B, T).

    >>> bvp = torch.sin(torch.arange(60.0) / 5)[None]
    >>> [round(negative_pearson(wave, bvp).item(), 3) for wave in (3 * bvp - 1, -bvp)]
    [0.0, 2.0]
"""

import torch
from torch import Tensor


def negative_pearson(wave: Tensor, bvp: Tensor) -> Tensor:
    """1 - Pearson's correlation over time, clip by clip, mean over the batch: 0 to 2.

    L_pear of Qian et al., 3rd RePSS, 2024, section 2.2.3, as in Yu et al., Remote
    photoplethysmograph signal measurement from facial videos, BMVC 2019.  It sees the sign: a wave
    upside down is at 2.  A constant wave has no correlation: its clip is at 1, without a gradient.
    Raises ValueError unless both are (B, T) with T of 2 or more.
    """
    if wave.shape != bvp.shape or wave.ndim != 2 or wave.shape[-1] < 2:
        found = f"{tuple(wave.shape)} and {tuple(bvp.shape)}"
        raise ValueError(f"expected two waves (B, T) of 2 or more frames, found {found}")
    x, y = (signal - signal.mean(dim=-1, keepdim=True) for signal in (wave, bvp))
    squares = x.square().sum(dim=-1) * y.square().sum(dim=-1)  # (B,)
    tiny = torch.finfo(squares.dtype).tiny
    # inside the root, where a zero would give an infinite gradient
    scale = torch.where(squares > tiny, squares, torch.ones_like(squares)).sqrt()
    return (1 - (x * y).sum(dim=-1) / scale).mean()
