"""Heart rate, pulse wave and map of a video, of frames in memory, of colours, or of a wave.

>>> t = np.arange(600) / 30
>>> round(heart_rate(np.sin(2 * np.pi * 1.2 * t), fps=30).bpm, 1)
72.0
"""

from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from rppg.api.models import Model, load_model
from rppg.api.result import Pulse, Result
from rppg.api.sources import source_of
from rppg.datasets import Recording
from rppg.datasets.prepared import face_colours
from rppg.datasets.store import Store
from rppg.inference.consensus import agree, fitted_for
from rppg.inference.videos import CONSENSUS, notes_on
from rppg.models.names import RECIPES
from rppg.signals.classical import METHODS, wave
from rppg.signals.heart_rate import heart_rate as rate_of
from rppg.utils.errors import InputError, no_heart_rate

DEFAULT = "POS"


def heart_rate(
    source, fps: float | None = None, method: "str | Model | None" = None, *, times_s=None
) -> Result:
    """Heart rate of one face.

    source: path of a video, frames (T, H, W, 3) RGB uint8, mean colour of the skin (T, 3), pulse
    wave (T,), or a Recording of `load_dataset`.  Arrays need `fps`, or `times_s` (T,), in s.
    method: POS (default), CHROM, GREEN, ICA, PBV, LGI, OMIT; for videos also "consensus" of these
    seven, which has a confidence, the name of a trained model, or the result of `load_model`, which
    is loaded once.  A wave takes none.

    Raises InputError for arguments that cannot be used; VideoError, NoFaceError or
    NoHeartRateError where the video, the face or the pulse is missing; MissingModelError for a
    model that is not trained.  All of them are RppgErrors.
    """
    result = _read(source, fps, method, times_s)
    if result.estimate is not None:  # the consensus has read it
        return result
    with no_heart_rate():
        estimate = rate_of(result.wave, result.fps)
    notes = (*result.notes, *([estimate.note] if estimate.note else []))
    return Result(**vars(result) | {"estimate": estimate, "notes": notes})


def pulse(
    source, fps: float | None = None, method: "str | Model | None" = None, *, times_s=None
) -> Pulse:
    """The pulse wave (T,) that `heart_rate` reads the rate from; arguments and errors as there."""
    found = _read(source, fps, method, times_s)
    return Pulse(**{one.name: getattr(found, one.name) for one in fields(Pulse)})


def _read(source, fps: float | None, method, times_s) -> Result:
    """The wave, in a Result that has no rate yet unless the consensus has read it."""
    found = source_of(source, fps, times_s)
    if found.kind == "wave":
        if method is not None:
            raise InputError(f"a wave is read as it is, found method={method!r}")
        return _result(found.values, found.fps, "given")
    chosen = _method(DEFAULT if method is None else method, found.kind)
    with no_heart_rate():
        if found.kind == "trace":
            return _result(wave(chosen, found.values, found.fps), found.fps, chosen)
        return _of_video(found.recording, chosen)


@dataclass(frozen=True, eq=False)
class Map:
    """An MSTmap (T, 63, 6) at `fps`: mean R, G, B, Y, U, V of 63 combinations of face regions,
    NaN in gaps; `times_s` (T,)."""

    mstmap: np.ndarray
    times_s: np.ndarray
    fps: float
    notes: tuple[str, ...]


def mstmap(source, fps: float | None = None, *, times_s=None) -> Map:
    """The multi-scale spatial-temporal map of a video or of frames; errors as of `heart_rate`."""
    found = source_of(source, fps, times_s)
    if found.kind != "video":
        raise InputError(f"found a {found.kind}, expected a video, or frames (T, H, W, 3)")
    with no_heart_rate():
        traces = _traces(found.recording)
    return Map(traces.mstmap, traces.times_s, traces.fps, tuple(notes_on(traces.meta)))


def _method(method, kind: str) -> "str | Model":
    """A classical method's name as it is written, or a trained model."""
    if isinstance(method, Model):
        chosen = method
    elif not isinstance(method, str | Path):
        found = f"method is a {type(method).__name__}"
        raise InputError(f"{found}, expected a name or the result of rppg.load_model")
    elif str(method).upper() in METHODS:
        return str(method).upper()
    elif str(method).lower() == CONSENSUS:
        if kind == "trace":
            raise InputError(f"the {CONSENSUS} sees the head's motion, too: it needs a video")
        return CONSENSUS
    elif str(method).lower() in RECIPES:
        chosen = load_model(str(method).lower())
    else:
        expected = ", ".join([*METHODS, CONSENSUS, *RECIPES])
        raise InputError(f"no method {str(method)!r}, expected one of {expected}")
    if kind == "trace":
        raise InputError(f"{chosen.name} sees the face's regions or pixels: it needs a video")
    return chosen


def _of_video(recording: Recording, method: "str | Model") -> Result:
    if isinstance(method, Model):
        with TemporaryDirectory(prefix="rppg-") as folder:
            traces, values = method.answer(recording, Store(folder))
        return _of_traces(recording, traces, values, method.name)
    traces = _traces(recording)
    rgb = face_colours(traces.mstmap)  # (T, 3)
    if method != CONSENSUS:
        return _of_traces(recording, traces, wave(method, rgb, traces.fps), method)
    waves = {name: partial(wave, name, rgb, traces.fps) for name in METHODS}
    values, estimate, said = agree(waves, traces, fitted_for([]))
    facts = {"estimate": estimate, "seconds": said["per_second"]}
    facts |= {name: said[name] for name in ("confidence", "words")}
    return _of_traces(recording, traces, values, CONSENSUS, **facts)


def _of_traces(recording: Recording, traces, values: np.ndarray, method: str, **facts) -> Result:
    notes = tuple(notes_on(traces.meta))
    facts |= {"name": recording.name, "origin": recording.origin, "traces": traces}
    return Result(values, traces.times_s, traces.fps, method, notes, **facts)


def _traces(recording: Recording):
    from rppg.preprocessing.extract import extract

    return extract(recording, overlap=True)


def _result(values: np.ndarray, fps: float, method: str) -> Result:
    return Result(values, np.arange(len(values)) / fps, fps, method)
