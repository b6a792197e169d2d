"""Quality page of a dataset: one figure that reveals problems of its preparation.

The index has one row per recording: id, status ("ok" or "failed"), duration_s, fps, fps_source,
face_hit_rate (0-1), gap_s, hr_true_bpm; numbers are NaN if unknown.

    >>> row = {"id": "demo/ann/v1", "status": "ok", "fps": 25.0, "fps_source": "stamps"}
    >>> row |= {"face_hit_rate": 1.0, "gap_s": 0.0, "duration_s": 60.0, "hr_true_bpm": 71.0}
    >>> figure = plot_quality(pd.DataFrame([row]), {}, {}, "demo", nominal_fps=25, origin="real")
    >>> figure.get_suptitle()
    'demo: 1 recording, 0 failed, 1.0 minutes prepared'
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon
from matplotlib.ticker import MaxNLocator, PercentFormatter

from rppg.plotting.style import BLUE, CLEAN, GREEN, GREY, ORANGE, PURPLE, titled

MOST_CROPS = 12
CROPS_A_ROW = 6
REGION_COLOURS = (BLUE, "#56B4E9", ORANGE, "#E69F00", GREEN, PURPLE)
SOURCE_COLOURS = {"stamps": BLUE, "labels": GREEN, "container": ORANGE}  # of frame times
N_BINS = 25  # bins of frame rates: odd, so that a single rate is in the middle of a bin
BIN_BPM = 5.0
BARS_SHARE = 0.66  # share of a histogram's height for the bars; the legend gets the rest
LEAST_SPAN_FPS = 2.0  # minimum span of the axis of frame rates, so that 29.97 and 30.00 coincide
SMALL = {"fontsize": "small"}


def plot_quality(
    index: pd.DataFrame,
    crops: dict[str, np.ndarray],
    outlines: dict[str, dict[str, np.ndarray]],
    dataset: str,
    nominal_fps: float | None,
    origin: str,
    hr_pos_bpm: np.ndarray | None = None,
) -> Figure:
    """One page: face hit rates, gaps, frame rates, heart rates, and the first 12 crops.

    crops: id to (H, W, 3) uint8; outlines: id to {region: (k, 2) pixels in its crop}.
    nominal_fps: rate in the dataset's paper, None if it states no single rate.  hr_pos_bpm (n,):
    HR estimated by POS, NaN if there is none.
    Raises ValueError for an index without rows.
    """
    if index.empty:
        raise ValueError(f"{dataset}: no recordings in the index, expected one row or more")
    shown = dict(list(crops.items())[:MOST_CROPS])
    n_rows = -(-len(shown) // CROPS_A_ROW)
    figure = plt.figure(figsize=(11, 3.1 + 1.95 * n_rows), layout="constrained")
    top, *bottom = figure.subfigures(
        1 + bool(n_rows), 1, height_ratios=[3, 1.95 * n_rows][: 1 + bool(n_rows)], squeeze=False
    )[:, 0]
    with plt.rc_context(CLEAN):
        hits, gaps, rates, hearts = top.subplots(1, 4)
    prepared = index[index["status"] == "ok"]
    _draw_hits(hits, prepared, n_failed=len(index) - len(prepared))
    _draw_gaps(gaps, prepared)
    _draw_rates(rates, prepared, nominal_fps)
    _draw_hearts(hearts, index["hr_true_bpm"], hr_pos_bpm)
    for below in bottom:
        draw_crops(below, shown, outlines, n_rows)
    figure.suptitle(titled(_summary(index, prepared, dataset), origin), x=0.01, ha="left")
    return figure


def _summary(index: pd.DataFrame, prepared: pd.DataFrame, dataset: str) -> str:
    n, minutes = len(index), prepared["duration_s"].sum() / 60
    length = f"{minutes / 60:.1f} hours" if minutes >= 120 else f"{minutes:.1f} minutes"
    word = "recording" if n == 1 else "recordings"
    return f"{dataset}: {n} {word}, {n - len(prepared)} failed, {length} prepared"


def _draw_hits(axes: Axes, prepared: pd.DataFrame, n_failed: int) -> None:
    """Share of frames with a face, one point per recording, failed ones first, then the worst."""
    share = np.sort(_numbers(prepared["face_hit_rate"]))
    rank = np.arange(n_failed + 1, n_failed + 1 + len(share))
    if n_failed:
        style = {"marker": "X", "s": 26, "color": ORANGE, "lw": 0, "clip_on": False}
        axes.scatter(np.arange(1, n_failed + 1), np.zeros(n_failed), **style)
        place = {"transform": axes.transAxes, "ha": "right", "color": ORANGE, **SMALL}
        axes.text(0.98, 0.06, f"crosses: {n_failed} failed", **place)
    axes.scatter(rank, share, s=14, color=BLUE, lw=0, clip_on=False)
    axes.set(ylim=(0, 1), xlabel="recordings, worst first", ylabel="frames with a face")
    axes.set_xlim(0.5, max(2, n_failed + len(share)) + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.set_title("Face hit rate", loc="left", fontsize="medium")


def _draw_gaps(axes: Axes, prepared: pd.DataFrame) -> None:
    gap_s = np.sort(_numbers(prepared["gap_s"]))[::-1]
    with_gap = gap_s[gap_s > 0]
    axes.set_title("Gaps over 0.5 s", loc="left", fontsize="medium")
    if not len(with_gap):
        _write(axes, f"none in {len(gap_s)}" if len(gap_s) else "nothing prepared")
        return
    axes.bar(np.arange(1, len(with_gap) + 1), with_gap, width=1, color=BLUE, alpha=0.75)
    axes.set(xlabel=f"{len(with_gap)} of {len(gap_s)} recordings", ylabel="sum of gaps (s)")
    axes.set_xlim(0.3, max(2, len(with_gap)) + 0.7)
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))


def _draw_rates(axes: Axes, prepared: pd.DataFrame, nominal_fps: float | None) -> None:
    """Mean frame rates by the source of the times, and the nominal rate."""
    axes.set_title("Frame rate", loc="left", fontsize="medium")
    known = prepared[prepared["fps"].notna()]
    if known.empty:
        _write(axes, "no frame rate known")
        return
    rates = [*_numbers(known["fps"]), *([] if nominal_fps is None else [nominal_fps])]
    spare = max(0.05 * np.ptp(rates), (LEAST_SPAN_FPS - np.ptp(rates)) / 2)
    edges = np.linspace(min(rates) - spare, max(rates) + spare, N_BINS + 1)
    groups = {source: known.loc[known["fps_source"] == source, "fps"] for source in SOURCE_COLOURS}
    groups = {source: fps for source, fps in groups.items() if len(fps)}
    colours = [SOURCE_COLOURS[source] for source in groups]
    names = [f"{source}: {len(fps)}" for source, fps in groups.items()]
    axes.hist([*groups.values()], edges, stacked=True, color=colours, alpha=0.65, label=names)
    if nominal_fps is not None:
        style = {"color": "black", "lw": 1, "ls": "--", "label": f"nominal {nominal_fps:g}"}
        axes.axvline(nominal_fps, ymax=BARS_SHARE, **style)
    _count_axis(axes, "frames per second")


def _draw_hearts(axes: Axes, hr_true_bpm, hr_pos_bpm) -> None:
    axes.set_title("Heart rate", loc="left", fontsize="medium")
    labels = _numbers(hr_true_bpm)
    estimates = _numbers(() if hr_pos_bpm is None else hr_pos_bpm)
    if not len(labels) + len(estimates):
        _write(axes, "no labels")
        return
    low, high = (f(np.r_[labels, estimates] / BIN_BPM) for f in (np.min, np.max))
    edges = BIN_BPM * np.arange(np.floor(low) - 1, np.floor(high) + 3)
    text = f"labels: {len(labels)}" if len(labels) else "no labels"
    axes.hist(labels, edges, color=BLUE, alpha=0.65, label=text)
    if hr_pos_bpm is not None:
        style = {"histtype": "step", "color": ORANGE, "lw": 1.4, "label": f"POS: {len(estimates)}"}
        axes.hist(estimates, edges, **style)
    _count_axis(axes, "heart rate (bpm)")


def draw_crops(part, crops, outlines, n_rows: int, dataset: bool = False) -> None:
    """A contact sheet in a figure or subfigure: each crop with the outlines of its regions, under
    its id, whose dataset is left out unless `dataset`; six crops a row."""
    panels = part.subplots(n_rows, CROPS_A_ROW, squeeze=False)
    for axes in panels.flat:
        axes.set_axis_off()
    for axes, (id, crop) in zip(panels.flat, crops.items(), strict=False):
        axes.imshow(crop)
        axes.autoscale(False)  # outlines outside the crop must not change its scale
        regions = outlines.get(id, {})
        for points, colour in zip(regions.values(), REGION_COLOURS, strict=False):
            axes.add_patch(Polygon(points, fill=False, edgecolor=colour, lw=1))
        axes.set_title(_short(id if dataset else id.split("/", 1)[-1]), fontsize=7, pad=2)
    names = next(iter(outlines.values()), {})
    marks = [
        Line2D([], [], color=colour, label=name.replace("_", " "))
        for name, colour in zip(names, REGION_COLOURS, strict=False)
    ]
    if marks:
        part.legend(handles=marks, loc="outside lower center", ncols=6, frameon=False, **SMALL)


def _short(name: str, longest: int = 26) -> str:
    return name if len(name) <= longest else f"{name[: longest // 2]}…{name[-longest // 2 + 1 :]}"


def _count_axis(axes: Axes, label: str) -> None:
    axes.set(xlabel=label, ylabel="recordings")
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.set_ylim(0, max(1, axes.get_ylim()[1]) / BARS_SHARE)
    axes.legend(frameon=False, loc="upper left", borderaxespad=0, **SMALL)


def _numbers(values) -> np.ndarray:
    numbers = np.asarray(values, float)
    return numbers[np.isfinite(numbers)]


def _write(axes: Axes, text: str) -> None:
    axes.set_axis_off()
    axes.text(0, 0.5, text, transform=axes.transAxes, color=GREY)
