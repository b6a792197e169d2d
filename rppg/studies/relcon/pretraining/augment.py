"""Eight augmentations of accelerometer windows (B, T, 3): what hardly changes what is being done.

    >>> windows_g = torch.randn(4, 256, 3)
    >>> generator = torch.Generator().manual_seed(0)
    >>> rotation(windows_g, generator).shape
    torch.Size([4, 256, 3])
    >>> augmented, applied = augment(windows_g, generator)
    >>> augmented.shape, applied.shape, applied.sum(dim=1).tolist()
    (torch.Size([4, 256, 3]), torch.Size([4, 8]), [2, 2, 2, 2])

Each is a function (windows, generator) -> windows of the same shape, dtype and device, drawn for
every window alone; the windows given stay as they are.  The generator's device may be another.

Source: the augmentations and strengths of Xu et al., RelCon, ICLR 2025, most of them after Um et
al., ICMI 2017, written from their definitions.  Rotations differ on purpose: the released code
draws an axis in a cube and a uniform angle, which favours the cube's corners and small rotations;
ours are uniform on SO(3), since a sensor may be worn any way round.  A window's augmentations come
in the order of AUGMENTATIONS; in the released code they come in the order drawn.
"""

from collections.abc import Callable
from functools import lru_cache
from itertools import permutations

import numpy as np
import torch
from scipy.interpolate import CubicSpline
from torch import Tensor

JITTER = 0.1  # g: deviation of the noise
SCALING = 0.25  # deviation of an axis' factor around 1
N_CUTS = 5  # of segment_permutation: up to 6 pieces
N_KNOTS, SPEED = 6, 0.2  # of time_warp: knots, both ends among them; deviation of speeds around 1
LEAST_SPEED = 0.05  # of time_warp: time neither stands still nor runs back
OTHER_ORDERS = tuple(permutations(range(3)))[1:]  # of the axes; the first is the identity

Augmentation = Callable[[Tensor, torch.Generator], Tensor]


def jitter(windows: Tensor, generator: torch.Generator) -> Tensor:
    """White noise of JITTER g is added."""
    return windows + JITTER * _normal(windows.shape, windows, generator)


def scaling(windows: Tensor, generator: torch.Generator) -> Tensor:
    """Each axis times a factor of its own, normal around 1 with a deviation of SCALING."""
    factors = 1 + SCALING * _normal((len(windows), 1, 3), windows, generator)
    return windows * factors


def rotation(windows: Tensor, generator: torch.Generator) -> Tensor:
    """A rotation in space, uniform on SO(3), the same for all samples of a window."""
    return windows @ random_rotations(len(windows), windows, generator).transpose(1, 2)


def negation(windows: Tensor, generator: torch.Generator) -> Tensor:
    """All values with the other sign; nothing is drawn."""
    return -windows


def time_reversal(windows: Tensor, generator: torch.Generator) -> Tensor:
    """The last sample first; nothing is drawn."""
    return windows.flip(1)


def axis_permutation(windows: Tensor, generator: torch.Generator) -> Tensor:
    """The axes in one of their five other orders."""
    orders = torch.tensor(OTHER_ORDERS, device=windows.device)  # (5, 3)
    size = (len(windows),)
    drawn = torch.randint(len(orders), size, generator=generator, device=generator.device)
    order = orders[drawn.to(windows.device)]  # (B, 3)
    return windows.gather(2, order[:, None].expand_as(windows))


def segment_permutation(windows: Tensor, generator: torch.Generator) -> Tensor:
    """Pieces between N_CUTS random cuts in any order.  Cuts that fall on one place are one."""
    n, length = windows.shape[:2]
    place = torch.arange(length, device=windows.device)
    size = (n, N_CUTS, 1)
    cuts = torch.randint(1, length, size, generator=generator, device=generator.device)
    piece = (place >= cuts.to(windows.device)).sum(dim=1)  # (B, N_CUTS, T) -> (B, T)
    rank = _uniform((n, N_CUTS + 1), windows, generator).argsort(dim=1)  # of each piece
    source = (rank.gather(1, piece) * length + place).argsort(dim=1)  # (B, T)
    return windows.gather(1, source[..., None].expand_as(windows))


def time_warp(windows: Tensor, generator: torch.Generator) -> Tensor:
    """Played at a speed that wanders, each axis with its own.

    Speeds are a cubic spline through N_KNOTS even knots, normal around 1 with a deviation of SPEED;
    times are their running sum, stretched so that first and last samples stay; values at these
    times are linear between samples.
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
    """Each window with n of the AUGMENTATIONS, drawn without replacement, in the dict's order.

    windows: (B, T, 3) float, in g -> augmented (B, T, 3) and applied (B, 8) bool, which ones a
    window went through, in the dict's order.  Raises ValueError for another shape or n, TypeError
    for windows that are not float.
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
    """Rotation matrices (n, 3, 3), uniform on SO(3), of `like`'s dtype and device.

    Four normal values are a direction that is uniform on the sphere in four dimensions: a unit
    quaternion.  Source: Shoemake, Graphics Gems III, 1992.
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
    """(length, N_KNOTS): times values at N_KNOTS even places, a cubic spline through them."""
    places = np.linspace(0, length - 1, N_KNOTS)
    return CubicSpline(places, np.eye(N_KNOTS))(np.arange(length))


def _normal(shape, like: Tensor, generator: torch.Generator) -> Tensor:
    drawn = torch.randn(shape, generator=generator, device=generator.device, dtype=like.dtype)
    return drawn.to(like.device)


def _uniform(shape, like: Tensor, generator: torch.Generator) -> Tensor:
    """Float32 whatever `like` is: half precision would draw too many values alike."""
    return torch.rand(shape, generator=generator, device=generator.device).to(like.device)
