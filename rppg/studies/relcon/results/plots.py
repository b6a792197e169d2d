"""Figures of the RelCon study: training curves, embeddings, learning curves, confusion matrices.

Each is a function of arrays or tables that returns a matplotlib Figure; nothing is shown or saved.

    plot_losses(pd.read_csv(run / "metrics.csv"), "RelCon", origin)
    plot_embeddings(embeddings, windows.table, "RelCon, simulator", origin)
    plot_learning_curve(with_intervals(rows), "From few labels", origin)
    plot_confusion(rows[rows["dataset"] == "simulator"], "Simulator, all labels", origin)
"""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from sklearn.decomposition import PCA
from sklearn.preprocessing import normalize

from rppg.plotting.style import BLUE, GREEN, GREY, ORANGE, PURPLE, subplots, titled
from rppg.studies.relcon.results.bootstrap import drawn_words
from rppg.studies.relcon.results.runs import ALL, METHODS, label_order

LOGGED = {"step", "epoch", "seconds", "lr", "loss", "grad_norm"}  # in every run's metrics.csv
WORDS = {  # labels of the values that a step logs
    "order": "order: rank correlation of similarity and nearness",
    "alike": "alike: cosine of two copies of a window",
    "right": "right: share of augmentations recognised",
}
CHANCE = {  # their chance levels, and labels
    "order": (0.0, "by chance"),
    "right": (0.75, "always saying no"),  # two of eight are applied
}
COLOURS = (BLUE, ORANGE, GREEN, PURPLE, "#E69F00", "#56B4E9", "black", GREY)
MARKERS = "osD^vP*Xph<>"
NAMED = 12  # at most so many subjects are listed in a legend; else only their number
SMALL = {"fontsize": "small"}
LINES = {  # by method: colour, marker, line style
    "RelCon": (ORANGE, "o", "-"),
    "SimCLR": (BLUE, "s", "-"),
    "AugPred": (GREEN, "^", "-"),
    "REBAR-style": (PURPLE, "D", "-"),
    "scratch": ("black", "X", "--"),
    "random encoder": (GREY, "v", ":"),
    "hand-made features": ("#56B4E9", "P", "--"),
}
DODGE = 0.075  # offset between two methods at the same number of labels
METRIC_WORDS = {"macro_f1": "macro F1", "pearson_r": "Pearson's r"}
UNITS = {"BasicMotions": "segments"}  # of a dataset without subjects
COMPARED = METHODS[:2]  # RelCon and SimCLR


def plot_losses(metrics: pd.DataFrame, title: str, origin: str) -> Figure:
    """Loss over steps, and each value that the step logs; chance level dashed.

    metrics: the run's metrics.csv.  Raises ValueError if it has no row.
    """
    if metrics.empty:
        raise ValueError("no step to draw: the run has logged none")
    names = ["loss", *(name for name in metrics if name not in LOGGED)]
    size = (1.0 + 3.6 * len(names), 3.2)
    figure, panels = subplots(1, len(names), figsize=size, squeeze=False)
    for axes, name in zip(panels[0], names, strict=True):
        logged = metrics[["step", name]].dropna()  # not every value is in every row
        axes.plot(logged["step"], logged[name], color=BLUE, lw=1.2, marker=".", ms=4)
        axes.set_title(WORDS.get(name, name), loc="left", **SMALL)
        axes.set_xlabel("step", **SMALL)
        axes.set_xlim(0, 1.02 * metrics["step"].max())
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.tick_params(labelsize="small")
        axes.margins(y=0.12)
        if name in CHANCE:
            _draw_chance(axes, *CHANCE[name])
    figure.suptitle(titled(title, origin), x=0.01, ha="left", fontsize="medium")
    return figure


def plot_embeddings(embeddings: np.ndarray, table: pd.DataFrame, title: str, origin: str) -> Figure:
    """The first two principal components of embeddings (n, D) normalised to length 1; coloured by
    activity on the left and by subject on the right.

    table: n rows with activity ("" is drawn in grey) and subject.  Raises ValueError if the lengths
    differ or there are fewer than three windows.
    """
    embeddings = np.asarray(embeddings, float)
    if len(embeddings) != len(table) or len(table) < 3 or embeddings.ndim != 2:
        given = f"embeddings {embeddings.shape} and {len(table)} rows"
        raise ValueError(f"{given}: expected (n, D) and n, three windows or more")
    pca = PCA(2, svd_solver="full")
    with np.errstate(invalid="ignore"):  # equal embeddings have no variance
        places = pca.fit_transform(normalize(embeddings))  # (n, 2)
    figure, panels = subplots(1, 2, figsize=(10, 5.4), sharex=True, sharey=True)
    for axes, column in zip(panels, ("activity", "subject"), strict=True):
        _draw_groups(axes, places, table[column].to_numpy(str))
        axes.set_title(f"by {column}", loc="left", fontsize="medium")
    shares = np.nan_to_num(pca.explained_variance_ratio_)
    for axes in panels:
        axes.set_xlabel(f"first component, {shares[0]:.0%} of the variance", **SMALL)
    panels[0].set_ylabel(f"second component, {shares[1]:.0%} of the variance", **SMALL)
    figure.suptitle(titled(title, origin), x=0.01, ha="left", fontsize="medium")
    return figure


def plot_learning_curve(summary: pd.DataFrame, title: str, origin: str) -> Figure:
    """The main metric over labels per class: one panel per dataset and task, one line with
    intervals per method.

    summary: from bootstrap.with_intervals, of windows of one origin.  Raises ValueError for
    several origins or no row.
    """
    _check_origin(summary, origin)
    cases = list(summary.groupby(["dataset", "task"], sort=True))
    size = (1.0 + 3.7 * len(cases), 4.4)
    figure, panels = subplots(1, len(cases), figsize=(max(size[0], 5.6), size[1]), squeeze=False)
    for axes, ((dataset, task), rows) in zip(panels[0], cases, strict=True):
        n_labels = sorted(rows["n_labels"].unique(), key=label_order)
        for name in METHODS:
            _draw_curve(axes, name, rows[rows["method"] == name], n_labels)
        axes.set_xticks(range(len(n_labels)), n_labels)
        axes.set_xlabel("labels per class", **SMALL)
        of = "" if task == "activity" else f" of {task.replace('_', ' ')}"
        axes.set_ylabel(METRIC_WORDS[rows["metric"].iloc[0]] + of, **SMALL)
        drawn = f"{rows['n_subjects'].max()} {UNITS.get(dataset, 'subjects')}"
        axes.set_title(f"{dataset}, {drawn}", loc="left", **SMALL)
        axes.tick_params(labelsize="small")
    handles, labels = panels[0, 0].get_legend_handles_labels()
    n_columns = min(2 + len(cases), len(labels))  # as many as a row holds
    place = {"loc": "outside lower center", "ncols": n_columns, "frameon": False}
    figure.legend(handles, labels, **place, **SMALL)
    drawn = drawn_words(summary["n_seeds"].min())
    text = f"{titled(title, origin)}\nmean over seeds, 95 % interval {drawn}"
    figure.suptitle(text, x=0.01, ha="left", fontsize="medium")
    return figure


def plot_confusion(
    rows: pd.DataFrame,
    title: str,
    origin: str,
    methods: Sequence[str] = COMPARED,
    n_labels: str = ALL,
) -> Figure:
    """Confusion matrices of some methods with n_labels, over all seeds, in percent of the true
    activity's windows.

    rows: of one dataset and origin, from runs.collect.  Raises ValueError for several, and if a
    method is missing.
    """
    _check_origin(rows, origin)
    rows = rows[(rows["task"] == "activity") & (rows["n_labels"] == n_labels)]
    if (datasets := rows["dataset"].unique()).size != 1:
        raise ValueError(f"rows of the datasets {sorted(datasets)}, expected one")
    rows = rows[rows["method"].isin(methods)]
    names = np.unique(rows[["truth", "predicted"]].to_numpy(str))
    side = 1.7 + 0.42 * len(names)
    size = (max(len(methods) * side + 1.6, 7.0), side + 1.0)
    figure, panels = subplots(1, len(methods), figsize=size, sharey=True, squeeze=False)
    for axes, method in zip(panels[0], methods, strict=True):
        own = rows[rows["method"] == method]
        if own.empty:
            raise ValueError(f"no row of {method} with {n_labels} labels")
        counts = pd.crosstab(own["truth"], own["predicted"]).reindex(
            index=names, columns=names, fill_value=0
        )
        _draw_shares(axes, counts.to_numpy(float), names)
        axes.set_title(method, loc="left", fontsize="medium")
    panels[0, 0].set_ylabel("true activity", **SMALL)
    text = f"{titled(title, origin)}\npercent of the true activity's windows"
    figure.suptitle(text, x=0.01, ha="left", fontsize="medium")
    return figure


def _check_origin(table: pd.DataFrame, origin: str) -> None:
    if (origins := table["origin"].unique().tolist()) != [origin]:
        raise ValueError(f"rows of the origins {origins}, expected {origin!r} alone")


def _draw_curve(axes: Axes, name: str, rows: pd.DataFrame, n_labels: list[str]) -> None:
    if rows.empty:
        return
    colour, marker, line = LINES[name]
    rows = rows.set_index("n_labels").reindex(n_labels)
    shift = DODGE * (METHODS.index(name) - (len(METHODS) - 1) / 2)
    at = np.arange(len(n_labels)) + shift
    ends = np.abs(rows[["low", "high"]].to_numpy(float).T - rows["mean"].to_numpy(float))
    style = {"color": colour, "marker": marker, "ls": line, "ms": 5, "lw": 1.4, "label": name}
    axes.errorbar(at, rows["mean"], yerr=ends, elinewidth=1, capsize=2, **style)


def _draw_shares(axes: Axes, counts: np.ndarray, names: np.ndarray) -> None:
    """Counts (C, C) of truth and prediction as percent of the truth, in coloured cells."""
    of_truth = counts.sum(axis=1, keepdims=True)
    percent = 100 * np.divide(counts, of_truth, out=np.zeros_like(counts), where=of_truth > 0)
    axes.imshow(percent, cmap="Blues", vmin=0, vmax=100)
    for (i, j), share in np.ndenumerate(percent):
        if share >= 0.5:
            colour = "white" if share > 55 else "black"
            style = {"ha": "center", "va": "center", "color": colour, "fontsize": "x-small"}
            axes.text(j, i, f"{share:.0f}", **style)
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(labelsize="small", length=0)
    axes.set_xlabel("predicted activity", **SMALL)


def _draw_chance(axes: Axes, value: float, text: str) -> None:
    axes.axhline(value, color=GREY, lw=1, ls="--", zorder=0)
    place = axes.get_yaxis_transform()
    style = {"ha": "right", "va": "bottom", "color": "0.35", "fontsize": "x-small"}
    axes.text(0.99, value, text, transform=place, **style)


def _draw_groups(axes: Axes, places: np.ndarray, names: np.ndarray) -> None:
    """Points (n, 2) with a colour and a marker per name; unnamed ones in grey behind."""
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
