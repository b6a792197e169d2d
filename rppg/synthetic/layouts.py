"""The label files of the challenge, written exactly as the real datasets have them.

Every writer takes what it says as numbers and writes one small text file, whole or not at all.
Readers must not be able to tell: VIPL-HR-V2's stray blanks, UBFC's scientific notation and its
second sensor clock are kept.

    >>> write_gt_csv(path, hr_bpm=[100.4, 101.0], fps_mean=[26.3, 25.7])
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

OXIMETER_HZ = 62.0  # DATASET_1's sensor
SPO2 = 98  # per cent


def write_text(path: Path, text: str) -> None:
    """Write a text file whole: under a hidden name first, then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".tmp-{path.name}")
    temporary.write_bytes(text.encode())
    temporary.replace(path)


def write_gt_csv(path: Path, hr_bpm: Sequence[float], fps_mean: Sequence[float]) -> None:
    """VIPL-HR-V2's gt.csv of one subject: one column a clip, one decimal of precision."""

    def row(name, cells):
        """Blanks as found: after every cell but the last, which has one before it."""
        *most, last = cells
        return ",".join([name, *(f"{cell} " for cell in most[:-1]), *most[-1:], f" {last}"])

    def numbers(values):
        return [f"{round(value, 1):f}" for value in values]

    clips = [f"video{k}" for k in range(1, len(hr_bpm) + 1)]
    rows = [("  ", clips), ("Heart rate ", numbers(hr_bpm)), ("fps_mean ", numbers(fps_mean))]
    write_text(path, "".join(row(name, cells) + "\n" for name, cells in rows))


def write_ground_truth(path: Path, bvp: np.ndarray, hr_bpm: np.ndarray, times_s: np.ndarray):
    """UBFC-rPPG DATASET_2: three lines (wave, heart rate, time in s), one value a frame."""
    lines = ["  ".join(f"{value:.7e}" for value in row) for row in (bvp, hr_bpm, times_s)]
    write_text(path, "\n".join(lines) + "\n")


def write_gtdump(path: Path, bvp: np.ndarray, hr_bpm: np.ndarray, times_s: np.ndarray) -> None:
    """UBFC-rPPG DATASET_1: rows time in ms, heart rate, SpO2, wave (0-127)."""
    wave = np.clip(64 + 60 * bvp, 0, 127)
    rows = zip(1000 * times_s, hr_bpm, wave, strict=True)
    text = "".join(f"{time:.0f},{rate:.0f},{SPO2},{value:.0f}\n" for time, rate, value in rows)
    write_text(path, text)


def write_table(path: Path, header: Sequence[str], rows: Sequence[Sequence]) -> None:
    """A plain CSV."""
    lines = [",".join(header), *(",".join(map(str, row)) for row in rows)]
    write_text(path, "\n".join(lines) + "\n")
