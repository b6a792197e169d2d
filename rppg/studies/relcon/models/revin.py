"""RevIN: reversible normalisation of windows with given statistics.

windows (P, C, T), statistics (P, C) each -> (P, C, T).

    >>> revin = RevIN(3)
    >>> anchors, candidates = torch.randn(2, 3, 256), 5 + torch.randn(2, 3, 256)
    >>> mean, std = statistics(candidates)
    >>> normalised = revin(anchors, mean, std)
    >>> torch.allclose(revin.undone(normalised, mean, std), anchors, atol=1e-5)
    True

Source: Kim et al., Reversible Instance Normalization, ICLR 2022, eq. 2 and 3.  RelCon's code
adds 1e-10 to the gain before dividing; we do not.
"""

import torch
from torch import Tensor, nn

EPSILON = 1e-5  # g^2, added to variances: 0.003 g of noise on a still window


def statistics(windows: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation (P, C) over time of windows (P, C, T); no gradient."""
    variance, mean = torch.var_mean(windows.detach(), dim=2, correction=0)
    return mean, (variance + EPSILON).sqrt()


class RevIN(nn.Module):
    """Windows (P, C, T) by mean and std (P, C), then by a gain and an offset per channel."""

    def __init__(self, n_channels: int):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(n_channels))
        self.offset = nn.Parameter(torch.zeros(n_channels))

    def forward(self, windows: Tensor, mean: Tensor, std: Tensor) -> Tensor:
        scale = (self.gain / std)[..., None]  # (P, C, 1)
        return (windows - mean[..., None]) * scale + self.offset[:, None]

    def undone(self, normalised: Tensor, mean: Tensor, std: Tensor) -> Tensor:
        """Inverse of forward: windows (P, C, T)."""
        plain = (normalised - self.offset[:, None]) / self.gain[:, None]
        return plain * std[..., None] + mean[..., None]
