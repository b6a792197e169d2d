"""Odd names, links and folders: each is one recording with its reason, and the others are read.

Also how a name becomes a part of an id.
"""

import os

import pytest
from helpers.label_files import LAYOUTS_WITH_LABELS
from helpers.reader_files import ids, put

from rppg.datasets import Recording
from rppg.datasets.id_parts import LONGEST_PART_BYTES, safe_part, shown
from rppg.datasets.readers import READERS, layouts_of, read
from rppg.datasets.readers.parsing import VIDEO_SUFFIXES
from rppg.datasets.readers.video_folder import passed_over

pytestmark = pytest.mark.malformed

ODD_NAMES = {
    "latin-1": "Zo\udce9.mp4",
    "backslash": "subject1\\vid.mp4",
    "long": "\u5fc3" * 80 + ".mp4",
    "longest": "a" * 251 + ".mp4",
    "newline": "a\nb.mp4",
    "escape": "a\x1b[31mb.mp4",
    "line separator": "a\u2028b.mp4",
}


NO_PARTS = (*ODD_NAMES.values(), "..", "", "a/b", ".x", "a\0", "\ud800", "x" * 999)


@pytest.mark.parametrize("name", NO_PARTS)
def test_any_name_becomes_a_part_of_an_id(name):
    part = safe_part(name)
    assert part != name and part == safe_part(name) and safe_part(part) == part
    assert len(part.encode()) <= LONGEST_PART_BYTES and shown(part) == part
    assert Recording("folder", part, part, "v.mp4").id == f"folder/{part}/{part}"


def test_a_usual_name_stays_and_two_odd_ones_stay_apart():
    for name in ("video1.mp4", "Zo\u00e9 2.mov", "s1__T1", "\u5fc3.mp4", "a,b'c.avi"):
        assert safe_part(name) == name
    assert len({safe_part(name) for name in ("a\\b.mp4", "a\nb.mp4", "a/b.mp4", "a_b.mp4")}) == 4
    assert safe_part("a\\b.mp4").startswith("a_b-") and safe_part("a\\b.mp4").endswith(".mp4")


@pytest.mark.parametrize("kind", ODD_NAMES)
def test_an_odd_name_is_a_recording_beside_the_others(kind, tmp_path):
    put(tmp_path / "good.mp4")
    path = put(tmp_path / ODD_NAMES[kind])
    odd, good = sorted(read("folder", tmp_path), key=lambda recording: recording.frames != path)
    assert good.id == "folder/root/good.mp4" and good.problem is odd.problem is None
    assert odd.frames == path and odd.id.endswith(".mp4")
    odd.id.encode()


@pytest.mark.parametrize("kind", ["pipe", "broken link", "loop of links"])
@pytest.mark.parametrize("layout", ["folder", "disfa", "challenge_test", "obf", "vipl_hr_v2"])
def test_what_is_no_file_in_a_video_s_place_is_a_problem(layout, kind, tmp_path):
    paths = {
        "disfa": "LeftVideoSN00{}_comp.avi",
        "challenge_test": "OBF/{}/video1.avi",
        "obf": "{}/video1.avi",
        "vipl_hr_v2": "{}/video1.mp4.avi",
    }
    path, good = (tmp_path / paths.get(layout, "{}/a.mp4").format(n) for n in (1, 2))
    put(good)
    path.parent.mkdir(exist_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("gone.avi" if kind == "broken link" else path.name)
    bad, whole = read(layout, tmp_path)
    assert whole.problem is None and whole.frames == good
    words = {"pipe": "is a pipe", "broken link": "is a link to gone.avi, which is not there"}
    assert words.get(kind, "Too many levels of symbolic links") in bad.problem


def test_an_image_that_is_no_file_is_a_problem_of_its_recording(tmp_path):
    layout = LAYOUTS_WITH_LABELS["mmse_hr"]
    layout.write(tmp_path, 1)
    layout.write(tmp_path, 2)
    image = tmp_path / "T10_T11_30Subjects" / "F001" / "T10" / "7.jpg"
    image.unlink()
    os.mkfifo(image)
    bad, good = layout.read(tmp_path)
    assert good.problem is None and bad.problem.startswith("T10/7.jpg is a pipe")


def test_a_folder_called_like_a_video_is_a_folder(tmp_path):
    put(tmp_path / "x.mp4" / "a.mov")
    put(tmp_path / "y.mp4")
    (tmp_path / "empty.mp4").mkdir()
    assert ids(read("folder", tmp_path)) == ["folder/root/y.mp4", "folder/x.mp4/a.mov"]


@pytest.mark.parametrize("name", LAYOUTS_WITH_LABELS)
def test_a_folder_that_cannot_be_listed_is_a_problem(name, tmp_path, monkeypatch):
    layout = LAYOUTS_WITH_LABELS[name]
    label = layout.write(tmp_path, 1)
    layout.write(tmp_path, 2)
    close(tmp_path / "01-01" if name == "pure" else label.parent, monkeypatch)
    found = layout.read(tmp_path)
    assert any("Permission denied" in (recording.problem or "") for recording in found)
    assert any(recording.problem is None for recording in found)


def close(folder, monkeypatch):
    """As if `folder` had no permissions; tests may run as root, who needs none."""

    def guarded(function):
        def guard(path=".", *args, **kwargs):
            place = os.path.abspath(os.fspath(path))
            inside = place.startswith(f"{folder}{os.sep}")
            if inside or (place == str(folder) and function.__name__ in ("scandir", "listdir")):
                raise PermissionError(13, "Permission denied", str(path))
            return function(path, *args, **kwargs)

        return guard

    for name in ("scandir", "listdir", "stat", "lstat"):
        monkeypatch.setattr(os, name, guarded(getattr(os, name)))


def test_a_closed_folder_of_own_videos_has_a_row(tmp_path, monkeypatch):
    put(tmp_path / "ann" / "a.mp4")
    put(tmp_path / "closed" / "b.mp4")
    close(tmp_path / "closed", monkeypatch)
    good, bad = read("folder", tmp_path)
    assert good.id == "folder/ann/a.mp4" and bad.id == "folder/root/closed"
    assert bad.problem == "closed cannot be listed: Permission denied"


@pytest.mark.slow
def test_a_tree_of_any_depth_and_links_in_circles_are_walked(tmp_path):
    deep = tmp_path
    for _ in range(400):
        deep = deep / "dir"
    put(tmp_path / "a.mp4")
    os.makedirs(deep)
    (tmp_path / "up").symlink_to(tmp_path.parent)
    (tmp_path / "self").symlink_to("self")
    assert "folder/root/a.mp4" in ids(read("folder", tmp_path))


@pytest.mark.parametrize("layout", READERS)
def test_a_pipe_or_a_loop_in_place_of_a_dataset_is_an_error(layout, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    for name in ("pipe", "loop", "x" * 300, "a\0b"):
        with pytest.raises((ValueError, OSError)) as error:
            read(layout, tmp_path / name)
        assert str(error.value)


def test_suffixes_of_cameras_are_videos_and_others_are_passed_over_by_name(tmp_path):
    for suffix in (".3gp", ".MTS", ".wmv", ".ts", ".flv", ".qt", ".m2ts", ".h264", ".mjpeg"):
        assert suffix.lower() in VIDEO_SUFFIXES
        put(tmp_path / f"a{suffix}")
    for name in ("b.heic", "c.insv", "labels.csv", "a.bvp.csv", "SYNTHETIC.txt", ".hidden.heic"):
        put(tmp_path / name, "path,subject\n" if name == "labels.csv" else "time_s,bvp\n0,1\n")
    assert [path.name for path in passed_over(tmp_path)] == ["b.heic", "c.insv"]
    assert len([r for r in read("folder", tmp_path, labels=False)]) == 9


def test_a_folder_with_none_but_other_files_names_them(tmp_path):
    put(tmp_path / "b.heic")
    put(tmp_path / "c.HEIC")
    put(tmp_path / "d.insv")
    with pytest.raises(ValueError, match=r"passed over: 3 files \(.heic 2, .insv 1\)"):
        read("folder", tmp_path)


def test_a_dataset_in_a_folder_that_cannot_be_listed_is_known_by_its_name(tmp_path, monkeypatch):
    put(tmp_path / "home" / "PURE" / "01-01.json")
    closed = tmp_path / "home"
    listed = os.listdir
    monkeypatch.setattr(os, "listdir", lambda path: 1 / 0 if path == closed else listed(path))
    assert layouts_of(tmp_path / "home" / "PURE") == {"pure": tmp_path / "home" / "PURE"}
