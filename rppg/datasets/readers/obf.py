"""OBF as the RePSS challenges cut it: clips of 10 s of up to 100 people, with or without beats.

The database itself (100 people, two sessions each), its layout, and a labelled copy of the cut are
not public.  What is known, and how well:

    sure     a clip is OBF/<n>/video<k>.avi: rows of the sample submission of the 2nd RePSS
    sure     a clip's beats are 300 flags, 0 or 1, 30 a second for 10 s, in a .npy file with the
             video's name, or as words separated by blanks; its heart rate is 60 / the mean interval
             between flags: score/input/readme.txt, score/program/metrics.py, the sample submission
    likely   people are numbered 1 to 100: OBF_split has 001 to 100; that the cut keeps their
             numbers is written nowhere
    a guess  that the flags lie beside the video, as video<k>.npy or video<k>.txt

Sources: github.com/sunhm15/REPSS-2021 (the 2nd RePSS' scoring) and github.com/zhaodongsun/
contrast-phys, contrast-phys+/utils_data.py (OBF_split).  Frame times are the container's.  Without
flags, clips serve for pre-training alone.

A leak to watch: the challenge's test tree (layout "challenge_test") has people of OBF, too, and may
number them otherwise.  Its ids keep the extension (OBF/1/video1.avi), these do not (OBF/1/video1),
so one store can hold both; nothing tells whether they show one person.  Leave OBF out of training,
pre-training included, where the challenge's own test set is to be predicted, unless its rules say
otherwise.

    >>> from rppg.datasets.readers import read
    >>> [recording.id for recording in read("obf", "data/OBF")]  # doctest: +SKIP
    ['OBF/1/video1', 'OBF/1/video2', 'OBF/2/video1']
"""

import re
from pathlib import Path

import numpy as np

from rppg.datasets.readers.expected_counts import Published
from rppg.datasets.readers.labels import Notes
from rppg.datasets.readers.parsing import (
    HR_RANGE_BPM,
    BadLabel,
    folders_in,
    is_there,
    is_video,
    natural,
    read_text,
    require,
    values,
)
from rppg.datasets.readers.per_folder import each_folder
from rppg.datasets.recording import Recording, origin_of

DATASET = FOLDER = "OBF"
NAMES = tuple(str(number) for number in range(1, 101))
PUBLISHED = Published(None, 100, 30.0, "contrast-phys+ OBF_split; 2nd RePSS' scoring", NAMES)
FLAGS_HZ, N_FLAGS = 30.0, 300  # a clip's flags
MOST_FLAGS = 100 * N_FLAGS
VIDEO = re.compile("video[0-9]+")
FORMS = (".npy", ".txt")
LAYOUT = """\
<root>/<n>/ with n from 1 to 100
  video<k>.avi
  video<k>.npy or video<k>.txt     optional: 300 flags, 1 at a beat, 30 a second"""


def read(root: Path) -> list[Recording]:
    """Clips named <n>/video<k>, split "none", with their mean heart rate where flags say it.

    Flags that are missing leave a clip without label, with a note; flags that cannot be understood,
    and flags without video, become its `problem`.
    """
    folders = [f for f in folders_in(Path(root)) if re.fullmatch("[0-9]+", f.name)]
    return each_folder(DATASET, folders, _read_subject)


def _read_subject(folder: Path) -> list[Recording]:
    files = [path for path in folder.iterdir() if VIDEO.fullmatch(path.name.split(".")[0])]
    videos = [(path.name.split(".")[0], path) for path in files if is_video(path)]
    labels = {path.stem for path in files if path.suffix in FORMS}
    lost = labels - {key for key, _ in videos}
    videos += [(key, folder / f"{key}.avi") for key in lost]
    return [_clip(*video) for video in sorted(videos, key=lambda video: natural(video[0]))]


def _clip(key: str, path: Path) -> Recording:
    hr_mean_bpm, notes, problem = None, (), None
    try:
        hr_mean_bpm, notes = _read_label(path.parent, key)
        require(path, f"{path.parent.name}/{path.name}")
    except BadLabel as error:
        hr_mean_bpm, problem = None, str(error)
    return Recording(
        dataset=DATASET,
        subject=path.parent.name,
        name=key,
        frames=path,
        hr_mean_bpm=hr_mean_bpm,
        origin=origin_of(path),
        problem=problem,
        notes=notes,
    )


def _read_label(folder: Path, key: str) -> tuple[float | None, Notes]:
    """The mean heart rate of a clip in bpm, and notes."""
    places = [folder / f"{key}{form}" for form in FORMS]
    found = [path for path in places if is_there(path, f"{folder.name}/{path.name}")]
    names = [f"{folder.name}/{path.name}" for path in found]
    if not found:
        return None, (f"there is no {folder.name}/{key}.npy or .txt: the clip has no label",)
    if len(found) > 1:
        raise BadLabel(f"there are both {' and '.join(names)}, expected one of them")
    flags = _read_flags(found[0], names[0])
    notes = ()
    if len(flags) != N_FLAGS:
        notes += (f"{names[0]} has {len(flags)} flags, expected {N_FLAGS}: 10 s at 30 a second",)
    if n := int(np.isnan(flags).sum()):
        notes += (f"{names[0]}: {n} of {len(flags)} flags are NaN",)
    hr_bpm, why = _mean_hr_bpm(flags)
    return hr_bpm, notes + ((f"{names[0]}: {why}: the clip has no label",) if why else ())


def _read_flags(path: Path, where: str) -> np.ndarray:
    """Flags (n,) of 0, 1 and NaN."""
    if path.suffix == ".npy":
        flags = _load(path, where)
    else:
        flags = values(read_text(path, where).split(), where)
    strange = ~np.isnan(flags) & ~np.isin(flags, (0, 1))
    if strange.any():
        at = int(strange.argmax())
        raise BadLabel(f"{where}, flag {at + 1}: found {flags[at]:g}, expected 0 or 1")
    return flags


def _load(path: Path, where: str) -> np.ndarray:
    try:  # mapped: a header that claims more than the file holds is refused
        loaded = np.lib.format.open_memmap(path, mode="r")
    except MemoryError:
        raise
    except Exception as error:  # NumPy has no one error for a file that is none, or is not whole
        raise BadLabel(f"{where} is no .npy file of numbers ({error})") from None
    if loaded.dtype.kind not in "iufb" or loaded.size > MOST_FLAGS:
        found = f"{loaded.dtype} of shape {loaded.shape}"
        raise BadLabel(f"{where} is no .npy file of numbers: found {found}, expected {N_FLAGS}")
    return np.array(loaded, dtype=np.float64).reshape(-1)


def _mean_hr_bpm(flags: np.ndarray) -> tuple[float | None, str]:
    """60 / the mean interval between beats with no NaN between them; None and why where none is."""
    beats = np.flatnonzero(flags == 1)
    unknown = np.cumsum(np.isnan(flags))[beats]  # how many NaN up to each beat
    intervals_s = np.diff(beats)[np.diff(unknown) == 0] / FLAGS_HZ
    if not len(intervals_s):
        return None, f"{len(beats)} beats and no interval between two of them"
    hr_bpm = float(60 / intervals_s.mean())
    if not HR_RANGE_BPM[0] <= hr_bpm <= HR_RANGE_BPM[1]:
        return None, f"a heart rate of {hr_bpm:.0f} bpm, outside 30-240"
    return hr_bpm, ""
