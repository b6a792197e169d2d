"""One pass over a recording's frames: landmarks, colours of the six regions, and crops.

    >>> track = follow_face(recording, lambda rgb, time_s: landmarker(rgb))  # doctest: +SKIP
    >>> track.means.shape, track.hit_rate  # doctest: +SKIP
    ((300, 6, 3), 1.0)

Behind gates, crops are kept back for 4 s, and dropped unless the face is followed by then: another
pass, maybe with other landmarks, makes them.
"""

import os
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

import numpy as np

from rppg.datasets.recording import Recording
from rppg.preprocessing.face_mesh import CentredMean
from rppg.preprocessing.frame_changes import Cuts, FreshFrames, face_grid, first_of
from rppg.preprocessing.head_pose import NO_HEAD, head_pose
from rppg.preprocessing.mstmap import NO_FACE, region_means
from rppg.preprocessing.resampling import TimedFrames
from rppg.preprocessing.tracking import TRACKINGS, Follow, Found
from rppg.utils.read_ahead import read_ahead

MOST_DECODERS = 4  # threads; each holds a frame of the video
AHEAD = 4  # frames that are decoded, and tracked, before they are asked for, with `overlap`
TRIAL_S = 4.0  # of video, after which it is decided whether the landmarks are good enough:
FOLLOWED = 0.8  # minimum share of frames with a face
JUMP = 1.0  # heights of the face that it moves from one sight to the next: another face


class Gate:
    """Keeps crops back until it is opened: `crops = Gate(on_crop); crops(crop); crops.open()`."""

    def __init__(self, emit: Callable[[np.ndarray], None]):
        self._emit, self._kept = emit, []

    def __call__(self, crop: np.ndarray) -> None:
        """Pass a crop on, or keep it."""
        if self._kept is None:
            self._emit(crop)
        else:
            self._kept.append(crop)

    def open(self) -> None:
        """Pass on what was kept, and everything from now on."""
        kept, self._kept = self._kept or [], None
        for crop in kept:
            self._emit(crop)


@dataclass(eq=False)
class Track:
    """What one pass gives, for n frames; `croppers` is empty if they were dropped."""

    frames: TimedFrames
    croppers: list
    times_s: np.ndarray | array = field(default_factory=lambda: array("d"))  # (n,)
    means: np.ndarray | array = field(default_factory=lambda: array("d"))  # (n, 6, 3)
    counts: np.ndarray | array = field(default_factory=lambda: array("d"))  # (n, 6)
    heights: np.ndarray | array = field(default_factory=lambda: array("d"))  # pixels, 0 without
    heads: np.ndarray | array = field(default_factory=lambda: array("d"))  # (n, 5), `head_pose`
    preview: tuple | None = None  # (rgb, landmarks, time_s) of the first frame with a face
    notes: list[str] = field(default_factory=list)
    is_followed: bool = False  # whether the face was there during the trial
    changing_share: float = 1.0  # of the seconds, with a picture that does not stand still

    def add(self, rgb: np.ndarray, time_s: float, landmarks: np.ndarray | None) -> None:
        """Add a frame with its smoothed landmarks."""
        found = landmarks is not None
        if found and self.preview is None:
            self.preview = (rgb, landmarks, time_s)
        mean, count = region_means(rgb, landmarks) if found else NO_FACE
        self.times_s.append(time_s)
        self.means.frombytes(mean.tobytes())
        self.counts.frombytes(count.tobytes())
        self.heights.append(np.ptp(landmarks[:, 1]) if found else 0.0)
        self.heads.frombytes((head_pose(landmarks) if found else NO_HEAD).tobytes())

    def close(self) -> None:
        """Turn the lists into arrays after the last frame."""
        self.times_s, self.heights = np.array(self.times_s), np.array(self.heights)
        self.means = np.reshape(self.means, (-1, 6, 3))
        self.counts = np.reshape(self.counts, (-1, 6))
        self.heads = np.reshape(self.heads, (-1, len(NO_HEAD)))

    @property
    def faces(self) -> np.ndarray:
        """(n,) bool: the frames with a face."""
        return self.counts.sum(axis=1) > 0

    @property
    def hit_rate(self) -> float:
        """Share of the frames with a face, 0 without a frame."""
        return float(self.faces.mean()) if len(self.times_s) else 0.0

    @property
    def height_px(self) -> float:
        """Median height of the face, 0 without one."""
        seen = self.heights[self.heights > 0]
        return float(np.median(seen)) if len(seen) else 0.0


def follow_face(
    recording: Recording,
    follow: Follow,
    croppers: Sequence = (),
    gates: Sequence[Gate] = (),
    tracking: str = "every_frame",
    overlap: bool = False,
) -> Track:
    """The track of a recording's face.

    follow: landmarks (468, 2), or None, of a frame and its time.  croppers: `add(rgb, time_s,
    landmarks)` is called for each frame.  gates: the croppers' gates, opened if the trial succeeds;
    if it fails, the croppers are dropped.  Without gates, croppers stay in any case.
    tracking: of TRACKINGS.  overlap: decode in some threads, and call `follow` in another, with the
    same result.
    Raises VideoError as `TimedFrames` does.
    """
    frames = TimedFrames(recording, decoder_threads() if overlap else 1)
    one = FacePass(frames, croppers, gates)
    with _found(frames, follow, tracking, overlap) as found:
        for entry in found:
            one.add(*entry)
    return one.close()


def decoder_threads() -> int:
    """How many threads decode a video for a process that has the machine to itself."""
    usable = getattr(os, "sched_getaffinity", lambda _: range(os.cpu_count() or 1))(0)
    return min(MOST_DECODERS, len(usable))


class FacePass:
    """The track of one face, given frame by frame; croppers and gates as in `follow_face`."""

    def __init__(self, frames: TimedFrames, croppers: Sequence = (), gates: Sequence[Gate] = ()):
        self._track = Track(frames, list(croppers))
        self._trial, self._sights = _Trial(self._track, gates), _Sights(self._track)
        self._smooth, self._shape = CentredMean(), None

    def add(self, rgb: np.ndarray, time_s: float, landmarks: np.ndarray | None) -> None:
        """Add the next frame with its landmarks (468, 2), or None."""
        self._sights.add(rgb, time_s, landmarks)
        for cropper in self._track.croppers:
            cropper.add(rgb, time_s, landmarks)
        self._trial.add(time_s, landmarks is not None)
        if rgb.shape != self._shape:  # landmarks of two sizes are not averaged
            self._keep(self._smooth.finish())
            self._shape = rgb.shape
        self._keep(self._smooth.add((rgb, time_s, landmarks)))

    def close(self) -> Track:
        """The track, after the last frame."""
        self._keep(self._smooth.finish())
        self._trial.decide()
        self._sights.close()
        self._track.close()
        return self._track

    def _keep(self, smoothed: list[Found]) -> None:
        for entry in smoothed:
            self._track.add(*entry)


@contextmanager
def _found(
    frames: TimedFrames, follow: Follow, tracking: str, overlap: bool
) -> Iterator[Iterator[Found]]:
    """The frames with their landmarks; threads, if there are any, end with the block."""
    find = TRACKINGS[tracking]
    if not overlap:
        yield find(frames, follow)
        return
    with closing(read_ahead(frames, AHEAD)) as decoded:
        with closing(read_ahead(find(decoded, follow), AHEAD)) as found:
            yield found


class _Trial:
    """The decision whether a track's face is followed, after its first 4 s."""

    def __init__(self, track: Track, gates: Sequence[Gate]):
        self.track, self.gates = track, gates
        self._start_s, self._n, self._hits, self._is_over = None, 0, 0, False

    def add(self, time_s: float, found: bool) -> None:
        if self._is_over:
            return
        self._start_s = time_s if self._start_s is None else self._start_s
        self._n, self._hits = self._n + 1, self._hits + found
        if time_s - self._start_s >= TRIAL_S:
            self.decide()

    def decide(self) -> None:
        if self._is_over:
            return
        self._is_over = True
        self.track.is_followed = self._hits >= max(1, FOLLOWED * self._n)
        if self.track.is_followed:
            for gate in self.gates:
                gate.open()
        elif self.gates:
            self.track.croppers.clear()


class _Sights:
    """Notes about repeated frames, cuts, changes of the picture's size, and a face that is
    suddenly somewhere else."""

    def __init__(self, track: Track):
        self.track, self._fresh, self._cuts = track, FreshFrames(), Cuts()
        self._sizes, self._jumps, self._last = [], [], None

    def add(self, rgb: np.ndarray, time_s: float, landmarks: np.ndarray | None) -> None:
        face = None if landmarks is None else face_grid(rgb.shape, landmarks)
        self._fresh.add(rgb, time_s, face)
        self._cuts.add(rgb, time_s, face)
        height, width = rgb.shape[:2]
        if not self._sizes or self._sizes[-1][:2] != (width, height):
            self._sizes.append((width, height, time_s))
            self._last = None
        if landmarks is None:
            return
        centre, face_px = landmarks.mean(axis=0), np.ptp(landmarks[:, 1])
        if self._last is not None:
            last_centre, last_px = self._last
            if np.hypot(*(centre - last_centre)) > JUMP * max(face_px, last_px):
                self._jumps.append(time_s)
        self._last = centre, face_px

    def close(self) -> None:
        notes, sizes, jumps = self.track.notes, self._sizes, self._jumps
        notes += [*self._fresh.notes(), *self._cuts.notes()]
        if len(times_s := self.track.times_s):
            self.track.changing_share = self._fresh.changing_share(times_s)
        if len(sizes) > 1:
            (w0, h0, _), (w1, h1, at_s) = sizes[:2]
            change = f"from {w0}x{h0} to {w1}x{h1} at {at_s:.2f} s{first_of(len(sizes) - 1)}"
            notes.append(f"the picture changes {change}: crops and regions change with it")
        if jumps:
            at = f"at {jumps[0]:.2f} s{first_of(len(jumps))}"
            notes.append(f"the face jumps {at}: maybe another face")
