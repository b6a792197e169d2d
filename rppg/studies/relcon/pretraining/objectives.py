"""Pre-training objectives on IMU windows, as steps for fit(): of the distance and of the encoder.

    fit(MotionDistance(config), batches, Rebuild(), FitConfig(n_steps=300, lr=1e-3), run_dir)
    fit(MotionNet(EncoderConfig()), batches, RelCon(distance), FitConfig(n_steps=400), run_dir)

A step is called as (model, batch, generator) and returns the loss and values to log.  Batches are
of `MotionCandidates`: "anchor" (B, T, 3) in g and, for RelCon and REBAR, "within" (B, c, T, 3),
other windows of the anchor's subject and hour.

Source: Xu et al., RelCon, ICLR 2025, section 3 (Rebuild, RelCon); Xu et al., REBAR, ICLR 2024
(RebuildMasked, Rebar); Chen et al., SimCLR, 2020; Saeed et al., 2019 (AugPred).
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rppg.studies.relcon.data.window_store import Windows
from rppg.studies.relcon.models.distance import MotionDistance, reconstruction_error
from rppg.studies.relcon.pretraining.augment import augment
from rppg.studies.relcon.pretraining.baseline_losses import (
    augmentation_loss,
    hard_positive_loss,
    nt_xent,
)
from rppg.studies.relcon.pretraining.relcon_loss import (
    batch_similarities,
    candidate_columns,
    relative_contrastive_loss,
)
from rppg.utils.seeding import generator_from

MASKED_SPAN = 15  # samples hidden when REBAR's distance is trained
MASKED_SHARE = 0.5  # of the anchor's samples, hidden when REBAR's distance is evaluated

Values = tuple[Tensor, dict[str, Tensor]]


@dataclass(frozen=True)
class Rebuild:
    """RelCon's distance: reconstruct a window from an augmented copy of itself.

    The loss is the squared error of the anchor's samples, summed over time and axes, mean over
    windows; the released code sums over windows, which matters for gradient clipping but not for
    Adam.  Without augmentations, an ablation, the copy is the anchor itself.
    """

    n_augmentations: int = 2

    def __call__(self, model: nn.Module, batch: dict, generator: torch.Generator) -> Values:
        anchors = batch["anchor"]
        copies, n = anchors, self.n_augmentations
        if n:
            copies, _ = augment(anchors, generator, n)
        loss = reconstruction_error(model(anchors, copies), anchors).mean()
        return loss, {"error": loss}


@dataclass(frozen=True)
class RebuildMasked:
    """REBAR's distance: reconstruct a span of the anchor that is hidden from the query, with keys
    of the whole anchor; the loss covers the hidden samples only."""

    span: int = MASKED_SPAN

    def __call__(self, model: nn.Module, batch: dict, generator: torch.Generator) -> Values:
        anchors = batch["anchor"]
        n, length = anchors.shape[:2]
        device = anchors.device
        first = torch.randint(length - self.span + 1, (n, 1), generator=generator, device=device)
        place = torch.arange(length, device=device)
        masked = (place >= first) & (place < first + self.span)  # (B, T)
        rebuilt, hidden = model(anchors, anchors, masked), masked[..., None]
        loss = reconstruction_error(rebuilt * hidden, anchors * hidden).mean()
        return loss, {"error": loss}


@dataclass(frozen=True)
class RelCon:
    """The relative contrastive loss: candidates are windows of the anchor's subject and hour, and
    the other anchors of the batch (nearly always of other subjects), ranked by a trained
    distance.

    Two ablations of the paper: batches without "within" have the other anchors alone;
    hard_positive: the nearest candidate is the only positive, all others are its negatives.
    kept: distances by the ids of a batch's anchors, filled on the way, for batches that repeat
    (repeated_batches.py); None: computed anew each time.
    """

    distance: MotionDistance
    temperature: float = 0.1
    hard_positive: bool = False
    kept: dict | None = field(default=None, repr=False, compare=False)

    def __call__(self, model: nn.Module, batch: dict, generator: torch.Generator) -> Values:
        anchors = batch["anchor"]
        within = batch.get("within", anchors[:, None][:, :0])  # (B, c, T, 3), c may be 0
        distance = self._distances(batch.get("id"), anchors, within)  # (B, B - 1 + c)
        similarity = batch_similarities(*embedded(model, anchors, within))  # (B, B - 1 + c)
        loss_of = hard_positive_loss if self.hard_positive else relative_contrastive_loss
        loss = loss_of(similarity, distance, self.temperature)
        order = -rank_correlation(similarity.detach(), distance)
        return loss, {"order": order}

    def _distances(self, ids: list[str] | None, anchors: Tensor, within: Tensor) -> Tensor:
        if self.kept is None:
            return candidate_distances(self.distance, anchors, within)
        if (key := tuple(ids)) not in self.kept:
            self.kept[key] = candidate_distances(self.distance, anchors, within)
        return self.kept[key]


@dataclass(frozen=True)
class Rebar:
    """REBAR: the nearest window of the anchor's hour is its positive, the others its negatives."""

    distance: MotionDistance
    temperature: float = 0.1

    def __call__(self, model: nn.Module, batch: dict, generator: torch.Generator) -> Values:
        anchors, within = batch["anchor"], batch["within"]
        distance = masked_distances(self.distance, anchors, within, generator)  # (B, c)
        of_anchors, of_within = embedded(model, anchors, within)
        similarity = F.cosine_similarity(of_anchors[:, None], of_within, dim=-1)  # (B, c)
        loss = hard_positive_loss(similarity, distance, self.temperature)
        return loss, {"order": -rank_correlation(similarity.detach(), distance)}


@dataclass(frozen=True)
class SimCLR:
    """SimCLR: two augmented copies of a window are positives, other windows negatives."""

    n_augmentations: int = 2
    temperature: float = 0.1

    def __call__(self, model: nn.Module, batch: dict, generator: torch.Generator) -> Values:
        anchors = batch["anchor"]
        views = [augment(anchors, generator, self.n_augmentations)[0] for _ in range(2)]
        a, b = model(torch.cat(views), headed=True).chunk(2)  # (B, n_outputs) each
        loss = nt_xent(a, b, self.temperature)
        return loss, {"alike": F.cosine_similarity(a, b).mean()}


@dataclass(frozen=True)
class AugPred:
    """Predict which augmentations were applied to a window."""

    n_augmentations: int = 2

    def __call__(self, model: nn.Module, batch: dict, generator: torch.Generator) -> Values:
        copies, applied = augment(batch["anchor"], generator, self.n_augmentations)
        logits = model(copies, headed=True)  # (B, 8)
        right = ((logits > 0) == applied).float().mean()
        return augmentation_loss(logits, applied), {"right": right}


@dataclass(frozen=True)
class RebuildError:
    """Callable: a distance -> {"error"}, its loss on windows of other subjects.

    Windows and augmentations are the same in every call, so that values are comparable.
    """

    windows: Windows
    step: Callable
    n_windows: int = 256

    def __call__(self, model: nn.Module) -> dict[str, float]:
        n = len(self.windows.table)
        at = np.linspace(0, n - 1, min(n, self.n_windows)).round().astype(int)
        device = next(model.parameters()).device
        anchors = torch.from_numpy(np.array(self.windows.xyz_g[at])).to(device)
        generator = generator_from(0, device=device)
        return {"error": self.step(model, {"anchor": anchors}, generator)[0].item()}


def embedded(model: Callable, anchors: Tensor, within: Tensor) -> tuple[Tensor, Tensor]:
    """Embeddings (B, D) of anchors and (B, c, D) of their candidates, in one pass, so that
    batch norm uses both together.  The released code takes two passes."""
    n = len(anchors)
    embeddings = model(torch.cat([anchors, within.flatten(0, 1)]))  # (B + B c, D)
    return embeddings[:n], embeddings[n:].unflatten(0, within.shape[:2])


@torch.no_grad()
def candidate_distances(distance: MotionDistance, anchors: Tensor, within: Tensor) -> Tensor:
    """Distances (B, B - 1 + c) of each anchor to the other anchors of the batch, in their order,
    and to its own candidates."""
    distance = distance.to(anchors.device).eval()
    between = distance.distances(anchors, distance.keys(anchors))  # (B, B)
    if not within.shape[1]:
        return candidate_columns(between, between[:, :0])
    keys = distance.keys(within.flatten(0, 1))  # of B c windows
    return candidate_columns(between, distance.own_distances(anchors, keys, within.shape[1]))


@torch.no_grad()
def masked_distances(
    distance: MotionDistance, anchors: Tensor, within: Tensor, generator: torch.Generator
) -> Tensor:
    """REBAR's distances (B, c) of each anchor to its own candidates: the error of half of its
    samples, drawn per pair and hidden from the query."""
    distance = distance.to(anchors.device).eval()
    n, c, length = within.shape[:3]
    order = torch.rand(n * c, length, generator=generator, device=anchors.device).argsort(dim=1)
    masked = order < round(MASKED_SHARE * length)  # (B c, T)
    repeated = anchors.repeat_interleave(c, dim=0)  # (B c, T, 3)
    rebuilt = distance(repeated, within.flatten(0, 1), masked)
    hidden = masked[..., None]
    return reconstruction_error(rebuilt * hidden, repeated * hidden).view(n, c)


def rank_correlation(a: Tensor, b: Tensor) -> Tensor:
    """Mean over rows of Spearman's correlation of a (A, K) and b (A, K), without ties."""
    ranks = [x.argsort(dim=1).argsort(dim=1).float() for x in (a, b)]
    ranks = [x - x.mean(dim=1, keepdim=True) for x in ranks]
    return F.cosine_similarity(*ranks, dim=1).mean()
