"""Small videos of a face with a known pulse, for the tests of preprocessing."""

import functools
import signal

import cv2
import numpy as np
from skimage.data import astronaut

from rppg.datasets.recording import Recording
from rppg.preprocessing.video import VideoWriter

FACE_XY = (222, 112)  # middle of the face in scikit-image's picture
COLOUR = np.array([0.33, 0.77, 0.53], np.float32) / 0.77  # of a pulse, relative to its green


@functools.cache
def _picture():
    return astronaut()[:300, 60:400].astype(np.float32)


def face_frame(dx=0.0, dy=0.0, pulse=0.0, size=(320, 240)):
    """The astronaut's face near the middle of an RGB frame; pulse is the change in green, 0-1."""
    picture = _picture()
    shift = np.float32([[1, 0, dx + size[0] / 2 - FACE_XY[0] + 60], [0, 1, dy + 120 - FACE_XY[1]]])
    frame = cv2.warpAffine(picture, shift, size, borderMode=cv2.BORDER_REFLECT)
    return np.clip(np.rint(frame * (1 - pulse * COLOUR)), 0, 255).astype(np.uint8)


def pulse_at(times_s, hr_bpm, amplitude=0.02):
    return amplitude * np.sin(2 * np.pi * hr_bpm / 60 * np.asarray(times_s))


def write_clip(path, seconds=4.0, fps=30.0, hr_bpm=90.0, seen=(0.0, np.inf), times_s=None):
    """Write a video of a face that sways by 3 pixels; outside the interval `seen` it is grey."""
    constant = times_s is None
    times_s = np.arange(round(seconds * fps)) / fps if constant else np.asarray(times_s)
    pulse = pulse_at(times_s, hr_bpm)
    with VideoWriter(path, 320, 240, fps, crf=10, times_s=None if constant else times_s) as video:
        for time_s, p in zip(times_s, pulse, strict=True):
            face = face_frame(3 * np.sin(2 * time_s), 2 * np.cos(1.3 * time_s), p)
            shown = seen[0] <= time_s < seen[1]
            video.write(face if shown else np.full_like(face, 128))
    return path


def recording(path, **fields):
    return Recording("test", "s1", path.name, frames=path, **fields)


def heed_interrupts():
    """For a child process: handle SIGINT as in a terminal, even if the test run ignores it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
