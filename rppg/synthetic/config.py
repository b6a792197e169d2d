"""Parameters of the synthetic benchmark, and the specification of one recording.

Subjects have numbers that are unique in the benchmark, each dataset with its own first number, so
that no person is in two datasets and the subjects of a dataset do not depend on the size of others.

    >>> config = ChallengeConfig(seed=1)
    >>> names = ("PURE/01/01-01", "PURE/01-01", "pure", "none")
    >>> clip = Clip(*names, 4001, 1, seconds=10.0, level="easy", fps_range=(30.0, 30.0))
    >>> len(clip.times_s(config)), 40 < clip.hr_bpm(config) < 160
    (300, True)
"""

from dataclasses import dataclass

import numpy as np

from rppg.synthetic.disturbances import Level, level_named
from rppg.synthetic.pulse import Pulse, draw_pulse
from rppg.synthetic.subject import HR_RANGE_BPM, Traits, draw_traits

FIRST_NUMBER = {
    "ubfc": 1,
    "train": 1001,
    "test_vipl": 2001,
    "test_obf": 3001,
    "pure": 4001,
    "mmse_hr": 5001,
    "disfa": 6001,
    "obf": 7001,
    "cohface": 8001,
    "mr_nirp_car": 9001,
    "vipl_hr": 10001,
    "ubfc_phys": 11001,
    "ecg_fitness": 12001,
}  # first subject of n_<name>
SET_LIMIT = 900  # subjects in a set
SHORTEST_S = 3.0


@dataclass(frozen=True)
class ChallengeConfig:
    """Parameters of a synthetic benchmark; equal parameters give equal bytes on one machine."""

    seed: int = 0
    n_ubfc: int = 6  # subjects of UBFC-rPPG, every third of them in DATASET_1
    n_train: int = 24  # subjects of VIPL-HR-V2's training set
    n_test_vipl: int = 16  # subjects of the test tree's VIPL_HR
    n_test_obf: int = 8  # subjects of the test tree's OBF
    n_pure: int = 2  # subjects of the other datasets, each in its own layout
    n_mmse_hr: int = 2
    n_disfa: int = 2
    n_obf: int = 2
    n_cohface: int = 2
    n_mr_nirp_car: int = 2
    n_vipl_hr: int = 2
    n_ubfc_phys: int = 2
    n_ecg_fitness: int = 2
    clips_per_subject: int = 2  # of VIPL-HR-V2 and the test tree
    seconds: float = 10.0  # of a clip
    ubfc_seconds: float = 20.0
    other_seconds: float = 10.0  # of a recording of the other datasets
    width: int = 320
    height: int = 240
    level: str = "test"  # of VIPL-HR-V2 and the test tree; see disturbances.level_named
    ubfc_level: str = "easy"  # of UBFC-rPPG and the other datasets
    train_waves: bool = True  # contact PPG for VIPL-HR-V2, of all subjects but one
    pulse_amplitude_scale: float = 1.0  # 0: the null control, faces without a pulse

    def __post_init__(self):
        counts = [getattr(self, f"n_{name}") for name in FIRST_NUMBER]
        if min(counts) < 0 or max(counts) > SET_LIMIT or self.clips_per_subject < 1:
            raise ValueError(
                f"subjects per dataset {counts}: expected 0-{SET_LIMIT}, with 1 clip or more"
            )
        lengths_s = (self.seconds, self.ubfc_seconds, self.other_seconds)
        if min(lengths_s) < SHORTEST_S:
            raise ValueError(f"recordings of {lengths_s} s: expected {SHORTEST_S:g} s or more")
        if self.width % 4 or self.height % 4 or self.height < 160 or self.width < self.height:
            raise ValueError(
                f"size {self.width}x{self.height}: expected multiples of 4, at least 160 lines "
                "and no narrower than high"
            )
        if self.pulse_amplitude_scale < 0:
            raise ValueError(f"pulse_amplitude_scale {self.pulse_amplitude_scale}: expected >= 0")
        level_named(self.level), level_named(self.ubfc_level)


@dataclass(frozen=True)
class Clip:
    """One recording to be rendered."""

    id: str  # as the readers call it
    path: str  # of the video, or of the folder of images, relative to the benchmark's root
    layout: str  # as the readers call it
    split: str
    subject: int  # number of the person in the benchmark
    index: int  # number of the subject's recording, from 1
    seconds: float
    level: str
    fps_range: tuple[float, float]  # range of the true mean frame rate, drawn to one decimal
    container_fps: float | None = None  # None: the true mean
    images: str | None = None  # None: a video file; "png", "jpg" or "bayer": a folder of images
    finer: int = 0  # quantiser steps below the level's, for weakly compressed datasets

    def seed(self, config: ChallengeConfig) -> tuple[int, int, int, int]:
        """Seed of everything that differs between recordings of a subject."""
        return (config.seed, 21, self.subject, self.index)

    def traits(self, config: ChallengeConfig) -> Traits:
        """Traits of the subject."""
        return draw_traits(config.seed, self.subject, level_named(self.level).fringe[0])

    def times_s(self, config: ChallengeConfig) -> np.ndarray:
        """Frame times (T,) in s from 0; the mean frame rate has one decimal, as in gt.csv."""
        rng = np.random.default_rng([*self.seed(config), 4])
        fps = round(rng.uniform(*self.fps_range), 1)
        n = round(self.seconds * fps)
        late = np.clip(rng.standard_normal(n), -2, 2) * level_named(self.level).jitter
        late[[0, -1]] = 0  # so that the mean rate is what the labels say
        return (np.arange(n) + np.clip(late, -0.45, 0.45)) / fps

    def fps(self, config: ChallengeConfig) -> float:
        """True mean frame rate."""
        times_s = self.times_s(config)
        return float((len(times_s) - 1) / times_s[-1])

    def pulse(self, config: ChallengeConfig) -> Pulse:
        """The beats: around the subject's usual HR, slightly different in every recording."""
        rng = np.random.default_rng([*self.seed(config), 5])
        usual = self.traits(config).hr_bpm + 3 * np.clip(rng.standard_normal(), -2, 2)
        return draw_pulse(rng, float(np.clip(usual, *HR_RANGE_BPM)), self.seconds)

    def hr_bpm(self, config: ChallengeConfig) -> float:
        """True mean HR from the beats inside the recording."""
        return self.pulse(config).mean_hr_bpm(0.0, float(self.times_s(config)[-1]))

    def disturbances(self) -> Level:
        """Strengths of the disturbances."""
        return level_named(self.level)
