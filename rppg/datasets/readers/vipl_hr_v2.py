"""VIPL-HR-V2 as the RePSS challenges hand it out: five phone clips of about 10 s a subject.

Each subject's folder is a plain number and has, beside its clips, one gt.csv with stray blanks:

      ,video1 ,video2 ,video3 ,video4, video5
    Heart rate ,100.400000 ,101.000000 ,101.600000 ,103.600000, 106.500000
    fps_mean ,26.300000 ,25.700000 ,24.600000 ,21.900000, 21.300000

So a clip has one heart rate and its own mean frame rate (17.0 to 27.2 a second over 115 clips),
which is the truth: the file's own rate is not.  A clip's key is its file name up to the first dot.
Source: the excerpt kept at github.com/P-uyoung/Ambient_RPPG (VIPL_v2, 23 gt.csv files); two public
loaders read the same.  How the contact PPG that some teams had was handed out is not public:
likely names are looked for (WAVE_NAMES), and another one is a parameter.  Known defects: some
subjects come without gt.csv, without waves, or with fewer clips.

    >>> from rppg.datasets.readers import read
    >>> clips = read("vipl_hr_v2", "data/VIPL-HR-V2", wave_name="{video}_wave.csv", wave_hz=60)
    ... # doctest: +SKIP
    >>> clips[0].id, clips[0].fps, clips[0].hr_mean_bpm  # doctest: +SKIP
    ('VIPL-HR-V2/7/video1', 26.3, 100.4)
"""

import re
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np

from rppg.datasets.id_parts import safe_part
from rppg.datasets.readers import labels
from rppg.datasets.readers.expected_counts import Published
from rppg.datasets.readers.parsing import (
    FPS_RANGE,
    HR_RANGE_BPM,
    BadLabel,
    folders_in,
    is_number,
    is_there,
    is_video,
    natural,
    number,
    read_text,
)
from rppg.datasets.readers.per_folder import each_folder
from rppg.datasets.recording import Recording, Signal, origin_of

DATASET = "VIPL-HR-V2"
FOLDER = DATASET
PUBLISHED = Published(None, None, None, "the challenge's rules: not public; 17-27 fps were found")
LABELS, HR_ROW, FPS_ROW = "gt.csv", "Heart rate", "fps_mean"
WAVE_NAMES = tuple(  # of contact PPG in a subject's folder, in the order in which they are tried
    f"{{video}}{between}{word}.{ending}"
    for between in ("_", "/")
    for word in ("wave", "ppg", "bvp", "PPG", "BVP")
    for ending in ("csv", "txt")
)
LAYOUT = """\
<root>/train/ or <root>/ holding folders named by plain numbers
  <N>/video1.mp4.avi ... video5.mp4.avi
  <N>/gt.csv     optional: columns video1 ... video5, rows "Heart rate" and "fps_mean"
  <N>/video1_wave.csv ... optional: contact PPG, see WAVE_NAMES"""


def read(root: Path, wave_name: str | None = None, wave_hz: float | None = None) -> list:
    """Clips of all subjects, named <N>/video<k>, split "train".

    wave_name: the contact PPG's file in a subject's folder, with "{video}" for the clip's key
    ("{video}_wave.csv", "{video}/bvp.csv"); None: the first of WAVE_NAMES that any clip has.  Two
    columns are time_s,value from the first frame on; one column is values at `wave_hz`, the first
    one at the first frame.  A header is skipped.

    A clip without label, or without wave where others have one, gets a note; a label that is no
    number or not plausible (30-240 bpm, 5-120 frames a second), and a labelled clip without video,
    get a `problem`.  Raises ValueError where wave_name or wave_hz do not fit what is there.
    """
    if wave_name and (Path(wave_name).is_absolute() or ".." in Path(wave_name).parts):
        raise ValueError(f"wave_name is {wave_name!r}, expected a file inside a subject's folder")
    folders = _subjects(Path(root) / "train") or _subjects(Path(root))
    wave_name = wave_name or _likely_name(folders)
    read_subject = partial(_read_subject, wave_name=wave_name, wave_hz=wave_hz)
    return each_folder(DATASET, folders, read_subject)


def _likely_name(folders: list[Path]) -> str | None:
    """The first of WAVE_NAMES by which a clip of any subject has a file.  A folder that cannot be
    read has none: its subject gets a `problem` when it is read."""
    readable = {}
    for folder in folders:
        with suppress(OSError):
            readable[folder] = [path.name for path in folder.iterdir() if is_video(path)]
    for name in WAVE_NAMES:
        for folder, videos in readable.items():
            keys = (video.split(".")[0] for video in videos)
            if any((folder / name.replace("{video}", key)).is_file() for key in keys):
                return name
    return None


def _subjects(base: Path) -> list[Path]:
    return [folder for folder in folders_in(base) if re.fullmatch("[0-9]+", folder.name)]


def _read_subject(folder: Path, wave_name: str | None, wave_hz: float | None) -> list[Recording]:
    videos = [(path.name.split(".")[0], path) for path in folder.iterdir() if is_video(path)]
    table, problem = {}, None
    try:
        table = _read_table(folder / LABELS)
    except BadLabel as error:
        problem = str(error)
    lost = {key for row in table.values() for key in row} - {key for key, _ in videos}
    videos += [(key, folder / f"{key}.mp4.avi") for key in lost]
    clips = []
    for key, path in sorted(videos, key=lambda video: natural(video[0])):
        wave = _wave_path(folder, wave_name, key, len(videos)) if wave_name else None
        clips.append(_clip(key, path, table, problem, wave, wave_hz))
    return clips


def _wave_path(folder: Path, wave_name: str, key: str, n_videos: int) -> Path:
    if "{video}" not in wave_name and n_videos > 1:
        found = f"wave_name {wave_name!r} means one file for the {n_videos} clips in {folder}"
        raise ValueError(f'{found}, expected "{{video}}" in it, which stands for the clip')
    return folder / wave_name.replace("{video}", key)


def _clip(key, path, table, problem, wave_path, wave_hz) -> Recording:
    """table: gt.csv as {row: {key: text}}.  problem: why gt.csv as a whole cannot be read."""
    fields, notes = {}, ()
    try:
        if problem:
            raise BadLabel(problem)
        where = f"{path.parent.name}/{path.name}"
        if not is_there(path, where):
            raise BadLabel(f"{path.parent.name}/{LABELS} has {key}, which has no video file")
        fields, notes = _read_labels(key, table, f"{path.parent.name}/{LABELS}")
        if wave_path is not None:
            named = f"{path.parent.name}/{wave_path.relative_to(path.parent).as_posix()}"
            bvp, more_notes = _read_wave(wave_path, wave_hz, named)
            notes += more_notes
            fields |= {"bvp": bvp} if bvp else {}
    except BadLabel as error:
        fields, problem = {}, str(error)
    return Recording(
        dataset=DATASET,
        subject=path.parent.name,
        name=safe_part(key),
        frames=path,
        split="train",
        origin=origin_of(path),
        problem=problem,
        notes=notes,
        **fields,
    )


def _read_table(path: Path) -> dict[str, dict[str, str]]:
    """gt.csv as {row name: {video key: text}}, blanks stripped; {} where there is none."""
    where = f"{path.parent.name}/{LABELS}"
    if not is_there(path, where):
        return {}
    lines = [line.split(",") for line in read_text(path, where).splitlines() if line.strip(" ,")]
    cells = [[cell.strip() for cell in line] for line in lines]
    columns = cells[0][1:] if cells else []
    names = [name for name in columns if name]
    if not names or len(set(names)) != len(names):
        raise BadLabel(f"{where}: columns {columns}, expected video1, video2, ... once each")
    for name, *values in cells[1:]:
        if len(values) != len(columns):
            found = f"row {name!r} has {len(values)} values for {len(columns)} columns"
            raise BadLabel(f"{where}: {found}, expected as many")
        if strange := [v for k, v in zip(columns, values, strict=True) if v and not k]:
            raise BadLabel(f"{where}: row {name!r} has {strange} in a column without a name")
    if len({row[0] for row in cells}) != len(cells):
        raise BadLabel(f"{where}: rows {[row[0] for row in cells[1:]]}, expected each one once")
    if not {HR_ROW, FPS_ROW} & {row[0] for row in cells}:
        raise BadLabel(f"{where}: no row {HR_ROW!r} nor {FPS_ROW!r}, expected one or both")
    return {row[0]: {k: v for k, v in zip(columns, row[1:], strict=True) if k} for row in cells[1:]}


def _read_labels(key: str, table: dict, where: str) -> tuple[dict, tuple[str, ...]]:
    """hr_mean_bpm and fps of one clip where gt.csv has them, and notes for what it has not."""
    if not table:
        return {}, (f"there is no {where}: the clip has no label",)
    if not any(key in row for row in table.values()):
        return {}, (f"{where} has no column {key}: the clip has no label",)
    fields, notes = {}, ()
    rows = (("hr_mean_bpm", HR_ROW, HR_RANGE_BPM), ("fps", FPS_ROW, FPS_RANGE))
    for field, row, limits in rows:
        if text := table.get(row, {}).get(key):
            fields[field] = number(text, f"{where}, row {row!r}, column {key!r}", limits)
        else:
            notes += (f"{where} has no {row!r} for {key}: the clip has no {field}",)
    return fields, notes


def _read_wave(path: Path, wave_hz: float | None, where: str) -> tuple[Signal | None, labels.Notes]:
    if not is_there(path, where):
        return None, (f"there is no {where}: no wave",)
    lines = [re.split(r"[\s,;]+", x.strip()) for x in read_text(path, where).splitlines()]
    lines = [line for line in lines if line != [""]]
    if lines and not any(is_number(word) for word in lines[0]):
        lines = lines[1:]
    widths = {len(line) for line in lines}
    if widths not in ({1}, {2}):
        expected = "value, or time_s,value, in every line"
        raise BadLabel(f"{where} has lines of {sorted(widths)} words, expected {expected}")
    rows = [[number(w, f"{where}, sample {i + 1}") for w in x] for i, x in enumerate(lines)]
    if widths == {1} and wave_hz is None:
        raise ValueError(f"{path} has one column and no times: give wave_hz, its samples a second")
    *times_s, values = np.array(rows).T
    times_s = times_s[0] if times_s else np.arange(len(values)) / wave_hz
    return labels.wave(values, times_s, where)
