"""PhysNet and its contrastive loss as published: operation by operation, window by window.

Slow and easy to read: the reference of `benchmarks/contrast_phys.py`.

    block = PlainPhysNet()(clips)  # (2, 3, T, 128, 128) float32 -> (2, T, 2, 2)
    loss = contrast_loops(block, fps=30, generator=torch.Generator().manual_seed(0))

Source: https://github.com/zhaodongsun/contrast-phys/blob/eb33acf (PhysNetModel.py, loss.py), except
that distances are sums over frequencies, as in eq. 8 and 9, not means, and that the frequency axis
is correct at odd lengths.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, pad

LOW_HZ, HIGH_HZ = 40 / 60, 250 / 60
WINDOWS = 4  # of each cell, and of their mean


class PlainPhysNet(nn.Module):
    """Clips (B, 3, T, H, W) float32 -> block (B, T, S, S).  The order of weights is PhysNet's."""

    def __init__(self, block: int = 2, width: int = 32):
        super().__init__()
        wide, cube, in_time = 2 * width, (3, 3, 3), (3, 1, 1)
        self.start = nn.Sequential(*_layer(3, width, (1, 5, 5)))
        stages, half, both = [], (1, 2, 2), (2, 2, 2)
        for n_in, pool in ((width, half), (wide, both), (wide, both), (wide, half)):
            layers = [*_layer(n_in, wide, cube), *_layer(wide, wide, cube)]
            stages.append(nn.Sequential(nn.AvgPool3d(pool), *layers))
        self.loop1, self.enc1, self.enc2, self.loop4 = stages
        self.dec1 = nn.Sequential(*_layer(wide, wide, in_time))
        self.dec2 = nn.Sequential(*_layer(wide, wide, in_time))
        pool = nn.AdaptiveAvgPool3d((None, block, block))
        self.end = nn.Sequential(pool, nn.Conv3d(wide, 1, 1))

    def forward(self, clips: Tensor) -> Tensor:
        mean = torch.mean(clips, dim=(2, 3, 4), keepdim=True)
        x = (clips - mean) / torch.std(clips, dim=(2, 3, 4), keepdim=True)
        x = self.loop1(self.start(x))  # (B, 64, T, H/2, W/2)
        odd_frame = x.shape[2] % 2
        x = self.enc1(x)  # (B, 64, T/2, H/4, W/4)
        odd_half = x.shape[2] % 2
        x = self.loop4(self.enc2(x))  # (B, 64, T/4, H/16, W/16)
        x = self.dec1(interpolate(x, scale_factor=(2, 1, 1)))
        x = pad(x, (0, 0, 0, 0, 0, odd_half), mode="replicate")
        x = self.dec2(interpolate(x, scale_factor=(2, 1, 1)))
        x = pad(x, (0, 0, 0, 0, 0, odd_frame), mode="replicate")
        return self.end(x)[:, 0]


def as_plain(ours: nn.Module, plain: nn.Module, clips: Tensor) -> tuple[nn.Module, Tensor]:
    """The plain network with the weights of ours, and clips (B, T, H, W, 3) in its layout."""
    with torch.no_grad():
        for weights, its in zip(ours.parameters(), plain.parameters(), strict=True):
            its.copy_(weights)
    return plain, clips.permute(0, 4, 1, 2, 3).float().contiguous()


def contrast_loops(block: Tensor, fps: float, generator: torch.Generator) -> Tensor:
    """Eq. 10 of a block (2, T, S, S), with windows of half its length."""
    one, other = (_spectra(cells, fps, generator) for cells in block)
    pull = (_mean_distance(one, one, True) + _mean_distance(other, other, True)) / 2
    return pull - _mean_distance(one, other, False)


def _spectra(cells: Tensor, fps: float, generator: torch.Generator) -> list[Tensor]:
    """Normalised spectra of random windows of cells (T, S, S) and of their mean."""
    rows = [cells[:, i, j] for i in range(cells.shape[1]) for j in range(cells.shape[2])]
    rows.append(sum(rows) / len(rows))
    length = len(cells) // 2
    found = []
    for row in rows:
        for _ in range(WINDOWS):
            start = torch.randint(len(row) - length + 1, (1,), generator=generator).item()
            found.append(_normalised_spectrum(row[start : start + length], fps))
    return found


def _normalised_spectrum(window: Tensor, fps: float) -> Tensor:
    transform = torch.view_as_real(torch.fft.rfft(window - window.mean(), norm="forward"))
    power = transform[:, 0] ** 2 + transform[:, 1] ** 2
    freq_hz = torch.fft.rfftfreq(len(window), 1 / fps, device=window.device)
    power = power[(freq_hz >= LOW_HZ) & (freq_hz <= HIGH_HZ)]
    return power / power.sum()


def _mean_distance(ones: list[Tensor], others: list[Tensor], exclude_same: bool) -> Tensor:
    total, n_pairs = 0.0, 0
    for i in range(len(ones)):
        for j in range(len(others)):
            if i != j or not exclude_same:
                total = total + ((ones[i] - others[j]) ** 2).sum()
                n_pairs += 1
    return total / n_pairs


def _layer(n_in: int, n_out: int, kernel: tuple[int, int, int]) -> list[nn.Module]:
    padding = tuple(side // 2 for side in kernel)
    return [nn.Conv3d(n_in, n_out, kernel, padding=padding), nn.BatchNorm3d(n_out), nn.ELU()]
