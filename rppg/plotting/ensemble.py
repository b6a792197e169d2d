"""Validation results of combinations of models.

    figure = plot_options(choice.options, choice.chosen, "Ensembles", "synthetic")

`choice` is the Choice of rppg.evaluation.ensemble_selection.
"""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from rppg.plotting.style import BLUE, GREEN, GREY, subplots, titled

PANELS = {
    "misses": "recordings more than 5 bpm off",
    "margin": "margin of the hardest tenth",
    "mae_bpm": "mean absolute error (bpm)",
}


def plot_options(options: pd.DataFrame, chosen: str, title: str, origin: str) -> Figure:
    """Cross-validated misses, margin (more is better) and mean error, one panel each.  One row per
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
    panels[0].set_yticks(range(len(names)), names)
    panels[0].xaxis.set_major_locator(MaxNLocator(5, integer=True))
    panels[0].set_ylim(-0.6, len(names) - 0.4)
    handles = panels[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=4, frameon=False)
    figure.suptitle(titled(title, origin), x=0.01, ha="left")
    return figure
