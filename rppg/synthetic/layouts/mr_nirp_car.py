"""MR-NIRP-Car as distributed: raw frames behind a colour filter, a pulse in MATLAB files.

The first person has the folders Subject2, with the recording that is known to be bad (its frames
are good here), and Subject16, in which the sensor loses contact for a while.

    >>> for clip in clips(ChallengeConfig(n_mr_nirp_car=2)):
    ...     print(clip.path)
    MR-NIRP-Car/Subject2/subject2_garage_small_motion_940/RGB
    MR-NIRP-Car/Subject16/subject16_garage_still_940/RGB
    MR-NIRP-Car/Subject1/subject1_garage_still_975/RGB
"""

from pathlib import Path

import numpy as np

from rppg.synthetic.config import ChallengeConfig, Clip
from rppg.synthetic.layouts.subject_ids import people
from rppg.synthetic.layouts.writers import write_mat

FOLDER = "MR-NIRP-Car"
FPS = (30.0, 30.0)
NAMES = tuple(f"subject{n}" for n in (2, 1, *range(3, 16), 17, 18, 19))
RECORDINGS = {
    "subject2": ("subject2_garage_small_motion_940", "subject16_garage_still_940"),
}  # of a person; the others have one
SENSOR_HZ = (32.0, 60.0)  # range of its varying rate
SENSOR_START_S = 1_570_000_000.0  # its clock counts seconds since 1970
LOST_S = (2.0, 2.8)  # without contact


def clips(config: ChallengeConfig) -> list[Clip]:
    return [
        Clip(
            id=f"{FOLDER}/{name}/{recording}",
            path=f"{FOLDER}/{recording.split('_')[0].title()}/{recording}/RGB",
            layout="mr_nirp_car",
            split="none",
            subject=number,
            index=index,
            seconds=config.other_seconds,
            level=config.ubfc_level,
            fps_range=FPS,
            images="bayer",
        )
        for number, name in people("mr_nirp_car", config.n_mr_nirp_car, NAMES)
        for index, recording in enumerate(RECORDINGS.get(name, (f"{name}_garage_still_975",)), 1)
    ]


def image_name(clip: Clip, index: int, time_s: float) -> str:
    return f"Frame{index:05d}.png"


def write_labels(folder: Path, config: ChallengeConfig, clips: list[Clip]) -> None:
    for clip in clips:
        rng = np.random.default_rng([*clip.seed(config), 6])
        steps_s = 1 / rng.uniform(*SENSOR_HZ, round(clip.seconds * SENSOR_HZ[1]))
        times_s = np.cumsum(np.append(0, steps_s))
        times_s = times_s[times_s < clip.seconds]
        wave = np.rint(64 + 50 * clip.pulse(config).wave(times_s))
        night = "/Subject16/" in clip.path
        if night:
            wave[(times_s >= LOST_S[0]) & (times_s < LOST_S[1])] = 0
        path = folder.parent / Path(clip.path).parent / "PulseOX" / "pulseOx.mat"
        write_pulse(path, wave, times_s, as_cells=night)


def write_pulse(path: Path, wave: np.ndarray, times_s: np.ndarray, as_cells: bool) -> None:
    """pulseOx.mat, with a row of numbers or a row of cells with one number each: both occur."""
    row = wave[None].astype(object) if as_cells else wave[None]
    times = (SENSOR_START_S + times_s)[None]
    samples = {"numPulseSample": len(wave), "pulseOxRecord": row, "pulseOxTime": times}
    write_mat(path, samples)
