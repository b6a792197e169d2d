"""Gideon2021: a saliency sampler before PhysNet with one cell; wide crops in, predicted BVP out.

For training without labels it predicts the BVPs of the clip and of the clip played faster:

    >>> model = Gideon2021(Gideon2021Config(size=32, width=4, saliency_width=8))
    >>> stored = torch.randint(0, 256, (2, 60, 32, 32, 3), dtype=torch.uint8)
    >>> model(stored).shape  # (B, T)
    torch.Size([2, 60])
    >>> anchor, negative, saliency = model(stored, branches=True, ratio=0.75)
    >>> anchor.shape, negative.shape, saliency.shape  # (B, T), (B, ratio T), (B, T, G, G)
    (torch.Size([2, 60]), torch.Size([2, 45]), torch.Size([2, 60, 8, 8]))

Source: Gideon and Stent, ICCV 2021, Fig. 2, section 3.5 and Table 4; code
https://github.com/ToyotaResearchInstitute/RemotePPG/blob/38cfde2/iccv/src/archs/FrequencyContrast.py,
which fills the clip played faster up with black frames; we do not: the net takes any length.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool3d

from rppg.models.contrast_phys.physnet import PhysNet, PhysNetConfig
from rppg.models.gideon2021.saliency_sampler import SaliencySampler, SamplerConfig
from rppg.signals.time_stretch import resample_time


@dataclass(frozen=True)
class Gideon2021Config:
    """The defaults are the paper's.  Raises ValueError for invalid values."""

    size: int = 64  # H = W of the crops
    width: int = 32  # of PhysNet, as the next four: see PhysNetConfig
    form: str = "raw"
    patch: int = 1
    time_pools: int = 2
    decoder: str = "interpolate"
    saliency: bool = True  # whether the sampler is there
    saliency_width: int = 64  # of the sampler, as the next: see SamplerConfig
    saliency_every: int = 1
    pool: int = 1  # pixels a side that are averaged behind the sampler; more are for small machines

    def __post_init__(self):
        self.of_physnet()
        self.of_sampler()

    def of_physnet(self) -> PhysNetConfig:
        """The estimator's config: one cell."""
        if self.pool < 1 or self.size % self.pool:
            raise ValueError(f"pool is {self.pool}, expected a divisor of size {self.size}")
        size = self.size // self.pool
        shared = (self.width, self.form, self.patch, self.time_pools, self.decoder)
        return PhysNetConfig(size, 1, *shared)

    def of_sampler(self) -> SamplerConfig:
        """The sampler's config."""
        return SamplerConfig(self.size, self.saliency_width, self.saliency_every)


class Branches(NamedTuple):
    """What training uses: BVPs of B clips, and the maps that their pixels were moved by."""

    anchor: Tensor  # (B, T): of the clips
    negative: Tensor | None  # (B, round(ratio T)): of the clips played faster; None without a ratio
    saliency: Tensor | None  # (B, T', G, G); None without the sampler


class Gideon2021(nn.Module):
    """(B, 3, T, H, W) or, as stored, (B, T, H, W, 3); uint8 or float, 0-255 -> BVP (B, T).

    whole_block=True: (B, T, 1, 1), as PhysNet gives its cells.  branches=True: Branches, with a
    negative if a ratio is given, the share of frames that is left when a clip is played faster.
    Raises ValueError for a shape that does not fit the config, a ratio outside (0, 1], and options
    that do not go together.
    """

    pads_time = True

    def __init__(self, config: Gideon2021Config):
        super().__init__()
        self.config = config
        self.sampler = SaliencySampler(config.of_sampler()) if config.saliency else None
        self.physnet = PhysNet(config.of_physnet())

    @property
    def head(self) -> nn.Module:
        """The estimator's last layer."""
        return self.physnet.head

    def forward(
        self,
        clips: Tensor,
        whole_block: bool = False,
        branches: bool = False,
        ratio: float | None = None,
    ) -> Tensor | Branches:
        if (whole_block and branches) or (ratio is not None and not branches):
            raise ValueError("whole_block goes without branches, a ratio only with them")
        if ratio is not None and not 0 < ratio <= 1:
            raise ValueError(f"ratio is {ratio}, expected one above 0, at most 1")
        sampled, saliency = self._sampled(clips)
        if not branches:
            return self.physnet(sampled, whole_block)
        anchor, negative = self.physnet(sampled), None
        if ratio is not None:
            n_frames = round(ratio * sampled.shape[2])
            negative = self.physnet(resample_time(sampled, n_frames, dim=2))
        return Branches(anchor, negative, saliency)

    def cells(self, clips: Tensor) -> Tensor:
        """(B, T, 1, 1): the one cell of the estimator."""
        return self(clips, whole_block=True)

    @torch.no_grad()
    def look(self, clip: Tensor) -> tuple[Tensor, Tensor]:
        """Saliency (T', G, G) and the warped clip (T, H, W, 3), 0-255, of one clip (1, T, H, W, 3)
        or (1, 3, T, H, W), on the CPU; the model is left in eval mode.

        Raises ValueError for several clips, or without the sampler.
        """
        if self.sampler is None:
            raise ValueError("this model has no saliency sampler: build it with saliency=True")
        if len(clip) != 1:
            raise ValueError(f"expected one clip (1, T, H, W, 3), found {tuple(clip.shape)}")
        sampled, saliency = self.eval()._sampled(clip.to(self.sampler.pull.device))
        return saliency[0].cpu(), sampled[0].permute(1, 2, 3, 0).cpu()

    def _sampled(self, clips: Tensor) -> tuple[Tensor, Tensor | None]:
        """What the estimator sees (B, 3, T, H / pool, W / pool), and saliency (B, T', G, G)."""
        if clips.ndim == 5 and clips.shape[-1] == 3:
            clips = clips.permute(0, 4, 1, 2, 3)
        clips = clips.to(torch.promote_types(clips.dtype, torch.float32))
        sampled, saliency = (clips, None) if self.sampler is None else self.sampler(clips)
        if self.config.pool > 1:
            sampled = avg_pool3d(sampled, (1, self.config.pool, self.config.pool))
        return sampled, saliency
