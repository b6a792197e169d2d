"""Preview of prepared recordings: one crop of each, with the outlines of the six regions.

Crops (128, 128, 3) uint8, wide ones (64, 64, 3); outlines {region: (k, 2) pixels of the crop, pixel
centres at integers}.

    >>> from rppg.datasets import Store
    >>> store = Store("prepared/demo")
    >>> crops, outlines = previews(store, store.ids())  # doctest: +SKIP
    >>> sorted(outlines["OBF/3001/video1.avi"])[-2:]  # doctest: +SKIP
    ['forehead', 'mouth_chin']
"""

from collections.abc import Sequence

import numpy as np

from rppg.datasets.prepared import Prepared
from rppg.datasets.store import Store


def previews(
    store: Store, ids: Sequence[str], most: int = 12
) -> tuple[dict[str, np.ndarray], dict[str, dict[str, np.ndarray]]]:
    """Crops and outlines, by id, of up to `most` recordings, spread evenly over ids.

    Each crop is the first frame with a face.  Recordings whose preparation failed are skipped.
    Raises KeyError for an id that was never prepared.
    """
    crops, outlines = {}, {}
    for recording in _spread(store, ids, most):
        id = recording.id
        crops[id] = np.array(recording.face[recording.meta["preview_frame"]])
        regions = recording.meta["regions_px"]
        outlines[id] = {region: np.array(points) for region, points in regions.items()}
    return crops, outlines


def wide_previews(
    store: Store, ids: Sequence[str], most: int = 12
) -> tuple[dict[str, np.ndarray], dict[str, int]]:
    """Wide crops, by id, of the same recordings and frames as `previews`, and how often the
    rectangle of each recording moved.  Raises as `previews`, and ValueError for a recording
    that was prepared without wide crops."""
    crops, moves = {}, {}
    for recording in _spread(store, ids, most):
        crops[recording.id] = np.array(recording.wide[recording.meta["preview_frame"]])
        moves[recording.id] = len(recording.meta["wide_boxes"]) - 1
    return crops, moves


def _spread(store: Store, ids: Sequence[str], most: int) -> list[Prepared]:
    """Up to `most` of the successfully prepared recordings, spread from the first to the last."""
    prepared = [id for id in ids if _meta(store, id)["status"] == "ok"]
    places = np.unique(np.linspace(0, len(prepared) - 1, min(most, len(prepared))).round())
    return [store.open(prepared[int(place)]) for place in places]


def _meta(store: Store, id: str) -> dict:
    meta = store.meta(id)
    if meta is None:
        raise KeyError(f"{id} is not prepared in {store.root}")
    return meta
