"""Validation results of combinations of models, and what each member adds.

    figure = plot_options(choice.options, choice.chosen, "Ensembles", "synthetic")
    figure = plot_members(error_correlation(...), leave_one_out(...), "Members", "synthetic")

`choice` is the Choice of rppg.evaluation.ensemble_selection.
"""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from rppg.plotting.style import BLUE, GREEN, GREY, subplots, titled

PANELS = {
    "misses": "recordings more than 5 bpm off",
    "log_score": "logarithmic score of the true rates",
    "mae_bpm": "mean absolute error (bpm)",
}
LEAST_SPAN = {"misses": 2.0, "log_score": 0.1, "mae_bpm": 0.1}  # smaller differences are none


def plot_options(options: pd.DataFrame, chosen: str, title: str, origin: str) -> Figure:
    """Cross-validated misses, log score (0 is best) and mean error, one panel each.  One row per
    combination, one dot per set of models, the best set filled; the dashed line is the best plain
    average.

    options: `Choice.options`, best first.
    """
    names = list(dict.fromkeys(options["combination"]))[::-1]  # best at the top
    figure, panels = subplots(1, 3, figsize=(11, 1.2 + 0.36 * len(names)), sharey=True)
    best = options.drop_duplicates("combination")
    for axes, (column, label) in zip(panels, PANELS.items(), strict=True):
        average = best.loc[best["combination"] == "average", column].min()
        axes.axvline(average, color=GREY, lw=1, ls="--", label="plain average, best models")
        at = [names.index(name) for name in options["combination"]]
        style = {"mfc": "none", "color": BLUE, "alpha": 0.6, "label": "a set of models"}
        axes.plot(options[column], at, "o", **style)
        at = [names.index(name) for name in best["combination"]]
        axes.plot(best[column], at, "o", color=BLUE, label="its best set")
        row = best[best["combination"] == chosen]
        axes.plot(row[column], [names.index(chosen)], "D", ms=9, color=GREEN, label="submitted")
        axes.set_xlabel(label)
        _widen(axes, LEAST_SPAN[column])
    panels[0].set_yticks(range(len(names)), names)
    panels[0].xaxis.set_major_locator(MaxNLocator(5, integer=True))
    panels[0].set_ylim(-0.6, len(names) - 0.4)
    handles = panels[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=4, frameon=False)
    figure.suptitle(titled(title, origin), x=0.01, ha="left")
    return figure


def _widen(axes, span: float) -> None:
    """At least this much of the x axis."""
    low, high = axes.get_xlim()
    if high - low < span:
        axes.set_xlim((low + high - span) / 2, (low + high + span) / 2)


def plot_members(
    correlation: pd.DataFrame, without: pd.DataFrame, title: str, origin: str
) -> Figure:
    """Left, how far the errors of each two members go together; right, the error of the submitted
    combination without each of its members.  Members whose errors go together add little.

    correlation: of `error_correlation`; without: of `leave_one_out`, all members first.
    """
    names, n = list(correlation), len(correlation)
    figure, (left, right) = subplots(1, 2, figsize=(11.5, 2.4 + 0.34 * n), width_ratios=(1, 1))
    image = left.imshow(correlation, vmin=-1, vmax=1, cmap="RdBu_r")
    for row, column in np.ndindex(n, n):
        value = correlation.iat[row, column]
        text = "-" if np.isnan(value) else f"{value:.1f}"
        colour = "white" if abs(value) > 0.6 else "black"
        left.text(column, row, text, ha="center", va="center", fontsize="small", color=colour)
    left.set_xticks(range(n), names, rotation=35, ha="right")
    left.set_yticks(range(n), names)
    left.spines[:].set_visible(False)
    figure.colorbar(image, ax=left, shrink=0.8, label="correlation of errors")
    labels = ["all members", *("without " + name for name in without["without"].iloc[1:])]
    at = range(len(labels))
    right.barh(at, without["rmse_bpm"], color=[GREEN, *[BLUE] * (len(labels) - 1)], height=0.6)
    right.set_yticks(at, labels)
    for y, misses, rmse in zip(at, without["misses"], without["rmse_bpm"], strict=True):
        text = f" {rmse:.2f} bpm, {misses} missed"
        right.text(rmse, y, text, va="center", fontsize="small")
    right.set(xlabel="RMSE by cross-validation (bpm)", ylim=(len(labels) - 0.4, -0.6))
    right.set_xlim(0, 1.45 * max(without["rmse_bpm"].max(), 1e-3))
    figure.suptitle(titled(title, origin), x=0.01, ha="left")
    return figure
