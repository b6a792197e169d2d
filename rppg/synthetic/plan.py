"""What the embedded challenge consists of: its parameters, subjects and recordings.

`plan(config)` lists every recording with all that is needed to render and label it, in the order of
the tree; nothing is rendered. Subjects are numbered through the whole challenge, each set from its
own first number, so that no subject is in two sets and a set's subjects do not depend on the size
of another.

    >>> clips = plan(ChallengeConfig(n_ubfc=0, n_train=1, n_test_vipl=1, n_test_obf=0))
    >>> [clip.path for clip in clips][:2]
    ['VIPL-HR-V2/train/1001/video1.mp4.avi', 'VIPL-HR-V2/train/1001/video2.mp4.avi']
"""

from dataclasses import dataclass

import numpy as np

from .nuisance import Level, level_named
from .pulse import Pulse, draw_pulse
from .subject import HR_RANGE_BPM, Traits, draw_traits

FIRST_NUMBER = {"ubfc": 1, "train": 1001, "test_vipl": 2001, "test_obf": 3001}
SET_LIMIT = 900  # subjects in a set
UBFC_UNUSED = (11, 18, 20, 21, 24, 27)  # known defects of the real DATASET_2: readers flag them
PHONE_FPS = (17.0, 27.0)  # VIPL-HR-V2's clips
WRONG_FPS = 30.0  # what VIPL-HR-V2's containers claim
OBF_FPS = (29.0, 30.0)
UBFC_FPS = 30.0


@dataclass(frozen=True)
class ChallengeConfig:
    """Parameters of an embedded challenge; equal parameters give equal bytes on one machine."""

    seed: int = 0
    n_ubfc: int = 6  # subjects of UBFC-rPPG, every third of them in DATASET_1
    n_train: int = 24  # subjects of VIPL-HR-V2's training set
    n_test_vipl: int = 16  # subjects of the test tree's VIPL_HR
    n_test_obf: int = 8  # subjects of the test tree's OBF
    clips_per_subject: int = 2  # of VIPL-HR-V2 and the test tree
    seconds: float = 10.0  # of a clip
    ubfc_seconds: float = 20.0
    width: int = 320
    height: int = 240
    level: str = "test"  # of VIPL-HR-V2 and the test tree; see nuisance.level_named
    ubfc_level: str = "easy"
    pulse_amplitude_scale: float = 1.0  # 0: the null control, faces without a pulse

    def __post_init__(self):
        counts = (self.n_ubfc, self.n_train, self.n_test_vipl, self.n_test_obf)
        if min(counts) < 0 or max(counts) > SET_LIMIT or self.clips_per_subject < 1:
            raise ValueError(
                f"subjects a set {counts}: expected 0-{SET_LIMIT}, with 1 clip or more"
            )
        if min(self.seconds, self.ubfc_seconds) < 3:
            raise ValueError(f"{self.seconds} s and {self.ubfc_seconds} s: expected 3 s or more")
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
    path: str  # of the video, below the challenge's root
    layout: str  # "ubfc_1", "ubfc_2", "vipl_hr_v2" or "challenge_test"
    split: str
    subject: int
    index: int  # of the subject's recordings, from 1
    seconds: float
    level: str
    container_fps: float | None  # None: the true mean

    def seed(self, config: ChallengeConfig) -> tuple[int, int, int, int]:
        """Seed of everything that differs between a subject's recordings."""
        return (config.seed, 21, self.subject, self.index)

    def traits(self, config: ChallengeConfig) -> Traits:
        """The subject."""
        return draw_traits(config.seed, self.subject, level_named(self.level).fringe[0])

    def times_s(self, config: ChallengeConfig) -> np.ndarray:
        """Frame times (T,) from 0: the clip's own mean rate, one decimal as gt.csv has it."""
        rng = np.random.default_rng([*self.seed(config), 4])
        low, high = _fps_range(self.id)
        fps = round(rng.uniform(low, high), 1)
        n = round(self.seconds * fps)
        late = np.clip(rng.standard_normal(n), -2, 2) * level_named(self.level).jitter
        late[[0, -1]] = 0  # so that the mean rate is what the labels say
        return (np.arange(n) + np.clip(late, -0.45, 0.45)) / fps

    def fps(self, config: ChallengeConfig) -> float:
        """True mean frame rate."""
        times_s = self.times_s(config)
        return float((len(times_s) - 1) / times_s[-1])

    def pulse(self, config: ChallengeConfig) -> Pulse:
        """The beats: the subject's usual rate, a little different in every recording."""
        rng = np.random.default_rng([*self.seed(config), 5])
        usual = self.traits(config).hr_bpm + 3 * np.clip(rng.standard_normal(), -2, 2)
        return draw_pulse(rng, float(np.clip(usual, *HR_RANGE_BPM)), self.seconds)

    def hr_bpm(self, config: ChallengeConfig) -> float:
        """True mean heart rate, counted from the beats inside the recording."""
        return self.pulse(config).mean_hr_bpm(0.0, float(self.times_s(config)[-1]))

    def disturbances(self) -> Level:
        """The level's strengths."""
        return level_named(self.level)


def plan(config: ChallengeConfig) -> list[Clip]:
    """All recordings of a challenge, set by set."""
    clips = [_ubfc(config, k, number) for k, number in enumerate(_ubfc_numbers(config.n_ubfc))]
    sets = (
        ("VIPL-HR-V2/{n}/video{k}", "VIPL-HR-V2/train/{n}/video{k}.mp4.avi", "train"),
        ("VIPL_HR/{n}/video{k}.avi", "test/VIPL_HR/{n}/video{k}.avi", "test_vipl"),
        ("OBF/{n}/video{k}.avi", "test/OBF/{n}/video{k}.avi", "test_obf"),
    )
    for id, path, which in sets:
        first = FIRST_NUMBER[which]
        for n in range(first, first + getattr(config, f"n_{which}")):
            for k in range(1, config.clips_per_subject + 1):
                names = (id.format(n=n, k=k), path.format(n=n, k=k))
                clips.append(_clip(config, *names, which == "train", n, k))
    return clips


def _clip(config, id, path, train, number, index) -> Clip:
    layout, split, fps = ("vipl_hr_v2", "train", WRONG_FPS)
    if not train:
        layout, split, fps = ("challenge_test", "test", None)
    return Clip(id, path, layout, split, number, index, config.seconds, config.level, fps)


def _ubfc(config, k, number) -> Clip:
    first_part = k % 3 == 0
    layout, folder = (
        ("ubfc_1", f"DATASET_1/{number}-gt")
        if first_part
        else ("ubfc_2", f"DATASET_2/subject{number}")
    )
    subject = f"d1-{number}-gt" if first_part else f"subject{number}"
    id, path = f"UBFC-rPPG/{subject}/vid", f"UBFC-rPPG/{folder}/vid.avi"
    level = config.ubfc_level
    return Clip(id, path, layout, "none", number, 1, config.ubfc_seconds, level, UBFC_FPS)


def _ubfc_numbers(n: int) -> list[int]:
    numbers = (m for m in range(FIRST_NUMBER["ubfc"], SET_LIMIT * 2) if m not in UBFC_UNUSED)
    return [number for _, number in zip(range(n), numbers, strict=False)]


def _fps_range(id: str) -> tuple[float, float]:
    ranges = {"OBF": OBF_FPS, "UBFC-rPPG": (UBFC_FPS, UBFC_FPS)}
    return ranges.get(id.split("/")[0], PHONE_FPS)
