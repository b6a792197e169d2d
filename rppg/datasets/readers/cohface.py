"""COHFACE: 40 people before a webcam for a minute, twice by lamp light and twice by daylight.

    <root>/1/0/data.avi      640x480 at 20 frames a second, strongly compressed; some copies: .mkv
    <root>/1/0/data.hdf5     datasets pulse, respiration and time; attribute sample-rate-hz

The file names, the datasets and the attribute, which may be an array of one, are as read by
ToyotaResearchInstitute/RemotePPG, iccv/src/preprocessing/COHFACE.py, and phuselab/pyVHR,
pyVHR/datasets/cohface.py (20 frames and 256 samples a second).  The latter takes the rate and the
former `time`, in seconds, less its first value; both begin the pulse at the first frame, and bob's
own package (bioidiap/bob.db.cohface) says nothing else.  Here it is `time`, and the rate must agree
with it: so a `time` in other units is seen.  Frames' times are the container's.

Lists of the dataset's own split lie in <root>/protocols/<name>/{train,dev,test,all}.txt.
No recording is known to be bad.

    >>> from rppg.datasets.readers import read
    >>> [recording.id for recording in read("cohface", "data/COHFACE")]  # doctest: +SKIP
    ['COHFACE/1/0', 'COHFACE/1/1', 'COHFACE/1/2', 'COHFACE/1/3', 'COHFACE/2/0']
"""

import re
from pathlib import Path

import numpy as np

from rppg.datasets.readers import labels
from rppg.datasets.readers.expected_counts import Published
from rppg.datasets.readers.parsing import BadLabel, folders_in, holds, is_there
from rppg.datasets.readers.per_folder import each_folder
from rppg.datasets.recording import Recording, Signal, origin_of

DATASET = FOLDER = "COHFACE"
PUBLISHED = Published(
    recordings=160,
    subjects=40,
    fps=20.0,
    source="Heusch, Anjos and Marcel, arXiv 1709.00962",
    names=tuple(map(str, range(1, 41))),
)
VIDEOS, LABELS = ("data.avi", "data.mkv"), "data.hdf5"
PULSE, TIME, RATE = "pulse", "time", "sample-rate-hz"
MOST_VALUES = 10_000_000
RATE_TOLERANCE = 0.05  # share by which time and sample-rate-hz may differ
LAYOUT = """\
<root>/<1..40>/<0..3>/data.avi or data.mkv
<root>/<1..40>/<0..3>/data.hdf5     optional: datasets pulse and time, attribute sample-rate-hz"""


def read(root: Path) -> list[Recording]:
    """Recordings named <subject>/<session>, split "none".

    Without data.hdf5 a recording has no label, and a note says so.  One that cannot be understood,
    and a missing video, become its `problem`.
    """
    return each_folder(DATASET, _numbered(Path(root)), _read_subject)


def _read_subject(folder: Path) -> list[Recording]:
    return each_folder(DATASET, _numbered(folder), _read_session, levels=2)


def _read_session(folder: Path) -> list[Recording]:
    return [_recording(folder)] if holds(folder, (*VIDEOS, LABELS)) else []


def _numbered(folder: Path) -> list[Path]:
    return [place for place in folders_in(folder) if re.fullmatch("[0-9]+", place.name)]


def _recording(folder: Path) -> Recording:
    where = f"{folder.parent.name}/{folder.name}"
    videos, bvp, notes, problem = [], None, (), None
    try:
        videos = [folder / name for name in VIDEOS if is_there(folder / name, f"{where}/{name}")]
        if is_there(folder / LABELS, f"{where}/{LABELS}"):
            bvp, notes = _read_pulse(folder / LABELS, f"{where}/{LABELS}")
        else:
            notes = (f"there is no {where}/{LABELS}: no labels",)
        if not videos:
            raise BadLabel(f"{where} has neither {' nor '.join(VIDEOS)}")
    except BadLabel as error:
        bvp, problem = None, str(error)
    return Recording(
        dataset=DATASET,
        subject=folder.parent.name,
        name=folder.name,
        frames=videos[0] if videos else folder / VIDEOS[0],
        bvp=bvp,
        origin=origin_of(folder),
        problem=problem,
        notes=notes,
    )


def _read_pulse(path: Path, where: str) -> tuple[Signal | None, labels.Notes]:
    """The pulse from the first frame on, and notes."""
    pulse, times_s, rate_hz = _read_hdf5(path, where)
    new = np.diff(times_s, prepend=np.nan) != 0  # what is NaN is not 0: it stays, and is seen
    if len(pulse) != len(times_s) or new.sum() < 2:
        found = f"{len(pulse)} values in {PULSE} and {len(times_s)} in {TIME}"
        raise BadLabel(f"{where}: found {found}, expected as many of both, at 2 times or more")
    if (span_s := times_s[-1] - times_s[0]) > 0:  # else it is no label, as is seen below
        found_hz = (len(pulse) - 1) / span_s
        if abs(found_hz - rate_hz) > RATE_TOLERANCE * rate_hz:
            found = f"{found_hz:g} samples a second by {TIME}"
            raise BadLabel(f"{where}: found {found}, expected {rate_hz:g} as {RATE} says")
    signal, notes = labels.wave(pulse[new], times_s[new] - times_s[0], f"{where}, {PULSE}")
    if not new.all():
        notes += (f"{where}: {(~new).sum()} samples at the time of the one before are left out",)
    return signal, notes


def _read_hdf5(path: Path, where: str) -> tuple[np.ndarray, np.ndarray, float]:
    """pulse (n,), time (m,) in s and the rate in Hz that the file states."""
    import h5py

    try:
        with h5py.File(path, "r") as file:
            for name in (PULSE, TIME):
                _refuse_links(file, name, f"{where}, {name}")
            parts = {name: file.get(name) for name in (PULSE, TIME)}
            parts |= {RATE: file.attrs.get(RATE)}
            lost = [name for name, part in parts.items() if part is None]
            if lost:
                expected = f"expected datasets {PULSE} and {TIME} and attribute {RATE}"
                raise BadLabel(f"{where} has no {', '.join(lost)}; {expected}")
            pulse, times_s, rate = (_numbers(part, f"{where}, {k}") for k, part in parts.items())
    except (BadLabel, MemoryError):
        raise
    except Exception as error:  # h5py has no one error for a file that is none, or is not whole
        raise BadLabel(f"{where} cannot be read as an HDF5 file: {error}") from None
    if rate.size != 1 or not (np.isfinite(rate[0]) and rate[0] > 0):
        found = f"found {rate[:5].tolist()}"
        raise BadLabel(f"{where}, attribute {RATE}: {found}, expected one positive number")
    return pulse, times_s, float(rate[0])


def _refuse_links(file, name: str, where: str) -> None:
    """Raises BadLabel if a dataset of an HDF5 file is not in the file itself: values of another
    file are no label, and a pipe would be waited for."""
    import h5py

    link = file.get(name, getlink=True)
    inside = link is None or isinstance(link, h5py.HardLink)
    part = file.get(name) if inside else None
    if not inside or getattr(part, "is_virtual", False) or getattr(part, "external", None):
        raise BadLabel(f"{where}: found a link to other data, expected numbers in the file itself")


def _numbers(part, where: str) -> np.ndarray:
    """A dataset's or attribute's numbers (n,), float64."""
    if getattr(part, "dtype", None) is None or part.dtype.kind not in "iuf":
        found = getattr(part, "dtype", type(part).__name__)
        raise BadLabel(f"{where}: found {found}, expected numbers")
    if not 0 <= part.size <= MOST_VALUES or part.size not in (0, max((1, *part.shape))):
        expected = f"one row of numbers, {MOST_VALUES} at most"
        raise BadLabel(f"{where}: found an array of shape {part.shape}, expected {expected}")
    return np.asarray(part[()], dtype=np.float64).ravel()
