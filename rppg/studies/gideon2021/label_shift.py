"""Labelled clips with a ground-truth BVP shifted in time, for the study of losses (Fig. 5).

    clips = DesyncedClips(store, ids, "wide", desync_s=4.0)  # up to 4 s early or late
    fit(model, Batches(clips, batch_size=4), step, config, run_dir)

Source: Gideon and Stent, ICCV 2021, appendix A4: for each clip an offset is drawn uniformly from
-O_max to O_max, and the contact PPG is shifted by it "using neighboring data".
"""

import torch

from rppg.dataloader.clips import LabelledClips, Place
from rppg.datasets.prepared import FPS


class DesyncedClips(LabelledClips):
    """`sample` takes the ground-truth BVP up to desync_s seconds earlier or later than its clip.

    Clips keep a margin of desync_s to the ends of a recording; a recording too short for that is
    listed in `skipped`.  Seconds are those of the recording, whatever the clip's speed.
    """

    def __init__(self, *args, desync_s: float, **kwargs):
        """Raises ValueError for a negative desync_s, if no recording is long enough, and as
        LabelledClips does."""
        if desync_s < 0:
            raise ValueError(f"desync_s is {desync_s}, expected 0 or more")
        super().__init__(*args, **kwargs)
        self.n_late = n_late = round(desync_s * FPS)
        for id, stretches in list(self.stretches.items()):
            inner = [(start + n_late, stop - n_late) for start, stop in stretches]
            self.stretches[id] = [(a, b) for a, b in inner if b - a >= self.n_frames]
            if not self.stretches[id]:
                self.skipped[id] = f"too short for a BVP shifted by {desync_s:g} s"
                del self.stretches[id]
        if not self.stretches:
            needed_s = self.n_frames / FPS + 2 * desync_s
            problem = f"no recording has {needed_s:g} s without a gap"
            raise ValueError(f"{problem}: take a smaller desync_s or shorter clips")

    def _place(self, id: str, generator: torch.Generator) -> Place:
        late = torch.randint(-self.n_late, self.n_late + 1, (), generator=generator)
        return super()._place(id, generator)._replace(late=int(late))
