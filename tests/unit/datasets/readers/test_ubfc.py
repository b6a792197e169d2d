"""UBFC-rPPG: whose stamps are the frames', and what is wrong with a ground truth."""

import re

import pytest
from helpers.reader_files import ids, put

from rppg.datasets.readers import read


def ubfc_2(folder, text="1.0e+00 2.0e+00 3.0e+00\n 70 71 75\n0 3.3e-02 6.7e-02\n"):
    put(folder / "vid.avi")
    put(folder / "ground_truth.txt", text)


def test_ubfc_stamps_are_the_frames_times_in_dataset_2_and_not_in_dataset_1(tmp_path):
    ubfc_2(tmp_path / "DATASET_2" / "subject10")
    ubfc_2(tmp_path / "DATASET_2" / "subject3")
    put(tmp_path / "DATASET_1" / "5-gt" / "vid.avi")
    put(tmp_path / "DATASET_1" / "5-gt" / "gtdump.xmp", "0,80,98,40\n16,81,98,41\n32,85,98,42\n")
    one, three, ten = recordings = read("ubfc_rppg", tmp_path)
    assert ids(recordings) == [f"UBFC-rPPG/{s}/vid" for s in ("d1-5-gt", "subject3", "subject10")]
    assert three.times_s.tolist() == [0.0, 0.033, 0.067] and three.fps_source == "stamps"
    assert three.bvp.values.tolist() == [1, 2, 3] and three.true_hr_bpm() == pytest.approx(72)
    assert one.times_s is None and one.fps_source == "container"
    assert one.bvp.values.tolist() == [40, 41, 42]
    assert one.bvp.times_s.tolist() == [0.0, 0.016, 0.032]
    assert one.true_hr_bpm() == pytest.approx(82) and one.split == "none"
    assert not any(recording.problem or recording.notes for recording in recordings)
    for part in ("DATASET_1", "DATASET_2"):  # either part alone, by the same ids
        assert set(ids(read("ubfc_rppg", tmp_path / part))) < set(ids(recordings))


def test_ubfc_bad_ground_truth_is_known(tmp_path):
    for n in (11, 12, 18, 20, 24, 27):
        ubfc_2(tmp_path / f"subject{n}")
    found = {recording.subject: recording for recording in read("ubfc_rppg", tmp_path)}
    known_bad = {subject for subject, recording in found.items() if recording.known_bad}
    assert known_bad == {f"subject{n}" for n in (11, 18, 20, 24)}
    assert "ground truth" in found["subject11"].known_bad
    assert found["subject12"].notes == () and "publication" in found["subject27"].notes[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1 2 3\n70 70\n0 1 2\n", r"3 lines of \[3, 2, 3\]"),
        ("1 2 3\n70 70 70\n", r"2 lines of \[3, 3\]"),
        ("1 2 3\n70 seventy 70\n0 1 2\n", "line 2, column 2: found 'seventy'"),
        ("1 2 3\n70 70 70\n0 2 1\n", "strictly increasing"),
        ("1 2 3\n70 70 70\n0 1 inf\n", "found 'inf'"),
        ("", "0 lines"),
    ],
)
def test_ubfc_ground_truth_that_does_not_fit_is_a_problem(tmp_path, text, words):
    ubfc_2(tmp_path / "subject1", text)
    ubfc_2(tmp_path / "subject3")
    bad, good = read("ubfc_rppg", tmp_path)
    assert bad.problem.startswith("subject1/ground_truth.txt") and bad.bvp is None
    assert re.search(words, bad.problem) and good.problem is None


def test_ubfc_gtdump_with_a_wrong_row_is_a_problem_and_a_repeated_time_is_not(tmp_path):
    for name, text in {
        "a": "0,80,98,40\n16,81,98\n",
        "b": "0,80,98,40\n0,80,98,41\n16,0,98,42\n",
    }.items():
        put(tmp_path / name / "vid.avi")
        put(tmp_path / name / "gtdump.xmp", text)
    bad, good = read("ubfc_rppg", tmp_path)
    assert bad.problem.startswith("a/gtdump.xmp, row 2 has 3 columns, expected 4")
    assert good.problem is None and good.bvp.values.tolist() == [40, 42]
    assert good.true_hr_bpm() == 80.0  # a heart rate of 0 is an oximeter without contact
    assert len(good.notes) == 2 and "1 of 2 heart rates" in good.notes[0]


def test_ubfc_without_labels_or_without_video_does_not_disappear(tmp_path):
    put(tmp_path / "DATASET_2" / "subject1" / "vid.avi")
    put(tmp_path / "DATASET_2" / "subject3" / "ground_truth.txt", "1 2\n70 70\n0 1\n")
    unlabelled, lost = read("ubfc_rppg", tmp_path)
    assert unlabelled.problem is None and "no ground_truth.txt" in unlabelled.notes[0]
    assert lost.problem == "subject3/vid.avi is missing"
