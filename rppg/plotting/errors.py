"""Figures of HR errors: their size, and their distribution over groups of recordings.

Each is a function of arrays or a table that returns a matplotlib Figure; nothing is shown or saved.
A table has one row per recording: id, hr_bpm, hr_true_bpm.  HR and errors are in bpm.

    >>> table = pd.DataFrame({"id": list("ab"), "hr_bpm": [61.0, 95], "hr_true_bpm": [60.0, 90]})
    >>> groupings_of(table)["heart rate"].tolist()
    ['60-80', '80-100']
    >>> figure = plot_errors_by(table, groupings_of(table), "Ensemble, test", origin="synthetic")
    >>> figure.get_suptitle()
    'Ensemble, test (synthetic)'
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rppg.evaluation.metrics import NEAR_BPM, score
from rppg.plotting.style import BLUE, GREEN, ORANGE, subplots, titled

RATE_EDGES_BPM = (0, 60, 80, 100, 120, np.inf)
RATES = ("<60", "60-80", "80-100", "100-120", "120+")
DIFFICULTIES = ("easy", "medium", "hard")
TONE_EDGES = (-0.001, 1 / 3, 2 / 3, 1)
TONES = ("light", "medium", "dark")
UNKNOWN = "unknown"
NORMAL_95 = 1.96  # standard deviations on both sides that contain 95 % of normal errors
GOLDEN = 0.618034  # steps of this share of a group's width spread its dots evenly
TICKS_BPM = (0, 1, 2, 5, 10, 20, 50, 100)
MARKS = {  # label, marker, colour by whether the error is within 5 bpm
    True: (f"within {NEAR_BPM:g} bpm", "o", BLUE),
    False: ("further off", "X", ORANGE),
}


def groupings_of(
    table: pd.DataFrame, pos_quality: pd.Series | None = None, tone: pd.Series | None = None
) -> dict[str, pd.Series]:
    """Ordered labels (n,) of a table's rows, by HR, difficulty and skin tone.

    pos_quality: by id, `quality` of POS, which needs no label: the third of the recordings with the
    highest quality is easy; those without a rate (NaN) are hard.  tone: by id, 0 very light to 1
    very dark, in thirds of that scale.  Ids that are missing in one of these have no label (NaN).
    """
    groupings = {
        "heart rate": pd.cut(table["hr_true_bpm"], RATE_EDGES_BPM, right=False, labels=RATES)
    }
    if pos_quality is not None:
        quality = pos_quality[pos_quality.index.isin(table["id"])]
        rank = quality.rank(ascending=False, method="first", na_option="bottom") - 1
        third = (3 * rank // len(rank)).reindex(table["id"])
        groupings["difficulty"] = pd.cut(third, (-1, 0, 1, 2), labels=DIFFICULTIES)
    if tone is not None:
        groupings["skin tone"] = pd.cut(tone.reindex(table["id"]), TONE_EDGES, labels=TONES)
    return {name: labels.set_axis(table.index) for name, labels in groupings.items()}


def plot_bland_altman(hr_true_bpm, hr_pred_bpm, title: str, origin: str) -> Figure:
    """Error over the mean of true and predicted HR, (n,) each, with the bias and the limits of
    agreement: bias +- 1.96 sd (Bland & Altman, Lancet 327, 1986).

    A single recording has no limits.  Raises ValueError as `metrics.score` does: for a missing HR
    and for no recordings.
    """
    n = score(hr_true_bpm, hr_pred_bpm, n_boot=1)["n"]
    true_bpm, pred_bpm = np.asarray(hr_true_bpm, float), np.asarray(hr_pred_bpm, float)
    error = pred_bpm - true_bpm
    bias, half = error.mean(), NORMAL_95 * error.std(ddof=1) if n > 1 else 0.0
    lines = {"bias": bias}
    if n > 1:
        lines |= {f"+{NORMAL_95} sd": bias + half, f"-{NORMAL_95} sd": bias - half}
    figure, axes = subplots(figsize=(6.8, 4.2))
    axes.axhspan(-NEAR_BPM, NEAR_BPM, color=GREEN, alpha=0.18, lw=0)
    _draw_dots(axes, (pred_bpm + true_bpm) / 2, error, np.abs(error) <= NEAR_BPM, counted=True)
    _draw_limits(axes, lines, highest=1.15 * max(np.abs([*error, *lines.values(), NEAR_BPM])))
    axes.set_xlabel("mean of predicted and true heart rate (bpm)")
    axes.set_ylabel("predicted - true (bpm)")
    axes.set_title(titled(title, origin), loc="left")
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def plot_errors_by(
    table: pd.DataFrame, groupings: dict[str, pd.Series], title: str, origin: str
) -> Figure:
    """One panel per grouping: absolute errors, one dot per recording, and the RMSE of each group
    with its 95 % bootstrap interval and number of recordings; those without a label are "unknown".

    groupings: result of `groupings_of`: name to labels (n,), ordered categories.
    Raises ValueError for labels of other rows than the table's, and as `metrics.score` does.
    """
    score(table["hr_true_bpm"], table["hr_bpm"], n_boot=1)  # raises if a rate is missing
    for name, labels in groupings.items():
        if not labels.index.equals(table.index):
            raise ValueError(f"{name}: {len(labels)} labels, not those of the {len(table)} rows")
    parts = {name: _groups(table, labels) for name, labels in groupings.items()}
    widths = [0.5 + len(groups) for groups in parts.values()]
    figure, panels = subplots(
        1,
        len(parts),
        figsize=(1 + 0.9 * sum(widths), 4.2),
        width_ratios=widths,
        sharey=True,
        squeeze=False,
    )
    for axes, (name, groups) in zip(panels[0], parts.items(), strict=True):
        _draw_groups(axes, groups)
        axes.set_title(f"by {name}", loc="left", fontsize="medium")
    furthest = (table["hr_bpm"] - table["hr_true_bpm"]).abs().max()
    _error_axis(panels[0, 0], furthest)
    marks = {label: {"marker": m, "color": c} for label, m, c in MARKS.values()}
    marks["RMSE, 95 % interval"] = {"marker": "D", "color": "black"}
    lines = [plt.Line2D([], [], ls="", **style) for style in marks.values()]
    figure.legend(lines, marks, loc="outside lower center", ncols=3, frameon=False)
    figure.suptitle(titled(title, origin), x=0.01, ha="left")
    return figure


def _groups(table: pd.DataFrame, labels: pd.Series) -> dict[str, pd.DataFrame]:
    """Rows by label, in the labels' order, with empty groups; "unknown" only if there are any."""
    order = labels.astype("category").cat.categories
    groups = {str(label): table[labels == label] for label in order}
    unknown = table[labels.isna()]
    return groups | ({UNKNOWN: unknown} if len(unknown) else {})


def _draw_groups(axes: Axes, groups: dict[str, pd.DataFrame]) -> None:
    for place, rows in enumerate(groups.values()):
        if rows.empty:
            continue
        error = (rows["hr_bpm"] - rows["hr_true_bpm"]).abs().to_numpy()
        across = place - 0.12 + 0.5 * ((GOLDEN * np.arange(len(rows))) % 1 - 0.5)
        _draw_dots(axes, across, error, error <= NEAR_BPM)
        result = score(rows["hr_true_bpm"], rows["hr_bpm"])
        rmse, at = result["rmse_bpm"], place + 0.27
        whisker = [[rmse - result["rmse_low"]], [result["rmse_high"] - rmse]]
        style = {"marker": "D", "ms": 5, "color": "black", "capsize": 2.5, "elinewidth": 1}
        axes.errorbar(at, rmse, yerr=whisker if len(rows) > 1 else None, **style)
        place_text = {"textcoords": "offset points", "va": "center", "fontsize": 8}
        axes.annotate(f"{rmse:.1f}", (at, rmse), (6, 0), **place_text)
    texts = [f"{label}\nn = {len(rows)}" for label, rows in groups.items()]
    axes.set_xticks(range(len(groups)), texts, fontsize="small")
    axes.set_xlim(-0.5, len(groups) - 0.3)


def _draw_dots(axes: Axes, x, y, near: np.ndarray, counted: bool = False) -> None:
    """Dots within 5 bpm and crosses further off; counted: both have a label with their number."""
    for kept in (True, False):
        label, marker, colour = MARKS[kept]
        chosen = near == kept
        style = {"s": 26, "alpha": 0.65, "lw": 0, "marker": marker, "color": colour}
        text = f"{label}: {chosen.sum()} of {len(near)}" if counted else None
        axes.scatter(x[chosen], y[chosen], label=text, **style)


def _draw_limits(axes: Axes, lines: dict[str, float], highest: float) -> None:
    """Horizontal lines with names in the right margin, moved apart if they would overlap."""
    axes.set_ylim(-highest, highest)
    least = 0.13 * highest
    heights: list[float] = []
    for name, value in sorted(lines.items(), key=lambda line: line[1]):
        axes.axhline(value, color="black", lw=1, ls="-" if name == "bias" else "--")
        heights.append(max(value, heights[-1] + least) if heights else value)
        axes.annotate(
            f"{name}: {value:+.1f}",
            (1.01, heights[-1]),
            xycoords=axes.get_yaxis_transform(),
            va="center",
            fontsize="small",
        )


def _error_axis(axes: Axes, furthest: float) -> None:
    """Absolute errors: even steps up to 5 bpm, logarithmic above."""
    axes.set_yscale("symlog", linthresh=NEAR_BPM, linscale=1.2)
    axes.set_yticks(TICKS_BPM, [str(tick) for tick in TICKS_BPM])
    axes.minorticks_off()
    axes.set_ylim(-0.3, 1.3 * max(NEAR_BPM, furthest))
    axes.set_ylabel("absolute error (bpm)")
