"""VIPL-HR (v1) as distributed: stamps in ms for all cameras but the phone, files that claim 25 fps.

The second person's recording has a time.txt with missing lines, as in the real dataset.

    >>> [clip.id for clip in clips(ChallengeConfig(n_vipl_hr=2))]
    ['VIPL-HR/p1/v1-source1', 'VIPL-HR/p1/v1-source2', 'VIPL-HR/p2/v1-2-source3']
"""

from pathlib import Path

import numpy as np

from rppg.synthetic.config import FIRST_NUMBER, ChallengeConfig, Clip
from rppg.synthetic.layouts.subject_ids import people
from rppg.synthetic.layouts.writers import write_mat, write_text

FOLDER = "VIPL-HR"
NAMES = tuple(f"p{n}" for n in range(1, 108))
ODD = (("v1", "source1"), ("v1", "source2"))  # recordings of the first, third, ... person
EVEN = (("v1-2", "source3"),)  # of the others
FPS = {"source1": (24.9, 29.8), "source2": (30.0, 30.0), "source3": (29.9, 30.0)}
CLAIMED_FPS = 25.0  # in the containers
SHORT, LINES_LOST = "VIPL-HR/p2/v1-2-source3", 5
WAVE_HZ = 60.0
SPO2 = 98  # per cent
N_FOLDS = 5


def clips(config: ChallengeConfig) -> list[Clip]:
    return [
        Clip(
            id=f"{FOLDER}/{name}/{situation}-{source}",
            path=f"{FOLDER}/data/{name}/{situation}/{source}/video.avi",
            layout="vipl_hr",
            split="none",
            subject=number,
            index=index,
            seconds=config.other_seconds,
            level=config.ubfc_level,
            fps_range=FPS[source],
            container_fps=CLAIMED_FPS,
        )
        for number, name in people("vipl_hr", config.n_vipl_hr, NAMES)
        for index, (situation, source) in enumerate(EVEN if int(name[1:]) % 2 == 0 else ODD, 1)
    ]


def write_labels(folder: Path, config: ChallengeConfig, clips: list[Clip]) -> None:
    for clip in clips:
        place, pulse = folder.parent / Path(clip.path).parent, clip.pulse(config)
        wave = 64 + 60 * pulse.wave(np.arange(round(clip.seconds * WAVE_HZ)) / WAVE_HZ)
        hr_bpm = pulse.rate_bpm(np.arange(np.ceil(clip.seconds) + 1))
        write_column(place / "wave.csv", "Wave", wave)
        write_column(place / "gt_HR.csv", "HR", hr_bpm)
        write_column(place / "gt_SpO2.csv", "SpO2", np.full(len(hr_bpm), SPO2))
        if place.name != "source2":
            times_ms = 1000 * clip.times_s(config)
            n = len(times_ms) - (LINES_LOST if clip.id == SHORT else 0)
            write_column(place / "time.txt", None, times_ms[:n])
    _write_folds(folder / "fold", clips)


def write_column(path: Path, header: str | None, values: np.ndarray) -> None:
    """Whole numbers below a header, if any; lines end with CRLF."""
    lines = ([header] if header else []) + [f"{value:.0f}" for value in values]
    write_text(path, "".join(f"{line}\r\n" for line in lines))


def _write_folds(folder: Path, clips: list[Clip]) -> None:
    """fold1.mat ... fold5.mat: numbers N of the folders p<N>, from 1; some may be empty."""
    numbers = sorted({clip.subject - FIRST_NUMBER["vipl_hr"] + 1 for clip in clips})
    for i in range(N_FOLDS):
        mine = np.array([numbers[i::N_FOLDS]], dtype=np.float64)  # (1, n)
        write_mat(folder / f"fold{i + 1}.mat", {f"fold{i + 1}": mine})
