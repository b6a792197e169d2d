"""MotionSense: 24 people in six activities, 15 trials each, an iPhone 6s in the trouser pocket.

A_DeviceMotion_data/<activity>_<trial>/sub_<N>.csv has an unnamed index, attitude, gravity.x,
.y, .z, rotationRate and userAcceleration.x, .y, .z; the accelerometer measured the sum of gravity
and userAcceleration.  B_Accelerometer_data/ has the same trials with x, y, z.  Both in g, 50 Hz
(Core Motion's unit), without timestamps.  If both are present, A is read.

Source: Malekzadeh et al., Mobile Sensor Data Anonymization, IoTDI 2019; folders, columns and the
sum as in the readme of github.com/mmalekzadeh/motion-sense; 50 Hz as in the paper.

    >>> [source.name for source in find("data")][:2]  # doctest: +SKIP
    ['A_DeviceMotion_data/dws_1/sub_1.csv', 'A_DeviceMotion_data/dws_1/sub_2.csv']
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from rppg.datasets.recording import origin_of
from rppg.studies.relcon.data.readers.parsing import as_recording, files_below, reading, source_of
from rppg.studies.relcon.data.recording import MotionRecording, SourceFile

DATASET = "MotionSense"
LAYOUT = "{A_DeviceMotion_data,B_Accelerometer_data}/<activity>_<trial>/sub_<N>.csv"
TRIAL = r"(dws|ups|wlk|jog|sit|std)_[0-9]+/sub_[0-9]+\.csv"
SOURCES = ("A_DeviceMotion_data", "B_Accelerometer_data")
RATE_HZ = 50.0
ACTIVITIES = {
    "dws": "descending stairs",
    "ups": "ascending stairs",
    "wlk": "walking",
    "jog": "jogging",
    "sit": "sitting",
    "std": "standing",
}


def find(root: Path) -> Iterator[SourceFile]:
    """One file per person and trial, with one recording: subject "1", session "dws_1"."""
    sources = (files_below(root, f"{source}/{TRIAL}") for source in SOURCES)
    for path in next((paths for paths in sources if paths), []):
        yield source_of(DATASET, "/".join(path.parts[-3:]), _read, path)


def _read(path: Path) -> Iterator[MotionRecording]:
    xyz_g = _sum(path) if path.parts[-3] == SOURCES[0] else _columns(path, ["x", "y", "z"])
    activity = ACTIVITIES[path.parent.name.partition("_")[0]]
    yield as_recording(
        (DATASET, path.stem.removeprefix("sub_"), path.parent.name),
        np.arange(len(xyz_g)) / RATE_HZ,
        xyz_g,
        [activity] * len(xyz_g),
        unit="g",
        origin=origin_of(path),
    )


def _sum(path: Path) -> np.ndarray:
    """Sum of gravity and user acceleration (T, 3)."""
    names = [f"{part}.{axis}" for part in ("gravity", "userAcceleration") for axis in "xyz"]
    both = _columns(path, names)  # (T, 6)
    return both[:, :3] + both[:, 3:]


def _columns(path: Path, names: list[str]) -> np.ndarray:
    with reading(path, f"numbers in columns {', '.join(names)}"):
        return pd.read_csv(path, usecols=names, dtype=np.float64)[names].to_numpy()
