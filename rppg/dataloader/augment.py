"""Augmentation of clips: speed, time reversal, flipped and dropped rows, mirrored and turned faces.

Functions of one clip (T, ...): a map (T, N, C), face crops (T, H, W, 3), or a BVP (T,), which is
augmented like its clip.  They are deterministic; `MapAugmentation` and `FaceAugmentation` draw from
the generator that they get.

    >>> beat = torch.sin(2 * torch.pi * 1.2 * torch.arange(400) / 30)  # 72 bpm
    >>> fast = change_speed(beat, speed=1.25, n_frames=300)  # 90 bpm, from 375 of the 400 frames
    >>> scaled_band(torch.tensor([1.25]), (0.5, 3.0)).tolist()  # in Hz, for the losses
    [[0.625, 3.75]]
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from rppg.signals.spectrum import HEART_BAND_HZ


def source_frames(n_frames: int, speed: float) -> int:
    """Number of frames from which a clip of n_frames at this speed is made."""
    return math.ceil(round(speed * (n_frames - 1), 6)) + 1


def change_speed(frames: Tensor, speed: float, n_frames: int) -> Tensor:
    """The first n_frames of a clip played at `speed`: frame t shows the moment speed x t.

    frames: (T', ...), T' >= source_frames(n_frames, speed); returns (n_frames, ...) of its dtype.
    Interpolates linearly, as SiNC does; integers are rounded.  The heart rate is multiplied by
    `speed`.  NaN spreads to the frames made from it.  Raises ValueError for too few frames.
    """
    needed = source_frames(n_frames, speed) if speed > 0 else 0
    if not 0 < needed <= len(frames):
        found = f"speed {speed:g} of {len(frames)} frames"
        expected = f"expected a speed > 0 and {needed} frames to make {n_frames}"
        raise ValueError(f"{found}: {expected}")
    if speed == 1:
        return frames[:n_frames]
    at = torch.arange(n_frames, dtype=torch.float64) * speed  # float32 would jitter in time
    before = at.floor().long().clamp(max=needed - 1)
    part = (at - before).float().to(frames.device).view(-1, *[1] * (frames.ndim - 1))
    after = (before + 1).clamp(max=needed - 1)
    ends = (frames.index_select(0, index.to(frames.device)) for index in (before, after))
    blend = torch.lerp(*(end.to(part.dtype) for end in ends), part)
    return (blend if frames.is_floating_point() else blend.round()).to(frames.dtype)


def scaled_band(speed: Tensor, band_hz: tuple[float, float] = HEART_BAND_HZ) -> Tensor:
    """(B, 2) heart rate bands in Hz of clips that are played at speed (B,)."""
    return speed[:, None] * torch.tensor(band_hz, dtype=speed.dtype, device=speed.device)


def flip_time(frames: Tensor) -> Tensor:
    """Reverse a clip (T, ...) in time.  The HR stays, the steep side of the pulse changes."""
    return frames.flip(0)


def flip_rows(maps: Tensor) -> Tensor:
    """Reverse the rows of a map (T, N, C): the picture of the map upside down, as in the papers.

    The result is the map of no face: rows are combinations of the regions, numbered in binary, so
    row i (from 1) is exchanged with row 64 - i, for example the whole face with the forehead alone.
    """
    return maps.flip(1)


def drop_rows(maps: Tensor, dropped: Tensor) -> Tensor:
    """Replace the rows of a map (T, N, C) that are True in dropped (N,) by an uninformative value:
    the mean of each channel over time and the other rows.  To drop a region, drop the rows of all
    combinations that contain it.

    The map must be normalised: a NaN in a row that is kept would spread to that mean.  Raises
    ValueError if no row is kept.
    """
    if dropped.shape != maps.shape[1:2] or dropped.all():
        found = f"{int(dropped.sum())} of {tuple(dropped.shape)} for a map {tuple(maps.shape)}"
        raise ValueError(f"expected one bool per row, some of them False, found {found} dropped")
    return torch.where(dropped[:, None], maps[:, ~dropped].mean(dim=(0, 1)), maps)


def draw_rows(n_rows: int, n_kept: int, generator: torch.Generator) -> Tensor:
    """Draw n_kept of n_rows rows for a batch, (n_kept,), sorted, for STTransformer(clips, rows):
    clips is maps[..., rows, :].  Raises ValueError unless 1 <= n_kept <= n_rows."""
    if not 0 < n_kept <= n_rows:
        raise ValueError(f"n_kept is {n_kept} of {n_rows} rows, expected 1 to {n_rows}")
    order = torch.randperm(n_rows, generator=generator, device=generator.device)
    return order[:n_kept].sort().values


@dataclass(frozen=True)
class MapAugmentation:
    """Random augmentation of an item of `Clips` with a normalised map, and of its BVP.

    Every call draws the same number of random values, so that one probability does not change the
    effect of another.  Raises ValueError for an invalid probability.
    """

    flip_time: float = 0.5  # probability per clip
    flip_rows: float = 0.5  # probability per clip
    drop_rows: float = 0.0  # probability per row; one row is always kept

    def __post_init__(self):
        _check_probabilities(self, {"flip_time": 1.0, "flip_rows": 1.0, "drop_rows": 0.99})

    def __call__(self, item: dict, generator: torch.Generator) -> dict:
        maps = item["clip"]
        if maps.ndim != 3:
            raise ValueError(f"expected a map (T, N, C), found a clip {tuple(maps.shape)}")
        chances = torch.rand(2 + maps.shape[1], generator=generator)
        if chances[1] < self.flip_rows:
            maps = flip_rows(maps)
        dropped = chances[2:] < self.drop_rows
        dropped[chances[2:].argmax()] = False
        if dropped.any():
            maps = drop_rows(maps, dropped)
        changed = {"clip": maps}
        return item | (_backwards(item | changed) if chances[0] < self.flip_time else changed)


@dataclass(frozen=True)
class FaceAugmentation:
    """Random augmentation of an item of `Clips` with face crops: reversed in time, with its BVP,
    mirrored, or turned upside down.  Every call draws three random values.  Raises ValueError for
    an invalid probability."""

    flip_time: float = 0.5  # probability per clip
    mirror: float = 0.5  # probability per clip that left and right are exchanged
    upside_down: float = 0.0  # probability per clip that top and bottom are exchanged

    def __post_init__(self):
        _check_probabilities(self, {"flip_time": 1.0, "mirror": 1.0, "upside_down": 1.0})

    def __call__(self, item: dict, generator: torch.Generator) -> dict:
        faces = item["clip"]
        if faces.ndim != 4:
            raise ValueError(f"expected face crops (T, H, W, 3), found {tuple(faces.shape)}")
        backwards, mirrored, turned = torch.rand(3, generator=generator).tolist()
        axes = [2] * (mirrored < self.mirror) + [1] * (turned < self.upside_down)
        changed = {"clip": faces.flip(axes) if axes else faces}
        return item | (_backwards(item | changed) if backwards < self.flip_time else changed)


def _backwards(item: dict) -> dict:
    """The clip, and the BVP if there is one, reversed in time."""
    timed = {"clip": item["clip"], "wave": item.get("wave")}
    return {key: flip_time(value) for key, value in timed.items() if value is not None}


def _check_probabilities(augmentation, limits: dict[str, float]) -> None:
    for name, limit in limits.items():
        value = getattr(augmentation, name)
        if not 0 <= value <= limit:
            raise ValueError(f"{name} is {value}, expected 0 to {limit:g}")
