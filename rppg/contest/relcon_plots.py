"""Figures of RelCon's study: how a run learned, what it embeds, how few labels it needs.

Each is a function of arrays or tables that returns a matplotlib Figure; nothing is shown or saved.

    plot_losses(pd.read_csv(run / "metrics.csv"), "RelCon", origin)
    plot_embeddings(embeddings, windows.table, "RelCon, simulator", origin)
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from rppg.contest.plots import BLUE, GREEN, GREY, ORANGE, PURPLE, subplots, titled

LOGGED = {"step", "epoch", "seconds", "lr", "loss", "grad_norm"}  # of every run's metrics.csv
WORDS = {  # of the steps' own values
    "order": "order: similarity against nearness (rank correlation)",
    "alike": "alike: cosine of two copies of a window",
    "right": "right: share of augmentations told",
    "per_candidate": "loss per candidate",
}
CHANCE = {  # of those values: where it lies, and what has it
    "order": (0.0, "by chance"),
    "right": (0.75, "always saying no"),  # two of eight are applied
}
COLOURS = (BLUE, ORANGE, GREEN, PURPLE, "#E69F00", "#56B4E9", "black", GREY)
MARKERS = "osD^vP*Xph<>"
NAMED = 12  # subjects with a name of their own in a legend; more are told as a number
SMALL = {"fontsize": "small"}


def plot_losses(metrics: pd.DataFrame, title: str, origin: str) -> Figure:
    """Loss over steps, and beside it each value that the step logs; what chance has is dashed.

    metrics: the run's metrics.csv.  Raises ValueError where it has no row.
    """
    if metrics.empty:
        raise ValueError("no step to draw: the run has logged none")
    names = ["loss", *(name for name in metrics if name not in LOGGED)]
    size = (1.0 + 3.6 * len(names), 3.2)
    figure, panels = subplots(1, len(names), figsize=size, squeeze=False)
    for axes, name in zip(panels[0], names, strict=True):
        axes.plot(metrics["step"], metrics[name], color=BLUE, lw=1.2, marker=".", ms=4)
        axes.set_title(WORDS.get(name, name), loc="left", **SMALL)
        axes.set_xlabel("step", **SMALL)
        axes.set_xlim(0, 1.02 * metrics["step"].max())
        axes.tick_params(labelsize="small")
        axes.margins(y=0.12)
        if name in CHANCE:
            _draw_chance(axes, *CHANCE[name])
    figure.suptitle(titled(title, origin), x=0.01, ha="left", fontsize="medium")
    return figure


def plot_embeddings(embeddings: np.ndarray, table: pd.DataFrame, title: str, origin: str) -> Figure:
    """Embeddings (n, D) in the two directions in which they, standardised, differ most (PCA);
    coloured by activity on the left and by subject on the right.

    table: n rows with activity ("" is drawn in grey) and subject.  Raises ValueError where the
    lengths differ or there are fewer than three windows.
    """
    embeddings = np.asarray(embeddings, float)
    if len(embeddings) != len(table) or len(table) < 3 or embeddings.ndim != 2:
        found = f"embeddings {embeddings.shape} and {len(table)} rows"
        raise ValueError(f"{found}: expected (n, D) and n, three windows or more")
    pca = PCA(2, svd_solver="full")
    with np.errstate(invalid="ignore"):  # where nothing differs there is no share
        places = pca.fit_transform(StandardScaler().fit_transform(embeddings))  # (n, 2)
    figure, panels = subplots(1, 2, figsize=(10, 5.4), sharex=True, sharey=True)
    for axes, column in zip(panels, ("activity", "subject"), strict=True):
        _draw_groups(axes, places, table[column].to_numpy(str))
        axes.set_title(f"by {column}", loc="left", fontsize="medium")
    shares = np.nan_to_num(pca.explained_variance_ratio_)
    for axes in panels:
        axes.set_xlabel(f"first direction, {shares[0]:.0%} of the variance", **SMALL)
    panels[0].set_ylabel(f"second direction, {shares[1]:.0%} of the variance", **SMALL)
    figure.suptitle(titled(title, origin), x=0.01, ha="left", fontsize="medium")
    return figure


def _draw_chance(axes: Axes, value: float, text: str) -> None:
    axes.axhline(value, color=GREY, lw=1, ls="--", zorder=0)
    place = axes.get_yaxis_transform()
    style = {"ha": "right", "va": "bottom", "color": "0.35", "fontsize": "x-small"}
    axes.text(0.99, value, text, transform=place, **style)


def _draw_groups(axes: Axes, places: np.ndarray, names: np.ndarray) -> None:
    """Places (n, 2) in a colour and a marker a name, those without a name in grey below all."""
    groups = [name for name in np.unique(names) if name]
    axes.scatter(*places[names == ""].T, s=12, color="0.75", marker=".", lw=0)
    for k, name in enumerate(groups):
        style = {"color": COLOURS[k % len(COLOURS)], "marker": MARKERS[k % len(MARKERS)]}
        axes.scatter(*places[names == name].T, s=12, alpha=0.55, lw=0, **style)
    shown = groups if len(groups) <= NAMED else []
    marks = [
        plt.Line2D([], [], ls="", color=COLOURS[k % len(COLOURS)], marker=MARKERS[k % len(MARKERS)])
        for k in range(len(shown))
    ]
    if shown:
        legend = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.13), "frameon": False}
        axes.legend(marks, shown, ncols=4, handletextpad=0.1, **legend, **SMALL)
    else:
        axes.text(
            0.01, 0.99, f"{len(groups)} subjects", transform=axes.transAxes, va="top", **SMALL
        )
