"""Previews of prepared recordings: the face and the BVP predicted by POS.

>>> from rppg.datasets import Store
>>> shown = recording_previews(Store("prepared/demo"), ["OBF/3001/video1.avi"])  # doctest: +SKIP
>>> shown["OBF/3001/video1.avi"]["face"].shape  # doctest: +SKIP
(128, 128, 3)
"""

from collections.abc import Iterable

import numpy as np

from rppg.datasets.prepared import face_colours
from rppg.datasets.store import Store
from rppg.preprocessing.preview import previews
from rppg.signals.classical import wave


def recording_previews(store: Store, ids: Iterable[str]) -> dict[str, dict[str, np.ndarray | None]]:
    """By id: face (H, W, 3) uint8, and BVP by POS, `wave` (T,) at times_s (T,), NaN in gaps.

    All are None for a recording whose preparation failed; wave and times_s are None if POS
    finds no BVP in it, as without 3 s free of gaps or in a grey video.  Raises KeyError for an id
    that was never prepared.
    """
    ids = list(ids)
    crops, _ = previews(store, ids, most=len(ids))
    return {id: {"face": crops.get(id), **_wave(store, id, id in crops)} for id in ids}


def _wave(store: Store, id: str, is_prepared: bool) -> dict[str, np.ndarray | None]:
    nothing = {"times_s": None, "wave": None}
    if not is_prepared:
        return nothing
    prepared = store.open(id)
    rgb = face_colours(prepared.mstmap)  # (T, 3)
    try:
        bvp = wave("POS", rgb, prepared.fps)
    except ValueError:  # too short, grey or black: the preview shows no BVP
        return nothing
    return {"times_s": np.arange(len(rgb)) / prepared.fps, "wave": bvp}
