"""Label-free validation metrics: self-consistency of the predicted BVP.

One clip per recording, from the middle of its longest stretch, is read once and kept.  Of maps
(T, N, C), normalised clip by clip, the slower clip and the parts are kept, too: 1.6 MB per
recording.  Of crops (T, H, W, 3) they are made when needed: 3.7 MB at 32 pixels a side, 14.7 MB as
stored at 128.  Nothing but maps and crops is read: `Clips`, never `LabelledClips`.

    >>> self_consistency = SelfConsistency(store, ids, normalise="ratio")  # doctest: +SKIP
    >>> fit(model, batches, step, config, run_dir, validate=self_consistency)  # doctest: +SKIP
    >>> self_consistency.table(model)["hr_bpm"].tolist()  # one row per recording  # doctest: +SKIP
    [71.7, 95.3]
    >>> SelfConsistency(store, ids, None, array="face", size=32)(physnet)  # doctest: +SKIP

The values; smaller is better, except for the last, which should be that of people:

speed_disagreement_bpm    HR of the clip against that of the clip played slower, at real speed
overlap_disagreement_bpm  HR of its first 80 % against that of its last 80 %
rows_disagreement_bpm     HR from one half of a map's rows against that from the other half, if the
                          net takes rows
cells_disagreement_bpm    HR of the cells left of the middle of the face against that of the cells
                          right of it, if the net has several cells
self_disagreement_bpm     mean of these
pos_disagreement_bpm      HR of the model against that of POS on the whole face
ipr                       irrelevant power ratio: share of the power from 0.3 Hz up that lies
                          outside the heart band (Gideon & Stent, ICCV 2021, count from 0 Hz;
                          what is slower than breathing says nothing of a band-passed BVP)
spectral_entropy          of the in-band spectrum, 0 one frequency, 1 all alike; 10 s of a sine are
                          at 0.60, of white noise at 0.93
hr_spread_bpm             standard deviation of the recordings' HR

An HR is the peak of the spectrum in the heart band.  Disagreements are at most 60 bpm: farther off
is as wrong.  A flat BVP has no HR and gets the worst of each value.  If a net pads clips in time,
its HR is read without a tenth of the BVP at either end: padding has the same effect in every clip,
so that an untrained PhysNet agreed with itself to 0.7 bpm; without the ends, to 10 or worse.
"""

from collections.abc import Iterable, Iterator
from functools import partial

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from rppg.dataloader.augment import change_speed
from rppg.dataloader.clips import CLIP_FRAMES, Clips, Place
from rppg.dataloader.collate import equally_long
from rppg.datasets.prepared import FPS, RGB, WHOLE_FACE
from rppg.datasets.store import Store
from rppg.inference.sliding_window import batch_of, cell_waves, waves_of
from rppg.models.protocol import Traits, traits_of
from rppg.signals.classical import wave as classical_wave
from rppg.training.waveform_metrics import disagreement_bpm, entropy, irrelevant_power, rates_bpm
from rppg.utils.seeding import generator_from
from rppg.utils.threads import one_thread

OVERLAP = 0.8  # of a clip, first and last
ENDS = 0.1  # of a BVP, first and last, if the net pads: no HR is read there
CLIPS_A_BATCH = 8  # at most
SUBSET, ROWS = 5, 6  # what a seed is for; fit has 0 to 4


class SelfConsistency:
    """`self_consistency(model)` gives the mean of each value over recordings, as fit's `validate`.

    ids of the recordings used, sorted.  skipped, pos_missing: id to the reason why a recording has
    no clip, or no BVP by POS (then it is in no mean of pos_disagreement_bpm).
    pos_hr_bpm (n,): HR by POS, NaN if it is missing.
    """

    def __init__(
        self,
        store: Store,
        ids: Iterable[str],
        normalise: str | None,
        n_frames: int = CLIP_FRAMES,
        speed: float = 0.8,
        seed: int = 0,
        limit: int = 48,
        array: str = "mstmap",
        size: int | None = None,
    ):
        """Of more than `limit` recordings, that many are drawn by the seed.  array and size: what
        the model sees, as in `Clips`.  A recording of 90 % of n_frames or more is used; all clips
        are then as long as the shortest of these: 10 s may be prepared as 299 frames.

        Raises KeyError for an id that was never prepared, ValueError if no recording is as long as
        a clip, or speed is not between 0 and 1 (a faster clip would need more frames).
        """
        if not 0 < speed < 1:
            raise ValueError(f"speed is {speed}, expected above 0 and below 1: a slower clip")
        if limit < 2:
            raise ValueError(f"limit is {limit}, expected 2 or more recordings to compare")
        ids, given = list(ids), {"normalise": normalise, "size": size}
        whole = equally_long(partial(Clips, store, ids, array, **given), n_frames)
        n_frames = whole.n_frames
        self.ids = drawn(list(whole.stretches), limit, seed)
        self.skipped, self.speed = dict(whole.skipped), speed
        starts = {id: middle(whole.stretches[id], n_frames) for id in self.ids}
        places = [Place(*at) for at in starts.items()]
        self._clips = {"whole": stack(whole, places)}  # (n, T, ...)
        n_part = round(OVERLAP * n_frames)
        if normalise is None:  # the others are parts of the whole clips, without a copy
            clips = self._clips["whole"]
            self._clips |= {"first": clips[:, :n_part], "last": clips[:, -n_part:]}
        else:  # each is normalised by itself
            part = Clips(store, self.ids, array, n_part, normalise)
            slow = [place._replace(speed=speed) for place in places]
            late = [place._replace(start=place.start + n_frames - n_part) for place in places]
            self._clips |= {"slow": stack(whole, slow), "first": stack(part, places)}
            self._clips["last"] = stack(part, late)
        self._seed = seed
        self.pos_missing: dict[str, str] = {}
        self.pos_hr_bpm = np.array([self._pos(store, *at, n_frames) for at in starts.items()])

    def __call__(self, model: nn.Module) -> dict[str, float]:
        return means(self.table(model))

    @torch.no_grad()
    def table(self, model: nn.Module, traits: Traits | None = None) -> pd.DataFrame:
        """One row per recording: id, hr_bpm, pos_hr_bpm, and each value except the spread.

        model: clips (B, T, ...) -> predicted BVP (B, T), run on its own device and left in eval
        mode.  traits: which values are computed and how, None: as the model declares; a net that
        takes no rows, or has no cells or a single one, has no value of them.  hr_bpm is NaN if the
        predicted BVP is flat.  Raises FloatingPointError for one that is not finite.
        """
        model.eval()
        traits = traits_of(model) if traits is None else traits
        waves = self._of_cells(model) if traits.has_cells else {}
        for name in ("whole", "slow", "first", "last"):
            if name not in waves:
                waves[name] = self._waves(model, name)
        waves |= self._of_rows(model) if traits.takes_rows else {}
        self._refuse_not_finite(waves)
        with one_thread():
            columns = self._values(waves, ENDS if traits.pads_time else 0.0)
        return pd.DataFrame({"id": self.ids} | {k: v.numpy() for k, v in columns.items()})

    def _values(self, waves: dict[str, Tensor], ends: float) -> dict[str, Tensor]:
        rates = {name: self._rates(wave, name, ends) for name, wave in waves.items()}
        whole, pos_bpm = waves["whole"], torch.from_numpy(self.pos_hr_bpm)
        found = {"hr_bpm": rates["whole"], "pos_hr_bpm": pos_bpm}
        found["speed_disagreement_bpm"] = disagreement_bpm(rates["whole"], rates["slow"])
        found["overlap_disagreement_bpm"] = disagreement_bpm(rates["first"], rates["last"])
        for of in ("rows", "cells"):
            if f"half of the {of}" in rates:
                halves = rates[f"half of the {of}"], rates[f"other {of}"]
                found[f"{of}_disagreement_bpm"] = disagreement_bpm(*halves)
        own = [value for name, value in found.items() if name.endswith("disagreement_bpm")]
        found["self_disagreement_bpm"] = torch.stack(own).mean(dim=0)
        missing = pos_bpm.isnan()
        from_pos = disagreement_bpm(rates["whole"], pos_bpm).masked_fill(missing, torch.nan)
        found["pos_disagreement_bpm"] = from_pos
        return found | {"ipr": irrelevant_power(whole), "spectral_entropy": entropy(whole)}

    def _rates(self, waves: Tensor, name: str, ends: float) -> Tensor:
        """HR (n,) of predicted BVPs (n, T) of the clips of that name, without that share of them at
        either end."""
        n_ends = round(ends * waves.shape[1])
        inner = waves[:, n_ends : waves.shape[1] - n_ends]
        return rates_bpm(inner, self.speed if name == "slow" else 1.0)

    def _waves(self, model: nn.Module, name: str, rows: Tensor | None = None) -> Tensor:
        """Predicted BVPs (n, T) float64 of the clips of that name, or of those rows of them."""
        return torch.cat([waves_of(model, batch, rows).double() for batch in self._batches(name)])

    def _of_cells(self, model: nn.Module) -> dict[str, Tensor]:
        """Predicted BVPs (n, T) float64 of the whole clips: the mean of all cells, and of those
        left and right of the middle, if there are several."""
        found = [cell_waves(model, batch).double() for batch in self._batches("whole")]
        cells = torch.cat(found)  # (n, S S, T)
        waves, side = {"whole": cells.mean(dim=1)}, round(cells.shape[1] ** 0.5)
        if side > 1:
            column = torch.arange(side**2) % side
            waves["half of the cells"] = cells[:, column < side // 2].mean(dim=1)
            waves["other cells"] = cells[:, column >= (side + 1) // 2].mean(dim=1)
        return waves

    def _of_rows(self, model: nn.Module) -> dict[str, Tensor]:
        """Predicted BVPs (n, T) float64 of the whole clips, from either half of their rows."""
        n_rows = self._clips["whole"].shape[2]
        shuffled = torch.randperm(n_rows, generator=generator_from(ROWS, self._seed))
        half, other = (rows.sort().values for rows in (shuffled[::2], shuffled[1::2]))
        return {
            "half of the rows": self._waves(model, "whole", half),
            "other rows": self._waves(model, "whole", other),
        }

    def _batches(self, name: str) -> Iterator[Tensor]:
        """The clips of that name, a few at a time; slow ones that are not kept are made here."""
        clips = self._clips["whole" if name not in self._clips else name]  # (n, T, ...)
        for batch in clips.split(batch_of(clips[0].numel(), CLIPS_A_BATCH)):
            if name not in self._clips:
                n_frames = batch.shape[1]
                batch = torch.stack([change_speed(clip, self.speed, n_frames) for clip in batch])
            yield batch

    def _refuse_not_finite(self, waves: dict[str, Tensor]) -> None:
        bad = torch.stack([~wave.isfinite().all(dim=1) for wave in waves.values()]).any(dim=0)
        if bad.any():
            ids = ", ".join(id for id, one in zip(self.ids, bad.tolist(), strict=True) if one)
            raise FloatingPointError(f"the predicted BVP of {ids} is not finite")

    def _pos(self, store: Store, id: str, start: int, n_frames: int) -> float:
        """HR in bpm by POS on the whole face in the clip; NaN, with a reason, if it has none."""
        maps = store.open(id).window(start, n_frames, names=("mstmap",))["mstmap"]
        try:
            wave = classical_wave("POS", maps[:, WHOLE_FACE, RGB], FPS)
        except ValueError as error:
            self.pos_missing[id] = str(error)
            return np.nan
        if np.isnan(wave).any():
            self.pos_missing[id] = "no POS wave in a part of the clip: a face out of sight, or grey"
            return np.nan
        return rates_bpm(torch.from_numpy(wave)[None]).item()


def means(table: pd.DataFrame) -> dict[str, float]:
    """Mean of each value of `SelfConsistency.table`, and hr_spread_bpm.  Recordings without an HR,
    or without POS, are in no spread and no mean that needs it (NaN if nothing is left)."""
    rest = table.drop(columns=["id", "hr_bpm", "pos_hr_bpm"])
    spread = table["hr_bpm"].std(ddof=0)
    return rest.mean().to_dict() | {"hr_spread_bpm": 0.0 if np.isnan(spread) else float(spread)}


def drawn(ids: list[str], limit: int, seed: int) -> list[str]:
    """Of more than `limit` ids so many, by the seed, sorted."""
    order = torch.randperm(len(ids), generator=generator_from(SUBSET, seed))
    return sorted(ids[i] for i in order[:limit])


def middle(stretches: list[tuple[int, int]], n_frames: int) -> int:
    """First frame of the clip in the middle of the longest stretch."""
    start, stop = max(stretches, key=lambda stretch: stretch[1] - stretch[0])
    return start + (stop - start - n_frames) // 2


def stack(clips: Clips, places: list[Place]) -> Tensor:
    """(n, T, ...), filled clip by clip: a list of crops and their stack take twice the memory."""
    first = clips[places[0]]["clip"]
    stack = first.new_empty(len(places), *first.shape)
    for i, place in enumerate(places):
        stack[i] = clips[place]["clip"]
    return stack
