"""The consensus of `rppg predict` on the windows of a stream.

    members = StreamConsensus()
    members.begin(start_s)
    members.add(rgb, time_s, landmarks)             # every frame
    pulse, rate, said = members.asked(frames, first, stop)()

The last call takes 0.1 s or so: `Stream` makes it in a thread of its own, once a second.
"""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from rppg.datasets.prepared import WHOLE_FACE
from rppg.evaluation.consensus_words import Verdict
from rppg.inference.classical import map_wave
from rppg.inference.consensus import answer_on, box_consensus
from rppg.inference.crop_window import FaceCrops, WideCrops
from rppg.inference.stream_window import ID, Frame, HeldWindow, Window
from rppg.inference.trained import learned_wave
from rppg.preprocessing.face_detector import BoxFinder
from rppg.signals.heart_rate import HeartRate
from rppg.signals.multi_region import CLASSICAL

Answer = Callable[[], tuple[np.ndarray, HeartRate, Verdict]]


class StreamConsensus:
    """The members, and the crops that the nets see.  Imports torch."""

    def __init__(self):
        self._fitted, self._nets = box_consensus()
        self._find, self._crops = BoxFinder().find, {}

    def begin(self, start_s: float) -> None:
        """Forget all frames; the grid begins at start_s."""
        kinds = {"face": partial(FaceCrops, find=self._find), "wide": WideCrops}
        seen = {inputs["array"] for _, inputs in self._nets.values()}
        self._crops = {name: kinds[name](start_s) for name in kinds if name in seen}

    def add(self, rgb: np.ndarray, time_s: float, landmarks: np.ndarray | None) -> None:
        """Take the next frame with its landmarks as they were found."""
        for crops in self._crops.values():
            crops.add(rgb, time_s, landmarks)

    def asked(self, frames: Sequence[Frame], first: int, stop: int) -> Answer:
        """A function that gives the wave (T,), the rate and the verdict on frames first to stop of
        the grid.  Crops are copied now; the function raises ValueError if there is no rate."""
        crops = {name: one.window(first, stop) for name, one in self._crops.items()}
        return partial(self._answer, list(frames), first, stop, crops)

    def _answer(self, frames, first: int, stop: int, crops) -> tuple:
        traces = Window(frames, first, stop).traces()
        seen = np.isfinite(traces.mstmap[:, WHOLE_FACE, 0])
        held = {"mstmap": HeldWindow({"mstmap": traces.mstmap}, seen)}
        held |= {name: HeldWindow({name: px}, seen & known) for name, (px, known) in crops.items()}
        predict = {name: partial(map_wave, name, traces.mstmap, traces.fps) for name in CLASSICAL}
        for name, (net, inputs) in self._nets.items():
            predict[name] = partial(learned_wave, held[inputs["array"]], ID, net, inputs)
        return answer_on(predict, traces, self._fitted)
