"""Clips made different: another speed, backwards, rows in another order, rows that say nothing.

Functions of one clip (T, ...): a map (T, N, C), face crops (T, H, W, 3), or a wave (T,), which goes
the way of its clip.  They draw nothing; `MapAugmentation` and `FaceAugmentation` do, from the
generator that they are given.

    >>> beat = torch.sin(2 * torch.pi * 1.2 * torch.arange(400) / 30)  # 72 bpm
    >>> fast = change_speed(beat, speed=1.25, n_frames=300)  # 90 bpm, from 375 of the 400 frames
    >>> scaled_band(torch.tensor([1.25]), (0.5, 3.0)).tolist()  # Hz, for the losses
    [[0.625, 3.75]]
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from rppg.signals.spectrum import HEART_BAND_HZ


def source_frames(n_frames: int, speed: float) -> int:
    """How many frames a clip of n_frames at that speed is made from."""
    return math.ceil(round(speed * (n_frames - 1), 6)) + 1


def change_speed(frames: Tensor, speed: float, n_frames: int) -> Tensor:
    """The first n_frames of a clip played at `speed`: frame t shows the moment speed x t.

    frames: (T', ...), T' >= source_frames(n_frames, speed); returns (n_frames, ...) of its dtype.
    Between frames linear, as SiNC does it; integers are rounded.  Heart rates become speed times
    as high.  NaN spreads to the frames made from it.  Raises ValueError for too few frames.
    """
    needed = source_frames(n_frames, speed) if speed > 0 else 0
    if not 0 < needed <= len(frames):
        found = f"speed {speed:g} of {len(frames)} frames"
        advice = "expected a speed > 0 and a source that long"
        raise ValueError(f"{found}, where {n_frames} frames are made from {needed}: {advice}")
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
    """(B, 2) band in Hz of clips whose heart rates were scaled by speed (B,)."""
    return speed[:, None] * torch.tensor(band_hz, dtype=speed.dtype, device=speed.device)


def flip_time(frames: Tensor) -> Tensor:
    """Backwards in time (T, ...).  Rates stay, the pulse's steep side changes place."""
    return frames.flip(0)


def flip_rows(maps: Tensor, order: Sequence[int] | None = None) -> Tensor:
    """Rows of a map (T, N, C) in another order, by default the reverse: the picture of the map
    upside down, as papers flip it.

    No face looks like that: rows count subsets of the regions in binary, so row i (from 1) changes
    place with row 64 - i, the whole face with the forehead alone, any row that holds the forehead
    with that of the forehead and what it lacks.  A face in the mirror is `mirrored_rows`'s order.
    Raises ValueError for an order that does not name every row once.
    """
    if order is None:
        return maps.flip(1)
    if sorted(order) != list(range(maps.shape[1])):
        found = f"{len(order)} indices, {len(set(order))} different"
        raise ValueError(f"expected every row 0 to {maps.shape[1] - 1} once, found {found}")
    return maps[:, list(order)]


def mirrored_rows(combinations: np.ndarray, pairs: Sequence[tuple[int, int]]) -> list[int]:
    """The order of rows in which the regions of each pair have changed places.

    combinations: (N, R) bool, which regions a row holds.  pairs: left and right region.
    Raises ValueError where a row's mirror image is not among the rows.
    """
    regions = np.arange(combinations.shape[1])
    for left, right in pairs:
        regions[[left, right]] = regions[[right, left]]
    row_of = {tuple(row): index for index, row in enumerate(combinations.tolist())}
    images = [tuple(row) for row in combinations[:, regions].tolist()]
    if lacking := [index for index, image in enumerate(images) if image not in row_of]:
        raise ValueError(f"rows {lacking} have no mirror image by the pairs {list(pairs)}")
    return [row_of[image] for image in images]


def drop_rows(maps: Tensor, dropped: Tensor) -> Tensor:
    """A map (T, N, C) whose rows in dropped (N,) bool say nothing: each channel's mean over time
    and the rows that are kept.  To drop a region: the rows of all combinations that hold it.

    The map is a normalised one: NaN in a row that is kept would be in that mean.  Raises ValueError
    where no row is kept.
    """
    if dropped.shape != maps.shape[1:2] or dropped.all():
        found = f"{int(dropped.sum())} of {tuple(dropped.shape)} for a map {tuple(maps.shape)}"
        raise ValueError(f"expected one bool a row, some of them False, found {found} dropped")
    return torch.where(dropped[:, None], maps[:, ~dropped].mean(dim=(0, 1)), maps)


def draw_rows(n_rows: int, n_kept: int, generator: torch.Generator) -> Tensor:
    """Which n_kept of n_rows rows a batch holds, sorted (n_kept,): maps[..., rows, :] goes into a
    model that is told them, as `STTransformer(clips, rows)`."""
    if not 0 < n_kept <= n_rows:
        raise ValueError(f"{n_kept} rows of {n_rows} asked for, expected 1 to {n_rows}")
    order = torch.randperm(n_rows, generator=generator, device=generator.device)
    return order[:n_kept].sort().values


@dataclass(frozen=True)
class MapAugmentation:
    """Changes an item of `clips`, its map normalised, by chance; a wave in it goes along.

    Every call takes the same number of random values, so one chance does not change what the others
    draw.  ValueError for a chance that is none.
    """

    flip_time: float = 0.5  # chance, a clip
    flip_rows: float = 0.5  # chance, a clip
    drop_rows: float = 0.0  # chance, a row; the last one is never dropped
    row_order: Sequence[int] | None = None  # of flip_rows; None: reversed

    def __post_init__(self):
        _check_chances(self, {"flip_time": 1.0, "flip_rows": 1.0, "drop_rows": 0.99})

    def __call__(self, item: dict, generator: torch.Generator) -> dict:
        maps = item["clip"]
        if maps.ndim != 3:
            raise ValueError(f"expected a map (T, N, C), found a clip {tuple(maps.shape)}")
        chances = torch.rand(2 + maps.shape[1], generator=generator)
        if chances[1] < self.flip_rows:
            maps = flip_rows(maps, self.row_order)
        dropped = chances[2:] < self.drop_rows
        dropped[chances[2:].argmax()] = False
        if dropped.any():
            maps = drop_rows(maps, dropped)
        changed = {"clip": maps}
        return item | (_backwards(item | changed) if chances[0] < self.flip_time else changed)


@dataclass(frozen=True)
class FaceAugmentation:
    """Turns an item of `clips` of face crops backwards or mirrors it, by chance; a wave in it goes
    along in time.  Every call takes two random values.  ValueError for a chance that is none."""

    flip_time: float = 0.5  # chance, a clip
    mirror: float = 0.5  # chance, a clip: left and right change places

    def __post_init__(self):
        _check_chances(self, {"flip_time": 1.0, "mirror": 1.0})

    def __call__(self, item: dict, generator: torch.Generator) -> dict:
        faces = item["clip"]
        if faces.ndim != 4:
            raise ValueError(f"expected face crops (T, H, W, 3), found {tuple(faces.shape)}")
        backwards, mirrored = torch.rand(2, generator=generator).tolist()
        changed = {"clip": faces.flip(2) if mirrored < self.mirror else faces}
        return item | (_backwards(item | changed) if backwards < self.flip_time else changed)


def _backwards(item: dict) -> dict:
    """Clip, and wave where there is one, backwards in time."""
    timed = {"clip": item["clip"], "wave": item.get("wave")}
    return {key: flip_time(value) for key, value in timed.items() if value is not None}


def _check_chances(of, limits: dict[str, float]) -> None:
    for name, limit in limits.items():
        if not 0 <= getattr(of, name) <= limit:
            raise ValueError(f"{name} is {getattr(of, name)}, expected 0 to {limit:g}")
