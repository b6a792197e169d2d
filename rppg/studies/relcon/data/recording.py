"""An IMU recording: one session of one subject's accelerometer, with labels and metadata.

Every reader yields `MotionRecording`s; everything after the readers uses only these.
T samples: times_s (T,) float64, xyz_g (T, 3) float32, activities (T,) of str.

    >>> recording = MotionRecording(
    ...     dataset="demo",
    ...     subject="ann",
    ...     session="monday",
    ...     times_s=[0.0, 0.01, 0.02],
    ...     xyz_g=[[0, 0, 1], [0, 0, 1], [0, 0.1, 1]],
    ...     activities=["sitting", "sitting", ""],
    ...     targets={"cadence_spm": [np.nan, np.nan, np.nan]},
    ... )
    >>> recording.id, recording.xyz_g.shape, recording.origin
    ('demo/ann/monday', (3, 3), 'real')
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from rppg.datasets.recording import ORIGINS
from rppg.utils.text import has_control

MAX_GAP_S = 1.0  # longest gap that is interpolated within a session


@dataclass(frozen=True, eq=False)
class MotionRecording:
    """One session of one subject, with gravity if the sensor measures it.

    xyz_g is NaN for samples that were not measured.  Arrays are converted to the types named here
    and made read-only.  Raises ValueError, naming the recording, for names that are empty or
    contain a "/" or control characters, lengths that differ, times that are not finite and strictly
    increasing, infinite values, and activities that are not text.
    """

    dataset: str
    subject: str
    session: str
    times_s: np.ndarray  # (T,) float64
    xyz_g: np.ndarray  # (T, 3) float32
    activities: np.ndarray  # (T,) object of str, "" for no label
    targets: Mapping[str, np.ndarray] = field(default_factory=dict)  # (T,) each, "cadence_spm"
    origin: str = "real"  # or "synthetic"
    notes: tuple[str, ...] = ()  # sentences: what was assumed, and what was left out

    def __post_init__(self):
        for word in ("dataset", "subject", "session"):
            _check_name(word, getattr(self, word))
        if self.origin not in ORIGINS:
            raise ValueError(f"{self.id}: origin is {self.origin!r}, expected one of {ORIGINS}")
        times_s = _times(self.times_s, self.id)
        targets = {name: self._values(name, v, (len(times_s),)) for name, v in self.targets.items()}
        object.__setattr__(self, "times_s", times_s)
        object.__setattr__(self, "targets", targets)
        xyz_g = self._values("xyz_g", self.xyz_g, (len(times_s), 3), np.float32)
        object.__setattr__(self, "xyz_g", xyz_g)
        object.__setattr__(self, "activities", self._labels(len(times_s)))

    @property
    def id(self) -> str:
        return f"{self.dataset}/{self.subject}/{self.session}"

    def _values(self, name: str, values, shape: tuple[int, ...], dtype=np.float64) -> np.ndarray:
        array = np.asarray(values, dtype=dtype)
        if array.shape != shape:
            raise ValueError(f"{self.id}: {name} has shape {array.shape}, expected {shape}")
        if np.isinf(array).any():
            raise ValueError(f"{self.id}: {name} has infinite values, expected numbers or NaN")
        return _read_only(array)

    def _labels(self, n: int) -> np.ndarray:
        labels = np.asarray(self.activities, dtype=object)
        if labels.shape != (n,):
            raise ValueError(f"{self.id}: activities have shape {labels.shape}, expected ({n},)")
        if others := {type(label).__name__ for label in labels if not isinstance(label, str)}:
            types = f"activities of type {', '.join(sorted(others))}"
            raise ValueError(f'{self.id}: {types}, expected str; use "" for no label')
        return _read_only(labels)


@dataclass(frozen=True)
class SourceFile:
    """A file, or group of files, that a reader recognised; it is read later.

    `read()` yields its recordings and raises ValueError with the reason if that fails.
    `problem`: why it cannot be read, if that is known already.
    """

    dataset: str
    name: str  # path of the file or group of files, as shown to people
    read: Callable[[], Iterator[MotionRecording]]
    problem: str = ""


def _check_name(word: str, name: str) -> None:
    if not isinstance(name, str) or not name.strip() or "/" in name:
        raise ValueError(f'{word} is {name!r}, expected a name without "/"')
    if has_control(name):
        raise ValueError(f"{word} is {name!r}, expected a name without control characters")


def _times(times_s, id: str) -> np.ndarray:
    times_s = np.asarray(times_s, dtype=np.float64)
    if times_s.ndim != 1 or len(times_s) == 0:
        raise ValueError(f"{id}: times_s has shape {times_s.shape}, expected (T,), T of 1 or more")
    if not np.isfinite(times_s).all():
        raise ValueError(f"{id}: times_s has NaN or infinite values, expected seconds")
    if (back := np.flatnonzero(np.diff(times_s) <= 0)).size:
        at = f"{times_s[back[0]]:.9g} s is followed by {times_s[back[0] + 1]:.9g} s"
        raise ValueError(f"{id}: {at} (sample {back[0] + 1}), expected increasing times")
    return _read_only(times_s)


def _read_only(array: np.ndarray) -> np.ndarray:
    view = array.view()
    view.flags.writeable = False
    return view
