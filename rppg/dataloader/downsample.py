"""Downsampling of face crops by block means: exact, fast, and finer than 8 bits.

    >>> frames = torch.arange(256, dtype=torch.uint8).view(1, 16, 16, 1).expand(1, 16, 16, 3)
    >>> average_down(frames, size=2)[0, 0, 0].tolist()  # mean of 8 x 8 pixels, three channels
    [59.5, 59.5, 59.5]

A pulse changes a pixel by less than one step of 8 bits, but shows in the mean of many pixels; the
means are therefore floats and not rounded.

Training draws from the same recordings again and again: `SmallCrops` keeps what it has averaged.
"""

import torch
from torch import Tensor

from rppg.datasets.prepared import Prepared

KEPT_BYTES = 2**27  # of averaged crops: 40,000 frames of 16 x 16 pixels


def average_down(frames: Tensor, size: int) -> Tensor:
    """Block means (T, size, size, 3) float32, 0-255, of square crops (T, H, H, 3) uint8.

    Raises ValueError unless H is a multiple of size and at most 128, as in the store.
    """
    n, height, width, channels = frames.shape
    if height != width or height > 128 or size < 1 or height % size:
        found = f"crops of {height} x {width} pixels and size {size}"
        expected = "expected square crops of 128 pixels or fewer and a size that divides their side"
        raise ValueError(f"{found}: {expected}")
    block = height // size
    rows = _sum_of(frames.reshape(n * size, block, width * channels), torch.int16)  # to 32640
    sums = _sum_of(rows.view(n * size * size, block, channels), torch.int32)
    return sums.view(n, size, size, channels).float() / block**2  # (T, size, size, 3)


def _sum_of(parts: Tensor, dtype: torch.dtype) -> Tensor:
    """Sum (N, C) over the middle of (N, block, C), slice by slice: 4 times as fast as torch.sum."""
    total = parts[:, 0].to(dtype, copy=True)
    for k in range(1, parts.shape[1]):
        total += parts[:, k]
    return total


class SmallCrops:
    """Windows of crops, averaged down: `SmallCrops("face", size=16).window(prepared, 0, 300)`.

    Whole recordings are averaged once and kept, as long as there is room for them.
    """

    def __init__(self, array: str, size: int):
        self.array, self.size = array, size
        self._kept, self._bytes_left = {}, KEPT_BYTES

    def window(self, prepared: Prepared, start: int, n: int) -> Tensor:
        """Frames start to start + n, (n, size, size, 3) float32, 0-255.  Raises as
        `Prepared.window` and `average_down` do."""
        if prepared.id not in self._kept:
            n_frames = prepared.meta["n_frames"]
            n_bytes = n_frames * self.size**2 * 3 * 4
            if n_bytes > self._bytes_left:
                return self._averaged(prepared, start, n)
            self._kept[prepared.id] = self._averaged(prepared, 0, n_frames)
            self._bytes_left -= n_bytes
        found = self._kept[prepared.id][start : start + n].clone() if start >= 0 else ()
        return found if len(found) == n > 0 else self._averaged(prepared, start, n)

    def _averaged(self, prepared: Prepared, start: int, n: int) -> Tensor:
        frames = prepared.window(start, n, names=(self.array,))[self.array]
        return average_down(torch.from_numpy(frames), self.size)
