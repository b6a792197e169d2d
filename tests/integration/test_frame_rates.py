"""A known heart rate is recovered from the store at any frame rate of the camera.

A rendered face with a steady pulse, 16 s, is read back by POS from its prepared recording.  The
worst error in bpm (the read-out's grid is 1/3 bpm) over true rates of 57, 83.4 (to 35 fps) and
131.2 bpm, and over frame times from timestamps and from the container:

    fps          17.3    20    25    30    35    60    61
    no jitter     .33   .20   .40   .33   .33   .20   .20
    20 %          .27   .40   .33   .33   .33   .20   .20

GREEN is off by up to .4 bpm, even at 30 fps, from the flicker of the rendered room light: not
tested.
"""

from types import SimpleNamespace

import numpy as np
import pytest

from rppg.datasets.recording import Recording
from rppg.datasets.store import Store
from rppg.inference.classical import predict_classical
from rppg.preprocessing import prepare, prepare_recording
from rppg.preprocessing.video import VideoWriter
from rppg.synthetic.disturbances import LEVELS
from rppg.synthetic.image_writer import write_images
from rppg.synthetic.pulse import Pulse
from rppg.synthetic.render import Renderer
from rppg.synthetic.subject import draw_traits, make_subject

NEAR_BPM = 0.5
CLAIMED_FPS = 30.0  # what a container says that does not know better


def frame_times(fps, seconds=16.0, jitter=0.0):
    """Times (n,) s from 0, each up to a share of the interval early or late."""
    n = round(seconds * fps)
    late = np.random.default_rng(n).uniform(-jitter, jitter, n)
    times_s = (np.arange(n) + late) / fps
    return times_s - times_s[0]


def face(times_s, hr_bpm):
    """Frames of a face at these times whose heart beats evenly."""
    beats_s = np.arange(-5, times_s[-1] + 5, 60 / hr_bpm)
    pulse = Pulse(beats_s, breath_hz=0.25, breath_phase=0.3)
    subject = make_subject(draw_traits(seed=0, number=7), width=320, height=240)
    return list(Renderer(subject, pulse, LEVELS["easy"], times_s, seed=(0, len(times_s))))


def write_video(path, frames, fps, times_s=None):
    with VideoWriter(path, 320, 240, fps, crf=11, times_s=times_s) as video:
        for frame in frames:
            video.write(frame)
    return path


def found_bpm(store, recording):
    """Heart rate by POS of a recording, prepared and read back."""
    meta = prepare.prepare_one(recording, store)
    assert meta["status"] == "ok", meta["reason"]
    return predict_classical(store, [recording.id], ["POS"])["hr_bpm"].item()


@pytest.fixture
def store(tmp_path, monkeypatch):
    """An empty store; the face's box is known, so MTCNN need not be loaded."""
    box = SimpleNamespace(find=lambda rgb: (110.0, 60.0, 210.0, 190.0))
    monkeypatch.setattr(prepare_recording, "_finder", lambda: box)
    return Store(tmp_path / "store")


@pytest.mark.slow
def test_images_with_jittered_stamps_give_the_rate_and_without_them_another(store, tmp_path):
    """Without its stamps a clip of 20 fps looks like one of 30, and 66 bpm like 99."""
    times_s = frame_times(20.0, seconds=10.0, jitter=0.2)
    names = [f"{k:04}.png" for k in range(len(times_s))]
    folder = write_images(tmp_path / "frames", "png", names, face(times_s, hr_bpm=66.0))
    paths = tuple(folder / name for name in names)
    stamped = Recording("test", "s1", "stamped", paths, times_s=times_s + 1e4)
    assert found_bpm(store, stamped) == pytest.approx(66, abs=NEAR_BPM)
    claimed = Recording("test", "s1", "claimed", paths, fps=CLAIMED_FPS)
    assert found_bpm(store, claimed) == pytest.approx(99, abs=1.0)


@pytest.mark.slow
@pytest.mark.parametrize("jitter", [0.0, 0.2])
@pytest.mark.parametrize(
    "fps, hr_bpm",
    [
        *((17.3, 131.2), (20.0, 57.0), (25.0, 83.4), (30.0, 97.7)),
        *((35.0, 71.3), (60.0, 131.2), (61.0, 118.9)),
    ],
)
def test_the_heart_rate_is_recovered_at_any_frame_rate(store, tmp_path, fps, hr_bpm, jitter):
    times_s = frame_times(fps, jitter=jitter)
    frames = face(times_s, hr_bpm)
    wrong = write_video(tmp_path / "wrong.avi", frames, CLAIMED_FPS)
    stamped = Recording("test", "s1", "stamps", wrong, times_s=times_s + 3.7)
    assert found_bpm(store, stamped) == pytest.approx(hr_bpm, abs=NEAR_BPM)
    timed = write_video(tmp_path / "timed.mkv", frames, fps, times_s if jitter else None)
    contained = Recording("test", "s1", "container", timed)
    assert found_bpm(store, contained) == pytest.approx(hr_bpm, abs=NEAR_BPM)
    meta = store.open(contained.id).meta
    assert meta["fps"] == pytest.approx(fps, rel=0.005) and meta["fps_source"] == "container"
