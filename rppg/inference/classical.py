"""Heart rates of prepared recordings by classical methods, and by an oracle for comparison.

A table has one row per recording and model; without an estimate hr_bpm is NaN and `reason` says
why. freq_hz and power (F,) are the unit-area spectrum in the heart band with its peak at hr_bpm,
for ensembles that average spectra; None without an estimate.  An MSTmap is (T, 63, 6): 63
combinations of six face regions, the last one all of them; R, G, B and Y, U, V.

    >>> beat = np.sin(2 * np.pi * 1.2 * np.arange(300) / 30)  # 10 s at 72 bpm
    >>> mstmap = np.full((300, 63, 6), 100.0)
    >>> mstmap[:, 7, :3] *= 1 - 0.02 * beat[:, None] * np.array([0.33, 0.77, 0.53])
    >>> round(oracle_region(mstmap, fps=30, hr_bpm=72).hr_bpm)
    72
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from rppg.datasets.prepared import FPS, RGB, SINGLE_REGIONS, WHOLE_FACE, face_colours
from rppg.datasets.store import Store
from rppg.signals.classical import pos, wave
from rppg.signals.heart_rate import (
    MIN_STRETCH_S,
    HeartRate,
    finite_stretches,
    heart_rate,
    power_near,
)
from rppg.signals.multi_region import CLASSICAL, MULTI_REGION, multi_region_pbv
from rppg.signals.readout import Readout

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = "id model kind split hr_bpm quality hr_true_bpm origin reason freq_hz power".split()
NO_RATE = {"hr_bpm": np.nan, "quality": np.nan, "freq_hz": None, "power": None}


def predict_classical(
    store: Store, ids: Iterable[str], methods: Iterable[str], readout: Mapping | None = None
) -> "pd.DataFrame":
    """Heart rate of each recording by each classical method, as `map_wave` gives its BVP.

    Columns as COLUMNS: kind "classical"; hr_true_bpm as in true_hr_bpm, NaN if unknown.  For a
    recording that failed preparation, is too short, or has too long gaps, hr_bpm and quality are
    NaN.  readout: fields of `rppg.signals.readout.Readout`; labels are read by the default one.
    Raises ValueError for an unknown method or read-out, KeyError for an id that was never prepared.
    """
    import pandas as pd

    methods = list(methods)
    unknown = [method for method in methods if method not in CLASSICAL]
    if unknown:
        raise ValueError(f"no method {', '.join(unknown)}; there are {', '.join(CLASSICAL)}")
    how = Readout(**(readout or {}))
    rows = [row for id in ids for row in _recording_rows(store, id, methods, how)]
    return pd.DataFrame(rows, columns=COLUMNS).astype({"hr_true_bpm": float})


def oracle_region(mstmap: np.ndarray, fps: float, hr_bpm: float) -> HeartRate:
    """POS with the best face region for a known heart rate: an upper bound, not a method.

    Each row of mstmap (T, 63, 6) gives a POS signal; the one with the largest share of its in-band
    power within 6 bpm of hr_bpm is chosen, and its own heart rate returned.  The choice is biased
    towards hr_bpm: report the result for a wrong heart rate for comparison.

    Raises ValueError if no row has 3 s without a gap.
    """
    waves = _pos_of_rows(np.asarray(mstmap[..., RGB], dtype=np.float64), fps)  # (rows, T)
    estimates = [heart_rate(wave, fps) for wave in waves]
    return max(estimates, key=lambda rate: power_near(rate.freq_hz, rate.power, hr_bpm))


def true_hr_bpm(store: Store, meta: dict) -> float | None:
    """Labelled heart rate of a recording, else that of its ground-truth BVP, else None.

    meta: its recording.json.
    """
    if meta.get("hr_true_bpm") is not None or meta["status"] != "ok":
        return meta.get("hr_true_bpm")
    bvp = store.open(meta["id"]).bvp
    if bvp is None:
        return None
    return read_out(np.asarray(bvp, dtype=np.float64), FPS).get("hr_bpm")


def read_out(wave: np.ndarray, fps: float, how: Readout | None = None) -> dict:
    """hr_bpm, quality, freq_hz and power of a BVP (T,), or the reason why there is no estimate."""
    try:
        return columns_of((how or Readout())(wave, fps))
    except ValueError as error:
        return {"reason": str(error)}


def columns_of(estimate: HeartRate) -> dict:
    """Columns of a HeartRate in a table; the spectrum in float32, as it is stored."""
    spectrum = {name: getattr(estimate, name).astype(np.float32) for name in ("freq_hz", "power")}
    return {"hr_bpm": estimate.hr_bpm, "quality": estimate.quality, **spectrum}


def _recording_rows(store: Store, id: str, methods: list[str], how: Readout) -> list[dict]:
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
    mstmap, fps = np.asarray(prepared.mstmap), prepared.fps
    return [shared | {"model": m, **_estimate(m, mstmap, fps, how)} for m in methods]


def _estimate(method: str, mstmap: np.ndarray, fps: float, how: Readout) -> dict:
    try:
        bvp = map_wave(method, mstmap, fps)
    except ValueError as error:
        return {"reason": str(error)}
    return read_out(bvp, fps, how)


def map_wave(method: str, mstmap: np.ndarray, fps: float) -> np.ndarray:
    """BVP (T,) of a map (T, 63, 6) by a classical method: MR-PBV from its six regions, the others
    from the mean colour of the whole face.  Raises as `wave` and `multi_region_pbv` do."""
    if method != MULTI_REGION:
        return wave(method, face_colours(mstmap), fps)
    return multi_region_pbv(mstmap[:, SINGLE_REGIONS, RGB], fps)


def region_waves(mstmap: np.ndarray, fps: float) -> np.ndarray:
    """POS waves (R, T) of the six face regions of a map (T, 63, 6), without those that are black,
    constant, or have gaps of their own; NaN in gaps.

    Raises ValueError if no region has 3 s without a gap.
    """
    rows = [*SINGLE_REGIONS, WHOLE_FACE]  # the whole face, the last, says where the gaps are
    return _pos_of_rows(np.asarray(mstmap[:, rows, RGB], dtype=np.float64), fps)[:-1]


def _pos_of_rows(rgb: np.ndarray, fps: float) -> np.ndarray:
    """POS signals (rows', T) of traces (T, rows, 3), all rows at once, each stretch separately.

    Rows that are black, flat, or have gaps that the whole face does not have are skipped.
    """
    stretches = finite_stretches(rgb[:, -1].sum(axis=1), int(np.ceil(MIN_STRETCH_S * fps)))
    if not stretches:
        raise ValueError(f"no {MIN_STRETCH_S:g} s without a gap in {len(rgb) / fps:.2f} s")
    inside = np.concatenate([rgb[start:stop] for start, stop in stretches])  # (T', rows, 3)
    usable = (inside > 0).all(axis=(0, 2)) & (np.ptp(inside, axis=0) > 0).any(axis=1)  # NaN > 0 no
    if not usable.any():
        raise ValueError(f"all {rgb.shape[1]} rows are black, constant or have gaps")
    waves = np.full((usable.sum(), len(rgb)), np.nan)
    for start, stop in stretches:
        waves[:, start:stop] = pos(rgb[start:stop, usable].transpose(1, 0, 2), fps)
    return waves
