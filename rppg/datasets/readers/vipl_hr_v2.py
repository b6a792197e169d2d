"""VIPL-HR-V2 as the RePSS challenges hand it out: five phone clips of about 10 s a subject.

Each subject's folder is a plain number and has, beside its clips, one gt.csv with stray blanks:

      ,video1 ,video2 ,video3 ,video4, video5
    Heart rate ,100.400000 ,101.000000 ,101.600000 ,103.600000, 106.500000
    fps_mean ,26.300000 ,25.700000 ,24.600000 ,21.900000, 21.300000

So a clip has one heart rate and its own mean frame rate (17.0 to 27.2 a second over 115 clips),
which is the truth: the file's own rate is not.  A clip's key is its file name up to the first dot.
Source: the excerpt kept at github.com/P-uyoung/Ambient_RPPG (VIPL_v2, 23 gt.csv files); two public
loaders read the same.  How the contact PPG that some teams had was handed out is not public:
likely names are looked for (WAVE_NAMES), clip by clip, and another one is a parameter.  Known
defects: some subjects come without gt.csv, without waves, or with fewer clips.

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
from typing import NamedTuple

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
WAVE_NAMES = tuple(  # of contact PPG in a subject's folder; of two for one clip, the first is read
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


class _Waves(NamedTuple):
    """Where contact PPG is looked for: names with "{video}" for the clip, and samples a second."""

    names: tuple[str, ...]
    hz: float | None
    asked: bool  # whether the name was given: a file without times is then an error


def read(root: Path, wave_name: str | None = None, wave_hz: float | None = None) -> list:
    """Clips of all subjects, named <N>/video<k>, split "train".

    wave_name: the contact PPG's file in a subject's folder, with "{video}" for the clip's key
    ("{video}_wave.csv", "{video}/bvp.csv"); None: of each clip, the first of WAVE_NAMES that it
    has.  Two columns are time_s,value from the first frame on; one column is values at `wave_hz`,
    the first one at the first frame.  A header is skipped.

    A clip without label, without wave where others have one, or with one column but no `wave_hz`
    gets a note; a label that is no number or not plausible (30-240 bpm, 5-120 frames a second), and
    a labelled clip without video, get a `problem`.  Raises ValueError where wave_name does not fit
    what is there, or names one column without `wave_hz`.
    """
    if wave_name and (Path(wave_name).is_absolute() or ".." in Path(wave_name).parts):
        raise ValueError(f"wave_name is {wave_name!r}, expected a file inside a subject's folder")
    folders = _subjects(Path(root) / "train") or _subjects(Path(root))
    names = (wave_name,) if wave_name else _names_in_use(folders)
    waves = _Waves(names, wave_hz, asked=bool(wave_name))
    return each_folder(DATASET, folders, partial(_read_subject, waves=waves))


def _names_in_use(folders: list[Path]) -> tuple[str, ...]:
    """Those of WAVE_NAMES by which a clip of any subject has a file.  A folder that cannot be read
    has none: its subject gets a `problem` when it is read."""
    clips = []
    for folder in folders:
        with suppress(OSError):
            videos = [path.name for path in folder.iterdir() if is_video(path)]
            clips += [(folder, video.split(".")[0]) for video in videos]
    return tuple(
        name
        for name in WAVE_NAMES
        if any((folder / name.replace("{video}", key)).is_file() for folder, key in clips)
    )


def _subjects(base: Path) -> list[Path]:
    return [folder for folder in folders_in(base) if re.fullmatch("[0-9]+", folder.name)]


def _read_subject(folder: Path, waves: _Waves) -> list[Recording]:
    videos = [(path.name.split(".")[0], path) for path in folder.iterdir() if is_video(path)]
    table, problem = {}, None
    try:
        table = _read_table(folder / LABELS)
    except BadLabel as error:
        problem = str(error)
    lost = {key for row in table.values() for key in row} - {key for key, _ in videos}
    videos += [(key, folder / f"{key}.mp4.avi") for key in lost]
    if len(videos) > 1 and (one := [name for name in waves.names if "{video}" not in name]):
        found = f"wave_name {one[0]!r} means one file for the {len(videos)} clips in {folder}"
        raise ValueError(f'{found}, expected "{{video}}" in it, which stands for the clip')
    videos = sorted(videos, key=lambda video: natural(video[0]))
    return [_clip(key, path, table, problem, waves) for key, path in videos]


def _clip(key, path, table, problem, waves: _Waves) -> Recording:
    """table: gt.csv as {row: {key: text}}.  problem: why gt.csv as a whole cannot be read."""
    fields, notes = {}, ()
    try:
        if problem:
            raise BadLabel(problem)
        where = f"{path.parent.name}/{path.name}"
        if not is_there(path, where):
            raise BadLabel(f"{path.parent.name}/{LABELS} has {key}, which has no video file")
        fields, notes = _read_labels(key, table, f"{path.parent.name}/{LABELS}")
        bvp, more_notes = _find_wave(path.parent, key, waves)
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


def _find_wave(folder: Path, key: str, waves: _Waves) -> tuple[Signal | None, labels.Notes]:
    """The first of the waves that a clip has; a note for one that is missing or has no times."""
    paths = [folder / name.replace("{video}", key) for name in waves.names]
    named = {path: path.relative_to(folder.parent).as_posix() for path in paths}
    path = next((path for path in paths if is_there(path, named[path])), None)
    if path is None:
        return None, (f"there is no {' nor '.join(named.values())}: no wave",) if paths else ()
    rows = _read_columns(path, named[path])
    if rows.shape[1] == 2:
        return labels.wave(rows[:, 1], rows[:, 0], named[path])
    if waves.hz is None and waves.asked:
        raise ValueError(f"{path} has {labels.NO_TIMES}: give wave_hz, its samples a second")
    if waves.hz is None:
        return None, (f"{named[path]} has {labels.NO_TIMES}: no wave without wave_hz",)
    return labels.wave(rows[:, 0], np.arange(len(rows)) / waves.hz, named[path])


def _read_columns(path: Path, where: str) -> np.ndarray:
    """The lines of a wave: (n, 1) values, or (n, 2) time_s and value."""
    lines = [re.split(r"[\s,;]+", x.strip()) for x in read_text(path, where).splitlines()]
    lines = [line for line in lines if line != [""]]
    if lines and not any(is_number(word) for word in lines[0]):
        lines = lines[1:]
    widths = {len(line) for line in lines}
    if widths not in ({1}, {2}):
        expected = "value, or time_s,value, in every line"
        raise BadLabel(f"{where} has lines of {sorted(widths)} words, expected {expected}")
    return np.array(
        [[number(w, f"{where}, sample {i + 1}") for w in x] for i, x in enumerate(lines)]
    )
