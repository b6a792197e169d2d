"""How heads move in prepared recordings, for the ensemble's choice among peaks.

given = with_head_motion(choose_by(tables, index), Store("prepared/demo"))
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from rppg.datasets.array_files import check_array
from rppg.datasets.prepared import FPS
from rppg.datasets.store import Store
from rppg.evaluation.ensemble_judgement import Given
from rppg.signals.head_motion import motion_amplitude


def with_head_motion(given: Given, store: Store) -> Given:
    """What an ensemble is chosen by, with a column `motion`: the amplitude (F,) of the head at the
    frequencies of the candidates' spectra; None for recordings without a head.npy.  No other array
    is needed.  Raises ValueError for a head.npy that is none."""
    known = given.table["model"].isin(given.solutions) & given.table["freq_hz"].notna()
    freq_hz = np.asarray(given.table.loc[known, "freq_hz"].iloc[0], float)
    table = given.table.assign(motion=head_motions(store, given.table["id"], freq_hz))
    return replace(given, table=table)


def head_motions(store: Store, ids: pd.Series, freq_hz: np.ndarray) -> pd.Series:
    """Of each of these ids (N,) the amplitude (F,) at freq_hz (F,), or None."""
    moved = {}
    for id in ids.unique():
        path = store.path(id) / "head.npy"
        if path.is_file():
            check_array(path)
            moved[id] = motion_amplitude(np.load(path).astype(float), FPS, freq_hz)
    return ids.map(moved).astype(object)
