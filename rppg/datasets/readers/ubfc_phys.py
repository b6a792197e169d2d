"""UBFC-Phys: 56 people at rest (T1), speaking (T2) and calculating (T3), a pulse wave at the wrist.

A subject's folder s<N> has for each task vid_s<N>_T<k>.avi (1024x1024, 35 frames a second, about
three minutes) and bvp_s<N>_T<k>.csv: one value a line, no header, 64 a second, of an Empatica E4.
The wave starts with the video, whose times are the container's.  Heart rates are not part of it;
eda_s<N>_T<k>.csv and info_s<N>.txt are not read.  Unpacked archives may have s<N>/s<N>/.
Source: Meziati Sabour et al., UBFC-Phys: A Multimodal Database For Psychophysiological Studies Of
Social Stress, IEEE Transactions on Affective Computing 2021; columns, rate and start as in
ToyotaResearchInstitute/RemotePPG, iccv/src/preprocessing/UBFC_Phys.py, and
ubicomplab/rPPG-Toolbox, dataset/data_loader/UBFCPHYSLoader.py (which, unlike RemotePPG and this
reader, stretches the wave over the video whatever the length of both).
Known defects: the last frame of a video may be broken (RemotePPG drops it): what cannot be decoded
in the last tenth of a video is left out, with a note.  67 recordings are left out of evaluations,
see KNOWN_BAD.

    >>> from rppg.datasets.readers import read
    >>> [recording.id for recording in read("ubfc_phys", "data/UBFC-Phys")]  # doctest: +SKIP
    ['UBFC-Phys/s1/T1', 'UBFC-Phys/s1/T2', 'UBFC-Phys/s1/T3', 'UBFC-Phys/s2/T1']
"""

import os
import re
from pathlib import Path

import numpy as np

from rppg.datasets.readers.expected_counts import Published
from rppg.datasets.readers.labels import Notes, wave
from rppg.datasets.readers.parsing import BadLabel, folders_in, is_there, read_text, require, values
from rppg.datasets.readers.per_folder import each_folder
from rppg.datasets.recording import Recording, Signal, origin_of

DATASET = FOLDER = "UBFC-Phys"
NAMES = tuple(f"s{number}" for number in range(1, 57))
PUBLISHED = Published(168, 56, 35.0, "Meziati Sabour et al. 2021; rPPG-Toolbox's paper", NAMES)
WAVE_HZ = 64.0
FILE = re.compile(r"(vid|bvp)_(s[0-9]+)_(T[0-9]+)\.(avi|csv)")
LAYOUT = """\
<root>/s<N>/ with N from 1 to 56 (or <root>/s<N>/s<N>/) holding for each task k of 1, 2, 3
  vid_s<N>_T<k>.avi
  bvp_s<N>_T<k>.csv     64 values a second, one a line, no header"""

# EXCLUSION_LIST of ubicomplab/rPPG-Toolbox, configs/train_configs/
# PURE_PURE_UBFC-PHYS_TSCAN_BASIC.yaml; by its paper the selection of the dataset's authors, in the
# second supplement of Meziati Sabour et al.  Numbers of the subjects, by task.
EXCLUDED = {
    "T1": (3, 8, 9, 26, 28, 30, 31, 32, 33, 40, 52, 53, 54, 56),
    "T2": (1, 4, 6, 8, 9, 11, 12, 13, 14, 19, 21, 22, 25, 26, 27, 28, 31, 32, 33, 35, 38, 39)
    + (41, 42, 45, 47, 48, 52, 53, 55),
    "T3": (5, 8, 9, 10, 13, 14, 17, 22, 25, 26, 28, 30, 32, 33, 35, 37, 40, 47, 48, 49, 50, 52)
    + (53,),
}
REASON = "not in the authors' selection for evaluation; left out by rPPG-Toolbox"
KNOWN_BAD = {(f"s{n}", task): REASON for task, numbers in EXCLUDED.items() for n in numbers}


def read(root: Path) -> list[Recording]:
    """Recordings named s<N>/T<k>, split "none".

    A wave that is missing leaves a recording without one, with a note; one that cannot be
    understood, and a wave without video, become its `problem`.
    """
    outer = [f for f in folders_in(Path(root)) if re.fullmatch("s[0-9]+", f.name)]
    folders = [place for f in outer for place in (f, f / f.name) if os.path.isdir(place)]
    return each_folder(DATASET, folders, _read_subject)


def _read_subject(folder: Path) -> list[Recording]:
    return [_recording(folder, task) for task in _tasks(folder)]


def _tasks(folder: Path) -> list[str]:
    """Tasks of which the folder has a video or a wave of its own subject."""
    matches = (FILE.fullmatch(path.name) for path in folder.iterdir())
    return sorted({match[3] for match in matches if match and match[2] == folder.name})


def _recording(folder: Path, task: str) -> Recording:
    subject = folder.name
    video, path = folder / f"vid_{subject}_{task}.avi", folder / f"bvp_{subject}_{task}.csv"
    bvp, notes, problem = None, (), None
    try:
        if is_there(path, f"{subject}/{path.name}"):
            bvp, notes = _read_wave(path, f"{subject}/{path.name}")
        else:
            notes = (f"there is no {subject}/{path.name}: no wave",)
        require(video, f"{subject}/{video.name}")
    except BadLabel as error:
        bvp, problem = None, str(error)
    return Recording(
        dataset=DATASET,
        subject=subject,
        name=task,
        frames=video,
        bvp=bvp,
        origin=origin_of(folder),
        problem=problem,
        notes=notes,
        known_bad=KNOWN_BAD.get((subject, task)),
    )


def _read_wave(path: Path, where: str) -> tuple[Signal | None, Notes]:
    """bvp_s<N>_T<k>.csv -> the wave from the first frame on, and notes."""
    lines = [line for line in read_text(path, where).splitlines() if line.strip()]
    samples = values(lines, where)
    return wave(samples, np.arange(len(samples)) / WAVE_HZ, where)
