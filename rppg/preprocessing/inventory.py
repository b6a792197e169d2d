"""What datasets hold, before anything is prepared: a table with one row per dataset.

    >>> recordings, errors = read_below("data/demo")  # doctest: +SKIP
    >>> print(format_survey(survey(recordings, errors)))  # doctest: +SKIP
      dataset  recordings  subjects  hours   BVP  HR trace  mean HR  fps from  fps  known bad ...
    UBFC-rPPG           6         6  0.033     6         6        0  stamps 6   30          1 ...

Hours come from the stamps, else from the number of images and the labels' frame rate, else from
the video's container, whose first frame is decoded.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from rppg.datasets.id_parts import shown
from rppg.datasets.readers import FOLDERS, PUBLISHED, layouts_of, read
from rppg.datasets.readers.parsing import files_below, is_video
from rppg.datasets.recording import Recording
from rppg.preprocessing.video import VideoError, probe

COLUMNS = {
    "dataset": "dataset",
    "recordings": "recordings",
    "subjects": "subjects",
    "hours": "hours",
    "wave": "BVP",
    "hr_trace": "HR trace",
    "hr_mean": "mean HR",
    "fps_source": "fps from",
    "fps": "fps",
    "known_bad": "known bad",
    "problems": "problems",
}


def layouts_below(root: Path | str) -> dict[str, Path]:
    """Layout -> folder of what is below `root`: datasets, the one dataset that it is, or own
    videos; empty if nothing is there.

    Raises FileNotFoundError if `root` is no folder, ValueError if two folders are of one layout.
    """
    root = Path(root)
    if not root.is_dir():
        raise FileNotFoundError(f"{root} is no folder, expected one that holds datasets or videos")
    found = layouts_of(root).items()
    return {layout: folder for layout, folder in found if layout != "folder" or _any_videos(folder)}


def read_below(
    root: Path | str, options: Mapping[str, Mapping] | None = None
) -> tuple[dict[str, list[Recording]], dict[str, str]]:
    """The recordings below `root` by layout, and why some, then without recordings, cannot be read.
    Both are empty if nothing is there.

    options: of readers, by layout, as 01_preprocess takes them.  Raises as `layouts_below`.
    """
    recordings, errors = {}, {}
    for layout, folder in layouts_below(root).items():
        try:
            recordings[layout] = read(layout, folder, **(options or {}).get(layout, {}))
        except (ValueError, OSError) as error:
            recordings[layout], errors[layout] = [], shown(error)
    return recordings, errors


def _any_videos(folder: Path) -> bool:
    """Whether there are videos below a folder, or folders that cannot be listed."""
    files, unlisted = files_below(folder)
    return bool(unlisted) or any(map(is_video, files))


def survey(
    groups: dict[str, list[Recording]], errors: dict[str, str] | None = None, progress: bool = True
) -> pd.DataFrame:
    """One row per dataset: counts of its recordings by what they have.

    groups: layout to recordings; errors: layout to why its folder cannot be read.
    Columns: layout, dataset, recordings, subjects, hours, wave, hr_trace, hr_mean (how many have
    such a label), fps_source ("labels 2, stamps 4"), fps ("17-27"), known_bad and problems
    (counts), reasons (one line for each that is known to be bad, has a problem or cannot be
    opened), difference from what is published, error.
    """
    total = sum(map(len, groups.values()))
    with tqdm(total=total, desc="look", unit="rec", disable=not progress) as bar:
        rows = [
            {"layout": layout, **_row(layout, recordings, bar)}
            | {"error": (errors or {}).get(layout, "")}
            for layout, recordings in groups.items()
        ]
    return pd.DataFrame(rows)


def format_survey(table: pd.DataFrame) -> str:
    """The table of a survey as text, and below it remarks, dataset by dataset."""
    shown = table[list(COLUMNS)].rename(columns=COLUMNS)
    lines = [shown.to_string(index=False, formatters={"hours": "{:.3f}".format})]
    for row in table.itertuples():
        facts = [*([row.error] if row.error else []), *([row.difference] if row.difference else [])]
        facts += row.reasons
        lines += [f"{row.dataset}: {fact}" for fact in facts]
    return "\n".join(lines)


def _row(layout: str, recordings: Sequence[Recording], bar) -> dict:
    lengths = []  # (duration_s, fps, reason) per recording
    for recording in recordings:
        lengths.append(_length(recording))
        bar.update()
    published = PUBLISHED.get(layout)
    subjects = {recording.subject for recording in recordings}
    sources = Counter(r.fps_source for r in recordings if not r.problem)
    bad = [f"{r.id} is known to be bad: {r.known_bad}" for r in recordings if r.known_bad]
    bad += [f"{r.id}: {why}" for r, (*_, why) in zip(recordings, lengths, strict=True) if why]
    return {
        "dataset": FOLDERS.get(layout, "own videos"),
        "recordings": len(recordings),
        "subjects": len({(r.dataset, r.subject) for r in recordings}),
        "hours": sum(duration_s for duration_s, *_ in lengths) / 3600,
        "wave": sum(r.bvp is not None for r in recordings),
        "hr_trace": sum(r.hr is not None for r in recordings),
        "hr_mean": sum(r.hr_mean_bpm is not None for r in recordings),
        "fps_source": ", ".join(f"{source} {n}" for source, n in sorted(sources.items())) or "-",
        "fps": _range([fps for _, fps, _ in lengths if fps]),
        "known_bad": sum(r.known_bad is not None for r in recordings),
        "problems": sum(why is not None for *_, why in lengths),
        "reasons": bad,
        "difference": published.difference(len(recordings), subjects) if published else "",
    }


def _length(recording: Recording) -> tuple[float, float | None, str | None]:
    """Seconds, frames per second, and why they are unknown."""
    if recording.problem:
        return 0.0, None, recording.problem
    if recording.times_s is not None and len(recording.times_s) > 1:
        times_s = recording.times_s
        fps = (len(times_s) - 1) / (times_s[-1] - times_s[0])
        return len(times_s) / fps, float(fps), None
    if isinstance(recording.frames, tuple):
        if recording.fps is None:
            return 0.0, None, "image files without stamps or a frame rate"
        return len(recording.frames) / recording.fps, recording.fps, None
    try:
        info = probe(recording.frames)
    except (VideoError, OSError) as error:
        return 0.0, None, shown(error)
    if recording.fps is not None and info.n_frames:
        return info.n_frames / recording.fps, recording.fps, None
    return info.duration_s or 0.0, recording.fps or info.fps, None


def _range(values: Sequence[float]) -> str:
    if not values:
        return "-"
    low, high = np.min(values), np.max(values)
    return f"{low:.4g}" if high - low < 0.05 else f"{low:.3g}-{high:.3g}"
