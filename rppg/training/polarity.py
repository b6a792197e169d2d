"""Which way up a wave is: losses of spectra do not say, correlation with a contact wave does.

    found = polarity_of(model, LabelledClips(store, ids, normalise="zscore"))
    if found.negative:
        fix_polarity(model)

A net that learned without labels comes out upside down in one seed of two; negative Pearson at a
low learning rate then first destroys what it has learned.  So the sign is checked before.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from rppg.dataloader.clips import LabelledClips
from rppg.inference.sliding_window import waves_of

N_CLIPS = 64  # that are looked at, spread over all
BATCH_CLIPS = 8


@dataclass(frozen=True)
class Sign:
    """Pearson's correlation of a model's waves with the contact waves of the same clips, lag 0."""

    correlations: tuple[float, ...]  # one a clip; none where there is no contact wave

    @property
    def mean(self) -> float:
        """Mean over clips; NaN where there is none."""
        return float(np.mean(self.correlations)) if self.correlations else float("nan")

    @property
    def negative(self) -> bool:
        """Whether the waves are upside down."""
        return self.mean < 0

    def __str__(self) -> str:
        if not self.correlations:
            return (
                "sign unknown: no labelled recording has a contact wave (a rate does not need it)"
            )
        agree = np.mean(np.sign(self.correlations) == np.sign(self.mean))
        side = "negative: upside down" if self.negative else "positive"
        clips = f"{len(self.correlations)} clips, {agree:.0%} of them agree"
        return f"sign {side}: r = {self.mean:+.2f} over {clips}"


@torch.no_grad()
def polarity_of(model: nn.Module, clips: LabelledClips) -> Sign:
    """Correlation of the model's waves with the contact waves; the model is left in eval mode."""
    model.eval()
    places = clips.sliding_windows(step=clips.n_frames)
    chosen = np.unique(
        np.linspace(0, len(places) - 1, min(N_CLIPS, len(places))).round().astype(int)
    )
    items = [item for item in (clips[places[k]] for k in chosen) if item["has_wave"]]
    found: list[float] = []
    for at in range(0, len(items), BATCH_CLIPS):
        part = items[at : at + BATCH_CLIPS]
        waves = waves_of(model, torch.stack([item["clip"] for item in part])).float()
        bvp = torch.stack([item["wave"] for item in part])
        found += [_pearson(a, b) for a, b in zip(waves, bvp, strict=True)]
    return Sign(tuple(found))


def fix_polarity(model: nn.Module) -> None:
    """Negate the model's wave, in place: weights and bias of its last layer, `model.head`."""
    with torch.no_grad():
        for weight in model.head.parameters():
            weight.neg_()


def _pearson(a: torch.Tensor, b: torch.Tensor) -> float:
    both = torch.stack([a, b]).double()
    return torch.nan_to_num(torch.corrcoef(both)[0, 1]).item()  # a constant wave has none
