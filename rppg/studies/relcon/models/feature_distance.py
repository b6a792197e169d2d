"""A distance without training: between hand-crafted features, standardised by training windows.

    >>> windows_g = np.random.default_rng(0).normal(size=(20, 256, 3)).astype("f4")
    >>> distance = FeatureDistance(windows_g)
    >>> anchors = torch.from_numpy(windows_g[:4])
    >>> distance.distances(anchors, distance.keys(anchors)).diagonal().tolist()
    [0.0, 0.0, 0.0, 0.0]

It takes the place of the learned distance in RelCon's loss, to tell what limits an encoder: the
distance that ranks its candidates, or its training.  Not in the paper.
"""

import numpy as np
import torch
from torch import Tensor, nn

from rppg.studies.relcon.models.handcrafted import hand_made


class FeatureDistance(nn.Module):
    """keys, distances and own_distances of models/distance.py, Euclidean in 26 features.

    windows_g: (n, T, 3), whose features' means and deviations standardise.
    """

    def __init__(self, windows_g: np.ndarray):
        super().__init__()
        features = hand_made(windows_g)  # (n, 26)
        self.register_buffer("mean", torch.from_numpy(features.mean(axis=0)))
        self.register_buffer("std", torch.from_numpy(features.std(axis=0) + 1e-6))

    def keys(self, candidates: Tensor) -> Tensor:
        """Standardised features (K, 26) of windows (K, T, 3)."""
        features = torch.from_numpy(hand_made(candidates.cpu().numpy()))
        return (features.to(self.mean) - self.mean) / self.std

    def distances(self, anchors: Tensor, keys: Tensor) -> Tensor:
        """Distances (A, K) of every anchor (A, T, 3) to every candidate."""
        differences = self.keys(anchors)[:, None] - keys[None]  # (A, K, 26)
        return differences.norm(dim=-1)

    def own_distances(self, anchors: Tensor, keys: Tensor, c: int) -> Tensor:
        """Distances (A, c) of each anchor to c candidates of its own, keys (A * c, 26).

        Raises ValueError for another number of keys.
        """
        if len(keys) != c * len(anchors):
            counts = f"keys of {len(keys)} windows for {len(anchors)} anchors"
            raise ValueError(f"{counts}: expected {c} windows per anchor")
        differences = self.keys(anchors)[:, None] - keys.unflatten(0, (len(anchors), c))
        return differences.norm(dim=-1)
