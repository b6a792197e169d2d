"""Names that real folders and command lines have: each is a video or a row with its reason."""

import os

import pytest

from rppg.inference.video_paths import expand_videos


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "name",
    [b"Zo\xe9.mp4", b"subject1\\vid.mp4", ("心拍" * 37 + ".mp4").encode(), b"a\nb.mp4", b".x.mp4"],
)
def test_a_file_is_a_video_whatever_its_name(name, here):
    (here / os.fsdecode(name)).write_bytes(b"x")
    (one,) = expand_videos([os.fsdecode(name)])
    assert one.problem is None and os.fsencode(one.frames) == name
    one.id.encode()


def test_what_cannot_be_opened_is_a_row_with_one_plain_line(here):
    os.symlink("loop.mp4", here / "loop.mp4")
    os.symlink("gone.mp4", here / "dangling.mp4")
    os.mkfifo(here / "pipe.mp4")
    (here / "folder.mp4").mkdir()
    expected = {
        "": "the name is empty",
        "nowhere.mp4": "nowhere.mp4: no such file or folder",
        "loop.mp4": "loop.mp4: a loop of links",
        "dangling.mp4": "dangling.mp4: a link to gone.mp4, which does not exist",
        "pipe.mp4": "pipe.mp4: neither a file nor a folder, expected a video",
        "x" * 300: f"{'x' * 300}: File name too long",
        "a\0.mp4": r"'a\x00.mp4': a name with a zero byte, which no file has",
    }
    assert [one.problem for one in expand_videos(expected)] == list(expected.values())
    (folder,) = expand_videos(["folder.mp4"])
    assert folder.problem.startswith(
        "folder.mp4: no video in this folder, expected files with .mp4"
    )


def test_a_file_without_permission_and_a_folder_that_cannot_be_listed_are_rows(here, monkeypatch):
    (here / "a.mp4").write_bytes(b"x")
    (here / "closed").mkdir()
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # tests may run as root
    problems = [one.problem for one in expand_videos(["a.mp4", "closed"])]
    assert problems == ["a.mp4: no permission to read it", "closed: no permission to list it"]


def test_a_folder_says_what_it_passes_over_and_reads_no_label(here):
    for name in ("b.mp4", "a/c.MOV", "a/notes.txt", "x.docx", "y.docx", "readme", ".hidden.txt"):
        (here / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (here / "in" / name).write_bytes(b"x")
    (here / "in" / "labels.csv").write_text("no,label\n")
    (here / "in" / "b.bvp.csv").write_text("neither\n")
    os.symlink("loop.mp4", here / "in" / "loop.mp4")
    said = []
    found = expand_videos(["in"], said.append)
    assert [str(one.frames) for one in found] == ["in/a/c.MOV", "in/b.mp4", "in/loop.mp4"]
    assert [one.problem for one in found] == [None, None, "in/loop.mp4: a loop of links"]
    others = "4 files (.docx 2, .txt 1, readme 1)"
    assert said == [f"in: passed over what is no video: {others}"]
