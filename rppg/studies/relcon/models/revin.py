"""RevIN: windows normalised with statistics that may be another's, and the way back.

windows (P, C, T), statistics (P, C) each -> (P, C, T).

    >>> revin = RevIN(3)
    >>> anchors, candidates = torch.randn(2, 3, 256), 5 + torch.randn(2, 3, 256)
    >>> found = statistics(candidates)
    >>> normalised = revin(anchors, *found)
    >>> torch.allclose(revin.undone(normalised, *found), anchors, atol=1e-5)
    True

Source: Kim et al., Reversible Instance Normalization, ICLR 2022, eq. 2 and 3.  The code of RelCon
adds 1e-10 to the gain that is divided by; we do not.
"""

import torch
from torch import Tensor, nn

EPSILON = 1e-5  # g^2 for windows in g, added to variances: 0.003 g of noise on a still window


def statistics(windows: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation (P, C) over time of windows (P, C, T); no gradient."""
    variance, mean = torch.var_mean(windows.detach(), dim=2, correction=0)
    return mean, (variance + EPSILON).sqrt()


class RevIN(nn.Module):
    """Windows (P, C, T) by mean and std (P, C), then by a gain and an offset a channel."""

    def __init__(self, n_channels: int):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(n_channels))
        self.offset = nn.Parameter(torch.zeros(n_channels))

    def forward(self, windows: Tensor, mean: Tensor, std: Tensor) -> Tensor:
        scale = (self.gain / std)[..., None]  # (P, C, 1)
        return (windows - mean[..., None]) * scale + self.offset[:, None]

    def undone(self, normalised: Tensor, mean: Tensor, std: Tensor) -> Tensor:
        """The windows (P, C, T) that forward made this of."""
        plain = (normalised - self.offset[:, None]) / self.gain[:, None]
        return plain * std[..., None] + mean[..., None]
