"""Anybody's own videos: a folder with videos anywhere below it, or one video file.

The folder that holds a video names its subject, so folds keep videos of one folder together.  An
optional `labels.csv` at the root gives true heart rates; its `subject` column says where videos in
different folders show the same person.

    path,hr_bpm,subject
    monday/a.mp4,62.5,ann
    tuesday/b.mov,71,ann

    >>> from rppg.datasets.readers import read
    >>> [recording.id for recording in read("folder", "my_videos")]  # doctest: +SKIP
    ['folder/monday/a.mp4', 'folder/tuesday/b.mov']
"""

import csv
import io
from pathlib import Path, PurePosixPath

from rppg.datasets.readers.parsing import (
    HR_RANGE_BPM,
    VIDEO_SUFFIXES,
    BadLabel,
    number,
    read_text,
    videos_below,
)
from rppg.datasets.recording import Recording, origin_of

LABELS = "labels.csv"
FOLDER = PUBLISHED = None  # these videos are nobody's dataset
LAYOUT = f"""\
<root>/**/<video> with one of {" ".join(VIDEO_SUFFIXES)}; hidden files are skipped
<root>/{LABELS}     optional: columns path (below the root), hr_bpm, and if wanted subject"""


def read(root: Path) -> list[Recording]:
    """Every video below `root`, or `root` itself where it is a file, then without labels.

    A heart rate that is no number from 30 to 240 becomes its recording's `problem`; a blank one
    leaves it without label.  Raises ValueError, listing them, for rows of labels.csv without a
    video and for videos with two rows, and where it has no columns path and hr_bpm.
    """
    root = Path(root)
    if root.is_file():
        return [_recording(root, root.name, {})]
    paths = {path.relative_to(root).as_posix(): path for path in videos_below(root)}
    labels = _read_labels(root / LABELS) if (root / LABELS).exists() else {}
    if lost := [row for row in labels if row not in paths]:
        raise ValueError(f"{root / LABELS} names videos that are not there: {', '.join(lost)}")
    return [_recording(path, name, labels.get(name, {})) for name, path in paths.items()]


def _recording(path: Path, name: str, label: dict[str, str]) -> Recording:
    """name: path below the root.  label: its row in labels.csv, with "row" = its line."""
    parent = PurePosixPath(name).parent.as_posix()
    hr_mean_bpm, problem = None, None
    if text := label.get("hr_bpm"):
        where = f"{LABELS}, line {label['line']}, column hr_bpm"
        try:
            hr_mean_bpm = number(text, where, HR_RANGE_BPM)
        except BadLabel as error:
            problem = str(error)
    return Recording(
        dataset="folder",
        subject=label.get("subject") or ("root" if parent == "." else parent.replace("/", "__")),
        name=path.name,
        frames=path,
        hr_mean_bpm=hr_mean_bpm,
        origin=origin_of(path),
        problem=problem,
    )


def _read_labels(path: Path) -> dict[str, dict[str, str]]:
    """Rows of labels.csv by their path, stripped of blanks; "line" is the row's line number."""
    rows = csv.reader(io.StringIO(read_text(path, str(path))))
    header = [cell.strip() for cell in next(rows, [])]
    if not {"path", "hr_bpm"} <= {*header}:
        raise ValueError(
            f"{path} has columns {header}, expected path,hr_bpm or path,hr_bpm,subject"
        )
    labels, twice = {}, []
    for cells in rows:
        row = dict(zip(header, (cell.strip() for cell in cells), strict=False))
        if not row.get("path"):
            continue
        key = PurePosixPath(row["path"].replace("\\", "/")).as_posix()
        if key in labels:
            twice.append(key)
        labels[key] = row | {"line": str(rows.line_num)}
    if twice:
        raise ValueError(f"{path} has more than one row for {', '.join(twice)}")
    return labels
