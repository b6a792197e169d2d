"""PURE: ten people in six kinds of head motion, about a minute each, as PNG frames at 30 a second.

A sequence <subject>-<session> is a folder of images, whose names end in their time in ns, and one
JSON file with two lists: /Image has a stamp for each image, /FullPackage the finger oximeter's
stamps at about 60 Hz with waveform, pulseRate (bpm, 0 without contact) and more.  Both lists are
on one clock, so the wave is aligned by time; it begins and ends at other moments than the video.
Sequences lie flat or nested, as below, also side by side.

Sources: Stricker et al., Non-contact video-based pulse rate measurement on a mobile service robot,
RO-MAN 2014, and the dataset's page at tu-ilmenau.de (60 sequences, 30 Hz, 60 Hz); keys, both
layouts and the two lists of stamps as the public loaders RemotePPG (flat) and SiNC-rPPG (nested)
read them; an excerpt of a JSON file in github.com/Oichii/DeepPulse-pytorch, issue 6.  06-02 is
missing from all public copies, so 59 are left; RemotePPG also lists 07-07.

    >>> from rppg.datasets.readers import read
    >>> read("pure", "data/PURE")[0].id  # doctest: +SKIP
    'PURE/01/01-01'

Times count from the first frame; stamps are subtracted as integers, as float64 cannot hold them.
"""

import json
import re
from pathlib import Path

import numpy as np

from rppg.datasets.readers.expected_counts import Published
from rppg.datasets.readers.labels import FRAMES_HZ, Notes, check_times, heart_rate, shorter, wave
from rppg.datasets.readers.parsing import (
    BadLabel,
    folders_in,
    images_in,
    is_there,
    read_text,
    values,
)
from rppg.datasets.readers.per_folder import each_folder
from rppg.datasets.recording import Recording, origin_of

DATASET = FOLDER = "PURE"
PUBLISHED = Published(
    recordings=59,
    subjects=10,
    fps=30.0,
    source="Stricker et al. 2014: 60; 06-02 is in no public copy (rPPG_Strong_Baseline: 59)",
    names=tuple(f"{number:02d}" for number in range(1, 11)),
)
LAYOUT = """\
<root>/ holding unpacked sequences <NN>-<NN>, flat or nested
  <NN>-<NN>/Image<ns>.png           and  <NN>-<NN>.json
  <NN>-<NN>/<NN>-<NN>/Image<ns>.png and  <NN>-<NN>/<NN>-<NN>.json"""
KNOWN_BAD = dict.fromkeys(
    ("07-02", "07-07"),
    "ground truth errors: RemotePPG leaves it out of its test set, SiNC-rPPG out of all sets",
)
SEQUENCE = re.compile("([0-9]{2})-([0-9]{2})")
STAMPED = re.compile("Image([0-9]{16,})", re.IGNORECASE)  # ns since 1970 have 19 digits
FRAMES, SENSOR = "/Image", "/FullPackage"
LARGEST = 2**63  # of a stamp or a value


def read(root: Path) -> list[Recording]:
    """Recordings named <subject>/<subject>-<session>, split "none".

    Frames have the stamps in their names, and notes say where /Image differs.  A missing JSON file
    leaves a recording without labels, with a note; one that cannot be understood, stamps that are
    not those of the images, and missing images become its `problem`.
    """
    root = Path(root)
    names = {path.name for path in folders_in(root)} | {path.stem for path in root.glob("*.json")}
    folders = [root / name for name in sorted(names) if SEQUENCE.fullmatch(name)]
    return each_folder(DATASET, folders, lambda folder: [_recording(root, folder.name)])


def _recording(root: Path, name: str) -> Recording:
    images, fields, notes, problem = [], {}, (), None
    try:
        images = _images(root / name)
        fields, notes = _labels(root, name, images)
    except BadLabel as error:
        problem = str(error)
    return Recording(
        dataset=DATASET,
        subject=SEQUENCE.fullmatch(name)[1],
        name=name,
        frames=images or root / name,
        origin=origin_of(root),
        problem=problem,
        notes=notes,
        known_bad=KNOWN_BAD.get(name),
        **fields,
    )


def _images(folder: Path) -> list[Path]:
    """Images of a sequence, nested or flat; those with a stamp in their name where any has one."""
    nested, flat = images_in(folder / folder.name), images_in(folder)
    found, stamped = nested or flat, [path for path in nested or flat if _named_ns(path)]
    if not found:
        raise BadLabel(f"{folder.name} holds no images, expected Image<ns>.png")
    if any(map(_named_ns, flat)) and nested:
        both = f"{folder.name} and {folder.name}/{folder.name}"
        raise BadLabel(f"{both} both hold images, expected one of them to")
    return stamped or found


def _named_ns(path: Path) -> int | None:
    match = STAMPED.fullmatch(path.stem)
    return int(match[1]) if match else None


def _labels(root: Path, name: str, images: list[Path]) -> tuple[dict, Notes]:
    """Fields of a Recording, with the frames' times, and notes."""
    where, named_ns = f"{name}.json", [_named_ns(path) for path in images]
    places = (root / name / where, root / where)
    path = next((path for path in places if is_there(path, where)), None)
    if path is None and None in named_ns:
        found = f"images named like {images[0].name}"
        raise BadLabel(f"{name} has no {where} and {found}, expected stamps in one of them")
    if path is None:
        times_s = _seconds(named_ns, named_ns[0], name)
        return {"times_s": times_s}, (f"{name} has no {where}: no labels",)
    content = _read_json(path, where)
    listed_ns = _column(content, FRAMES, where, "Timestamp")
    frames_ns, notes = _frame_stamps(named_ns, listed_ns, where)
    times_s = _seconds(frames_ns, frames_ns[0], f"{where}, {FRAMES}")
    check_times(times_s, f"{where}, {FRAMES}", FRAMES_HZ)
    fields, more_notes = _sensor(content, frames_ns[0], times_s, where)
    return {"times_s": times_s, **fields}, notes + more_notes


def _frame_stamps(named_ns: list, listed_ns: list, where: str) -> tuple[list, Notes]:
    """Stamps of all images: their names', else the list's where it has as many."""
    if None in named_ns:
        if len(listed_ns) != len(named_ns):
            found = f"{len(listed_ns)} stamps in {FRAMES} for {len(named_ns)} images"
            raise BadLabel(f"{where}: {found} without stamps in their names, expected as many")
        return listed_ns, (f"{where}: names of images have no stamps, those of {FRAMES} are used",)
    named, listed = {*named_ns}, {*listed_ns}
    if not named & listed:
        ours, theirs = f"names from {min(named)} on", f"{FRAMES} from {min(listed, default='-')} on"
        raise BadLabel(f"{where}: no stamp in common, images have {ours}, {theirs}")
    notes = ()
    if extra := len(named - listed):
        notes += (f"{where}: {extra} of {len(named)} images are not in {FRAMES}: stamps by name",)
    if lost := len(listed - named):
        notes += (f"{where}: {lost} of {len(listed)} stamps in {FRAMES} have no image",)
    return named_ns, notes


def _sensor(content: dict, start_ns: int, frames_s: np.ndarray, where: str) -> tuple[dict, Notes]:
    """The oximeter's bvp and hr, times counted from start_ns, and notes."""
    where = f"{where}, {SENSOR}"
    stamps_ns = _column(content, SENSOR, where, "Timestamp")
    if not stamps_ns:
        raise BadLabel(f"{where} is empty, expected the oximeter's values")
    new = np.array([True, *(b != a for a, b in zip(stamps_ns, stamps_ns[1:], strict=False))])
    times_s = _seconds([t for t, n in zip(stamps_ns, new, strict=True) if n], start_ns, where)
    columns = [_column(content, SENSOR, where, "Value", key) for key in ("waveform", "pulseRate")]
    pulse, rate = (values([*map(repr, column)], where)[new] for column in columns)
    bvp, notes = wave(pulse, times_s, f"{where} waveform")
    hr, more_notes = heart_rate(rate, times_s, f"{where} pulseRate")
    if not new.all():
        notes += (f"{where}: {(~new).sum()} samples at the time of the one before are left out",)
    fields = {name: label for name, label in (("bvp", bvp), ("hr", hr)) if label}
    return fields, notes + more_notes + shorter(bvp, frames_s, where)


def _seconds(stamps_ns: list[int], start_ns: int, where: str) -> np.ndarray:
    """Times (n,) in s after start_ns.  Raises BadLabel unless they increase."""
    for at, (one, two) in enumerate(zip(stamps_ns, stamps_ns[1:], strict=False)):
        if two <= one:
            found = f"stamp {at + 2} is {two}, after {one}"
            raise BadLabel(f"{where}: {found}, expected increasing stamps")
    return np.array([(stamp - start_ns) / 1e9 for stamp in stamps_ns])


def _read_json(path: Path, where: str) -> dict:
    try:
        content = json.loads(read_text(path, where), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        if isinstance(error, BadLabel):
            raise
        raise BadLabel(f"{where} is no JSON file ({error})") from None
    lists = [k for k in content if isinstance(content[k], list)] if type(content) is dict else []
    if not {FRAMES, SENSOR} <= {*lists}:
        raise BadLabel(f"{where} has the lists {lists}, expected {FRAMES} and {SENSOR}")
    return content


def _once(pairs: list[tuple]) -> dict:
    """The dict of an object's pairs.  Raises ValueError where a key is given twice."""
    if len(found := dict(pairs)) != len(pairs):
        raise ValueError(f"an object has the keys {[key for key, _ in pairs]}, one of them twice")
    return found


def _column(content: dict, list_name: str, where: str, *keys: str) -> list:
    """One number of every entry of a list; stamps must be whole numbers."""
    kinds = int if keys == ("Timestamp",) else (int, float)
    column = []
    for at, entry in enumerate(content[list_name]):
        try:
            for key in keys:
                entry = entry[key]
        except (KeyError, TypeError):
            entry = None
        too_large = isinstance(entry, int) and abs(entry) >= LARGEST
        if not isinstance(entry, kinds) or isinstance(entry, bool) or too_large:
            expected = f"expected a {'whole ' if kinds is int else ''}number at {'/'.join(keys)}"
            raise BadLabel(f"{where}, entry {at + 1} of {list_name}: found {entry!r}, {expected}")
        column.append(entry)
    return column
