"""PAMAP2: nine people in up to eighteen activities, an inertial unit at wrist, chest and ankle.

PAMAP2_Dataset/{Protocol,Optional}/subject10<N>.dat, one file per person and session, has 54 columns
separated by spaces and no header: seconds, activity, heart rate, and for hand (from column 4),
chest (21) and ankle (38) 17 columns each: temperature, acceleration in m/s^2 to +-16 g (3 columns),
the same to +-6 g (3), and more.  100 Hz.  The +-16 g columns are read, as the readme recommends:
the others saturate when running and are not precisely calibrated.  "NaN" is a lost sample.
Heart rates, of a chest strap at about 9 Hz, are NaN in between: each is held until the next one.
Activity 0 marks transitions: no label.

Source: Reiss and Stricker, Introducing a New Benchmarked Dataset for Activity Monitoring, ISWC
2012, and the archive's readme and its list of activities (UCI repository, dataset 231); columns
checked against OxWearables/ssl-wearables, data_parsing/pamap.py.

    >>> [source.name for source in find("data")]  # doctest: +SKIP
    ['PAMAP2_Dataset/Optional/subject101.dat', 'PAMAP2_Dataset/Protocol/subject101.dat']
"""

from collections.abc import Iterator
from pathlib import Path

from rppg.datasets.recording import origin_of
from rppg.studies.relcon.data.readers.parsing import (
    as_recording,
    choice,
    files_below,
    named,
    read_numbers,
    source_of,
)
from rppg.studies.relcon.data.recording import MotionRecording, SourceFile

DATASET = "PAMAP2"
LAYOUT = "PAMAP2_Dataset/{Protocol,Optional}/subject10<N>.dat"
FILE = r"(Protocol|Optional)/subject10[1-9]\.dat"
N_COLUMNS = 54
HEART_RATE, HELD_SAMPLES = "heart_rate_bpm", 100  # a second at most
POSITIONS = {"hand": 4, "chest": 21, "ankle": 38}  # column of x of the +-16 g sensor, from 0
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


def find(root: Path, position: str = "hand") -> Iterator[SourceFile]:
    """One recording per file: subject "101", session "Protocol".

    position: which sensor, of POSITIONS.  Raises ValueError for an unknown one.
    """
    choice(DATASET, "position", position, POSITIONS)
    for path in files_below(root, FILE):
        yield source_of(DATASET, "/".join(path.parts[-3:]), _read, path, position)


def _read(path: Path, position: str) -> Iterator[MotionRecording]:
    x = POSITIONS[position]
    columns = {"time_s": 0, "activity": 1, HEART_RATE: 2, "x": x, "y": x + 1, "z": x + 2}
    table, notes = read_numbers(path, columns, N_COLUMNS)
    yield as_recording(
        (DATASET, path.stem.removeprefix("subject"), path.parent.name),
        table["time_s"],
        table[["x", "y", "z"]],
        named(table["activity"], ACTIVITIES, path.name),
        unit="m/s^2",
        targets={HEART_RATE: table[HEART_RATE].ffill(limit=HELD_SAMPLES).to_numpy()},
        origin=origin_of(path),
        notes=notes,
    )
