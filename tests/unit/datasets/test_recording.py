"""Recordings and signals: what they promise, and what decides whether a prepared copy is valid."""

import os
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rppg.datasets.recording import Recording, Signal, fingerprint, origin_of


def naive_at(values, times_s, query_s):
    """Nearest measured sample on either side, by looking at every sample."""
    known = [(t, v, i) for i, (t, v) in enumerate(zip(times_s, values, strict=True)) if v == v]
    left = [sample for sample in known if sample[0] <= query_s]
    right = [sample for sample in known if sample[0] >= query_s]
    if not left or not right:
        return np.nan
    (t0, v0, i0), (t1, v1, i1) = left[-1], right[0]
    if i1 - i0 > 1 and t1 - t0 > 0.5:
        return np.nan
    return v0 if t1 == t0 else v0 + (v1 - v0) * (query_s - t0) / (t1 - t0)


@st.composite
def signals(draw):
    steps_s = draw(st.lists(st.sampled_from([0.0625, 0.125, 0.25, 0.5, 1.0]), min_size=1))
    values = st.one_of(st.just(np.nan), st.floats(-100, 100))
    n = len(steps_s)
    return draw(st.lists(values, min_size=n, max_size=n)), np.cumsum(steps_s) - 1.0


@settings(max_examples=150, deadline=None)
@given(signals(), st.lists(st.integers(-40, 600), max_size=30))
def test_signal_between_samples_agrees_with_a_naive_look(signal, sixteenths):
    values, times_s = signal
    query_s = np.array([*sixteenths, *(16 * times_s)]) / 16  # also each sample's own time
    expected = [naive_at(values, times_s, q) for q in query_s]
    np.testing.assert_allclose(Signal(values, times_s).at(query_s), expected, atol=1e-9)


def test_signal_bridges_short_gaps_and_keeps_long_ones():
    nan = np.nan
    signal = Signal([0, nan, 2, nan, nan, 5], [0.0, 0.2, 0.4, 0.6, 0.8, 1.0])
    assert signal.at([0.2, 0.4, 0.7, 1.0, 1.01, -0.01]).tolist()[:2] == [1.0, 2.0]
    assert np.isnan(signal.at([0.41, 0.7, 1.01, -0.01])).all()
    assert signal.at([1.0]) == 5.0
    slow = Signal([60, 62, 64], [0.0, 1.0, 2.0])  # one value a second is no gap
    assert slow.at([0.5, 1.5]).tolist() == [61.0, 63.0]
    assert np.isnan(Signal([nan, nan], [0, 1]).at([0.0, 0.5])).all()


@pytest.mark.parametrize(
    ("values", "times_s", "words"),
    [
        ([1, 2], [0.0], "2"),
        ([], [], "n of 1 or more"),
        ([1, 2], [0.0, 0.0], "strictly increasing"),
        ([1, 2, 3], [0.0, 2.0, 1.0], "entry 1, 2 s is followed by 1 s"),
        ([1, 2], [0.0, np.nan], "entry 1 is not finite"),
        ([1, np.inf], [0.0, 1.0], "value 1 of a signal is infinite"),
    ],
)
def test_signal_refuses_what_has_no_meaning(values, times_s, words):
    with pytest.raises(ValueError, match=words):
        Signal(values, times_s)


def test_signal_does_not_change_with_the_arrays_it_was_made_of():
    values = np.array([1.0, 2.0])
    signal = Signal(values, [0, 1])
    values[0] = 9.0
    assert signal.values.tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="read-only"):
        signal.values[0] = 9.0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"subject": "a/b"}, "without slashes"),
        ({"name": ".hidden"}, "start with a dot"),
        ({"dataset": ""}, "non-empty"),
        ({"name": "n" * 201}, "shorten"),
        ({"fps": 0.0}, "fps is 0.0"),
        ({"hr_mean_bpm": float("nan")}, "hr_mean_bpm is nan"),
        ({"split": "validation"}, "'train', 'test', 'none'"),
        ({"origin": "fake"}, "'real', 'synthetic'"),
        ({"frames": ()}, "no frames"),
        ({"frames": ["a.png", "b.png"], "times_s": [0.0]}, "2 image files and 1 stamps"),
        ({"times_s": [0.0, 0.0]}, "times_s of d/s/n"),
    ],
)
def test_recording_refuses_what_no_later_stage_could_mend(changes, words):
    with pytest.raises(ValueError, match=words):
        Recording(**{"dataset": "d", "subject": "s", "name": "n", "frames": "v.avi"} | changes)


def test_times_come_from_stamps_then_labels_then_the_container():
    recording = Recording("d", "s", "n", Path("v.avi"))
    assert recording.fps_source == "container"
    assert replace(recording, fps=25.0).fps_source == "labels"
    assert replace(recording, fps=25.0, times_s=[5.0, 5.1]).fps_source == "stamps"


def test_true_heart_rate_is_the_label_then_the_mean_of_the_trace_while_filmed():
    trace = Signal([np.nan, 60, 70, 200], [0.0, 1.0, 2.0, 3.0])
    recording = Recording("d", "s", "n", Path("v.avi"), hr=trace)
    assert recording.true_hr_bpm() == pytest.approx(110.0)
    assert replace(recording, times_s=[0.5, 2.5]).true_hr_bpm() == pytest.approx(65.0)
    assert replace(recording, times_s=[7.0, 8.0]).true_hr_bpm() is None
    assert replace(recording, hr_mean_bpm=72).true_hr_bpm() == 72.0
    assert replace(recording, hr=None).true_hr_bpm() is None


def test_recording_survives_the_way_to_another_process(tmp_path):
    recording = labelled(tmp_path / "v.avi")
    assert fingerprint(pickle.loads(pickle.dumps(recording))) == fingerprint(recording)


def test_origin_is_synthetic_anywhere_below_the_mark(tmp_path):
    inside = tmp_path / "synth" / "a" / "b"
    inside.mkdir(parents=True)
    (tmp_path / "synth" / "SYNTHETIC.txt").touch()
    (tmp_path / "link").symlink_to(inside)
    (tmp_path / "synth" / "out").symlink_to(tmp_path)
    assert origin_of(inside / "video.avi") == "synthetic"
    assert origin_of(tmp_path / "synth") == "synthetic"
    assert origin_of(tmp_path / "link" / "video.avi") == "synthetic"
    assert origin_of(tmp_path / "synth" / "out" / "video.avi") == "synthetic"
    assert origin_of(tmp_path / "other" / "video.avi") == "real"


def labelled(path: Path) -> Recording:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"frames " * 100)
    pulse = Signal([0.0, 1.0, 0.0], [0.0, 0.1, 0.2])
    return Recording("d", "s", "n", path, fps=25.0, bvp=pulse, hr=pulse, hr_mean_bpm=60.0)


def test_fingerprint_is_the_same_wherever_the_recording_lies(tmp_path):
    here, there = labelled(tmp_path / "a" / "v.avi"), labelled(tmp_path / "b" / "c" / "v.avi")
    assert fingerprint(here) == fingerprint(there)
    assert len(fingerprint(here)) == 64 and set(fingerprint(here)) <= set("0123456789abcdef")


@pytest.mark.parametrize(
    "change",
    [
        {"subject": "t"},
        {"fps": 25.5},
        {"hr_mean_bpm": 60.1},
        {"bvp": Signal([0.0, 1.0, 0.1], [0.0, 0.1, 0.2])},
        {"bvp": Signal([0.0, 1.0, 0.0], [0.0, 0.1, 0.3])},
        {"bvp": None},
        {"hr": None},
        {"times_s": [0.0, 0.1]},
        {"split": "test"},
        {"origin": "synthetic"},
        {"problem": "a label is wrong"},
        {"notes": ("a note",)},
    ],
    ids=str,
)
def test_fingerprint_changes_with_every_label(tmp_path, change):
    recording = labelled(tmp_path / "v.avi")
    assert fingerprint(replace(recording, **change)) != fingerprint(recording)


def test_fingerprint_changes_with_the_source_and_not_with_its_date(tmp_path):
    path = tmp_path / "v.avi"
    recording = labelled(path)
    before = fingerprint(recording)
    path.touch()
    assert fingerprint(recording) == before
    path.write_bytes(b"frames " * 101)
    longer = fingerprint(recording)
    path.write_bytes(b"Frames " * 101)
    assert len({before, longer, fingerprint(recording)}) == 3


def test_fingerprint_of_a_missing_source_names_it_unless_the_recording_has_a_problem(tmp_path):
    recording = Recording("d", "s", "n", tmp_path / "gone.avi")
    with pytest.raises(FileNotFoundError, match="d/s/n.*gone.avi"):
        fingerprint(recording)
    fingerprint(replace(recording, problem="its video is missing"))
    images = tuple(tmp_path / f"{i}.png" for i in range(2))
    images[0].write_bytes(b"x")
    with pytest.raises(FileNotFoundError, match="1.png"):
        fingerprint(replace(recording, frames=images))


def test_a_source_whose_name_is_no_text_has_a_fingerprint(tmp_path):
    path = tmp_path / os.fsdecode(b"Zo\xe9.mp4")
    path.write_bytes(b"bytes that stand for a video")
    assert len(fingerprint(Recording("demo", "ann", "v1.mp4", frames=path))) == 64
