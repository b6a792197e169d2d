"""ECG-Fitness: 17 people in up to six activities of a minute, two cameras, an electrocardiogram.

A session <NN>/<NN> is talking (01), rowing (02), both under a lamp (03, 04), an elliptical trainer
(05), a bike (06).  Both cameras, c920-1 on a tripod and c920-2 on the machine, are recordings of
one subject.  c920.csv has a line for each frame: the computer's time in ms, and how many rows of
viatom-raw.csv it had received.  viatom-raw.csv has a header with stray blanks and 125 rows a second
in packets of five, which share one time in ms on the same clock; the packets begin some 20 s before
the video.  So frames have stamps (about 31.6 a second in the public sample, while the files claim
30), and a row's time lies between the packet before and its own.  Row numbers give no frame times:
two frames may have the same.  ECG HR is a signed byte: 256 is added to what is negative.

There is no pulse wave: ECG is another signal, and PPG was not measured (PPG HR -1) in the sample.
bbox/ is not read.
Source: Spetlik et al., Visual Heart Rate Estimation with Convolutional Neural Network, BMVC 2018;
github.com/radimspetlik/hr-cnn: data/db/ecg-fitness/15/01 (both CSV files of one session, whose row
numbers say at both ends that the clocks are one) and bob/db/ecg_fitness/datasetworkers.py (cameras,
activities, 30 fps at 1920x1080, no 02/04 and no 07/02); signed bytes and swapped sessions:
ToyotaResearchInstitute/RemotePPG, iccv/src/preprocessing/ECG_Fitness.py.

    >>> from rppg.datasets.readers import read
    >>> [recording.id for recording in read("ecg_fitness", "data/ECG-Fitness")]  # doctest: +SKIP
    ['ECG-Fitness/00/01-c920-1', 'ECG-Fitness/00/01-c920-2', 'ECG-Fitness/00/02-c920-1']
"""

import re
from pathlib import Path

import numpy as np

from rppg.datasets.readers.expected_counts import Published
from rppg.datasets.readers.labels import FRAMES_HZ, Notes, check_times, heart_rate, shorter
from rppg.datasets.readers.parsing import (
    BadLabel,
    folders_in,
    holds,
    is_there,
    read_text,
    require,
    values,
)
from rppg.datasets.readers.per_folder import each_folder
from rppg.datasets.recording import Recording, origin_of

DATASET = FOLDER = "ECG-Fitness"
NAMES = tuple(f"{number:02d}" for number in range(17))
PUBLISHED = Published(200, 17, 30.0, "hr-cnn: 17 x 6 sessions less 02/04 and 07/02, by two", NAMES)
CAMERAS, STAMPS, LABELS = ("c920-1", "c920-2"), "c920.csv", "viatom-raw.csv"
COLUMNS = ("milliseconds", "ECG", "ECG HR", "PPG", "PPG HR", "SpO2", "PI")
TIME, RATE = COLUMNS.index("milliseconds"), COLUMNS.index("ECG HR")
LAYOUT = """\
<root>/<NN>/<NN>/ with subjects from 00 to 16 and sessions from 01 to 06
  c920-1.avi, c920-2.avi
  c920.csv           a line a frame: time in ms, rows received; no header
  viatom-raw.csv     milliseconds, ECG, ECG HR, PPG, PPG HR, SpO2, PI"""

# RemotePPG gives the two sessions each other's activity and light, and moves no file: labels belong
# to the video beside them, but what is scored by activity goes wrong.  hr-cnn's lists have no word
# on it.
KNOWN_BAD = dict.fromkeys(
    (("11", "01"), ("11", "02")),
    "sessions 01 (talking) and 02 (rowing) are swapped, by RemotePPG; labels fit their videos",
)


def read(root: Path) -> list[Recording]:
    """Recordings named <subject>/<session>-<camera>, split "none", with stamps and heart rates.

    Without c920.csv a recording has neither, without viatom-raw.csv no heart rates; notes say so.
    What cannot be understood, and a missing video of a session, become a `problem`.
    """
    return each_folder(DATASET, _numbered(Path(root)), _read_subject)


def _numbered(folder: Path) -> list[Path]:
    return [place for place in folders_in(folder) if re.fullmatch("[0-9]{2}", place.name)]


def _read_subject(folder: Path) -> list[Recording]:
    return each_folder(DATASET, _numbered(folder), _read_session, levels=2)


def _read_session(folder: Path) -> list[Recording]:
    if not holds(folder, (STAMPS, LABELS, *(f"{camera}.avi" for camera in CAMERAS))):
        return []
    fields, notes, problem = {}, (), None
    try:
        fields, notes = _read_labels(folder, f"{folder.parent.name}/{folder.name}")
    except BadLabel as error:
        problem = str(error)
    return [_recording(folder, camera, fields, notes, problem) for camera in CAMERAS]


def _recording(folder: Path, camera: str, fields: dict, notes: Notes, problem) -> Recording:
    subject, session = folder.parent.name, folder.name
    video = folder / f"{camera}.avi"
    try:
        if problem is None:
            require(video, f"{subject}/{session}/{video.name}")
    except BadLabel as error:
        fields, problem = {}, str(error)
    return Recording(
        dataset=DATASET,
        subject=subject,
        name=f"{session}-{camera}",
        frames=video,
        origin=origin_of(folder),
        problem=problem,
        notes=notes,
        known_bad=KNOWN_BAD.get((subject, session)),
        **fields,
    )


def _read_labels(folder: Path, where: str) -> tuple[dict, Notes]:
    """Both files of a session -> times_s and hr where there are such, from the first frame on."""
    if not is_there(folder / STAMPS, f"{where}/{STAMPS}"):
        lost = "no frame times but the video's own, and no heart rates"
        return {}, (f"there is no {where}/{STAMPS}: {lost}",)
    frames_ms = _read_stamps(folder / STAMPS, f"{where}/{STAMPS}")
    fields = {"times_s": (frames_ms - frames_ms[0]) / 1000}
    if not is_there(folder / LABELS, f"{where}/{LABELS}"):
        return fields, (f"there is no {where}/{LABELS}: no heart rates",)
    rows_ms, rates, notes = _read_rows(folder / LABELS, f"{where}/{LABELS}")
    rates = np.where(rates < 0, rates + 256, rates)
    times_s = (_spread(rows_ms) - frames_ms[0]) / 1000
    hr, more = heart_rate(rates, times_s, f"{where}/{LABELS}")
    notes += more + shorter(hr, fields["times_s"], f"{where}/{LABELS}")
    return (fields | {"hr": hr} if hr else fields), notes


def _read_stamps(path: Path, where: str) -> np.ndarray:
    """c920.csv -> times (T,) in ms."""
    lines = [line.split(",") for line in read_text(path, where).splitlines() if line.strip()]
    for number, line in enumerate(lines, 1):
        if len(line) != 2:
            expected = "2: a time in ms and a number of rows"
            raise BadLabel(f"{where}, line {number} has {len(line)} columns, expected {expected}")
    times_ms = values([time for time, _ in lines], where)
    values([rows for _, rows in lines], where)
    later = np.diff(times_ms) > 0  # False where NaN
    if not later.all():
        at = int(later.argmin())
        pair = f"{lines[at][0]} ms is followed by {lines[at + 1][0]} ms"
        raise BadLabel(f"{where}, line {at + 1}: {pair}, expected strictly increasing times")
    check_times(times_ms / 1000, where, FRAMES_HZ)
    return times_ms


def _read_rows(path: Path, where: str) -> tuple[np.ndarray, np.ndarray, Notes]:
    """viatom-raw.csv -> times (n,) in ms and ECG HR (n,), but for a last row that is cut off."""
    head, *lines = [x for x in read_text(path, where).splitlines() if x.strip()] or [""]
    if tuple(cell.strip() for cell in head.split(",")) != COLUMNS:
        raise BadLabel(f"{where}: found header {head!r}, expected {', '.join(COLUMNS)}")
    rows = [line.split(",") for line in lines]
    whole = [len(row) == len(COLUMNS) and "" not in (row[TIME], row[RATE]) for row in rows]
    n = (*whole, False).index(False)
    if n == 0 or n < len(rows) - 1 or len(rows[-1]) > len(COLUMNS):
        found = f"row {n + 1} is {lines[n]!r}" if lines else "there are no rows"
        raise BadLabel(f"{where}: {found}, expected {len(COLUMNS)} columns")
    notes = ()
    if n < len(rows):
        notes = (f"{where}, row {n + 1} is cut off ({lines[n]!r}): it is left out",)
    times_ms, rates = (values([row[k] for row in rows[:n]], where) for k in (TIME, RATE))
    return times_ms, rates, notes


def _spread(rows_ms: np.ndarray) -> np.ndarray:
    """Times (n,) of rows that come in packets, each with the time of its last row."""
    last = np.flatnonzero(np.append(np.diff(rows_ms) != 0, True))
    packets_ms = rows_ms[last]
    usual_ms = np.median(np.diff(packets_ms)) if len(last) > 1 else 8.0 * len(rows_ms)
    start = ([-1, *last], [packets_ms[0] - usual_ms, *packets_ms])
    return np.interp(np.arange(len(rows_ms)), *start)
