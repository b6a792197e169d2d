"""See the pulse: a video of a face with its changes of colour at the heart rate amplified.

    found = magnify(Path("face.mp4"), Path("pulse.mp4"))
    found.hr_bpm, found.notes

Linear Eulerian magnification (Wu et al., SIGGRAPH 2012): each frame is averaged down, every pixel
of that is band-passed over time around the heart rate that the face has by itself, amplified, and
added to the frame.  The wave is drawn below.  The picture is decoded three times; what is kept in
memory are the small frames, 0.2 MB per second of 640x480.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from rppg.datasets import Recording
from rppg.datasets.prepared import face_colours
from rppg.inference.doubts import check_picture, doubts
from rppg.inference.live_view import WaveStrip
from rppg.inference.video_paths import expand_videos
from rppg.inference.videos import notes_on
from rppg.preprocessing.extract import extract
from rppg.preprocessing.resampling import TimedFrames
from rppg.preprocessing.video_writer import VideoError, VideoWriter
from rppg.signals.bandpass import bandpass
from rppg.signals.checks import TooFewColours
from rppg.signals.classical import wave
from rppg.signals.heart_rate import heart_rate
from rppg.utils.errors import InputError, no_heart_rate

GAIN = 40.0  # a pulse of half a grey level becomes one of 20
LEAST_GAIN, MOST_GAIN = 1.0, 1000.0
BAND = (0.8, 1.25)  # of the heart rate: what is amplified
SMALL_PX = 24  # pixels of the frame, a side, in one of the small frame: noise is averaged out
MOST_LEVELS = 40.0  # grey levels that are added or taken away at most: edges that move
COLUMNS_A_CHUNK = 600  # pixels whose courses are filtered at a time
SUFFIXES = (".mp4", ".mkv")


@dataclass(frozen=True)
class Shown:
    """The heart rate that is amplified, its quality (0-1), and sentences on what was assumed and
    what speaks against it, as of `rppg predict`."""

    hr_bpm: float
    quality: float
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Course:
    """What is added to each frame: changes (T, h, w, 3) in grey levels, at times_s (T,)."""

    changes: np.ndarray
    times_s: np.ndarray


def magnify(
    video: Path, out: Path, gain: float = GAIN, fps: float | None = None, progress: bool = True
) -> Shown:
    """Write the video with its pulse amplified to `out`; returns the heart rate that was found.

    Raises an RppgError where the video, the face or the rate is missing, as of a still picture, or
    if the gain is not in LEAST_GAIN to MOST_GAIN.  The file appears whole or not at all.
    """
    if not LEAST_GAIN <= gain <= MOST_GAIN:  # NaN neither
        expected = f"expected a number from {LEAST_GAIN:g} to {MOST_GAIN:g}"
        raise InputError(f"the gain is {gain:g}, {expected}")
    if video.is_dir():
        raise VideoError(f"{video}: a folder, expected a video file")
    (recording,) = expand_videos([video])
    if recording.problem:
        raise VideoError(recording.problem)
    recording = recording if fps is None else replace(recording, fps=fps)
    with no_heart_rate(str(video)):
        traces = extract(recording, overlap=True)
        check_picture(traces.meta)
        pulse, assumed = _pulse(face_colours(traces.mstmap), traces.fps)
        found = heart_rate(pulse, traces.fps)
        course = course_of(recording, found.hr_bpm)
    at_s = course.times_s - course.times_s[0]
    smooth = bandpass(np.nan_to_num(pulse), traces.fps)
    beats = np.interp(at_s, traces.times_s, smooth)  # (T,), at the frames
    words = f"{found.hr_bpm:.0f} bpm, amplified {gain:g} times"
    _write(recording, out, course, gain, beats, words, progress)
    said = [
        *notes_on(traces.meta),
        *assumed,
        *filter(None, [found.note]),
        *doubts(pulse, found, traces),
    ]
    return Shown(found.hr_bpm, found.quality, tuple(said))


def _pulse(rgb: np.ndarray, fps: float) -> tuple[np.ndarray, list[str]]:
    """The wave (T,) of colours (T, 3) by POS, or by GREEN where it needs more colours than there
    are, which is said."""
    try:
        return wave("POS", rgb, fps), []
    except TooFewColours as error:
        what = str(error).removesuffix(": use GREEN")
        return wave("GREEN", rgb, fps), [f"{what}: the rate is GREEN's"]


def course_of(recording: Recording, hr_bpm: float) -> Course:
    """The small frames' changes around the heart rate, in grey levels, not yet amplified.

    Raises ValueError if the picture's size changes or the frames are too few a second.
    """
    small, times_s = [], []
    for rgb, time_s in TimedFrames(recording):
        small.append(_small(rgb))
        times_s.append(time_s)
        if small[-1].shape != small[0].shape:
            raise ValueError("the picture's size changes: cut the video there")
    courses = np.stack(small).reshape(len(small), -1)  # (T, h w 3)
    at_s = np.array(times_s)
    fps = (len(at_s) - 1) / (at_s[-1] - at_s[0])
    band_hz = (BAND[0] * hr_bpm / 60, BAND[1] * hr_bpm / 60)
    for first in range(0, courses.shape[1], COLUMNS_A_CHUNK):
        columns = courses[:, first : first + COLUMNS_A_CHUNK]
        columns[:] = bandpass(columns.T, fps, band_hz).T
    return Course(courses.reshape(len(small), *small[0].shape), at_s)


def amplified(rgb: np.ndarray, change: np.ndarray, gain: float) -> np.ndarray:
    """A frame (H, W, 3) uint8 with its change (h, w, 3), in grey levels, times the gain added."""
    added = np.clip(gain * change, -MOST_LEVELS, MOST_LEVELS).astype(np.float32)
    large = cv2.resize(added, rgb.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    return np.clip(np.rint(rgb + large), 0, 255).astype(np.uint8)


def _small(rgb: np.ndarray) -> np.ndarray:
    size = tuple(max(2, round(side / SMALL_PX)) for side in rgb.shape[1::-1])
    return cv2.resize(rgb.astype(np.float32), size, interpolation=cv2.INTER_AREA)


def _write(
    recording: Recording,
    out: Path,
    course: Course,
    gain: float,
    beats: np.ndarray,
    words: str,
    progress: bool,
) -> None:
    frames = _drawn(recording, course, gain, beats, words)
    first = next(frames)
    times_s = course.times_s - course.times_s[0]
    with VideoWriter(out, first.shape[1], first.shape[0], 30, times_s=times_s) as video:
        video.write(first)
        bar = tqdm(frames, "magnify", len(times_s), initial=1, unit="frame", disable=not progress)
        for rgb in bar:
            video.write(rgb)


def _drawn(recording, course: Course, gain: float, beats, words: str) -> Iterator[np.ndarray]:
    """The frames with the wave below, each side even, as H.264 wants them."""
    strip = None
    for index, (rgb, _) in enumerate(TimedFrames(recording)):
        height, width = (side // 2 * 2 for side in rgb.shape[:2])
        shown = amplified(rgb, course.changes[index], gain)[:height, :width]
        strip = strip or WaveStrip(beats, width, words)
        yield np.concatenate([shown, strip.at(index)])
