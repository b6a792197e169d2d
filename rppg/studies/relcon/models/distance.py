"""A learned distance between windows: the error of reconstructing an anchor from a candidate.

anchors and candidates (.., T, 3) in g; distance = squared error of the rebuilt anchor, summed over
time and axes, hence not symmetric; windows of one batch have one length T.

    >>> model = MotionDistance(DistanceConfig()).eval()
    >>> anchors, candidates = torch.randn(4, 256, 3), torch.randn(10, 256, 3)
    >>> rebuilt = model(anchors, candidates[:4])  # pair by pair, as in training
    >>> rebuilt.shape, reconstruction_error(rebuilt, anchors).shape
    (torch.Size([4, 256, 3]), torch.Size([4]))
    >>> model.distances(anchors, model.keys(candidates)).shape  # every pair, shared work once
    torch.Size([4, 10])

Both windows are normalised with the candidate's mean and standard deviation (RevIN).  Three
convolutional networks compute queries from the anchor, keys and values from the candidate.  Each
sample of the anchor is a weighted mean of the candidate's values, with sparsemax weights in
training and in evaluation; then the normalisation is inverted.

The direction of gravity in a window depends on the sensor placement and dominates the error of raw
windows; with centred=True, which is not in the paper, each window's own mean is subtracted first.

Source: Xu et al., RelCon, ICLR 2025, section 3.1; code
https://github.com/maxxu05/relcon/tree/aed836f, except for its evaluation, which uses softmax
weights with networks trained by sparsemax.  statistics="anchor", attention="softmax" and masked
samples belong to its predecessor: Xu et al., REBAR, ICLR 2024.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout

from rppg.studies.relcon.models.dilated_conv import DilatedNet
from rppg.studies.relcon.models.revin import RevIN, statistics
from rppg.studies.relcon.models.sparsemax import sparsemax

AXES = 3
PAIRS_ON_CPU = 4  # per chunk, so that their attention (T, T) stays in a core's cache
PAIRS_ELSEWHERE = 256  # large chunks for a GPU: 67 MB of attention at T of 256
ATTENTIONS = {"sparsemax": sparsemax, "softmax": lambda logits: logits.softmax(dim=-1)}
STATISTICS = ("candidate", "anchor")


@dataclass(frozen=True)
class DistanceConfig:
    """The defaults are the paper's: 58,617 parameters.  Raises ValueError for invalid values."""

    width: int = 64  # E, of queries, keys and values
    bottleneck: int = 8
    kernel: int = 15  # samples
    layers: int = 2  # dilated blocks after the first; dilations 1, 2, 4, ...
    dropout: float = 0.1  # of attention weights, in training only
    attention: str = "sparsemax"  # or "softmax"
    statistics: str = "candidate"  # source of mean and std for both; or "anchor"
    centred: bool = False  # subtract each window's mean, and thus gravity
    revin: bool = True  # False, an ablation: windows in g, not scaled, shifted only by `centred`

    def __post_init__(self):
        if self.attention not in ATTENTIONS:
            raise ValueError(f"attention is {self.attention!r}, expected one of {[*ATTENTIONS]}")
        if self.statistics not in STATISTICS:
            raise ValueError(f"statistics is {self.statistics!r}, expected one of {STATISTICS}")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout is {self.dropout}, expected 0 to below 1")


class Keys(NamedTuple):
    """Everything that distances need of K candidates, independent of anchors."""

    keys: Tensor  # (K, T, E), divided by the root of E
    values: Tensor  # (K, 3, T) in g: reconstruction by full attention to this sample
    mean: Tensor  # (K, 3) in g
    std: Tensor  # (K, 3) in g


class MotionDistance(nn.Module):
    """Anchors (P, T, 3) and candidates (P, T, 3) -> rebuilt anchors (P, T, 3), all in g.

    masked: (P, T) bool, samples of the anchor hidden from its query.  Raises ValueError for shapes
    that do not match.
    """

    def __init__(self, config: DistanceConfig):
        super().__init__()
        self.config = config
        self.revin = RevIN(AXES).requires_grad_(config.revin)  # the identity without RevIN
        sizes = (AXES, config.width, config.bottleneck, config.kernel, config.layers)
        self.query, self.key, self.value = (DilatedNet(*sizes) for _ in range(3))
        self.out = nn.Linear(config.width, AXES)

    def forward(self, anchors: Tensor, candidates: Tensor, masked: Tensor | None = None) -> Tensor:
        _check(anchors, candidates)
        if len(anchors) != len(candidates):
            raise ValueError(f"expected as many candidates as anchors, {len(anchors)}")
        if masked is not None and masked.shape != anchors.shape[:2]:
            shapes = f"{tuple(masked.shape)} for anchors {tuple(anchors.shape)}"
            raise ValueError(f"expected masked (P, T), found {shapes}")
        level = anchors.mean(dim=1, keepdim=True) if self.config.centred else 0.0  # (P, 1, 3)
        anchors = self._centred(anchors).transpose(1, 2)  # (P, 3, T)
        candidates = self._centred(candidates).transpose(1, 2)  # (P, 3, T)
        by_candidate = self.config.statistics == "candidate"
        mean, std = self._statistics(candidates if by_candidate else anchors)  # (P, 3) each
        seen = None if masked is None else ~masked[:, None]  # (P, 1, T)
        queries = self.query(self.revin(anchors, mean, std), seen)  # (P, E, T)
        keys, values = self._keys_and_values(self.revin(candidates, mean, std))
        weights = self._weights(queries, keys)  # (P, T, T): samples of the anchor, the candidate
        weights = dropout(weights, self.config.dropout, self.training)
        rebuilt = values @ weights.transpose(1, 2) + self.out.bias[:, None]  # (P, 3, T)
        return self.revin.undone(rebuilt, mean, std).transpose(1, 2) + level

    @torch.no_grad()
    def keys(self, candidates: Tensor) -> Keys:
        """Keys of candidates (K, T, 3) for `distances`, computed once for all anchors.

        Raises ValueError with statistics "anchor", since keys then depend on the anchor: use
        forward.
        """
        _check(candidates, candidates)
        if self.config.statistics == "anchor":
            raise ValueError("keys need statistics 'candidate', found 'anchor': call forward")
        candidates = self._centred(candidates).transpose(1, 2)  # (K, 3, T)
        mean, std = self._statistics(candidates)
        n_pairs = pairs_at_once(candidates.device)
        parts = zip(*(x.split(n_pairs) for x in (candidates, mean, std)), strict=True)
        pairs = [self._keys_and_values(self.revin(*part)) for part in parts]
        keys, values = (torch.cat(tensors) for tensors in zip(*pairs, strict=True))
        values = values + self.out.bias[:, None]  # weights sum to 1, so the bias can come first
        return Keys(keys, self.revin.undone(values, mean, std), mean, std)

    @torch.no_grad()
    def distances(self, anchors: Tensor, keys: Keys) -> Tensor:
        """Distances (A, K) of every anchor (A, T, 3) to every candidate; as in eval mode."""
        constant = self._constant_sums(anchors, keys)
        anchors = self._centred(anchors)
        return torch.stack([self._to_all(anchor, keys, constant) for anchor in anchors])

    @torch.no_grad()
    def own_distances(self, anchors: Tensor, keys: Keys, c: int) -> Tensor:
        """Distances (A, c) of each anchor (A, T, 3) to c candidates of its own; as in eval mode.

        keys: of A * c windows, those of the first anchor first.
        """
        if len(keys.mean) != c * len(anchors):
            counts = f"keys of {len(keys.mean)} windows for {len(anchors)} anchors"
            raise ValueError(f"{counts}: expected {c} windows per anchor")
        constant = self._constant_sums(anchors, keys)
        anchors = self._centred(anchors)
        own = (Keys(*parts) for parts in zip(*(x.split(c) for x in keys), strict=True))
        rows = [self._to_all(a, k, constant) for a, k in zip(anchors, own, strict=True)]
        return torch.stack(rows)

    def _centred(self, windows: Tensor) -> Tensor:
        """Windows (n, T, 3), without their mean if the config says so."""
        return windows - windows.mean(dim=1, keepdim=True) if self.config.centred else windows

    def _statistics(self, windows: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and std (P, 3) by which RevIN normalises windows (P, 3, T)."""
        mean, std = statistics(windows)
        return (mean, std) if self.config.revin else (torch.zeros_like(mean), torch.ones_like(std))

    def _constant_sums(self, anchors: Tensor, keys: Keys) -> Tensor:
        """First convolution of the query network for a constant 1 on each axis, and its bias:
        (4, E * T)."""
        _check(anchors, keys.values.transpose(1, 2))
        ones = torch.ones_like(anchors[0].T)  # (3, T)
        bias = self.query.first.bias[:, None].expand(-1, len(anchors[0]))  # (E, T)
        return torch.cat([self.query.first_sums(ones), bias[None]]).flatten(1)

    def _to_all(self, anchor: Tensor, keys: Keys, constant: Tensor) -> Tensor:
        """Distances (K,) of one anchor (T, 3).

        Its query depends on the candidate only by RevIN, that is by a scale and a shift per axis:
        of the first convolution, only the sum over axes is computed per pair.
        """
        anchor = anchor.T  # (3, T)
        own_mean = anchor.mean(dim=1)  # (3,): subtracted against cancellation
        sums = self.query.first_sums(anchor - own_mean[:, None]).flatten(1)  # (3, E * T)
        sums = torch.cat([sums, constant])  # (7, E * T)
        scale = self.revin.gain / keys.std  # (K, 3)
        shift = self.revin.offset + scale * (own_mean - keys.mean)
        factors = torch.cat([scale, shift, torch.ones_like(scale[:, :1])], dim=1)  # (K, 7)
        distances, n_pairs = [], pairs_at_once(anchor.device)
        parts = (x.split(n_pairs) for x in (factors, keys.keys, keys.values))
        for factor, key, value in zip(*parts, strict=True):
            first = (factor @ sums).unflatten(1, (self.config.width, -1))  # (k, E, T)
            weights = self._weights(self.query.after_first(first), key)  # (k, T, T)
            rebuilt = value @ weights.transpose(1, 2)  # (k, 3, T)
            distances.append(reconstruction_error(rebuilt, anchor))
        return torch.cat(distances)

    def _keys_and_values(self, normalised: Tensor) -> tuple[Tensor, Tensor]:
        """Of candidates (P, 3, T): keys (P, T, E), and values (P, 3, T) without the output bias."""
        keys = self.key(normalised).transpose(1, 2) / self.config.width**0.5
        return keys, self.out.weight @ self.value(normalised)

    def _weights(self, queries: Tensor, keys: Tensor) -> Tensor:
        """Attention (P, T, T) of queries (P, E, T) to keys (P, T, E)."""
        logits = queries.transpose(1, 2) @ keys.transpose(1, 2)  # (P, T, T)
        return ATTENTIONS[self.config.attention](logits)


def pairs_at_once(device: torch.device) -> int:
    """Number of pairs per chunk on a device; it does not change any distance."""
    return PAIRS_ON_CPU if device.type == "cpu" else PAIRS_ELSEWHERE


def reconstruction_error(rebuilt: Tensor, anchors: Tensor) -> Tensor:
    """Squared error of rebuilt (P, T, 3), summed over time and axes: (P,)."""
    return (rebuilt - anchors).square().sum(dim=(1, 2))


def _check(anchors: Tensor, candidates: Tensor) -> None:
    for windows in (anchors, candidates):
        if windows.ndim != 3 or windows.shape[2] != AXES or not windows.numel():
            raise ValueError(f"expected windows (n, T, 3), found {tuple(windows.shape)}")
    if anchors.shape[1] != candidates.shape[1]:
        lengths = f"{anchors.shape[1]} and {candidates.shape[1]} samples"
        raise ValueError(f"anchors and candidates have {lengths}, expected one length")
