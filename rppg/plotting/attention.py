"""Attention of a learned model, drawn on a face: share per region and per row of the map.

A map has one row per combination of n regions, 2^n - 1 in total; shares sum to 1.

    >>> polygons = {"cheek": [[2, 5], [4, 5], [3, 8]], "forehead": [[2, 1], [8, 1], [5, 3]]}
    >>> weights, rows = {"cheek": 0.45, "forehead": 0.55}, [0.4, 0.3, 0.3]
    >>> face = np.zeros((10, 10, 3), np.uint8)
    >>> figure = plot_attention(face, polygons, weights, rows, "Attention", origin="synthetic")
    >>> figure.get_suptitle()
    'Attention (synthetic)'
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Polygon
from matplotlib.patheffects import withStroke

from rppg.plotting.style import BLUE, CLEAN, GREY, ORANGE, titled

LEAST_SPAN = 0.1  # smaller deviations from an equal share are drawn pale, not amplified
STRONGEST = 0.65  # opacity of the region furthest from an equal share
SMALL = {"fontsize": "small"}


def plot_attention(
    crop: np.ndarray,
    polygons: dict[str, np.ndarray],
    weights: dict[str, float],
    row_weights,
    title: str,
    origin: str,
) -> Figure:
    """Attention on a face: the share of each region, and next to it the share of each row of the
    map, with dots for the regions in the row.

    crop: (H, W, 3) uint8.  polygons: region to (k, 2) pixels of the crop.  weights: region to
    share, in the map's order of regions.  row_weights: (2^n - 1,) for n regions; row i, from 1, is
    the binary number i, the first region its highest bit.  Orange means more than an equal share,
    blue less; the numbers are the shares.  With `seen_in_map` of the model's attention_maps:

        clips = Clips(store, [id], normalise=normalise)
        clip = clips[clips.first(id)]["clip"][None]  # (1, T, 63, 6)
        shares = seen_in_map(model, clip, COMBINATIONS, REGIONS)
        crops, outlines = previews(store, [id])
        plot_attention(crops[id], outlines[id], **shares, title=id, origin=origin)

    Raises ValueError if polygons and weights have different regions, or the number of rows differs.
    """
    row_weights = np.asarray(row_weights, dtype=float)
    if set(polygons) != set(weights):
        raise ValueError(f"polygons of {sorted(polygons)}, but weights of {sorted(weights)}")
    if row_weights.shape != (2 ** len(weights) - 1,):
        expected = f"({2 ** len(weights) - 1},) for {len(weights)} regions"
        raise ValueError(f"expected row weights {expected}, found {row_weights.shape}")
    figure = plt.figure(figsize=(11, 4.4), layout="constrained")
    with plt.rc_context(CLEAN):
        grid = figure.add_gridspec(2, 2, width_ratios=(0.62, 1), height_ratios=(1.5, 1))
        face = figure.add_subplot(grid[:, 0])
        bars = figure.add_subplot(grid[0, 1])
        dots = figure.add_subplot(grid[1, 1], sharex=bars)
    _draw_face(face, crop, polygons, weights)
    _draw_rows(bars, dots, row_weights, list(weights))
    figure.suptitle(titled(title, origin), x=0.01, ha="left")
    return figure


def _draw_face(axes: Axes, crop, polygons: dict, weights: dict[str, float]) -> None:
    """Regions filled by their deviation from an equal share, labelled with the share."""
    excess = {region: share * len(weights) - 1 for region, share in weights.items()}
    span = max(LEAST_SPAN, *map(abs, excess.values()))
    place = {"ha": "center", "va": "center", "color": "white", "clip_on": True}
    outline = [withStroke(linewidth=2.5, foreground="black")]
    axes.imshow(crop)
    for region, points in polygons.items():
        colour = ORANGE if excess[region] > 0 else BLUE
        alpha = STRONGEST * abs(excess[region]) / span
        axes.add_patch(Polygon(points, facecolor=colour, alpha=alpha, lw=0))
        axes.add_patch(Polygon(points, fill=False, edgecolor="white", lw=0.8))
        place = {"ha": "center", "va": "center", "color": "white", "clip_on": True}
        axes.text(
            *np.mean(points, axis=0),
            f"{100 * weights[region]:.1f} %",
            path_effects=outline,
            **place,
            **SMALL,
        )
    axes.set_axis_off()
    even = f"equal shares would be {100 / len(weights):.1f} %: orange is more, blue less"
    axes.set_title(even, loc="left", **SMALL)


def _draw_rows(bars: Axes, dots: Axes, row_weights: np.ndarray, regions: list[str]) -> None:
    """Bars of the rows, sorted by number of regions, then by share; dots for the regions below."""
    n_rows, n = len(row_weights), len(regions)
    members = np.arange(1, n_rows + 1)[:, None] >> np.arange(n - 1, -1, -1) & 1  # (rows, regions)
    size = members.sum(axis=1)
    order = np.lexsort((-row_weights, size))
    bars.bar(np.arange(n_rows), 100 * row_weights[order], color=BLUE, alpha=0.6, width=0.8)
    bars.axhline(100 / n_rows, color=GREY, lw=1, ls="--")
    bars.set(ylabel="share (%)", xlim=(-0.8, n_rows - 0.2))
    bars.set_title(f"the {n_rows} rows of the map; dashed: equal shares", loc="left", **SMALL)
    bars.tick_params(bottom=False, labelbottom=False)
    at, region = np.nonzero(members[order])
    dots.scatter(at, region, s=9, color="black", lw=0)
    for edge in np.flatnonzero(np.diff(size[order])) + 0.5:
        for axes in (bars, dots):
            axes.axvline(edge, color=GREY, lw=0.5, alpha=0.5)
    dots.set_yticks(range(n), regions, **SMALL)
    dots.set(xticks=[], ylim=(n - 0.4, -0.6), xlabel="rows of one region, of two, ... of all")
