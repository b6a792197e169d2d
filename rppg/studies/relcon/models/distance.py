"""A learned distance of windows: how well the anchor is rebuilt from what is in the candidate.

anchors and candidates (.., T, 3) in g; distance = squared error of the rebuilt anchor, summed over
time and axes, so not symmetric; windows of one batch have one length T.

    >>> model = MotionDistance(DistanceConfig()).eval()
    >>> anchors, candidates = torch.randn(4, 256, 3), torch.randn(10, 256, 3)
    >>> rebuilt = model(anchors, candidates[:4])  # pair by pair: what training needs
    >>> rebuilt.shape, reconstruction_error(rebuilt, anchors).shape
    (torch.Size([4, 256, 3]), torch.Size([4]))
    >>> model.distances(anchors, model.keys(candidates)).shape  # every pair, what is shared once
    torch.Size([4, 10])

Both windows are normalised with the candidate's mean and standard deviation (RevIN); queries from
the anchor, keys and values from the candidate, by three convolutional nets; each sample of the
anchor is a weighted mean of the candidate's values, with sparsemax weights, in training as in
evaluation; then the normalisation is undone.

Where gravity lies in a window is how the sensor is worn, and of raw windows it decides most of the
error; with centred=True, which is not in the paper, each window's own mean is taken out first.

Source: Xu et al., RelCon, ICLR 2025, section 3.1; code
https://github.com/maxxu05/relcon/tree/aed836f, but for its evaluation, which has softmax weights on
nets that sparsemax trained.  statistics="anchor", attention="softmax" and masked samples are those
of its predecessor: Xu et al., REBAR, ICLR 2024.
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
PAIRS_ON_CPU = 4  # done at a time, so that their attention (T, T) stays in a core's cache
PAIRS_ELSEWHERE = 256  # a GPU wants much to do at once: 67 MB of attention at T of 256
ATTENTIONS = {"sparsemax": sparsemax, "softmax": lambda logits: logits.softmax(dim=-1)}
STATISTICS = ("candidate", "anchor")


@dataclass(frozen=True)
class DistanceConfig:
    """The defaults are the paper's: 58,617 parameters.  ValueError for what cannot be."""

    width: int = 64  # E, of queries, keys and values
    bottleneck: int = 8
    kernel: int = 15  # samples
    layers: int = 2  # dilated blocks after the first; dilations 1, 2, 4, ...
    dropout: float = 0.1  # of attention weights, in training only
    attention: str = "sparsemax"  # or "softmax"
    statistics: str = "candidate"  # whose mean and std normalise both; or "anchor"
    centred: bool = False  # each window about its own mean: without gravity, however it is worn

    def __post_init__(self):
        if self.attention not in ATTENTIONS:
            raise ValueError(f"attention is {self.attention!r}, expected one of {[*ATTENTIONS]}")
        if self.statistics not in STATISTICS:
            raise ValueError(f"statistics is {self.statistics!r}, expected one of {STATISTICS}")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout is {self.dropout}, expected 0 to below 1")


class Keys(NamedTuple):
    """All that distances need of K candidates, none of it of an anchor."""

    keys: Tensor  # (K, T, E), over the root of E
    values: Tensor  # (K, 3, T) in g: what a query rebuilds that looks at this sample alone
    mean: Tensor  # (K, 3) in g
    std: Tensor  # (K, 3) in g


class MotionDistance(nn.Module):
    """Anchors (P, T, 3) and candidates (P, T, 3) -> rebuilt anchors (P, T, 3), all in g.

    masked: (P, T) bool, samples of the anchor that its query does not see.  Raises ValueError for
    shapes that do not fit.
    """

    def __init__(self, config: DistanceConfig):
        super().__init__()
        self.config = config
        self.revin = RevIN(AXES)
        sizes = (AXES, config.width, config.bottleneck, config.kernel, config.layers)
        self.query, self.key, self.value = (DilatedNet(*sizes) for _ in range(3))
        self.out = nn.Linear(config.width, AXES)

    def forward(self, anchors: Tensor, candidates: Tensor, masked: Tensor | None = None) -> Tensor:
        _check(anchors, candidates)
        if len(anchors) != len(candidates):
            raise ValueError(f"expected as many candidates as anchors, {len(anchors)}")
        if masked is not None and masked.shape != anchors.shape[:2]:
            found = f"{tuple(masked.shape)} for anchors {tuple(anchors.shape)}"
            raise ValueError(f"expected masked (P, T), found {found}")
        level = anchors.mean(dim=1, keepdim=True) if self.config.centred else 0.0  # (P, 1, 3)
        anchors = self._centred(anchors).transpose(1, 2)  # (P, 3, T)
        candidates = self._centred(candidates).transpose(1, 2)  # (P, 3, T)
        by_candidate = self.config.statistics == "candidate"
        mean, std = statistics(candidates if by_candidate else anchors)  # (P, 3) each
        seen = None if masked is None else ~masked[:, None]  # (P, 1, T)
        queries = self.query(self.revin(anchors, mean, std), seen)  # (P, E, T)
        keys, values = self._keys_and_values(self.revin(candidates, mean, std))
        weights = self._weights(queries, keys)  # (P, T, T): samples of the anchor, the candidate
        weights = dropout(weights, self.config.dropout, self.training)
        rebuilt = values @ weights.transpose(1, 2) + self.out.bias[:, None]  # (P, 3, T)
        return self.revin.undone(rebuilt, mean, std).transpose(1, 2) + level

    @torch.no_grad()
    def keys(self, candidates: Tensor) -> Keys:
        """What `distances` needs of candidates (K, T, 3), once for all anchors.

        Raises ValueError where the anchor's statistics normalise: nothing is the candidate's alone
        then; take forward.
        """
        _check(candidates, candidates)
        if self.config.statistics == "anchor":
            raise ValueError("keys need statistics 'candidate', found 'anchor': call forward")
        candidates = self._centred(candidates).transpose(1, 2)  # (K, 3, T)
        mean, std = statistics(candidates)
        n_pairs = pairs_at_once(candidates.device)
        parts = zip(*(x.split(n_pairs) for x in (candidates, mean, std)), strict=True)
        found = [self._keys_and_values(self.revin(*part)) for part in parts]
        keys, values = (torch.cat(some) for some in zip(*found, strict=True))
        values = values + self.out.bias[:, None]  # weights sum to 1: it may as well come first
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
            found = f"keys are of {len(keys.mean)} windows, anchors are {len(anchors)}"
            raise ValueError(f"{found}: expected {c} windows an anchor")
        constant = self._constant_sums(anchors, keys)
        anchors = self._centred(anchors)
        own = (Keys(*some) for some in zip(*(x.split(c) for x in keys), strict=True))
        found = [self._to_all(a, k, constant) for a, k in zip(anchors, own, strict=True)]
        return torch.stack(found)

    def _centred(self, windows: Tensor) -> Tensor:
        """Windows (n, T, 3) as the nets take them."""
        return windows - windows.mean(dim=1, keepdim=True) if self.config.centred else windows

    def _constant_sums(self, anchors: Tensor, keys: Keys) -> Tensor:
        """What the queries' first convolution makes of a constant 1 in each axis, and of nothing:
        (4, E * T)."""
        _check(anchors, keys.values.transpose(1, 2))
        ones = torch.ones_like(anchors[0].T)  # (3, T)
        bias = self.query.first.bias[:, None].expand(-1, len(anchors[0]))  # (E, T)
        return torch.cat([self.query.first_sums(ones), bias[None]]).flatten(1)

    def _to_all(self, anchor: Tensor, keys: Keys, constant: Tensor) -> Tensor:
        """Distances (K,) of one anchor (T, 3).

        Its query depends on the candidate by RevIN, hence on a scale and a shift for each axis
        alone: of the first convolution, only the sum over axes is done for each pair.
        """
        anchor = anchor.T  # (3, T)
        own_mean = anchor.mean(dim=1)  # (3,): taken out, lest small differences of large numbers
        sums = self.query.first_sums(anchor - own_mean[:, None]).flatten(1)  # (3, E * T)
        sums = torch.cat([sums, constant])  # (7, E * T)
        scale = self.revin.gain / keys.std  # (K, 3)
        shift = self.revin.offset + scale * (own_mean - keys.mean)
        factors = torch.cat([scale, shift, torch.ones_like(scale[:, :1])], dim=1)  # (K, 7)
        found, n_pairs = [], pairs_at_once(anchor.device)
        parts = (x.split(n_pairs) for x in (factors, keys.keys, keys.values))
        for some in zip(*parts, strict=True):
            first = (some[0] @ sums).unflatten(1, (self.config.width, -1))  # (k, E, T)
            weights = self._weights(self.query.after_first(first), some[1])  # (k, T, T)
            rebuilt = some[2] @ weights.transpose(1, 2)  # (k, 3, T)
            found.append(reconstruction_error(rebuilt, anchor))
        return torch.cat(found)

    def _keys_and_values(self, normalised: Tensor) -> tuple[Tensor, Tensor]:
        """Of candidates (P, 3, T): keys (P, T, E), and values (P, 3, T) without the out's bias."""
        keys = self.key(normalised).transpose(1, 2) / self.config.width**0.5
        return keys, self.out.weight @ self.value(normalised)

    def _weights(self, queries: Tensor, keys: Tensor) -> Tensor:
        """Attention (P, T, T) of queries (P, E, T) to keys (P, T, E)."""
        logits = queries.transpose(1, 2) @ keys.transpose(1, 2)  # (P, T, T)
        return ATTENTIONS[self.config.attention](logits)


def pairs_at_once(device: torch.device) -> int:
    """How many pairs are done at a time on a device; it changes no distance."""
    return PAIRS_ON_CPU if device.type == "cpu" else PAIRS_ELSEWHERE


def reconstruction_error(rebuilt: Tensor, anchors: Tensor) -> Tensor:
    """Squared error of rebuilt (P, T, 3), summed over time and axes: (P,)."""
    return (rebuilt - anchors).square().sum(dim=(1, 2))


def _check(anchors: Tensor, candidates: Tensor) -> None:
    for windows in (anchors, candidates):
        if windows.ndim != 3 or windows.shape[2] != AXES or not windows.numel():
            raise ValueError(f"expected windows (n, T, 3), found {tuple(windows.shape)}")
    if anchors.shape[1] != candidates.shape[1]:
        found = f"{anchors.shape[1]} and {candidates.shape[1]} samples"
        raise ValueError(f"anchors and candidates have {found}, expected one length")
