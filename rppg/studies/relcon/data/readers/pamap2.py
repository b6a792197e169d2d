"""PAMAP2: nine people in up to eighteen activities, an inertial unit at wrist, chest and ankle.

PAMAP2_Dataset/{Protocol,Optional}/subject10<N>.dat, a file a person and session, has 54 columns
separated by blanks and no header: seconds, activity, heart rate, and for hand (from column 4),
chest (21) and ankle (38) 17 columns each: temperature, acceleration in m/s^2 to +-16 g (3 columns),
the same to +-6 g (3), and more.  100 Hz.  The +-16 g ones are read, as its readme recommends: the
others saturate when running and are not precisely calibrated.  "NaN" is a lost sample.
Activity 0 is what lies between activities: no label.

Source: Reiss and Stricker, Introducing a New Benchmarked Dataset for Activity Monitoring, ISWC
2012, and the archive's readme and its list of activities (UCI repository, dataset 231); columns
checked against OxWearables/ssl-wearables, data_parsing/pamap.py.

    >>> [found.name for found in find("data")]  # doctest: +SKIP
    ['PAMAP2_Dataset/Optional/subject101.dat', 'PAMAP2_Dataset/Protocol/subject101.dat']
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from rppg.studies.relcon.data.readers.parsing import (
    as_recording,
    choice,
    files_below,
    named,
    read_numbers,
)
from rppg.studies.relcon.data.recording import Found, MotionRecording
from rppg.datasets.recording import origin_of

DATASET = "PAMAP2"
LAYOUT = "PAMAP2_Dataset/{Protocol,Optional}/subject10<N>.dat"
FILE = r"(Protocol|Optional)/subject10[1-9]\.dat"
N_COLUMNS = 54
POSITIONS = {"hand": 4, "chest": 21, "ankle": 38}  # number from 0 of x to +-16 g
ACTIVITIES = {
    0: "",
    1: "lying",
    2: "sitting",
    3: "standing",
    4: "walking",
    5: "running",
    6: "cycling",
    7: "Nordic walking",
    9: "watching TV",
    10: "computer work",
    11: "car driving",
    12: "ascending stairs",
    13: "descending stairs",
    16: "vacuum cleaning",
    17: "ironing",
    18: "folding laundry",
    19: "house cleaning",
    20: "playing soccer",
    24: "rope jumping",
}


def find(root: Path, position: str = "hand") -> Iterator[Found]:
    """A Found for each file, one recording in it: subject "101", session "Protocol".

    position: which sensor, of POSITIONS.  Raises ValueError for another one.
    """
    choice(DATASET, "position", position, POSITIONS)
    for path in files_below(root, FILE):
        yield Found(DATASET, "/".join(path.parts[-3:]), partial(_read, path, position))


def _read(path: Path, position: str) -> Iterator[MotionRecording]:
    x = POSITIONS[position]
    columns = {"time_s": 0, "activity": 1, "x": x, "y": x + 1, "z": x + 2}
    table = read_numbers(path, columns, N_COLUMNS)
    yield as_recording(
        (DATASET, path.stem.removeprefix("subject"), path.parent.name),
        table["time_s"],
        table[["x", "y", "z"]],
        named(table["activity"], ACTIVITIES, path.name),
        unit="m/s^2",
        origin=origin_of(path),
    )
