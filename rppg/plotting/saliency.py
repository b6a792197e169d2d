"""Block of predicted BVPs, one per cell of the face, and saliency of the pixels.

S x S cells of the face, numbered row by row, each with a BVP (T,); saliency is (H, W).

    >>> waves = np.sin(2 * np.pi * 1.2 * np.arange(300) / 30) * np.ones((4, 1))
    >>> crop, found = np.zeros((128, 128, 3), np.uint8), [None] * 5  # no heart rates
    >>> figure = plot_block(crop, waves, found, 30, None, None, "Untrained", origin="synthetic")
    >>> figure.get_suptitle()
    'Untrained (synthetic)'
"""

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.patheffects import withStroke

from rppg.plotting.style import BLUE, CLEAN, GREEN, ORANGE, PURPLE, titled

SHOWN_S = 10.0  # only this part of a BVP is drawn, so that beats are visible
COLOURS = (BLUE, ORANGE, GREEN, PURPLE)  # of the cells, in turn; their numbers identify them
OUTLINE = [withStroke(linewidth=2.5, foreground="black")]
TRUE = {"color": "black", "lw": 1, "ls": "--"}
ENDS = 0.05  # share of a BVP at each end that is drawn, but ignored in the scale
LOUD = 0.99  # quantile of the saliency above which pixels look the same
SMALL = {"fontsize": "small"}


def plot_block(
    crop: np.ndarray,
    waves: np.ndarray,
    found: Sequence[Any],
    fps: float,
    saliency: np.ndarray | None,
    hr_true_bpm: float | None,
    title: str,
    origin: str,
) -> Figure:
    """The face with its cells, BVP and spectrum of each cell and of their mean, which is the
    prediction, and the influence of each pixel on it.

    crop: (H, W, 3) uint8.  waves: (S S, T), row by row.  found: HeartRates of the BVPs and, last,
    of their mean; None for one without a rate.  saliency: (H', W') >= 0; None: not drawn.
    hr_true_bpm: a dashed line.  With `seen_in_clip` of rppg.inference.pixel_saliency:

        plot_block(crop, **seen_in_clip(model, clip), hr_true_bpm=72, title=id, origin=origin)

    Raises ValueError unless there are S x S BVPs and S x S + 1 HeartRates or None.
    """
    waves = np.asarray(waves, dtype=float)
    side = round(len(waves) ** 0.5)
    if waves.ndim != 2 or side**2 != len(waves) or len(found) != len(waves) + 1:
        text = f"expected waves (S S, T) and S S + 1 heart rates, found {waves.shape}"
        raise ValueError(f"{text} and {len(found)}")
    n_rows = len(waves) + (side > 1)  # no extra row for the mean of one BVP
    n_faces = 1 if saliency is None else 2
    size = (6.4 + 3 * n_faces, max(3.6, 0.7 + 0.75 * n_rows))
    figure = plt.figure(figsize=size, layout="constrained")
    parts = figure.subfigures(1, 1 + n_faces, width_ratios=(3, 6.4, 3)[: 1 + n_faces])
    _draw_cells(parts[0].subplots(), crop, side)
    _draw_waves(parts[1], np.vstack([waves, waves.mean(axis=0)])[:n_rows], found, fps, hr_true_bpm)
    if saliency is not None:
        _draw_saliency(parts[2].subplots(), crop, np.asarray(saliency, dtype=float))
    figure.suptitle(titled(title, origin), x=0.01, ha="left")
    return figure


def plot_looks(
    crops: np.ndarray, saliency: np.ndarray, warped: np.ndarray, title: str, origin: str
) -> Figure:
    """One column per recording: the crop, the saliency of a sampler, and the resampled crop.

    crops: (n, H, W, 3) uint8, saliency: (n, G, G), warped: (n, H', W', 3) uint8.
    """
    size = (max(0.9 + 1.7 * len(crops), 5), 5.4)  # space for the title
    figure, panels = plt.subplots(3, len(crops), figsize=size, layout="constrained", squeeze=False)
    names = ("crop", "saliency", "resampled")
    for column, (crop, place, frame) in enumerate(zip(crops, saliency, warped, strict=True)):
        _draw_face(panels[0, column], crop)
        _draw_saliency(panels[1, column], crop, np.asarray(place, dtype=float))
        _draw_face(panels[2, column], frame)
        for axes, name in zip(panels[:, column], names, strict=True):
            axes.set_title(name if column == 0 else "", loc="left", **SMALL)
    figure.suptitle(titled(title, origin), x=0.01, ha="left")
    return figure


def _draw_cells(axes: Axes, crop: np.ndarray, side: int) -> None:
    """The face with side x side numbered cells."""
    height, width = crop.shape[:2]
    _draw_face(axes, crop)
    axes.set_title(f"{side} x {side} cells" if side > 1 else "one cell", loc="left", **SMALL)
    for cell in range(side**2):
        row, column = divmod(cell, side)
        place = (column + 0.06) * width / side, (row + 0.06) * height / side
        style = {"color": "white", "va": "top", "weight": "bold", "path_effects": OUTLINE}
        axes.text(*place, str(cell + 1), **style)
        corner = column * width / side + 1.5, row * height / side + 1.5
        inside = width / side - 3, height / side - 3
        axes.add_patch(plt.Rectangle(corner, *inside, fill=False, lw=2.5, ec=_colour(cell)))


def _draw_waves(
    part: SubFigure, waves: np.ndarray, found: Sequence[Any], fps: float, hr_true_bpm: float | None
) -> None:
    """One row per BVP with its spectrum, scaled without the ends of the clip, where padding may
    cause large values."""
    with plt.rc_context(CLEAN):
        panels = part.subplots(len(waves), 2, sharex="col", squeeze=False, width_ratios=(2.2, 1))
    n_shown = min(round(SHOWN_S * fps), *map(len, waves))
    for i, (wave, (left, right)) in enumerate(zip(waves, panels, strict=True)):
        is_mean = i == len(waves) - 1 and i > 0
        colour = "black" if is_mean else _colour(i)
        left.plot(np.arange(len(wave))[:n_shown] / fps, wave[:n_shown], color=colour, lw=1)
        n_ends = round(ENDS * len(wave))
        inner = wave[n_ends : len(wave) - n_ends]
        spare = 0.15 * max(np.ptp(inner), 1e-12)
        limits = inner.min() - spare, inner.max() + spare
        left.set(yticks=[], xlim=(0, n_shown / fps), ylim=limits)
        name = "mean" if is_mean else str(i + 1)
        left.set_ylabel(name, rotation=0, ha="right", va="center", weight="bold", color=colour)
        _draw_spectrum(right, found[i], hr_true_bpm, colour)
    panels[-1, 0].set_xlabel("time (s)", **SMALL)
    panels[-1, 1].set_xlabel("heart rate (bpm)", **SMALL)
    name = "BVP of each cell" if len(waves) > 1 else "BVP"
    panels[0, 0].set_title(name, loc="left", **SMALL)
    if hr_true_bpm is not None:
        panels[0, 1].set_title(f"dashed: true, {hr_true_bpm:.1f} bpm", loc="left", **SMALL)
    for axes in panels.flat:
        axes.tick_params(labelsize="small")


def _draw_spectrum(axes: Axes, found: Any, hr_true_bpm: float | None, colour: str) -> None:
    """Power over bpm, labelled with the HR of its peak."""
    axes.set(yticks=[], ylim=(0, 1.12))
    if hr_true_bpm is not None:
        axes.axvline(hr_true_bpm, **TRUE)
    if found is not None:
        freq_bpm, power = 60 * np.asarray(found.freq_hz), np.asarray(found.power)
        axes.plot(freq_bpm, power / power.max(), color=colour, lw=1.2)
        axes.set_xlim(freq_bpm[0], freq_bpm[-1])
    text = "no rate" if found is None else f"{found.hr_bpm:.1f}\nbpm"
    axes.text(1.05, 0.5, text, va="center", transform=axes.transAxes, color=colour)


def _draw_saliency(axes: Axes, crop: np.ndarray, saliency: np.ndarray) -> None:
    """The face in grey, overlaid with the influence of each pixel."""
    grey = np.asarray(crop, dtype=float).mean(axis=2, keepdims=True).repeat(3, axis=2)
    _draw_face(axes, grey.astype(np.uint8))
    share = np.clip(saliency / max(np.quantile(saliency, LOUD), 1e-30), 0, 1)
    height, width = crop.shape[:2]
    style = {"cmap": "inferno", "vmin": 0, "vmax": 1, "interpolation": "nearest"}
    axes.imshow(share, extent=(0, width, height, 0), alpha=0.25 + 0.6 * share, **style)
    axes.set_title("bright: pixels with influence", loc="left", **SMALL)


def _draw_face(axes: Axes, crop: np.ndarray) -> None:
    height, width = crop.shape[:2]
    axes.imshow(crop, extent=(0, width, height, 0))
    axes.set_axis_off()


def _colour(cell: int) -> str:
    return COLOURS[cell % len(COLOURS)]
