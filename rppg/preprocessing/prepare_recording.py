"""Preparation of one recording: reused, written, or stored as failed with the reason.

    >>> meta = prepare_one(recording, Store("prepared"))  # doctest: +SKIP
    >>> meta["status"], meta["reason"]  # doctest: +SKIP
    ('failed', 'clip2.avi: too short: 2 frames, 0.07 s')

Which errors are whose: a ValueError (VideoError is one) is the recording's and stays until its
source changes; StoreError, MachineFault and FinderLost end the run and nothing is booked; anything
else is unforeseen, stored with its type and tried again the next time.
"""

import functools
import os
from collections.abc import Sequence
from contextlib import ExitStack
from typing import NamedTuple

import numpy as np

from rppg.datasets.id_parts import shown
from rppg.datasets.npy_writer import ArrayFile
from rppg.datasets.prepared import FPS
from rppg.datasets.recording import LONGEST_BRIDGE_S, Recording, fingerprint
from rppg.datasets.store import Store, StoreError
from rppg.preprocessing import room
from rppg.preprocessing.extract import extract
from rppg.preprocessing.face_detector import BoxFinder, FinderLost
from rppg.preprocessing.face_mesh import CROP_SIDE, FaceLandmarks
from rppg.preprocessing.faults import LIBRARY, RESUMES, MachineFault, machine_fault
from rppg.preprocessing.landmark_finder import default_finder
from rppg.preprocessing.tracking import check_tracking
from rppg.preprocessing.wide_crop import WIDE_SIDE
from rppg.utils.packages import MEDIAPIPE, installed_versions

PREPARATION = 3  # increased if the same video gives other arrays: all recordings are redone
PACKAGES = ("av", "facenet-pytorch", *MEDIAPIPE, "numpy", "opencv-contrib-python", "scipy")
CROPS = ("face", "wide")
ARRAYS = {  # shape per frame and type on disk
    "mstmap": ((63, 6), "<f4"),
    "face": ((CROP_SIDE, CROP_SIDE, 3), "|u1"),
    "wide": ((WIDE_SIDE, WIDE_SIDE, 3), "|u1"),
}

_finder = functools.cache(BoxFinder)


class How(NamedTuple):
    """How recordings are prepared."""

    crops: Sequence[str] = ("face",)  # of CROPS
    tracking: str = "sparse"  # of TRACKINGS
    overlap: bool = False  # decode and track in threads: for a process that has the machine alone

    def check(self) -> None:
        """Raise ValueError for unknown crops or an unknown tracking."""
        if isinstance(self.crops, str) or not set(self.crops) <= set(CROPS):
            found = list(self.crops) if isinstance(self.crops, tuple) else self.crops
            raise ValueError(f"crops are {found!r}, expected a list of {' and '.join(CROPS)}")
        check_tracking(self.tracking)


class Outcome(NamedTuple):
    """What became of a recording."""

    status: str  # "prepared", "reused" or "failed"
    meta: dict  # its recording.json
    unforeseen: bool = False  # failed by an error that no check expects


@functools.cache
def _landmarker() -> FaceLandmarks:
    """FaceMesh, built once per process, when first needed."""
    try:
        return FaceLandmarks()
    except Exception as error:  # whatever it is, no recording has been looked at
        why = " ".join(f"{type(error).__name__}: {error}".split())
        text = f"FaceMesh cannot be started ({why}): {LIBRARY}; {RESUMES}"
        raise MachineFault(text) from error


def prepare_one(
    recording: Recording,
    store: Store,
    retry_failed: bool = False,
    crops: Sequence[str] = ("face",),
    tracking: str = "sparse",
) -> dict:
    """Prepare one recording in this process; returns its recording.json.

    A recording that is prepared with these crops and this tracking, whose source is unchanged and
    whose arrays are as they were written, is reused.  One that cannot be prepared is stored as
    failed with the reason, until its source changes or with retry_failed; after an unforeseen error
    it is tried again each time.  Raises StoreError, an OSError, if the store cannot be written,
    MachineFault, a RuntimeError, if the machine is at fault, and ValueError for unknown crops or an
    unknown tracking.
    """
    how = How(crops, tracking)
    how.check()
    return prepare_recording(recording, store, _finder().find, retry_failed, how).meta


def prepare_recording(
    recording: Recording, store: Store, find, retry_failed: bool, how: How
) -> Outcome:
    """As `prepare_one`, with find(rgb) for the box of a face."""
    mark = None
    try:
        mark = fingerprint(recording)
        known = store.meta(recording.id)
        if known is not None and known.get("fingerprint") == mark:
            if known["status"] == "failed" and not retry_failed and is_current(known, how):
                return Outcome("failed", known)
            if known["status"] == "ok" and is_current(known, how, store):
                return Outcome("reused", known)
        return Outcome("prepared", _write(recording, store, find, mark, how))
    except (StoreError, FinderLost):
        raise
    except Exception as error:
        if fault := machine_fault(error, recording.id):
            raise fault from error
        return _failed(recording, store, error, mark)


def _failed(recording: Recording, store: Store, error: Exception, mark: str | None) -> Outcome:
    """The recording stored as failed.  mark: None if its source could not be read."""
    reason = _reason(error, recording)
    if mark is None and isinstance(error, OSError):  # its source is missing or cannot be read
        known = store.meta(recording.id)
        if known is not None and known["status"] == "ok":
            reason += "; the copy that was prepared earlier stays"
            return Outcome("failed", {"id": recording.id, "reason": reason})
        return Outcome("failed", store_failure(recording, store, reason, mark))
    if isinstance(error, ValueError):
        return Outcome("failed", store_failure(recording, store, reason, mark))
    reason = f"{type(error).__name__}: {reason}"
    return Outcome("failed", store_failure(recording, store, reason, mark=None), unforeseen=True)


def _write(recording: Recording, store: Store, find, mark: str, how: How) -> dict:
    names = list(dict.fromkeys(("mstmap", "face", *how.crops)))
    if recording.problem is None:
        room.check_frames(recording)
    with store.begin(recording.id) as writer:
        if recording.problem is None:
            store.check_room(room.expected_bytes(recording, [ARRAYS[name] for name in names]))
        with ExitStack() as stack:
            to = {}  # name -> function that appends frames to that array
            for name in names:
                file = ArrayFile(writer.folder / f"{name}.npy", *ARRAYS[name])
                to[name] = stack.enter_context(file).append
            to_arrays = to["face"], find, to["mstmap"], to.get("wide")
            traces = extract(recording, _landmarker(), *to_arrays, how.tracking, how.overlap)
        meta = {**_identity(recording, mark), "status": "ok", "reason": None, **traces.meta}
        writer.save("head", traces.head)
        if recording.bvp is not None:
            bvp = recording.bvp.at(meta["start_s"] + traces.times_s)  # (T,)
            meta["notes"] += _coverage(bvp)
            if not np.isnan(bvp).all():
                writer.save("bvp", bvp.astype(np.float32))
        return writer.commit(meta)


def _coverage(bvp: np.ndarray) -> list[str]:
    """A note if half a second or more of a BVP (T,) is missing, that is NaN."""
    n = int(np.isfinite(bvp).sum())
    if (len(bvp) - n) / FPS < LONGEST_BRIDGE_S:
        return []
    if n == 0:
        return ["the contact PPG covers no part of the video"]
    return [f"the contact PPG covers {n / FPS:.2f} of {len(bvp) / FPS:.2f} s of the video"]


def store_failure(recording: Recording, store: Store, reason: str, mark: str | None) -> dict:
    """Store a recording as failed; returns its recording.json.  mark: the fingerprint of its
    source, None to try again the next time."""
    meta = {**_identity(recording, mark), "status": "failed", "reason": reason}
    with store.begin(recording.id) as writer:
        return writer.commit(meta)


def _reason(error: Exception, recording: Recording) -> str:
    """Message of an error without the folder of the recording, which differs between machines."""
    first = recording.frames[0] if isinstance(recording.frames, tuple) else recording.frames
    return shown(str(error).replace(f"{first.parent}{os.sep}", ""))


def _identity(recording: Recording, mark: str | None) -> dict:
    words = ("id", "dataset", "subject", "name", "split", "origin", "known_bad", "fps_source")
    return {
        **{word: getattr(recording, word) for word in words},
        "hr_mean_bpm": recording.hr_mean_bpm,
        "hr_true_bpm": recording.true_hr_bpm(),
        "notes": list(recording.notes),
        "fingerprint": mark,
        "versions": _versions(),
    }


@functools.cache
def _versions() -> dict:
    own = {"preparation": PREPARATION, "finder": default_finder()}
    return own | installed_versions(PACKAGES)


def is_current(meta: dict, how: How, store: Store | None = None) -> bool:
    """Whether a recording.json is of this version of the preparation and of this finder, and has
    these crops and this tracking, which do not matter for one that has failed; with a store,
    whether its arrays are intact, too.  One without a tracking is older than sparse tracking, one
    without a finder was made by mediapipe."""
    has_crops = "wide" not in how.crops or "wide_boxes" in meta
    is_tracked_so = meta.get("tracking", "every_frame") == how.tracking
    has_all = meta["status"] == "failed" or (has_crops and is_tracked_so)
    made_by, own = meta.get("versions") or {}, _versions()
    of_version = made_by.get("preparation") == own["preparation"]
    of_finder = made_by.get("finder", "mediapipe") == own["finder"]
    return has_all and of_version and of_finder and (store is None or store.is_intact(meta["id"]))
