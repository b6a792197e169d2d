"""Opportunity: four people in a kitchen, five free runs (ADL) and a drill each, with many sensors.

OpportunityUCIDataset/dataset/S<N>-{ADL1..ADL5,Drill}.dat has 250 columns separated by spaces and
no header (their names are in column_names.txt): 1 is the time in ms, 23-25 the acceleration at
the right wrist (RWR, a Bluetooth sensor that loses samples: "NaN"), 64-66 that of the inertial unit
at the right lower arm (RLA), 38-40 that of the one on the back, all in mg; 244 is the locomotion: 1
stand, 2 walk, 4 sit, 5 lie, 0 none.  30 Hz.

Source: Chavarriaga et al., The Opportunity challenge, Pattern Recognition Letters 2013; columns and
units as in column_names.txt of the archive (UCI repository, dataset 226); the wrist is what
OxWearables/ssl-wearables, data_parsing/oppo.py (Yuan et al. 2024), reads.

    >>> [source.name for source in find("data")][:2]  # doctest: +SKIP
    ['S1-ADL1.dat', 'S1-ADL2.dat']
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

DATASET = "Opportunity"
LAYOUT = "OpportunityUCIDataset/dataset/S<N>-{ADL1..ADL5,Drill}.dat"
FILE = r"S[1-4]-(ADL[1-5]|Drill)\.dat"
N_COLUMNS = 250
LOCOMOTION = 243  # column 244, from 0
POSITIONS = {"wrist": 22, "lower arm": 63, "back": 37}  # column of x, from 0
ACTIVITIES = {0: "", 1: "standing", 2: "walking", 4: "sitting", 5: "lying"}


def find(root: Path, position: str = "wrist") -> Iterator[SourceFile]:
    """One recording per file: subject "S1", session "ADL1".

    position: which sensor, of POSITIONS.  Raises ValueError for an unknown one.
    """
    choice(DATASET, "position", position, POSITIONS)
    for path in files_below(root, FILE):
        yield source_of(DATASET, path.name, _read, path, position)


def _read(path: Path, position: str) -> Iterator[MotionRecording]:
    x = POSITIONS[position]
    columns = {"time_ms": 0, "locomotion": LOCOMOTION, "x": x, "y": x + 1, "z": x + 2}
    table, notes = read_numbers(path, columns, N_COLUMNS)
    yield as_recording(
        (DATASET, *path.stem.split("-")),
        table["time_ms"] / 1000,
        table[["x", "y", "z"]],
        named(table["locomotion"], ACTIVITIES, path.name),
        unit="mg",
        origin=origin_of(path),
        notes=notes,
    )
