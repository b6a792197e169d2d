"""Sparse tracking: which frames FaceMesh gets, what lies between, and threads."""

import threading

import numpy as np
import pytest
from helpers.vision_clips import recording, write_clip

from rppg.preprocessing.extract import extract
from rppg.preprocessing.face_mesh import FaceLandmarks
from rppg.preprocessing.face_track import follow_face
from rppg.preprocessing.landmark_finder import default_finder
from rppg.preprocessing.prepare_recording import PREPARATION, How, is_current
from rppg.preprocessing.resampling import TimedFrames
from rppg.preprocessing.tracking import MOST_FRAMES, SPAN_S, TRACKINGS, every_frame, sparse
from rppg.preprocessing.video import VideoError
from rppg.signals.classical import wave
from rppg.signals.heart_rate import heart_rate

FACE = np.random.default_rng(0).random((468, 2), np.float32) * 100


class Scripted:
    """`follow` of numbered frames: FACE at an offset in its heights, None for None."""

    def __init__(self, offsets):
        self.offsets, self.found = offsets, []

    def __call__(self, rgb, time_s):
        k = round(time_s * 30)
        self.found.append(k)
        offset = self.offsets[k]
        return None if offset is None else FACE + np.float32(100 * offset)


def tracked(offsets, pictures=None):
    """(frames that were found, in order; offsets of all frames)."""
    shown = pictures or [np.zeros((120, 120, 3), np.uint8)] * len(offsets)
    times_s, follow = [k / 30 for k in range(len(offsets))], Scripted(offsets)
    found = list(sparse(zip(shown, times_s, strict=True), follow))
    assert [(id(rgb), time_s) for rgb, time_s, _ in found] == [
        (id(rgb), time_s) for rgb, time_s in zip(shown, times_s, strict=True)
    ]
    result = [None if p is None else float((p - FACE).mean() / 100) for _, _, p in found]
    return follow.found, result


def test_of_a_still_face_every_fourth_frame_is_found():
    found, offsets = tracked([0.0] * 30)
    late = [k for k in found if k > 5]  # the first span is checked in its middle
    assert late == [9, 13, 17, 21, 25, 29] and len(found) <= 10
    assert offsets == pytest.approx([0.0] * 30, abs=1e-6)


def test_slow_motion_is_interpolated_in_time():
    walk = [0.003 * k for k in range(30)]
    found, offsets = tracked(walk)
    assert len(found) <= 10 and offsets == pytest.approx(walk, abs=1e-5)


def test_a_fast_face_is_found_in_every_frame_where_it_accelerates():
    still, shake = [0.0] * 20, [0.1 * np.sin(1.1 * k) for k in range(20)]
    found, offsets = tracked([*still, *shake, *still])
    assert offsets[18:42] == pytest.approx([*still, *shake, *still][18:42], abs=1e-5)
    assert len([k for k in found if 20 <= k < 40]) == 20
    assert len([k for k in found if k >= 48]) <= 4  # and no longer than that


def test_a_face_that_turns_back_within_a_span_is_seen_by_the_motion_before():
    there = [0.03 * min(k % 12, 12 - k % 12) for k in range(61)]
    _, offsets = tracked(there)
    assert offsets == pytest.approx(there, abs=0.011)


def test_frames_without_a_face_are_never_interpolated():
    script = [None] * 5 + [0.0] * 12 + [None] * 10 + [0.2] * 13
    found, offsets = tracked(script)
    for given, got in zip(script, offsets, strict=True):
        assert (given is None) == (got is None)
        assert given is None or got == pytest.approx(given, abs=1e-6)
    assert {*range(7), *range(18, 29)} <= set(found)


def test_a_blank_frame_between_two_faces_is_no_face():
    pictures = [np.full((120, 120, 3), 120, np.uint8) for _ in range(30)]
    pictures[15] = np.zeros_like(pictures[0])
    script = [None if k == 15 else 0.0 for k in range(30)]
    _, offsets = tracked(script, pictures)
    assert [k for k, offset in enumerate(offsets) if offset is None] == [15]


def test_a_picture_of_another_size_begins_anew():
    small, large = np.zeros((120, 120, 3), np.uint8), np.zeros((240, 240, 3), np.uint8)
    found, offsets = tracked([0.0] * 15 + [0.5] * 15, [small] * 15 + [large] * 15)
    assert {14, 15, 16} <= set(found)
    assert offsets == pytest.approx([0.0] * 15 + [0.5] * 15, abs=1e-6)


def test_spans_are_bounded_in_time_and_in_frames():
    for fps, gap in ((7.0, 1), (17.0, 2), (25.0, 3), (30.0, 4), (120.0, MOST_FRAMES)):
        times_s = [k / fps for k in range(60)]
        at_s = []

        def follow(rgb, time_s, at_s=at_s):
            at_s.append(time_s)
            return FACE

        list(sparse(((np.zeros((9, 9, 3), np.uint8), t) for t in times_s), follow))
        steps = np.diff(sorted(at_s))
        assert steps.max() == pytest.approx(gap / fps)
        assert steps.max() <= max(SPAN_S, 1 / fps) + 1e-9


def test_few_frames_are_kept():
    ahead = []
    frames = ((ahead.append(k) or np.zeros((9, 9, 3), np.uint8), k / 240) for k in range(200))
    for k, _ in enumerate(sparse(frames, lambda rgb, time_s: FACE)):
        assert len(ahead) - k <= MOST_FRAMES + 1


def test_every_frame_finds_each_in_order():
    follow = Scripted([0.0] * 11)
    frames = [(np.zeros((9, 9, 3), np.uint8), k / 30) for k in range(11)]
    assert len(list(every_frame(frames, follow))) == 11 and follow.found == list(range(11))


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return recording(write_clip(tmp_path_factory.mktemp("clip") / "a.mp4", seconds=3.2))


@pytest.mark.slow
@pytest.mark.parametrize("tracking", TRACKINGS)
def test_threads_change_no_byte(clip, tracking):
    results = []
    for overlap in (False, True):
        crops = []
        find = {"find": lambda rgb: (110.0, 60.0, 210.0, 180.0)}
        how = {"tracking": tracking, "overlap": overlap}
        traces = extract(clip, FaceLandmarks(), crops.append, on_wide=crops.append, **find, **how)
        results.append((traces, np.concatenate([crop.ravel() for crop in crops])))
    (one, crops), (other, other_crops) = results
    assert np.array_equal(one.mstmap, other.mstmap) and np.array_equal(crops, other_crops)
    assert np.array_equal(one.preview, other.preview)
    assert one.meta == other.meta and one.meta["tracking"] == tracking


@pytest.mark.slow
def test_every_frame_is_facemesh_on_every_frame(clip):
    mesh, seen = FaceLandmarks(), []

    class Kept:
        def add(self, rgb, time_s, landmarks):
            seen.append(landmarks)

    follow_face(clip, lambda rgb, _: mesh(rgb), [Kept()], tracking="every_frame")
    mesh.reset()
    expected = [mesh(rgb) for rgb, _ in TimedFrames(clip)]
    assert all(np.array_equal(a, b) for a, b in zip(seen, expected, strict=True))


@pytest.mark.slow
def test_sparse_landmarks_are_within_a_pixel_and_give_the_same_heart_rate(clip):
    maps = {}
    for tracking in TRACKINGS:
        calls, mesh = [], FaceLandmarks()
        counted = _Counted(mesh, calls)
        maps[tracking] = extract(clip, counted, tracking=tracking).mstmap
        assert len(calls) == (96 if tracking == "every_frame" else pytest.approx(27, abs=4))
    rates = [
        heart_rate(wave("POS", m[:, 62, :3].astype(float), 30.0), 30.0).hr_bpm
        for m in maps.values()
    ]
    assert rates[0] == pytest.approx(rates[1], abs=1) and rates[0] == pytest.approx(90, abs=3)
    assert np.nanmean(np.abs(maps["sparse"] - maps["every_frame"])) < 0.5


class _Counted:
    def __init__(self, mesh, calls):
        self.mesh, self.calls, self.reset = mesh, calls, mesh.reset

    def __call__(self, rgb):
        self.calls.append(rgb.shape)
        return self.mesh(rgb)


@pytest.mark.parametrize("where", ["decoding", "tracking", "cropping"])
def test_an_error_in_any_thread_reaches_the_caller_and_leaves_no_thread(tmp_path, clip, where):
    before = threading.active_count()
    path = clip.frames
    if where == "decoding":
        path = tmp_path / "cut.mp4"
        path.write_bytes(clip.frames.read_bytes()[:20_000])
    broken, n = recording(path), []

    def fails(*_):
        n.append(1)
        if len(n) == 20:
            raise ZeroDivisionError("here")

    class Cropper:
        add = fails if where == "cropping" else lambda *_: None

    error = VideoError if where == "decoding" else ZeroDivisionError
    follow = fails if where == "tracking" else lambda *_: None
    with pytest.raises(error):
        follow_face(broken, follow, [Cropper()], overlap=True)
    assert threading.active_count() == before


def test_an_unknown_tracking_is_refused(clip):
    with pytest.raises(ValueError, match="tracking is 'dense', expected sparse or every_frame"):
        extract(clip, tracking="dense")


def test_a_recording_that_was_tracked_otherwise_is_prepared_again():
    versions = {"preparation": PREPARATION, "finder": default_finder()}
    old = {"status": "ok", "versions": versions}
    assert is_current(old, How(tracking="every_frame")) and not is_current(old, How())
    new = {**old, "tracking": "sparse"}
    assert is_current(new, How()) and not is_current(new, How(tracking="every_frame"))
    assert is_current({**old, "status": "failed"}, How())
