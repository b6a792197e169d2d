"""DISFA: the left camera's videos, nothing else, and no labels."""

import pytest
from helpers.reader_files import ids, put

from rppg.datasets.readers import PUBLISHED, read
from rppg.preprocessing.video import probe
from rppg.synthetic import ChallengeConfig, write_challenge
from rppg.synthetic.challenge import plan
from rppg.synthetic.config import FIRST_NUMBER

PEOPLE = (*range(1, 14), 16, 17, 18, 21, *range(23, 33))


def disfa(root, people=PEOPLE):
    for number in people:
        put(root / "Videos_LeftCamera" / f"LeftVideoSN{number:03d}_comp.avi")
    return root


def test_disfa_as_published_has_27_people_and_no_label(tmp_path):
    recordings = read("disfa", disfa(tmp_path))
    assert ids(recordings)[:2] == ["DISFA/SN001/left", "DISFA/SN002/left"]
    assert ids(recordings)[-1] == "DISFA/SN032/left" and len(recordings) == 27
    subjects = {recording.subject for recording in recordings}
    assert PUBLISHED["disfa"].difference(len(recordings), subjects) == ""
    for recording in recordings:
        assert recording.bvp is None and recording.hr is None and recording.true_hr_bpm() is None
        assert (recording.fps, recording.fps_source) == (None, "container")
        assert (recording.split, recording.origin) == ("none", "real")
        assert not (recording.problem or recording.notes or recording.known_bad)


def test_disfa_other_files_are_ignored_and_spellings_are_not_told_apart(tmp_path):
    put(tmp_path / "videos_leftcamera" / "leftvideosn007_Comp.AVI")
    put(tmp_path / "videos_leftcamera" / "._LeftVideoSN008_comp.avi")
    put(tmp_path / "videos_leftcamera" / "LeftVideoSN009_comp.mp4.part")
    put(tmp_path / "Video_RightCamera" / "RightVideoSN007_Comp.avi")
    put(tmp_path / "ActionUnit_Labels" / "SN007" / "SN007_au1.txt", "1,0\n")
    put(tmp_path / "Landmark_Points" / "SN007" / "tmp_frame_lm" / "SN007_0000_lm.mat")
    assert ids(read("disfa", tmp_path)) == ["DISFA/SN007/left"]
    assert ids(read("disfa", tmp_path / "videos_leftcamera")) == ["DISFA/SN007/left"]


def test_disfa_missing_people_are_named_and_a_folder_without_left_videos_is_an_error(tmp_path):
    disfa(tmp_path / "some", [number for number in PEOPLE if number not in (5, 21)])
    recordings = read("disfa", tmp_path / "some")
    difference = PUBLISHED["disfa"].difference(25, {recording.subject for recording in recordings})
    assert difference.endswith("27 of 27 published; subjects missing: SN005, SN021")
    put(tmp_path / "right" / "Video_RightCamera" / "RightVideoSN001_Comp.avi")
    with pytest.raises(ValueError, match="holds no recordings(.|\n)*Videos_LeftCamera/LeftVideoSN"):
        read("disfa", tmp_path / "right")


def test_disfa_a_person_with_two_videos_is_an_error_that_names_both(tmp_path):
    disfa(tmp_path, [1])
    put(tmp_path / "LeftVideoSN001_comp.avi")
    with pytest.raises(ValueError, match="DISFA/SN001/left.*Videos_LeftCamera/LeftVideoSN001"):
        read("disfa", tmp_path)


def test_disfa_embedded_copy_reads_back(tmp_path):
    counts = {f"n_{name}": 2 * (name == "disfa") for name in FIRST_NUMBER}
    config = ChallengeConfig(other_seconds=3.0, width=160, height=160, **counts)
    write_challenge(tmp_path / "data", config, workers=1, progress=False)
    recordings = read("disfa", tmp_path / "data" / "DISFA")
    assert ids(recordings) == [clip.id for clip in plan(config)]
    for recording in recordings:
        assert recording.origin == "synthetic" and recording.true_hr_bpm() is None
        info = probe(recording.frames)
        assert info.fps == pytest.approx(20.0) and info.n_frames == 60
