"""Polarity of the predicted BVP: spectral losses ignore it, correlation with a ground-truth BVP
shows it.

    polarity = polarity_of(model, LabelledClips(store, ids, normalise="zscore"))
    if polarity.negative:
        fix_polarity(model)

A net that was trained without labels is inverted in one seed of two; negative Pearson at a low
learning rate then first destroys what it has learned.  So the polarity is fixed before.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from rppg.dataloader.clips import LabelledClips
from rppg.dataloader.collate import cut_to_shortest
from rppg.inference.sliding_window import waves_of
from rppg.models.protocol import PulseNet

N_CLIPS = 64  # at most, spread over all
BATCH_CLIPS = 8


@dataclass(frozen=True)
class Polarity:
    """Pearson's correlation of predicted and ground-truth BVP of the same clips, at lag 0."""

    correlations: tuple[float, ...]  # one per clip that has a ground-truth BVP

    @property
    def mean(self) -> float:
        """Mean over clips; NaN if there is none."""
        return float(np.mean(self.correlations)) if self.correlations else float("nan")

    @property
    def negative(self) -> bool:
        """Whether the predicted BVPs are inverted."""
        return self.mean < 0

    def __str__(self) -> str:
        if not self.correlations:
            return "polarity unknown: no recording has a ground-truth BVP (HR does not need it)"
        agree = np.mean(np.sign(self.correlations) == np.sign(self.mean))
        side = "negative: inverted" if self.negative else "positive"
        clips = f"{len(self.correlations)} clips, {agree:.0%} of them agree"
        return f"polarity {side}: r = {self.mean:+.2f} over {clips}"


@torch.no_grad()
def polarity_of(model: nn.Module, clips: LabelledClips) -> Polarity:
    """Correlation of the model's BVPs with the ground truth; the model is left in eval mode."""
    model.eval()
    places = clips.sliding_windows(step=clips.n_frames)
    with_window = {place.id for place in places}  # the others are a little shorter than a clip
    places += [clips.first(id) for id in clips.stretches if id not in with_window]
    chosen = np.unique(
        np.linspace(0, len(places) - 1, min(N_CLIPS, len(places))).round().astype(int)
    )
    items = [item for item in (clips[places[k]] for k in chosen) if item["has_wave"]]
    correlations: list[float] = []
    for at in range(0, len(items), BATCH_CLIPS):
        part = cut_to_shortest(items[at : at + BATCH_CLIPS])
        waves = waves_of(model, part["clip"]).float()
        correlations += [_pearson(a, b) for a, b in zip(waves, part["wave"], strict=True)]
    return Polarity(tuple(correlations))


def fix_polarity(model: PulseNet) -> None:
    """Negate the predicted BVP, in place: weights and bias of the last layer, `model.head`."""
    with torch.no_grad():
        for weight in model.head.parameters():
            weight.neg_()


def _pearson(a: torch.Tensor, b: torch.Tensor) -> float:
    both = torch.stack([a, b]).double()
    return torch.nan_to_num(torch.corrcoef(both)[0, 1]).item()  # a constant BVP has none
