"""VIPL-HR, the first version: 107 people in nine situations, four cameras, an oximeter.

    <root>/data/p1/v1/source1/video.avi      also without data/; repeated situations are v1-2 and so
                              time.txt       a frame's time in ms a line; source2 has none
                              wave.csv       `Wave`, then 60 samples a second
                              gt_HR.csv      `HR`, then a heart rate each second; gt_SpO2.csv alike
    <root>/fold/fold1.mat ... fold5.mat      the dataset's own five folds; some copies: fold_split/

source1 is a web camera, source2 a phone, source3 a RealSense camera and source4 its infrared one.
All labels begin with the video.  Lines end with CRLF.  Where these facts stand:

- files, lack of time.txt, counts: yuhang1070/rPPG_Strong_Baseline, datasets/vipl.py, which asserts
  2378 complete recordings in colour; rates of the labels: nxsEdson/CVD-Physiological-Measurement,
  data_example, where 1036 stamps end at 34.736 s and a public account of the same recording counts
  2084 samples of the wave (60.0 a second) and 36 heart rates.  pyVHR's 50 Hz does not fit.
- The file's rate is none of the camera's: it says 25 where time.txt gives 29.8 (that account, which
  also quotes the readme: the videos only compress, the times are in time.txt).  So without time.txt
  sources 1, 3 and 4 cannot be used.  source2 is taken to have 30 frames a second, as Strong
  Baseline does; NEST-rPPG stretches it over the number of heart rates, which, as above, is up to a
  second or two too long: 3 per cent of half a minute.
- In some recordings time.txt has not as many lines as the video frames.  NEST-rPPG leaves those
  out; here their preparation fails with both counts, unless they differ by one or two.

    >>> from rppg.datasets.readers import read
    >>> [recording.id for recording in read("vipl_hr", "data/VIPL-HR")]  # doctest: +SKIP
    ['VIPL-HR/p1/v1-source1', 'VIPL-HR/p1/v1-source2', 'VIPL-HR/p1/v1-source3']
"""

import re
from functools import partial
from pathlib import Path

import numpy as np

from rppg.datasets.readers import labels
from rppg.datasets.readers.expected_counts import Published
from rppg.datasets.readers.parsing import BadLabel, folders_in, is_there, read_text, require, values
from rppg.datasets.readers.per_folder import each_folder
from rppg.datasets.recording import Recording, origin_of

DATASET = FOLDER = "VIPL-HR"
PUBLISHED = Published(
    recordings=2378,
    subjects=107,
    fps=None,
    source="Niu et al. 2018; 2378 in colour by Strong Baseline, 752 more are infrared",
    names=tuple(f"p{n}" for n in range(1, 108)),
)
VIDEO, STAMPS, WAVE, HR = "video.avi", "time.txt", "wave.csv", "gt_HR.csv"
WAVE_HZ, HR_HZ = 60.0, 1.0
PHONE, INFRARED = "source2", "source4"
PHONE_FPS = 30.0
LAYOUT = """\
<root>/data/ or <root>/ holding
  p<1..107>/v<1..9> or v<1..9>-2/source<1..4>/video.avi
                                              time.txt      ms, one line a frame; not in source2
                                              wave.csv      optional: 60 samples a second
                                              gt_HR.csv     optional: bpm, one a second"""


def read(root: Path, nir: bool = False) -> list[Recording]:
    """Recordings named p<N>/v<k>-source<s>, split "none"; nir: source4, infrared, too.

    Labels that are missing leave a recording without them, with a note.  Files that cannot be
    understood, and a missing video or time.txt, become its `problem`.
    """
    root = Path(root)
    people = _named("p[0-9]+", root / "data") or _named("p[0-9]+", root)
    return each_folder(DATASET, people, partial(_read_person, nir))


def _read_person(nir: bool, folder: Path) -> list[Recording]:
    situations = _named("v[0-9]+(-[0-9]+)?", folder)
    return each_folder(DATASET, situations, partial(_read_situation, nir), levels=2)


def _read_situation(nir: bool, folder: Path) -> list[Recording]:
    sources = _named("source[1-4]", folder)
    return [_recording(place) for place in sources if nir or place.name != INFRARED]


def _named(pattern: str, folder: Path) -> list[Path]:
    return [place for place in folders_in(folder) if re.fullmatch(pattern, place.name)]


def _recording(folder: Path) -> Recording:
    person, situation, source = folder.parts[-3:]
    fields, notes, problem = {}, (), None
    try:
        fields, notes = _read_labels(folder, f"{person}/{situation}/{source}")
    except BadLabel as error:
        problem = str(error)
    return Recording(
        dataset=DATASET,
        subject=person,
        name=f"{situation}-{source}",
        frames=folder / VIDEO,
        origin=origin_of(folder),
        problem=problem,
        notes=notes,
        **fields,
    )


def _read_labels(folder: Path, where: str) -> tuple[dict, labels.Notes]:
    """Times, wave and heart rate as fields of a Recording, and notes."""
    require(folder / VIDEO, f"{where}/{VIDEO}")
    fields, start_s, notes = _read_times(folder, where), 0.0, ()
    if "times_s" in fields:
        start_s = fields["times_s"][0]
    parts = (
        ("bvp", WAVE, "Wave", WAVE_HZ, labels.wave),
        ("hr", HR, "HR", HR_HZ, labels.heart_rate),
    )
    for field, name, header, rate_hz, as_label in parts:
        if not is_there(folder / name, f"{where}/{name}"):
            notes += (f"there is no {where}/{name}: no {field}",)
            continue
        column = _read_column(folder / name, f"{where}/{name}", header)
        times_s = start_s + np.arange(len(column)) / rate_hz
        label, more_notes = as_label(column, times_s, f"{where}/{name}")
        notes += more_notes
        if "times_s" in fields:
            notes += labels.shorter(label, fields["times_s"], f"{where}/{name}")
        fields |= {field: label} if label else {}
    return fields, notes


def _read_times(folder: Path, where: str) -> dict:
    """{"times_s": stamps (n,)}, or {"fps": rate} for a phone's video without stamps."""
    path, where = folder / STAMPS, f"{where}/{STAMPS}"
    if not is_there(path, where):
        if folder.name == PHONE:
            return {"fps": PHONE_FPS}
        expected = "expected the frames' times: the file's own rate is not the camera's"
        raise BadLabel(f"{where} is missing; {expected}")
    times_ms = values(_lines(path, where), where)
    if (wrong := ~(np.diff(times_ms) > 0)).any():  # NaN is wrong, too
        at = int(wrong.argmax())
        found = f"lines {at + 1} and {at + 2}: found {times_ms[at]:g} and {times_ms[at + 1]:g}"
        raise BadLabel(f"{where}, {found}, expected increasing times in ms")
    labels.check_times(times_ms / 1000, where, labels.FRAMES_HZ)
    return {"times_s": times_ms / 1000}


def _read_column(path: Path, where: str, header: str) -> np.ndarray:
    """The numbers (n,) below a header."""
    first, *lines = _lines(path, where) or [""]
    if first.lower() != header.lower():
        raise BadLabel(f"{where} begins with {first!r}, expected the header {header!r}")
    return values(lines, where)


def _lines(path: Path, where: str) -> list[str]:
    return [line.strip() for line in read_text(path, where).splitlines() if line.strip()]
