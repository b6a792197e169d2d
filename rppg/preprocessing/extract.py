"""Extraction from a video: the mean colours of the face's regions over time, and face crops.

Every frame is decoded once and released as soon as its neighbours are done, and the map can be
passed on in blocks of time, so memory grows by 0.2 KB per frame only.  A video whose face FaceMesh
does not follow in the first 4 s is decoded again.  T frames at 30 fps.

    >>> from rppg.datasets import read
    >>> traces = extract(read("folder", "videos")[0])  # doctest: +SKIP
    >>> traces.mstmap.shape, traces.meta["face_hit_rate"]  # doctest: +SKIP
    ((300, 63, 6), 1.0)
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from rppg.datasets.prepared import FPS
from rppg.datasets.recording import Recording
from rppg.preprocessing.face_crop import FaceCropper
from rppg.preprocessing.face_detector import Box, BoxFinder, NoFaceError
from rppg.preprocessing.face_mesh import FaceLandmarks
from rppg.preprocessing.face_track import FOLLOWED, Gate, Track, follow_face
from rppg.preprocessing.frame_rate import check_frame_rate
from rppg.preprocessing.mstmap import expand, yuv
from rppg.preprocessing.one_channel import one_channel_notes
from rppg.preprocessing.resampling import (
    bridged,
    grid,
    neighbours,
    resample,
    spread_s,
    stretches,
)
from rppg.preprocessing.small_face import SmallFaceTracker
from rppg.preprocessing.tracking import Follow, check_tracking
from rppg.preprocessing.wide_crop import WideCropper

SHORTEST_S = 3.0  # minimum of video, and of video with a face
SMALL = 0.25  # height of a face over the picture's smaller side, below which FaceMesh loses it
LOOKED_AT = 100  # frames, to tell whether the video holds one channel only
BLOCK_FRAMES = 150  # frames of the map that are resampled to 30 fps at a time


@dataclass(frozen=True, eq=False)
class Traces:
    """Traces of a recording's video at 30 fps."""

    mstmap: np.ndarray | None  # (T, 63, 6) float32, NaN in gaps over 0.5 s; None: went to on_map
    times_s: np.ndarray  # (T,) since the first frame; add meta["start_s"] for the stamps' clock
    meta: dict  # facts of the video for recording.json
    preview: np.ndarray  # (H, W, 3) uint8, the first frame with a face
    preview_landmarks: np.ndarray  # (468, 2) float32
    fps: float = FPS
    head: np.ndarray | None = None  # (T, 5) float32 as `head_pose`, x and y in heights of the face


def extract(
    recording: Recording,
    landmarker: FaceLandmarks | None = None,
    on_crop: Callable[[np.ndarray], None] | None = None,
    find: Callable[[np.ndarray], Box | None] | None = None,
    on_map: Callable[[np.ndarray], None] | None = None,
    on_wide: Callable[[np.ndarray], None] | None = None,
    tracking: str = "sparse",
    overlap: bool = False,
) -> Traces:
    """Traces of one recording.

    on_crop gets T face crops (128, 128, 3) uint8 in order, on_wide T wide crops (64, 64, 3) uint8,
    on_map the map in blocks (t, 63, 6) float32; without on_map the result's `mstmap` is the map.
    landmarker: pass one to reuse it.  find: returns the face's box in a frame, or None; default:
    that of a `BoxFinder`.  It is called for crops, until it finds one, and if FaceMesh does not
    follow a face in the picture: then FaceMesh gets a cut around the box.
    tracking: "sparse", or "every_frame" for FaceMesh on every frame; a face in a cut has it in any
    case.  overlap: decode and track in threads of their own; the result is the same.
    Raises VideoError for a video that cannot be read, ValueError for one that is shorter than 3 s,
    shows a face for less than 3 s, or has a `problem`, and for an unknown tracking.
    """
    check_tracking(tracking)
    if recording.problem:
        raise ValueError(recording.problem)
    new_croppers = partial(croppers_for, recording, on_crop, on_wide)
    find = find or BoxFinder().find
    pursue = partial(_pursue, recording, landmarker or FaceLandmarks(), find, tracking, overlap)
    track = _best_track(pursue, partial(new_croppers, find))
    return traces_of(recording, track, tracking, on_map)


def traces_of(
    recording: Recording,
    track: Track,
    tracking: str = "sparse",
    on_map: Callable[[np.ndarray], None] | None = None,
) -> Traces:
    """The traces of a track, whose croppers get their end; on_map and errors as of `extract`."""
    _check_times(track)
    if track.preview is None:
        raise NoFaceError(f"no face in any of {track.frames.n_frames} frames")
    grid_s = grid(track.times_s)
    if (seen_s := _seen_s(track)) < SHORTEST_S:
        found = f"a face for {seen_s:.2f} s only"
        raise NoFaceError(f"{found}, expected {SHORTEST_S:g} s or more")
    blocks = []
    for block in _map_blocks(track, grid_s):
        (on_map or blocks.append)(block)
    for one in track.croppers:
        one.finish(len(grid_s))
    rgb, landmarks, preview_s = track.preview
    track.notes += one_channel_notes(rgb, landmarks, _face_means(track))
    meta = {**_meta(recording, track, grid_s), "tracking": tracking}
    preview_frame = int(np.abs(grid_s - preview_s).argmin())
    for one in track.croppers:
        meta |= one.meta(rgb.shape[:2], landmarks, preview_frame)
    mstmap = None if on_map else np.concatenate(blocks)
    head = _head(track, grid_s)
    return Traces(mstmap, grid_s - grid_s[0], meta, rgb, landmarks, head=head)


def croppers_for(recording, on_crop, on_wide, find, gates: list[Gate] | None = None) -> list:
    """Croppers for one pass; gates: where to put a gate for each, None: no gates."""
    croppers = []
    for emit, build in ((on_crop, partial(FaceCropper, find=find)), (on_wide, WideCropper)):
        if emit is not None and gates is not None:
            emit = Gate(emit)
            gates.append(emit)
        if emit is not None:
            croppers.append(build(recording, emit))
    return croppers


def _best_track(pursue: Callable[..., Track], new_croppers) -> Track:
    """The track by FaceMesh in the full picture, else, of a small face, by FaceMesh in a cut."""
    gates, in_cut = [], False
    track = pursue(in_cut, new_croppers(gates), gates)
    if track.is_followed:
        return track
    _check_times(track)
    if _may_be_small(track):
        cut = pursue(True)
        in_cut = _seen_s(cut) > _seen_s(track)
        track = cut if in_cut else track
    if gates and _seen_s(track) >= SHORTEST_S:  # the crops were dropped: now they are made
        track = pursue(in_cut, new_croppers())
    if in_cut:
        lost = f"FaceMesh loses the face ({track.height_px:.0f} pixels high) in the whole picture"
        track.notes.append(f"{lost}: it was followed in a cut around it")
    return track


def _pursue(
    recording, landmarker, find, tracking: str, overlap: bool, in_cut: bool, *croppers_and_gates
) -> Track:
    """One pass over the frames; in a cut, which is moved by what is found, on every frame."""
    follow = _follow(landmarker, find, in_cut)
    tracking = "every_frame" if in_cut else tracking
    return follow_face(recording, follow, *croppers_and_gates, tracking=tracking, overlap=overlap)


def _follow(landmarker: FaceLandmarks, find, in_cut: bool) -> Follow:
    landmarker.reset()
    return SmallFaceTracker(landmarker, find) if in_cut else lambda rgb, _: landmarker(rgb)


def _may_be_small(track: Track) -> bool:
    """Whether FaceMesh may have lost or overlooked a face that is small in the picture."""
    if track.preview is None or _seen_s(track) < SHORTEST_S:
        return True
    side = min(track.preview[0].shape[:2])
    return track.hit_rate < FOLLOWED and track.height_px < SMALL * side


def _seen_s(track: Track) -> float:
    """Seconds at 30 fps with a face, short gaps included."""
    if track.faces.sum() < 2:
        return 0.0
    return float(bridged(track.times_s, track.faces, grid(track.times_s)).sum()) / FPS


def _check_times(track: Track) -> None:
    """Raise ValueError for a video that is too short, or has too few frames per second."""
    times_s, n_frames = track.times_s, track.frames.n_frames
    span_s = times_s[-1] - times_s[0] if len(times_s) else 0.0
    duration_s = span_s * len(times_s) / (len(times_s) - 1) if len(times_s) > 1 else 0.0
    if duration_s < SHORTEST_S:
        found = f"{n_frames} frames, {duration_s:.2f} s"
        raise ValueError(f"the video is too short: {found}, expected {SHORTEST_S:g} s or more")
    check_frame_rate(times_s)


def _map_blocks(track: Track, grid_s: np.ndarray) -> Iterator[np.ndarray]:
    """The map at grid times, in blocks of five seconds, so that memory stays constant."""
    means, counts, times_s = track.means, track.counts, track.times_s
    known, half_s = counts > 0, spread_s(times_s)  # (n, 6)
    for start in range(0, len(grid_s), BLOCK_FRAMES):
        block_s = grid_s[start : start + BLOCK_FRAMES]
        near = neighbours(known, times_s, block_s)
        traces = expand(means[near], counts[near])[..., :3]
        rgb = resample(traces, times_s[near], block_s, half_s)  # (t, 63, 3)
        yield np.concatenate([rgb, yuv(rgb)], axis=-1, dtype=np.float32)


def _head(track: Track, grid_s: np.ndarray) -> np.ndarray:
    """The head's trajectory (T, 5) float32 at grid times, NaN in gaps."""
    heads = track.heads / [track.height_px, track.height_px, 1, 1, 1]
    return resample(heads[:, None], track.times_s, grid_s, 0.0)[:, 0]


def _face_means(track: Track) -> np.ndarray:
    """Mean colours (m, 3) of all regions, of about LOOKED_AT frames: a long video takes no more."""
    some = slice(None, None, max(1, len(track.means) // LOOKED_AT))
    return expand(track.means[some], track.counts[some])[:, -1, :3]  # (m, 63, 6) -> (m, 3)


def _meta(recording: Recording, track: Track, grid_s: np.ndarray) -> dict:
    times_s, faces, frames = track.times_s, track.faces, track.frames
    height, width = track.preview[0].shape[:2]
    in_reach = bridged(times_s, faces, grid_s)  # (T,)
    crop_notes = [note for one in track.croppers for note in one.notes]
    return {
        "fps_source": recording.fps_source,
        "fps": float((len(times_s) - 1) / (times_s[-1] - times_s[0])),
        "n_source_frames": frames.n_frames,
        "n_frames": len(grid_s),
        "start_s": float(times_s[0]),
        "duration_s": len(grid_s) / FPS,
        "width": width,
        "height": height,
        "bits_per_pixel": frames.weight.bits_per_pixel,
        "face_hit_rate": track.hit_rate,
        "gaps_s": [[start / FPS, stop / FPS] for start, stop in stretches(~in_reach)],
        "changing_share": track.changing_share,
        "filled_frames": int((~faces & bridged(times_s, faces, times_s)).sum()),
        "notes": [*recording.notes, *frames.notes, *track.notes, *crop_notes],
    }
