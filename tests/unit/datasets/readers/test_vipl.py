"""VIPL-HR-V2: labels through stray blanks, and every defect said by file, row and column."""

import numpy as np
import pytest
from helpers.reader_files import by_name, ids, put

from rppg.datasets.readers import read
from rppg.datasets.recording import fingerprint

GT_CSV = """\
  ,video1 ,video2 ,video3 ,video4, video5
Heart rate ,100.400000 ,101.000000 ,101.600000 ,103.600000, 106.500000
fps_mean ,26.300000 ,25.700000 ,24.600000 ,21.900000, 21.300000
"""


def vipl(root, subjects=("7",), gt=GT_CSV, n_videos=5):
    for subject in subjects:
        for k in range(1, n_videos + 1):
            put(root / subject / f"video{k}.mp4.avi")
        if gt is not None:
            put(root / subject / "gt.csv", gt)
    return root


def test_vipl_labels_are_read_through_their_stray_blanks(tmp_path):
    vipl(tmp_path / "train", ["10", "9", "100"])
    clips = read("vipl_hr_v2", tmp_path)
    assert ids(clips)[::5] == [f"VIPL-HR-V2/{n}/video1" for n in (9, 10, 100)]
    assert [clip.hr_mean_bpm for clip in clips[:5]] == [100.4, 101.0, 101.6, 103.6, 106.5]
    assert [clip.fps for clip in clips[:5]] == [26.3, 25.7, 24.6, 21.9, 21.3]
    first = clips[0]
    assert first.frames == tmp_path / "train" / "9" / "video1.mp4.avi"
    assert (first.split, first.origin, first.fps_source) == ("train", "real", "labels")
    assert not any(clip.problem or clip.notes or clip.bvp for clip in clips)


def test_vipl_root_may_be_the_folder_of_subjects_and_line_ends_may_be_crlf(tmp_path):
    vipl(tmp_path / "train", gt="\ufeff" + GT_CSV.replace("\n", "\r\n"))
    put(tmp_path / "train" / "notes" / "video1.mp4.avi")  # no plain number: no subject
    put(tmp_path / "train" / "7" / "._video1.mp4.avi")
    assert ids(read("vipl_hr_v2", tmp_path / "train")) == ids(read("vipl_hr_v2", tmp_path))
    assert read("vipl_hr_v2", tmp_path)[4].hr_mean_bpm == 106.5


def test_vipl_clips_without_gt_csv_are_kept_without_label(tmp_path):
    vipl(tmp_path, gt=None, n_videos=1)
    (clip,) = read("vipl_hr_v2", tmp_path)
    assert clip.true_hr_bpm() is None and clip.fps_source == "container" and clip.problem is None
    assert clip.notes == ("there is no 7/gt.csv: the clip has no label",)


def test_vipl_missing_column_leaves_that_clip_without_label(tmp_path):
    vipl(tmp_path, gt="  ,video1 , video3\nHeart rate ,60.0 ,\nfps_mean ,25.0, 24.0\n", n_videos=3)
    clips = by_name(read("vipl_hr_v2", tmp_path))
    assert [clips[f"video{k}"].hr_mean_bpm for k in (1, 2, 3)] == [60.0, None, None]
    assert [clips[f"video{k}"].fps for k in (1, 2, 3)] == [25.0, None, 24.0]
    assert not any(clip.problem for clip in clips.values())
    assert clips["video2"].notes == ("7/gt.csv has no column video2: the clip has no label",)
    assert "7/gt.csv has no 'Heart rate' for video3" in clips["video3"].notes[0]
    assert clips["video1"].notes == ()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("101.600000", "n/a", "row 'Heart rate', column 'video3': found 'n/a', expected a number"),
        ("101.600000", "nan", "found 'nan'"),
        ("101.600000", "12.5", "found '12.5', expected a number from 30 to 240"),
        ("101.600000", "1016", "from 30 to 240"),
        ("24.600000", "fast", "row 'fps_mean', column 'video3': found 'fast'"),
        ("24.600000", "0", "found '0', expected a number from 5 to 120"),
    ],
)
def test_vipl_wrong_number_is_a_problem_of_its_clip_alone(tmp_path, old, new, words):
    clips = by_name(read("vipl_hr_v2", vipl(tmp_path, gt=GT_CSV.replace(old, new))))
    problem = clips.pop("video3").problem
    assert problem.startswith("7/gt.csv, row") and words in problem
    assert not any(clip.problem for clip in clips.values())
    assert [clip.hr_mean_bpm for clip in clips.values()] == [100.4, 101.0, 103.6, 106.5]


@pytest.mark.parametrize(
    ("gt", "words"),
    [
        (GT_CSV.replace(",video3 ", "", 1), "5 values for 4 columns"),
        (GT_CSV.replace("video3", "video2"), "once each"),
        ("", "once each"),
        (b"\xff\xfe\x00\xd8", "not a text file"),
    ],
)
def test_vipl_gt_csv_that_cannot_be_told_apart_is_a_problem_of_all_its_clips(tmp_path, gt, words):
    vipl(tmp_path, ["7"], gt)
    vipl(tmp_path, ["8"])
    clips = read("vipl_hr_v2", tmp_path)
    assert len(clips) == 10
    assert all(clip.problem.startswith("7/gt.csv") and words in clip.problem for clip in clips[:5])
    assert not any(clip.problem for clip in clips[5:])


def test_vipl_label_without_video_does_not_disappear(tmp_path):
    clips = read("vipl_hr_v2", vipl(tmp_path, n_videos=4))
    assert ids(clips)[-1] == "VIPL-HR-V2/7/video5"
    assert clips[-1].problem == "7/gt.csv has video5, which has no video file"
    assert len(fingerprint(clips[-1])) == 64 and clips[0].problem is None


def test_two_files_of_one_clip_are_an_error_that_names_both(tmp_path):
    vipl(tmp_path)
    put(tmp_path / "7" / "video2.avi")
    with pytest.raises(ValueError, match=r"VIPL-HR-V2/7/video2.*video2\.(mp4\.)?avi and .*video2"):
        read("vipl_hr_v2", tmp_path)


def test_vipl_waves_with_times_and_with_a_rate(tmp_path):
    vipl(tmp_path, n_videos=3)
    put(tmp_path / "7" / "video1_wave.csv", "time_s,value\n0.0,1\n0.5, 2\n1.5,4\n")
    put(tmp_path / "7" / "video2_wave.csv", "Wave\r\n5\r\n6\r\n7\r\n")
    clips = by_name(read("vipl_hr_v2", tmp_path, wave_name="{video}_wave.csv", wave_hz=60))
    assert clips["video1"].bvp.at([0.5, 1.0]).tolist() == [2.0, 3.0]
    np.testing.assert_allclose(clips["video2"].bvp.times_s, [0, 1 / 60, 2 / 60])
    assert clips["video2"].bvp.values.tolist() == [5, 6, 7]
    assert clips["video3"].bvp is None
    assert clips["video3"].notes == ("there is no 7/video3_wave.csv: no wave",)
    with pytest.raises(ValueError, match="video2_wave.csv has one column.*give wave_hz"):
        read("vipl_hr_v2", tmp_path, wave_name="{video}_wave.csv")
    with pytest.raises(ValueError, match="one file for the 5 clips"):
        read("vipl_hr_v2", tmp_path, wave_name="bvp.csv", wave_hz=60)


def test_waves_under_a_likely_name_are_found_and_a_subject_may_have_none(tmp_path):
    vipl(tmp_path, ("7", "8"), n_videos=2)
    put(tmp_path / "7" / "video1" / "bvp.txt", "0.0 1\n0.5 2\n")
    clips = read("vipl_hr_v2", tmp_path)
    notes = {clip.id: clip.notes for clip in clips if clip.bvp is None and clip.problem is None}
    with_wave = [clip for clip in clips if clip.bvp is not None]
    assert [clip.id for clip in with_wave] == ["VIPL-HR-V2/7/video1"]
    assert with_wave[0].bvp.values.tolist() == [1, 2]
    assert notes["VIPL-HR-V2/8/video1"] == ("there is no 8/video1/bvp.txt: no wave",)


def test_each_clip_has_the_wave_of_the_first_likely_name_that_it_has(tmp_path):
    vipl(tmp_path, ("7", "8", "9"), n_videos=1)
    put(tmp_path / "7" / "video1_wave.csv", "0.0 1\n0.5 2\n")
    put(tmp_path / "8" / "video1_ppg.csv", "0.0 3\n0.5 4\n")
    for name, value in (("video1_ppg.csv", 5), ("video1_wave.csv", 6)):
        put(tmp_path / "9" / name, f"0.0 {value}\n0.5 9\n")
    put(tmp_path / "10" / "video1.mp4.avi")
    clips = [clip for clip in read("vipl_hr_v2", tmp_path) if clip.name == "video1"]
    *with_wave, without = clips
    assert [clip.bvp.values[0] for clip in with_wave] == [1, 3, 6]
    assert "there is no 10/video1_wave.csv nor 10/video1_ppg.csv: no wave" in without.notes


def test_a_likely_wave_without_times_leaves_its_clip_with_the_heart_rate(tmp_path):
    vipl(tmp_path, ("7", "8"), n_videos=5)
    put(tmp_path / "7" / "video1_bvp.txt", "5\n6\n7\n")
    put(tmp_path / "8" / "video1_bvp.txt", "0.0 5\n0.5 6\n")
    clips = {clip.id: clip for clip in read("vipl_hr_v2", tmp_path)}
    bare, timed = (clips[f"VIPL-HR-V2/{n}/video1"] for n in (7, 8))
    assert (bare.hr_mean_bpm, bare.bvp, bare.problem) == (100.4, None, None)
    assert bare.notes == ("7/video1_bvp.txt has one column and no times: no wave without wave_hz",)
    assert timed.bvp.values.tolist() == [5, 6]
    given = {clip.id: clip for clip in read("vipl_hr_v2", tmp_path, wave_hz=60)}
    assert given[bare.id].bvp.values.tolist() == [5, 6, 7]


def test_without_any_wave_nothing_is_said_of_waves(tmp_path):
    vipl(tmp_path, n_videos=5)
    assert not any(clip.notes for clip in read("vipl_hr_v2", tmp_path))


@pytest.mark.parametrize("name", ["../{video}.csv", "/tmp/{video}.csv"])
def test_a_wave_outside_of_the_subjects_folder_is_refused(tmp_path, name):
    vipl(tmp_path, n_videos=1)
    with pytest.raises(ValueError, match="expected a file inside a subject's folder"):
        read("vipl_hr_v2", tmp_path, wave_name=name)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0,1\n1,two\n", "sample 2: found 'two'"),
        ("0,1\n0,2\n", "strictly increasing"),
        ("0,1\n1\n", "words, expected value, or time_s,value"),
        ("", "words, expected value"),
    ],
)
def test_vipl_wave_that_is_none_is_a_problem(tmp_path, text, words):
    vipl(tmp_path, gt=None, n_videos=1)
    put(tmp_path / "7" / "bvp.csv", text)
    (clip,) = read("vipl_hr_v2", tmp_path, wave_name="bvp.csv", wave_hz=60)
    assert "7/bvp.csv" in clip.problem and words in clip.problem and clip.bvp is None
