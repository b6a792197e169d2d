"""VIPL-HR-V2 as distributed: phone clips at 17-27 fps in containers that claim 30, stray blanks.

>>> write_gt_csv(path, hr_bpm=[100.4, 101.0], fps_mean=[26.3, 25.7])  # doctest: +SKIP
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rppg.synthetic.config import FIRST_NUMBER, ChallengeConfig, Clip
from rppg.synthetic.layouts.writers import write_table, write_text

FOLDER = "VIPL-HR-V2"
PHONE_FPS = (17.0, 27.0)
WRONG_FPS = 30.0  # in the containers
WAVE_HZ = 60.0  # of the contact PPG, as in VIPL-HR
WAVE_NAME = "{video}_wave.csv"  # one of the names that the reader looks for


def clips(config: ChallengeConfig) -> list[Clip]:
    first = FIRST_NUMBER["train"]
    return [
        Clip(
            id=f"{FOLDER}/{number}/video{k}",
            path=f"{FOLDER}/train/{number}/video{k}.mp4.avi",
            layout="vipl_hr_v2",
            split="train",
            subject=number,
            index=k,
            seconds=config.seconds,
            level=config.level,
            fps_range=PHONE_FPS,
            container_fps=WRONG_FPS,
        )
        for number in range(first, first + config.n_train)
        for k in range(1, config.clips_per_subject + 1)
    ]


def write_labels(folder: Path, config: ChallengeConfig, clips: list[Clip]) -> None:
    subjects = dict.fromkeys(clip.subject for clip in clips)
    for subject in subjects:
        mine = [clip for clip in clips if clip.subject == subject]
        rates = [clip.hr_bpm(config) for clip in mine]
        path = folder / "train" / str(subject) / "gt.csv"
        write_gt_csv(path, rates, [clip.fps(config) for clip in mine])
        is_last = subject == max(subjects) and len(subjects) > 1  # has no wave, as in life
        for clip in mine if config.train_waves and not is_last else ():
            name = WAVE_NAME.replace("{video}", f"video{clip.index}")
            write_wave_csv(path.with_name(name), clip, config)


def write_wave_csv(path: Path, clip: Clip, config: ChallengeConfig) -> None:
    """The contact PPG of a clip from its first frame on, columns time_s,wave."""
    times_s = np.arange(round(clip.seconds * WAVE_HZ) + 1) / WAVE_HZ
    wave = clip.pulse(config).wave(times_s)
    rows = [(f"{t:.4f}", f"{value:.5f}") for t, value in zip(times_s, wave, strict=True)]
    write_table(path, ("time_s", "wave"), rows)


def write_gt_csv(path: Path, hr_bpm: Sequence[float], fps_mean: Sequence[float]) -> None:
    """gt.csv of one subject: one column per clip, one decimal."""

    def row(name, cells):
        """Blanks as in the original: after every cell but the last, which has one before it."""
        *most, last = cells
        return ",".join([name, *(f"{cell} " for cell in most[:-1]), *most[-1:], f" {last}"])

    def numbers(values):
        return [f"{round(value, 1):f}" for value in values]

    clips = [f"video{k}" for k in range(1, len(hr_bpm) + 1)]
    rows = [("  ", clips), ("Heart rate ", numbers(hr_bpm)), ("fps_mean ", numbers(fps_mean))]
    write_text(path, "".join(row(name, cells) + "\n" for name, cells in rows))
