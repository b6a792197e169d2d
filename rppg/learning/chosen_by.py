"""What chooses the step of a run of Gideon2021: the power that is no pulse's, or the labels' loss.

    validate = MeanIPR(store, train_ids, **inputs)  # no label is read
    fit(model, batches, MultiView(), FitConfig(n_steps=1000, minimise="ipr"), run_dir, validate)

    validate = LabelLoss(store, dev_ids, SupervisedWave(), **inputs)
    fit(model, batches, step, FitConfig(n_steps=1000, minimise="loss"), run_dir, validate)

Both look at one clip a recording, from the middle of its longest stretch, read once and kept.
Source: Gideon and Stent, ICCV 2021, section 3.5: the epoch with the lowest loss on the validation
set; without labels, with the lowest irrelevant power ratio on the training set.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.utils.data import default_collate

from rppg.learning.clips import Clips, LabelledClips, Place
from rppg.learning.label_free import drawn, middle, stack
from rppg.learning.losses.multiview import irrelevant_power_ratio
from rppg.learning.multiview_step import SupervisedWave
from rppg.learning.waves import batch_of, waves_of
from rppg.recordings.prepared import FPS
from rppg.recordings.store import Store

CLIPS_A_BATCH = 8  # at most


class MeanIPR:
    """`validate` of fit: {"ipr": mean over recordings}.  `ids`: those looked at."""

    def __init__(self, store: Store, ids: Iterable[str], limit: int = 48, seed: int = 0, **inputs):
        """inputs: as in `Clips`.  Of more than `limit` recordings so many are drawn from the seed.
        Raises what Clips raises."""
        clips = Clips(store, ids, **inputs)
        self.ids = drawn(list(clips.stretches), limit, seed)
        self._clips = stack(clips, _places(clips, self.ids))  # (n, T, ...)

    @torch.no_grad()
    def __call__(self, model: nn.Module) -> dict[str, float]:
        waves = _waves(model, self._clips)
        return {"ipr": irrelevant_power_ratio(waves, FPS).mean().item()}


class LabelLoss:
    """`validate` of fit: {"loss": the labels' loss of a step, mean over recordings}."""

    def __init__(self, store: Store, ids: Iterable[str], step: SupervisedWave, **inputs):
        """inputs: as in `LabelledClips`, which says what this raises."""
        clips = LabelledClips(store, ids, **inputs)
        self.ids, self.step = list(clips.stretches), step
        self._batch = default_collate([clips[place] for place in _places(clips, self.ids)])

    @torch.no_grad()
    def __call__(self, model: nn.Module) -> dict[str, float]:
        waves = _waves(model, self._batch["clip"])
        return {"loss": self.step.of_waves(waves, self._batch)[0].item()}


def _waves(model: nn.Module, clips: Tensor) -> Tensor:
    """Waves (n, T) of clips (n, T, ...), a few at a time; the model is left in eval mode."""
    model.eval()
    parts = clips.split(batch_of(clips[0].numel(), CLIPS_A_BATCH))
    return torch.cat([waves_of(model, part).float() for part in parts])


def _places(clips: Clips, ids: list[str]) -> list[Place]:
    """The clip in the middle of each recording's longest stretch."""
    return [Place(id, middle(clips.stretches[id], clips.n_frames)) for id in ids]
