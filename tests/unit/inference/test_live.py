"""`rppg live`, with a video file in the camera's place, and what its window draws."""

import os
import shutil
import subprocess
import sys
import time

import numpy as np
import pytest
from helpers.malformed_videos import BAD, HR_BPM, encode, frames

from rppg.inference import live_view
from rppg.inference.live_command import played, show, video_frames
from rppg.inference.live_view import (
    HEADER_PX,
    STRIP_PX,
    TerminalView,
    WaveStrip,
    in_words,
    line_of,
    picture,
)
from rppg.inference.stream import Rate, Stream
from rppg.preprocessing.video_writer import VideoError

FPS, SECONDS = 25.0, 7.0
PULSE = np.sin(2 * np.pi * 2.2 * np.arange(300) / 30)
RATE = Rate(12.0, 132.0, 0.8, "", PULSE)
WHY = "the methods disagree between 66 and 132 bpm; the head moves at 66; the face is dark"
SURE = Rate(12.0, 132.0, 0.8, "", PULSE, 0.97, "132 bpm, sure (0.97)")
UNSURE = Rate(12.0, 132.0, 0.8, "", PULSE, 0.31, f"not sure (0.31): {WHY}")


@pytest.mark.slow
@pytest.mark.parametrize("method", ["consensus", "POS"])
def test_a_video_in_the_cameras_place_gives_rates_in_a_terminal(method, capsys):
    faces = ((rgb, index / FPS) for index, rgb in enumerate(frames(SECONDS, FPS)))
    assert show(faces, Stream(method=method), TerminalView()) == 2
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("   5 s")
    assert second.startswith("   6 s")
    rate, words = second.split(" bpm, ")
    assert abs(float(rate.split()[-1]) - HR_BPM) < 5
    assert ("quality" in words) == (method == "POS")


@pytest.mark.slow
def test_the_command_ends_with_the_video_and_needs_no_display(tmp_path):
    path = encode(tmp_path / "face.mkv", frames(6.0, FPS), fps=25)
    command = [sys.executable, "-m", "rppg", "live", "--video", str(path), "--terminal"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "bpm" in done.stdout


@pytest.mark.slow
def test_a_video_without_a_face_exits_with_status_1(tmp_path):
    path = encode(tmp_path / "wall.mkv", [np.full((48, 64, 3), 90, np.uint8)] * 20, fps=25)
    command = [sys.executable, "-m", "rppg", "live", "--video", str(path), "--terminal"]
    done = subprocess.run([*command, "--method", "POS"], capture_output=True, text=True)
    assert done.returncode == 1
    assert "a face in good light" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--video", "none.mp4"), "none.mp4"),
        (("--method", "st_transformer"), "no method"),
        (("--camera", "77", "--terminal"), "rppg: camera 77 cannot be opened"),
    ],
)
def test_what_cannot_be_shown_is_said_in_one_line(tmp_path, words, says):
    command = [sys.executable, "-m", "rppg", "live", *words]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode != 0
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_stream_without_times_says_what_reads_it(tmp_path):
    path = BAD["raw H.264"](tmp_path)
    with pytest.raises(VideoError, match="holds no times of its frames; `rppg predict --fps`"):
        video_frames(path)


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
    below = HEADER_PX + 360
    assert drawn.shape == (below + STRIP_PX, 480, 3)
    assert (drawn[:HEADER_PX] == live_view.WHITE).all(axis=-1).any()
    assert (drawn[HEADER_PX:below] != 128).any()
    assert (drawn[below:] == live_view.GREEN).all(axis=-1).any()
    empty = picture(rgb, None, None)
    assert empty.shape == drawn.shape and (empty[HEADER_PX:below] == 128).all()


@pytest.mark.parametrize("size", [(1920, 1080), (1080, 1920), (426, 240), (48, 64), (20, 4000)])
def test_the_window_fits_on_a_screen_and_the_words_into_it(size):
    drawn = picture(np.full((*size, 3), 128, np.uint8), None, UNSURE)
    assert drawn.shape[0] <= 900 and 480 <= drawn.shape[1] <= 960
    header = (drawn[:HEADER_PX] != drawn[0, 0]).any(axis=-1)  # with ink
    assert header.any() and not header[:, -live_view.MARGIN // 2 :].any()
    assert header[45:].any()  # why it is not sure


@pytest.mark.parametrize("width", [48, 160, 640])
def test_the_words_under_a_magnified_face_fit_into_its_width(width):
    strip = WaveStrip(PULSE, width, "132 bpm, amplified 1000 times").at(7)
    white = (strip[STRIP_PX - 25 :] > 200).all(axis=-1)
    assert strip.shape == (STRIP_PX, width, 3)
    assert not white[:, -live_view.MARGIN // 2 :].any() and (strip == live_view.ORANGE).any()


@pytest.mark.parametrize("rate", [SURE, RATE])
def test_a_sure_rate_has_another_colour_than_a_doubtful_one(rate):
    drawn = picture(np.full((240, 320, 3), 128, np.uint8), None, rate)
    assert not (drawn == live_view.ORANGE).all(axis=-1).any()


def test_a_line_holds_time_wave_and_rate():
    line = line_of(RATE)
    assert line.startswith("  12 s") and line.endswith("132 bpm, clear (quality 0.80)")
    assert set("▁█") <= set(line)
    assert line_of(SURE).endswith("132 bpm, sure (0.97)")
    assert line_of(UNSURE).endswith(f"132 bpm, not sure (0.31): {WHY}")
    assert in_words(Rate(9.0, 70.4, 0.8, "", None, 0.7)) == "70 bpm, likely (0.70)"


IN_A_WINDOW = """
import sys, time
import numpy as np
from rppg.inference.live_view import WindowView
from rppg.inference.stream import Rate
view, beats = WindowView(), np.sin(np.arange(300) / 4)
rate = Rate(12.0, 72.0, 0.8, "", beats, 0.97, "72 bpm, sure (0.97)")
ends = time.monotonic() + 60
while time.monotonic() < ends and view.frame(np.full((240, 320, 3), 128, np.uint8), None, rate):
    time.sleep(0.05)
view.close()
"""


def screen(folder):
    """The picture (H, W, 3) of a virtual display, an X window dump; None before it is there."""
    data = b"".join(path.read_bytes() for path in folder.glob("Xvfb_screen0"))
    if len(data) < 100:
        return None
    head = np.frombuffer(data[:100], ">u4")
    width, height, line, colours = (int(head[k]) for k in (4, 5, 12, 19))
    pixels = np.frombuffer(data, np.uint8, height * line, offset=int(head[0]) + 12 * colours)
    return pixels.reshape(height, line // 4, 4)[:, :width, 2::-1]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("Xvfb") is None, reason="Xvfb, a virtual display, is not there")
def test_the_window_shows_the_wave_on_a_virtual_display(tmp_path):
    options = ["-displayfd", "1", "-screen", "0", "800x800x24", "-fbdir", str(tmp_path)]
    with subprocess.Popen(["Xvfb", *options], stdout=-1, stderr=subprocess.DEVNULL) as display:
        number = display.stdout.readline().decode().strip()
        environment = {**os.environ, "DISPLAY": f":{number}", "QT_QPA_PLATFORM": "xcb"}
        with subprocess.Popen([sys.executable, "-c", IN_A_WINDOW], env=environment) as program:
            ends_s, n_green = time.monotonic() + 180, 0
            while n_green < 300 and time.monotonic() < ends_s and program.poll() is None:
                time.sleep(0.2)
                shown = screen(tmp_path)
                n_green = 0 if shown is None else (shown == live_view.GREEN).all(axis=-1).sum()
            program.kill()
        display.terminate()
    assert n_green >= 300
