"""Labelled clips whose contact waves are not in time with them, as a study of losses needs.

    clips = DesyncedClips(store, ids, "wide", desync_s=4.0)  # up to 4 s early or late
    fit(model, Batches(clips, batch_size=4), step, config, run_dir)

Source: Gideon and Stent, ICCV 2021, appendix A4: with each clip an offset between -O_max and O_max
is drawn, uniformly, and the contact wave is shifted by it "using neighboring data".
"""

import torch

from rppg.dataloader.clips import LabelledClips, Place
from rppg.datasets.prepared import FPS


class DesyncedClips(LabelledClips):
    """`draw` takes the contact wave up to desync_s seconds earlier or later than its clip.

    Clips lie so far inside of a recording that any offset finds a wave; a recording too short for
    that is in skipped.  Seconds are those of the recording, whatever the clip's speed.
    """

    def __init__(self, *args, desync_s: float, **kwargs):
        """Raises ValueError for a negative desync_s, where no recording is long enough, and as
        LabelledClips does."""
        if desync_s < 0:
            raise ValueError(f"desync_s is {desync_s}, expected 0 or more")
        super().__init__(*args, **kwargs)
        self.n_late = n_late = round(desync_s * FPS)
        for id, stretches in list(self.stretches.items()):
            inner = [(start + n_late, stop - n_late) for start, stop in stretches]
            self.stretches[id] = [(a, b) for a, b in inner if b - a >= self.n_frames]
            if not self.stretches[id]:
                self.skipped[id] = f"too short for a wave {desync_s:g} s off"
                del self.stretches[id]
        if not self.stretches:
            needed_s = self.n_frames / FPS + 2 * desync_s
            found = f"no recording has {needed_s:g} s without a gap"
            raise ValueError(f"{found}: take a smaller desync_s or shorter clips")

    def _place(self, id: str, generator: torch.Generator) -> Place:
        late = torch.randint(-self.n_late, self.n_late + 1, (), generator=generator)
        return super()._place(id, generator)._replace(late=int(late))
