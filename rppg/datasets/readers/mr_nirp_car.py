"""MR-NIRP-Car: drivers in a garage and on the road, a colour and an infrared camera side by side.

    <root>/Subject1/subject1_garage_still_940/RGB/Frame00000.pgm ...    640x640, raw sensor values
    <root>/Subject1/subject1_garage_still_940/NIR/...                   left out, see below
    <root>/Subject1/subject1_garage_still_940/PulseOX/pulseOx.mat       pulseOxRecord, pulseOxTime

It comes as RGB.zip, NIR.zip and PulseOX.zip in each recording's folder, to be unpacked there.
RemotePPG below is ToyotaResearchInstitute/RemotePPG, iccv/src.

- Folders, frame rate (30: no file says when a frame was taken), the corrupted recording and that
  Subject16 is Subject2 at night: RemotePPG, preprocessing/MR_NIRP_Car.py.  How many recordings
  there are differs: it has four of most subjects, a loader for rPPG-Toolbox lists 11 of one.
- Colour filter: RemotePPG, shared/cv_utils.py, reads frames by COLOR_BayerBG2RGB, which OpenCV
  names by the second row: RGGB.  So do other public loaders, but for one of two ways in one of
  them; one measured it, by green's places and by red above blue in faces.  It also found 12 bits a
  pixel, the upper ones of 16: the upper 8 are the picture.
- The pulse begins with the first frame: RemotePPG takes pulseOxTime, in s, less its first value.
  As that loader measured, the sensor's rate is 32 to 60 a second.  Values are a row of numbers,
  or of cells with a number each.  0 is a sensor without contact.
- The infrared frames alternate between lit and dark and show no colours: they are not read.

    >>> from rppg.datasets.readers import read
    >>> [recording.id for recording in read("mr_nirp_car", "data/MR-NIRP-Car")]  # doctest: +SKIP
    ['MR-NIRP-Car/subject1/subject1_garage_still_975']
"""

import re
from pathlib import Path

import numpy as np

from rppg.datasets.id_parts import safe_part
from rppg.datasets.mat_files import read_mat
from rppg.datasets.readers import labels
from rppg.datasets.readers.expected_counts import Published
from rppg.datasets.readers.parsing import BadLabel, folders_in, holds, images_in, is_there
from rppg.datasets.readers.per_folder import each_folder
from rppg.datasets.recording import Recording, Signal, origin_of

DATASET = FOLDER = "MR-NIRP-Car"
SAME_PERSON = {16: 2}  # number of a folder: number of the person
FPS, BAYER = 30.0, "RGGB"
PUBLISHED = Published(
    recordings=None,
    subjects=18,
    fps=FPS,
    source="RemotePPG, preprocessing/MR_NIRP_Car.py: 19 folders, one person in two of them",
    names=tuple(f"subject{n}" for n in range(1, 20) if n not in SAME_PERSON),
)
FRAMES, LABELS = "RGB", "PulseOX/pulseOx.mat"
WAVE, TIME = "pulseOxRecord", "pulseOxTime"
PARTS = ("RGB", "NIR", "PulseOX")
KNOWN_BAD = {"subject2_garage_small_motion_940": "RGB frames corrupted: left out by RemotePPG"}
LAYOUT = """\
<root>/Subject<1..19>/<name>/RGB/           image files, raw (RGGB), in the order of their names
<root>/Subject<1..19>/<name>/PulseOX/pulseOx.mat     optional: pulseOxRecord and pulseOxTime"""


def read(root: Path) -> list[Recording]:
    """Recordings named subject<k>/<folder>, split "none"; Subject16's are subject2's, too.

    Without pulseOx.mat a recording has no label, and a note says so.  One that cannot be
    understood, and a folder without frames, become its `problem`.
    """
    people = [f for f in folders_in(Path(root)) if re.fullmatch("subject[0-9]+", f.name.lower())]
    return each_folder(DATASET, people, _read_person)


def _read_person(folder: Path) -> list[Recording]:
    return each_folder(DATASET, folders_in(folder), _read_folder, levels=2)


def _read_folder(folder: Path) -> list[Recording]:
    number = int(folder.parent.name.lower().removeprefix("subject"))
    ours = holds(folder, [f"{part}{end}" for part in PARTS for end in ("", ".zip")])
    return [_recording(folder, number)] if ours else []


def _recording(folder: Path, number: int) -> Recording:
    where = f"{folder.parent.name}/{folder.name}"
    own = folder.name.lower().startswith(f"subject{number}_")
    frames, bvp, notes, problem = [], None, (), None
    try:
        frames = images_in(folder / FRAMES)
        if not frames:
            raise BadLabel(f"{where}/{FRAMES} holds no image files{_packed(folder, FRAMES)}")
        notes += _holes(frames, f"{where}/{FRAMES}")
        if is_there(folder / LABELS, f"{where}/{LABELS}"):
            bvp, more_notes = _read_pulse(folder / LABELS, f"{where}/{LABELS}")
            frames_s = np.arange(len(frames)) / FPS
            notes += more_notes + labels.shorter(bvp, frames_s, f"{where}/{LABELS}")
        else:
            notes += (f"there is no {where}/{LABELS}: no labels{_packed(folder, 'PulseOX')}",)
    except BadLabel as error:
        bvp, problem = None, str(error)
    return Recording(
        dataset=DATASET,
        subject=f"subject{SAME_PERSON.get(number, number)}",
        name=safe_part(folder.name if own else f"subject{number}_{folder.name}"),
        frames=frames or folder / FRAMES,
        fps=FPS,
        bvp=bvp,
        origin=origin_of(folder),
        problem=problem,
        notes=notes,
        known_bad=KNOWN_BAD.get(folder.name.lower()),
        bayer=BAYER,
    )


def _holes(frames: list[Path], where: str) -> labels.Notes:
    """A note where numbers between the first and the last frame's are not there."""
    numbers = [re.findall("[0-9]+", path.stem)[-1:] for path in (frames[0], frames[-1])]
    if not all(numbers):
        return ()
    first, last = (int(number[0]) for number in numbers)
    if (n := last - first + 1) == len(frames):
        return ()
    found = f"{len(frames)} frames numbered from {first} to {last}"
    return (f"{where}: found {found}, expected {n}; their times are those of {len(frames)}",)


def _packed(folder: Path, part: str) -> str:
    return f"; {part}.zip is not unpacked" if (folder / f"{part}.zip").is_file() else ""


def _read_pulse(path: Path, where: str) -> tuple[Signal | None, labels.Notes]:
    """The pulse from the first frame on, and notes."""
    wave, times_s = _read_mat(path, where)
    if len(wave) != len(times_s) or len(wave) == 0:
        found = f"{len(wave)} values in {WAVE} and {len(times_s)} in {TIME}"
        raise BadLabel(f"{where}: found {found}, expected as many of both, 1 or more")
    if not np.isfinite(times_s).all():
        raise BadLabel(f"{where}, {TIME}: found times that are not finite, expected seconds")
    new = np.diff(times_s, prepend=np.nan) != 0
    wave, times_s = wave[new], times_s[new] - times_s[0]
    signal, notes = labels.wave(wave, times_s, f"{where}, {WAVE}", no_contact=0.0)
    if not new.all():
        notes += (f"{where}: {(~new).sum()} samples at the time of the one before are left out",)
    if n := int((wave == 0).sum()):
        notes += (f"{where}: {n} of {len(wave)} values of {WAVE} are 0: gaps",)
    return signal, notes


def _read_mat(path: Path, where: str) -> list[np.ndarray]:
    """pulseOxRecord (n,) and pulseOxTime (m,) in s."""
    try:
        content = read_mat(path, (WAVE, TIME))
    except ValueError as error:
        raise BadLabel(f"{where} {error}") from None
    lost = [name for name in (WAVE, TIME) if name not in content]
    if lost:
        raise BadLabel(f"{where} has no {', '.join(lost)}; expected {WAVE} and {TIME}")
    return [_numbers(content[name], f"{where}, {name}") for name in (WAVE, TIME)]


def _numbers(array: np.ndarray, where: str) -> np.ndarray:
    """Numbers, or cells of one number each, as (n,) float64."""
    cells = [np.asarray(cell) for cell in array.ravel()] if array.dtype == object else [array]
    for cell in cells:
        if cell.dtype.kind not in "iuf" or (array.dtype == object and cell.size != 1):
            found = f"{cell.dtype} of shape {cell.shape}"
            raise BadLabel(f"{where}: found {found}, expected numbers, one in a cell")
    return np.concatenate([cell.ravel() for cell in cells] or [[]]).astype(np.float64)
