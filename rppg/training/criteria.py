"""Checkpoint criteria: the error of a model on labelled recordings that it is not trained on.

validate = RateError(store, validation_ids, normalise="zscore")
fit(model, batches, step, FitConfig(n_steps=500, monitor="rmse_bpm"), run_dir, validate)
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.utils.data import default_collate

from rppg.dataloader.clips import CLIP_FRAMES, Clips, LabelledClips, Place
from rppg.dataloader.collate import equally_long
from rppg.datasets.prepared import FPS
from rppg.datasets.store import Store
from rppg.inference.sliding_window import STEP_FRAMES, batch_of, predict_model, waves_of
from rppg.losses.irrelevant_power import irrelevant_power_ratio
from rppg.models.protocol import LabelObjective
from rppg.training.self_consistency import drawn, middle, stack

NEAR_BPM = 5.0
CLIPS_A_BATCH = 8  # at most


@dataclass(frozen=True)
class RateError:
    """`validate` of fit: {"rmse_bpm", "mae_bpm", "within_5bpm"}, of HRs read as predictions are."""

    store: Store
    ids: Iterable[str]
    normalise: str | None
    n_frames: int = CLIP_FRAMES
    array: str = "mstmap"
    views: Sequence[Tensor] = ()
    size: int | None = None
    step: int = STEP_FRAMES
    readout: Mapping | None = None

    def __call__(self, model: nn.Module) -> dict[str, float]:
        table = predict_model(
            self.store,
            self.ids,
            model,
            "",
            self.normalise,
            self.array,
            self.n_frames,
            views=self.views,
            size=self.size,
            step=self.step,
            readout=self.readout,
        )
        return rate_errors(table)


def rate_errors(predictions: pd.DataFrame) -> dict[str, float]:
    """Errors of a table of predictions over the recordings whose heart rate is known.

    Raises ValueError if there is none, or one of them has no prediction, naming it.
    """
    known = predictions.dropna(subset="hr_true_bpm")
    if known.empty:
        raise ValueError("no recording with a known heart rate: nothing to validate on")
    if len(missing := known[known["hr_bpm"].isna()]):
        first = missing.iloc[0]
        raise ValueError(
            f"{len(missing)} recordings without a rate ({first['id']}: {first['reason']})"
        )
    error_bpm = np.abs(known["hr_bpm"] - known["hr_true_bpm"]).to_numpy()
    return {
        "rmse_bpm": float(np.sqrt(np.mean(error_bpm**2))),
        "mae_bpm": float(error_bpm.mean()),
        "within_5bpm": float(np.mean(error_bpm <= NEAR_BPM)),
    }


class MeanIPR:
    """`validate` of fit: {"ipr": mean over windows}.  `ids`: the recordings used."""

    def __init__(
        self,
        store: Store,
        ids: Iterable[str],
        limit: int = 48,
        seed: int = 0,
        step: int | None = None,
        **inputs,
    ):
        """inputs: as in `Clips`.  One window a recording, in the middle; of more than `limit`
        recordings, that many are drawn by the seed.  step: all windows of all recordings instead,
        so many frames apart, read anew each time.  Raises what Clips raises."""
        clips = _of_inputs(Clips, store, ids, inputs)
        if step is None:
            self.ids = drawn(list(clips.stretches), limit, seed)
            self._clips = stack(clips, _places(clips, self.ids))  # (n, T, ...)
        else:
            self.ids, self._clips, self._read_from = list(clips.stretches), None, clips
            self._windows = clips.sliding_windows(step)

    @torch.no_grad()
    def __call__(self, model: nn.Module) -> dict[str, float]:
        if self._clips is not None:
            waves = _waves(model, self._clips)
        else:
            at = range(0, len(self._windows), CLIPS_A_BATCH)
            parts = (stack(self._read_from, self._windows[i : i + CLIPS_A_BATCH]) for i in at)
            waves = torch.cat([_waves(model, part) for part in parts])
        return {"ipr": irrelevant_power_ratio(waves, FPS).mean().item()}


class LabelLoss:
    """`validate` of fit: {"loss": the labels' loss of an objective, mean over recordings}."""

    def __init__(self, store: Store, ids: Iterable[str], step: LabelObjective, **inputs):
        """inputs: as in `LabelledClips`, which says what this raises."""
        clips = _of_inputs(LabelledClips, store, ids, inputs)
        self.ids, self.step = list(clips.stretches), step
        self._batch = default_collate([clips[place] for place in _places(clips, self.ids)])

    @torch.no_grad()
    def __call__(self, model: nn.Module) -> dict[str, float]:
        waves = _waves(model, self._batch["clip"])
        return {"loss": self.step.of_waves(waves, self._batch)[0].item()}


def _waves(model: nn.Module, clips: Tensor) -> Tensor:
    """Predicted BVPs (n, T) of clips (n, T, ...), a few at a time, in eval mode."""
    model.eval()
    parts = clips.split(batch_of(clips[0].numel(), CLIPS_A_BATCH))
    return torch.cat([waves_of(model, part).float() for part in parts])


def _of_inputs(of_clips: type[Clips], store: Store, ids: Iterable[str], inputs: dict) -> Clips:
    """Clips for a net, all equally long."""
    given = partial(of_clips, store, list(ids), **inputs)
    return equally_long(given, inputs.get("n_frames", CLIP_FRAMES))


def _places(clips: Clips, ids: list[str]) -> list[Place]:
    """The clip in the middle of each recording's longest stretch."""
    return [Place(id, middle(clips.stretches[id], clips.n_frames)) for id in ids]
