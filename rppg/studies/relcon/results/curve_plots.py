"""Figure of the RelCon study: macro F1 over steps, and over the subjects that were trained on.

    plot_curves(curves, ["n_steps", "n_learned"], "5", "Pre-trained longer, and on more", origin)

curves: from curves.curve_tables, of one dataset's activities and one origin.
"""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rppg.plotting.style import subplots, titled
from rppg.studies.relcon.results.curves import UNTRAINED
from rppg.studies.relcon.results.plots import LINES
from rppg.studies.relcon.results.runs import METHODS
from rppg.studies.relcon.results.text import SETTING_WORDS

SMALL = {"fontsize": "small"}


def plot_curves(
    curves: pd.DataFrame, by: Sequence[str], n_labels: str, title: str, origin: str
) -> Figure:
    """A panel per column of `by`, with the largest value of each other column.

    Raises ValueError if there is no row of activities at n_labels.
    """
    chosen = curves[(curves["metric"] == "macro_f1") & (curves["n_labels"] == n_labels)]
    if chosen.empty:
        raise ValueError(f"no macro F1 at {n_labels} labels, found {curves['n_labels'].unique()}")
    size = (1.0 + 4.6 * len(by), 4.2)
    figure, panels = subplots(1, len(by), figsize=size, squeeze=False, sharey=True)
    for axes, column in zip(panels[0], by, strict=True):
        others = [other for other in by if other != column]
        shown = (chosen[others] == chosen[others].max()).all(axis=1)
        _draw(axes, chosen[shown], column)
    panels[0, 0].set_ylabel(f"macro F1, {n_labels} labels per class", **SMALL)
    handles, labels = panels[0, 0].get_legend_handles_labels()
    place = {"loc": "outside lower center", "ncols": 4, "frameon": False}
    figure.legend(handles, labels, **place, **SMALL)
    figure.suptitle(titled(title, origin), x=0.01, ha="left", fontsize="medium")
    return figure


def _draw(axes: Axes, rows: pd.DataFrame, column: str) -> None:
    """One line per method; methods without training are level."""
    for name in METHODS:
        own = rows[rows["method"] == name].sort_values(column)
        colour, marker, line = LINES[name]
        style = {"color": colour, "ls": line, "lw": 1.4, "label": name}
        if name in UNTRAINED and len(own):
            axes.axhline(own["mean"].iloc[0], **style)
        elif len(own):
            axes.plot(own[column], own["mean"], marker=marker, ms=5, **style)
            axes.fill_between(own[column], own["low"], own["high"], color=colour, alpha=0.12, lw=0)
    axes.set_xscale("log")
    values = sorted(rows[column].unique())
    axes.set_xticks(values, [f"{value:g}" for value in values])
    axes.minorticks_off()
    axes.set_xlabel(SETTING_WORDS[column], **SMALL)
    axes.tick_params(labelsize="small")
