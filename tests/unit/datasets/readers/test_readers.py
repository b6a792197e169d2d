"""Readers: each layout as it lies on disk, and what is wrong with it said by file and place.

No video is opened by a reader, so a few bytes named .avi stand for one.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.reader_files import by_name, ids, put

from rppg.datasets.readers import LAYOUTS, READERS, read
from rppg.datasets.readers.parsing import natural


@pytest.mark.parametrize("layout", READERS)
def test_a_missing_folder_and_an_empty_one_are_errors_that_show_the_layout(layout, tmp_path):
    expected = re.escape(LAYOUTS[layout])
    with pytest.raises(FileNotFoundError, match=f"gone does not exist(.|\n)*{expected}"):
        read(layout, tmp_path / "gone")
    with pytest.raises(ValueError, match=f"holds no recordings(.|\n)*{expected}"):
        read(layout, tmp_path)


def test_an_unknown_layout_is_an_error_that_lists_the_known_ones(tmp_path):
    with pytest.raises(ValueError, match="'gone', expected one of ubfc_rppg, vipl_hr_v2"):
        read("gone", tmp_path)


def test_an_unknown_option_is_an_error_that_lists_the_known_ones(tmp_path):
    with pytest.raises(ValueError, match="'vipl_hr' has no option near; it has: nir"):
        read("vipl_hr", tmp_path, near=True)
    with pytest.raises(ValueError, match="'pure' has no option nir; it has: none"):
        read("pure", tmp_path, nir=True)


def test_natural_order_is_by_folder_then_by_number():
    paths = ["b1/a", "b 1/a", "B/v10", "b/v9", "10/a", "9/b", "09/b", "9/a", "1e3/a", "²/a"]
    ordered = sorted(paths, key=natural)
    assert ordered == sorted(reversed(paths), key=natural)
    assert ordered[:4] == ["1e3/a", "9/a", "09/b", "9/b"] and ordered[4] == "10/a"
    assert ordered.index("b/v9") < ordered.index("B/v10")


def test_readers_load_no_heavy_library():
    code = "import rppg.datasets, sys; print([m for m in ('torch', 'mediapipe', 'cv2', 'av', "
    code += "'sklearn') if m in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


# The challenge's test tree


@pytest.mark.parametrize("below", ["", "test"])
def test_challenge_ids_are_the_paths_of_the_submission(tmp_path, below):
    for path in ("VIPL_HR/10/video1.avi", "VIPL_HR/9/video2.avi", "OBF/1/video1.avi"):
        put(tmp_path / below / path)
    put(tmp_path / below / "OBF/1/gt.csv", ",video1\nHeart rate,60\nfps_mean,25\n")
    recordings = read("challenge_test", tmp_path)
    expected = ["OBF/1/video1.avi", "VIPL_HR/9/video2.avi", "VIPL_HR/10/video1.avi"]
    assert ids(recordings) == expected
    for recording in recordings:
        assert recording.frames == tmp_path / below / recording.id
        assert recording.split == "test" and recording.true_hr_bpm() is None and not recording.fps


def test_challenge_video_at_the_wrong_depth_is_an_error_that_names_it(tmp_path):
    put(tmp_path / "OBF/1/video1.avi")
    put(tmp_path / "OBF/1/again/video1.avi")
    with pytest.raises(ValueError, match="again/video1.avi"):
        read("challenge_test", tmp_path)


# Anybody's folder


def test_folder_finds_videos_of_any_depth_and_skips_hidden_ones(tmp_path):
    for path in ("b10/x.MP4", "b9/x.mov", "b9/deep/y.webm", "top.mkv", "z.m4v", "a.mpg", "a.mpeg"):
        put(tmp_path / path)
    for path in (".hidden.mp4", ".cache/a.mp4", "._b.avi", "notes.txt", "b9/photo.jpg"):
        put(tmp_path / path)
    recordings = read("folder", tmp_path)
    assert ids(recordings) == [
        "folder/b9/x.mov",
        "folder/b9__deep/y.webm",
        "folder/b10/x.MP4",
        "folder/root/a.mpeg",
        "folder/root/a.mpg",
        "folder/root/top.mkv",
        "folder/root/z.m4v",
    ]
    assert {(r.split, r.origin, r.fps_source) for r in recordings} == {
        ("none", "real", "container")
    }
    (tmp_path / "SYNTHETIC.txt").touch()
    assert {r.origin for r in read("folder", tmp_path)} == {"synthetic"}


def test_folder_may_be_one_file(tmp_path):
    put(tmp_path / "labels.csv", "path,hr_bpm\nother.mp4,60\n")
    (one,) = read("folder", put(tmp_path / "me.mp4"))
    assert (one.id, one.frames) == ("folder/root/me.mp4", tmp_path / "me.mp4")


def test_folder_follows_a_link_once(tmp_path):
    put(tmp_path / "data" / "a" / "x.mp4")
    (tmp_path / "data" / "a" / "loop").symlink_to(tmp_path / "data")
    (tmp_path / "link").symlink_to(tmp_path / "data")
    assert ids(read("folder", tmp_path / "link")) == ["folder/a/x.mp4"]


def test_folder_labels_by_path_with_subjects(tmp_path):
    for path in ("mon/a.mp4", "tue/b.mp4", "tue/c.mp4", "d.mp4"):
        put(tmp_path / path)
    rows = "path, hr_bpm, subject\n./mon/a.mp4, 62.5, ann\ntue\\b.mp4,71, ann\n\ntue/c.mp4,,\n"
    put(tmp_path / "labels.csv", "\ufeff" + rows)
    recordings = by_name(read("folder", tmp_path))
    assert {n: r.hr_mean_bpm for n, r in recordings.items()} == {
        "a.mp4": 62.5,
        "b.mp4": 71.0,
        "c.mp4": None,
        "d.mp4": None,
    }
    assert [recordings[n].subject for n in ("a.mp4", "b.mp4", "c.mp4", "d.mp4")] == [
        "ann",
        "ann",
        "tue",
        "root",
    ]


def test_folder_label_that_is_no_heart_rate_is_a_problem(tmp_path):
    for name in ("a.mp4", "b.mp4", "c.mp4"):
        put(tmp_path / name)
    put(tmp_path / "labels.csv", "path,hr_bpm\na.mp4,62\nb.mp4,fast\nc.mp4,6.2\n")
    good, text, small = read("folder", tmp_path)
    assert good.problem is None
    assert text.problem == (
        "labels.csv, line 3, column hr_bpm: found 'fast', expected a number from 30 to 240"
    )
    assert "line 4" in small.problem and small.hr_mean_bpm is None


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("gone/b.mp4,60,ann", "labels.csv, line 3 names a video that is not there: gone/b.mp4"),
        ("./b.mp4,60,ann\nb.mp4,60,ann", "more than one row for b.mp4: lines 3 and 4"),
        ("b.mp4,60", "line 3 is b.mp4,60; expected 3 fields, path,hr_bpm,subject"),
        ("b.mp4,60,5,ann", "line 3 is b.mp4,60,5,ann; expected 3 fields"),
        (",60,ann", "line 3 is ,60,ann; expected 3 fields"),
        ("b.mp4,6_0,ann", "found '6_0', expected a number from 30 to 240"),
        ("b.mp4,nan,ann", "found 'nan', expected a number from 30 to 240"),
        ("b.mp4,\uff16\uff10,ann", "found '\uff16\uff10', expected a number from 30 to 240"),
    ],
)
def test_folder_row_that_does_not_fit_is_a_problem_and_the_others_are_read(tmp_path, row, words):
    put(tmp_path / "a.mp4")
    put(tmp_path / "b.mp4")
    put(tmp_path / "labels.csv", f"path,hr_bpm,subject\na.mp4,62,bob\n{row}\n")
    found = read("folder", tmp_path)
    (bad,) = (recording for recording in found if recording.problem)
    assert words in bad.problem and bad.hr_mean_bpm is None
    assert [r.hr_mean_bpm for r in found if r.frames.name == "a.mp4"] == [62]


def test_folder_without_its_labels_needs_none_of_them(tmp_path):
    put(tmp_path / "a.mp4")
    put(tmp_path / "a.bvp.csv", "junk")
    put(tmp_path / "labels.csv", "junk")
    (one,) = read("folder", tmp_path, labels=False)
    assert one.problem is None and one.hr_mean_bpm is None and one.bvp is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("video,hr\na.mp4,60\n", "expected path,hr_bpm"),
        ("path,hr_bpm,hr_bpm\na.mp4,60,61\n", "the column hr_bpm twice"),
        ('path,hr_bpm\na.mp4,"60\nb.mp4,61\n', "labels.csv is no CSV file"),
        ("", "expected path,hr_bpm"),
    ],
)
def test_folder_labels_that_do_not_fit_are_an_error(tmp_path, text, words):
    put(tmp_path / "a.mp4")
    put(tmp_path / "labels.csv", text)
    with pytest.raises(ValueError, match=words):
        read("folder", tmp_path)


def test_folder_names_that_fall_together_are_an_error_that_names_both(tmp_path):
    put(tmp_path / "a" / "b" / "x.mp4")
    put(tmp_path / "a__b" / "x.mp4")
    with pytest.raises(ValueError, match="folder/a__b/x.mp4.*a/b/x.mp4 and .*a__b/x.mp4"):
        read("folder", tmp_path)


def test_order_is_not_the_file_system_s(tmp_path, monkeypatch):
    for path in ("OBF/10/b.avi", "OBF/10/a.avi", "OBF/2/a.avi", "VIPL_HR/1/a.avi"):
        put(tmp_path / path)
        put(tmp_path / "DATASET_2" / f"subject{len(path)}" / "vid.avi")
    layouts = ("challenge_test", "ubfc_rppg", "folder")
    expected = [ids(READERS[layout](tmp_path)) for layout in layouts]
    forward = Path.iterdir
    monkeypatch.setattr(Path, "iterdir", lambda path: reversed(list(forward(path))))
    walk = os.walk
    monkeypatch.setattr(
        os, "walk", lambda *a, **k: ((p, d[::-1], f[::-1]) for p, d, f in walk(*a, **k))
    )
    assert [ids(READERS[layout](tmp_path)) for layout in layouts] == expected
