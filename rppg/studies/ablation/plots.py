"""Figure of the ablation: our results and the paper's, one panel per table.

>>> table = pd.DataFrame([{"table": 1, "row": row, "seed": seed, "pretraining": "PURE",
...     "losses": "all", "input": "normal", "rmse_bpm": 9.0 * row + seed, "within_5bpm": 0.9,
...     "validation_rmse_bpm": 8.0, "pretrained_rmse_bpm": 20.0, "paper_rmse_bpm": 13.0 - row,
...     "null_rmse_bpm": 30.0, "pos_rmse_bpm": 22.0, "origin": "synthetic"}
...     for row in (1, 2) for seed in (1, 2, 3)])
>>> plot_ablation(table).axes[0].get_title(loc="left")
'Table 1, ST-Transformer (synthetic): rank correlation with the paper -1.00'
"""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rppg.plotting.style import BLUE, GREY, ORANGE, PURPLE, subplots, titled
from rppg.studies.ablation.published import BEYOND
from rppg.studies.ablation.results import summarise

MODELS = {
    1: "Table 1, ST-Transformer",
    2: "Table 2, Contrast-Phys+",
    BEYOND: "Not in the paper, both models",
}


def plot_ablation(table: pd.DataFrame) -> Figure:
    """RMSE of each row of the paper's tables: mean over seeds, a dot per seed, the paper's number.

    table: columns results.RESULTS.  Dashed: the mean predictor; dotted: POS, means over seeds.  If
    seeds vary more than rows, or rows are at the dashed line, the table shows nothing.  The rank
    correlation (Spearman) is that of our means with the paper's numbers.
    """
    numbers = sorted(table["table"].unique())
    heights = [table.loc[table["table"] == number, "row"].nunique() for number in numbers]
    size = (9.5, 1.6 + 0.42 * sum(heights) + 0.7 * len(numbers))
    figure, panels = subplots(
        len(numbers), 1, figsize=size, height_ratios=heights, sharex=True, squeeze=False
    )
    for axes, number in zip(panels[:, 0], numbers, strict=True):
        _draw_table(axes, table[table["table"] == number])
    origin = table["origin"].iloc[0]
    panels[-1, 0].set_xlabel(f"RMSE (bpm): ours {origin}, the paper's on the RePSS test set")
    panels[-1, 0].set_xlim(left=0)
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=5, frameon=False)
    return figure


def _draw_table(axes: Axes, table: pd.DataFrame) -> None:
    summary = summarise(table)
    place = {row: at for at, row in enumerate(summary["row"])}
    seeds = table["row"].map(place)
    axes.axvline(table["null_rmse_bpm"].mean(), color=GREY, ls="--", lw=1, label="mean predictor")
    axes.axvline(table["pos_rmse_bpm"].mean(), color=BLUE, ls=":", lw=1.2, label="POS")
    at, mean, paper = summary.index, summary["rmse_bpm"], summary["paper_rmse_bpm"].astype(float)
    bar = {"s": 190, "marker": "|", "lw": 2.4, "zorder": 3}
    axes.scatter(table["rmse_bpm"], seeds, s=20, color=ORANGE, alpha=0.55, lw=0, label="a seed")
    axes.scatter(mean, at, **bar, color=ORANGE, label="ours, mean")
    axes.scatter(paper, at, s=30, marker="D", color=PURPLE, lw=0, label="the paper")
    axes.set_yticks(at, [_label(row) for row in summary.itertuples()], fontsize=8)
    axes.set_ylim(len(summary) - 0.5, -0.5)  # in the paper's order from the top
    axes.grid(axis="y", color=GREY, alpha=0.2, lw=0.6)
    named = titled(MODELS[summary["table"].iloc[0]], table["origin"].iloc[0])
    if paper.notna().any():
        rank = summary[["rmse_bpm", "paper_rmse_bpm"]].astype(float).corr("spearman")
        named += f": rank correlation with the paper {rank.iloc[0, 1]:.2f}"
    axes.set_title(named, loc="left", fontsize="medium")


def _label(row) -> str:
    names = {"normal": "", "difference": ", frame difference"}
    return f"{row.pretraining}\n{row.losses}{names.get(row.input, f', {row.input}')}"
