"""BasicMotions: students standing, walking, running and playing badminton with a smart watch.

BasicMotions_TRAIN.ts and BasicMotions_TEST.ts of the UEA archive: 40 cases each, one per line, of
six series of 100 values and a label, separated by ":"; the first three series are the
accelerometer.  By the header, values are a tenth of a second apart: ten seconds per case, at 10 Hz.
The unit is not stated.  The values fit linear acceleration in m/s^2: the norm is about 0.5 when
standing, so gravity has been removed, and about 17 when running, which is impossible in g.  The
reader converts to g without the usual check, which needs gravity.

Four students took part, but the files do not assign cases to them: every case is a subject of its
own here ("train01" to "train40", "test01" to "test40"), so one student may be on both sides of a
split, and results on these files do not show generalisation to new people.

Source: the files' own header, and the archive's page at timeseriesclassification.com (Bagnall et
al., The UEA multivariate time series classification archive, 2018).

    >>> [source.name for source in find("data")]  # doctest: +SKIP
    ['BasicMotions_TEST.ts', 'BasicMotions_TRAIN.ts']
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from rppg.datasets.recording import origin_of
from rppg.studies.relcon.data.readers.parsing import as_recording, files_below, reading, source_of
from rppg.studies.relcon.data.recording import MotionRecording, SourceFile

DATASET = "BasicMotions"
LAYOUT = "BasicMotions_{TRAIN,TEST}.ts"
FILE = r"BasicMotions_(TRAIN|TEST)\.ts"
SESSION = "case"
RATE_HZ = 10.0
SHAPE = (6, 100)  # series, values
ACTIVITIES = ("Standing", "Running", "Walking", "Badminton")


def find(root: Path) -> Iterator[SourceFile]:
    """The two files, with 40 recordings each: session "case"."""
    for path in files_below(root, FILE):
        yield source_of(DATASET, path.name, _read, path)


def _read(path: Path) -> Iterator[MotionRecording]:
    with reading(path, "a text file"):
        lines = path.read_text(encoding="utf-8").splitlines()
    cases = [(n, line) for n, line in enumerate(lines, 1) if line and line[0] not in "#@"]
    if not cases:
        raise ValueError(f"{path.name} has no cases, expected 40")
    part, origin = path.stem.removeprefix("BasicMotions_").lower(), origin_of(path)
    for number, (line_number, line) in enumerate(cases, 1):
        xyz, activity = _case(line, f"{path.name}, line {line_number}")
        yield as_recording(
            (DATASET, f"{part}{number:02d}", SESSION),
            np.arange(len(xyz)) / RATE_HZ,
            xyz,
            [activity] * len(xyz),
            unit="m/s^2",
            origin=origin,
            gravity=False,
        )


def _case(line: str, where: str) -> tuple[np.ndarray, str]:
    """Acceleration (100, 3) in m/s^2 and the activity of one line."""
    *series, label = line.split(":")
    if (lengths := [text.count(",") + 1 for text in series]) != [SHAPE[1]] * SHAPE[0]:
        expected = f"{SHAPE[0]} series of {SHAPE[1]} values and a label"
        raise ValueError(f"{where} has series of {lengths} values, expected {expected}")
    if label not in ACTIVITIES:
        raise ValueError(f"{where}: label {label!r}, expected one of {', '.join(ACTIVITIES)}")
    try:
        values = np.array([text.split(",") for text in series[:3]], dtype=np.float64)  # (3, 100)
    except ValueError as error:
        raise ValueError(f"{where}: {error}, expected numbers") from error
    return values.T, label.lower()
