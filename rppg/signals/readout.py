"""How a stage reads heart rates off predicted BVPs: which spectrum, and the rate of a recording.

    >>> wave = np.sin(2 * np.pi * 1.2 * np.arange(900) / 30)  # 30 s at 72 bpm
    >>> [round(Readout(**given)(wave, 30).hr_bpm) for given in ({}, PAPER)]
    [72, 72]

A profile's `readout` holds fields of `Readout`; `{}` is this project's own read-out, PAPER that of
Qian et al. (3rd RePSS, arXiv 2406.04942, section 3.2): order-1 Butterworth from 0.66 to 3.0 Hz,
"the PSD [27] to estimate HR for each video clip", where [27] is Welch (1967).  The paper does not
say how clips become the rate of a recording; the mean of their rates is its way to combine models.
"""

from dataclasses import dataclass

import numpy as np

from rppg.signals.heart_rate import AGGREGATES, SPECTRA, HeartRate, heart_rate

PAPER = {"spectrum": "welch", "aggregate": "mean"}


@dataclass(frozen=True)
class Readout:
    """spectrum, aggregate: as in `heart_rate`.  step_s: seconds from a clip of 10 s to the next.

    Raises ValueError for an unknown word, or a step that is not positive.
    """

    spectrum: str = "padded"
    aggregate: str = ""  # "": as the length of the recording asks for
    step_s: float = 0.5

    def __post_init__(self):
        for name, words in (("spectrum", SPECTRA), ("aggregate", ("", *AGGREGATES))):
            if (found := getattr(self, name)) not in words:
                raise ValueError(f"{name} {found!r}, expected one of {', '.join(map(repr, words))}")
        if not self.step_s > 0:
            raise ValueError(f"step_s {self.step_s}, expected seconds above 0")

    def __call__(self, wave: np.ndarray, fps: float) -> HeartRate:
        """`heart_rate` of a BVP (T,), which says what is raised."""
        return heart_rate(
            wave,
            fps,
            step_s=self.step_s,
            aggregate=self.aggregate or None,
            spectrum=self.spectrum,
        )
