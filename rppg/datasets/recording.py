"""A recording: one video of one subject, with whatever labels its dataset gives.

Every reader yields `Recording`s and everything after the readers speaks only of them.  Frames stay
on disk; arrays here are labels and stamps: values (n,), times_s (n,), float64.

    >>> pulse = Signal(values=[0.0, 1.0, 0.0], times_s=[0.0, 0.1, 0.2])
    >>> pulse.at([0.05, 0.2, 0.3]).tolist()
    [0.5, 0.0, nan]
    >>> recording = Recording("demo", "ann", "v1.mp4", frames=Path("v1.mp4"), fps=25.0, bvp=pulse)
    >>> recording.id, recording.fps_source, recording.true_hr_bpm()
    ('demo/ann/v1.mp4', 'labels', None)
"""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rppg.datasets.frame_array import FrameArray
from rppg.datasets.id_parts import check_part, shown

LONGEST_BRIDGE_S = 0.5  # NaN stretches up to this long are interpolated, longer ones stay NaN
SYNTHETIC_MARK = "SYNTHETIC.txt"  # lies at the root of a written, not filmed, dataset
SIMULATED = "simulated"  # dataset of clips that were never a video (rppg.synthetic.traces)
SPLITS = ("train", "test", "none")
ORIGINS = ("real", "synthetic")
BAYER_PATTERNS = ("RGGB", "GRBG", "BGGR", "GBRG")  # of the top left 2x2 pixels, by row
SAMPLED_BYTES = 65536  # of a source's start and of its end that enter the fingerprint


@dataclass(frozen=True, eq=False)
class Signal:
    """A label that runs through time: values (n,) and times_s (n,), NaN where it was not measured.

    Raises ValueError where the two differ in length or are empty, where times are not finite and
    strictly increasing, and where a value is infinite.
    """

    values: np.ndarray
    times_s: np.ndarray

    def __post_init__(self):
        times_s = _increasing(self.times_s, "times_s of a signal")
        values = np.array(self.values, dtype=np.float64)
        if values.shape != times_s.shape:
            raise ValueError(f"a signal of {values.shape} values has {times_s.shape} times")
        if np.isinf(values).any():
            raise ValueError(f"value {int(np.isinf(values).argmax())} of a signal is infinite")
        _freeze(self, values=values, times_s=times_s)

    def at(self, times_s) -> np.ndarray:
        """Values at other times (m,): linear, float64.

        NaN before the first and after the last measured value, and between two measured values
        more than 0.5 s apart that have NaN values between them.
        """
        query_s = np.asarray(times_s, dtype=np.float64)
        measured = np.flatnonzero(~np.isnan(self.values))
        if len(measured) == 0:
            return np.full(query_s.shape, np.nan)
        known_s, known = self.times_s[measured], self.values[measured]
        result = np.interp(query_s, known_s, known, left=np.nan, right=np.nan)
        gap_after = (np.diff(measured) > 1) & (np.diff(known_s) > LONGEST_BRIDGE_S)  # (k - 1,)
        before = np.searchsorted(known_s, query_s, side="right") - 1  # last known at or before
        exact = known_s[before.clip(0)] == query_s
        in_gap = np.append(gap_after, False)[before.clip(0)] & (before >= 0) & ~exact
        return np.where(in_gap, np.nan, result)


@dataclass(frozen=True, eq=False)
class Recording:
    """One video of one subject.  Raises ValueError for what no later stage could mend.

    Times of frames come from `times_s` (the layout's own stamps), else from `fps` (its labels),
    else from the container; `fps_source` says which.
    """

    dataset: str
    subject: str
    name: str
    frames: Path | tuple[Path, ...] | FrameArray  # a video file, image files in order, or pixels
    times_s: np.ndarray | None = None  # (n_frames,) stamps; they may start anywhere
    fps: float | None = None  # frames a second as the labels state it
    bvp: Signal | None = None  # contact pulse wave, the sensor's own units
    hr: Signal | None = None  # heart rate in bpm over time
    hr_mean_bpm: float | None = None  # one heart rate for the whole recording
    split: str = "none"
    origin: str = "real"
    problem: str | None = None  # why it cannot be used, found by the reader
    notes: tuple[str, ...] = ()  # what a person should know; names files relative to the root
    known_bad: str | None = None  # why evaluation leaves it out, as published; it is prepared still
    bayer: str | None = None  # colour filter of raw image files, one of BAYER_PATTERNS

    def __post_init__(self):
        for word in ("dataset", "subject", "name"):
            check_part(word, getattr(self, word))
        _check_choice("split", self.split, SPLITS)
        _check_choice("origin", self.origin, ORIGINS)
        if self.bayer is not None:
            _check_choice("bayer", self.bayer, BAYER_PATTERNS)
        for word in ("fps", "hr_mean_bpm"):
            value = getattr(self, word)
            if value is not None and not (np.isfinite(value) and value > 0):
                raise ValueError(f"{self.id}: {word} is {value}, expected a positive number")
        _freeze(self, frames=_as_frames(self.frames), notes=tuple(map(shown, self.notes)))
        if self.problem is not None:
            _freeze(self, problem=shown(self.problem))
        if self.times_s is not None:
            _freeze(self, times_s=_increasing(self.times_s, f"times_s of {self.id}"))
            if isinstance(self.frames, tuple) and len(self.frames) != len(self.times_s):
                counts = f"{len(self.frames)} image files and {len(self.times_s)} stamps"
                raise ValueError(f"{self.id}: {counts}, expected as many of both")

    @property
    def id(self) -> str:
        return f"{self.dataset}/{self.subject}/{self.name}"

    @property
    def fps_source(self) -> str:
        """Where the frames' times come from: "stamps", "labels" or "container"."""
        if self.times_s is not None:
            return "stamps"
        return "container" if self.fps is None else "labels"

    def true_hr_bpm(self) -> float | None:
        """`hr_mean_bpm`; else the mean of the `hr` samples from the first to the last frame's
        stamp (all samples where there are no stamps); else None."""
        if self.hr_mean_bpm is not None:
            return float(self.hr_mean_bpm)
        if self.hr is None:
            return None
        inside = ~np.isnan(self.hr.values)
        if self.times_s is not None:
            inside &= (self.hr.times_s >= self.times_s[0]) & (self.hr.times_s <= self.times_s[-1])
        return float(self.hr.values[inside].mean()) if inside.any() else None


def origin_of(path) -> str:
    """ "synthetic" where SYNTHETIC.txt lies in `path` or a folder above it, else "real".

    Folders are followed both as written and with links resolved, so a link into a synthetic
    dataset stays synthetic.
    """
    places = (Path(path).absolute(), Path(os.path.realpath(path)))  # a loop of links is no error
    folders = {folder for place in places for folder in (place, *place.parents)}
    marked = any(os.path.isfile(folder / SYNTHETIC_MARK) for folder in folders)
    return "synthetic" if marked else "real"


def fingerprint(recording: Recording) -> str:
    """What a prepared copy depends on, as 64 hex digits: id, labels, stamps, notes, and of a
    video file its size, its first and its last 64 KiB; of image files all names and sizes, and the
    same of the first and the last one.  Neither folder nor file date matters.

    The sources of a recording that has a `problem` are never opened, here neither.  Raises
    FileNotFoundError, naming the recording, where a source is missing.
    """
    digest = hashlib.sha256()
    words = ("id", "fps", "hr_mean_bpm", "split", "origin", "problem", "notes")
    words += ("known_bad", "bayer")
    digest.update(json.dumps([getattr(recording, word) for word in words]).encode())
    for label in (recording.bvp, recording.hr):
        _digest_array(digest, None if label is None else label.values)
        _digest_array(digest, None if label is None else label.times_s)
    _digest_array(digest, recording.times_s)
    if recording.problem is None:
        frames = recording.frames
        sources = frames if isinstance(frames, tuple) else (frames,)
        for index, source in enumerate(sources):
            opened = index in (0, len(sources) - 1)
            _digest_source(digest, source, recording.id, opened)
    return digest.hexdigest()


def _digest_array(digest, array: np.ndarray | None) -> None:
    digest.update(b"none" if array is None else f"{array.shape}".encode())
    if array is not None:
        digest.update(array.astype("<f8").tobytes())


def _digest_source(digest, source: Path, id: str, opened: bool) -> None:
    if not source.is_file():
        raise FileNotFoundError(f"{id}: its source {source} is missing or not a file")
    n_bytes = source.stat().st_size
    digest.update(os.fsencode(source.name) + f":{n_bytes}".encode())
    if not opened:
        return
    with source.open("rb") as file:
        digest.update(file.read(SAMPLED_BYTES))
        file.seek(max(0, n_bytes - SAMPLED_BYTES))
        digest.update(file.read(SAMPLED_BYTES))


def _increasing(times_s, what: str) -> np.ndarray:
    times_s = np.array(times_s, dtype=np.float64)
    if times_s.ndim != 1 or len(times_s) == 0:
        raise ValueError(f"{what}: shape {times_s.shape}, expected (n,) with n of 1 or more")
    if not np.isfinite(times_s).all():
        raise ValueError(f"{what}: entry {int((~np.isfinite(times_s)).argmax())} is not finite")
    if (steps_s := np.diff(times_s)).size and steps_s.min() <= 0:
        at = int((steps_s <= 0).argmax())
        pair = f"{times_s[at]:g} s is followed by {times_s[at + 1]:g} s"
        raise ValueError(f"{what}: entry {at}, {pair}; expected strictly increasing times")
    return times_s


def _check_choice(word: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{word} of a recording is {value!r}, expected one of {choices}")


def _as_frames(frames) -> Path | tuple[Path, ...] | FrameArray:
    if isinstance(frames, FrameArray):
        return frames
    if isinstance(frames, (str, Path)):
        return Path(frames)
    if not (paths := tuple(Path(frame) for frame in frames)):
        raise ValueError("a recording has no frames: expected a video file or image files")
    return paths


def _freeze(instance, **fields) -> None:
    for name, value in fields.items():
        if isinstance(value, np.ndarray):
            value.setflags(write=False)
        object.__setattr__(instance, name, value)
