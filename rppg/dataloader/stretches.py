"""Stretches of a recording without a gap, and the clips that fit into them at a speed.

Stretches are (start, stop) frames at 30 fps.  A clip of n frames at speed s is made from about s n
frames of the recording (`rppg.dataloader.augment.source_frames`).

    >>> longest_clip(300, speed=1.4), longest_clip(300, speed=0.6)
    (214, 499)
    >>> starts_of([(0, 340), (360, 500)], n_read=300, step=15)
    [0, 15, 30]
"""

import math
from collections.abc import Sequence

from rppg.dataloader.augment import source_frames
from rppg.datasets.prepared import FPS

NEARLY = 0.9


def stretches_of(meta: dict, n_frames: int) -> list[tuple[int, int]]:
    """(start, stop) of the stretches between gaps in a recording.json, of n_frames or more."""
    gaps = [[round(edge_s * FPS) for edge_s in gap] for gap in meta.get("gaps_s") or []]
    edges = [0, *(edge for gap in gaps for edge in gap), meta["n_frames"]]
    pairs = zip(edges[::2], edges[1::2], strict=True)
    return [(start, stop) for start, stop in pairs if stop - start >= n_frames]


def nearly(n_frames: int) -> int:
    """Frames that stand for n_frames where a few are missing: 90 %; 10 s may be prepared as 299."""
    return math.ceil(NEARLY * n_frames)


def longest(stretches: Sequence[tuple[int, int]]) -> int:
    """Frames of the longest stretch."""
    return max(stop - start for start, stop in stretches)


def longest_clip(n_source: int, speed: float) -> int:
    """Most frames of a clip at that speed that n_source frames give: the inverse of
    `source_frames`."""
    n_frames = math.floor(round((n_source - 1) / speed, 6)) + 1
    return n_frames - (source_frames(n_frames, speed) > n_source)  # rounded up


def starts_of(stretches: Sequence[tuple[int, int]], n_read: int, step: int = 1) -> list[int]:
    """First frames at which n_read frames lie in a stretch, every `step` frames of each."""
    return [first for start, stop in stretches for first in range(start, stop - n_read + 1, step)]
