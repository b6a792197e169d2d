"""`rppg magnify`: what changes at the heart rate grows, the rest stays, and files are whole."""

import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from helpers.malformed_videos import HR_BPM, encode, frames
from typer.testing import CliRunner

from rppg.cli import app
from rppg.inference import magnify as magnification
from rppg.inference.magnify import Course, amplified, course_of, magnify
from rppg.inference.video_paths import expand_videos
from rppg.preprocessing.video import read_frames
from rppg.preprocessing.video_writer import VideoError
from rppg.utils.errors import InputError, NoHeartRateError, RppgError

FACE = (slice(80, 160), slice(120, 200))  # pixels of the helper's face, from 240 x 320


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    rgbs = np.stack(frames(5.0, 25.0))
    rgbs[:, :72, :72] = 120  # a corner that stands still
    return encode(tmp_path_factory.mktemp("video") / "face.mkv", rgbs, fps=25)


@pytest.fixture(scope="module")
def made(video):
    """The rate that was found, and the frames with their times."""
    out = video.with_name("pulse.mp4")
    found = magnify(video, out, gain=30, progress=False)
    return found, *zip(*read_frames(out), strict=True)


def swing(rgbs) -> float:
    """How far the face's green moves within the heart band, in grey levels."""
    green = np.array([rgb[FACE][..., 1].mean() for rgb in rgbs])
    spectrum = np.abs(np.fft.rfft(green - green.mean()))
    freq_bpm = 60 * np.fft.rfftfreq(len(green), 1 / 25.0)
    return float(spectrum[np.abs(freq_bpm - HR_BPM) < 15].max() * 2 / len(green))


@pytest.mark.slow
def test_the_pulse_grows_and_the_wave_is_drawn_below(video, made):
    found, rgbs, times_s = made
    before = [rgb for rgb, _ in read_frames(video)]
    assert abs(found.hr_bpm - HR_BPM) < 6
    assert swing(rgbs) > 5 * swing(before)
    assert rgbs[0].shape == (240 + 120, 320, 3)
    assert len(times_s) == len(before)
    np.testing.assert_allclose(np.diff(times_s), 0.04, atol=1e-3)


def test_what_does_not_change_stays(made):
    corner = np.array([rgb[:20, :20].mean() for rgb in made[1]])
    np.testing.assert_allclose(corner, 120, atol=3)


def test_a_known_change_is_added_with_its_gain():
    rgb = np.full((48, 64, 3), 100, np.uint8)
    change = np.full((2, 3, 3), 0.5)
    assert (amplified(rgb, change, gain=20) == 110).all()
    assert (amplified(rgb, change, gain=1000) == 140).all()  # limited
    assert (amplified(rgb, 0 * change, gain=20) == rgb).all()


def test_the_course_holds_what_is_near_the_rate(video):
    (recording,) = expand_videos([video])
    near, far = (course_of(recording, bpm) for bpm in (HR_BPM, HR_BPM / 2))
    assert isinstance(near, Course)
    assert near.changes.std() > 2 * far.changes.std()


def test_without_a_face_there_is_an_error_and_no_file(tmp_path):
    wall = encode(tmp_path / "wall.mkv", [np.full((48, 64, 3), 90, np.uint8)] * 100, fps=25)
    with pytest.raises(RppgError, match="no face"):
        magnify(wall, tmp_path / "out.mp4", progress=False)
    for name, says in (("none.mp4", "no such file"), ("", "a folder, expected a video")):
        with pytest.raises(VideoError, match=says):
            magnify(tmp_path / name, tmp_path / "out.mp4", progress=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["wall.mkv"]


@pytest.mark.parametrize(
    ("out", "says"),
    [("out.gif", "expected a name that ends in .mp4 or .mkv"), ("face.mkv", "one of the videos")],
)
def test_a_wrong_output_is_refused_before_anything_is_decoded(video, out, says):
    command = [sys.executable, "-m", "rppg", "magnify", str(video), str(video.with_name(out))]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode != 0
    assert says in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("gain", [float("nan"), 0.0, -40.0, 1e9])
def test_a_gain_that_no_picture_can_have_is_refused(video, gain, tmp_path):
    with pytest.raises(InputError, match="expected a number from 1 to 1000"):
        magnify(video, tmp_path / "out.mp4", gain=gain, progress=False)


def test_a_still_picture_has_no_pulse_to_amplify(video, tmp_path):
    first = next(iter(read_frames(video)))[0]
    still = encode(tmp_path / "still.mkv", [first] * 100, fps=25)
    with pytest.raises(NoHeartRateError, match="does not change"):
        magnify(still, tmp_path / "out.mp4", progress=False)


@pytest.mark.slow
def test_what_speaks_against_the_rate_is_said(video, monkeypatch, tmp_path):
    monkeypatch.setattr(magnification, "doubts", lambda *_: ["it may be a photograph"])
    out = tmp_path / "out.mp4"
    found = magnify(video, out, progress=False)
    assert found.notes == ("it may be a photograph",) and out.exists()
    done = CliRunner().invoke(app, ["magnify", str(video), str(out)])
    assert done.exit_code == 0
    assert "note: " in done.output and "it may be a photograph" in done.output


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_a_command_that_is_ended_leaves_the_old_file_and_no_part_of_the_new_one(
    ending, video, monkeypatch, tmp_path
):
    def ended(frames, *arguments, **fields):
        yield next(frames)
        if ending == signal.SIGINT:  # as Python does, unless a shell has it ignored
            raise KeyboardInterrupt
        os.kill(os.getpid(), ending)
        yield from frames

    monkeypatch.setattr(magnification, "tqdm", ended)
    out, before = tmp_path / "out.mp4", signal.getsignal(signal.SIGTERM)
    out.write_bytes(b"older")
    done = CliRunner().invoke(app, ["magnify", str(video), str(out)])
    assert done.exit_code == 128 + ending and signal.getsignal(signal.SIGTERM) == before
    assert ("is not written" in done.output) == (ending == signal.SIGINT)
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]
    assert out.read_bytes() == b"older"


@pytest.mark.slow
def test_a_grey_video_has_the_rate_of_its_green(tmp_path):
    greys = [np.repeat(rgb[..., 1:2], 3, axis=2) for rgb in frames(5.0, 25.0)]
    video = encode(tmp_path / "grey.mkv", greys, fps=25)
    found = magnify(video, tmp_path / "pulse.mp4", progress=False)
    assert abs(found.hr_bpm - HR_BPM) < 6
    assert any("grey" in note and "GREEN" in note for note in found.notes)
    assert not any("use GREEN" in note for note in found.notes)
