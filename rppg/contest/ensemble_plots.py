"""A figure of ensembles: what validation says of each combination of models.

    figure = plot_options(choice.options, choice.chosen, "Ensembles", "synthetic")

`choice` is that of ensemble_choice.py; the function returns a matplotlib Figure.
"""

import pandas as pd
from matplotlib.figure import Figure

from rppg.contest.plots import BLUE, GREEN, GREY, subplots, titled


def plot_options(options: pd.DataFrame, chosen: str, title: str, origin: str) -> Figure:
    """Mean error and RMSE by cross-validation: a row a combination, a dot a set of models, the best
    set filled; a dashed line at the best plain average.

    options: as Choice has it, best first by mae_bpm.
    """
    names = list(dict.fromkeys(options["combination"]))[::-1]  # best at the top
    figure, panels = subplots(1, 2, figsize=(9, 1.2 + 0.36 * len(names)), sharey=True)
    best = options.drop_duplicates("combination")
    for axes, column, label in zip(
        panels, ("mae_bpm", "rmse_bpm"), ("mean absolute error (bpm)", "RMSE (bpm)"), strict=True
    ):
        average_bpm = best.loc[best["combination"] == "average", column].min()
        axes.axvline(average_bpm, color=GREY, lw=1, ls="--", label="plain average, best models")
        at = [names.index(name) for name in options["combination"]]
        axes.plot(
            options[column], at, "o", mfc="none", color=BLUE, alpha=0.6, label="a set of models"
        )
        at = [names.index(name) for name in best["combination"]]
        axes.plot(best[column], at, "o", color=BLUE, label="its best set")
        row = best[best["combination"] == chosen]
        axes.plot(row[column], [names.index(chosen)], "D", ms=9, color=GREEN, label="handed in")
        axes.set_xlabel(label)
        axes.set_xlim(left=0)
    panels[0].set_yticks(range(len(names)), names)
    panels[0].set_ylim(-0.6, len(names) - 0.4)
    figure.legend(
        *panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False
    )
    figure.suptitle(titled(title, origin), x=0.01, ha="left")
    return figure
