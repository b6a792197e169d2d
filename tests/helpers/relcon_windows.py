"""Small windows of acceleration and a small encoder."""

import numpy as np
import pandas as pd

from rppg.studies.relcon.data.window_store import Windows
from rppg.studies.relcon.models.encoder import EncoderConfig

TINY = EncoderConfig(widths=(8, 16), blocks=(1, 1), kernels=(3, 3))
STRENGTH_G = {"sitting": 0.05, "stairs": 0.3, "walking": 0.9}


def windows_of(n=96, n_subjects=6, seed=0):
    """Noise of a strength by activity, about a level by cadence, in walking and on stairs."""
    rng = np.random.default_rng(seed)
    activity = np.resize([*STRENGTH_G, ""], n)
    rate_spm = rng.uniform(60, 300, n)
    strength_g = np.array([STRENGTH_G.get(name, 0.6) for name in activity])
    xyz_g = strength_g[:, None, None] * rng.normal(size=(n, 64, 3))
    xyz_g[:, :, 0] += rate_spm[:, None] / 100
    subjects = [f"s{k // 4 % n_subjects}" for k in range(n)]
    about = {"dataset": "simulator", "origin": "synthetic", "activity": activity}
    ids = [f"simulator/{subject}/1@{k:07.2f}" for k, subject in enumerate(subjects)]
    table = pd.DataFrame({"id": ids, "subject": subjects, **about})
    walks = np.isin(activity, ["stairs", "walking"])
    table["cadence_spm"] = np.where(walks, rate_spm, np.nan)
    folds = np.array([int(subject[1:]) % 2 for subject in subjects])
    return Windows(xyz_g.astype("f4"), table), folds
