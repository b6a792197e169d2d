"""The stream: the batch's answers on the same windows, in constant memory, whatever comes."""

import numpy as np
import pytest
from helpers.malformed_videos import HR_BPM, frames

from rppg.datasets import Recording
from rppg.datasets.frame_array import FrameArray
from rppg.inference.stream import KEPT_S, Stream
from rppg.preprocessing.extract import extract
from rppg.signals.classical import wave
from rppg.signals.heart_rate import heart_rate
from rppg.utils.errors import InputError

FPS, SECONDS = 25.0, 14.0


@pytest.fixture(scope="module")
def video():
    """Frames (T, 240, 320, 3) of a face with a known pulse."""
    return np.stack(frames(SECONDS, FPS))


@pytest.fixture(scope="module")
def rates(video):
    stream = Stream(fps=FPS)
    return [rate for rgb in video for rate in stream.add(rgb)]


def test_rates_come_every_second_from_the_fifth_on_and_are_right(rates):
    assert [rate.time_s for rate in rates] == list(range(5, 14))
    assert all(abs(rate.hr_bpm - HR_BPM) < 5 for rate in rates)


def test_rates_equal_the_batch_on_the_same_windows(video, rates):
    recording = Recording("folder", "root", "array", FrameArray(video), fps=FPS)
    face = extract(recording).mstmap[:, -1, :3].astype(float)  # (T, 3)
    for rate in rates:
        last = round(rate.time_s * 30)
        pulse = wave("POS", face[max(0, last - 300) : last], 30.0)
        np.testing.assert_allclose(rate.wave, pulse, atol=1e-4)
        assert rate.hr_bpm == heart_rate(pulse, 30.0).hr_bpm


def test_memory_does_not_grow(video):
    stream = Stream()
    for k in range(4):
        for index, rgb in enumerate(video[:200]):
            stream.add(rgb, (200 * k + index) / FPS)
    assert len(stream._colours) <= (KEPT_S + 1) * FPS


def test_a_window_without_a_face_has_a_reason(video):
    stream = Stream(fps=FPS)
    found = [rate for _ in range(160) for rate in stream.add(np.zeros_like(video[0]))]
    assert [rate.time_s for rate in found] == [5.0, 6.0]
    assert all(np.isnan(rate.hr_bpm) and rate.reason.startswith("no face in") for rate in found)


def test_after_a_long_pause_it_begins_again(video):
    stream = Stream()
    for index, rgb in enumerate(video[:100]):
        stream.add(rgb, index / FPS)
    later = [r for i, rgb in enumerate(video[:160]) for r in stream.add(rgb, 1000 + i / FPS)]
    assert [rate.time_s for rate in later] == [1005.0, 1006.0]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((np.zeros((4, 4), np.uint8), 0.0), r"expected an array \(H, W, 3\)"),
        ((np.zeros((4, 4, 3)), 0.0), "uint8"),
        (([[1, 2, 3]], 0.0), "list"),
        ((np.zeros((4, 4, 3), np.uint8), None), "no time"),
        ((np.zeros((4, 4, 3), np.uint8), float("nan")), "ascending"),
    ],
)
def test_a_wrong_frame_is_refused(arguments, says):
    with pytest.raises(InputError, match=says):
        Stream().add(*arguments)


def test_a_time_that_does_not_ascend_is_refused_and_nothing_is_lost(video):
    stream = Stream()
    stream.add(video[0], 0.0)
    with pytest.raises(InputError, match="ascending"):
        stream.add(video[1], 0.0)
    stream.add(video[1], 0.04)


def test_too_few_frames_a_second_give_a_reason_not_another_rate(video):
    stream = Stream()
    found = [r for i, rgb in enumerate(video[::5]) for r in stream.add(rgb, i / 5)]
    assert found and all("5.0 frames a second are too few" in rate.reason for rate in found)


@pytest.mark.parametrize("factor", [1000, 1e6])
def test_times_in_other_units_are_refused(video, factor):
    stream = Stream()
    with pytest.raises(InputError, match="expected seconds"):
        for index, rgb in enumerate(video[:9]):
            stream.add(rgb, factor * index / FPS)


@pytest.mark.parametrize("time_s", ["0", True, np.array([0.1]), np.datetime64("now")])
def test_a_time_that_is_no_number_is_refused(video, time_s):
    with pytest.raises(InputError, match="expected a number"):
        Stream().add(video[0], time_s)


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
