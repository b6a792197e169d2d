"""Own videos with ground-truth BVPs next to them, and subjects from labels.csv."""

import numpy as np
import pytest
from helpers.reader_files import put

from rppg.datasets.readers import layouts_of, read


def bvp_text(hr_bpm=72.0, seconds=10.0, hz=50):
    times_s = np.arange(round(seconds * hz)) / hz
    rows = (f"{t:.3f},{np.sin(2 * np.pi * hr_bpm / 60 * t):.4f}" for t in times_s)
    return "\n".join(["time_s,bvp", *rows])


def test_a_bvp_next_to_a_video_is_read_and_gives_the_mean_rate(tmp_path):
    put(tmp_path / "ann" / "a.mp4")
    put(tmp_path / "ann" / "a.bvp.csv", bvp_text(72))
    put(tmp_path / "bob" / "b.mov")
    first, second = read("folder", tmp_path)
    assert first.problem is None and len(first.bvp.values) == 500
    assert first.hr_mean_bpm == pytest.approx(72, abs=1)
    assert second.bvp is None and second.hr_mean_bpm is None


def test_a_labelled_rate_has_precedence_over_that_of_the_bvp(tmp_path):
    put(tmp_path / "a.mp4")
    put(tmp_path / "a.bvp.csv", bvp_text(72))
    put(tmp_path / "labels.csv", "path,hr_bpm\na.mp4,75\n")
    (one,) = read("folder", tmp_path)
    assert one.hr_mean_bpm == 75 and one.bvp is not None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("time,value\n0,1\n", "a.bvp.csv: found the columns"),
        ("", "expected time_s,bvp"),
        ("time_s,bvp\n0,1\n1\n", "row 2 has 1 fields (1), expected time_s,bvp"),
        ("time_s,bvp\n0,1\n1,fast\n", "value 2: found 'fast'"),
        ("time_s,bvp\n1,1\n0,2\n", "expected strictly increasing times"),
        (bvp_text(seconds=2), "a.bvp.csv: no heart rate in this BVP"),
    ],
)
def test_a_bvp_that_cannot_be_used_is_a_problem(tmp_path, text, words):
    put(tmp_path / "a.mp4")
    put(tmp_path / "a.bvp.csv", text)
    (one,) = read("folder", tmp_path)
    assert words in one.problem


@pytest.mark.parametrize(
    ("files", "problems"),
    [
        (("a.mp4", "b.bvp.csv"), [None, "b.bvp.csv is a BVP without a video of that name"]),
        (("a.mp4", "a.mov", "a.bvp.csv"), ["a.bvp.csv is a BVP with two videos of that name"] * 2),
    ],
)
def test_a_bvp_belongs_to_one_video(tmp_path, files, problems):
    for name in files:
        put(tmp_path / name, bvp_text())
    assert [recording.problem for recording in read("folder", tmp_path)] == problems


def test_one_person_s_videos_of_one_name_are_told_apart_by_their_folders(tmp_path):
    for path in ("mon/a.mp4", "tue/a.mp4", "tue/b.mp4"):
        put(tmp_path / path)
    rows = "path,subject\nmon/a.mp4,ann\ntue/a.mp4,ann\ntue/b.mp4,ann\n"
    put(tmp_path / "labels.csv", rows)
    ids = [recording.id for recording in read("folder", tmp_path)]
    assert ids == ["folder/ann/b.mp4", "folder/ann/mon__a.mp4", "folder/ann/tue__a.mp4"]


def test_labels_csv_makes_a_folder_own_videos_whatever_its_folders_are_called(tmp_path):
    put(tmp_path / "test" / "VIPL_HR" / "a.mp4")
    assert list(layouts_of(tmp_path)) == ["challenge_test"]
    put(tmp_path / "labels.csv", "path,subject\n")
    assert layouts_of(tmp_path) == {"folder": tmp_path}


def test_a_synthetic_benchmark_is_a_folder_of_datasets_even_if_named_like_one(tmp_path):
    put(tmp_path / "pure" / "UBFC-rPPG" / "subject1" / "vid.avi")
    assert list(layouts_of(tmp_path / "pure")) == ["pure"]
    put(tmp_path / "pure" / "challenge.json", "{}")
    assert list(layouts_of(tmp_path / "pure")) == ["ubfc_rppg"]


def test_a_second_table_of_labels_in_a_folder_is_a_note_where_a_rate_is_missing(tmp_path):
    for name in ("ann/a.mp4", "ann/old/b.mp4", "bob/c.mp4"):
        put(tmp_path / name)
    put(tmp_path / "ann" / "labels.csv", "path,hr_bpm\na.mp4,70\n")
    note = "ann/labels.csv is not read: expected one labels.csv, at the root"
    assert [one.notes for one in read("folder", tmp_path)] == [(note,), (note,), ()]
    put(tmp_path / "labels.csv", "path,hr_bpm\nann/a.mp4,71\n")
    assert [one.notes for one in read("folder", tmp_path)] == [(), (note,), ()]
    assert not any(one.notes for one in read("folder", tmp_path, labels=False))
