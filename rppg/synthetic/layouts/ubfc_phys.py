"""UBFC-Phys as distributed: three tasks per subject, a wrist PPG at 64 Hz, no header.

The first subject is s3, whose T1 is known to be bad: its PPG is noise here.  A subject has one or
two of the three tasks.

    >>> [clip.id for clip in clips(ChallengeConfig(n_ubfc_phys=2))]
    ['UBFC-Phys/s3/T1', 'UBFC-Phys/s3/T2', 'UBFC-Phys/s1/T3']
"""

from pathlib import Path

import numpy as np

from rppg.synthetic.config import ChallengeConfig, Clip
from rppg.synthetic.layouts.subject_ids import people
from rppg.synthetic.layouts.writers import write_text

FOLDER = "UBFC-Phys"
NAMES = tuple(f"s{number}" for number in (3, 1, 2, *range(4, 57)))
TASKS_ODD, TASKS_EVEN = (1, 2), (3,)  # of persons with an odd and an even number
BAD = "UBFC-Phys/s3/T1"
FPS = (35.0, 35.0)
WAVE_HZ, SKIN_HZ = 64.0, 4.0  # PPG and skin conductance of the wristband


def clips(config: ChallengeConfig) -> list[Clip]:
    return [
        Clip(
            id=f"{FOLDER}/{name}/T{task}",
            path=f"{FOLDER}/{name}/vid_{name}_T{task}.avi",
            layout="ubfc_phys",
            split="none",
            subject=person,
            index=task,
            seconds=config.other_seconds,
            level=config.ubfc_level,
            fps_range=FPS,
        )
        for person, name in people("ubfc_phys", config.n_ubfc_phys, NAMES)
        for task in (TASKS_EVEN if person % 2 == 0 else TASKS_ODD)
    ]


def write_labels(folder: Path, config: ChallengeConfig, clips: list[Clip]) -> None:
    for clip in clips:
        _, name, task = clip.id.split("/")
        write_column(folder / name / f"bvp_{name}_{task}.csv", _wave(clip, config), 2)
        calm = np.full(round(clip.seconds * SKIN_HZ), 0.5)
        write_column(folder / name / f"eda_{name}_{task}.csv", calm, 6)
        write_text(folder / name / f"info_{name}.txt", f"{name}\nf\ntest\n0.0\n0.0\n")


def _wave(clip: Clip, config: ChallengeConfig) -> np.ndarray:
    times_s = np.arange(round(clip.seconds * WAVE_HZ)) / WAVE_HZ
    wave = clip.pulse(config).wave(times_s)
    if clip.id == BAD:
        wave = np.random.default_rng(clip.seed(config)).standard_normal(len(times_s))
    return 100 * wave


def write_column(path: Path, values: np.ndarray, decimals: int) -> None:
    """One value per line, no header."""
    write_text(path, "".join(f"{value:.{decimals}f}\n" for value in values))
