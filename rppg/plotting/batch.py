"""Figures of a batch as a net sees it: maps, or face crops and what the first layer makes of them.

    >>> clips = np.random.default_rng(0).normal(size=(4, 90, 63, 6))
    >>> figure = plot_maps(clips, list("abcd"), CHROMINANCE, 30, "One batch", "synthetic")
    >>> figure.get_suptitle()
    'One batch (synthetic)'

Each is a function of arrays that returns a matplotlib Figure; nothing is shown or saved.  A pulse
is a row of even stripes, one per beat; a batch without them teaches a net nothing.
"""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rppg.plotting.style import titled

CHROMINANCE = ("R / mean", "G / mean", "B / mean", "G - B", "POS", "CHROM")
COLOURS = ("R", "G", "B", "Y", "U", "V")
MOST_CLIPS = 8
SHOWN_FRAMES = 5  # of each clip of crops
PULSE = 1  # channel of crops in which the pulse is strongest: POS of chrominance, else G
SMALL = {"loc": "left", "fontsize": "small"}


def clip_names(
    ids: Sequence[str], speeds: Sequence[float], rates_hz: Sequence[float] = ()
) -> list[str]:
    """Names of the clips of a batch (B,), such as "PURE/01/01-01, speed 0.90, light at 112 bpm".

    rates_hz (B,): of the distractors, NaN for a clip without one; empty if there are none.
    """
    names = [f"{id}, speed {float(speed):.2f}" for id, speed in zip(ids, speeds, strict=True)]
    for place, rate_hz in enumerate(map(float, rates_hz)):
        names[place] += f", light at {60 * rate_hz:.0f} bpm" if np.isfinite(rate_hz) else ""
    return names


def plot_maps(
    clips: np.ndarray,
    names: Sequence[str],
    channels: Sequence[str],
    fps: float,
    title: str,
    origin: str,
) -> Figure:
    """Left, the first clip in each of its channels; right, one channel of all clips, 8 at most.

    clips: (B, T, N, C) as the net is given them.  names: (B,) of the clips, channels: (C,), such as
    CHROMINANCE, or COLOURS of every other normalisation.
    """
    clips, n_channels = np.asarray(clips, float)[:MOST_CLIPS], len(channels)
    shown = channels.index("POS") if "POS" in channels else channels.index("G")
    n_rows = max(n_channels, len(clips))
    figure = plt.figure(figsize=(11, 0.6 + 0.72 * n_rows), layout="constrained")
    left, right = figure.subfigures(1, 2)
    for part, pictures, labels in (
        (left, clips[0].transpose(2, 0, 1), channels),
        (right, clips[..., shown], names),
    ):
        panels = part.subplots(len(pictures), 1, sharex=True, squeeze=False)[:, 0]
        for axes, picture, label in zip(panels, pictures, labels, strict=False):
            _draw_rows(axes, picture, fps)
            axes.set_title(label, **SMALL)
        panels[-1].set_xlabel("time (s)")
    left.suptitle(f"{names[0]}: {n_channels} channels", x=0.01, ha="left", fontsize="medium")
    right.suptitle(f"{channels[shown]} of each clip", x=0.01, ha="left", fontsize="medium")
    figure.suptitle(titled(title, origin), x=0.01, ha="left")
    return figure


def plot_crops(
    crops: np.ndarray,
    seen: dict[str, np.ndarray],
    names: Sequence[str],
    seconds: float,
    title: str,
    origin: str,
) -> Figure:
    """A clip per row, 8 at most: five of its frames, and every pixel over time, one picture per
    entry of `seen`.

    crops: (B, T, H, W, 3), 0 to 255.  seen: what the first layer is given, (B, 3, t, H, W), by
    label, such as "" and "with a distractor"; the first label follows the clip's name.  seconds:
    duration of the clips.
    """
    crops, seconds = np.asarray(crops, float)[:MOST_CLIPS], float(seconds)
    figure, panels = plt.subplots(
        len(crops),
        SHOWN_FRAMES + len(seen),
        figsize=(11, 0.7 + 1.1 * len(crops)),
        width_ratios=[1] * SHOWN_FRAMES + [4] * len(seen),
        squeeze=False,
        layout="constrained",
    )
    at = np.linspace(0, crops.shape[1] - 1, SHOWN_FRAMES).round().astype(int)
    for number, (row, name) in enumerate(zip(panels, names, strict=False)):
        for axes, frame in zip(row, at, strict=False):
            axes.imshow(np.clip(crops[number, frame] / 255, 0, 1))
            axes.set_axis_off()
        for axes, (label, given) in zip(row[SHOWN_FRAMES:], seen.items(), strict=True):
            by_pixel = np.asarray(given, float)[number, PULSE]  # (t, H, W)
            _draw_rows(axes, by_pixel.reshape(len(by_pixel), -1), len(by_pixel) / seconds)
            axes.set_title(f"{name}{label}" if axes is row[SHOWN_FRAMES] else label, **SMALL)
            axes.tick_params(labelbottom=number == len(crops) - 1)
    for axes in panels[-1, SHOWN_FRAMES:]:
        axes.set_xlabel("time (s)")
    figure.suptitle(titled(title, origin), x=0.01, ha="left")
    return figure


def _draw_rows(axes: Axes, picture: np.ndarray, fps: float) -> None:
    """(T, N) as N rows over time, grey; black and white are the 2nd and 98th percentile."""
    low, high = np.nanpercentile(picture, (2, 98))
    style = {"cmap": "gray", "vmin": low, "vmax": max(high, low + 1e-9), "aspect": "auto"}
    extent = (0, len(picture) / fps, picture.shape[1], 0)
    axes.imshow(picture.T, extent=extent, interpolation="nearest", **style)
    axes.set_yticks([])
    axes.tick_params(labelsize="small")
