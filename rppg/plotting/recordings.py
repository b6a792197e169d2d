"""Figures of recordings and predictions.

Each is a function of arrays or a table that returns a matplotlib Figure; nothing is shown or saved.
Titles contain "synthetic" if the origin is synthetic.  Colours are those of Okabe and Ito, which
colour-blind readers can distinguish; no information is in colour alone.

    >>> figure = plot_predictions([60, 80], [61, 95], title="POS, test", origin="synthetic")
    >>> figure.axes[0].get_title(loc="left")
    'POS, test (synthetic)'
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.ndimage import uniform_filter1d

from rppg.evaluation.consensus_words import certainty
from rppg.plotting.rate_over_time import draw_rate_over_time, has_course
from rppg.plotting.style import BLUE, CLEAN, ORANGE, draw_identity, subplots, titled
from rppg.signals.bandpass import bandpass
from rppg.signals.heart_rate import finite_stretches

NEAR_BPM = 5.0  # half-width of the band around the true HR
NEAR_PEAK_BPM = 6.0  # half-width of the band in the quality of a spectrum
SLOW_S = 1.6  # slower changes of light and motion are removed from a map
LONGEST_WAVE_S = 20.0  # only this part of a longer BVP is drawn, so that beats are visible


def plot_predictions(hr_true_bpm, hr_pred_bpm, title: str, origin: str) -> Figure:
    """Predicted over true HR, (n,) each, with the identity line and a band of +-5 bpm.

    A constant predictor is a horizontal row of points; halved rates are on a line of slope 1/2.
    """
    true_bpm, pred_bpm = np.asarray(hr_true_bpm, float), np.asarray(hr_pred_bpm, float)
    both = np.r_[true_bpm, pred_bpm]
    ends = np.array([np.nanmin(both) - 8, np.nanmax(both) + 8])
    near = np.abs(pred_bpm - true_bpm) <= NEAR_BPM
    figure, axes = subplots(figsize=(5, 5))
    draw_identity(axes, ends)
    for chosen, mark, colour, label in (
        (near, "o", BLUE, f"within {NEAR_BPM:g} bpm: {near.sum()} of {len(near)}"),
        (~near, "X", ORANGE, f"further off or missing: {np.sum(~near)}"),
    ):
        style = {"s": 30, "alpha": 0.75, "lw": 0, "color": colour, "marker": mark}
        axes.scatter(true_bpm[chosen], pred_bpm[chosen], label=label, **style)
    axes.set(xlim=ends, ylim=ends, aspect="equal")
    axes.set(xlabel="true heart rate (bpm)", ylabel="predicted heart rate (bpm)")
    axes.set_title(titled(title, origin), loc="left")
    axes.legend(frameon=False, loc="upper left", fontsize="small", handletextpad=0.1)
    return figure


def plot_recording(
    face: np.ndarray | None,
    times_s,
    wave,
    found,
    title: str,
    origin: str,
    seconds=None,
    size_in: tuple[float, float] | None = None,
    confidence: float | None = None,
) -> Figure:
    """One recording: face (H, W, 3) uint8, its band-passed BVP (T,) at times_s, the rate over time
    on the BVP's spectrogram, and its mean spectrum with the peak.

    found: the HeartRate of the BVP (hr_bpm, quality, freq_hz (F,), power (F,)).  seconds: rates of
    10 s, as `rppg.inference.per_second` has them; with fewer than three there is no spectrogram.
    confidence: of the consensus, NaN or None if there is none.
    If wave or found is None, the panels say that there is no HR; without a face the figure has no
    picture.
    """
    size_in = size_in or (9.5 if face is not None else 7, 4.4)
    figure = plt.figure(figsize=size_in, layout="constrained")
    grid = figure.add_gridspec(2, 2, width_ratios=(0.01 if face is None else 0.62, 1))
    if face is not None:
        picture = figure.add_subplot(grid[:, 0])
        picture.imshow(face)
        picture.set_axis_off()
    with plt.rc_context(CLEAN):
        top = figure.add_subplot(grid[0, 1])
        if wave is None or found is None:
            top.set_axis_off()
            top.text(0, 0.5, "no heart rate could be read", transform=top.transAxes)
        else:
            signals = np.asarray(times_s, float), wave, found, seconds
            _draw_signal(figure, (top, grid[1, 1]), *signals, _summary(found, confidence))
    text = titled(title, origin)  # a file's name may hold two $, which are no formula
    figure.suptitle(text, x=0.01, ha="left", fontsize="large", parse_math=False)
    return figure


def _summary(found, confidence: float | None) -> str:
    """What stands beside the peak: rate, confidence if there is one, and quality."""
    is_known = confidence is not None and np.isfinite(confidence)
    how_sure = f"{certainty(confidence)}\n" if is_known else ""
    return f"{found.hr_bpm:.1f} bpm\n{how_sure}quality {found.quality:.2f}"


def _draw_signal(
    figure: Figure, places, times_s: np.ndarray, wave, found, seconds, summary: str
) -> None:
    """The BVP on the axes, and in the place below them its spectrum, over time if it has one."""
    top, below = places
    wave, fps = np.asarray(wave, float), 1 / float(np.median(np.diff(times_s)))
    _draw_wave(top, times_s, _filtered(wave, fps))
    if not has_course(seconds):
        _draw_spectrum(figure.add_subplot(below), found, summary)
        return
    parts = below.subgridspec(1, 2, width_ratios=(1, 0.28), wspace=0.02)
    course = figure.add_subplot(parts[0])
    draw_rate_over_time(course, wave, fps, seconds)
    _draw_spectrum(figure.add_subplot(parts[1], sharey=course), found, summary, upright=True)


def plot_faces(images, titles, origin: str, columns: int = 6) -> Figure:
    """Crops (H, W, 3) uint8 in a grid, each with a short title."""
    rows = -(-len(images) // columns)
    size = (1.55 * columns, 1.75 * rows + 0.4)
    figure, panels = subplots(rows, columns, figsize=size, squeeze=False)
    for axes in panels.flat:
        axes.set_axis_off()
    for axes, image, title in zip(panels.flat, images, titles, strict=False):
        axes.imshow(image)
        axes.set_title(title, fontsize=6, loc="center", wrap=True)
    figure.suptitle(titled("Face crops", origin), x=0.01, ha="left", fontsize="medium")
    return figure


def plot_mstmap(mstmap: np.ndarray, fps: float, title: str, origin: str) -> Figure:
    """R, G, B of an MSTmap (T, 63, 6) as a picture, without changes slower than 1.6 s, each row and
    channel scaled to its range."""
    rgb = np.asarray(mstmap[..., :3], dtype=float)  # (T, 63, 3)
    fast = rgb / uniform_filter1d(rgb, round(SLOW_S * fps), axis=0, mode="nearest") - 1
    low, high = (np.nanpercentile(fast, q, axis=0, keepdims=True) for q in (1, 99))
    scaled = np.clip((fast - low) / np.maximum(high - low, 1e-9), 0, 1)
    picture = np.where(np.isnan(scaled), 1.0, scaled).transpose(1, 0, 2)  # (63, T, 3)
    figure, axes = subplots(figsize=(9, 3))
    extent = (0, len(rgb) / fps, len(picture) + 0.5, 0.5)
    axes.imshow(picture, aspect="auto", extent=extent, interpolation="nearest")
    axes.set(xlabel="time (s)", ylabel="region combination")
    axes.set_yticks([1, 16, 32, 48, 63])
    axes.set_title(titled(title, origin), loc="left")
    return figure


def _draw_wave(axes: Axes, times_s: np.ndarray, wave: np.ndarray) -> None:
    shown = times_s - times_s[0] <= LONGEST_WAVE_S
    axes.plot(times_s[shown], wave[shown], color=BLUE, lw=1)
    axes.margins(x=0)
    axes.set_yticks([])
    axes.set(xlabel="time (s)", ylabel="BVP")
    if not shown.all():
        total_s = times_s[-1] - times_s[0]
        axes.set_title(
            f"first {LONGEST_WAVE_S:g} s of {total_s:.0f} s", loc="left", fontsize="small"
        )


def _filtered(wave: np.ndarray, fps: float) -> np.ndarray:
    """The wave (T,) in the heart band, stretch by stretch between its gaps."""
    filtered = np.full_like(wave, np.nan)
    for start, stop in finite_stretches(wave):
        filtered[start:stop] = bandpass(wave[start:stop], fps)
    return filtered


def _draw_spectrum(axes: Axes, found, summary: str, upright: bool = False) -> None:
    """Mean spectrum with its peak; upright: the frequencies on the y axis, which has its labels
    next door."""
    freq_bpm, power = 60 * np.asarray(found.freq_hz), np.asarray(found.power)
    height = power / power.max()
    near = np.abs(freq_bpm - found.hr_bpm) <= NEAR_PEAK_BPM
    if upright:
        axes.plot(height, freq_bpm, color=BLUE, lw=1.2)
        axes.fill_betweenx(freq_bpm[near], height[near], color=ORANGE, alpha=0.35, lw=0)
        axes.axhline(found.hr_bpm, color=ORANGE, lw=1, ls="--")
        axes.tick_params(labelleft=False)
        axes.set(xlim=(0, 1.05), xticks=[], xlabel="mean power")
    else:
        axes.plot(freq_bpm, height, color=BLUE, lw=1.2)
        axes.fill_between(freq_bpm[near], height[near], color=ORANGE, alpha=0.35, lw=0)
        axes.axvline(found.hr_bpm, color=ORANGE, lw=1, ls="--")
        axes.set(xlim=(freq_bpm[0], freq_bpm[-1]), ylim=(0, 1.05), yticks=[])
        axes.set(xlabel="heart rate (bpm)", ylabel="power")
    _name_peak(axes, found.hr_bpm, summary, freq_bpm.mean(), upright)


def _name_peak(axes: Axes, hr_bpm: float, text: str, middle_bpm: float, upright: bool) -> None:
    """The text beside the peak, on the side where there is more room."""
    is_low = hr_bpm < middle_bpm
    if upright:
        place, up = (0.97, 0.97 if is_low else 0.03), "top" if is_low else "bottom"
        style = {"transform": axes.transAxes, "ha": "right", "va": up, "fontsize": "small"}
        axes.text(*place, text, **style)
        return
    offset, side = (10, "left") if is_low else (-10, "right")
    style = {"textcoords": "offset points", "ha": side, "va": "top"}
    axes.annotate(text, (hr_bpm, 1), (offset, -2), **style)
