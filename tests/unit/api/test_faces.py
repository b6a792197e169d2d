"""`face=` of the Python API: one of several faces, or each, with the rate of that face."""

import numpy as np
import pytest
from helpers.malformed_videos import frames

import rppg
from rppg.api import answers

FPS, SECONDS, LEFT_BPM, RIGHT_BPM = 25.0, 10.0, 132.0, 75.0


@pytest.fixture(scope="module")
def two():
    """Frames (T, 240, 640, 3) of two faces, each with its own pulse."""
    sides = [frames(SECONDS, FPS, hr_bpm=rate) for rate in (LEFT_BPM, RIGHT_BPM)]
    return np.concatenate([np.stack(side) for side in sides], axis=2)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("face", "hr_bpm"),
    [("left", LEFT_BPM), ("right", RIGHT_BPM), (1, LEFT_BPM), (np.int64(2), RIGHT_BPM)],
)
def test_the_rate_is_that_of_the_face_that_is_meant(face, hr_bpm, two):
    found = rppg.heart_rate(two, FPS, "POS", face=face)
    assert abs(found.bpm - hr_bpm) < 3
    assert found.face == str(face)
    assert (found.traces.preview_landmarks[:, 0].mean() < 320) == (hr_bpm == LEFT_BPM)


@pytest.mark.slow
def test_all_faces_are_a_list_from_the_left(two):
    found = rppg.heart_rate(two, FPS, "POS", face="all")
    assert [one.face for one in found] == ["1", "2"]
    assert [one.bpm for one in found] == pytest.approx([LEFT_BPM, RIGHT_BPM], abs=3)
    for one in found:
        by_itself = rppg.heart_rate(two, FPS, "POS", face=int(one.face))
        np.testing.assert_array_equal(one.wave, by_itself.wave)
        assert one.notes == by_itself.notes


@pytest.mark.slow
@pytest.mark.parametrize("method", ["consensus", "contrast_phys"])
def test_all_faces_have_the_rates_that_nets_give_each_by_itself(method, two):
    short = two[:100]
    found = rppg.heart_rate(short, FPS, method, face="all")
    assert [one.face for one in found] == ["1", "2"]
    for one in found:
        by_itself = rppg.heart_rate(short, FPS, method, face=int(one.face))
        assert (one.bpm, one.confidence) == (by_itself.bpm, by_itself.confidence)


@pytest.mark.slow
def test_the_consensus_follows_the_face_too(two):
    found = rppg.heart_rate(two, FPS, face="right")
    assert abs(found.bpm - RIGHT_BPM) < 3 and found.confidence > 0.5


@pytest.mark.slow
def test_waves_and_maps_are_of_the_face_too(two):
    left, right = (rppg.mstmap(two, FPS, face=face).mstmap for face in ("left", "right"))
    assert left.shape == right.shape and not np.allclose(left, right, equal_nan=True)
    by_rate = rppg.heart_rate(two, FPS, "POS", face="left").wave
    np.testing.assert_array_equal(rppg.pulse(two, FPS, "POS", face="left").wave, by_rate)


@pytest.mark.slow
def test_a_face_that_is_not_there_says_how_many_are(two):
    with pytest.raises(rppg.NoFaceError, match="no face 3: 2 at most at a time"):
        rppg.heart_rate(two, FPS, "POS", face=3)


@pytest.mark.slow
def test_a_face_without_a_rate_is_in_the_notes_of_the_others(two, monkeypatch):
    def rated(result):
        if result.face == "2":
            raise rppg.NoHeartRateError("flat")
        return result

    monkeypatch.setattr(answers, "_rated", rated)
    (found,) = rppg.heart_rate(two, FPS, "POS", face="all")
    assert found.face == "1" and found.notes[-1] == "face 2 has no heart rate: flat"
    monkeypatch.setattr(answers, "_read", lambda *_: (_ for _ in ()).throw(rppg.NoFaceError("no")))
    with pytest.raises(rppg.NoFaceError):
        rppg.heart_rate(two, FPS, "POS", face="all")


@pytest.mark.parametrize("face", ["", "middle", 0, 7, -1, 1.5, True, b"left", ["left"]])
def test_another_face_is_an_input_error(face):
    with pytest.raises(rppg.InputError, match="expected largest"):
        rppg.heart_rate("face.mp4", face=face)


@pytest.mark.parametrize("face", ["left", "all", 1])
def test_only_videos_have_faces(face):
    for source in (np.zeros(300), np.zeros((300, 3))):
        with pytest.raises(rppg.InputError, match="needs a video"):
            rppg.heart_rate(source, 30, face=face)


def test_one_wave_or_map_is_of_one_face(two):
    for function in (rppg.pulse, rppg.mstmap):
        with pytest.raises(rppg.InputError, match="gives a list"):
            function(two, FPS, face="all")
