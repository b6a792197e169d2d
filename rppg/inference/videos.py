"""Heart rate of your own face videos: the command `rppg predict`.

    recordings = expand_videos([Path("face.mp4")])
    table = predict_videos(recordings, ["POS", "st_transformer"], plot=Path("face.png"))
    table[["video", "method", "hr_bpm", "quality", "reason"]]

A method is a classical one or a trained model; all share one pass over each video.
"""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from tqdm import tqdm

from rppg.datasets import Recording, read
from rppg.datasets.store import Store
from rppg.inference.trained import extract_into, learned_wave, load_models
from rppg.models.registry import RECIPES
from rppg.signals.classical import METHODS, wave
from rppg.signals.heart_rate import heart_rate
from rppg.utils.atomic import atomic_write

ALL_REGIONS_ROW = -1  # of the 63 rows of an MSTmap: the whole face


def expand_videos(paths: list[Path]) -> list[Recording]:
    """Recordings of video files and of folders of videos, in the order given.

    A path that does not exist or contains no video stays in the list, with its problem.
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
    """Names as in METHODS and RECIPES, without duplicates; `all` means every classical method.

    Raises ValueError for an unknown one.
    """
    known = {name.lower(): [name] for name in (*METHODS, *RECIPES)} | {"all": list(METHODS)}
    if unknown := sorted({name for name in methods if name.lower() not in known}):
        expected = f"all, {', '.join(METHODS)}, {' or '.join(RECIPES)}"
        raise ValueError(f"no method {', '.join(unknown)}: expected {expected}")
    return list(dict.fromkeys(name for given in methods for name in known[given.lower()]))


def predict_videos(
    recordings: list[Recording],
    methods: list[str],
    plot: Path | None = None,
    runs: Path | None = None,
) -> pd.DataFrame:
    """One row per video and method: video, method, hr_bpm, quality, reason, wave, times_s.

    Without an estimate, hr_bpm is NaN and reason says why.  plot: PNG of the first method; with
    several videos one file per video, named plot-<video>.png.  runs: folder of trained models, as
    in `load_models`; see there for the errors if one is missing.
    """
    from rppg.preprocessing.face_detector import BoxFinder
    from rppg.preprocessing.face_mesh import FaceLandmarks

    methods = method_names(methods)
    models = load_models([name for name in methods if name in RECIPES], runs)
    landmarker, finder, rows = FaceLandmarks(), BoxFinder(), []
    for recording in tqdm(recordings, desc="videos", unit="video", disable=len(recordings) < 2):
        estimates, traces = _predict_one(recording, methods, models, landmarker, finder)
        rows += estimates
        if plot is not None and traces is not None:
            name = f"{plot.stem}-{recording.frames.stem}{plot.suffix}"
            path = plot if len(recordings) == 1 else plot.with_name(name)
            _draw(path, recording, estimates[0], traces)
    return pd.DataFrame(rows)


def _predict_one(recording: Recording, methods, models, landmarker, finder) -> tuple:
    """Rows of one video, one per method, and its traces, None if it could not be read."""
    from rppg.preprocessing.prepare import extract

    video = str(recording.frames)
    with TemporaryDirectory(prefix="rppg-") as folder:
        store = Store(folder)
        try:
            if models:
                traces = extract_into(store, recording, landmarker, finder.find)
            else:
                traces = extract(recording, landmarker)
        except (ValueError, OSError) as error:
            return [_row(video, name, reason=str(error)) for name in methods], None
        rgb = np.asarray(traces.mstmap[:, ALL_REGIONS_ROW, :3], dtype=float)  # (T, 3)
        classical = [name for name in methods if name in METHODS]
        predict = {name: partial(wave, name, rgb, traces.fps) for name in classical}
        for name, (model, inputs) in models.items():
            predict[name] = partial(learned_wave, store, recording.id, model, inputs)
        return [_estimate(video, name, predict[name], traces) for name in methods], traces


def _row(video, method, hr_bpm=np.nan, quality=np.nan, reason="", **signals) -> dict:
    row = {"video": video, "method": method, "hr_bpm": hr_bpm, "quality": quality}
    return {**row, "reason": reason, "wave": None, "times_s": None, **signals}


def _estimate(video: str, method: str, predict: Callable[[], np.ndarray], traces) -> dict:
    """One method's row; traces too short or with too many gaps give a reason, not an exception."""
    try:
        bvp = predict()  # (T,)
        rate = heart_rate(bvp, traces.fps)
    except ValueError as error:
        return _row(video, method, reason=str(error))
    signals = {"wave": bvp, "times_s": traces.times_s, "estimate": rate}
    return _row(video, method, rate.hr_bpm, rate.quality, **signals)


def _draw(path: Path, recording: Recording, row: dict, traces) -> None:
    import matplotlib.pyplot as plt

    from rppg.plotting.recordings import plot_recording
    from rppg.preprocessing.mstmap import draw_regions

    face = draw_regions(traces.preview, traces.preview_landmarks)
    title = f"{Path(row['video']).name}: {row['method']}"
    figure = plot_recording(
        face,
        traces.times_s,
        row["wave"],
        row.get("estimate"),
        title=title,
        origin=recording.origin,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)
    plt.close(figure)


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write .csv (video, method, hr_bpm, quality, reason) or .json (with wave and times_s).

    Written atomically.  Raises ValueError for any other suffix.
    """
    columns = ["video", "method", "hr_bpm", "quality", "reason"]
    if path.suffix == ".csv":
        text = table[columns].to_csv(index=False, float_format="%.4f")
    elif path.suffix == ".json":
        text = json.dumps([_plain(row) for row in table.to_dict("records")], indent=1)
    else:
        raise ValueError(f"{path}: the table is written as .csv or .json, not {path.suffix!r}")
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic_write(path, lambda part: part.write_text(text))


def _plain(row: dict) -> dict:
    """A row for JSON: lists for arrays, null for NaN."""
    keys = ("video", "method", "hr_bpm", "quality", "reason", "times_s", "wave")
    return {key: _json_value(row[key]) for key in keys}


def _json_value(value):
    if isinstance(value, np.ndarray):
        return [None if np.isnan(v) else round(float(v), 6) for v in value]
    if isinstance(value, float) and np.isnan(value):
        return None
    return value
