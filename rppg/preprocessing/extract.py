"""Extraction from a video: the mean colours of the face's regions over time, and face crops.

Every frame is decoded once and released as soon as its neighbours are done, and the map can be
passed on in blocks of time, so memory grows by 0.2 KB per frame only.  T frames at 30 fps.

    >>> from rppg.datasets import read
    >>> traces = extract(read("folder", "videos")[0])  # doctest: +SKIP
    >>> traces.mstmap.shape, traces.meta["face_hit_rate"]  # doctest: +SKIP
    ((300, 63, 6), 1.0)
"""

from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from rppg.datasets.prepared import FPS
from rppg.datasets.recording import Recording
from rppg.preprocessing.face_detector import Box, BoxFinder
from rppg.preprocessing.face_mesh import (
    CROP_SIDE,
    FaceLandmarks,
    centred_mean,
    square_crop,
    square_round,
)
from rppg.preprocessing.mstmap import REGIONS, expand, region_means, yuv
from rppg.preprocessing.resampling import (
    CropGrid,
    TimedFrames,
    bridged,
    grid,
    neighbours,
    resample,
    spread_s,
    stretches,
)
from rppg.preprocessing.wide_crop import WideCropper

SHORTEST_S = 3.0  # minimum of video, and of video with a face
EVERY_FRAME_S = 1.0  # MTCNN gets every frame during this time,
THEN_EVERY_S = 0.5  # then a frame at this interval, until it finds a face
FRAMES_AT_A_TIME = 4  # each step has its data in the cache: 4 % faster than one by one
BLOCK_FRAMES = 150  # frames of the map that are resampled to 30 fps at a time
_NOTHING = (np.full((6, 3), np.nan), np.zeros(6))  # means, counts of a frame without a face


class NoFaceError(ValueError):
    """No face was found in a video, or not for long enough."""


@dataclass(frozen=True, eq=False)
class Traces:
    """Traces of a recording's video at 30 fps."""

    mstmap: np.ndarray | None  # (T, 63, 6) float32, NaN in gaps over 0.5 s; None: went to on_map
    times_s: np.ndarray  # (T,) since the first frame; add meta["start_s"] for the stamps' clock
    meta: dict  # facts of the video for recording.json
    preview: np.ndarray  # (H, W, 3) uint8, the first frame with a face
    preview_landmarks: np.ndarray  # (468, 2) float32
    fps: float = FPS


def extract(
    recording: Recording,
    landmarker: FaceLandmarks | None = None,
    on_crop: Callable[[np.ndarray], None] | None = None,
    find: Callable[[np.ndarray], Box | None] | None = None,
    on_map: Callable[[np.ndarray], None] | None = None,
    on_wide: Callable[[np.ndarray], None] | None = None,
) -> Traces:
    """Traces of one recording.

    on_crop gets T face crops (128, 128, 3) uint8 in order, on_wide T wide crops (64, 64, 3) uint8,
    on_map the map in blocks (t, 63, 6) float32; without on_map the result's `mstmap` is the map.
    landmarker: pass one to reuse it.  find: returns the face's box in a frame, or None; it is
    called until it finds one.  Default: that of a `BoxFinder`.
    Raises VideoError for a video that cannot be read, ValueError for one that is shorter than 3 s,
    shows a face for less than 3 s, or has a `problem`.
    """
    if recording.problem:
        raise ValueError(recording.problem)
    landmarker = landmarker or FaceLandmarks()
    landmarker.reset()
    frames = TimedFrames(recording)
    cropper = None if on_crop is None else _Cropper(recording, find or BoxFinder().find, on_crop)
    wide = None if on_wide is None else WideCropper(recording, on_wide)
    croppers = [one for one in (cropper, wide) if one is not None]
    times_s, means, counts = array("d"), array("d"), array("d")  # 0.2 KB a frame
    preview = None
    for rgb, time_s, landmarks in centred_mean(_with_landmarks(frames, landmarker, croppers)):
        found = landmarks is not None
        if found and preview is None:
            preview = (rgb, landmarks, time_s)
        mean, count = region_means(rgb, landmarks) if found else _NOTHING
        times_s.append(time_s)
        means.frombytes(mean.tobytes())
        counts.frombytes(count.tobytes())
    times_s, means = np.array(times_s), np.reshape(means, (-1, 6, 3))  # (n,), (n, 6, 3)
    counts = np.reshape(counts, (-1, 6))  # (n, 6)
    _check_long_enough(times_s, frames.n_frames)
    if preview is None:
        raise NoFaceError(f"no face in any of {frames.n_frames} frames")
    grid_s = grid(times_s)
    blocks, seen = [], 0
    for block in _map_blocks(means, counts, times_s, grid_s):
        (on_map or blocks.append)(block)
        seen += int(np.isfinite(block[:, -1, 0]).sum())
    if seen / FPS < SHORTEST_S:
        found = f"a face for {seen / FPS:.2f} s only"
        raise NoFaceError(f"{found}, expected {SHORTEST_S:g} s or more")
    for one in croppers:
        one.finish(len(grid_s))
    rgb, landmarks, preview_s = preview
    meta = _meta(recording, frames, rgb.shape, times_s, counts.sum(axis=1) > 0, grid_s)
    if cropper is not None:
        meta |= _crop_meta(cropper.square, landmarks, preview_s, grid_s)
    if wide is not None:
        meta["wide_boxes"] = wide.boxes
    mstmap = None if on_map else np.concatenate(blocks)
    return Traces(mstmap, grid_s - grid_s[0], meta, rgb, landmarks)


def _with_landmarks(frames, landmarker, croppers) -> Iterator[tuple]:
    """(rgb, time_s, landmarks) per frame; a few at a time are decoded, tracked, then cropped."""
    frames = iter(frames)
    while some := list(islice(frames, FRAMES_AT_A_TIME)):
        found = [landmarker(rgb) for rgb, _ in some]
        for (rgb, time_s), landmarks in zip(some, found, strict=True):
            for cropper in croppers:
                cropper.add(rgb, time_s, landmarks)
            yield rgb, time_s, landmarks


def _check_long_enough(times_s: np.ndarray, n_frames: int) -> None:
    span_s = times_s[-1] - times_s[0] if len(times_s) else 0.0
    duration_s = span_s * len(times_s) / (len(times_s) - 1) if len(times_s) > 1 else 0.0
    if duration_s < SHORTEST_S:
        found = f"{n_frames} frames, {duration_s:.2f} s"
        raise ValueError(f"the video is too short: {found}, expected {SHORTEST_S:g} s or more")


def _map_blocks(means, counts, times_s, grid_s) -> Iterator[np.ndarray]:
    """The map at grid times, in blocks of five seconds, so that memory stays constant."""
    known, half_s = counts > 0, spread_s(times_s)  # (n, 6)
    for start in range(0, len(grid_s), BLOCK_FRAMES):
        block_s = grid_s[start : start + BLOCK_FRAMES]
        near = neighbours(known, times_s, block_s)
        traces = expand(means[near], counts[near])[..., :3]
        rgb = resample(traces, times_s[near], block_s, half_s)  # (t, 63, 3)
        yield np.concatenate([rgb, yuv(rgb)], axis=-1, dtype=np.float32)


class _Cropper:
    """Crops every frame to the square around the first face that MTCNN finds.

    MTCNN starts at the first frame in which FaceMesh finds a face.  Frames before the one in which
    MTCNN finds it are decoded again to be cropped, so that none is kept in memory.
    """

    def __init__(self, recording: Recording, find, on_crop):
        self.recording, self.find = recording, find
        self.grid, self.square = CropGrid(on_crop), None
        self._n, self._looked_s = 0, []

    def add(self, rgb: np.ndarray, time_s: float, landmarks: np.ndarray | None) -> None:
        if self.square is None and landmarks is not None and self._is_time(time_s):
            self._look(rgb, time_s)
        if self.square is not None:
            self.grid.add(square_crop(rgb, self.square), time_s)
        self._n += 1

    def _is_time(self, time_s: float) -> bool:
        looked_s = self._looked_s
        if not looked_s or time_s - looked_s[0] <= EVERY_FRAME_S:
            return True
        return time_s - looked_s[-1] >= THEN_EVERY_S

    def _look(self, rgb: np.ndarray, time_s: float) -> None:
        self._looked_s.append(time_s)
        box = self.find(rgb)
        if box is not None:
            self.square = square_round(box)
            for earlier, earlier_s in islice(TimedFrames(self.recording), self._n):
                self.grid.add(square_crop(earlier, self.square), earlier_s)

    def finish(self, n: int) -> None:
        if self.square is None:
            raise NoFaceError(
                f"MTCNN finds no face in any of the {len(self._looked_s)} frames it looked at"
            )
        self.grid.finish(n)


def _meta(recording, frames, shape, times_s, faces, grid_s) -> dict:
    in_reach = bridged(times_s, faces, grid_s)  # (T,)
    return {
        "fps_source": recording.fps_source,
        "fps": float((len(times_s) - 1) / (times_s[-1] - times_s[0])),
        "n_source_frames": frames.n_frames,
        "n_frames": len(grid_s),
        "start_s": float(times_s[0]),
        "duration_s": len(grid_s) / FPS,
        "width": shape[1],
        "height": shape[0],
        "face_hit_rate": float(faces.mean()),
        "gaps_s": [[start / FPS, stop / FPS] for start, stop in stretches(~in_reach)],
        "filled_frames": int((~faces & bridged(times_s, faces, times_s)).sum()),
        "notes": [*recording.notes, *frames.notes],
    }


def _crop_meta(square, landmarks, preview_s: float, grid_s: np.ndarray) -> dict:
    """Position of the crops in the frame, and the regions in the first crop with a face: polygons
    in pixels of the crop, centres at integers; they lie outside if another face was cropped."""
    x, y, side = square
    points = (np.asarray(landmarks, float) + 0.5 - (x, y)) * CROP_SIDE / side - 0.5
    return {
        "face_box": [x, y, side],
        "preview_frame": int(np.abs(grid_s - preview_s).argmin()),
        "regions_px": {name: points[i].round(1).tolist() for name, i in REGIONS.items()},
    }
