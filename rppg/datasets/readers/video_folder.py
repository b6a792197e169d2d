"""Own videos: a folder with videos anywhere below it, or one video file.

The folder that holds a video names its subject, so folds keep videos of one folder together.  An
optional `labels.csv` at the root gives mean heart rates, subjects (if videos in different folders
show the same person, or videos in one folder different people), or both:

    path,hr_bpm,subject
    monday/a.mp4,62.5,ann
    tuesday/b.mov,71,ann

A ground-truth BVP (of a pulse oximeter, say) lies next to its video as `<stem>.bvp.csv`: for
`monday/a.mp4` it is `monday/a.bvp.csv`, with seconds since the video's first frame and any unit.
Without a rate in labels.csv, the mean heart rate is computed from it.

    time_s,bvp
    0.00,512
    0.01,515

    >>> from rppg.datasets.readers import read
    >>> [recording.id for recording in read("folder", "my_videos")]  # doctest: +SKIP
    ['folder/ann/a.mp4', 'folder/ann/b.mov']

The dataset's name, in ids and in profiles, is "folder".
"""

import csv
import io
from collections import Counter
from pathlib import Path, PurePosixPath

from rppg.datasets.readers.labels import mean_rate_bpm, wave
from rppg.datasets.readers.parsing import (
    HR_RANGE_BPM,
    VIDEO_SUFFIXES,
    BadLabel,
    number,
    read_text,
    values,
    videos_below,
)
from rppg.datasets.recording import Recording, Signal, origin_of

DATASET = "folder"
LABELS = "labels.csv"
WAVE_SUFFIX = ".bvp.csv"
WAVE_COLUMNS = ["time_s", "bvp"]
FOLDER = PUBLISHED = None  # these videos are nobody's dataset
LAYOUT = f"""\
<root>/**/<video> with one of {" ".join(VIDEO_SUFFIXES)}; hidden files are skipped
<root>/**/<stem>{WAVE_SUFFIX}  optional, next to a video: columns {", ".join(WAVE_COLUMNS)}
<root>/{LABELS}         optional: columns path (below the root), and hr_bpm, subject or both"""


def read(root: Path) -> list[Recording]:
    """Every video below `root`, or `root` itself if it is a file, then without labels.csv.

    A heart rate that is no number from 30 to 240, or a BVP that cannot be read, becomes its
    recording's `problem`; a blank rate leaves it without that label.  Raises ValueError, listing
    them, for rows of labels.csv without a video and for videos with two rows, for BVPs without a
    video, and if labels.csv has no column path, or neither hr_bpm nor subject.
    """
    root = Path(root)
    if root.is_file():
        return [_recording(root, root.name, {})]
    paths = {path.relative_to(root).as_posix(): path for path in videos_below(root)}
    labels = _read_labels(root / LABELS) if (root / LABELS).exists() else {}
    if lost := [row for row in labels if row not in paths]:
        raise ValueError(f"{root / LABELS} names videos that are not there: {', '.join(lost)}")
    _check_waves(root, paths)
    rows = {name: labels.get(name, {}) for name in paths}
    return [_recording(paths[name], name, row) for name, row in _unique(rows).items()]


def wave_path(video: Path) -> Path:
    """Where the ground-truth BVP of a video lies.

    >>> wave_path(Path("ann/a.mp4")).as_posix()
    'ann/a.bvp.csv'
    """
    return video.with_name(f"{video.stem}{WAVE_SUFFIX}")


def _recording(path: Path, name: str, label: dict[str, str]) -> Recording:
    """name: path below the root.  label: its row in labels.csv, with "line" = its line."""
    hr_mean_bpm, bvp, notes, problem = None, None, (), None
    try:
        bvp, notes = _read_wave(wave_path(path))
        if text := label.get("hr_bpm"):
            where = f"{LABELS}, line {label['line']}, column hr_bpm"
            hr_mean_bpm = number(text, where, HR_RANGE_BPM)
        elif bvp is not None:
            hr_mean_bpm = mean_rate_bpm(bvp, wave_path(path).name)
    except BadLabel as error:
        problem = str(error)
    return Recording(
        dataset=DATASET,
        subject=_subject(name, label),
        name=label.get("name", path.name),
        frames=path,
        bvp=bvp,
        hr_mean_bpm=hr_mean_bpm,
        origin=origin_of(path),
        notes=notes,
        problem=problem,
    )


def _unique(rows: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """The rows; those of a subject's videos of one name in several folders with "name" = path."""
    ids = Counter((row.get("subject"), PurePosixPath(name).name) for name, row in rows.items())
    for name, row in rows.items():
        if row.get("subject") and ids[row["subject"], PurePosixPath(name).name] > 1:
            rows = rows | {name: row | {"name": name.replace("/", "__")}}
    return rows


def _subject(name: str, row: dict[str, str]) -> str:
    parent = PurePosixPath(name).parent.as_posix()
    return row.get("subject") or ("root" if parent == "." else parent.replace("/", "__"))


def _read_wave(path: Path) -> tuple[Signal | None, tuple[str, ...]]:
    """The BVP in a file and notes on it; None if there is no such file."""
    if not path.is_file():
        return None, ()
    rows = [row for row in csv.reader(io.StringIO(read_text(path, path.name))) if row]
    header = [cell.strip() for cell in rows[0]] if rows else []
    if header != WAVE_COLUMNS or any(len(row) != len(header) for row in rows):
        found = f"{path.name}: found the columns {header}, or a row of another length"
        raise BadLabel(f"{found}, expected {','.join(WAVE_COLUMNS)}")
    times_s, bvp = (values([row[i] for row in rows[1:]], path.name) for i in (0, 1))
    return wave(bvp, times_s, path.name)


def _check_waves(root: Path, videos: dict[str, Path]) -> None:
    """Each BVP has one video: nothing that was measured disappears unseen."""
    known = Counter(wave_path(path) for path in videos.values())
    if double := [path for path, n in known.items() if n > 1 and path.is_file()]:
        raise ValueError(f"BVPs with two videos of that name: {', '.join(map(str, double))}")
    waves = (path for path in root.rglob(f"*{WAVE_SUFFIX}") if not path.name.startswith("."))
    if lost := sorted(path.relative_to(root).as_posix() for path in {*waves} - {*known}):
        raise ValueError(f"{root}: BVPs without a video of that name: {', '.join(lost)}")


def _read_labels(path: Path) -> dict[str, dict[str, str]]:
    """Rows of labels.csv by their path, without blanks; "line" is the row's line number."""
    rows = csv.reader(io.StringIO(read_text(path, str(path))))
    header = [cell.strip() for cell in next(rows, [])]
    if "path" not in header or not {"hr_bpm", "subject"} & {*header}:
        raise ValueError(
            f"{path} has columns {header}, expected path,hr_bpm or path,hr_bpm,subject "
            "(or path,subject)"
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
