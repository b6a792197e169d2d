"""UBFC-rPPG, both parts: about a minute of video a subject, with a finger oximeter beside it.

DATASET_2: 42 subjects; ground_truth.txt has three lines of as many numbers: the pulse wave, the
heart rate in bpm, the time in seconds.  There is one value for each frame, so its times are the
frames' stamps (whether their count fits the video is seen when the video is read).
DATASET_1: 8 recordings; gtdump.xmp is a CSV without header: time in ms, heart rate in bpm, SpO2,
pulse wave, at about 62 Hz.  These are the sensor's times, not the frames': those come from the
video file, whose first frame is taken to be at time 0.
Source: Bobbia et al., Unsupervised skin tissue segmentation for remote photoplethysmography,
Pattern Recognition Letters 2019; columns as read by the public loaders pyVHR and SiNC-rPPG.

    >>> from rppg.datasets.readers import read
    >>> [recording.id for recording in read("ubfc_rppg", "data/UBFC-rPPG")]  # doctest: +SKIP
    ['UBFC-rPPG/d1-5-gt/vid', 'UBFC-rPPG/subject1/vid', 'UBFC-rPPG/subject3/vid']
"""

import os
from pathlib import Path

import numpy as np

from rppg.datasets.id_parts import safe_part
from rppg.datasets.readers.expected_counts import Published
from rppg.datasets.readers.labels import FRAMES_HZ, Notes, check_times, heart_rate, wave
from rppg.datasets.readers.parsing import (
    BadLabel,
    folders_in,
    holds,
    is_there,
    number,
    read_text,
    require,
)
from rppg.datasets.readers.per_folder import each_folder
from rppg.datasets.recording import Recording, origin_of

DATASET = FOLDER = "UBFC-rPPG"
PUBLISHED = Published(50, 50, 30.0, "Bobbia et al. 2019: 42 in DATASET_2; 8 in DATASET_1 (pyVHR)")
VIDEO, TRUTH_1, TRUTH_2 = "vid.avi", "gtdump.xmp", "ground_truth.txt"
LINES_2 = ("pulse wave", "heart rate in bpm", "time in s")
COLUMNS_1 = ("time in ms", "heart rate in bpm", "SpO2", "pulse wave")
LAYOUT = """\
<root>/ holding one of, or directly the folders of one of
  DATASET_1/<name>/{vid.avi, gtdump.xmp}
  DATASET_2/subject<N>/{vid.avi, ground_truth.txt}"""

# Of DATASET_2.  RemotePPG leaves these out of its test sets, SiNC-rPPG out of all sets.
KNOWN_BAD = dict.fromkeys(
    ("subject11", "subject18", "subject20", "subject24"), "ground truth known to be bad"
)
FACES_NOT_TO_BE_SHOWN = ("subject21", "subject27")  # by the dataset's readme


def read(root: Path) -> list[Recording]:
    """Recordings named subject<N>/vid (DATASET_2) and d1-<name>/vid (DATASET_1), split "none".

    A label file that is missing leaves a recording without labels, with a note; one that cannot be
    understood, and a missing video, become its `problem`.
    """
    root = Path(root)
    folders = [f for base in ("DATASET_1", "DATASET_2", ".") for f in folders_in(root / base)]
    return each_folder(DATASET, folders, _read_subject)


def _read_subject(folder: Path) -> list[Recording]:
    return [_recording(folder)] if holds(folder, (VIDEO, TRUTH_1, TRUTH_2)) else []


def _recording(folder: Path) -> Recording:
    part = Path(os.path.realpath(folder.parent)).name
    first_part = part == "DATASET_1" or os.path.isfile(folder / TRUTH_1)
    truth, read_truth = (TRUTH_1, _read_1) if first_part else (TRUTH_2, _read_2)
    hidden = not first_part and folder.name in FACES_NOT_TO_BE_SHOWN
    fields, problem = {}, None
    notes = ("this face must not be shown in publications",) if hidden else ()
    try:
        if is_there(folder / truth, f"{folder.name}/{truth}"):
            fields, more_notes = read_truth(folder / truth, f"{folder.name}/{truth}")
            notes += more_notes
        else:
            notes += (f"{folder.name} has no {truth}: no labels",)
        require(folder / VIDEO, f"{folder.name}/{VIDEO}")
    except BadLabel as error:
        fields, problem = {}, str(error)
    return Recording(
        dataset=DATASET,
        subject=safe_part(f"d1-{folder.name}" if first_part else folder.name),
        name="vid",
        frames=folder / VIDEO,
        origin=origin_of(folder),
        problem=problem,
        notes=notes,
        known_bad=None if first_part else KNOWN_BAD.get(folder.name),
        **fields,
    )


def _read_2(path: Path, where: str) -> tuple[dict, Notes]:
    """ground_truth.txt -> fields of a Recording, with frame stamps, and notes."""
    lines = [line.split() for line in read_text(path, where).splitlines() if line.strip()]
    counts = [len(line) for line in lines]
    if len(counts) != 3 or len(set(counts)) != 1:
        expected = f"3 lines ({', '.join(LINES_2)}) of as many numbers each"
        raise BadLabel(f"{where} has {len(counts)} lines of {counts} words, expected {expected}")
    rows = [_numbers(line, f"{where}, line {i + 1}") for i, line in enumerate(lines)]
    bvp, hr_bpm, times_s = rows
    check_times(times_s, where, FRAMES_HZ)
    fields, notes = _signals(bvp, hr_bpm, times_s, where)
    return fields | {"times_s": times_s}, notes


def _read_1(path: Path, where: str) -> tuple[dict, Notes]:
    """gtdump.xmp -> fields of a Recording, without frame stamps, and notes."""
    lines = [line.split(",") for line in read_text(path, where).splitlines() if line.strip()]
    for i, line in enumerate(lines):
        if len(line) != len(COLUMNS_1):
            expected = f"4 columns ({', '.join(COLUMNS_1)})"
            raise BadLabel(f"{where}, row {i + 1} has {len(line)} columns, expected {expected}")
    rows = [_numbers(line, f"{where}, row {i + 1}") for i, line in enumerate(lines)]
    if not rows:
        raise BadLabel(f"{where} is empty, expected rows of {', '.join(COLUMNS_1)}")
    time_ms, hr_bpm, _, bvp = np.array(rows).T
    new = np.append(True, np.diff(time_ms) != 0)  # samples may arrive two in a millisecond
    fields, notes = _signals(bvp[new], hr_bpm[new], time_ms[new] / 1000, where)
    if not new.all():
        notes += (f"{where}: {(~new).sum()} samples at the time of the one before are left out",)
    return fields, notes


def _numbers(words: list[str], where: str) -> np.ndarray:
    return np.array([number(w, f"{where}, column {i + 1}") for i, w in enumerate(words)])


def _signals(bvp, hr_bpm, times_s, where: str) -> tuple[dict, Notes]:
    """The bvp and hr that are labels, and notes."""
    labels = {"bvp": wave(bvp, times_s, where), "hr": heart_rate(hr_bpm, times_s, where)}
    fields = {name: signal for name, (signal, _) in labels.items() if signal}
    return fields, labels["bvp"][1] + labels["hr"][1]
