"""A small PhysNet and clips for it."""

import torch

from rppg.models.contrast_phys.physnet import PhysNet, PhysNetConfig

SMALL = {"size": 32, "width": 4}


def model(seed=0, **fields):
    torch.manual_seed(seed)
    return PhysNet(PhysNetConfig(**{**SMALL, **fields})).eval()


def clips(batch=2, n_frames=24, size=32, seed=1):
    """As stored: (B, T, H, W, 3) uint8."""
    shape = (batch, n_frames, size, size, 3)
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(60, 200, shape, generator=generator, dtype=torch.uint8)


def channels_first(stored):
    return stored.permute(0, 4, 1, 2, 3).contiguous()
