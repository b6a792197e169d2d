"""PURE as distributed: PNG frames named by their time in ns, an oximeter with its own clock.

Every second subject has flat folders, the others nested ones.  The second one, 07, also has the
sequence whose ground truth is known to be bad: its PPG is noise, and the oximeter loses contact.

    >>> [clip.path for clip in clips(ChallengeConfig(n_pure=2))]
    ['PURE/01-01', 'PURE/07-01/07-01', 'PURE/07-02/07-02']
"""

import json
from pathlib import Path

import numpy as np

from rppg.synthetic.config import ChallengeConfig, Clip
from rppg.synthetic.layouts.subject_ids import people
from rppg.synthetic.layouts.writers import write_text

FOLDER = "PURE"
NAMES = ("01", "07", "02", "03", "04", "05", "06", "08", "09", "10")  # flat, nested, flat, ...
BAD = "07-02"
FPS = (30.0, 30.0)
OXIMETER_HZ = 60.0
EARLY_S, LATE_S = 0.7371, 0.4129  # the oximeter starts before the video and ends after it
OXIMETER_JITTER_S = 0.003
LOST_S = 0.5  # without contact, in the bad sequence
EPOCH_NS = 1392643993642815000  # the stamps' range: February 2014
APART_NS = 100_000_000_000  # between two recordings


def clips(config: ChallengeConfig) -> list[Clip]:
    return [
        _clip(config, number, subject, index)
        for number, subject in people("pure", config.n_pure, NAMES)
        for index in ((1, 2) if subject == BAD[:2] else (1,))
    ]


def _clip(config: ChallengeConfig, number: int, subject: str, index: int) -> Clip:
    name = f"{subject}-{index:02d}"
    nested = NAMES.index(subject) % 2 == 1
    return Clip(
        id=f"{FOLDER}/{subject}/{name}",
        path=f"{FOLDER}/{name}/{name}" if nested else f"{FOLDER}/{name}",
        layout="pure",
        split="none",
        subject=number,
        index=index,
        seconds=config.other_seconds,
        level=config.ubfc_level,
        fps_range=FPS,
        images="png",
    )


def image_name(clip: Clip, index: int, time_s: float) -> str:
    return f"Image{_stamps_ns(clip, np.array([time_s]))[0]}.png"


def write_labels(folder: Path, config: ChallengeConfig, clips: list[Clip]) -> None:
    for clip in clips:
        frames_ns = _stamps_ns(clip, clip.times_s(config))
        frames = [{"Timestamp": t, "Value": {}, "FrameID": "/CameraFrame"} for t in frames_ns]
        content = {"/FullPackage": _packages(clip, config), "/Image": frames}
        path = folder.parent / f"{clip.path}.json"  # next to the folder of images, in both layouts
        write_text(path, json.dumps(content, indent=1))


def _packages(clip: Clip, config: ChallengeConfig) -> list[dict]:
    """Packages of the oximeter, in whole numbers."""
    rng = np.random.default_rng([*clip.seed(config), 6])
    times_s = np.arange(-EARLY_S, clip.seconds + LATE_S, 1 / OXIMETER_HZ)
    times_s += OXIMETER_JITTER_S * rng.uniform(-1, 1, len(times_s))
    pulse = clip.pulse(config)
    wave, rate = pulse.wave(times_s), pulse.rate_bpm(times_s)
    if clip.id.endswith(BAD):
        wave = rng.uniform(-0.5, 0.5, len(times_s))
        rate[times_s < LOST_S] = 0
    wave = np.clip(np.round(50 + 60 * wave), 0, 127).astype(int)
    stamps_ns = _stamps_ns(clip, times_s)
    rows = zip(stamps_ns, wave.tolist(), np.round(rate).astype(int).tolist(), strict=True)
    return [_package(*row) for row in rows]


def _package(stamp_ns: int, waveform: int, pulse_rate: int) -> dict:
    value = {
        "barGraph": waveform // 9,
        "beep": False,
        "droppingo2Sat": False,
        "o2saturation": 97 if pulse_rate else 0,
        "probeError": False,
        "pulseRate": pulse_rate,
        "searching": not pulse_rate,
        "searchingToLong": False,
        "signalStrength": 5,
        "waveform": waveform,
    }
    return {"Timestamp": stamp_ns, "Value": value, "FrameID": ""}


def _stamps_ns(clip: Clip, times_s: np.ndarray) -> list[int]:
    """Stamps in whole microseconds, as Python integers: float64 is not precise enough."""
    start_ns = EPOCH_NS + (10 * clip.subject + clip.index) * APART_NS
    return [start_ns + 1000 * int(us) for us in np.round(1e6 * times_s)]
