"""What `rppg.heart_rate` and `rppg.pulse` answer.

>>> result = heart_rate("face.mp4")  # doctest: +SKIP
>>> result.bpm, result.quality, result.notes  # doctest: +SKIP
(72.3, 0.81, ())
>>> result.plot().savefig("face.png")  # doctest: +SKIP
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from rppg.inference.per_second import WINDOW_S, seconds_of
from rppg.signals.heart_rate import HeartRate

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from rppg.preprocessing.extract import Traces


@dataclass(frozen=True, eq=False)
class Pulse:
    """A pulse wave: `wave` (T,) without a unit, positive for darker skin, NaN in gaps, at `fps`
    samples a second; `times_s` (T,) from the first frame on."""

    wave: np.ndarray
    times_s: np.ndarray
    fps: float
    method: str  # "given" if the wave was
    notes: tuple[str, ...] = ()  # what was assumed, left out or scaled


@dataclass(frozen=True, eq=False)
class Result(Pulse):
    """A heart rate, and the pulse that it was read from."""

    estimate: HeartRate | None = None  # with the spectrum of the wave, and its clips' rates
    name: str = ""
    origin: str = "real"  # "synthetic" if it is known to be
    traces: "Traces | None" = field(default=None, repr=False)  # None without a video
    face: str = ""  # of several, as it was asked for, or its number from the left
    confidence: float | None = None  # of the method "consensus": that bpm is within 5 of the truth
    words: str = ""  # the same in words
    seconds: Mapping | None = field(default=None, repr=False)  # of the consensus, as `over_time`

    @property
    def bpm(self) -> float:
        """The heart rate of the whole recording."""
        return self.estimate.hr_bpm

    @property
    def quality(self) -> float:
        """How much one rate dominates, 0-1, as `HeartRate` says; not whether it is right."""
        return self.estimate.quality

    @property
    def per_second(self) -> "pd.DataFrame":
        """The rate over time, a row a second: time_s, and hr_bpm of the 10 s around it; of the
        consensus also its confidence.

        It begins and ends 5 s inside the recording, and before and after a gap; a recording of up
        to 10 s has one row.
        """
        import pandas as pd

        seconds = dict(self.seconds or seconds_of(self.estimate))
        half_s = min(WINDOW_S, len(self.wave) / self.fps) / 2
        return pd.DataFrame({"time_s": seconds.pop("start_s") + half_s, **seconds})

    def plot(self) -> "Figure":
        """The face with its regions, where there was a video; the wave; the rate over time on its
        spectrogram; its spectrum."""
        from rppg.plotting.recordings import plot_recording
        from rppg.preprocessing.mstmap import draw_regions

        traces = self.traces
        face = traces and draw_regions(traces.preview, traces.preview_landmarks)
        name = f"{self.name} (face {self.face})" if self.face else self.name
        title = ": ".join(filter(None, [name, self.method]))
        seconds = self.seconds or seconds_of(self.estimate)
        signals = (self.times_s, self.wave, self.estimate)
        more = {"seconds": seconds, "confidence": self.confidence}
        return plot_recording(face, *signals, title, self.origin, **more)

    def __str__(self) -> str:
        if self.words:
            return self.words
        return f"{self.bpm:.1f} bpm ({self.method}, quality {self.quality:.2f})"
