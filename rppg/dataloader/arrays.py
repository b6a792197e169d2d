"""The arrays of a prepared recording that a net may see, and what differs between them.

Maps (T, 63, 6) are normalised clip by clip, and a net is built for so many frames; crops
(T, side, side, 3) are averaged down to a size, and a net is built for that.

    >>> ARRAYS["face"].inputs(n_frames=240, normalise="zscore", size=32)
    {'array': 'face', 'normalise': None, 'n_frames': 240, 'size': 32}
    >>> ARRAYS["face"].fields(ARRAYS["face"].inputs(n_frames=240))
    {'size': 128}
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class Maps:
    """MSTmaps, of N rows and C channels."""

    name: str
    n_rows: int = 63
    n_channels: int = 6
    field = "n_frames"  # of a net's config, decided by what the net sees
    preview = "face"  # the array that shows what the net sees

    def inputs(self, n_frames: int, normalise: str | None = None, size: int | None = None) -> dict:
        """Parameters of `Clips`; the size of crops is ignored."""
        return {"array": self.name, "normalise": normalise, "n_frames": n_frames, "size": None}

    def fields(self, inputs: dict) -> dict:
        """Fields of a net's config that `inputs` decides."""
        return {self.field: inputs["n_frames"]}

    def example(self, config: Any, n_frames: int) -> Tensor:
        """A clip (1, T, N, C) for a net of that config, of n_frames at most."""
        n_frames = min(n_frames, config.n_frames)
        return torch.randn(1, n_frames, self.n_rows, self.n_channels)


@dataclass(frozen=True)
class Crops:
    """Crops of `side` pixels as prepared."""

    name: str
    side: int
    field = "size"  # of a net's config, decided by what the net sees

    @property
    def preview(self) -> str:
        """The array that shows what the net sees."""
        return self.name

    def inputs(self, n_frames: int, normalise: str | None = None, size: int | None = None) -> dict:
        """Parameters of `Clips`; size: pixels a side, None as prepared.  A normalisation of maps
        is ignored."""
        size = None if size == self.side else size
        return {"array": self.name, "normalise": None, "n_frames": n_frames, "size": size}

    def fields(self, inputs: dict) -> dict:
        """Fields of a net's config that `inputs` decides."""
        return {self.field: inputs["size"] or self.side}

    def example(self, config: Any, n_frames: int) -> Tensor:
        """A clip (1, T, size, size, 3) uint8, as stored, for a net of that config."""
        shape = (1, n_frames, config.size, config.size, 3)
        return torch.randint(0, 256, shape, dtype=torch.uint8)


ARRAYS = {
    "mstmap": Maps("mstmap"),
    "face": Crops("face", side=128),
    "wide": Crops("wide", side=64),
}
