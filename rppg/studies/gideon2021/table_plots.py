"""Figures of Gideon2021's tables, of its saliency maps by regularisation weight, and of Table 7.

plot_tables(scores)  # from scores.score_splits
plot_maps(looks, "UBFC-rPPG/subject5/vid, seed 1", origin)  # Fig. 3, from common_looks
plot_changes(changes)  # Table 7, from regularisation.measure_changes
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from rppg.plotting.style import BLUE, GREY, ORANGE, PURPLE, subplots, titled
from rppg.studies.gideon2021.published import DATASETS, published_changes, published_rows
from rppg.studies.gideon2021.regularisation import PAIR, Look
from rppg.studies.gideon2021.tables import NO_NUMBER, ROWS

SHOWN = {  # one metric of each of Tables 3 and 6, with its axis label
    "rmse_bpm": "RMSE of heart rates (bpm)",
    "wave_mcc": "MCC of predicted BVP",
}
MAPS = "inferno"
LEAST_WIDTH = 5.0  # inches, so that titles fit
SHARES = (1, 2, 4, 8, 16, 32, 64, 128, 256)  # ticks of the colour scale
LEAST_PEAK = 4.0  # times a uniform map: least upper end of the colour scale
PANELS = {  # of Table 7: title, digits, sign of what is better
    "rmse_change_bpm": ("RMSE change (bpm)", 1, -1),
    "hr_pearson_change": ("PC change", 2, 1),
}


def plot_tables(scores: pd.DataFrame) -> Figure:
    """RMSE and MCC of every row, one panel per dataset: a dot per seed, our mean, the published.

    scores: columns scores.SCORES; a baseline's dot is its mean over the systems' runs.  Dashed:
    our mean predictor.  Systems at or right of that line have learned nothing.
    """
    measured = set(scores["dataset"])
    datasets = [*(d for d in DATASETS if d in measured), *sorted(measured - set(DATASETS))]
    rows = [row for row in ROWS if row in set(scores["row"])]
    size = (max(2.3 + 2.5 * len(datasets), LEAST_WIDTH), 1.8 + 0.58 * len(rows))
    figure, panels = subplots(
        len(SHOWN), len(datasets), figsize=size, sharey=True, sharex="row", squeeze=False
    )
    for line, (metric, label) in zip(panels, SHOWN.items(), strict=True):
        for axes, dataset in zip(line, datasets, strict=True):
            _draw_scores(axes, scores[scores["dataset"] == dataset], dataset, metric, rows)
            axes.set_xlabel(label, fontsize="small")
        line[0].set_yticks(range(len(rows)), rows, fontsize="small")
        line[0].set_ylim(len(rows) - 0.5, -0.5)
    for axes, dataset in zip(panels[0], datasets, strict=True):
        axes.set_title(dataset, loc="left", fontsize="medium")
    panels[0, 0].set_xlim(left=-0.02 * panels[0, 0].get_xlim()[1])  # shows an error of 0
    origin = scores["origin"].iloc[0]
    title = titled(f"Ours on {origin} data and the published numbers", origin)
    figure.suptitle(title, x=0.01, ha="left")
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False)
    return figure


def plot_maps(looks: dict[tuple[float, float], Look], title: str, origin: str) -> Figure:
    """Fig. 3: one row per w_s, one column per w_t; the face with its map, the estimator's input.

    looks: (w_s, w_t) to Look; missing pairs stay empty.  All share one logarithmic scale, in
    multiples of a uniform map's value; places below a uniform map are not coloured.
    """
    sparsity, temporal = (sorted({pair[i] for pair in looks}) for i in (0, 1))
    peak = max(LEAST_PEAK, *(look.saliency.max() * look.saliency.size for look in looks.values()))
    scale = ScalarMappable(LogNorm(1, peak), MAPS)
    size = (0.9 + 2.35 * len(temporal), 0.7 + 1.22 * len(sparsity))
    figure, panels = subplots(
        len(sparsity),
        2 * len(temporal),
        figsize=(max(size[0], LEAST_WIDTH), size[1]),
        squeeze=False,
    )
    for line, w_s in zip(panels, sparsity, strict=True):
        for i, w_t in enumerate(temporal):
            _draw_look(line[2 * i : 2 * i + 2], looks.get((w_s, w_t)), scale)
        line[0].text(
            -0.12, 0.5, f"$w_s$ = {w_s:g}", transform=line[0].transAxes, rotation=90, va="center",
            ha="right",
        )  # fmt: skip
    for i, w_t in enumerate(temporal):
        panels[0, 2 * i].set_title(f"$w_t$ = {w_t:g}", loc="left", fontsize="medium")
    ticks = [times for times in SHARES if times <= peak]
    bar = figure.colorbar(scale, ax=panels, aspect=30, shrink=0.8, format="%g", ticks=ticks)
    bar.minorticks_off()
    bar.set_label("times a uniform map", fontsize="small")
    text = f"{titled(title, origin)}\neach pair: the face with its map, the warped face"
    figure.suptitle(text, x=0.01, ha="left", fontsize="medium")
    return figure


def plot_changes(changes: pd.DataFrame) -> Figure:
    """Table 7: change of RMSE and PC from (0, 0), ours (mean over seeds) and the published.

    changes: columns regularisation.COLUMNS.  Orange is worse, blue better; the panels of a row
    share one scale.
    """
    ours, theirs = changes.groupby(PAIR)[[*PANELS]].mean(), published_changes().set_index(PAIR)
    origin = changes["origin"].iloc[0]
    figure, panels = subplots(len(PANELS), 2, figsize=(6.8, 6.6), squeeze=False)
    for line, (metric, (label, digits, better)) in zip(panels, PANELS.items(), strict=True):
        every = ours.index.union(theirs.index)  # one grid for both: missing cells stay empty
        both = [_square(values[metric].reindex(every)) for values in (ours, theirs)]
        furthest = max(float(np.nanmax(square.abs().fillna(0))) for square in both) or 1.0
        for axes, square, whose in zip(line, both, (f"ours, {origin}", "published"), strict=True):
            _draw_square(axes, square, digits, better / furthest)
            axes.set_title(f"{label}: {whose}", loc="left", fontsize="small")
    title = titled(f"Table 7, ours on {origin} data: blue better, orange worse than (0, 0)", origin)
    figure.suptitle(title, x=0.01, ha="left", fontsize="medium")
    return figure


def plot_variants(table: pd.DataFrame, origin: str) -> Figure:
    """Change of RMSE of each variant, one panel per dataset: mean and deviation over seeds, and the
    paper's average over datasets.

    table: as `variants.compare` gives it.
    """
    datasets, names = list(table["dataset"].unique()), list(table["name"].unique())
    size = (max(2.6 + 2.3 * len(datasets), LEAST_WIDTH), 1.6 + 0.45 * len(names))
    figure, panels = subplots(1, len(datasets), figsize=size, sharey=True, squeeze=False)
    for axes, dataset in zip(panels[0], datasets, strict=True):
        rows = table[table["dataset"] == dataset].set_index("name").reindex(names)
        at, bars = range(len(names)), {"fmt": "|", "ms": 11, "color": ORANGE}
        axes.axvline(0, color=GREY, ls="--", lw=1)
        axes.errorbar(rows["change_bpm"], at, xerr=rows["sd_change_bpm"], label="ours", **bars)
        published = rows["paper_change_bpm"]
        axes.scatter(published, at, s=26, marker="D", color=PURPLE, lw=0, label="the paper's mean")
        axes.set_title(dataset, loc="left", fontsize="medium")
        axes.set_xlabel("change of RMSE (bpm)", fontsize="small")
    panels[0, 0].set_yticks(range(len(names)), names, fontsize="small")
    panels[0, 0].set_ylim(len(names) - 0.5, -0.5)
    figure.suptitle(titled("Variants against training as published", origin), x=0.01, ha="left")
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False)
    return figure


def _draw_scores(
    axes: Axes, scores: pd.DataFrame, dataset: str, metric: str, rows: list[str]
) -> None:
    seeds = scores.groupby(["row", "seed"])[metric].mean().reset_index()
    ours = seeds.groupby("row")[metric].mean().reindex(rows)
    theirs = published_rows().set_index(["dataset", "row"])[metric]
    theirs = theirs.reindex([(dataset, row) for row in rows]).to_numpy()
    at, places = range(len(rows)), seeds["row"].map(rows.index)
    bar = {"s": 130, "marker": "|", "lw": 2.2, "zorder": 3}
    axes.axvline(ours["mean"], color=GREY, ls="--", lw=1, label="our mean predictor")
    axes.scatter(seeds[metric], places, s=18, color=ORANGE, alpha=0.55, lw=0, label="a seed")
    axes.scatter(ours, at, **bar, color=ORANGE, label="ours, mean of seeds")
    axes.scatter(theirs, at, s=26, marker="D", color=PURPLE, lw=0, label="published, real data")
    axes.grid(axis="y", color=GREY, alpha=0.2, lw=0.6)


def _draw_look(pair: np.ndarray, look: Look | None, scale: ScalarMappable) -> None:
    """Two panels: the face in grey with its map, and the warped frame."""
    for axes in pair:
        axes.set_axis_off()
    if look is None:
        return
    height, width = look.crop.shape[:2]
    grey = look.crop.mean(axis=2).astype(np.uint8)
    relative = look.saliency * look.saliency.size
    colours = scale.to_rgba(np.maximum(relative, 1.0))  # (G, G, 4)
    colours[..., 3] = 0.75 * np.clip(np.log2(np.maximum(relative, 1.0)), 0, 1)
    pair[0].imshow(grey, cmap="gray", vmin=0, vmax=255, extent=(0, width, height, 0))
    pair[0].imshow(colours, extent=(0, width, height, 0), interpolation="bilinear")
    pair[1].imshow(look.warped)


def _draw_square(axes: Axes, square: pd.DataFrame, digits: int, scale: float) -> None:
    """Numbers in coloured cells; scale maps a change to -1 (worst) to 1 (best)."""
    for (i, j), value in np.ndenumerate(square.to_numpy()):
        known = np.isfinite(value)
        colour = BLUE if scale * value > 0 else ORANGE
        strength = 0.75 * abs(scale * value) if known else 0.0
        axes.add_patch(
            Rectangle((j - 0.5, i - 0.5), 1, 1, facecolor=to_rgba(colour, strength), ec="white")
        )
        sign = "+" if round(value, digits) else ""
        text = f"{round(value, digits) + 0.0:{sign}.{digits}f}" if known else NO_NUMBER
        axes.text(j, i, text, ha="center", va="center", fontsize="small")
    axes.set_xticks(range(square.shape[1]), [f"{w:g}" for w in square.columns])
    axes.set_yticks(range(square.shape[0]), [f"{w:g}" for w in square.index])
    axes.set(xlim=(-0.5, square.shape[1] - 0.5), ylim=(square.shape[0] - 0.5, -0.5))
    axes.set(xlabel="$w_t$, temporal", ylabel="$w_s$, sparsity", aspect="equal")


def _square(values: pd.Series) -> pd.DataFrame:
    """Rows w_s, columns w_t; NaN at (0, 0), the reference of all changes."""
    square = values.unstack("w_t")
    square.loc[0.0, 0.0] = np.nan
    return square
