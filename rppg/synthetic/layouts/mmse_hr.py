"""MMSE-HR as distributed: two trees, JPEG frames at 25 per second, header-less text at 1,000 Hz.

The first person is in the tree of the first ten subjects, the others in that of the next thirty.
The second task of the second person has a stretch of impossible HR.

    >>> for clip in clips(ChallengeConfig(n_mmse_hr=2)):
    ...     print(clip.path)
    MMSE-HR/first 10 subjects 2D/F013/T1
    MMSE-HR/T10_T11_30Subjects/F005/T10
    MMSE-HR/T10_T11_30Subjects/F005/T11
"""

from pathlib import Path

import numpy as np

from rppg.synthetic.config import ChallengeConfig, Clip
from rppg.synthetic.layouts.subject_ids import people
from rppg.synthetic.layouts.writers import write_text

FOLDER = "MMSE-HR"
FIRST = "F013"
NAMES = (FIRST, *(f"F{k:03d}" for k in (*range(5, 13), *range(14, 20), *range(21, 28))))
NAMES += tuple(f"M{k:03d}" for k in range(1, 18))
FIRST_IMAGES, FIRST_LABELS = "first 10 subjects 2D", "first 10 subjects Phydata released/Phydata"
NEXT_IMAGES, NEXT_LABELS = "T10_T11_30Subjects", "T10_T11_30PhyBPHRData"
OUTLIERS = ("F005", "T11")
OUTLIER_BPM, OUTLIERS_S = 311.0, (1.0, 1.25)
FPS = (25.0, 25.0)
LABEL_HZ = 1000
MEAN_MMHG, PULSE_MMHG = 92.0, 41.0


def clips(config: ChallengeConfig) -> list[Clip]:
    return [
        _clip(config, number, subject, index, task)
        for number, subject in people("mmse_hr", config.n_mmse_hr, NAMES)
        for index, task in enumerate(("T1",) if subject == FIRST else ("T10", "T11"), start=1)
    ]


def _clip(config: ChallengeConfig, number: int, subject: str, index: int, task: str) -> Clip:
    tree = FIRST_IMAGES if subject == FIRST else NEXT_IMAGES
    return Clip(
        id=f"{FOLDER}/{subject}/{task}",
        path=f"{FOLDER}/{tree}/{subject}/{task}",
        layout="mmse_hr",
        split="none",
        subject=number,
        index=index,
        seconds=config.other_seconds,
        level=config.ubfc_level,
        fps_range=FPS,
        images="jpg",
    )


def image_name(clip: Clip, index: int, time_s: float) -> str:
    return f"{index + 1:04d}.jpg"


def write_labels(folder: Path, config: ChallengeConfig, clips: list[Clip]) -> None:
    for clip in clips:
        subject, task = Path(clip.path).parts[-2:]
        tree = FIRST_LABELS if subject == FIRST else NEXT_LABELS
        times_s = np.arange(round(clip.seconds * LABEL_HZ)) / LABEL_HZ
        pulse = clip.pulse(config)
        rate = pulse.rate_bpm(times_s)
        if (subject, task) == OUTLIERS:
            start_s, stop_s = OUTLIERS_S
            rate[(times_s >= start_s) & (times_s < stop_s)] = OUTLIER_BPM
        place = folder / tree / subject / task
        write_column(place / "BP_mmHg.txt", MEAN_MMHG + PULSE_MMHG * pulse.wave(times_s))
        write_column(place / "Pulse Rate_BPM.txt", rate)


def write_column(path: Path, values: np.ndarray) -> None:
    """One number per line, no header."""
    write_text(path, "".join(f"{value:.4f}\n" for value in values))
