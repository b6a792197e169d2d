"""Clips of prepared recordings as torch datasets, read window by window from memory maps.

A clip is T frames at 30 fps of a recording's MSTmap (T, 63, 6), face crops (T, 128, 128, 3) or wide
crops (T, 64, 64, 3); crops are as stored or, with `size`, averaged down.

    >>> clips = Clips(store, ids, normalise="ratio", speeds=(0.6, 1.4))  # doctest: +SKIP
    >>> cut = {"collate": cut_to_shortest}  # if they are not equally long  # doctest: +SKIP
    >>> batches = Batches(clips, batch_size=4, **cut)  # training: random clips  # doctest: +SKIP
    >>> windows = clips.sliding_windows(step=15)  # doctest: +SKIP
    >>> loader = DataLoader(clips, sampler=windows)  # validation: all clips  # doctest: +SKIP
    >>> next(iter(loader))["clip"].shape  # doctest: +SKIP
    torch.Size([1, 300, 63, 6])

A training sample is a recording.  A batch never contains two clips of one recording: they have the
same HR, and the variance loss would push them apart.  All recordings have the same weight,
whatever their length and dataset.

`Clips` opens the requested array and recording.json only; it reads no ground-truth BVP and no HR,
so training on it uses no label.  `LabelledClips` adds the labels.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
import torch
from torch.utils.data import Dataset

from rppg.dataloader.augment import change_speed, source_frames
from rppg.dataloader.clip_checks import check_options, check_step, distinct
from rppg.dataloader.downsample import SmallCrops
from rppg.dataloader.normalise import NORMALISATIONS
from rppg.dataloader.opened import OpenedRecordings
from rppg.dataloader.stretches import longest, longest_clip, starts_of, stretches_of
from rppg.datasets.prepared import Prepared
from rppg.datasets.store import Store
from rppg.utils.threads import one_thread

CLIP_FRAMES = 300  # 10 s
STEP_FRAMES = 15

Augment = Callable[[dict, torch.Generator], dict]
Disturb = Callable[[torch.Tensor, float, torch.Generator], tuple[torch.Tensor, float]]


class Place(NamedTuple):
    """Position of a clip: recording, first frame, speed, the lag of its BVP in frames, and its
    length, if that is not the n_frames of `Clips`."""

    id: str
    start: int
    speed: float = 1.0
    late: int = 0
    n_frames: int | None = None


class Clips(Dataset):
    """`clips.sample(index, generator)` is a random clip of a recording; `clips[place]` is the clip
    at a place, without augmentation.  Both are dicts for torch's default_collate:

    clip   (T, ...) the array, normalised if requested, then augmented: maps float32, crops uint8,
           or float32 (T, size, size, 3) if a size is given
    speed  float32 (), playback speed; it scales the HR and the frequency band of the losses
    id, start

    Clips contain no frames in gaps over 0.5 s (gaps_s in recording.json); map rows whose regions
    were not visible are NaN unless `normalise` is given.  stretches: per id, sorted, the (start,
    stop) of gap-free stretches that give `shortest` frames at the highest speed.  skipped: id to
    reason, for recordings without such a stretch and those whose preparation failed.
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
        shortest: int | None = None,
        step: int = 1,
    ):
        """normalise: a name in NORMALISATIONS, for maps.  size: side in pixels, for crops.  speeds:
        (lowest, highest) for random clips.  shortest: frames that a random clip has at least, None:
        half of n_frames; give n_frames if all must be equally long.  step: frames between the
        starts in a stretch at which a random clip may begin; 15 gives the overlapping windows, and
        n_frames the clips side by side, of the paper (Qian et al.).  disturb: adds a distractor to
        random clips before they are normalised, (clip, speed, generator) -> (clip, rate_hz); their
        items then have disturbance_hz, float32 ().  augment: applied to random clips after
        normalisation, (item, generator) -> item.

        Raises KeyError for an id that was never prepared, ValueError for invalid parameters, for a
        recording that was prepared without the array, and if no recording has a clip.
        """
        self.store, self.array, self.n_frames = store, array, n_frames
        self.normalise, self.speeds, self.step = normalise, speeds, step
        self._opened = OpenedRecordings(store) if array == "mstmap" else store.open
        self.augment, self.disturb = augment, disturb
        self.size, self.crops = size, SmallCrops(array, size) if size else None
        self.shortest = max(n_frames // 2, 2) if shortest is None else shortest
        check_options(array, n_frames, self.shortest, speeds, normalise, size, step)
        self.needed = source_frames(self.shortest, speeds[1])  # frames of a stretch
        self.stretches: dict[str, list[tuple[int, int]]] = {}
        self.skipped: dict[str, str] = {}
        for id in distinct(ids):
            meta = store.meta(id)
            if meta is None:
                raise KeyError(f"{id} is not prepared in {store.root}: prepare it, or drop the id")
            stretches = [] if meta["status"] != "ok" else stretches_of(meta, self.needed)
            if reason := self._reason(meta, stretches):
                self.skipped[id] = reason
            else:
                store.open(id).path(array)
                self.stretches[id] = stretches
        if not self.stretches:
            text = "; ".join(f"{id}: {why}" for id, why in list(self.skipped.items())[:3])
            raise ValueError(f"no clip in {len(self.skipped)} recordings ({text or 'none given'})")

    def __len__(self) -> int:
        """Number of recordings with clips."""
        return len(self.stretches)

    @one_thread()
    def __getitem__(self, place: Place) -> dict:
        return self._normalised(self._item(place))

    @one_thread()
    def sample(self, index: int, generator: torch.Generator) -> dict:
        """A random clip of recording number `index`: place, speed and augmentation are drawn.

        Speeds are uniform in `speeds`, whatever the length of the recording.  If no stretch of it
        is long enough for n_frames at the speed, the clip is as long as one can be, `shortest` or
        more: no frame is made up, since a mirrored or repeated end breaks the rhythm that the
        losses ask for.  `rppg.dataloader.collate.cut_to_shortest` makes a batch of such clips.
        """
        item = self._item(place := self._place(list(self.stretches)[index], generator))
        if self.disturb is not None:
            item["clip"], rate_hz = self.disturb(item["clip"], place.speed, generator)
            item["disturbance_hz"] = torch.tensor(rate_hz, dtype=torch.float32)
        item = self._normalised(item)
        return item if self.augment is None else self.augment(item, generator)

    def sliding_windows(self, step: int = STEP_FRAMES) -> list[Place]:
        """All clips of n_frames at a hop of `step` frames within each stretch, sorted by id and
        time."""
        check_step(step)
        return [
            Place(id, start)
            for id, stretches in self.stretches.items()
            for start in starts_of(stretches, self.n_frames, step)
        ]

    def first(self, id: str) -> Place:
        """The clip at the start of a recording: of n_frames or, if no stretch is that long, of all
        of its longest one."""
        stretches = self.stretches[id]
        long = [one for one in stretches if one[1] - one[0] >= self.n_frames]
        start, stop = long[0] if long else max(stretches, key=lambda one: one[1] - one[0])
        return Place(id, start, n_frames=min(self.n_frames, stop - start))

    def _item(self, place: Place) -> dict:
        speed = torch.tensor(place.speed, dtype=torch.float32)
        facts = {"id": place.id, "start": place.start, "speed": speed}
        return self._read(self._opened(place.id), place) | facts

    def _normalised(self, item: dict) -> dict:
        if self.normalise is None:
            return item
        return item | {"clip": NORMALISATIONS[self.normalise](item["clip"])}

    def _place(self, id: str, generator: torch.Generator) -> Place:
        """A random place in a recording: uniform over the speeds, then over all starts, every
        `step` frames, that are valid at the speed."""
        at_speed, at_start = torch.rand(2, generator=generator, dtype=torch.float64).tolist()
        stretches, (low, high) = self.stretches[id], self.speeds
        speed = low + at_speed * (high - low)
        n_frames = min(self.n_frames, longest_clip(longest(stretches), speed))
        starts = starts_of(stretches, source_frames(n_frames, speed), self.step)
        return Place(id, starts[int(at_start * len(starts))], speed, n_frames=n_frames)

    def _reason(self, meta: dict, stretches: list) -> str | None:
        """Why a recording has no clips; None if it has some."""
        if meta["status"] != "ok":
            return f"not prepared: {meta.get('reason')}"
        if not stretches:
            return f"no {self.needed} frames without a gap in {meta['n_frames']}"
        return None

    def _read(self, prepared: Prepared, place: Place) -> dict:
        n_frames = place.n_frames or self.n_frames
        frames = self._frames(prepared, place, source_frames(n_frames, place.speed))
        return {"clip": change_speed(frames, place.speed, n_frames)}

    def _frames(self, prepared: Prepared, place: Place, n_read: int) -> torch.Tensor:
        if self.crops is not None:
            return self.crops.window(prepared, place.start, n_read)
        frames = prepared.window(place.start, n_read, names=(self.array,))[self.array]
        if self.array == "mstmap" and np.isnan(frames).all(axis=(1, 2)).any():
            where = f"frames {place.start} to {place.start + n_read}"
            text = f"{place.id}: a gap in {where} that is missing in gaps_s of recording.json"
            raise ValueError(f"{text}: prepare it again, or create new clips if that was done")
        return torch.from_numpy(frames)


class LabelledClips(Clips):
    """Clips with labels, for supervised training.  Recordings that are known to be bad, or that
    have neither BVP nor HR, are skipped.  Items also have

    wave      (T,) float32 ground-truth BVP of the clip, as recorded; NaN if has_wave is False
    hr_bpm    float32 (), of the whole recording, times speed; NaN if has_hr is False
    has_wave  bool (), whether the clip has a BVP without a gap
    has_hr    bool (), whether the labels contain the recording's HR

    Select by the flags (`wave[has_wave]`): NaN times 0 is NaN.  use_waves: False hides the BVPs.
    """

    def __init__(self, *arguments, use_waves: bool = True, **options):
        self.use_waves = use_waves
        super().__init__(*arguments, **options)

    def _reason(self, meta: dict, stretches: list) -> str | None:
        if reason := super()._reason(meta, stretches):
            return reason
        if meta.get("known_bad"):
            return f"known bad: {meta['known_bad']}"
        if meta.get("hr_true_bpm") is None and not self._has_wave(meta["id"]):
            return "no label: neither a ground-truth BVP nor an HR"
        return None

    def _has_wave(self, id: str) -> bool:
        return self.use_waves and self.store.open(id).bvp is not None

    def _read(self, prepared: Prepared, place: Place) -> dict:
        item = super()._read(prepared, place)
        n_frames = len(item["clip"])
        n_read = source_frames(n_frames, place.speed)
        names = ("bvp",) if self.use_waves else ()
        wave = prepared.window(place.start + place.late, n_read, names=names).get("bvp")
        has_wave = wave is not None and bool(np.isfinite(wave).all())
        wave = torch.from_numpy(wave) if has_wave else torch.full((n_read,), torch.nan)
        hr_bpm = prepared.meta.get("hr_true_bpm")
        return item | {
            "wave": change_speed(wave, place.speed, n_frames),
            "hr_bpm": torch.tensor(torch.nan if hr_bpm is None else hr_bpm * place.speed).float(),
            "has_wave": torch.tensor(has_wave),
            "has_hr": torch.tensor(hr_bpm is not None),
        }
