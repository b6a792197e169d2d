"""`rppg live`, with a video file in the camera's place, and what its window draws."""

import doctest
import subprocess
import sys

import numpy as np
import pytest
from helpers.malformed_videos import HR_BPM, encode, frames

from rppg.inference import live_view
from rppg.inference.live_command import played, show
from rppg.inference.live_view import STRIP_PX, TerminalView, line_of, picture
from rppg.inference.stream import Rate, Stream

FPS, SECONDS = 25.0, 7.0
PULSE = np.sin(2 * np.pi * 2.2 * np.arange(300) / 30)
RATE = Rate(12.0, 132.0, 0.8, "", PULSE)


def test_a_video_in_the_cameras_place_gives_rates_in_a_terminal(capsys):
    faces = ((rgb, index / FPS) for index, rgb in enumerate(frames(SECONDS, FPS)))
    assert show(faces, Stream(), TerminalView()) == 2
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("   5 s")
    assert second.startswith("   6 s")
    assert abs(float(second.split()[2]) - HR_BPM) < 5


def test_the_command_ends_with_the_video_and_needs_no_display(tmp_path):
    path = encode(tmp_path / "face.mkv", frames(6.0, FPS), fps=25)
    command = [sys.executable, "-m", "rppg", "live", "--video", str(path), "--terminal"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "bpm" in done.stdout


def test_a_video_without_a_face_exits_with_status_1(tmp_path):
    path = encode(tmp_path / "wall.mkv", [np.full((48, 64, 3), 90, np.uint8)] * 20, fps=25)
    command = [sys.executable, "-m", "rppg", "live", "--video", str(path), "--terminal"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert "a face in good light" in done.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--video", "none.mp4"), "none.mp4"),
        (("--method", "st_transformer"), "no method"),
        (("--camera", "77", "--terminal"), "camera 77 cannot be opened"),
    ],
)
def test_what_cannot_be_shown_is_said_in_one_line(tmp_path, words, says):
    command = [sys.executable, "-m", "rppg", "live", *words]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode != 0
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_frames_are_played_at_their_own_speed():
    clock, waited = [100.0], []

    def wait(seconds):
        waited.append(round(seconds, 3))
        clock[0] += seconds

    times_s = [5.0, 5.5, 6.0]
    given = ((None, time_s) for time_s in times_s)
    assert [t for _, t in played(given, lambda: clock[0], wait)] == times_s
    assert waited == [0.5, 0.5]


def test_the_picture_has_the_face_the_rate_and_the_wave():
    rgb = np.full((240, 320, 3), 128, np.uint8)
    landmarks = np.float32([[100, 60], [200, 60], [150, 180]])
    drawn = picture(rgb, landmarks, RATE)
    assert drawn.shape == (360 + STRIP_PX, 480, 3)
    assert (drawn[:360] != 128).any()
    assert (drawn[360:] == live_view.GREEN).all(axis=-1).any()
    assert picture(rgb, None, None).shape == drawn.shape


def test_a_line_holds_time_rate_and_wave():
    line = line_of(RATE)
    assert line.startswith("  12 s   132 bpm   quality 0.80, clear")
    assert set("▁█") <= set(line)


def test_examples():
    assert doctest.testmod(live_view).failed == 0
