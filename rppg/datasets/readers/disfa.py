"""DISFA: 27 people who watch a film, four minutes each, without any physiology.

Good for pre-training alone: there is no label of the heart, which is not noted for each.  Two
cameras saw the same face at the same time; the left one's videos are read, one a person.  Labels of
facial actions and landmarks, beside the videos, are not.  Times are the container's.

Sources: Mavadati et al., DISFA: a spontaneous facial action intensity database, IEEE Transactions
on Affective Computing 2013 (27 adults, a stereo camera); names of files and folders, and the list
of people, as many public loaders of its action units have them (4,845 frames a video).  That they
are 20 a second is said everywhere and was not seen in a primary source.

    >>> from rppg.datasets.readers import read
    >>> read("disfa", "data/DISFA")[0].id  # doctest: +SKIP
    'DISFA/SN001/left'
"""

import re
from pathlib import Path

from rppg.datasets.readers.expected_counts import Published
from rppg.datasets.readers.parsing import folders_in, plain
from rppg.datasets.readers.per_folder import each_folder, with_source_checked
from rppg.datasets.recording import Recording, origin_of

DATASET = FOLDER = "DISFA"
NUMBERS = (*range(1, 14), 16, 17, 18, 21, *range(23, 33))
PUBLISHED = Published(
    recordings=27,
    subjects=27,
    fps=20.0,
    source="Mavadati et al. 2013, the left camera; people as public loaders list them",
    names=tuple(f"SN{number:03d}" for number in NUMBERS),
)
VIDEOS = "Videos_LeftCamera"
VIDEO = re.compile(r"LeftVideo(SN[0-9]{3})_comp\.avi", re.IGNORECASE)
LAYOUT = """\
<root>/ holding, or directly the files of
  Videos_LeftCamera/LeftVideoSN<NNN>_comp.avi"""


def read(root: Path) -> list[Recording]:
    """Recordings named SN<NNN>/left, split "none", without labels; other files are ignored."""
    root = Path(root)
    named = [folder for folder in folders_in(root) if plain(folder.name) == plain(VIDEOS)]
    return _read_folder(root) + each_folder(DATASET, named, _read_folder)


def _read_folder(folder: Path) -> list[Recording]:
    paths = sorted(folder.iterdir())
    return [with_source_checked(_recording(p)) for p in paths if VIDEO.fullmatch(p.name)]


def _recording(path: Path) -> Recording:
    return Recording(
        dataset=DATASET,
        subject=VIDEO.fullmatch(path.name)[1].upper(),
        name="left",
        frames=path,
        origin=origin_of(path),
    )
