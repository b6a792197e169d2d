"""Parameters of the second maker: its levels, and what differs between recordings.

Everything that the tables are split by (tone, heart rate, frame rate, face size, codec,
compression) is drawn in strata, each in an order of its own, so that all of its range is covered
and no two go together.

    >>> clips = plan(SecondMakerConfig(n_clips=8))
    >>> len(clips), min(clip.hr_bpm for clip in clips) < 65
    (8, True)
"""

from dataclasses import dataclass

import numpy as np

HR_RANGE_BPM = (45.0, 177.0)  # the mean over a recording differs by up to 3
FACE_RANGE_PX = (60.0, 240.0)
FPS = (15.0, 20.0, 24.0, 25.0, 29.97, 30.0, 30.0, 30.0, 50.0, 60.0)
SIZES = ((320, 240), (480, 360))  # of a picture
CODECS = ("h264", "hevc", "mjpeg")
CRF = {"h264": (12, 28), "hevc": (12, 28), "mjpeg": (2, 10)}  # finest and coarsest quantiser
SUFFIX = {"h264": ".mp4", "hevc": ".mp4", "mjpeg": ".avi"}
MOST_CLIPS = 9999
SHORTEST_S = 3.0


@dataclass(frozen=True)
class Level:
    """Strength of everything that hides the pulse; ranges are drawn from per recording."""

    pulse: tuple[float, float]  # height of the green absorbance
    turn_deg: tuple[float, float]  # deviation of yaw; pitch and roll have about half of it
    shift: tuple[float, float]  # deviation of the head's place, half face widths
    nods_per_s: float
    nod_deg: float
    speech: float  # share of recordings with speech
    light: tuple[float, float]  # deviation of the lamps' log intensity
    screen: float  # share of recordings lit by a screen that changes
    flicker: float  # largest depth of the mains flicker
    noise: tuple[float, float]  # of the sensor, relative to full scale, at middle grey
    compression: tuple[float, float]  # 0 finest, 1 coarsest
    keys_s: tuple[float, float]  # between key frames
    lost_frames: float  # largest share of frames dropped or doubled
    control: float  # speed of exposure and white balance, share of the error corrected per second


LEVELS = {
    "easy": Level((0.018, 0.026), (0.2, 0.6), (0.004, 0.012), 0.0, 0.0, 0.0, (0.0, 0.001), 0.0,
                  0.002, (0.003, 0.006), (0.0, 0.2), (4.0, 10.0), 0.0, 0.0),
    "middle": Level((0.015, 0.024), (0.8, 2.0), (0.01, 0.03), 0.2, 2.0, 0.4, (0.003, 0.012), 0.25,
                    0.008, (0.004, 0.010), (0.0, 0.4), (2.0, 8.0), 0.01, 0.4),
    "hard": Level((0.012, 0.022), (1.5, 4.0), (0.02, 0.06), 0.5, 4.0, 0.7, (0.008, 0.04), 0.5,
                  0.02, (0.006, 0.014), (0.1, 0.7), (1.0, 5.0), 0.03, 0.8),
}  # fmt: skip


@dataclass(frozen=True)
class SecondMakerConfig:
    """Parameters of a folder of videos; equal parameters give equal bytes on one machine."""

    seed: int = 0
    n_clips: int = 48  # one person each
    level: str = "middle"
    seconds: float = 10.0
    pulse_amplitude_scale: float = 1.0  # 0: the null control, faces without a pulse

    def __post_init__(self):
        if self.level not in LEVELS:
            raise ValueError(f"level {self.level!r}: expected one of {', '.join(LEVELS)}")
        if not 1 <= self.n_clips <= MOST_CLIPS:
            raise ValueError(f"{self.n_clips} clips: expected 1-{MOST_CLIPS}")
        if self.seconds < SHORTEST_S:
            raise ValueError(f"clips of {self.seconds} s: expected {SHORTEST_S:g} s or more")
        if self.pulse_amplitude_scale < 0:
            raise ValueError(f"pulse_amplitude_scale {self.pulse_amplitude_scale}: expected >= 0")


@dataclass(frozen=True)
class Clip:
    """One recording to be rendered."""

    index: int  # from 1
    seed: tuple[int, int]
    hr_bpm: float  # requested; the true mean is that of its heartbeat
    tone: float  # 0 lightest, 1 darkest
    fps: float
    face_px: float  # width of the face
    width: int  # of the picture
    height: int
    codec: str
    compression: float

    @property
    def fitzpatrick(self) -> int:
        """Skin type 1-6."""
        return min(int(6 * self.tone), 5) + 1

    @property
    def quality(self) -> int:
        """The codec's quantiser: CRF, or qscale of MJPEG; larger is coarser."""
        low, high = CRF[self.codec]
        return round(low + (high - low) * self.compression)

    @property
    def path(self) -> str:
        """Of the video, below the root."""
        return f"p{self.index:04d}/face{SUFFIX[self.codec]}"

    def rng(self, part: int) -> np.random.Generator:
        """Random numbers of one part of the rendering, the same whatever the others draw."""
        return np.random.default_rng([*self.seed, part])

    def n_frames(self, seconds: float) -> int:
        return round(seconds * self.fps)


def plan(config: SecondMakerConfig) -> list[Clip]:
    """All recordings."""
    n = config.n_clips
    rng = np.random.default_rng([config.seed, 8221])
    hr, tone, size, fps, codec, squeeze, zoom = (_strata(rng, n) for _ in range(7))
    low, high = LEVELS[config.level].compression
    clips = []
    for k in range(n):
        face_px = FACE_RANGE_PX[0] * (FACE_RANGE_PX[1] / FACE_RANGE_PX[0]) ** size[k]
        fitting = [s for s in SIZES if 0.18 * s[0] <= face_px <= 0.5 * s[0] + 0.01]
        width, height = fitting[int(zoom[k] * len(fitting))]
        clips.append(
            Clip(
                index=k + 1,
                seed=(config.seed, k + 1),
                hr_bpm=float(HR_RANGE_BPM[0] + hr[k] * np.diff(HR_RANGE_BPM)[0]),
                tone=float(tone[k]),
                fps=FPS[int(fps[k] * len(FPS))],
                face_px=float(face_px),
                width=width,
                height=height,
                codec=CODECS[int(codec[k] * len(CODECS))],
                compression=float(low + (high - low) * squeeze[k]),
            )
        )
    return clips


def _strata(rng: np.random.Generator, n: int) -> np.ndarray:
    """n numbers in [0, 1), one in each n-th of it, in random order."""
    return (rng.permutation(n) + rng.uniform(size=n)) / n
