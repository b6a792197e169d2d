"""ECG-Fitness as distributed: two cameras per session, ECG rows in packets on the computer's clock.

The first subject is 11, whose sessions 01 and 02 are swapped in the real dataset.  The frame rate
is 31.6 fps in files that claim 30; HR above 127 is negative; the oximeter was not worn.

    >>> [clip.id for clip in clips(ChallengeConfig(n_ecg_fitness=1))]
    ['ECG-Fitness/11/01-c920-1', 'ECG-Fitness/11/01-c920-2']
"""

from pathlib import Path

import numpy as np

from rppg.synthetic.config import ChallengeConfig, Clip
from rppg.synthetic.layouts.subject_ids import people
from rppg.synthetic.layouts.writers import write_text

FOLDER = "ECG-Fitness"
NAMES = ("11", *(f"{number:02d}" for number in range(17) if number != 11))
CAMERAS = {"c920-1": 0, "c920-2": 2}  # quantiser steps below the level's: the two files differ
FPS, CLAIMED_FPS = (31.6, 31.6), 30.0
ECG_HZ, PACKET = 125, 5  # rows per second, rows per packet
BEFORE_S, AFTER_S = 2.0, 1.0  # of ECG beyond the video
START_MS = 1_523_632_039_340  # the first frame's time; that of a public sample
LATEST_MS = 6  # maximum delay of a packet
HEADER = "milliseconds, ECG, ECG HR, PPG, PPG HR, SpO2, PI"
NO_FINGER = "-56,-1,-1,0"  # PPG to PI without a finger
STEP = 65536  # of the ECG


def clips(config: ChallengeConfig) -> list[Clip]:
    """The cameras of a session record the same person and pulse at the same frame times."""
    return [
        Clip(
            id=f"{FOLDER}/{name}/{session:02d}-{camera}",
            path=f"{FOLDER}/{name}/{session:02d}/{camera}.avi",
            layout="ecg_fitness",
            split="none",
            subject=person,
            index=session,
            seconds=config.other_seconds,
            level=config.ubfc_level,
            fps_range=FPS,
            container_fps=CLAIMED_FPS,
            finer=finer,
        )
        for k, (person, name) in enumerate(people("ecg_fitness", config.n_ecg_fitness, NAMES))
        for session in [k % 6 + 1]
        for camera, finer in CAMERAS.items()
    ]


def write_labels(folder: Path, config: ChallengeConfig, clips: list[Clip]) -> None:
    sessions = {Path(clip.path).parent.relative_to(FOLDER): clip for clip in clips}
    for session, clip in sessions.items():
        packets_ms, rows = _ecg(clip, config)
        write_text(folder / session / "viatom-raw.csv", "\n".join([HEADER, *rows]) + "\n")
        frames_ms = START_MS + np.rint(1000 * clip.times_s(config)).astype(int)
        received = PACKET * np.searchsorted(packets_ms, frames_ms, side="right")
        lines = [f"{ms},{n}\n" for ms, n in zip(frames_ms, received, strict=True)]
        write_text(folder / session / "c920.csv", "".join(lines))


def _ecg(clip: Clip, config: ChallengeConfig) -> tuple[np.ndarray, list[str]]:
    """Times of the packets in ms, and the rows of viatom-raw.csv."""
    n_packets = int((BEFORE_S + clip.seconds + AFTER_S) * ECG_HZ / PACKET)
    times_s = np.arange(1, PACKET * n_packets + 1) / ECG_HZ - BEFORE_S  # from the first frame on
    late_ms = np.random.default_rng([*clip.seed(config), 6]).integers(0, LATEST_MS, n_packets)
    packets_ms = START_MS + np.rint(1000 * times_s[PACKET - 1 :: PACKET]).astype(int) + late_ms
    pulse = clip.pulse(config)
    since_s = times_s[:, None] - pulse.beat_times_s  # (n, K)
    heart = 150 * np.exp(-((since_s / 0.014) ** 2)) + 50 * np.exp(-(((since_s - 0.25) / 0.06) ** 2))
    ecg = STEP * np.rint(heart.sum(axis=1) - 20).astype(int)
    rates = np.rint(pulse.rate_bpm(times_s)).astype(int)
    rates = np.where(rates > 127, rates - 256, rates)  # a signed byte
    rows_ms = np.repeat(packets_ms, PACKET)
    rows = zip(rows_ms, ecg, rates, strict=True)
    return packets_ms, [f"{ms},{value},{rate},{NO_FINGER}" for ms, value, rate in rows]
