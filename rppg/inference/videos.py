"""Heart rate of your own face videos: the command `rppg predict`.

    recordings = expand_videos([Path("face.mp4")])
    table = predict_videos(recordings, ["POS", "st_transformer"])
    table[["video", "method", "hr_bpm", "quality", "reason", "notes"]]

A method is a classical one, a trained model, or the consensus of the classical ones and the trained
models that are named with it; all share one pass over each video.
"""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from rppg.datasets import Recording
from rppg.datasets.prepared import face_colours
from rppg.datasets.store import Store
from rppg.inference.faults import reason_of
from rppg.inference.model_process import Models
from rppg.inference.trained import extract_into
from rppg.inference.video_paths import expand_videos
from rppg.models.names import RECIPES
from rppg.signals.classical import METHODS, wave
from rppg.signals.heart_rate import HeartRate, heart_rate

if TYPE_CHECKING:
    import pandas as pd

    from rppg.preprocessing.extract import Traces

__all__ = ["Answer", "expand_videos", "method_names", "predict_each", "predict_videos"]

CONSENSUS = "consensus"  # the method that combines the others


@dataclass(frozen=True, eq=False)
class Answer:
    """What is said of one video."""

    recording: Recording
    rows: list[dict]  # one per method: video, method, hr_bpm, quality, reason, notes, wave, times_s
    traces: "Traces | None"  # None if the video could not be read


def method_names(methods: list[str]) -> list[str]:
    """Names as in METHODS and RECIPES, without duplicates; `all` means every classical method.

    Raises ValueError for an unknown one.
    """
    known = {name.lower(): [name] for name in METHODS} | {"all": list(METHODS)}
    known |= {name.lower(): [name] for name in (CONSENSUS, *RECIPES)}
    if unknown := sorted({name for name in methods if name.lower() not in known}):
        expected = f"all, {', '.join(METHODS)}, {CONSENSUS}, {' or '.join(RECIPES)}"
        raise ValueError(f"no method {', '.join(unknown)}: expected {expected}")
    return list(dict.fromkeys(name for given in methods for name in known[given.lower()]))


def predict_videos(
    recordings: list[Recording], methods: list[str], runs: Path | None = None
) -> "pd.DataFrame":
    """The rows of `predict_each` as one table."""
    import pandas as pd

    answers = predict_each(recordings, methods, runs)
    return pd.DataFrame([row for answer in answers for row in answer.rows])


def predict_each(
    recordings: list[Recording], methods: list[str], runs: Path | None = None
) -> Iterator[Answer]:
    """The videos' answers, each as soon as it is there.

    Without an estimate, hr_bpm is NaN and reason says why: whatever goes wrong with one video, or
    with one method, is a reason there.  notes: sentences on what was assumed, left out or scaled.
    runs: folder of trained models, as in `load_models`; a missing one is a FileNotFoundError before
    the first video, one that cannot be loaded a ValueError before the first answer, and so is a
    consensus with a net for which it was not fitted.  Raises MachineFault if the machine cannot go
    on.
    """
    from rppg.preprocessing.face_detector import BoxFinder
    from rppg.preprocessing.face_mesh import FaceLandmarks

    methods = method_names(methods)
    trained = [name for name in methods if name not in (*METHODS, CONSENSUS)]
    agree = _consensus(trained) if CONSENSUS in methods else None
    with Models(trained, runs) if trained else nullcontext() as models:
        landmarker, find = FaceLandmarks(), models.find if models else BoxFinder().find
        for recording in tqdm(recordings, desc="videos", unit="video", disable=len(recordings) < 2):
            yield _answer(recording, methods, models, landmarker, find, agree)


def _answer(
    recording: Recording, methods: list[str], models: Models | None, landmarker, find, agree
) -> Answer:
    video = str(recording.frames)
    with TemporaryDirectory(prefix="rppg-") if models else nullcontext() as folder:
        store = Store(folder) if models else None
        try:
            traces = _extract(recording, landmarker, find, store, models)
        except Exception as error:  # of this video: the others are done
            reason = reason_of(error, video)
            if models:
                models.load()  # raises before an answer
            return Answer(recording, [_row(video, name, reason) for name in methods], None)
        rgb = face_colours(traces.mstmap)  # (T, 3)
        predict = {name: cache(partial(wave, name, rgb, traces.fps)) for name in METHODS}
        if models:
            models.load()
            of_video = {"store": store, "id": recording.id}
            predict |= {n: cache(partial(models.wave, n, **of_video)) for n in models.names}
        answers = {name: partial(_rate, predict[name], traces) for name in predict}
        if agree:
            answers[CONSENSUS] = partial(agree, predict, traces)
        rows = [_estimate(video, name, answers[name], traces) for name in methods]
    return Answer(recording, rows, traces)


def _consensus(trained: list[str]) -> Callable[..., tuple]:
    """`agree` of the classical methods and these nets; importing it takes half a second."""
    from rppg.inference.consensus import agree, fitted_for

    return partial(agree, fitted=fitted_for(trained))


def _extract(recording, landmarker, find, store: Store | None, models: Models | None) -> "Traces":
    """Traces of a video; with a store, for trained models, what they see goes there, too."""
    if store is not None:
        return extract_into(store, recording, landmarker, find, models.arrays)
    from rppg.preprocessing.extract import extract

    return extract(recording, landmarker, find=find, overlap=True)


def _row(video: str, method: str, reason: str = "", **fields) -> dict:
    row = {"video": video, "method": method, "hr_bpm": np.nan, "quality": np.nan}
    return {**row, "reason": reason, "notes": [], "wave": None, "times_s": None, **fields}


def _rate(predict: Callable[[], np.ndarray], traces) -> tuple[np.ndarray, HeartRate, dict]:
    """A method's BVP (T,) and its heart rate."""
    bvp = predict()
    return bvp, heart_rate(bvp, traces.fps), {}


def _estimate(video: str, method: str, estimate: Callable[[], tuple], traces) -> dict:
    """One method's row; what it cannot do with these traces is a reason, not an exception."""
    notes = notes_on(traces.meta)
    try:
        bvp, rate, fields = estimate()
    except Exception as error:  # of this method: the others' answers stay
        return _row(video, method, reason_of(error, video), notes=notes)
    notes += [rate.note] if rate.note else []
    signals = {"wave": bvp, "times_s": traces.times_s, "estimate": rate, **fields}
    return _row(video, method, hr_bpm=rate.hr_bpm, quality=rate.quality, notes=notes, **signals)


def notes_on(meta: dict) -> list[str]:
    """What was assumed, left out or scaled in a video's traces."""
    notes = list(meta.get("notes", []))
    if (share := meta.get("face_hit_rate", 1.0)) < 1:
        notes.append(f"no face in {1 - share:.1%} of the frames")
    if gaps_s := meta.get("gaps_s"):
        total_s = sum(stop - start for start, stop in gaps_s)
        notes.append(
            f"{total_s:.1f} s in {len(gaps_s)} gaps, without a face or without frames, are left out"
        )
    return notes
