"""The error budget of predictions, with what prepared recordings tell about their misses.

    budget, choices = explain_errors(submitted, members, store)
    region_bpm = region_rates(store, true_bpm)     # by the best face region, of each recording
    motion_bpm = head_motion_rates(store, ids)     # the rate at which the head moves most

The head is followed in the face crop, which does not move with it; that takes some seconds per
recording, so only misses are looked at.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from rppg.datasets.meta_checks import id_problem
from rppg.datasets.prepared import Prepared
from rppg.datasets.store import Store
from rppg.evaluation.consensus import MOVES
from rppg.evaluation.error_budget import error_budget, miss_causes, perfect_choices
from rppg.evaluation.metrics import NEAR_BPM
from rppg.inference.classical import oracle_region
from rppg.preprocessing.face_mesh import FaceLandmarks
from rppg.preprocessing.head_pose import NO_HEAD, head_pose
from rppg.signals.head_motion import motion_amplitude

BAND_HZ, STEP_HZ = (0.66, 3.0), 0.005


def explain_errors(
    submitted: pd.DataFrame, members: pd.DataFrame, store: Store
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The error budget, and perfect choices, as `rppg.evaluation.error_budget` gives them.

    submitted: a row per recording: id, hr_bpm, hr_true_bpm; members: rows id, model, hr_bpm of the
    models in it, of the same recordings; none: no choice among members.  Recordings that are not
    prepared are judged without their regions and motion.
    """
    ids, truth = submitted["id"], submitted.set_index("id")["hr_true_bpm"]
    rates = members.pivot(index="model", columns="id", values="hr_bpm").reindex(columns=ids)
    prepared = {id for id in ids if not id_problem(id) and store.meta(id) is not None}
    region = region_rates(store, truth[truth.index.isin(prepared)]).reindex(ids)
    pair = truth.to_numpy(float), submitted["hr_bpm"].to_numpy(float)
    missed = ids[np.abs(pair[1] - pair[0]) > NEAR_BPM]
    motion = head_motion_rates(store, missed[missed.isin(prepared)]).reindex(ids)
    causes = miss_causes(*pair, rates.to_numpy(float), motion.to_numpy(), region.to_numpy())
    of_members = {name: row.to_numpy(float) for name, row in rates.iterrows()}
    bounds = perfect_choices(*pair, of_members, region.to_numpy() if len(prepared) else None)
    return error_budget(*pair, causes), bounds


def region_rates(store: Store, true_bpm: pd.Series) -> pd.Series:
    """Heart rate by id, by POS in the face region that fits the true one best: an upper bound.

    true_bpm: by id.  NaN for a recording without a truth, that failed preparation, or without 3 s
    free of gaps.  Raises KeyError for an id that was never prepared.
    """
    rates = {id: _region_bpm(store, id, hr_bpm) for id, hr_bpm in true_bpm.items()}
    return pd.Series(rates, dtype=float)


def head_motion_rates(store: Store, ids: Iterable[str]) -> pd.Series:
    """Movements per minute by id, at which the head moves most in the heart band; NaN if it moves
    by less than 0.002 heights of the face there, or is not seen.  Raises as `region_rates`."""
    landmarker = FaceLandmarks()
    rates = {id: _motion_bpm(store, id, landmarker) for id in ids}
    return pd.Series(rates, dtype=float)


def head_in_crops(prepared: Prepared, landmarker: FaceLandmarks) -> np.ndarray:
    """The head's trajectory (T, 5) as `head_pose`, x and y in heights of the face, from the face
    crops; NaN in frames without a face."""
    landmarker.reset()
    heads, heights_px = [], []
    for crop in prepared.face:
        landmarks = landmarker(np.ascontiguousarray(crop))
        heads.append(NO_HEAD if landmarks is None else head_pose(landmarks))
        heights_px.append(np.nan if landmarks is None else np.ptp(landmarks[:, 1]))
    height_px = np.nanmedian(heights_px) if np.isfinite(heights_px).any() else np.nan
    return np.stack(heads) / [height_px, height_px, 1, 1, 1]


def _region_bpm(store: Store, id: str, hr_bpm: float) -> float:
    prepared = _opened(store, id)
    if prepared is None or not np.isfinite(hr_bpm):
        return np.nan
    try:
        return oracle_region(prepared.mstmap, prepared.fps, hr_bpm).hr_bpm
    except ValueError:  # no region has 3 s without a gap
        return np.nan


def _motion_bpm(store: Store, id: str, landmarker: FaceLandmarks) -> float:
    prepared = _opened(store, id)
    if prepared is None:
        return np.nan
    freq_hz = np.arange(*BAND_HZ, STEP_HZ)
    amplitude = motion_amplitude(head_in_crops(prepared, landmarker), prepared.fps, freq_hz)
    return 60 * freq_hz[amplitude.argmax()] if amplitude.max() >= MOVES else np.nan


def _opened(store: Store, id: str) -> Prepared | None:
    try:
        return store.open(id)
    except ValueError:  # its preparation failed, or an array is damaged
        return None
