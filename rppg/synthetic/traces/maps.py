"""MSTmaps of many clips from the mean colours of their six regions, as preparation writes them.

    >>> means = np.full((16, 18, 300), 100, np.float32)  # channel by region, at 30 fps
    >>> counts, visible = np.full((16, 6), 500.0), np.ones((16, 6, 300), bool)
    >>> combined(means, counts, visible).shape
    (16, 300, 63, 6)

Preparation combines the regions of each frame (`preprocessing.mstmap.expand`) and resamples the 63
rows; here the six regions are resampled and then combined, by one matrix product per clip, which a
test compares with it.
"""

import numpy as np

from rppg.preprocessing.mstmap import CHANNELS, COMBINATIONS, YUV_FROM_RGB, YUV_OFFSET
from rppg.synthetic.traces.courses import between

N_ROWS, N_REGIONS, N_CHANNELS = len(COMBINATIONS), COMBINATIONS.shape[1], len(CHANNELS)
TO_SIX = np.concatenate([np.eye(3), YUV_FROM_RGB]).astype(np.float32)  # (6, 3)
OFFSETS = np.concatenate([np.zeros(3), YUV_OFFSET]).astype(np.float32)
HIDDEN = 0.06  # share of clips with a region outside the picture, at the height of severity
SHORTEST_S = 0.55  # of that; shorter gaps are filled in preparation


def combined(means: np.ndarray, counts: np.ndarray, visible: np.ndarray) -> np.ndarray:
    """Maps (B, T, 63, 6) float32 of means (B, 3 * 6, T), R of the six regions first, pixel counts
    (B, 6), and when each region is visible (B, 6, T).  Rows without a visible region are NaN."""
    n_clips, _, n = means.shape
    maps = np.empty((n_clips, n, N_ROWS * N_CHANNELS), np.float32)
    ones = np.ones((n, 1), np.float32)
    for clip in range(n_clips):
        rows = np.concatenate([means[clip].T, ones], axis=1)  # (T, 19)
        for start, stop in _stretches(visible[clip]):
            matrix = mixing_matrix(counts[clip] * visible[clip, :, start])
            np.matmul(rows[start:stop], matrix, out=maps[clip, start:stop])
    return maps.reshape(n_clips, n, N_ROWS, N_CHANNELS)


def mixing_matrix(counts: np.ndarray) -> np.ndarray:
    """From R, G, B of six regions and 1 to the values of a map's frame: (19, 63 * 6) float32."""
    weights = COMBINATIONS * counts
    total = weights.sum(axis=1, keepdims=True)
    weights = weights / np.where(total > 0, total, np.nan)  # (63, 6)
    mixing = weights.T[None, :, :, None] * TO_SIX.T[:, None, None, :]  # (3, 6, 63, 6)
    flat = mixing.reshape(3 * N_REGIONS, N_ROWS * N_CHANNELS)
    return np.concatenate([flat, np.tile(OFFSETS, N_ROWS)[None]]).astype(np.float32)


def draw_visible(rng, severity: np.ndarray, n_frames: int, fps: float) -> np.ndarray:
    """When each region is inside the picture (B, 6, T): in a few clips, one or two regions of one
    side are missing for a while or always."""
    n_clips = len(severity)
    visible = np.ones((n_clips, N_REGIONS, n_frames), bool)
    chance = np.where(severity > 0, HIDDEN * (0.3 + severity), 0)
    start = between(rng, -0.5, 1, n_clips) * n_frames
    length = between(rng, SHORTEST_S * fps / n_frames, 1.5, n_clips) * n_frames
    for clip in np.flatnonzero(rng.random(n_clips) < chance):
        side = (slice(0, 2), slice(2, 4), slice(4, 5), slice(5, 6))[rng.integers(4)]
        first = max(0, int(start[clip]))
        last = min(n_frames, int(start[clip] + length[clip]))
        if last - first >= SHORTEST_S * fps:
            visible[clip, side, first:last] = False
    return visible


def _stretches(visible: np.ndarray) -> list[tuple[int, int]]:
    """(start, stop) of the stretches in which the same regions are visible, (6, T) bool."""
    n = visible.shape[1]
    if visible.all():
        return [(0, n)]
    edges = np.flatnonzero((visible[:, 1:] != visible[:, :-1]).any(axis=0)) + 1
    return list(zip([0, *edges.tolist()], [*edges.tolist(), n], strict=True))
