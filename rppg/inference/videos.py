"""Heart rate of your own face videos: the command `rppg predict`.

    recordings = expand_videos([Path("face.mp4")])
    table = predict_videos(recordings, ["POS", "st_transformer"])
    table[["video", "method", "hr_bpm", "quality", "reason", "notes"]]

A method is a classical one, a trained model, or the consensus of the classical ones and the trained
models: those that are named with it, else all; all share one pass over each video, and so do
several faces.
"""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from rppg.datasets import Recording
from rppg.datasets.store import Store
from rppg.inference.classical import map_wave
from rppg.inference.doubts import check_picture, doubts
from rppg.inference.faces_together import FaceRead, faces_together
from rppg.inference.faults import reason_of
from rppg.inference.model_process import Models
from rppg.inference.per_second import seconds_of, summary
from rppg.inference.trained import extract_into
from rppg.inference.video_paths import expand_videos
from rppg.models.names import RECIPES
from rppg.signals.heart_rate import HeartRate, heart_rate
from rppg.signals.multi_region import CLASSICAL
from rppg.utils.import_ahead import SCIPY, import_ahead

if TYPE_CHECKING:
    import pandas as pd

    from rppg.preprocessing.extract import Traces

__all__ = ["Answer", "expand_videos", "method_names", "predict_each", "predict_videos"]

CONSENSUS = "consensus"  # the method that combines the others
NUMBERS = ("hr_bpm", "quality", "confidence", "mean_bpm", "lowest_bpm", "highest_bpm")


@dataclass(frozen=True, eq=False)
class Answer:
    """What is said of one video."""

    recording: Recording
    rows: list[dict]  # one per method, as `predict_each` says
    traces: "Traces | None"  # None if the video could not be read
    face: str = ""  # which of several, as it was asked for or counted from the left


def method_names(methods: list[str]) -> list[str]:
    """Names as in CLASSICAL and RECIPES, without duplicates; `all` means every classical method.

    Raises ValueError for an unknown one.
    """
    known = {name.lower(): [name] for name in CLASSICAL} | {"all": list(CLASSICAL)}
    known |= {name.lower(): [name] for name in (CONSENSUS, *RECIPES)}
    if unknown := sorted({name for name in methods if name.lower() not in known}):
        expected = f"all, {', '.join(CLASSICAL)}, {CONSENSUS}, {' or '.join(RECIPES)}"
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
    recordings: list[Recording],
    methods: list[str],
    runs: Path | None = None,
    face: str | None = None,
) -> Iterator[Answer]:
    """The videos' answers, each as soon as it is there.  face: one of several, as in `check_face`;
    "all" gives an answer per face.

    A row has video, face, method, the NUMBERS, reason, notes, and of the signal wave, times_s (T,)
    and per_second, as `seconds_of` gives it.  Only the consensus has a confidence.  Without an
    estimate, hr_bpm is NaN and reason says why: whatever goes wrong with one video, or with one
    method, is a reason there.  notes: sentences on what was assumed, left out or scaled.
    runs: folder of trained models, as in `load_models`; a missing folder or model is a
    FileNotFoundError before the first video, one that cannot be loaded a ValueError before the
    first answer, and so is a consensus with a net for which it was not fitted.  Raises MachineFault
    if the machine cannot go on.
    """
    from rppg.preprocessing.face_detector import BoxFinder
    from rppg.preprocessing.face_mesh import FaceLandmarks

    methods = method_names(methods)
    if runs is not None and not Path(runs).is_dir():
        expected = "expected one that holds trained models as MODEL/finetune"
        raise FileNotFoundError(f"{runs} is no folder: {expected}")
    nets, agree = [name for name in methods if name in RECIPES], None
    if CONSENSUS in methods:
        agree, needed = _consensus(nets or list(RECIPES))
        nets = list(dict.fromkeys([*nets, *needed]))
    with Models(nets, runs) if nets else nullcontext() as models:
        shown = tqdm(recordings, desc="videos", unit="video", disable=len(recordings) < 2)
        if face is not None:
            for recording in shown:
                yield from _answers_by_face(recording, face, (methods, models), agree)
            return
        landmarker, find = FaceLandmarks(), models.find if models else BoxFinder().find
        import_ahead(SCIPY)  # while the first video is decoded
        for recording in shown:
            yield _answer(recording, methods, models, landmarker, find, agree)


def _answers_by_face(recording: Recording, face: str, asked: tuple, agree) -> Iterator[Answer]:
    """An answer per face that is meant; a video in which none can be counted has one."""
    from rppg.preprocessing.several_faces import ChosenFace, faces_of

    try:
        names = ["1"] if recording.problem else faces_of(recording, face)
    except Exception:  # of this video: reading it again, below, says so in its row
        names = ["1"]
    with faces_together(recording, names, asked[1] and asked[1].arrays) as faces:
        for one in faces:
            chosen = ChosenFace(one.name)
            answer = _answer(recording, *asked, chosen, chosen.find, agree, one)
            was_read = one.traces or answer.traces or chosen.n_seen
            label = one.name if was_read else ""  # none: the video's fault
            rows = [row | {"face": label} for row in answer.rows]
            if answer.traces is None and chosen.n_seen and not chosen.was_seen:
                reason = f"there is no face {one.name}: {chosen.n_seen} at most at a time"
                rows = [row | {"reason": reason} for row in rows]
            yield replace(answer, rows=rows, face=label)


def _answer(
    recording: Recording,
    methods: list[str],
    models: Models | None,
    landmarker,
    find,
    agree,
    read: FaceRead | None = None,
) -> Answer:
    """The answer on one face; read: what another pass has made of it, if anything."""
    video = str(recording.frames)
    with TemporaryDirectory(prefix="rppg-") if models else nullcontext() as folder:
        store = Store(folder) if models else None
        try:
            if read is not None and read.traces is not None:
                traces, store = read.traces, read.store
            else:
                traces = _extract(recording, landmarker, find, store, models)
            check_picture(traces.meta)
        except Exception as error:  # of this video: the others are done
            reason = reason_of(error, video)
            if models:
                models.load()  # raises before an answer
            return Answer(recording, [_row(video, name, reason) for name in methods], None)
        of_map = {"mstmap": traces.mstmap, "fps": traces.fps}
        predict = {name: cache(partial(map_wave, name, **of_map)) for name in CLASSICAL}
        if models:
            models.load()
            of_video = {"store": store, "id": recording.id}
            predict |= {n: cache(partial(models.wave, n, **of_video)) for n in models.names}
        answers = {name: partial(_rate, predict[name], traces) for name in predict}
        if agree:
            answers[CONSENSUS] = partial(agree, predict, traces)
        rows = [_estimate(video, name, answers[name], traces) for name in methods]
    return Answer(recording, rows, traces)


def _consensus(nets: list[str]) -> tuple[Callable[..., tuple], list[str]]:
    """`agree` of the classical methods and these nets, and those of the nets that it asks;
    importing it takes half a second."""
    from rppg.inference.consensus import agree, fitted_for, nets_needed

    fitted = fitted_for(nets)
    return partial(agree, fitted=fitted), nets_needed(fitted)


def _extract(recording, landmarker, find, store: Store | None, models: Models | None) -> "Traces":
    """Traces of a video; with a store, for trained models, what they see goes there, too."""
    if store is not None:
        return extract_into(store, recording, landmarker, find, models.arrays)
    from rppg.preprocessing.extract import extract

    return extract(recording, landmarker, find=find, overlap=True)


def _row(video: str, method: str, reason: str = "", **fields) -> dict:
    row = dict.fromkeys(NUMBERS, np.nan) | dict.fromkeys(("wave", "times_s", "per_second"))
    row |= {"video": video, "face": "", "method": method}
    return row | {"reason": reason, "notes": [], **fields}


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
    notes += doubts(bvp, rate, traces, has_confidence="confidence" in fields)
    if "verdict" in fields:
        from rppg.evaluation.consensus_words import motion_note

        notes += motion_note(fields["verdict"])
    signals = {"wave": bvp, "times_s": traces.times_s, "estimate": rate, **fields}
    signals["per_second"] = fields.get("per_second", seconds_of(rate))
    signals |= summary(signals["per_second"])
    return _row(video, method, hr_bpm=rate.hr_bpm, quality=rate.quality, notes=notes, **signals)


def notes_on(meta: dict) -> list[str]:
    """What was assumed, left out or scaled in a video's traces."""
    notes = list(meta.get("notes", []))
    if (share := meta.get("face_hit_rate", 1.0)) < 1:
        notes.append(f"no face in {1 - share:.1%} of the frames")
    if gaps_s := meta.get("gaps_s"):
        total_s = sum(stop - start for start, stop in gaps_s)
        gaps = "a gap" if len(gaps_s) == 1 else f"{len(gaps_s)} gaps"
        notes.append(f"{total_s:.1f} s in {gaps}, without a face or without frames, are left out")
    return notes
