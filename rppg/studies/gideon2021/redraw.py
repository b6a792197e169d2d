"""Labelled clips without a broken ground-truth BVP: such a clip is drawn again.

    clips = RedrawnClips(store, ids, "wide")
    fit(model, Batches(clips, batch_size=4), step, config, run_dir)

Source: Gideon and Stent, ICCV 2021, section 3.5: "If the calculated IPR for a given sample PPG
exceeds 60 %, we redraw a new W second subset."
"""

import numpy as np
import torch

from rppg.dataloader.augment import source_frames
from rppg.dataloader.clips import LabelledClips, Place
from rppg.datasets.prepared import FPS
from rppg.losses.irrelevant_power import irrelevant_power_ratio
from rppg.models.gideon2021.objective import WORST_IPR
from rppg.studies.gideon2021.label_shift import DesyncedClips

MOST_DRAWS = 20  # then the last one stays, and its BVP is no label (`usable_waves`)


class Redrawn:
    """Mixed into clips with labels: `_place` draws until the BVP is usable, MOST_DRAWS times at
    most.  A clip without a BVP stays as it is drawn."""

    def _place(self, id: str, generator: torch.Generator) -> Place:
        for _ in range(MOST_DRAWS):
            place = super()._place(id, generator)
            if self._usable(place):
                break
        return place

    def _usable(self, place: Place) -> bool:
        """Whether the BVP of a clip, if there is one, has an IPR of 60 % at most."""
        n_read = source_frames(place.n_frames or self.n_frames, place.speed)
        prepared = self.store.open(place.id)
        wave = prepared.window(place.start + place.late, n_read, names=("bvp",)).get("bvp")
        if wave is None:
            return True
        if not np.isfinite(wave).all():
            return False
        wave = torch.from_numpy(np.array(wave, dtype=np.float32))[None]
        return irrelevant_power_ratio(wave, FPS).item() <= WORST_IPR


class RedrawnClips(Redrawn, LabelledClips):
    """`LabelledClips` that are drawn again."""


class RedrawnDesyncedClips(Redrawn, DesyncedClips):
    """`DesyncedClips` that are drawn again, with another shift."""
