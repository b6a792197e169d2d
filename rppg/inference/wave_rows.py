"""Predicted BVPs of several nets for the same recordings, such as before and after training.

stages = {"untrained": build("contrast_phys", 0, **fields), "trained": model}
rows = [WaveRow(**row) for row in wave_rows(store, ids, stages, **inputs)]
plot_waves(rows, FPS, "Contrast-Phys+", origin)
"""

from collections.abc import Iterable, Mapping

from torch import nn

from rppg.datasets.store import Store
from rppg.inference.sliding_window import with_ground_truth


def wave_rows(
    store: Store, ids: Iterable[str], nets: Mapping[str, nn.Module], normalise: str | None, **clips
) -> list[dict]:
    """What `with_ground_truth` gives, for each recording and each of the nets by name; a row's name
    is "<id>, <net>".  clips: array, n_frames and size, as there.  Labels are read."""
    return [
        row | {"name": f"{id}, {name}"}
        for id in ids
        for name, net in nets.items()
        for row in with_ground_truth(store, [id], net, normalise, **clips)
    ]
