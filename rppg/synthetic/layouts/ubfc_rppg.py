"""UBFC-rPPG as distributed: every third subject in DATASET_1, the others in DATASET_2.

One subject of DATASET_2 has the number of one whose ground truth is known to be bad: its PPG is
noise here.

    >>> [clip.id for clip in clips(ChallengeConfig(n_ubfc=3))]
    ['UBFC-rPPG/d1-1-gt/vid', 'UBFC-rPPG/subject2/vid', 'UBFC-rPPG/subject11/vid']
"""

from pathlib import Path

import numpy as np

from rppg.synthetic.config import FIRST_NUMBER, SET_LIMIT, ChallengeConfig, Clip
from rppg.synthetic.layouts.writers import write_text

FOLDER = "UBFC-rPPG"
BAD = 11  # the third subject's number; its ground truth is known to be bad
UNUSED = (11, 18, 20, 21, 24, 27)  # not used for other subjects, because readers flag these
FPS = (30.0, 30.0)
FINER = 4  # the videos are not compressed
OXIMETER_HZ = 62.0  # DATASET_1's sensor
SPO2 = 98  # per cent


def clips(config: ChallengeConfig) -> list[Clip]:
    numbers = (m for m in range(FIRST_NUMBER["ubfc"], SET_LIMIT * 2) if m not in UNUSED)
    found = [number for _, number in zip(range(config.n_ubfc), numbers, strict=False)]
    found[2:3] = [BAD] * len(found[2:3])
    return [_clip(config, k % 3 == 0, number) for k, number in enumerate(found)]


def _clip(config: ChallengeConfig, first_part: bool, number: int) -> Clip:
    folder = f"DATASET_1/{number}-gt" if first_part else f"DATASET_2/subject{number}"
    subject = f"d1-{number}-gt" if first_part else f"subject{number}"
    id, path = f"{FOLDER}/{subject}/vid", f"{FOLDER}/{folder}/vid.avi"
    times = (config.ubfc_seconds, config.ubfc_level, FPS)
    return Clip(id, path, "ubfc_rppg", "none", number, 1, *times, container_fps=30.0, finer=FINER)


def write_labels(folder: Path, config: ChallengeConfig, clips: list[Clip]) -> None:
    for clip in clips:
        part, name, _ = Path(clip.path).parts[1:]
        if part == "DATASET_1":
            times_s = np.arange(0, clip.seconds, 1 / OXIMETER_HZ)
            write_gtdump(folder / part / name / "gtdump.xmp", *_labels(clip, config, times_s))
        else:
            labels = _labels(clip, config, clip.times_s(config))
            write_ground_truth(folder / part / name / "ground_truth.txt", *labels)


def _labels(clip: Clip, config: ChallengeConfig, times_s: np.ndarray) -> tuple:
    """PPG, HR and times (n,)."""
    pulse = clip.pulse(config)
    wave = pulse.wave(times_s)
    if clip.subject == BAD:
        wave = np.random.default_rng(clip.seed(config)).standard_normal(len(times_s))
    return wave, pulse.rate_bpm(times_s), times_s


def write_ground_truth(path: Path, bvp: np.ndarray, hr_bpm: np.ndarray, times_s: np.ndarray):
    """DATASET_2: three lines (PPG, HR, time in s), one value per frame."""
    lines = ["  ".join(f"{value:.7e}" for value in row) for row in (bvp, hr_bpm, times_s)]
    write_text(path, "\n".join(lines) + "\n")


def write_gtdump(path: Path, bvp: np.ndarray, hr_bpm: np.ndarray, times_s: np.ndarray) -> None:
    """DATASET_1: rows of time in ms, HR, SpO2, PPG (0-127)."""
    wave = np.clip(64 + 60 * bvp, 0, 127)
    rows = zip(1000 * times_s, hr_bpm, wave, strict=True)
    text = "".join(f"{time:.0f},{rate:.0f},{SPO2},{value:.0f}\n" for time, rate, value in rows)
    write_text(path, text)
