"""One window of a stream: its frames' colours and crops, as a prepared recording has them.

    window = Window(frames, first, stop)            # frames of the grid, 30 per second
    window.rgb()                                    # (T, 3), for classical methods
    store = HeldWindow({"mstmap": maps}, known)     # in the place of a Store: for `learned_wave`

Resampled as in `rppg.preprocessing.extract`, with the same result.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rppg.datasets.prepared import FPS, RGB, SINGLE_REGIONS, WHOLE_FACE, Prepared
from rppg.preprocessing.extract import Traces
from rppg.preprocessing.frame_rate import check_frame_rate
from rppg.preprocessing.head_pose import NO_HEAD, head_pose
from rppg.preprocessing.mstmap import NO_FACE, expand, region_means, yuv
from rppg.preprocessing.resampling import neighbours, resample, spread_s, stretches

ID = "stream/window"


class Frame(NamedTuple):
    """What is kept of a frame: time since the stream's start, six regions' mean colours (6, 3) and
    pixel counts (6,), the head's pose (5,), the face's height in pixels (0: no face)."""

    time_s: float
    means: np.ndarray
    counts: np.ndarray
    head: np.ndarray
    height_px: float


def frame_of(rgb: np.ndarray, time_s: float, landmarks: np.ndarray | None) -> Frame:
    """What is kept of a frame (H, W, 3) uint8 with smoothed landmarks (468, 2), or None."""
    if landmarks is None:
        return Frame(time_s, *NO_FACE, NO_HEAD, 0.0)
    means, counts = region_means(rgb, landmarks)
    return Frame(time_s, means, counts, head_pose(landmarks), float(np.ptp(landmarks[:, 1])))


class Window:
    """Frames `first` to `stop` of the grid.  frames: those inside, and some around them.

    Raises ValueError if none shows a face, or if they are too few per second.
    """

    def __init__(self, frames: Sequence[Frame], first: int, stop: int):
        columns = [np.array(column) for column in zip(*frames, strict=True)]
        self._times_s, self._means, self._counts, self._heads, self._heights = columns
        self.grid_s = np.arange(first, stop) / FPS
        inside = self._times_s >= self.grid_s[0]
        if inside.sum() > 1:
            check_frame_rate(self._times_s[inside])
        if not self._counts[inside].any():
            raise ValueError(f"no face in the last {len(self.grid_s) / FPS:g} s")

    def rgb(self) -> np.ndarray:
        """Mean colours of the face (T, 3), NaN in gaps."""
        return self._resampled(slice(WHOLE_FACE, WHOLE_FACE + 1))[:, 0].astype(float)

    def regions(self) -> np.ndarray:
        """Mean colours of the face's six regions (T, 6, 3), NaN in gaps."""
        return self._resampled(SINGLE_REGIONS).astype(float)

    def traces(self) -> Traces:
        """The window as `extract` gives a video; the preview is a face's height alone."""
        rgb = self._resampled(slice(None))  # (T, 63, 3)
        mstmap = np.concatenate([rgb, yuv(rgb)], axis=-1, dtype=np.float32)
        seen = self._heights[(self._times_s >= self.grid_s[0]) & (self._heights > 0)]
        height_px = float(np.median(seen))
        heads = self._heads / [height_px, height_px, 1, 1, 1]
        head = resample(heads[:, None], self._times_s, self.grid_s, 0.0)[:, 0]
        meta = {"fps": (len(self._times_s) - 1) / (self._times_s[-1] - self._times_s[0])}
        ends = np.array([[0.0, 0.0], [0.0, height_px]])
        return Traces(mstmap, self.grid_s - self.grid_s[0], meta, None, ends, head=head)

    def _resampled(self, rows: slice | tuple[int, ...]) -> np.ndarray:
        near = neighbours(self._counts > 0, self._times_s, self.grid_s)
        traces = expand(self._means[near], self._counts[near])[:, rows, RGB]
        return resample(traces, self._times_s[near], self.grid_s, spread_s(self._times_s))


class HeldWindow:
    """Arrays (T, ...) of a window in the place of a Store that holds one recording, ID.

    known: (T,) bool, False where the face or a crop is missing.
    """

    def __init__(self, arrays: Mapping[str, np.ndarray], known: np.ndarray):
        gaps_s = [[start / FPS, stop / FPS] for start, stop in stretches(~known)]
        self._meta = {"id": ID, "status": "ok", "n_frames": len(known), "gaps_s": gaps_s}
        self._prepared = Prepared(ID, self._meta, {name: Path(name) for name in arrays})
        vars(self._prepared).update(arrays)  # as if they had been read

    def meta(self, id: str) -> dict:
        """The facts that inference asks for."""
        return self._meta

    def open(self, id: str) -> Prepared:
        """The window."""
        return self._prepared
