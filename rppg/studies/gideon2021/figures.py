"""Figures 4 to 6 of Gideon and Stent from our data: flashing block, shifted labels, heart rates.

Tables are those of `rppg.studies.gideon2021.figure_data`; crops are (n, H, W, 3) uint8, saliency
maps (n, G, G).

    >>> table = pd.DataFrame([{"dataset": "COHFACE", "loss": loss, "desync_s": shift_s, "seed": 1,
    ...     "rmse_bpm": 3.0, "mean_rmse_bpm": 15.0, "origin": "synthetic"}
    ...     for loss in ("mcc", "pearson") for shift_s in (0.0, 4.0)])
    >>> plot_desync(table).axes[0].get_title(loc="left")
    'COHFACE (synthetic)'
"""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from rppg.plotting.style import BLUE, GREEN, GREY, ORANGE, subplots, titled
from rppg.studies.gideon2021.figure_data import CLAIM_BPM, QUANTILES

LOSSES = {  # label, colour, marker, line style
    "multiview": ("contrastive, no labels", GREEN, "D", "-"),
    "mcc": ("MCC", ORANGE, "o", "-"),
    "pearson": ("PC", BLUE, "s", "--"),
    "snr": ("SNR", GREY, "^", ":"),
}
SYSTEMS = {"multiview": "contrastive,\nno labels", "mcc": "supervised,\nMCC"}
SHOWN = 4  # recordings in the figure of crops
SEED_OFFSET = 0.012  # of the largest shift: between the dots of two losses at one shift
QUANTILE_LINES = {"q95_bpm": ("95 %", "--"), "q50_bpm": ("median", "-"), "q05_bpm": ("5 %", ":")}
OUTLINE = [withStroke(linewidth=2.5, foreground="black")]


def plot_flash(looks: Mapping[str, Mapping[str, np.ndarray]], title: str, origin: str) -> Figure:
    """One row per recording: the crop with the block outlined and, for each system, its saliency
    and the resampled frame; at most SHOWN rows.

    looks: by loss, each with ids (n,), crops (n, H, W, 3), saliency (n, G, G), warped
    (n, H', W', 3), block (4,), x, y, width, height in pixels, and focus (n,), the share of the
    saliency on the block over its area.  Only recordings that all of them have are drawn.  Raises
    ValueError if there is no such recording, or one has no block.
    """
    common = sorted(set.intersection(*({*look["ids"].tolist()} for look in looks.values())))
    if not common or not all(len(look["block"]) == 4 for look in looks.values()):
        blocks = {loss: look["block"].tolist() for loss, look in looks.items()}
        raise ValueError(f"{len(common)} recordings are in all looks, blocks are {blocks}")
    n_rows, n_columns = len(common[:SHOWN]), 1 + 2 * len(looks)
    size = (0.7 + 1.65 * n_columns, 1.0 + 1.75 * n_rows)
    figure, panels = subplots(n_rows, n_columns, figsize=size, squeeze=False)
    for row, id in zip(panels, common, strict=False):
        row[0].set_ylabel(id.replace("/", "\n"), fontsize="small")
        for place, look in enumerate(looks.values()):
            at = look["ids"].tolist().index(id)
            _draw_look(row[1 + 2 * place : 3 + 2 * place], look, at)
        _draw_crop(row[0], look["crops"][at], look["block"])
    names = ["crop with block"]
    for loss in looks:
        names += [f"{SYSTEMS[loss]}: saliency", f"{SYSTEMS[loss]}: resampled"]
    for axes, name in zip(panels[0], names, strict=True):
        axes.set_title(name.replace(",\n", ", ").replace(": ", ":\n"), fontsize="small")
    for axes in panels.flat:
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
    figure.suptitle(titled(title, origin), x=0.01, ha="left", fontsize="medium")
    return figure


def plot_focus(table: pd.DataFrame) -> Figure:
    """Each system's saliency on the block, and its errors: a dot per seed, a bar for their mean.

    table: from flash_numbers.  Left, dashed: a uniform map.  Right, dashed: the mean predictor,
    mean over seeds.
    """
    losses = sorted(table["loss"].unique(), key=[*SYSTEMS].index)
    origin = table["origin"].iloc[0]
    figure, (left, right) = subplots(1, 2, figsize=(8.6, 3.6))
    for axes, column in ((left, "focus"), (right, "rmse_bpm")):
        for place, loss in enumerate(losses):
            of_seeds = table.loc[table["loss"] == loss, column]
            style = {"color": LOSSES[loss][1], "zorder": 3}
            x = place + np.linspace(-0.12, 0.12, len(of_seeds)) if len(of_seeds) > 1 else [place]
            axes.scatter(x, of_seeds, s=30, marker=LOSSES[loss][2], lw=0, alpha=0.7, **style)
            axes.hlines(of_seeds.mean(), place - 0.28, place + 0.28, lw=2.2, **style)
        axes.set_xticks(range(len(losses)), [SYSTEMS[loss] for loss in losses])
        axes.set_xlim(-0.6, len(losses) - 0.4)
    left.axhline(1, color=GREY, ls="--", lw=1)
    left.set_yscale("symlog", linthresh=1)  # includes 0
    left.yaxis.set_major_formatter("{x:g}")
    left.set_ylim(-0.1, max(2, 2 * table["focus"].max()))
    left.set_ylabel("saliency on the block\nover its area (dashed: uniform)")
    right.axhline(table["mean_rmse_bpm"].mean(), color=GREY, ls="--", lw=1)
    right.set(ylabel="RMSE of heart rates (bpm)\n(dashed: mean predictor)")
    right.set_ylim(bottom=0)
    left.set_title(titled("Saliency on the block", origin), loc="left", fontsize="medium")
    right.set_title(titled("Heart rate error", origin), loc="left", fontsize="medium")
    return figure


def plot_desync(table: pd.DataFrame) -> Figure:
    """RMSE by the largest shift of the labels: one panel per dataset, one line per loss (mean over
    seeds), one dot per seed.  table: from desync_numbers.  Dotted: the mean predictor."""
    datasets = sorted(table["dataset"].unique())
    figure, panels = subplots(
        1, len(datasets), figsize=(1.4 + 4.6 * len(datasets), 4.2), sharey=True, squeeze=False
    )
    for axes, dataset in zip(panels[0], datasets, strict=True):
        _draw_losses(axes, table[table["dataset"] == dataset])
        axes.set_title(titled(dataset, table["origin"].iloc[0]), loc="left", fontsize="medium")
    panels[0, 0].set_ylabel("RMSE of heart rates (bpm)")
    handles, labels = panels[0, 0].get_legend_handles_labels()
    handles.append(panels[0, 0].scatter([], [], s=14, color="black", alpha=0.5, lw=0))
    labels.append("small: a seed")
    figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
    return figure


def plot_hr_changes(changes: pd.DataFrame, numbers: pd.DataFrame, origin: str) -> Figure:
    """Heart rate differences by interval, one panel per dataset: shades for the pairs of each
    interval, lines for their 5, 50 and 95 % quantiles.

    changes: dataset, interval_s, change_bpm.  numbers: from change_numbers; the lines are faint
    if an interval is not readable.
    """
    datasets = sorted(numbers["dataset"].unique())
    size = (1.6 + 2.9 * len(datasets), 3.9)
    figure, panels = subplots(1, len(datasets), figsize=size, sharey=True, squeeze=False)
    top_bpm = max(1.25 * numbers["q95_bpm"].max(), 1.2 * CLAIM_BPM)
    for axes, dataset in zip(panels[0], datasets, strict=True):
        rows = numbers[numbers["dataset"] == dataset].sort_values("interval_s")
        _draw_pairs(axes, changes[changes["dataset"] == dataset], rows, top_bpm)
        _draw_quantiles(axes, rows)
        axes.set(xlabel="seconds apart", ylim=(0, top_bpm))
        title = f"{dataset}, recordings: {rows['n_recordings'].max()}"
        axes.set_title(title, loc="left", fontsize="medium")
    panels[0, 0].set_ylabel("difference of heart rates (bpm)")
    styles = {name: {"color": "black", "ls": line} for name, line in QUANTILE_LINES.values()}
    styles |= {"faint: windows overlap, or too few pairs": {"color": "black", "alpha": 0.3}}
    styles |= {f"{CLAIM_BPM:g} bpm": {"color": ORANGE, "lw": 1}}
    handles = [plt.Line2D([], [], **style) for style in styles.values()]
    figure.legend(handles, [*styles], loc="outside lower center", ncols=5, frameon=False)
    named = titled("Change of heart rate by interval", origin)
    figure.suptitle(named, x=0.01, ha="left", fontsize="large")
    return figure


def _draw_losses(axes: Axes, rows: pd.DataFrame) -> None:
    """One dataset's lines, and its seeds as dots next to them."""
    losses = sorted(rows["loss"].unique(), key=[*LOSSES].index)
    offset_s = SEED_OFFSET * max(rows["desync_s"].max(), 1)
    for place, loss in enumerate(losses):
        of_loss = rows[rows["loss"] == loss]
        name, colour, marker, line = LOSSES[loss]
        means = of_loss.groupby("desync_s")["rmse_bpm"].mean()
        style = {"color": colour, "marker": marker}
        axes.plot(means.index, means, ls=line, lw=1.8, ms=6, label=name, **style)
        x = of_loss["desync_s"] + (place - (len(losses) - 1) / 2) * offset_s
        axes.scatter(x, of_loss["rmse_bpm"], s=14, alpha=0.5, lw=0, **style)
    null = rows["mean_rmse_bpm"].mean()
    axes.axhline(null, color="black", lw=1, ls=(0, (1, 2)), label="mean predictor", zorder=0)
    axes.set_xticks(sorted(rows["desync_s"].unique()))
    axes.set(xlabel="labels shifted by up to (s)", ylim=(0, None))


def _draw_pairs(axes: Axes, pairs: pd.DataFrame, rows: pd.DataFrame, top_bpm: float) -> None:
    """The share of the pairs of each interval in each bin of bpm; darker is more."""
    bins = np.linspace(0, top_bpm, 41)
    shares = [
        np.histogram(pairs.loc[pairs["interval_s"] == interval_s, "change_bpm"], bins)[0] / n
        for interval_s, n in zip(rows["interval_s"], rows["n_pairs"], strict=True)
    ]
    ends = np.r_[rows["interval_s"] - 0.5, rows["interval_s"].iloc[-1] + 0.5]
    shown = np.sqrt(np.array(shares).T)  # so that the thin tail is visible
    axes.pcolormesh(ends, bins, shown, cmap="Blues", vmin=0, vmax=1, rasterized=True)


def _draw_quantiles(axes: Axes, rows: pd.DataFrame) -> None:
    axes.axhline(CLAIM_BPM, color=ORANGE, lw=1)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    for column in QUANTILES:
        line = {"color": "black", "ls": QUANTILE_LINES[column][1], "lw": 1.6}
        axes.plot(rows["interval_s"], rows[column], alpha=0.3, **line)
        axes.plot(rows["interval_s"], rows[column].where(rows["readable"]), **line)


def _draw_look(pair: np.ndarray, look: Mapping[str, np.ndarray], at: int) -> None:
    """One recording's map over its crop in grey, with its focus; next to it the resampled frame."""
    crop, saliency = look["crops"][at], look["saliency"][at]
    _draw_crop(pair[0], crop.mean(axis=2), look["block"], cmap="gray")
    extent = (0, crop.shape[1], crop.shape[0], 0)
    share = saliency / max(saliency.max(), 1e-30)
    style = {"cmap": "inferno", "vmin": 0, "vmax": 1, "interpolation": "nearest"}
    pair[0].imshow(share, alpha=0.35 + 0.5 * share, **style, extent=extent)
    text = f"on the block: {look['focus'][at]:.2g} x uniform"
    pair[0].set_xlabel(text, fontsize="small", labelpad=2)
    pair[1].imshow(look["warped"][at])


def _draw_crop(axes: Axes, crop: np.ndarray, block: np.ndarray, cmap: str | None = None) -> None:
    """A crop (H, W, 3) or (H, W) with the block outlined."""
    axes.imshow(crop, cmap=cmap, extent=(0, crop.shape[1], crop.shape[0], 0))
    x, y, *size = np.asarray(block) + (0.5, 0.5, -1, -1)  # inside the axes even in a corner
    line = {"fill": False, "lw": 1.4, "ec": "white", "path_effects": OUTLINE}
    axes.add_patch(plt.Rectangle((x, y), *size, **line))
