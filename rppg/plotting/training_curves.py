"""Figures of a training run: check for collapse, losses and validation over steps.

Each is a function of tables that returns a matplotlib Figure; nothing is shown or saved.

    >>> check = check_collapse(model, clips, ...)  # doctest: +SKIP
    >>> figure = plot_collapse_check(check, "Pre-trained", origin)  # doctest: +SKIP
    >>> figure.get_suptitle()  # doctest: +SKIP
    'Pre-trained (synthetic): no sign of collapse'

plot_course draws metrics.csv and validation.csv of a run's folder.
"""

import textwrap
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rppg.plotting.style import BLUE, CLEAN, GREEN, GREY, LINE_STYLES, ORANGE, PURPLE, titled

SINE_FLOORS = {
    "bandwidth": 0.014,
    "sparsity": 0.084,
}  # losses of a perfect sine of 10 s, 45-175 bpm
BIN_EDGES_BPM = np.arange(40, 181, 10)
COLOURS = (ORANGE, PURPLE, GREY)  # model, sine generator, noise
LOSS_COLOURS = (BLUE, ORANGE, GREEN, PURPLE, "#E69F00", "#56B4E9")
NO_LOSS = {"step", "epoch", "seconds", "lr", "grad_norm"}  # other columns of metrics.csv
WORDS = {  # labels of columns with unclear names
    "ipr": "irrelevant_power ratio",
    "spread": "heart rate_spread",
    "rmse": "RMSE",
    "mae": "MAE",
    "within_5bpm": "share_within 5 bpm",
}
TEXT_WIDTH = 125  # characters per line above a figure
SMALL = {"fontsize": "small"}


def plot_collapse_check(found: Any, title: str, origin: str) -> Figure:
    """HR of the model compared with POS, a sine generator and noise on the same recordings; below,
    each self-consistency value of model, sine and noise.  The verdict is in the title.

    found: a CollapseCheck: `values`, one row each for model, sine and noise, one column per value;
    `rates`, (n,) recordings by id, of these three and "POS", NaN without an HR; `collapsed` and
    `reasons`.
    """
    columns = list(found.values.columns)
    figure = plt.figure(figsize=(max(7, 1.55 * len(columns)), 6), layout="constrained")
    grid = figure.add_gridspec(2, len(columns), height_ratios=(1.25, 1))
    with plt.rc_context(CLEAN):
        _draw_rates(figure.add_subplot(grid[0, :]), found.rates, list(found.values.index))
        for place, column in enumerate(columns):
            _draw_bars(figure.add_subplot(grid[1, place]), found.values[column])
    verdict = "COLLAPSED" if found.collapsed else "no sign of collapse"
    lines = [f"{titled(title, origin)}: {verdict}"]
    for reason in found.reasons:
        lines += textwrap.wrap(reason, TEXT_WIDTH)
    colour = "#B00020" if found.collapsed else "black"
    figure.suptitle("\n".join(lines), x=0.01, ha="left", fontsize="medium", color=colour)
    return figure


def plot_course(
    validation: pd.DataFrame,
    metrics: pd.DataFrame,
    best_step: int | None,
    title: str,
    origin: str,
) -> Figure:
    """Losses over steps, with dotted lines at the losses of a perfect sine of 10 s; next to them
    each value of validation.csv, with the chosen step marked.  Losses that are always zero, because
    no recording has their labels, are not drawn.

    validation, metrics: the run's validation.csv and metrics.csv.  best_step None: none was chosen.
    """
    names = [name for name in validation.columns if name not in ("step", "seconds")]
    n_columns = -(-len(names) // 2)
    figure = plt.figure(figsize=(4.2 + 2.3 * n_columns, 5), layout="constrained")
    grid = figure.add_gridspec(2, 1 + n_columns, width_ratios=(1.9, *[1] * n_columns))
    with plt.rc_context(CLEAN):
        losses = figure.add_subplot(grid[:, 0])
        _draw_losses(losses, metrics)
        panels = [figure.add_subplot(grid[i % 2, 1 + i // 2]) for i in range(len(names))]
    for axes, name in zip(panels, names, strict=True):
        axes.plot(validation["step"], validation[name], color=BLUE, lw=1.2, marker=".", ms=4)
        axes.set_title(_words(name), loc="left", **SMALL)
        low, high = np.nanmin([*validation[name], 0]), np.nanmax([*validation[name], 1e-9])
        axes.set_ylim(low - 0.08 * (high - low) * (low < 0), high + 0.08 * (high - low))
    for axes in (losses, *panels):
        axes.tick_params(labelsize="small")
        axes.set_xlim(0, 1.02 * max(metrics["step"].max(), validation["step"].max()))
        if best_step is not None:
            axes.axvline(best_step, color="black", lw=0.9, ls="--")
    for axes in (losses, *panels[1::2], *panels[-1:]):
        axes.set_xlabel("step", **SMALL)
    chosen = "no step chosen" if best_step is None else f"step {best_step} chosen (dashed)"
    text = f"{titled(title, origin)}: {chosen}"
    figure.suptitle(text, x=0.01, ha="left", fontsize="medium")
    return figure


def _draw_rates(axes: Axes, rates: pd.DataFrame, names: list[str]) -> None:
    """Histograms of the model and POS as bars, of noise as an outline; the sine generator, which
    has a single rate, as a line."""
    model, sine, noise = names
    shown = {who: rates[who].dropna().to_numpy(float) for who in (model, "POS", noise)}
    labels = {who: _label(who, rates[who]) for who in (*names, "POS")}
    both = [model, "POS"]
    axes.hist(
        [shown[who] for who in both],
        BIN_EDGES_BPM,
        color=[ORANGE, BLUE],
        alpha=0.75,
        label=[labels[who] for who in both],
    )
    style = {"histtype": "step", "color": GREY, "lw": 1.4, "ls": "--"}
    axes.hist(shown[noise], BIN_EDGES_BPM, label=labels[noise], **style)
    sine_bpm = rates[sine].median()
    label = f"{sine}: always {sine_bpm:.0f} bpm"
    axes.axvline(sine_bpm, color=PURPLE, lw=2, ls=":", label=label)
    axes.set(xlabel="heart rate (bpm)", ylabel=f"recordings of {len(rates)}")
    axes.set(xlim=BIN_EDGES_BPM[[0, -1]], xticks=BIN_EDGES_BPM[::2])
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=4, **SMALL)


def _draw_bars(axes: Axes, values: pd.Series) -> None:
    """One value of model, sine and noise, as bars with numbers."""
    heights = values.to_numpy(float)
    axes.bar(range(len(heights)), np.nan_to_num(heights), color=COLOURS, alpha=0.75, width=0.75)
    for x, height in enumerate(heights):
        text = "none" if np.isnan(height) else f"{height:.2f}" if height < 9.95 else f"{height:.0f}"
        at = (x, 0 if np.isnan(height) else height)
        axes.annotate(text, at, (0, 2), textcoords="offset points", ha="center", **SMALL)
    axes.set_title(_words(values.name), loc="left", **SMALL)
    axes.set_xticks(range(len(heights)), ["model", "sine", "noise"], **SMALL)
    axes.set(yticks=[], ylim=(0, 1.15 * max(np.nanmax(heights, initial=0), 1e-9)))
    axes.spines["left"].set_visible(False)


def _draw_losses(axes: Axes, metrics: pd.DataFrame) -> None:
    """Every loss of metrics.csv, and the losses of a sine as dotted lines: on a logarithmic scale,
    where zeros are gaps (no clip had that label), or, if a loss is negative (push, mcc), on a
    linear one with a line at zero.  A loss that is the only one is drawn once."""
    parts = [name for name in metrics.columns if name not in NO_LOSS | {"loss"}]
    parts = [name for name in parts if (metrics[name] != 0).any()]
    only = parts if len(parts) == 1 and np.allclose(metrics[parts[0]], metrics["loss"]) else []
    label = " = ".join(["loss", *map(_plain, only)])
    axes.plot(metrics["step"], metrics["loss"], color="black", lw=1.5, label=label)
    parts = parts if not only else []
    linear = (metrics[["loss", *parts]] < 0).any(axis=None)
    for place, name in enumerate(parts):
        turn, place = divmod(place, len(LOSS_COLOURS))
        colour, style = LOSS_COLOURS[place], {"ls": LINE_STYLES[turn % len(LINE_STYLES)], "lw": 1.1}
        values = metrics[name] if linear else metrics[name].where(metrics[name] != 0)
        axes.plot(metrics["step"], values, color=colour, label=_plain(name), **style)
        if name in SINE_FLOORS:
            floor, style = SINE_FLOORS[name], {"color": colour, "lw": 1.2, "ls": ":"}
            axes.axhline(floor, label=f"{name} of a sine: {floor:.2f}", **style)
    if linear:
        axes.axhline(0, color=GREY, lw=0.8)
    else:
        axes.set_yscale("log")
    axes.set_title("losses of the training clips", loc="left", **SMALL)
    axes.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=2, **SMALL)


def _label(who: str, hr_bpm: pd.Series) -> str:
    n_flat = int(hr_bpm.isna().sum())
    return f"{who}: {n_flat} without a rate" if n_flat else who


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _words(column: str) -> str:
    """Name of a column in two short lines, e.g. "speed" and "disagreement (bpm)"."""
    unit = " (bpm)" if column.endswith("_bpm") else ""
    name = column.removesuffix("_bpm").removeprefix("hr_")
    first, _, rest = WORDS.get(name, name).replace("pos_", "POS_").partition("_")
    return f"{first}\n{(rest + unit).strip()}"
