"""Predictions of the recordings that each fold has left out.

    figure = plot_folds(left_out, "ST-Transformer, out of fold", "synthetic")

left_out: columns fold, hr_true_bpm and hr_bpm, as notebooks/studies/folds/folds_collect makes them.
"""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from rppg.evaluation.metrics import NEAR_BPM
from rppg.plotting.style import BLUE, ORANGE, draw_identity, subplots, titled

SPREAD = 0.18  # of the dots of a fold, in its row


def plot_folds(left_out: pd.DataFrame, title: str, origin: str) -> Figure:
    """Left, predicted over true heart rates, misses marked with their fold; right, the true heart
    rates of each fold, which should cover the same range."""
    known = left_out.dropna(subset=["hr_true_bpm", "hr_bpm"])
    true_bpm, pred_bpm = known["hr_true_bpm"].to_numpy(), known["hr_bpm"].to_numpy()
    names = sorted(known["fold"].unique())
    figure, (left, right) = subplots(1, 2, figsize=(10, 4.6), width_ratios=(1, 1.2))
    both = np.r_[true_bpm, pred_bpm]
    ends = np.array([both.min() - 8, both.max() + 8])
    near = np.abs(pred_bpm - true_bpm) <= NEAR_BPM
    draw_identity(left, ends)
    left.plot(true_bpm[near], pred_bpm[near], "o", ms=5, color=BLUE, alpha=0.7, mew=0)
    left.plot(true_bpm[~near], pred_bpm[~near], "X", ms=6, color=ORANGE, mew=0)
    for x, y, fold in zip(true_bpm[~near], pred_bpm[~near], known["fold"][~near], strict=True):
        left.annotate(fold, (x, y), xytext=(4, 2), textcoords="offset points", fontsize="small")
    left.set(xlim=ends, ylim=ends, aspect="equal")
    left.set(xlabel="true heart rate (bpm)", ylabel="predicted heart rate (bpm)")
    for row, name in enumerate(names):
        inside = (known["fold"] == name).to_numpy()
        at = row + SPREAD * np.linspace(-1, 1, inside.sum())
        right.plot(true_bpm[inside & near], at[near[inside]], "o", ms=4, color=BLUE, alpha=0.7)
        right.plot(true_bpm[inside & ~near], at[~near[inside]], "X", ms=6, color=ORANGE)
    counts = [f"{name}: {np.sum(~near[(known['fold'] == name)])} missed" for name in names]
    right.set_yticks(range(len(names)), counts)
    right.set(xlabel="true heart rate (bpm)", ylim=(len(names) - 0.4, -0.6))
    figure.suptitle(titled(title, origin), x=0.01, ha="left")
    return figure
