"""OBF as cut for RePSS: clips at 30 frames per second, with flags of the beats at 30 Hz.

Flags are in a .npy file or a text file, in turn.

    >>> [clip.path for clip in clips(ChallengeConfig(n_obf=2))]
    ['OBF/1/video1.avi', 'OBF/2/video1.avi']
"""

import io
from pathlib import Path

import numpy as np

from rppg.synthetic.config import ChallengeConfig, Clip
from rppg.synthetic.layouts.subject_ids import people
from rppg.synthetic.layouts.writers import write_bytes, write_text

FOLDER = "OBF"
NAMES = tuple(str(number) for number in range(1, 101))
FPS = (30.0, 30.0)
FLAGS_HZ = 30.0
PEAK = 0.21  # phase of a beat at which the PPG has its maximum


def clips(config: ChallengeConfig) -> list[Clip]:
    return [
        Clip(
            id=f"{FOLDER}/{name}/video1",
            path=f"{FOLDER}/{name}/video1.avi",
            layout="obf",
            split="none",
            subject=person,
            index=1,
            seconds=config.other_seconds,
            level=config.ubfc_level,
            fps_range=FPS,
        )
        for person, name in people("obf", config.n_obf, NAMES)
    ]


def write_labels(folder: Path, config: ChallengeConfig, clips: list[Clip]) -> None:
    for clip in clips:
        _, name, video = clip.id.split("/")
        flags = _flags(clip, config)
        if int(name) % 2:
            content = io.BytesIO()
            np.save(content, flags)
            write_bytes(folder / name / f"{video}.npy", content.getvalue())
        else:
            write_text(folder / name / f"{video}.txt", " ".join(f"{f:.0f}" for f in flags) + "\n")


def _flags(clip: Clip, config: ChallengeConfig) -> np.ndarray:
    """1 at the maximum of each beat, else 0, (n,) float64."""
    beats_s = clip.pulse(config).beat_times_s
    peaks_s = beats_s[:-1] + PEAK * np.diff(beats_s)
    places = np.rint(peaks_s * FLAGS_HZ).astype(int)
    flags = np.zeros(round(clip.seconds * FLAGS_HZ))
    flags[places[(places >= 0) & (places < len(flags))]] = 1
    return flags
