"""Reliability diagram: of the answers with a confidence of 0.8, how many were right.

figure = plot_reliability(reliability(confidence, right), 0.04, "The other maker", "synthetic")
"""

import pandas as pd
from matplotlib.figure import Figure

from rppg.plotting.style import BLUE, GREY, subplots, titled


def plot_reliability(rows: pd.DataFrame, error: float, title: str, origin: str) -> Figure:
    """Share of right answers against confidence, with two standard errors, and the answers per bin.

    rows: as `rppg.evaluation.calibration.reliability` gives them; error: the expected calibration
    error, 0-1.
    """
    figure, (axes, below) = subplots(
        2, 1, figsize=(4.6, 5.2), sharex=True, height_ratios=[3, 1], squeeze=True
    )
    spread = 2 * (rows["right"] * (1 - rows["right"]) / rows["n"]) ** 0.5
    axes.plot([0, 1], [0, 1], "--", color=GREY, lw=1, label="as said")
    low = spread.clip(upper=rows["right"])
    high = spread.clip(upper=1 - rows["right"])
    style = {"color": BLUE, "capsize": 3, "label": f"as it was, ECE {error:.3f}"}
    axes.errorbar(rows["confidence"], rows["right"], [low, high], fmt="o-", **style)
    axes.set_ylabel("share within 5 bpm")
    axes.set_ylim(-0.02, 1.02)
    axes.legend(loc="lower right", frameon=False)
    below.bar(rows["low"], rows["n"], rows["high"] - rows["low"], align="edge", color=BLUE)
    below.set_ylabel("answers")
    below.set_xlabel("confidence")
    below.set_xlim(0, 1)
    figure.suptitle(titled(title, origin), x=0.02, ha="left")
    return figure
