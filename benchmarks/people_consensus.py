"""The consensus for people.py: of the classical methods, and of those with the nets of a profile.

rows = consensus_rows(waves, traces, n_frames=300, step=30, truth=lambda part: 60.0)
"""

from collections.abc import Callable, Iterator

import numpy as np

from rppg.evaluation.consensus_file import Fitted
from rppg.inference.consensus import fitted_for, judge, rates_of
from rppg.inference.evidence import regions_of


def consensus_rows(
    waves: dict, traces, n_frames: int, step: int, truth: Callable[[slice], float]
) -> Iterator[dict]:
    """One row per set of members and window: its rate and confidence.

    waves: as `people.Waves`; a set are the classical methods and the nets whose weights come from
    one folder.  Sets for which no consensus is fitted are left out.
    """
    known = {key: wave for key, wave in waves.items() if not isinstance(wave, str)}
    for origin in dict.fromkeys(weights.split(" ")[0] for _, weights in known):
        mine = {m: wave for (m, w), wave in known.items() if w.split(" ")[0] in ("", origin)}
        nets = [m for (m, w) in known if w and w.split(" ")[0] == origin]
        fitted = _fitted(nets)
        if fitted is None:
            continue
        for part, hr_bpm, confidence in _windows(mine, traces, fitted, n_frames, step):
            start_s = float(traces.times_s[part.start])
            row = {"method": "consensus", "weights": origin, "start_s": start_s, "reason": ""}
            row |= {"hr_bpm": hr_bpm, "confidence": confidence, "hr_true_bpm": truth(part)}
            yield row | {"wave_r": np.nan, "shift_s": np.nan}


def _fitted(nets: list[str]) -> Fitted | None:
    try:
        return fitted_for(nets)
    except ValueError:  # a net without a weight
        return None


def _windows(
    waves: dict, traces, fitted: Fitted, n_frames: int, step: int
) -> Iterator[tuple[slice, float, float]]:
    regions = regions_of(traces)
    for start in range(0, len(traces.times_s) - n_frames + 1, step):
        part = slice(start, start + n_frames)
        rates = rates_of({name: wave[part] for name, wave in waves.items()}, traces.fps)
        if rates:
            judged = judge([rates], [part], traces, regions, fitted)
            yield part, float(judged.found.hr_bpm[0]), float(judged.confidence[0])
