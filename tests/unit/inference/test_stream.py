"""The stream: the batch's answers on the same windows, in constant memory, whatever comes."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from helpers.malformed_videos import HR_BPM, frames

from rppg.datasets import Recording
from rppg.datasets.frame_array import FrameArray
from rppg.datasets.store import Store
from rppg.inference.classical import map_wave
from rppg.inference.consensus import answer_on, fitted_for
from rppg.inference.crop_window import KEPT_FRAMES
from rppg.inference.stream import KEPT_S, Stream
from rppg.inference.stream_window import ID, HeldWindow
from rppg.inference.trained import box_models, extract_into, learned_wave
from rppg.preprocessing.extract import extract
from rppg.preprocessing.face_detector import BoxFinder
from rppg.preprocessing.face_mesh import FaceLandmarks
from rppg.signals.classical import wave
from rppg.signals.heart_rate import heart_rate
from rppg.signals.multi_region import CLASSICAL
from rppg.utils.errors import InputError

FPS, SECONDS = 25.0, 14.0


@pytest.fixture(scope="module")
def video():
    """Frames (T, 240, 320, 3) of a face with a known pulse."""
    return np.stack(frames(SECONDS, FPS))


@pytest.fixture(scope="module")
def rates(video):
    stream = Stream(fps=FPS, method="POS")
    return [rate for rgb in video for rate in stream.add(rgb)]


@pytest.fixture(scope="module")
def agreed(video):
    """Rates of the consensus."""
    stream = Stream(fps=FPS)
    return [rate for rgb in video for rate in stream.add(rgb)] + stream.finish()


@pytest.fixture(scope="module")
def batch(video, tmp_path_factory):
    """Traces and arrays of the whole video."""
    store = Store(tmp_path_factory.mktemp("store"))
    recording = Recording("folder", "root", "array", FrameArray(video), fps=FPS)
    tools = FaceLandmarks(), BoxFinder().find
    return extract_into(store, recording, *tools, {"face", "wide"}), store.open(recording.id)


def consensus_of(batch, stop: int):
    """The batch's answer on the window that ends before a frame."""
    whole, prepared = batch
    part = slice(max(0, stop - 300), stop)
    arrays = {name: np.array(getattr(prepared, name)[part]) for name in ("mstmap", "face", "wide")}
    cut = {name: getattr(whole, name)[part] for name in ("mstmap", "times_s", "head")}
    held = HeldWindow(arrays, np.ones(len(cut["times_s"]), bool))
    predict = {name: partial(map_wave, name, cut["mstmap"], 30.0) for name in CLASSICAL}
    predict |= {name: partial(learned_wave, held, ID, *net) for name, net in box_models().items()}
    return answer_on(predict, replace(whole, **cut), fitted_for(list(box_models())))


@pytest.mark.slow
def test_the_consensus_equals_the_batch_on_the_same_windows(batch, agreed):
    assert [rate.time_s for rate in agreed] == list(range(5, 14))
    for rate in agreed:
        pulse, found, said = consensus_of(batch, round(rate.time_s * 30))
        assert rate.hr_bpm == found.hr_bpm and abs(rate.hr_bpm - HR_BPM) < 5
        np.testing.assert_allclose(rate.wave, pulse, atol=2e-3)
        assert rate.confidence == pytest.approx(said.confidence, abs=0.01)
        shown = float(rate.words.split("(")[1].split(")")[0])
        assert rate.confidence - 0.01 < shown <= rate.confidence + 1e-6


@pytest.mark.slow
def test_single_methods_have_no_confidence(rates):
    assert all(np.isnan(rate.confidence) and rate.words == "" for rate in rates)
    stream = Stream(method="POS")
    assert stream.finish() == []


def test_rates_come_every_second_from_the_fifth_on_and_are_right(rates):
    assert [rate.time_s for rate in rates] == list(range(5, 14))
    assert all(abs(rate.hr_bpm - HR_BPM) < 5 for rate in rates)


@pytest.mark.slow
def test_mr_pbv_equals_the_batch_on_the_same_windows(video):
    stream, found = Stream(fps=FPS, method="MR-PBV"), []
    for rgb in video:
        found += stream.add(rgb)
    mstmap = extract(Recording("folder", "root", "array", FrameArray(video), fps=FPS)).mstmap
    assert len(found) > 5
    for rate in found:
        last = round(rate.time_s * 30)
        pulse = map_wave("MR-PBV", mstmap[max(0, last - 300) : last], 30.0)
        np.testing.assert_allclose(rate.wave, pulse, atol=2e-3)


def test_rates_equal_the_batch_on_the_same_windows(video, rates):
    recording = Recording("folder", "root", "array", FrameArray(video), fps=FPS)
    face = extract(recording).mstmap[:, -1, :3].astype(float)  # (T, 3)
    for rate in rates:
        last = round(rate.time_s * 30)
        pulse = wave("POS", face[max(0, last - 300) : last], 30.0)
        np.testing.assert_allclose(rate.wave, pulse, atol=1e-4)
        assert rate.hr_bpm == heart_rate(pulse, 30.0).hr_bpm


@pytest.mark.slow
def test_memory_does_not_grow(video):
    stream = Stream()
    for k in range(4):
        for index, rgb in enumerate(video[:200]):
            stream.add(rgb, (200 * k + index) / FPS)
    assert len(stream._frames) <= (KEPT_S + 1) * FPS
    for crops in stream._members._crops.values():
        assert len(crops._kept) == KEPT_FRAMES
    assert len(stream._members._crops["wide"]._cropper.boxes) == 1


@pytest.mark.parametrize("method", ["consensus", "POS"])
def test_a_window_without_a_face_has_a_reason(video, method):
    stream = Stream(fps=FPS, method=method)
    found = [rate for _ in range(160) for rate in stream.add(np.zeros_like(video[0]))]
    found += stream.finish()
    assert [rate.time_s for rate in found] == [5.0, 6.0]
    assert all(np.isnan(rate.hr_bpm) and rate.reason.startswith("no face in") for rate in found)


@pytest.mark.slow
def test_after_a_long_pause_it_begins_again(video):
    stream = Stream()
    for index, rgb in enumerate(video[:100]):
        stream.add(rgb, index / FPS)
    later = [r for i, rgb in enumerate(video[:160]) for r in stream.add(rgb, 1000 + i / FPS)]
    later += stream.finish()
    assert [rate.time_s for rate in later] == [1005.0, 1006.0]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((np.zeros((4, 4), np.uint8), 0.0), r"expected an array \(H, W, 3\)"),
        ((np.zeros((4, 4, 3)), 0.0), "uint8"),
        ((np.zeros((4, 4, 3), np.uint16), 0.0), "uint16"),
        ((np.zeros((0, 4, 3), np.uint8), 0.0), r"\(0, 4, 3\)"),
        ((np.zeros((4, 4, 1), np.uint8), 0.0), r"\(4, 4, 1\)"),
        (([[1, 2, 3]], 0.0), "list"),
        ((np.zeros((4, 4, 3), np.uint8), None), "no time"),
        ((np.zeros((4, 4, 3), np.uint8), float("nan")), "ascending"),
    ],
)
def test_a_wrong_frame_is_refused(arguments, says):
    with pytest.raises(InputError, match=says):
        Stream(method="POS").add(*arguments)


def test_a_time_that_does_not_ascend_is_refused_and_nothing_is_lost(video):
    stream = Stream()
    stream.add(video[0], 0.0)
    with pytest.raises(InputError, match="ascending"):
        stream.add(video[1], 0.0)
    stream.add(video[1], 0.04)


@pytest.mark.slow
def test_a_buffer_that_is_used_again_and_another_order_of_bytes_change_nothing(video, rates):
    stream, buffer, found = Stream(fps=FPS, method="POS"), np.empty_like(video[0]), []
    for rgb in video[:150]:
        buffer[:] = rgb
        found += stream.add(buffer)
        buffer[:] = 0
    flipped = Stream(fps=FPS, method="POS")
    bgr = np.ascontiguousarray(video[:150, ..., ::-1])
    found += [rate for frame in bgr for rate in flipped.add(frame[..., ::-1])]
    assert [rate.hr_bpm for rate in found] == [rates[0].hr_bpm] * 2


@pytest.mark.parametrize("fps", [5, 2, 1])
def test_too_few_frames_a_second_give_a_reason_not_another_rate(video, fps):
    stream = Stream()
    found = [r for i, rgb in enumerate(video[:: 30 // fps]) for r in stream.add(rgb, i / fps)]
    found += stream.finish()
    assert found and all(f"{fps}.0 frames a second are too few" in rate.reason for rate in found)


@pytest.mark.parametrize("factor", [1000, 1e6])
def test_times_in_other_units_are_refused(video, factor):
    stream = Stream()
    with pytest.raises(InputError, match="expected seconds"):
        for index, rgb in enumerate(video[:9]):
            stream.add(rgb, factor * index / FPS)


@pytest.mark.parametrize("time_s", ["0", True, np.array([0.1]), np.datetime64("now")])
def test_a_time_that_is_no_number_is_refused(video, time_s):
    with pytest.raises(InputError, match="expected a number"):
        Stream(method="POS").add(video[0], time_s)


@pytest.mark.parametrize(
    "options",
    [
        {"fps": 0},
        {"fps": float("nan")},
        {"fps": "30"},
        {"fps": True},
        {"method": "x"},
        {"method": 5},
    ],
)
def test_wrong_options_are_refused(options):
    with pytest.raises(InputError):
        Stream(**options)


@pytest.mark.parametrize("method", ["MR-PBV", "POS", "consensus"])
def test_a_still_picture_has_a_reason_in_place_of_a_rate(video, method):
    stream = Stream(fps=FPS, method=method)
    found = [rate for _ in range(200) for rate in stream.add(video[0])] + stream.finish()
    assert len(found) >= 2
    assert all(np.isnan(one.hr_bpm) and "does not change" in one.reason for one in found)
