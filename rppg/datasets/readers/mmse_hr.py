"""MMSE-HR: 102 videos of 40 people in emotional tasks, as JPEG frames at 25 a second.

The dataset comes as two trees of images, each with a tree of physiology beside it; a copy may have
lost the blanks in their names.  Physiology is text at 1,000 Hz, one number a line and no header:
the first line is the first sample, at the first frame (readers that take it for a header are one
sample late).  BP_mmHg.txt, the blood pressure, is the pulse wave; "Pulse Rate_BPM.txt" is the heart
rate.  Whoever is in both trees is one subject.

Sources: Zhang et al., Multimodal spontaneous emotion corpus, CVPR 2016, and Tulyakov et al.,
Self-adaptive matrix completion, CVPR 2016; 102 and 40 on the dataset's page at
suny.technologypublisher.com.  Folders, files, rates and the missing header as four public loaders
have them, among them one for the DDPM format (25 fps, sample i at i/1000 s) and one in MATLAB that
reads the copy without blanks.  contrast-phys+ lists 39 subjects, F005-F019, F021-F027 and
M001-M017; a list of all 40 was not found.

    >>> from rppg.datasets.readers import read
    >>> read("mmse_hr", "data/MMSE-HR")[0].id  # doctest: +SKIP
    'MMSE-HR/F005/T10'
"""

from functools import partial
from pathlib import Path

import numpy as np

from rppg.datasets.id_parts import safe_part
from rppg.datasets.readers.expected_counts import Published
from rppg.datasets.readers.labels import Notes, heart_rate, shorter, wave
from rppg.datasets.readers.parsing import BadLabel, folders_in, images_in, plain, read_text, values
from rppg.datasets.readers.per_folder import each_folder
from rppg.datasets.recording import Recording, origin_of

DATASET = FOLDER = "MMSE-HR"
FPS, LABEL_HZ = 25.0, 1000.0
PUBLISHED = Published(102, 40, FPS, "suny.technologypublisher.com; fps: four public loaders")
WAVE, RATE = "BP_mmHg.txt", "Pulse Rate_BPM.txt"
TREES = (  # images, physiology, and the folder in it that holds the subjects
    ("first 10 subjects 2D", "first 10 subjects Phydata released", "Phydata"),
    ("T10_T11_30Subjects", "T10_T11_30PhyBPHRData", "."),
)
LAYOUT = """\
<root>/ holding one or both pairs of, with or without the blanks,
  first 10 subjects 2D/<F013>/<T1>/*.jpg
  first 10 subjects Phydata released/Phydata/<F013>/<T1>/{BP_mmHg.txt, Pulse Rate_BPM.txt}
  T10_T11_30Subjects/<F005>/<T10>/*.jpg
  T10_T11_30PhyBPHRData/<F005>/<T10>/{BP_mmHg.txt, Pulse Rate_BPM.txt}"""


def read(root: Path) -> list[Recording]:
    """Recordings named <subject>/<task>, split "none".

    A label file that is missing leaves a recording without that label, with a note, as does one
    that is shorter than the video; one that cannot be understood, and missing images, become its
    `problem`.  Raises ValueError where two folders have one tree's name.
    """
    root = Path(root)
    recordings = []
    for images, labels, inner in TREES:
        images, labels = _folder(root, images), _folder(root, labels) / inner
        names = {f.name for base in (images, labels) for f in folders_in(base)}
        read_subject = partial(_read_subject, root, images, labels)
        recordings += each_folder(DATASET, [images / n for n in sorted(names)], read_subject)
    return recordings


def _folder(root: Path, name: str) -> Path:
    """The folder of that name, with or without its blanks; one that is not there where none is."""
    found = [folder for folder in folders_in(root) if plain(folder.name) == plain(name)]
    if len(found) > 1:
        raise ValueError(f"{found[0]} and {found[1]} are copies of one folder: remove one")
    return found[0] if found else root / name


def _read_subject(root: Path, images: Path, labels: Path, subject: Path) -> list[Recording]:
    tasks = {task.name for task in folders_in(subject)}
    tasks |= {
        task.name
        for task in folders_in(labels / subject.name)
        if _label_files(labels, (subject.name, task.name))
    }
    read_task = partial(_read_task, root, images, labels)
    return each_folder(DATASET, [subject / task for task in sorted(tasks)], read_task, levels=2)


def _read_task(root: Path, images: Path, labels: Path, folder: Path) -> list[Recording]:
    return [_recording(root, images, labels, (folder.parent.name, folder.name))]


def _label_files(labels: Path, pair: tuple[str, str]) -> dict[str, Path]:
    """The text files of a task: plain name -> path."""
    folder = labels.joinpath(*pair)
    paths = folder.iterdir() if folder.is_dir() else ()
    texts = (path for path in paths if path.suffix.lower() == ".txt" and path.name[0] != ".")
    return {plain(path.name): path for path in texts}


def _recording(root: Path, images: Path, labels: Path, pair: tuple[str, str]) -> Recording:
    frames, fields, notes, problem = [], {}, (), None
    try:
        frames = images_in(images.joinpath(*pair))
        if not frames:
            raise BadLabel(f"{'/'.join((images.name, *pair))} holds no images, expected *.jpg")
        fields, notes = _labels(root, labels, pair, np.arange(len(frames)) / FPS)
    except BadLabel as error:
        problem = str(error)
    return Recording(
        dataset=DATASET,
        subject=safe_part(pair[0]),
        name=safe_part(pair[1]),
        frames=frames or images.joinpath(*pair),
        fps=FPS,
        origin=origin_of(images),
        problem=problem,
        notes=notes,
        **fields,
    )


def _labels(
    root: Path, labels: Path, pair: tuple[str, str], frames_s: np.ndarray
) -> tuple[dict, Notes]:
    """bvp and hr of a task, as far as they are there, and notes."""
    files, fields, notes = _label_files(labels, pair), {}, ()
    for field, name, signal in (("bvp", WAVE, wave), ("hr", RATE, heart_rate)):
        where = labels.joinpath(*pair, name).relative_to(root).as_posix()
        if plain(name) not in files:
            notes += (f"there is no {where}: no {field}",)
            continue
        text = read_text(files[plain(name)], where)
        numbers = values([line for line in text.splitlines() if line.strip()], where)
        label, more = signal(numbers, np.arange(len(numbers)) / LABEL_HZ, where)
        notes += more + shorter(label, frames_s, where)
        fields |= {field: label} if label else {}
    return fields, notes
