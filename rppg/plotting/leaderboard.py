"""The leaderboard as a figure: RMSE of every model, and how it compares with the submitted one.

>>> board = pd.DataFrame({"model": ["POS"], "kind": "classical", "split": "test", "n": 2,
...     "rmse_bpm": 3.0, "rmse_low": 2.0, "rmse_high": 4.0})
>>> plot_leaderboard(board).axes[0].get_title(loc="left")
'test, 2 recordings'
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rppg.evaluation.paired import BETTER, COMPARED, SUBMITTED, UNDECIDED, WORSE
from rppg.plotting.style import GREEN, GREY, KIND_COLOURS, ORANGE, subplots

WORDS = {  # marker and colour of a row that is better or worse than the submitted one
    BETTER: ("<", GREEN),
    UNDECIDED: ("o", GREY),
    WORSE: (">", ORANGE),
}


def plot_leaderboard(board: pd.DataFrame) -> Figure:
    """RMSE of every model with its interval, one panel per split; columns: leaderboard.COLUMNS.

    All panels have the order of the first split; a line marks the best null predictor.  If the
    board compares its rows with the submitted one, a last panel shows this for the first split.
    """
    splits = board["split"].unique()
    models = board["model"].unique()[::-1]  # best at the top
    place, is_compared = {model: i for i, model in enumerate(models)}, set(COMPARED) <= set(board)
    n_panels = len(splits) + is_compared
    size = (4.2 + 2.8 * n_panels, 1.3 + 0.34 * len(models))
    figure, panels = subplots(1, n_panels, figsize=size, sharey=True, squeeze=False)
    highest = 1.16 * np.nanmax(board[["rmse_bpm", "rmse_high"]])  # space for text
    for axes, split in zip(panels[0], splits, strict=False):
        rows = board[board["split"] == split]
        _bars(axes, rows, place)
        axes.set_title(f"{split}, {rows['n'].max():g} recordings", loc="left", fontsize="medium")
        axes.set(xlabel="RMSE (bpm), 95 % interval", xlim=(0, highest))
    panels[0, 0].set_yticks(range(len(models)), models)
    if is_compared:
        _differences(panels[0, -1], board[board["split"] == splits[0]], place)
    _legend(figure, set(board["kind"]), is_compared, one_row=n_panels > 1)
    return figure


def _legend(figure: Figure, known: set[str], is_compared: bool, one_row: bool) -> None:
    kinds = [kind for kind in KIND_COLOURS if kind in known]
    marks = [plt.Rectangle((0, 0), 1, 1, color=KIND_COLOURS[kind], alpha=0.6) for kind in kinds]
    if "null" in kinds:
        kinds, marks = [*kinds, "best null"], [*marks, plt.Line2D([], [], color=GREY, ls="--")]
    for word, (marker, colour) in WORDS.items() if is_compared else ():
        kinds.append(word)
        marks.append(plt.Line2D([], [], color=colour, marker=marker, ls=""))
    columns = len(kinds) if one_row else 3
    figure.legend(marks, kinds, loc="outside lower center", ncols=columns, frameon=False)


def _differences(axes: Axes, rows: pd.DataFrame, place: dict[str, int]) -> None:
    """RMSE less that of the submitted row, with its interval; a marker for each verdict."""
    for row in rows.itertuples():
        y = place[row.model]
        if row.than_submitted == SUBMITTED:
            axes.annotate(SUBMITTED, (0, y), (5, 0), textcoords="offset points", va="center")
            continue
        marker, colour = WORDS[row.than_submitted]
        axes.plot([row.difference_low, row.difference_high], [y, y], color=colour, lw=1.2)
        axes.plot(row.difference_bpm, y, marker=marker, color=colour, ls="")
    axes.axvline(0, color="black", lw=1)
    split = rows["split"].iloc[0]
    axes.set_title(f"against the submitted one, {split}", loc="left", fontsize="medium")
    axes.set_xlabel("difference of RMSEs (bpm), 95 % interval")


def _bars(axes: Axes, rows: pd.DataFrame, place: dict[str, int]) -> None:
    """Bars of one split with intervals and values; the best null predictor as a dashed line."""
    at = [place[model] for model in rows["model"]]
    colours = [KIND_COLOURS[kind] for kind in rows["kind"]]
    rmse = rows["rmse_bpm"].to_numpy(float)
    whiskers = np.abs(rows[["rmse_low", "rmse_high"]].to_numpy(float).T - rmse)
    axes.barh(at, rmse, height=0.66, color=colours, alpha=0.6)
    axes.errorbar(rmse, at, xerr=whiskers, fmt="none", ecolor="black", elinewidth=1, capsize=2.5)
    ends = np.fmax(rmse, rows["rmse_high"].to_numpy(float))
    for y, end, value in zip(at, ends, rmse, strict=True):
        axes.annotate(
            f"{value:.1f}", (end, y), (4, 0), textcoords="offset points", va="center", fontsize=8
        )
    nulls = rows.loc[rows["kind"] == "null", "rmse_bpm"]
    if len(nulls):
        axes.axvline(nulls.min(), color=GREY, lw=1, ls="--", zorder=0)
