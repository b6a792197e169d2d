"""Clips of prepared recordings as torch datasets, read from the memory maps by window.

A clip is T frames at 30 fps of a recording's map (T, 63, 6), face crops (T, 128, 128, 3) or wide
crops (T, 64, 64, 3), crops as stored or, with `size`, averaged down.

    >>> clips = Clips(store, ids, normalise="ratio", speeds=(0.6, 1.4))  # doctest: +SKIP
    >>> batches = Batches(clips, batch_size=4)  # to train: random clips  # doctest: +SKIP
    >>> loader = DataLoader(clips, sampler=clips.sliding_windows(step=15))  # to validate  # doctest: +SKIP
    >>> next(iter(loader))["clip"].shape  # doctest: +SKIP
    torch.Size([1, 300, 63, 6])

A sample to train on is a recording: what goes once through the samples, batch by batch, never has
two clips of one recording in a batch.  These have one heart rate, and the variance loss would pull
them apart.  All recordings count alike, long or short, of whichever dataset.

`Clips` opens the one array it is asked for and recording.json: no contact wave and no heart rate is
looked at, so what is trained on it has seen no label.  `LabelledClips` adds them.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
import torch
from torch.utils.data import Dataset

from rppg.dataloader.augment import change_speed, source_frames
from rppg.dataloader.downsample import average_down
from rppg.dataloader.normalise import NORMALISATIONS
from rppg.datasets.prepared import FPS, Prepared
from rppg.datasets.store import Store
from rppg.signals.heart_rate import one_thread

ARRAYS = ("mstmap", "face", "wide")
CLIP_FRAMES = 300  # 10 s
STEP_FRAMES = 15

Augment = Callable[[dict, torch.Generator], dict]
Disturb = Callable[[torch.Tensor, float, torch.Generator], tuple[torch.Tensor, float]]


class Place(NamedTuple):
    """Where a clip is: in which recording, from which frame on, at which speed, and by how many
    frames its contact wave is taken later than it."""

    id: str
    start: int
    speed: float = 1.0
    late: int = 0


class Clips(Dataset):
    """`clips.sample(index, generator)` is a random clip of a recording, `clips[place]` a certain one,
    not augmented; either is a dict, fit for torch's default_collate:

    clip   (T, ...) the array, normalised where asked, then augmented; a map float32, crops uint8,
           or float32 (T, size, size, 3) where a size is given
    speed  float32 (), how much faster than life; scales heart rates, and the band of the losses
    id, start

    Frames in gaps over 0.5 s (recording.json's gaps_s) are in no clip; a row of a map whose regions
    were out of sight is NaN unless `normalise` is given.  stretches: per id, sorted, the (start,
    stop) between gaps that are n_frames or longer.  skipped: id to reason of recordings that have
    none or were not prepared.
    """

    def __init__(
        self,
        store: Store,
        ids: Iterable[str],
        array: str = "mstmap",
        n_frames: int = CLIP_FRAMES,
        normalise: str | None = None,
        speeds: tuple[float, float] = (1.0, 1.0),
        augment: Augment | None = None,
        disturb: Disturb | None = None,
        size: int | None = None,
    ):
        """normalise: a name in NORMALISATIONS, for maps.  size: pixels a side, for crops.  speeds:
        (lowest, highest) of random clips.  disturb: what happens to these before they are
        normalised, (clip, speed, generator) -> (clip, rate_hz); their items then have
        disturbance_hz, float32 ().  augment: what happens to them after it, (item, generator) ->
        item.

        Raises KeyError for an id that was never prepared, ValueError for parameters that cannot be,
        for a recording that was prepared without the array, and where no recording is left.
        """
        self.store, self.array, self.n_frames = store, array, n_frames
        self.normalise, self.speeds = normalise, speeds
        self.augment, self.disturb, self.size = augment, disturb, size
        self._check()
        self.stretches: dict[str, list[tuple[int, int]]] = {}
        self.skipped: dict[str, str] = {}
        for id in _distinct(ids):
            meta = store.meta(id)
            if meta is None:
                raise KeyError(f"{id} is not prepared in {store.root}: prepare it, or leave it out")
            found = [] if meta["status"] != "ok" else stretches_of(meta, n_frames)
            if reason := self._reason(meta, found):
                self.skipped[id] = reason
            else:
                store.open(id).path(array)
                self.stretches[id] = found
        if not self.stretches:
            text = "; ".join(f"{id}: {why}" for id, why in list(self.skipped.items())[:3])
            raise ValueError(f"no clip in {len(self.skipped)} recordings ({text or 'none given'})")

    def __len__(self) -> int:
        """How many recordings there are clips of."""
        return len(self.stretches)

    @one_thread()
    def __getitem__(self, place: Place) -> dict:
        return self._normalised(self._item(place))

    @one_thread()
    def sample(self, index: int, generator: torch.Generator) -> dict:
        """A random clip of recording number `index`: place, speed and augmentation from generator.

        Speeds are uniform in `speeds`; one too fast for the recording's longest stretch becomes the
        fastest that fits, which is 1 where that is just as long as a clip.
        """
        item = self._item(place := self._place(list(self.stretches)[index], generator))
        if self.disturb is not None:
            item["clip"], rate_hz = self.disturb(item["clip"], place.speed, generator)
            item["disturbance_hz"] = torch.tensor(rate_hz, dtype=torch.float32)
        item = self._normalised(item)
        return item if self.augment is None else self.augment(item, generator)

    def sliding_windows(self, step: int = STEP_FRAMES) -> list[Place]:
        """Every clip of every recording, one each `step` frames of a stretch, by id and time."""
        if step < 1:
            raise ValueError(f"step is {step} frames, expected 1 or more")
        return [
            Place(id, start)
            for id, stretches in self.stretches.items()
            for first, stop in stretches
            for start in range(first, stop - self.n_frames + 1, step)
        ]

    def _item(self, place: Place) -> dict:
        n_read = source_frames(self.n_frames, place.speed)
        speed = torch.tensor(place.speed, dtype=torch.float32)
        facts = {"id": place.id, "start": place.start, "speed": speed}
        return self._read(self.store.open(place.id), place, n_read) | facts

    def _normalised(self, item: dict) -> dict:
        if self.normalise is None:
            return item
        return item | {"clip": NORMALISATIONS[self.normalise](item["clip"])}

    def _place(self, id: str, generator: torch.Generator) -> Place:
        """A random place in a recording: every start with room for the speed is as likely."""
        at_speed, at_start = torch.rand(2, generator=generator, dtype=torch.float64).tolist()
        stretches, (low, high) = self.stretches[id], self.speeds
        longest = max(stop - start for start, stop in stretches)
        speed = min(low + at_speed * (high - low), (longest - 1) / (self.n_frames - 1))
        n_read = source_frames(self.n_frames, speed)
        starts = [first for start, stop in stretches for first in range(start, stop - n_read + 1)]
        return Place(id, starts[int(at_start * len(starts))], speed)

    def _reason(self, meta: dict, stretches: list) -> str | None:
        """Why there are no clips of a recording; None where there are."""
        if meta["status"] != "ok":
            return f"not prepared: {meta.get('reason')}"
        if not stretches:
            return f"no {self.n_frames} frames without a gap in {meta['n_frames']}"
        return None

    def _read(self, prepared: Prepared, place: Place, n_read: int) -> dict:
        frames = prepared.window(place.start, n_read, names=(self.array,))[self.array]
        if self.array == "mstmap" and np.isnan(frames).all(axis=(1, 2)).any():
            where = f"frames {place.start} to {place.start + n_read}"
            text = f"{place.id}: a gap in {where} that recording.json's gaps_s lacks"
            raise ValueError(f"{text}: prepare it again, or make the clips anew if that was done")
        frames = torch.from_numpy(frames)
        if self.size is not None:
            frames = average_down(frames, self.size)
        return {"clip": change_speed(frames, place.speed, self.n_frames)}

    def _check(self) -> None:
        if self.array not in ARRAYS:
            raise ValueError(f"no array {self.array!r}, expected one of {', '.join(ARRAYS)}")
        if self.n_frames < 2:
            raise ValueError(f"n_frames is {self.n_frames}, expected 2 or more")
        if not 0 < self.speeds[0] <= self.speeds[1]:
            raise ValueError(f"speeds are {self.speeds}, expected (low, high), 0 < low <= high")
        if self.normalise is not None and self.array != "mstmap":
            raise ValueError(f"normalise is for maps: leave it out for {self.array!r}")
        if self.size is not None and self.array == "mstmap":
            raise ValueError(f"size is for crops: leave it out for {self.array!r}")
        if self.normalise not in (None, *NORMALISATIONS):
            names = ", ".join(NORMALISATIONS)
            raise ValueError(f"no normalisation {self.normalise!r}, expected one of {names}")


def stretches_of(meta: dict, n_frames: int) -> list[tuple[int, int]]:
    """(start, stop) of the frames between the gaps of a recording.json, n_frames long or longer."""
    gaps = [[round(edge_s * FPS) for edge_s in gap] for gap in meta.get("gaps_s") or []]
    edges = [0, *(edge for gap in gaps for edge in gap), meta["n_frames"]]
    pairs = zip(edges[::2], edges[1::2], strict=True)
    return [(start, stop) for start, stop in pairs if stop - start >= n_frames]


class LabelledClips(Clips):
    """Clips with their labels, for training on them.  Recordings that their dataset calls bad, or
    that have neither wave nor heart rate, are left out.  An item has also

    wave      (T,) float32 contact wave of the clip, as recorded; NaN where has_wave is False
    hr_bpm    float32 (), of the whole recording, times speed; NaN where has_hr is False
    has_wave  bool (), whether there is a wave without a gap in this clip
    has_hr    bool (), whether the labels say the recording's heart rate

    Choose by the flags (`wave[has_wave]`): NaN times 0 is NaN.
    """

    def _reason(self, meta: dict, stretches: list) -> str | None:
        if reason := super()._reason(meta, stretches):
            return reason
        if meta.get("known_bad"):
            return f"known bad: {meta['known_bad']}"
        if meta.get("hr_true_bpm") is None and self.store.open(meta["id"]).bvp is None:
            return "no label: neither a contact wave nor a heart rate"
        return None

    def _read(self, prepared: Prepared, place: Place, n_read: int) -> dict:
        item = super()._read(prepared, place, n_read)
        wave = prepared.window(place.start + place.late, n_read, names=("bvp",)).get("bvp")
        has_wave = wave is not None and bool(np.isfinite(wave).all())
        wave = torch.from_numpy(wave) if has_wave else torch.full((n_read,), torch.nan)
        hr_bpm = prepared.meta.get("hr_true_bpm")
        return item | {
            "wave": change_speed(wave, place.speed, self.n_frames),
            "hr_bpm": torch.tensor(torch.nan if hr_bpm is None else hr_bpm * place.speed).float(),
            "has_wave": torch.tensor(has_wave),
            "has_hr": torch.tensor(hr_bpm is not None),
        }


def _distinct(ids: Iterable[str]) -> list[str]:
    """The ids, sorted.  ValueError where one is there twice."""
    found = sorted(ids)
    if twice := sorted({a for a, b in zip(found, found[1:], strict=False) if a == b}):
        raise ValueError(f"{', '.join(twice)}: given twice, expected every recording once")
    return found
