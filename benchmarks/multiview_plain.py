"""Gideon2021 and its loss in plain modules and loops: layer by layer, view by view.

Slow and easy to read: the reference of `benchmarks/multiview.py`.

    net = PlainGideon2021(size=64, width=32, saliency_width=64)
    waves, saliency = net(clips, n_negative=219)  # (B, 3, T, 64, 64) float32 -> 3 waves, maps
    loss = triplet_loops(*waves, fps=30, generator=torch.Generator().manual_seed(0))

Source: https://github.com/ToyotaResearchInstitute/RemotePPG/blob/38cfde2/iccv/src (archs, losses)
and the paper (ICCV 2021), with the deviations of `rppg.models.gideon2021`, so that both are equal:
the negative is not padded with black frames, the loss is the mean over the pairs of views, each
clip has its own starts, the frequency axis is correct at odd lengths, the Gaussian is not trained,
frames are normalised as for ImageNet.
"""

import torch
from contrast_phys_plain import PlainPhysNet
from torch import Tensor, nn
from torch.nn.functional import conv2d, grid_sample, interpolate
from torchvision.models.resnet import BasicBlock

LOW_HZ, HIGH_HZ = 40 / 60, 250 / 60
N_VIEWS, VIEW_S = 4, 5.0


class PlainGideon2021(nn.Module):
    """Clips (B, 3, T, H, W) float32 -> BVP of anchor, positive, negative; saliency or None.  The
    order of weights is that of Gideon2021.  saliency_width: None for no sampler."""

    def __init__(self, size: int, width: int, saliency_width: int | None):
        super().__init__()
        self.sampler = None if saliency_width is None else PlainSampler(size, saliency_width)
        self.physnet = PlainPhysNet(block=1, width=width)

    def forward(self, clips: Tensor, n_negative: int) -> tuple[list[Tensor], Tensor | None]:
        saliency = None
        if self.sampler is not None:
            clips, saliency = self.sampler(clips)
        size = (n_negative, *clips.shape[3:])
        faster = interpolate(clips, size, mode="trilinear", align_corners=False)
        anchor, negative = (self.physnet(some)[..., 0, 0] for some in (clips, faster))  # (B, T)
        positive = interpolate(negative[:, None], clips.shape[2], mode="linear")[:, 0]
        return [anchor, positive, negative], saliency


class PlainSampler(nn.Module):
    """Clips (B, 3, T, H, W) float32, 0-255 -> warped clips, saliency (B, T, G, G)."""

    def __init__(self, size: int, width: int):
        super().__init__()
        self.size, self.side = size, size // 4
        self.net = nn.Sequential(
            nn.Conv2d(3, width, 7, stride=2, padding=3, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2, padding=1),
            BasicBlock(width, width),
            BasicBlock(width, width),
            nn.ReLU(),
        )
        self.last = nn.Conv2d(width, 1, 1, bias=False)
        self.around = nn.ReplicationPad2d(self.side)
        distance = torch.arange(2 * self.side + 1.0) - self.side
        squares = distance[:, None] ** 2 + distance**2
        fwhm = 13 * size / 128
        self.register_buffer(
            "gaussian", torch.exp(-4 * torch.tensor(2.0).log() * squares / fwhm**2)
        )
        self.register_buffer("mean", 255 * torch.tensor([0.485, 0.456, 0.406])[:, None, None])
        self.register_buffer("std", 255 * torch.tensor([0.229, 0.224, 0.225])[:, None, None])

    def forward(self, clips: Tensor) -> tuple[Tensor, Tensor]:
        frames = clips.transpose(1, 2).flatten(0, 1)  # (B T, 3, H, W)
        found = self.last(self.net((frames - self.mean) / self.std))
        saliency = found.flatten(1).softmax(dim=1).view(found.shape)  # (B T, 1, G, G)
        grid = interpolate(self._grid(saliency), self.size, mode="bilinear", align_corners=True)
        warped = grid_sample(frames, grid.permute(0, 2, 3, 1), align_corners=True)
        warped = warped.unflatten(0, (len(clips), -1)).transpose(1, 2)
        return warped, saliency[:, 0].unflatten(0, (len(clips), -1))

    def _grid(self, saliency: Tensor) -> Tensor:
        padded = self.around(saliency)
        axis = (torch.arange(3 * self.side, device=padded.device) - self.side) / (self.side - 1)
        kernel = self.gaussian[None, None]
        weight = conv2d(padded, kernel)
        x, y = (
            conv2d(padded * axis, kernel) / weight,
            conv2d(padded * axis[:, None], kernel) / weight,
        )
        return (2 * torch.cat([x, y], dim=1) - 1).clamp(-1, 1)


def saliency_terms(saliency: Tensor) -> Tensor:
    """Eq. 1 plus eq. 2 of saliency (B, T, G, G)."""
    sparsity = -torch.mean(saliency * torch.log(saliency))
    return sparsity + torch.mean((saliency[:, 1:] - saliency[:, :-1]) ** 2)


def triplet_loops(
    anchor: Tensor, positive: Tensor, negative: Tensor, fps: float, generator: torch.Generator
) -> Tensor:
    """MVTL of BVPs (B, T), (B, T) and (B, t): a spectrum per view and a distance per pair, of all
    clips at once, as published."""
    branches = [
        _views(waves, round(VIEW_S * fps), generator) for waves in (anchor, positive, negative)
    ]
    anchors, positives, negatives = ([_share(view, fps) for view in views] for views in branches)
    total = 0.0
    for i in range(N_VIEWS):
        for j in range(N_VIEWS):
            total = total + ((anchors[i] - positives[j]) ** 2).mean(dim=-1)  # (B,)
    for i in range(N_VIEWS):
        for j in range(N_VIEWS):
            total = total - ((anchors[i] - negatives[j]) ** 2).mean(dim=-1)
    return total.mean() / N_VIEWS**2


def _views(waves: Tensor, n_frames: int, generator: torch.Generator) -> list[Tensor]:
    """N_VIEWS of (B, n_frames)."""
    of_clips = []
    for wave in waves:
        starts = [
            torch.randint(len(wave) - n_frames + 1, (1,), generator=generator).item()
            for _ in range(N_VIEWS)
        ]
        of_clips.append([wave[start : start + n_frames] for start in starts])
    return [torch.stack(views) for views in zip(*of_clips, strict=True)]


def _share(view: Tensor, fps: float) -> Tensor:
    view = view - view.mean(dim=-1, keepdim=True)
    transform = torch.view_as_real(torch.fft.rfft(view, dim=-1, norm="forward"))
    power = transform[..., 0] ** 2 + transform[..., 1] ** 2
    freq_hz = torch.fft.rfftfreq(view.shape[-1], 1 / fps, device=view.device)
    power = power[:, (freq_hz >= LOW_HZ) & (freq_hz <= HIGH_HZ)]
    return power / power.sum(dim=-1, keepdim=True)
