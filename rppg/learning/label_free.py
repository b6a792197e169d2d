"""What can be said of a model's waves without a label: do they agree with themselves?

One clip a recording, (T, N, C) from the middle of its longest stretch, is read once and kept.
Nothing but the recordings' maps is read: `Clips`, never `LabelledClips`.

    >>> label_free = LabelFree(store, ids, normalise="ratio")  # doctest: +SKIP
    >>> fit(model, batches, step, config, run_dir, validate=label_free)  # doctest: +SKIP
    >>> label_free.table(model)["hr_bpm"].tolist()  # one row a recording  # doctest: +SKIP
    [71.7, 95.3]

The values, all the smaller the better, but the last, which should be that of people:

speed_disagreement_bpm    rate of the clip, and of the same clip played slower, at life's speed
overlap_disagreement_bpm  rate of its first 80 %, and of its last 80 %
rows_disagreement_bpm     rate from one half of the map's rows, and from the other half
self_disagreement_bpm     mean of these three (a model that takes no rows: of the two)
pos_disagreement_bpm      rate of the model, and of POS on the whole face
ipr                       irrelevant power ratio: share of the power from 0.3 Hz up that lies
                          outside the heart band (Gideon & Stent, ICCV 2021, count from 0 Hz;
                          what is slower than breath says nothing of a wave that is band-passed)
spectral_entropy          of the in-band spectrum, 0 one frequency, 1 all alike; 10 s of a sine are
                          at 0.60, of white noise at 0.93
hr_spread_bpm             standard deviation of the recordings' rates

A rate is the peak of the clip's spectrum in the heart band.  Disagreements end at 60 bpm: farther
off is as wrong.  A flat wave has no rate: the worst of each value is its value.
"""

import inspect
from collections.abc import Iterable

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from rppg.learning.clips import CLIP_FRAMES, Clips, Place
from rppg.learning.prediction import RGB, WHOLE_FACE
from rppg.learning.randomness import generator_from
from rppg.learning.waves import waves_of
from rppg.recordings.prepared import FPS
from rppg.recordings.store import Store
from rppg.signals.classical import wave as classical_wave
from rppg.signals.heart_rate import one_thread
from rppg.signals.spectrum import HEART_BAND_HZ, crop_band, power_spectrum, unit_area

N_FFT = 5400  # 1/3 bpm at 30 fps, as in the losses
MOST_BPM = 60.0  # where a disagreement ends
OVERLAP = 0.8  # of a clip, first and last
LOWEST_HZ = 0.3  # of the irrelevant power ratio
FLAT = 1e-6  # of a wave's largest value: a change as small as that is rounding
CLIPS_A_BATCH = 8
SUBSET, ROWS = 5, 6  # what a seed is for; fit has 0 to 4


class LabelFree:
    """`label_free(model)` is the mean of each value over the recordings, for fit's `validate`.

    ids of the recordings used, sorted.  left_out, pos_missing: id to the reason why a recording has
    no clip, or no POS wave (then it is in no mean of pos_disagreement_bpm).
    pos_hr_bpm (n,): rate of POS, NaN where it is missing.
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
    ):
        """Of more than `limit` recordings, so many are drawn from the seed.

        Raises KeyError for an id that was never prepared, ValueError where no recording is as long
        as a clip, or speed is not between 0 and 1 (a faster clip would need more frames).
        """
        if not 0 < speed < 1:
            raise ValueError(f"speed is {speed}, expected above 0 and below 1: a slower clip")
        if limit < 2:
            raise ValueError(f"limit is {limit}, expected 2 or more recordings to compare")
        whole = Clips(store, ids, "mstmap", n_frames, normalise)
        self.ids = _drawn(list(whole.stretches), limit, seed)
        self.left_out, self.speed = dict(whole.left_out), speed
        n_part = round(OVERLAP * n_frames)
        part = Clips(store, self.ids, "mstmap", n_part, normalise)
        starts = {id: _middle(whole.stretches[id], n_frames) for id in self.ids}
        self._clips = {
            "whole": _stack(whole, [Place(*at) for at in starts.items()]),  # (n, T, N, C)
            "slow": _stack(whole, [Place(*at, speed) for at in starts.items()]),
            "first": _stack(part, [Place(*at) for at in starts.items()]),  # (n, T', N, C)
            "last": _stack(part, [Place(id, at + n_frames - n_part) for id, at in starts.items()]),
        }
        n_rows = self._clips["whole"].shape[2]
        shuffled = torch.randperm(n_rows, generator=generator_from(ROWS, seed))
        self._halves = [half.sort().values for half in (shuffled[::2], shuffled[1::2])]
        self.pos_missing: dict[str, str] = {}
        self.pos_hr_bpm = np.array([self._pos(store, *at, n_frames) for at in starts.items()])

    def __call__(self, model: nn.Module) -> dict[str, float]:
        return means(self.table(model))

    @torch.no_grad()
    def table(self, model: nn.Module) -> pd.DataFrame:
        """One row a recording: id, hr_bpm, pos_hr_bpm, and each value but the spread.

        model: clips (B, T, N, C) -> waves (B, T); one that takes no `rows` lacks that value.  It
        runs where it lies and is left in eval mode.  hr_bpm is NaN where the wave is flat.  Raises
        FloatingPointError for a wave that is not finite.
        """
        model.eval()
        waves = {name: self._waves(model, clips) for name, clips in self._clips.items()}
        if "rows" in inspect.signature(model.forward).parameters:
            whole = self._clips["whole"]
            for name, rows in zip(("half", "other half"), self._halves, strict=True):
                waves[name] = self._waves(model, whole, rows)
        with one_thread():
            columns = self._values(waves)
        return pd.DataFrame({"id": self.ids} | {k: v.numpy() for k, v in columns.items()})

    def _values(self, waves: dict[str, Tensor]) -> dict[str, Tensor]:
        whole, pos_bpm = waves["whole"], torch.from_numpy(self.pos_hr_bpm)
        hr_bpm = rates_bpm(whole)
        found = {"hr_bpm": hr_bpm, "pos_hr_bpm": pos_bpm}
        slow_bpm = rates_bpm(waves["slow"], self.speed)
        found["speed_disagreement_bpm"] = disagreement_bpm(hr_bpm, slow_bpm)
        ends = rates_bpm(waves["first"]), rates_bpm(waves["last"])
        found["overlap_disagreement_bpm"] = disagreement_bpm(*ends)
        if "half" in waves:
            halves = rates_bpm(waves["half"]), rates_bpm(waves["other half"])
            found["rows_disagreement_bpm"] = disagreement_bpm(*halves)
        own = [value for name, value in found.items() if name.endswith("disagreement_bpm")]
        found["self_disagreement_bpm"] = torch.stack(own).mean(dim=0)
        missing = pos_bpm.isnan()
        from_pos = disagreement_bpm(hr_bpm, pos_bpm).masked_fill(missing, torch.nan)
        found["pos_disagreement_bpm"] = from_pos
        return found | {"ipr": irrelevant_power(whole), "spectral_entropy": entropy(whole)}

    def _waves(self, model: nn.Module, clips: Tensor, rows: Tensor | None = None) -> Tensor:
        """Waves (n, T) float64 of clips (n, T, N, C), of those rows only where they are given."""
        found = [waves_of(model, batch, rows).double() for batch in clips.split(CLIPS_A_BATCH)]
        waves = torch.cat(found)
        if not waves.isfinite().all():
            bad = [self.ids[i] for i in (~waves.isfinite().all(dim=1)).nonzero()[:, 0]]
            raise FloatingPointError(f"the model's waves of {', '.join(bad)} are not finite")
        return waves

    def _pos(self, store: Store, id: str, start: int, n_frames: int) -> float:
        """Rate in bpm of POS on the whole face in the clip; NaN, and why, where there is none."""
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
    """Mean of each value of `LabelFree.table`, and hr_spread_bpm; recordings without a rate, or
    without POS, are in no spread and no mean that needs it (NaN where nothing is left)."""
    rest = table.drop(columns=["id", "hr_bpm", "pos_hr_bpm"])
    spread = table["hr_bpm"].std(ddof=0)
    return rest.mean().to_dict() | {"hr_spread_bpm": 0.0 if np.isnan(spread) else float(spread)}


def rates_bpm(waves: Tensor, speed: float = 1.0) -> Tensor:
    """Heart rates (n,) of waves (n, T) at 30 fps that were played at `speed`: the peak in the heart
    band, scaled by it, over it.  NaN where a wave is flat."""
    band_hz = tuple(speed * edge_hz for edge_hz in HEART_BAND_HZ)
    freq_hz, power = crop_band(*power_spectrum(waves, FPS, N_FFT), band_hz)  # (F,), (n, F)
    return (60 * freq_hz[power.argmax(dim=-1)] / speed).masked_fill(_flat(waves), torch.nan)


def disagreement_bpm(one: Tensor, other: Tensor) -> Tensor:
    """|one - other| (n,), at most 60 bpm; 60 where either has no rate."""
    return (one - other).abs().clamp(max=MOST_BPM).nan_to_num(nan=MOST_BPM)


def irrelevant_power(waves: Tensor) -> Tensor:
    """Share (n,) of the power from 0.3 Hz up that is outside the heart band; 1 for a flat wave."""
    freq_hz, power = power_spectrum(waves, FPS, N_FFT)
    total = crop_band(freq_hz, power, (LOWEST_HZ, FPS / 2))[1].sum(dim=-1)
    inside = crop_band(freq_hz, power, HEART_BAND_HZ)[1].sum(dim=-1)
    return (1 - inside / total).masked_fill(_flat(waves), 1.0)


def entropy(waves: Tensor) -> Tensor:
    """Entropy (n,) of the in-band spectrum over its largest possible value; 1 for a flat wave."""
    share = unit_area(crop_band(*power_spectrum(waves, FPS, N_FFT), HEART_BAND_HZ)[1])  # (n, F)
    found = -torch.xlogy(share, share).sum(dim=-1)
    return (found / np.log(share.shape[-1])).masked_fill(_flat(waves), 1.0)


def _flat(waves: Tensor) -> Tensor:
    """(n,) whether a wave does not change."""
    span = waves.amax(dim=-1) - waves.amin(dim=-1)
    return span <= FLAT * waves.abs().amax(dim=-1)


def _drawn(ids: list[str], limit: int, seed: int) -> list[str]:
    order = torch.randperm(len(ids), generator=generator_from(SUBSET, seed))
    return sorted(ids[i] for i in order[:limit])


def _middle(stretches: list[tuple[int, int]], n_frames: int) -> int:
    """First frame of the clip in the middle of the longest stretch."""
    start, stop = max(stretches, key=lambda stretch: stretch[1] - stretch[0])
    return start + (stop - start - n_frames) // 2


def _stack(clips: Clips, places: list[Place]) -> Tensor:
    return torch.stack([clips[place]["clip"] for place in places])
