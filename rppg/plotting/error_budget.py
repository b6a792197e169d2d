"""The error budget of what is submitted: causes of its error, and what perfect choices would give.

    figure = plot_error_budget(error_budget(...), perfect_choices(...), "Ensemble, test", origin)

Tables as `rppg.evaluation.error_budget` gives them.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rppg.evaluation.error_budget import BEST, PARTS, REGIONS, SPREAD, SUBMITTED
from rppg.plotting.style import BLUE, GREEN, GREY, ORANGE, PURPLE, subplots, titled

COLOURS = (ORANGE, "#E69F00", PURPLE, "#56B4E9", "#F0E442", GREY, BLUE)  # of PARTS
HATCHES = ("", "//", "..", "xx", "\\\\", "--", "")
BAR_COLOURS = {SUBMITTED: GREEN, BEST: ORANGE}


def plot_error_budget(
    budget: pd.DataFrame, choices: pd.DataFrame, title: str, origin: str
) -> Figure:
    """Left, the mean squared error as one bar, stacked by cause; right, the RMSE of the submitted
    answers, of the best member, and of perfect choices, which know the truth.

    Raises ValueError for tables without rows: without a truth there is nothing to draw.
    """
    if budget.empty or choices.empty:
        raise ValueError("no recording with a truth and an answer: there is no budget to draw")
    figure, (left, right) = subplots(1, 2, figsize=(11, 3.9), width_ratios=(1, 1.3))
    _stack(left, budget)
    _bars(right, choices)
    figure.suptitle(titled(title, origin), x=0.01, ha="left")
    return figure


def _stack(axes: Axes, budget: pd.DataFrame) -> None:
    bottom = 0.0
    for row in budget[::-1].itertuples():  # the spread at the bottom
        at = list(PARTS).index(row.part)
        recordings = "recording" if row.n == 1 else "recordings"
        label = f"{row.meaning}: {100 * row.share:.1f} %, {row.n} {recordings}"
        style = {"color": COLOURS[at], "hatch": HATCHES[at], "edgecolor": "white", "label": label}
        axes.bar(0, row.mse, 0.7, bottom=bottom, **style)
        bottom += row.mse
    axes.set(xlim=(-0.6, 0.6), xticks=[], ylabel="mean squared error (bpm²)")
    missed = int(budget.loc[budget["part"] != SPREAD, "n"].sum())
    text = f"{missed} of {budget['n'].sum()} more than 5 bpm off, by cause"
    axes.set_title(text, loc="left", fontsize="medium")
    handles, labels = axes.get_legend_handles_labels()
    place = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.03), "fontsize": "small"}
    axes.legend(handles[::-1], labels[::-1], frameon=False, **place)


def _bars(axes: Axes, choices: pd.DataFrame) -> None:
    at = np.arange(len(choices))
    colours = [BAR_COLOURS.get(what, GREY) for what in choices["what"]]
    axes.barh(at, choices["rmse_bpm"], 0.6, color=colours, alpha=0.7)
    names = choices["what"].replace({REGIONS: "perfect choice\nof region, by POS"})
    names = names.str.replace("choice of", "choice\nof")
    models = np.where(choices["model"] == "", "", "\n" + choices["model"])
    axes.set_yticks(at, names + models)
    for y, row in zip(at, choices.itertuples(), strict=True):
        text = f" {row.rmse_bpm:.2f} bpm, {100 * row.within_5bpm:.0f} % within 5"
        axes.text(row.rmse_bpm, y, text, va="center", fontsize="small")
    axes.set(xlabel="RMSE (bpm)", ylim=(len(choices) - 0.5, -0.5))
    axes.set_xlim(0, 1.5 * max(choices["rmse_bpm"].max(), 1e-3))
    axes.set_title("what a perfect choice would give", loc="left", fontsize="medium")
