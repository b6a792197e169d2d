"""Heart rate, pulse wave and map of a video, of frames in memory, of colours, or of a wave.

>>> t = np.arange(600) / 30
>>> round(heart_rate(np.sin(2 * np.pi * 1.2 * t), fps=30).bpm, 1)
72.0
"""

from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Literal, overload

import numpy as np

from rppg.api.faces import ALL, Face, name_of_face, names_in, read_face
from rppg.api.models import Model, load_model
from rppg.api.result import Pulse, Result
from rppg.api.sources import Source, source_of
from rppg.datasets import Recording
from rppg.datasets.store import Store
from rppg.inference.classical import map_wave
from rppg.inference.consensus import agree, box_consensus
from rppg.inference.doubts import check_picture, doubts, doubts_on_wave
from rppg.inference.faces_together import FaceRead, faces_together
from rppg.inference.trained import learned_wave
from rppg.inference.videos import CONSENSUS, notes_on
from rppg.models.names import RECIPES
from rppg.preprocessing.face_detector import NoFaceError
from rppg.signals.classical import wave
from rppg.signals.heart_rate import heart_rate as rate_of
from rppg.signals.multi_region import CLASSICAL, MULTI_REGION
from rppg.utils.errors import InputError, NoHeartRateError, no_heart_rate

DEFAULT = {"video": CONSENSUS, "trace": "POS"}


@overload
def heart_rate(
    source,
    fps: float | None = ...,
    method: "str | Model | None" = ...,
    *,
    times_s=...,
    face: Literal["all"],
) -> list[Result]: ...
@overload
def heart_rate(
    source,
    fps: float | None = ...,
    method: "str | Model | None" = ...,
    *,
    times_s=...,
    face: Face | None = ...,
) -> Result: ...
def heart_rate(source, fps=None, method=None, *, times_s=None, face=None):
    """Heart rate of one face, or of each.

    source: path of a video, frames (T, H, W, 3) RGB uint8, mean colour of the skin (T, 3), pulse
    wave (T,), or a Recording of `load_dataset`.  Arrays need `fps`, or `times_s` (T,), in s.
    method: POS, CHROM, GREEN, ICA, PBV, LGI, OMIT; for videos also MR-PBV, the name of a trained
    model, the result of `load_model`, or "consensus" of all of them, which has a confidence.
    Default: POS for colours, the consensus for videos, which imports torch.  A wave takes none.
    face: of several in a video "largest", "left", "right" or a number from 1, the leftmost; "all"
    gives a list of results from the left, whose notes say which faces have no rate.

    Raises InputError for arguments that cannot be used; VideoError, NoFaceError or
    NoHeartRateError where the video, the face or the pulse is missing; MissingModelError for a
    model that is not trained.  All of them are RppgErrors.
    """
    if name_of_face(face) == ALL:
        found = source_of(source, fps, times_s)
        _check_kind(found, face)
        return _of_all_faces(found, method)
    return _rated(_read(*_of_one_face(source, fps, times_s, face), method))


def pulse(
    source,
    fps: float | None = None,
    method: "str | Model | None" = None,
    *,
    times_s=None,
    face: Face | None = None,
) -> Pulse:
    """The pulse wave (T,) that `heart_rate` reads the rate from; arguments and errors as there, of
    one face."""
    read = _read(*_of_one_face(source, fps, times_s, face), method)
    return Pulse(**{one.name: getattr(read, one.name) for one in fields(Pulse)})


def _of_one_face(source, fps: float | None, times_s, face) -> tuple[Source, str | None]:
    """The source, and the name of the face that is meant."""
    name, found = name_of_face(face), source_of(source, fps, times_s)
    if name == ALL:
        raise InputError("face='all' gives a list: rppg.heart_rate takes it, whose results hold it")
    _check_kind(found, face)
    return found, name


def _check_kind(found: Source, face) -> None:
    if face is not None and found.kind != "video":
        raise InputError(
            f"face={face!r} needs a video, or frames (T, H, W, 3): found a {found.kind}"
        )


def _rated(result: Result) -> Result:
    """The result with its rate."""
    if result.estimate is not None:  # the consensus has read it
        return result
    with no_heart_rate():
        estimate = rate_of(result.wave, result.fps)
    notes = [*result.notes, *([estimate.note] if estimate.note else [])]
    if result.traces is None:
        notes += doubts_on_wave(result.wave, result.fps, estimate)
    else:
        notes += doubts(result.wave, estimate, result.traces)
    return replace(result, estimate=estimate, notes=tuple(notes))


def _of_all_faces(found: Source, method) -> list[Result]:
    """A result per face that has a rate; raises the first face's error if none has."""
    chosen, results, missed = _chosen(method, found.kind), [], {}
    names = names_in(found.recording)
    with faces_together(found.recording, names, _arrays_seen(chosen)) as faces:
        for one in faces:
            try:
                results.append(_rated(_read(found, one.name, chosen, one)))
            except (NoFaceError, NoHeartRateError) as error:
                missed[one.name] = error
    if not results:
        raise next(iter(missed.values()))
    said = tuple(f"face {name} has no heart rate: {error}" for name, error in missed.items())
    return [replace(one, notes=one.notes + said) for one in results]


def _read(found: Source, face: str | None, method, read: FaceRead | None = None) -> Result:
    """The wave, in a Result that has no rate yet unless the consensus has read it."""
    if found.kind == "wave":
        if method is not None:
            raise InputError(f"a wave is read as it is, found method={method!r}")
        return _result(found.values, found.fps, "given")
    chosen = _chosen(method, found.kind)
    with no_heart_rate():
        if found.kind == "trace":
            return _result(wave(chosen, found.values, found.fps), found.fps, chosen)
        return _of_video(found.recording, face, chosen, read)


@dataclass(frozen=True, eq=False)
class Map:
    """An MSTmap (T, 63, 6) at `fps`: mean R, G, B, Y, U, V of 63 combinations of face regions,
    NaN in gaps; `times_s` (T,)."""

    mstmap: np.ndarray
    times_s: np.ndarray
    fps: float
    notes: tuple[str, ...]


def mstmap(source, fps: float | None = None, *, times_s=None, face: Face | None = None) -> Map:
    """The multi-scale spatial-temporal map of a video or of frames; errors as of `heart_rate`, of
    one face."""
    found, name = _of_one_face(source, fps, times_s, face)
    if found.kind != "video":
        raise InputError(f"found a {found.kind}, expected a video, or frames (T, H, W, 3)")
    with no_heart_rate():
        with read_face(found.recording, name, None) as (_, traces):
            pass
    return Map(traces.mstmap, traces.times_s, traces.fps, tuple(notes_on(traces.meta)))


def _chosen(method, kind: str) -> "str | Model":
    """A classical method's name as it is written, or a trained model; None: the default."""
    method = DEFAULT[kind] if method is None else method
    if isinstance(method, Model):
        chosen = method
    elif not isinstance(method, str | Path):
        found = f"method is a {type(method).__name__}"
        raise InputError(f"{found}, expected a name or the result of rppg.load_model")
    elif (name := str(method).upper()) in CLASSICAL:
        if name == MULTI_REGION and kind == "trace":
            raise InputError(f"{name} sees the face's regions: it needs a video")
        return name
    elif str(method).lower() == CONSENSUS:
        if kind == "trace":
            raise InputError(f"the {CONSENSUS} sees the head's motion, too: it needs a video")
        return CONSENSUS
    elif str(method).lower() in RECIPES:
        chosen = load_model(str(method).lower())
    else:
        expected = ", ".join([*CLASSICAL, CONSENSUS, *RECIPES])
        raise InputError(f"no method {str(method)!r}, expected one of {expected}")
    if kind == "trace":
        raise InputError(f"{chosen.name} sees the face's regions or pixels: it needs a video")
    return chosen


def _of_video(recording: Recording, face: str | None, method, read: FaceRead | None) -> Result:
    with read_face(recording, face, _arrays_seen(method), read) as (store, traces):
        check_picture(traces.meta)
        if isinstance(method, Model):
            values = learned_wave(store, recording.id, method.net, method.inputs)
        elif method == CONSENSUS:
            return _consensus(recording, face, store, traces)
        else:
            values = map_wave(method, traces.mstmap, traces.fps)
    return _of_traces(recording, face, traces, values, getattr(method, "name", method))


def _arrays_seen(method: "str | Model") -> set[str] | None:
    """Arrays of a prepared recording that the trained models of a method see; None without any."""
    if isinstance(method, Model):
        return {method.inputs["array"]}
    if method != CONSENSUS:
        return None
    return {inputs["array"] for _, inputs in box_consensus()[1].values()}


def _consensus(recording: Recording, face: str | None, store: Store, traces) -> Result:
    """The answer of the classical methods and the models in the box together."""
    fitted, nets = box_consensus()
    waves = {name: partial(map_wave, name, traces.mstmap, traces.fps) for name in CLASSICAL}
    waves |= {n: partial(learned_wave, store, recording.id, *nets[n]) for n in nets}
    values, estimate, said = agree(waves, traces, fitted)
    facts = {"estimate": estimate, "seconds": said["per_second"]}
    facts |= {name: said[name] for name in ("confidence", "words")}
    return _of_traces(recording, face, traces, values, CONSENSUS, **facts)


def _of_traces(
    recording: Recording, face: str | None, traces, values: np.ndarray, method: str, **facts
) -> Result:
    notes = tuple(notes_on(traces.meta))
    if "estimate" in facts:
        notes += tuple(doubts(values, facts["estimate"], traces, has_confidence=True))
    facts |= {"name": recording.name, "origin": recording.origin, "traces": traces}
    facts["face"] = face or ""
    return Result(values, traces.times_s, traces.fps, method, notes, **facts)


def _result(values: np.ndarray, fps: float, method: str) -> Result:
    return Result(values, np.arange(len(values)) / fps, fps, method)
