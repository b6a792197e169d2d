"""Quality of all datasets at a glance: one figure of numbers, one of crops.

The index is that of `rppg.plotting.dataset_quality`, whose pages show one dataset in detail.

    >>> row = {"id": "demo/ann/v1", "dataset": "demo", "status": "ok", "fps": 25.0, "gap_s": 0.0}
    >>> row |= {"face_hit_rate": 1.0, "duration_s": 60.0, "hr_true_bpm": 71.0}
    >>> figure = plot_overview(pd.DataFrame([row]), {"demo": 30.0}, {}, origin="real")
    >>> figure.get_suptitle()
    '1 dataset: 1 recording, 0 failed, 1.0 minutes prepared'
"""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from rppg.plotting.dataset_quality import CROPS_A_ROW, draw_crops
from rppg.plotting.style import BLUE, CLEAN, GREY, ORANGE, titled

SPREAD = 0.22  # of the points of a dataset about its line, so that equal ones are seen
LEAST_GAP_S, LEAST_SPAN_FPS = 1.0, 2.0  # minimum spans of axes
OVERLAY = {"color": ORANGE, "mfc": "none", "marker": "o", "ms": 6, "ls": ""}
NOMINAL = {"color": "black", "marker": "|", "ms": 15, "mew": 1.4, "ls": ""}


def plot_overview(
    index: pd.DataFrame,
    nominal_fps: Mapping[str, float | None],
    hr_pos_bpm: Mapping[str, float],
    origin: str,
) -> Figure:
    """A line per dataset, a point per recording: frames with a face, gaps, frame rate, heart rate.

    nominal_fps: by dataset, the rate in its paper; missing or None if there is no single one.
    hr_pos_bpm: by id, HR estimated by POS.  Raises ValueError for an index without rows.
    """
    if index.empty:
        raise ValueError("no recordings in the index, expected one row or more")
    datasets = list(dict.fromkeys(index["dataset"]))[::-1]  # the first one at the top
    lines = {dataset: line for line, dataset in enumerate(datasets)}
    at = index["dataset"].map(lines) + _spread(index["dataset"])
    with plt.rc_context(CLEAN):
        figure, panels = plt.subplots(
            1, 4, figsize=(11, 1.6 + 0.36 * len(datasets)), sharey=True, layout="constrained"
        )
    hits, gaps, rates, hearts = panels
    for axes, column in ((hits, "face_hit_rate"), (gaps, "gap_s"), (rates, "fps")):
        axes.plot(index[column].astype(float), at, "o", ms=4, color=BLUE, alpha=0.6)
    _finish_numbers(hits, gaps, rates, index)
    nominal = {lines[name]: fps for name, fps in nominal_fps.items() if fps and name in lines}
    rates.plot(list(nominal.values()), list(nominal), **NOMINAL, label="published rate")
    _draw_hearts(hearts, index, at, hr_pos_bpm)
    names = [_name(dataset, index[index["dataset"] == dataset]) for dataset in datasets]
    hits.set_yticks(range(len(datasets)), names)
    hits.set_ylim(-0.6, len(datasets) - 0.4)
    for axes in panels:
        axes.grid(axis="y", color=GREY, alpha=0.2)
    handles = [handle for axes in (rates, hearts) for handle in axes.get_legend_handles_labels()[0]]
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False)
    figure.suptitle(titled(_summary(index, len(datasets)), origin), x=0.01, ha="left")
    return figure


def plot_sheet(
    crops: Mapping[str, np.ndarray],
    outlines: Mapping[str, Mapping[str, np.ndarray]],
    title: str,
    origin: str,
) -> Figure:
    """Crops with the six regions drawn on them, six a row, each under its id.

    crops: id to (H, W, 3) uint8; outlines: id to {region: (k, 2) pixels in its crop}, which may be
    missing.  Raises ValueError without crops.
    """
    if not crops:
        raise ValueError("no crops to draw, expected one or more")
    n_rows = -(-len(crops) // CROPS_A_ROW)
    figure = plt.figure(figsize=(11, 0.7 + 1.95 * n_rows), layout="constrained")
    draw_crops(figure, crops, outlines, n_rows, dataset=True)
    figure.suptitle(titled(title, origin), x=0.01, ha="left")
    return figure


def _finish_numbers(hits: Axes, gaps: Axes, rates: Axes, index: pd.DataFrame) -> None:
    hits.set(xlim=(-0.02, 1.02), xlabel="frames with a face")
    hits.xaxis.set_major_formatter(PercentFormatter(1))
    longest = np.nanmax([*index["gap_s"].astype(float), LEAST_GAP_S])
    gaps.set(xlim=(-0.02 * longest, 1.05 * longest), xlabel="gaps over 0.5 s, sum (s)")
    low, high = index["fps"].min(), index["fps"].max()
    if high - low < LEAST_SPAN_FPS:
        middle = (low + high) / 2
        rates.set_xlim(middle - LEAST_SPAN_FPS / 2, middle + LEAST_SPAN_FPS / 2)
    rates.set_xlabel("frames per second")
    for axes in (gaps, rates):
        axes.xaxis.set_major_locator(MaxNLocator(4))


def _draw_hearts(axes: Axes, index: pd.DataFrame, at: pd.Series, hr_pos_bpm: Mapping) -> None:
    style = {"color": BLUE, "alpha": 0.6, "ms": 4, "label": "one recording; heart rate: its label"}
    axes.plot(index["hr_true_bpm"].astype(float), at, "o", **style)
    if len(hr_pos_bpm):
        axes.plot(index["id"].map(hr_pos_bpm), at, **OVERLAY, label="heart rate of POS")
    axes.set_xlabel("heart rate (bpm)")


def _spread(datasets: pd.Series) -> pd.Series:
    """(n,) offsets from the line of a dataset, alternating in size, so that points are apart."""
    place = datasets.groupby(datasets).cumcount()
    return SPREAD * ((0.618 * place) % 1 * 2 - 1)


def _name(dataset: str, rows: pd.DataFrame) -> str:
    n_failed = int((rows["status"] == "failed").sum())
    return f"{dataset}: {len(rows)}" + (f", {n_failed} FAILED" if n_failed else "")


def _summary(index: pd.DataFrame, n_datasets: int) -> str:
    n, n_failed = len(index), int((index["status"] == "failed").sum())
    minutes = index.loc[index["status"] == "ok", "duration_s"].sum() / 60
    counts = f"{n} recording{'s' if n > 1 else ''}, {n_failed} failed"
    sets = f"{n_datasets} dataset{'s' if n_datasets > 1 else ''}"
    return f"{sets}: {counts}, {minutes:.1f} minutes prepared"
