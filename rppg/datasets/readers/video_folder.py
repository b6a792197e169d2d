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
import os
from collections import Counter
from dataclasses import replace
from pathlib import Path, PurePosixPath
from unicodedata import normalize

from rppg.datasets.id_parts import safe_part
from rppg.datasets.readers.labels import Notes, mean_rate_bpm, wave
from rppg.datasets.readers.parsing import (
    HR_RANGE_BPM,
    VIDEO_SUFFIXES,
    BadLabel,
    files_below,
    is_there,
    is_video,
    number,
    read_text,
    require,
    values,
)
from rppg.datasets.readers.per_folder import unreadable
from rppg.datasets.recording import SYNTHETIC_MARK, Recording, Signal, origin_of

DATASET = "folder"
LABELS = "labels.csv"
WAVE_SUFFIX = ".bvp.csv"
WAVE_COLUMNS = ["time_s", "bvp"]
FOLDER = PUBLISHED = None  # these videos are nobody's dataset
LAYOUT = f"""\
<root>/**/<video> with one of {" ".join(VIDEO_SUFFIXES)}; hidden files are skipped
<root>/**/<stem>{WAVE_SUFFIX}  optional, next to a video: columns {", ".join(WAVE_COLUMNS)}
<root>/{LABELS}         optional: columns path (below the root), and hr_bpm, subject or both"""


def read(root: Path, labels: bool = True) -> list[Recording]:
    """Every video below `root`, or `root` itself if it is a file, then without labels.csv.

    labels: False reads videos alone: neither labels.csv nor BVPs.

    One wrong row, BVP, video or folder is its recording's `problem`: a heart rate that is no number
    from 30 to 240, a BVP that cannot be read, rows and BVPs without a video, or with two, folders
    that cannot be listed.  A blank rate leaves a recording without that label.  Raises ValueError
    if labels.csv is no table with a column path, and hr_bpm or subject.
    """
    root = Path(root)
    if not root.is_dir():
        require(root, str(root))
        return [_recording(root, root.name, {}, labels)]
    files, lost = files_below(root)
    named = {path.relative_to(root).as_posix(): path for path in files}
    videos = {name: path for name, path in named.items() if is_video(path)}
    table = _read_labels(root / LABELS) if labels and os.path.lexists(root / LABELS) else {}
    rows = {name: {} for name in videos} | _by_video(table, videos)
    bvps = {name: path for name, path in named.items() if _is_bvp(path)}
    rows |= _doubted(bvps, videos, rows) if labels else {}
    paths = {name: root / name for name in rows} | videos
    found = [_recording(paths[name], name, row, labels) for name, row in _unique(rows).items()]
    unread = labels_below(root, files) if labels else []
    found = [_with_note(recording, root, unread) for recording in found]
    return found + [_unlisted(root, *place) for place in lost]


def labels_below(root: Path, files: list[Path]) -> list[Path]:
    """Every labels.csv of these files that is in a folder below `root`: none of them is read."""
    return [path for path in files if path.name == LABELS and path.parent != root]


def passed_over(root: Path) -> list[Path]:
    """Visible files below `root` that are neither videos nor labels of own videos."""
    known = (LABELS, SYNTHETIC_MARK)
    files = (path for path in files_below(Path(root))[0] if not is_video(path))
    return [path for path in files if path.name not in known and not _is_bvp(path)]


def wave_path(video: Path) -> Path:
    """Where the ground-truth BVP of a video lies.

    >>> wave_path(Path("ann/a.mp4")).as_posix()
    'ann/a.bvp.csv'
    """
    return video.with_name(f"{video.stem}{WAVE_SUFFIX}")


def _recording(path: Path, name: str, row: dict[str, str], labels: bool) -> Recording:
    """name: path below the root.  row: of labels.csv, with "line", and "problem" if it has one."""
    hr_mean_bpm, bvp, notes, problem = None, None, (), row.get("problem")
    try:
        if problem is None:
            require(path, name)
        if problem is None and labels:
            hr_mean_bpm, bvp, notes = _labels(path, row)
    except BadLabel as error:
        problem = str(error)
    return Recording(
        dataset=DATASET,
        subject=safe_part(_subject(name, row)),
        name=safe_part(row.get("name", path.name)),
        frames=path,
        bvp=bvp,
        hr_mean_bpm=hr_mean_bpm,
        origin=origin_of(path),
        notes=notes,
        problem=problem,
    )


def _with_note(recording: Recording, root: Path, unread: list[Path]) -> Recording:
    """The recording; without a rate, with a note on each labels.csv that may have been meant."""
    meant = [path for path in unread if path.parent in recording.frames.parents]
    if not meant or recording.hr_mean_bpm is not None:
        return recording
    at = [path.relative_to(root).as_posix() for path in meant]
    notes = (f"{name} is not read: expected one {LABELS}, at the root" for name in at)
    return replace(recording, notes=(*recording.notes, *notes))


def _labels(path: Path, row: dict[str, str]) -> tuple[float | None, Signal | None, Notes]:
    """The mean heart rate and the BVP of a video, as far as they are there, and notes."""
    bvp, notes = _read_wave(wave_path(path))
    if text := row.get("hr_bpm"):
        where = f"{LABELS}, line {row['line']}, column hr_bpm"
        return number(text, where, HR_RANGE_BPM), bvp, notes
    return None if bvp is None else mean_rate_bpm(bvp, wave_path(path).name), bvp, notes


def _unlisted(root: Path, folder: Path, why: str) -> Recording:
    parts = folder.relative_to(root).parts or (folder.name or "root",)
    subject = "__".join(parts[:-1]) or "root"
    return unreadable(DATASET, subject, parts[-1:], folder, f"{'/'.join(parts)} {why}")


def _unique(rows: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """The rows; those of a subject's videos of one name in several folders with "name" = path."""
    keys = {name: (row.get("subject"), PurePosixPath(name).name) for name, row in rows.items()}
    count = Counter(key for key in keys.values() if key[0])
    doubled = {name for name, key in keys.items() if count[key] > 1}
    return {n: r | {"name": n.replace("/", "__")} if n in doubled else r for n, r in rows.items()}


def _subject(name: str, row: dict[str, str]) -> str:
    parent = PurePosixPath(name).parent.as_posix()
    return row.get("subject") or ("root" if parent == "." else parent.replace("/", "__"))


def _read_wave(path: Path) -> tuple[Signal | None, Notes]:
    """The BVP in a file and notes on it; None if there is no such file."""
    if not is_there(path, path.name):
        return None, ()
    rows = [row for row in _rows(path, path.name) if row]
    header = [cell.strip() for cell in rows[0]] if rows else []
    if header != WAVE_COLUMNS:
        expected = f"expected {','.join(WAVE_COLUMNS)}"
        raise BadLabel(f"{path.name}: found the columns {header}, {expected}")
    for at, row in enumerate(rows):
        if len(row) != len(header):
            found = f"row {at} has {len(row)} fields ({','.join(row)})"
            raise BadLabel(f"{path.name}: {found}, expected {','.join(WAVE_COLUMNS)}")
    times_s, bvp = (values([row[i] for row in rows[1:]], path.name) for i in (0, 1))
    return wave(bvp, times_s, path.name)


def _rows(path: Path, where: str) -> list[list[str]]:
    """The rows of a CSV file.  Raises BadLabel if it is none."""
    try:
        return list(csv.reader(io.StringIO(read_text(path, where)), strict=True))
    except csv.Error as error:
        raise BadLabel(f"{where} is no CSV file: {error}") from None


def _is_bvp(path: Path) -> bool:
    return path.name.endswith(WAVE_SUFFIX)


def _doubted(bvps: dict[str, Path], videos: dict[str, Path], rows: dict) -> dict[str, dict]:
    """Rows with a problem for BVPs without a video and for videos that share a BVP: nothing that
    was measured disappears unseen."""
    known, alone = Counter(map(wave_path, videos.values())), "is a BVP without a video of that name"
    lost = {name: f"{name} {alone}" for name, path in bvps.items() if not known[path]}
    shared = {p for p in bvps.values() if known[p] > 1}
    lost |= {
        n: f"{wave_path(p).name} is a BVP with two videos of that name"
        for n, p in videos.items()
        if wave_path(p) in shared
    }
    return {name: rows.get(name, {}) | {"problem": why} for name, why in lost.items()}


def _by_video(table: list[dict[str, str]], videos: dict[str, Path]) -> dict[str, dict[str, str]]:
    """Rows of labels.csv by the path of their video; what does not fit is their "problem"."""
    rows, composed = {}, {normalize("NFC", name): name for name in videos}
    for row in table:
        name = row["path"]
        if name not in videos:
            name = PurePosixPath(name.replace("\\", "/")).as_posix()
            name = name if name in videos else composed.get(normalize("NFC", name), name)
        if name in rows:
            lines = f"lines {rows[name]['line']} and {row['line']}"
            row = row | {"problem": f"{LABELS} has more than one row for {name}: {lines}"}
        elif name not in videos and "problem" not in row:
            found = f"{LABELS}, line {row['line']} names a video that is not there: {name}"
            row = row | {"problem": found}
        rows[name] = row
    return rows


def _read_labels(path: Path) -> list[dict[str, str]]:
    """Rows of labels.csv, without blanks; "line" is a row's number, "problem" what is wrong."""
    header, *rows = [[cell.strip() for cell in row] for row in _rows(path, str(path))] or [[]]
    if "path" not in header or not {"hr_bpm", "subject"} & {*header}:
        expected = "path,hr_bpm or path,hr_bpm,subject (or path,subject)"
        raise ValueError(f"{path} has columns {header}, expected {expected}")
    if twice := [name for name, n in Counter(header).items() if name and n > 1]:
        raise ValueError(f"{path} has the column {twice[0]} twice, expected each one once")
    table = []
    for at, cells in enumerate(rows, 2):
        if not any(cells):
            continue
        row = dict(zip(header, cells, strict=False)) | {"line": str(at)}
        if len(cells) != len(header) or not row["path"]:
            found = f"{LABELS}, line {at} is {','.join(cells)}"
            row |= {"problem": f"{found}; expected {len(header)} fields, {','.join(header)}"}
        table.append(row | {"path": row.get("path") or f"{LABELS}, line {at}"})
    return table
