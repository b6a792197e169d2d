"""Heart rate of anybody's own face videos: what `rppg predict` does.

table = predict_videos([Path("face.mp4")], ["POS"], plot=Path("face.png"))
table[["video", "method", "hr_bpm", "quality", "reason"]]
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from rppg.recordings import Recording, read
from rppg.recordings.whole import write_whole
from rppg.signals.classical import METHODS, wave
from rppg.signals.heart_rate import heart_rate

ALL_REGIONS_ROW = -1  # of the 63 rows of an MSTmap: the whole face


def expand_videos(paths: list[Path]) -> list[Recording]:
    """Recordings of video files and of folders of videos, in the order given.

    A path that does not exist or holds no video stays in the list, with its problem.
    """
    recordings = []
    for path in paths:
        try:
            recordings += read("folder", path)
        except (FileNotFoundError, ValueError) as error:
            recordings.append(Recording("folder", "root", _name_of(path), path, problem=str(error)))
    return recordings


def _name_of(path: Path) -> str:
    """A recording's name for any path: no leading dot, at most 200 bytes."""
    return path.name.lstrip(".").encode()[:200].decode(errors="ignore") or "video"


def method_names(methods: list[str]) -> list[str]:
    """Upper-case names; `all` stands for every method.  Raises ValueError for an unknown one."""
    names = [name.upper() for name in methods]
    names = list(METHODS) if "ALL" in names else names
    unknown = sorted(set(names) - set(METHODS))
    if unknown:
        raise ValueError(f"no method {', '.join(unknown)}: expected all or {', '.join(METHODS)}")
    return list(dict.fromkeys(names))


def predict_videos(
    recordings: list[Recording], methods: list[str], plot: Path | None = None
) -> pd.DataFrame:
    """One row a video and method: video, method, hr_bpm, quality, reason, wave, times_s.

    hr_bpm is NaN and reason says why where a video gives no heart rate.  plot: PNG of the first
    method; with several videos, one file a video, named plot-<video>.png.
    """
    from rppg.vision.face import FaceLandmarks
    from rppg.vision.preprocess import extract

    methods = method_names(methods)
    landmarker, rows = FaceLandmarks(), []
    for recording in tqdm(recordings, desc="videos", unit="video", disable=len(recordings) < 2):
        video = str(recording.frames)
        try:
            if recording.problem:
                raise ValueError(recording.problem)
            traces = extract(recording, landmarker)
        except (ValueError, OSError) as error:
            rows += [_row(video, name, reason=str(error)) for name in methods]
            continue
        rgb = np.asarray(traces.mstmap[:, ALL_REGIONS_ROW, :3], dtype=float)  # (T, 3)
        found = [_estimate(video, name, rgb, traces) for name in methods]
        rows += found
        if plot is not None:
            name = f"{plot.stem}-{recording.frames.stem}{plot.suffix}"
            _draw(
                plot if len(recordings) == 1 else plot.with_name(name), recording, found[0], traces
            )
    return pd.DataFrame(rows)


def _row(video, method, hr_bpm=np.nan, quality=np.nan, reason="", **signals) -> dict:
    row = {"video": video, "method": method, "hr_bpm": hr_bpm, "quality": quality}
    return {**row, "reason": reason, "wave": None, "times_s": None, **signals}


def _estimate(video: str, method: str, rgb: np.ndarray, traces) -> dict:
    """One method's row; a trace too short or too gappy is a reason, not an exception."""
    fps = traces.fps
    try:
        pulse = wave(method, rgb, fps)  # (T,)
        found = heart_rate(pulse, fps)
    except ValueError as error:
        return _row(video, method, reason=str(error))
    return _row(
        video, method, found.hr_bpm, found.quality, wave=pulse, times_s=traces.times_s, found=found
    )


def _draw(path: Path, recording: Recording, row: dict, traces) -> None:
    import matplotlib.pyplot as plt

    from rppg.contest.plots import plot_recording
    from rppg.vision.mstmap import draw_regions

    face = draw_regions(traces.preview, traces.preview_landmarks)
    title = f"{Path(row['video']).name}: {row['method']}"
    found = row.get("found")
    figure = plot_recording(
        face, traces.times_s, row["wave"], found, title=title, origin=recording.origin
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)
    plt.close(figure)


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write .csv (video, method, hr_bpm, quality, reason) or .json (with wave and times_s).

    Raises ValueError for any other ending.  Written whole, then renamed.
    """
    columns = ["video", "method", "hr_bpm", "quality", "reason"]
    if path.suffix == ".csv":
        text = table[columns].to_csv(index=False, float_format="%.4f")
    elif path.suffix == ".json":
        text = json.dumps([_plain(row) for row in table.to_dict("records")], indent=1)
    else:
        raise ValueError(f"{path}: the table is written as .csv or .json, not {path.suffix!r}")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, lambda part: part.write_text(text))


def _plain(row: dict) -> dict:
    """A row as JSON can hold it: lists for arrays, null for NaN."""
    keys = ("video", "method", "hr_bpm", "quality", "reason", "times_s", "wave")
    return {key: _json_value(row[key]) for key in keys}


def _json_value(value):
    if isinstance(value, np.ndarray):
        return [None if np.isnan(v) else round(float(v), 6) for v in value]
    if isinstance(value, float) and np.isnan(value):
        return None
    return value
