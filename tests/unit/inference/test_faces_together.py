"""Several faces of one video from one pass: decoded once, with the answers of each by itself."""

import numpy as np
import pytest
from helpers.malformed_videos import encode, frames

from rppg.datasets.store import Store
from rppg.inference.faces_together import faces_together
from rppg.inference.trained import extract_into
from rppg.inference.video_paths import expand_videos
from rppg.inference.videos import predict_each
from rppg.preprocessing import resampling
from rppg.preprocessing.extract import extract
from rppg.preprocessing.face_detector import NoCropError
from rppg.preprocessing.several_faces import ChosenFace

ARRAYS = ("mstmap", "face", "wide")


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """A recording of two faces for 6 s, each with its own pulse."""
    sides = [frames(6.0, 30, hr_bpm=rate) for rate in (132.0, 75.0)]
    both = [np.concatenate(pair, axis=1) for pair in zip(*sides, strict=True)]
    return expand_videos([encode(tmp_path_factory.mktemp("two") / "two.mp4", both)])[0]


@pytest.fixture
def passes(monkeypatch):
    """The videos that were decoded from their beginning, in order."""
    done, read = [], resampling.read_frames

    def counted(source, *arguments, **fields):
        done.append(source.name)
        return read(source, *arguments, **fields)

    monkeypatch.setattr(resampling, "read_frames", counted)
    return done


def alone(recording, name):
    chosen = ChosenFace(name)
    return extract(recording, chosen, find=chosen.find)


def assert_same(one, other):
    np.testing.assert_array_equal(one.mstmap, other.mstmap)
    np.testing.assert_array_equal(one.head, other.head)
    np.testing.assert_array_equal(one.preview_landmarks, other.preview_landmarks)
    assert one.meta == other.meta


@pytest.mark.slow
def test_each_face_is_the_same_as_by_itself_from_one_pass(two, passes):
    with faces_together(two, ["1", "2"], None) as found:
        assert passes == ["two.mp4"] and [one.store for one in found] == [None, None]
    for one in found:
        assert_same(one.traces, alone(two, one.name))
    assert not np.array_equal(found[0].traces.mstmap, found[1].traces.mstmap)


@pytest.mark.slow
def test_crops_for_nets_are_the_same_too(two, passes, tmp_path):
    with faces_together(two, ["1", "2"], ARRAYS) as found:
        assert passes == ["two.mp4"]
        for one in found:
            follow, store = ChosenFace(one.name), Store(tmp_path / one.name)
            traces = extract_into(store, two, follow, follow.find, ARRAYS)
            assert_same(one.traces, traces)
            together, by_itself = one.store.open(two.id), store.open(two.id)
            for name in ARRAYS:
                pair = (getattr(each, name) for each in (together, by_itself))
                np.testing.assert_array_equal(*pair)
            assert together.meta == by_itself.meta


@pytest.mark.slow
def test_one_face_or_a_face_that_needs_more_passes_is_left_to_itself(two, passes, monkeypatch):
    with faces_together(two, ["1"], None) as found:
        assert found[0].traces is None and passes == []
    with faces_together(two, ["1", "3"], None) as found:
        assert found[0].traces is not None and found[1].traces is None
    monkeypatch.setattr(ChosenFace, "find", lambda *_: (_ for _ in ()).throw(NoCropError("small")))
    with faces_together(two, ["1", "2"], ["face"]) as found:
        assert [one.traces for one in found] == [None, None]


def test_a_video_that_cannot_be_read_is_left_too(tmp_path):
    (tmp_path / "text.mp4").write_text("no video")
    for path in ("text.mp4", "gone.mp4"):
        (recording,) = expand_videos([tmp_path / path])
        with faces_together(recording, ["1", "2"], None) as found:
            assert [one.traces for one in found] == [None, None]


@pytest.mark.slow
def test_answers_are_those_of_each_face_and_the_faces_are_counted_first(two, passes):
    answers = list(predict_each([two], ["POS", "GREEN"], face="all"))
    assert passes == ["two.mp4"] * 2  # 2 s to count the faces, then all of it
    for answer in answers:
        (by_itself,) = predict_each([two], ["POS", "GREEN"], face=answer.face)
        for row, other in zip(answer.rows, by_itself.rows, strict=True):
            assert row["hr_bpm"] == other["hr_bpm"] and row["notes"] == other["notes"]
            np.testing.assert_array_equal(row["wave"], other["wave"])
    assert [a.rows[0]["face"] for a in answers] == ["1", "2"]
    assert [a.rows[0]["hr_bpm"] for a in answers] == pytest.approx([132, 75], abs=4)


@pytest.mark.slow
def test_faces_of_a_still_picture_keep_their_names(tmp_path):
    sides = [frames(0.1, 30, hr_bpm=rate)[0] for rate in (132.0, 75.0)]
    still = [np.concatenate(sides, axis=1)] * 120
    recording = expand_videos([encode(tmp_path / "still.mp4", still)])[0]
    rows = [one.rows[0] for one in predict_each([recording], ["POS"], face="all")]
    assert [row["face"] for row in rows] == ["1", "2"]
    assert all("does not change" in row["reason"] for row in rows)
