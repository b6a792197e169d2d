"""Eight augmentations of accelerometer windows (B, T, 3).

    >>> windows_g = torch.randn(4, 256, 3)
    >>> generator = torch.Generator().manual_seed(0)
    >>> rotation(windows_g, generator).shape
    torch.Size([4, 256, 3])
    >>> augmented, applied = augment(windows_g, generator)
    >>> augmented.shape, applied.shape, applied.sum(dim=1).tolist()
    (torch.Size([4, 256, 3]), torch.Size([4, 8]), [2, 2, 2, 2])

Each is a function (windows, generator) -> windows of the same shape, dtype and device, drawn
independently per window; the input is not modified.  The generator may be on another device.

Source: the augmentations and strengths of Xu et al., RelCon, ICLR 2025, most of them after Um et
al., ICMI 2017, written from their definitions.  Rotations differ on purpose: the released code
draws an axis in a cube and a uniform angle, which favours the cube's corners and small rotations;
ours are uniform on SO(3), since sensor placement is arbitrary.  A window's augmentations are
applied in the order of AUGMENTATIONS; in the released code in the order drawn.
"""

from collections.abc import Callable
from functools import lru_cache
from itertools import permutations

import numpy as np
import torch
from scipy.interpolate import CubicSpline
from torch import Tensor

JITTER = 0.1  # g: standard deviation of the noise
SCALING = 0.25  # standard deviation of an axis' factor around 1
N_CUTS = 5  # of segment_permutation: up to 6 pieces
N_KNOTS, SPEED = 6, 0.2  # of time_warp: knots including both ends; standard deviation of speed
LEAST_SPEED = 0.05  # of time_warp, so that time always increases
OTHER_ORDERS = tuple(permutations(range(3)))[1:]  # of the axes, without the identity

Augmentation = Callable[[Tensor, torch.Generator], Tensor]


def jitter(windows: Tensor, generator: torch.Generator) -> Tensor:
    """Adds white noise of JITTER g."""
    return windows + JITTER * _normal(windows.shape, windows, generator)


def scaling(windows: Tensor, generator: torch.Generator) -> Tensor:
    """Each axis times its own factor, normal around 1 with standard deviation SCALING."""
    factors = 1 + SCALING * _normal((len(windows), 1, 3), windows, generator)
    return windows * factors


def rotation(windows: Tensor, generator: torch.Generator) -> Tensor:
    """A rotation in space, uniform on SO(3), the same for all samples of a window."""
    return windows @ random_rotations(len(windows), windows, generator).transpose(1, 2)


def negation(windows: Tensor, generator: torch.Generator) -> Tensor:
    """Flips all signs; not random."""
    return -windows


def time_reversal(windows: Tensor, generator: torch.Generator) -> Tensor:
    """Reverses time; not random."""
    return windows.flip(1)


def axis_permutation(windows: Tensor, generator: torch.Generator) -> Tensor:
    """Permutes the axes by one of the five non-identity permutations."""
    orders = torch.tensor(OTHER_ORDERS, device=windows.device)  # (5, 3)
    size = (len(windows),)
    drawn = torch.randint(len(orders), size, generator=generator, device=generator.device)
    order = orders[drawn.to(windows.device)]  # (B, 3)
    return windows.gather(2, order[:, None].expand_as(windows))


def segment_permutation(windows: Tensor, generator: torch.Generator) -> Tensor:
    """Permutes the pieces between N_CUTS random cuts.  Coinciding cuts count as one."""
    n, length = windows.shape[:2]
    place = torch.arange(length, device=windows.device)
    size = (n, N_CUTS, 1)
    cuts = torch.randint(1, length, size, generator=generator, device=generator.device)
    piece = (place >= cuts.to(windows.device)).sum(dim=1)  # (B, N_CUTS, T) -> (B, T)
    rank = _uniform((n, N_CUTS + 1), windows, generator).argsort(dim=1)  # of each piece
    source = (rank.gather(1, piece) * length + place).argsort(dim=1)  # (B, T)
    return windows.gather(1, source[..., None].expand_as(windows))


def time_warp(windows: Tensor, generator: torch.Generator) -> Tensor:
    """Plays each axis at its own, smoothly varying speed.

    Speeds are a cubic spline through N_KNOTS even knots, normal around 1 with standard deviation
    SPEED; times are their running sum, scaled so that first and last samples stay; values at these
    times are interpolated linearly.
    """
    n, length, n_axes = windows.shape
    knots = 1 + SPEED * _normal((n, N_KNOTS, n_axes), windows, generator)
    spline = torch.as_tensor(spline_weights(length)).to(knots)  # (T, N_KNOTS)
    speeds = (spline @ knots).clamp_min(LEAST_SPEED)[:, 1:]  # (B, T - 1, 3)
    passed = speeds.cumsum(dim=1)
    times = passed / passed[:, -1:] * (length - 1)  # (B, T - 1, 3), of all samples but the first
    before = times.long().clamp_max(length - 2)
    warped = torch.lerp(windows.gather(1, before), windows.gather(1, before + 1), times - before)
    return torch.cat([windows[:, :1], warped], dim=1)


AUGMENTATIONS: dict[str, Augmentation] = {
    "jitter": jitter,
    "scaling": scaling,
    "rotation": rotation,
    "negation": negation,
    "time_reversal": time_reversal,
    "axis_permutation": axis_permutation,
    "segment_permutation": segment_permutation,
    "time_warp": time_warp,
}


def augment(windows: Tensor, generator: torch.Generator, n: int = 2) -> tuple[Tensor, Tensor]:
    """Applies n of the AUGMENTATIONS to each window, drawn without replacement, in the dict's
    order.

    windows: (B, T, 3) float, in g -> augmented (B, T, 3) and applied (B, 8) bool, which ones were
    applied, in the dict's order.  Raises ValueError for another shape or n, TypeError for windows
    that are not float.
    """
    if windows.ndim != 3 or windows.shape[1] < 2 or windows.shape[2] != 3:
        raise ValueError(f"expected windows (B, T, 3), T 2 or more, found {tuple(windows.shape)}")
    if not windows.is_floating_point():
        raise TypeError(f"expected float windows, found {windows.dtype}")
    if not 1 <= n <= len(AUGMENTATIONS):
        raise ValueError(f"n is {n}, expected 1 to {len(AUGMENTATIONS)}")
    order = _uniform((len(windows), len(AUGMENTATIONS)), windows, generator).argsort(dim=1)
    applied = order < n  # (B, 8)
    augmented = windows.clone()
    for chosen, change in zip(applied.unbind(1), AUGMENTATIONS.values(), strict=True):
        augmented[chosen] = change(augmented[chosen], generator)
    return augmented, applied


def random_rotations(n: int, like: Tensor, generator: torch.Generator) -> Tensor:
    """Rotation matrices (n, 3, 3), uniform on SO(3), with `like`'s dtype and device.

    Four normal values, normalised, are a uniformly distributed unit quaternion.  Source: Shoemake,
    Graphics Gems III, 1992.
    """
    quaternions = torch.nn.functional.normalize(_normal((n, 4), like, generator), dim=1)
    w, x, y, z = quaternions.unbind(1)
    rows = (
        (1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)),
        (2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)),
        (2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)),
    )
    return torch.stack([torch.stack(row, dim=1) for row in rows], dim=1)


@lru_cache
def spline_weights(length: int) -> np.ndarray:
    """(length, N_KNOTS) matrix from values at N_KNOTS even knots to the cubic spline through
    them."""
    places = np.linspace(0, length - 1, N_KNOTS)
    return CubicSpline(places, np.eye(N_KNOTS))(np.arange(length))


def _normal(shape, like: Tensor, generator: torch.Generator) -> Tensor:
    drawn = torch.randn(shape, generator=generator, device=generator.device, dtype=like.dtype)
    return drawn.to(like.device)


def _uniform(shape, like: Tensor, generator: torch.Generator) -> Tensor:
    """Always float32: half precision would draw too many equal values."""
    return torch.rand(shape, generator=generator, device=generator.device).to(like.device)
