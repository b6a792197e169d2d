"""The test tree of a RePSS challenge: videos without labels, from VIPL-HR and OBF.

Source: the submission sample of the 2nd RePSS, whose rows are named `OBF/1/video1.avi` and
`VIPL_HR/25/video1.avi` (github.com/sunhm15/REPSS-2021).  A recording's id is therefore its path
below the test root, extension included: it is what a submission file calls it.  No label is read.

    >>> from rppg.datasets.readers import read
    >>> [recording.id for recording in read("challenge_test", "data/challenge")]  # doctest: +SKIP
    ['OBF/1/video1.avi', 'VIPL_HR/1/video1.avi', 'VIPL_HR/1/video2.avi']
"""

from pathlib import Path

from rppg.datasets.id_parts import safe_part
from rppg.datasets.readers.parsing import files_below, is_video
from rppg.datasets.readers.per_folder import unreadable, with_source_checked
from rppg.datasets.recording import Recording, origin_of

DATASETS = ("OBF", "VIPL_HR")
FOLDER = "test"
PUBLISHED = None  # the 3rd challenge's counts are not public
LAYOUT = """\
<root>/ or <root>/test/
  VIPL_HR/<n>/video<k>.avi
  OBF/<n>/video<k>.avi"""


def read(root: Path) -> list[Recording]:
    """Recordings of the tree at `root` or `root`/test, split "test".

    Raises ValueError, listing them, where videos do not lie exactly one folder below a dataset.
    """
    root = Path(root)
    tests = [base for base in (root / "test", root) if any((base / d).is_dir() for d in DATASETS)]
    if not tests:
        return []
    datasets = [tests[0] / name for name in DATASETS if (tests[0] / name).is_dir()]
    found = [files_below(dataset) for dataset in datasets]
    videos = [path for files, _ in found for path in files if is_video(path)]
    stray = [path for path in videos if len(path.relative_to(tests[0]).parts) != 3]
    if stray:
        some = ", ".join(str(path) for path in stray[:5])
        raise ValueError(f"{len(stray)} videos are misplaced ({some}); expected:\n{LAYOUT}")
    lost = [_lost(tests[0], *place) for _, places in found for place in places]
    return [*lost, *(_recording(path, *path.relative_to(tests[0]).parts) for path in videos)]


def _recording(path: Path, dataset: str, subject: str, name: str) -> Recording:
    words = (dataset, safe_part(subject), safe_part(name))
    recording = Recording(*words, path, split="test", origin=origin_of(path))
    return with_source_checked(recording)


def _lost(root: Path, folder: Path, why: str) -> Recording:
    dataset, *parts = folder.relative_to(root).parts
    subject, *names = parts or ["unreadable"]
    where = folder.relative_to(root).as_posix()
    return unreadable(dataset, subject, names or ["unreadable"], folder, f"{where} {why}")
