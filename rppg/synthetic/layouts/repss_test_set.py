"""Test set of the benchmark: videos of VIPL_HR and OBF, without labels.

>>> [clip.path for clip in clips(ChallengeConfig(n_test_vipl=1, n_test_obf=0, clips_per_subject=1))]
['test/VIPL_HR/2001/video1.avi']
"""

from pathlib import Path

from rppg.synthetic.config import FIRST_NUMBER, ChallengeConfig, Clip

FOLDER = "test"
PARTS = (("VIPL_HR", "test_vipl", (17.0, 27.0)), ("OBF", "test_obf", (29.0, 30.0)))


def clips(config: ChallengeConfig) -> list[Clip]:
    return [
        Clip(
            id=f"{part}/{number}/video{k}.avi",
            path=f"{FOLDER}/{part}/{number}/video{k}.avi",
            layout="challenge_test",
            split="test",
            subject=number,
            index=k,
            seconds=config.seconds,
            level=config.level,
            fps_range=fps_range,
        )
        for part, name, fps_range in PARTS
        for number in range(FIRST_NUMBER[name], FIRST_NUMBER[name] + getattr(config, f"n_{name}"))
        for k in range(1, config.clips_per_subject + 1)
    ]


def write_labels(folder: Path, config: ChallengeConfig, clips: list[Clip]) -> None:
    """Write nothing: a test set has no labels."""
