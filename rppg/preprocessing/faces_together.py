"""Several faces of one video, from one pass over its frames.

    faces = [Wanted(follow, follow.find) for follow in map(ChosenFace, "12")]
    for face, traces in zip(faces, extract_together(recording, faces)):
        if traces is None:  # rare: this one needs passes of its own
            traces = extract(recording, face.landmarker, find=face.find)

What is decoded is shared; each face has its own landmarks, colours and crops, with the same result
as by itself.  A face that FaceMesh does not follow in the whole picture, or whose crops fail, is
not done here: `extract` looks again, or says why.
"""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np

from rppg.datasets.recording import Recording
from rppg.preprocessing.extract import Traces, croppers_for, traces_of
from rppg.preprocessing.face_detector import Box
from rppg.preprocessing.face_mesh import FaceLandmarks
from rppg.preprocessing.face_track import AHEAD, FacePass, Gate
from rppg.preprocessing.resampling import TimedFrames
from rppg.preprocessing.tracking import Frame, SparseTracker
from rppg.utils.read_ahead import read_ahead


@dataclass(frozen=True, eq=False)
class Wanted:
    """One face: who follows it, and who gets its crops; as in `extract`."""

    landmarker: FaceLandmarks
    find: Callable[[np.ndarray], Box | None]
    on_crop: Callable[[np.ndarray], None] | None = None
    on_wide: Callable[[np.ndarray], None] | None = None


def extract_together(recording: Recording, faces: Sequence[Wanted]) -> list[Traces | None]:
    """Traces of each face, with sparse tracking; None for one that `extract` has to do.

    Raises ValueError for a recording with a problem, VideoError if it cannot be read.
    """
    if recording.problem:
        raise ValueError(recording.problem)
    frames = TimedFrames(recording)
    passes = [_OneOfSeveral(recording, frames, face) for face in faces]
    with closing(read_ahead(frames, AHEAD)) as decoded:
        for frame in decoded:
            for one in passes:
                one.attempt(one.add, frame)
    return [one.attempt(one.traces) for one in passes]


class _OneOfSeveral:
    """The pass of one face; its errors end it, not that of the others."""

    def __init__(self, recording: Recording, frames: TimedFrames, face: Wanted):
        face.landmarker.reset()
        gates: list[Gate] = []
        croppers = croppers_for(recording, face.on_crop, face.on_wide, face.find, gates)
        self._recording, self._has_failed = recording, False
        self._pass = FacePass(frames, croppers, gates)
        self._tracker = SparseTracker(lambda rgb, _: face.landmarker(rgb))

    def attempt(self, step: Callable, *arguments):
        """The result of a step; None if it fails, or one before it has failed."""
        if self._has_failed:
            return None
        try:
            return step(*arguments)
        except Exception:  # `extract` raises it again, or does without crops
            self._has_failed = True
            return None

    def add(self, frame: Frame) -> None:
        """Add the next frame, and its time."""
        for found in self._tracker.add(frame):
            self._pass.add(*found)

    def traces(self) -> Traces | None:
        """The traces after the last frame; None if the face was not followed."""
        for found in self._tracker.finish():
            self._pass.add(*found)
        track = self._pass.close()
        return traces_of(self._recording, track) if track.is_followed else None
