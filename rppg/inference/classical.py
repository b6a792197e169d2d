"""Prepared recordings to a table of heart rates: the classical methods, and an oracle beside them.

A table has one row a recording and model; hr_bpm is NaN, and `reason` says why, where there is no
estimate.  freq_hz and power (F,) are the unit-area spectrum in the heart band whose peak hr_bpm is,
for whoever averages spectra before the peak; None where there is none.  An MSTmap is (T, 63, 6): 63
combinations of six face regions, of which the last is all of them; R, G, B and Y, U, V.

    >>> beat = np.sin(2 * np.pi * 1.2 * np.arange(300) / 30)  # 10 s at 72 bpm
    >>> mstmap = np.full((300, 63, 6), 100.0)
    >>> mstmap[:, 7, :3] *= 1 - 0.02 * beat[:, None] * np.array([0.33, 0.77, 0.53])
    >>> round(oracle_region(mstmap, fps=30, hr_bpm=72).hr_bpm)
    72
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from rppg.datasets.prepared import FPS
from rppg.datasets.store import Store
from rppg.signals.classical import METHODS, pos, wave
from rppg.signals.heart_rate import (
    MIN_STRETCH_S,
    HeartRate,
    finite_stretches,
    heart_rate,
    power_near,
)

WHOLE_FACE = 62  # row of an MSTmap: all six regions
RGB = slice(0, 3)
COLUMNS = "id model kind split hr_bpm quality hr_true_bpm origin reason freq_hz power".split()
NO_RATE = {"hr_bpm": np.nan, "quality": np.nan, "freq_hz": None, "power": None}


def predict_classical(store: Store, ids: Iterable[str], methods: Iterable[str]) -> pd.DataFrame:
    """Heart rate of each recording by each method, from the mean colour of the whole face.

    Columns as COLUMNS: kind "classical"; hr_true_bpm by the labels, where these have only a wave
    the wave's own heart rate, NaN where unknown.  A recording that failed
    preparation, is too short, or has too long gaps is a row with hr_bpm and quality NaN.
    Raises ValueError for an unknown method, KeyError for an id that was never prepared.
    """
    methods = list(methods)
    unknown = [method for method in methods if method not in METHODS]
    if unknown:
        raise ValueError(f"no method {', '.join(unknown)}; there are {', '.join(METHODS)}")
    rows = [row for id in ids for row in _recording_rows(store, id, methods)]
    return pd.DataFrame(rows, columns=COLUMNS).astype({"hr_true_bpm": float})


def oracle_region(mstmap: np.ndarray, fps: float, hr_bpm: float) -> HeartRate:
    """What POS could do if somebody told it which region to trust: an upper bound, no method.

    Each of the rows of mstmap (T, 63, 6) gives a POS wave; the one with the largest share of its
    in-band power within 6 bpm of hr_bpm is chosen, and its own heart rate returned.  The choice
    leans towards whatever rate it is given: print beside it what a wrong rate gets.

    Raises ValueError where no row has 3 s without a gap.
    """
    waves = _pos_of_rows(np.asarray(mstmap[..., RGB], dtype=np.float64), fps)  # (rows, T)
    found = [heart_rate(one, fps) for one in waves]
    return max(found, key=lambda one: power_near(one.freq_hz, one.power, hr_bpm))


def true_hr_bpm(store: Store, meta: dict) -> float | None:
    """Heart rate of a recording by its labels; where these have only a wave, the wave's own; None
    where they have neither.  meta: its recording.json."""
    if meta.get("hr_true_bpm") is not None or meta["status"] != "ok":
        return meta.get("hr_true_bpm")
    bvp = store.open(meta["id"]).bvp
    if bvp is None:
        return None
    return read_out(np.asarray(bvp, dtype=np.float64), FPS).get("hr_bpm")


def read_out(wave: np.ndarray, fps: float) -> dict:
    """hr_bpm, quality, freq_hz and power of a wave (T,), or the reason why it has none."""
    try:
        return columns_of(heart_rate(wave, fps))
    except ValueError as error:
        return {"reason": str(error)}


def columns_of(found: HeartRate) -> dict:
    """What a table keeps of a HeartRate; the spectrum in float32, as it is stored."""
    spectrum = {name: getattr(found, name).astype(np.float32) for name in ("freq_hz", "power")}
    return {"hr_bpm": found.hr_bpm, "quality": found.quality, **spectrum}


def _recording_rows(store: Store, id: str, methods: list[str]) -> list[dict]:
    meta = store.meta(id)
    if meta is None:
        raise KeyError(f"{id} is not prepared in {store.root}")
    shared = {"id": id, "kind": "classical", "reason": "", **NO_RATE}
    shared |= {"split": meta.get("split"), "origin": meta.get("origin")}
    shared["hr_true_bpm"] = true_hr_bpm(store, meta)
    try:
        prepared = store.open(id)
    except ValueError as error:
        return [shared | {"model": method, "reason": str(error)} for method in methods]
    rgb = np.asarray(prepared.mstmap[:, WHOLE_FACE, RGB], dtype=np.float64)  # (T, 3)
    return [shared | {"model": m, **_estimate(m, rgb, prepared.fps)} for m in methods]


def _estimate(method: str, rgb: np.ndarray, fps: float) -> dict:
    try:
        found = wave(method, rgb, fps)
    except ValueError as error:
        return {"reason": str(error)}
    return read_out(found, fps)


def _pos_of_rows(rgb: np.ndarray, fps: float) -> np.ndarray:
    """POS waves (rows', T) of traces (T, rows, 3), all rows at once, gap by gap.

    Rows that are black, flat, or have gaps where the whole face has none are left out.
    """
    stretches = finite_stretches(rgb[:, -1].sum(axis=1), int(np.ceil(MIN_STRETCH_S * fps)))
    if not stretches:
        raise ValueError(f"no {MIN_STRETCH_S:g} s without a gap in {len(rgb) / fps:.2f} s")
    inside = np.concatenate([rgb[start:stop] for start, stop in stretches])  # (T', rows, 3)
    usable = (inside > 0).all(axis=(0, 2)) & (np.ptp(inside, axis=0) > 0).any(axis=1)  # NaN > 0 no
    if not usable.any():
        raise ValueError(f"none of the {rgb.shape[1]} rows has a colour that is there and changes")
    waves = np.full((usable.sum(), len(rgb)), np.nan)
    for start, stop in stretches:
        waves[:, start:stop] = pos(rgb[start:stop, usable].transpose(1, 0, 2), fps)
    return waves
