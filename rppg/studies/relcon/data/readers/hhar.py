"""HHAR: nine people in six activities, with smart watches of two models (two of each).

"Activity recognition exp/Watch_accelerometer.csv" has Index, Arrival_Time (ms), Creation_Time (ns),
x, y, z (m/s^2), User (a to i), Model (gear, lgwatch), Device (gear_1, ...) and gt, the activity;
"null" is no label.  About 100 Hz (gear) and 200 Hz (lgwatch).  A person's two watches give two
recordings.  Creation_Time is the sensor's own timestamp, with an arbitrary origin (of gear: its
start), so times here start at a recording's first sample.  It is not always increasing: if it drops
by more than a second, the watch's clock has restarted and a new session begins (gear_1, then
gear_1-2); smaller disorder is sorted, and of samples with the same timestamp the first is kept.

Source: Stisen et al., Smart Devices are Different, SenSys 2015, and the readme of the archive (UCI
repository, dataset 344); rates of the watches as in the paper; maxxu05/relcon takes the same.

    >>> [source.name for source in find("data")]  # doctest: +SKIP
    ['Activity recognition exp/Watch_accelerometer.csv']
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from rppg.datasets.recording import origin_of
from rppg.studies.relcon.data.readers.parsing import (
    as_recording,
    files_below,
    named,
    reading,
    source_of,
)
from rppg.studies.relcon.data.recording import MotionRecording, SourceFile
from rppg.studies.relcon.data.table_times import restarts

DATASET = "HHAR"
LAYOUT = "Activity recognition exp/Watch_accelerometer.csv"
FILE = r"Watch_accelerometer\.csv"
RESTART_NS = 1_000_000_000  # a larger drop of the timestamp is a restarted clock
ACTIVITIES = {
    "bike": "cycling",
    "sit": "sitting",
    "stand": "standing",
    "walk": "walking",
    "stairsup": "ascending stairs",
    "stairsdown": "descending stairs",
}
COLUMNS = {
    "Creation_Time": np.int64,
    **dict.fromkeys(("x", "y", "z"), np.float64),
    **dict.fromkeys(("User", "Device", "gt"), "category"),
}


def find(root: Path) -> Iterator[SourceFile]:
    """The one file, with all recordings: subject "a", session "gear_1"."""
    for path in files_below(root, FILE):
        yield source_of(DATASET, "/".join(path.parts[-2:]), _read, path)


def _read(path: Path) -> Iterator[MotionRecording]:
    with reading(path, f"columns {', '.join(COLUMNS)}"):
        table = pd.read_csv(path, usecols=list(COLUMNS), dtype=COLUMNS)
        if (nameless := table[["User", "Device"]].isna().any(axis=1)).any():
            raise ValueError(f"row {nameless.argmax() + 1} has no User or no Device")
    origin = origin_of(path)
    for (user, device), rows in table.groupby(["User", "Device"], observed=True):
        for number, stretch in rows.groupby(restarts(rows["Creation_Time"].to_numpy(), RESTART_NS)):
            session = f"{device}-{number + 1}" if number else device
            yield _recording((DATASET, user, session), stretch, origin)


def _recording(names: tuple[str, str, str], table: pd.DataFrame, origin: str) -> MotionRecording:
    n_all = len(table)
    table = table.sort_values("Creation_Time", kind="stable").drop_duplicates("Creation_Time")
    repeated = f"{n_all - len(table)} of {n_all} samples with a repeated time were left out."
    times_ns = table["Creation_Time"].to_numpy()
    return as_recording(
        names,
        (times_ns - times_ns[0]) / 1e9,
        table[["x", "y", "z"]],
        named(table["gt"].astype(object), ACTIVITIES, "/".join(names)),
        unit="m/s^2",
        origin=origin,
        notes=[repeated] if len(table) < n_all else [],
    )
