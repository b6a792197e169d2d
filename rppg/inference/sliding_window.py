"""Sliding-window inference: a predicted BVP per prepared recording, and a table of heart rates.

    >>> clips = torch.ones(2, 4) * torch.tensor([[1.0], [-1.0]]) * torch.tensor([1, -1, 1, -1.0])
    >>> overlap_add(clips, starts=[1, 3], n_frames=8)[:2]
    array([nan,  1.])

A model predicts the BVP of each clip; if clips overlap, their BVPs are averaged with a Hann window,
each standardised first, as Speth et al. (SiNC, CVPR 2023) do at inference.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from rppg.dataloader.clip_checks import check_step
from rppg.dataloader.clips import CLIP_FRAMES, Clips, Place
from rppg.dataloader.stretches import stretches_of
from rppg.datasets.prepared import FPS
from rppg.datasets.store import Store
from rppg.inference.classical import COLUMNS, NO_RATE, columns_of, true_hr_bpm
from rppg.inference.clip_changes import changed_nets
from rppg.inference.region_voting import vote
from rppg.models.protocol import HasCells, traits_of
from rppg.signals.heart_rate import MIN_STRETCH_S, HeartRate
from rppg.signals.readout import Readout

if TYPE_CHECKING:
    import pandas as pd

STEP_FRAMES = 75  # a quarter of a clip: each frame is in four
NUMBERS_A_BATCH = 8_000_000  # 8 clips of 300 frames of 32 x 32 pixels; a net's layers are larger


def predict_model(
    store: Store,
    ids: Iterable[str],
    model: nn.Module,
    name: str,
    normalise: str | None,
    array: str = "mstmap",
    n_frames: int = CLIP_FRAMES,
    batch_size: int = 8,
    labels: bool = True,
    views: Sequence[Tensor] = (),
    size: int | None = None,
    step: int = STEP_FRAMES,
    readout: Mapping | None = None,
    changes: Sequence[str] = (),
) -> "pd.DataFrame":
    """Heart rate of each recording by a model that predicts the BVP (B, T) of clips (B, T, ...).

    The table of `predict_classical`, kind "learned", model `name`; the model runs on its own device
    and is left in eval mode.  A recording shorter than a clip, but of 3 s or more, is one short
    clip.  labels: whether hr_true_bpm is looked up; without, no label is read and it is NaN.
    views: rows of a map; if given, each gives a BVP, and their spectra vote
    (`rppg.inference.region_voting`).  size: pixels a side of crops.  step: frames from the start of
    a clip to that of the next; the last one ends with its stretch, whatever is left.
    readout: fields of `rppg.signals.readout.Readout`.  changes: of clips, whose BVPs vote, too
    (`rppg.inference.clip_changes`).

    Raises KeyError for an id that was never prepared, ValueError for views of a model that takes no
    rows, a change that it cannot see and an invalid read-out.
    """
    if views and not traits_of(model).takes_rows:
        raise ValueError(f"views need a net that takes rows, {type(model).__name__} does not")
    import pandas as pd

    rows, read_rate, nets = [], Readout(**(readout or {})), changed_nets(model, changes)
    for id in ids:
        if (meta := store.meta(id)) is None:
            raise KeyError(f"{id} is not prepared in {store.root}")
        row = {"id": id, "model": name, "kind": "learned", **NO_RATE}
        row |= {"split": meta.get("split"), "origin": meta.get("origin"), "reason": ""}
        row["hr_true_bpm"] = true_hr_bpm(store, meta) if labels else None
        try:
            clips = {"array": array, "n_frames": n_frames, "batch_size": batch_size}
            clips |= {"size": size, "step": step}
            clips |= {"views": views or (None,)}
            each = [view_waves(store, id, net, normalise, **clips) for net in nets]
            row |= columns_of(vote([read_rate(wave, FPS) for waves in each for wave in waves]))
        except ValueError as error:
            row["reason"] = str(error)
        rows.append(row)
    return pd.DataFrame(rows, columns=COLUMNS).astype({"hr_true_bpm": float})


def model_wave(
    store: Store, id: str, model: nn.Module, normalise: str | None, **clips
) -> np.ndarray:
    """The predicted BVP (T,) float64 of one recording, NaN in its gaps over 0.5 s and in what is
    left between two of them that is shorter than a clip.

    clips: array, n_frames, batch_size, size and step as in predict_model.  Raises ValueError, with
    the reason, for a recording that was not prepared or has no 3 s without a gap.
    """
    return view_waves(store, id, model, normalise, **clips)[0]


@torch.no_grad()
def view_waves(
    store: Store,
    id: str,
    model: nn.Module,
    normalise: str | None,
    array: str = "mstmap",
    n_frames: int = CLIP_FRAMES,
    batch_size: int = 8,
    views: Sequence[Tensor | None] = (None,),
    size: int | None = None,
    step: int = STEP_FRAMES,
) -> list[np.ndarray]:
    """model_wave of each view: rows (k,) of the map that the model is shown; None: all of them."""
    meta = store.meta(id)
    if meta is None or meta["status"] != "ok":
        reason = "not prepared" if meta is None else meta.get("reason")
        raise ValueError(f"{id}: {reason}")
    whole = stretches_of(meta, int(np.ceil(MIN_STRETCH_S * FPS)))
    if not whole:
        raise ValueError(f"no {MIN_STRETCH_S:g} s without a gap in {meta['n_frames'] / FPS:.2f} s")
    n_frames = min(n_frames, max(stop - start for start, stop in whole))
    clips = Clips(store, [id], array, n_frames, normalise, size=size, shortest=n_frames)
    places = _places(id, clips.stretches[id], n_frames, step)
    model.eval()
    waves: list[list[Tensor]] = [[] for _ in views]
    n_clips = batch_of(clips[places[0]]["clip"].numel(), batch_size)
    for at in range(0, len(places), n_clips):
        batch = torch.stack([clips[place]["clip"] for place in places[at : at + n_clips]])
        for own, rows in zip(waves, views, strict=True):
            own.append(waves_of(model, batch, rows).float())
    starts = [place.start for place in places]
    return [overlap_add(torch.cat(own), starts, meta["n_frames"]) for own in waves]


def batch_of(n_numbers: int, most: int) -> int:
    """How many clips of n_numbers go through a net at once: fewer of large crops, at least one."""
    return min(max(NUMBERS_A_BATCH // n_numbers, 1), most)


def waves_of(model: nn.Module, clips: Tensor, rows: Tensor | None = None) -> Tensor:
    """Predicted BVP (B, T), on the CPU, of clips (B, T, ...), or of those rows (k,) of maps
    (B, T, N, C); the model runs on its own device."""
    device = device_of(model)
    arguments = (clips,) if rows is None else (clips[:, :, rows], rows)
    return model(*(part.to(device) for part in arguments)).cpu()


def device_of(model: nn.Module) -> torch.device:
    """The model's device; the CPU if it has no weights."""
    return next((weight.device for weight in model.parameters()), torch.device("cpu"))


def with_ground_truth(
    store: Store,
    ids: Iterable[str],
    model: nn.Module,
    normalise: str | None,
    readout: Mapping | None = None,
    **clips,
) -> list[dict]:
    """What a figure of BVPs needs, a dict per recording: name, wave, the predicted BVP (T,), and
    found, its HeartRate; hr_true_bpm, contact, the ground-truth BVP (T,), and contact_found.  None
    for what the labels do not have, and for the HeartRate of a BVP that has none, as a flat one.

    readout: of the predicted BVP's HeartRate, as in predict_model.  clips: array, n_frames,
    batch_size, size and step as in model_wave, which says when it raises.
    """
    rows, how = [], Readout(**(readout or {}))
    for id in ids:
        wave, bvp = model_wave(store, id, model, normalise, **clips), store.open(id).bvp
        contact = None if bvp is None else np.asarray(bvp, dtype=np.float64)
        row = {"name": id, "wave": wave, "found": rate_of(wave, how), "contact": contact}
        row["hr_true_bpm"] = true_hr_bpm(store, store.meta(id))
        row["contact_found"] = None if contact is None else rate_of(contact)
        rows.append(row)
    return rows


def overlap_add(clips: Tensor, starts: Sequence[int], n_frames: int) -> np.ndarray:
    """One BVP (n_frames,) of those of clips (n, T) that begin at `starts`: each standardised, their
    mean under a Hann window; NaN outside of all clips.

    Raises ValueError if a clip does not lie inside.
    """
    n, length = clips.shape
    if len(starts) != n or min(starts) < 0 or max(starts) + length > n_frames:
        raise ValueError(f"{n} clips of {length} frames from {starts} do not lie in {n_frames}")
    waves = clips.double() - clips.double().mean(dim=1, keepdim=True)  # (n, T)
    waves = waves / waves.std(dim=1, keepdim=True, correction=0).clamp_min(1e-12)
    window = torch.hann_window(length + 2, periodic=False, dtype=torch.float64)[1:-1]  # no zeros
    total, weight = np.zeros(n_frames), np.zeros(n_frames)
    for start, wave in zip(starts, (waves * window).numpy(), strict=True):
        total[start : start + length] += wave
        weight[start : start + length] += window.numpy()
    return np.where(weight > 0, total / np.where(weight > 0, weight, 1), np.nan)


def rate_of(wave: np.ndarray, readout: Readout | None = None) -> HeartRate | None:
    """Heart rate of a BVP (T,) at 30 fps; None for one that has none, as a flat or short one."""
    try:
        return (readout or Readout())(wave, FPS)
    except ValueError:  # the figure says that it has no rate
        return None


def _places(id: str, stretches: Sequence[tuple[int, int]], n_frames: int, step: int) -> list[Place]:
    """Clips that cover each stretch from its first frame to its last, at most `step` apart."""
    check_step(step)
    starts, step = set(), min(step, n_frames)
    for first, stop in stretches:
        last = stop - n_frames
        starts |= {*range(first, last + 1, step), last}
    return [Place(id, start) for start in sorted(starts)]


def cell_waves(model: HasCells, clips: Tensor) -> Tensor:
    """Predicted BVPs (B, S S, T) of the cells of clips (B, T, H, W, 3), row by row, on the CPU; the
    model runs on its own device, in the mode it is in."""
    block = model.cells(clips.to(device_of(model)))  # (B, T, S, S)
    return block.flatten(2).transpose(1, 2).cpu()
