"""Figures of learned models: predicted BVP and contact PPG, and models side by side.

Each is a function of arrays or a table that returns a matplotlib Figure; nothing is shown or saved.
Waves are (T,) at `fps`, HR in bpm.

    >>> wave = np.sin(2 * np.pi * 1.2 * np.arange(300) / 30)
    >>> row = WaveRow("demo/ann/v1", wave, found=None, hr_true_bpm=72.0)
    >>> figure = plot_waves([row], fps=30, title="Pre-trained, validation", origin="synthetic")
    >>> figure.get_suptitle()
    'Pre-trained, validation (synthetic)'
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rppg.evaluation.metrics import NEAR_BPM, score
from rppg.plotting.style import BLUE, CLEAN, GREEN, ORANGE, draw_identity, titled

SHOWN_S = 10.0  # only this part of a BVP is drawn, so that beats are visible
FLAT = 1e-9  # relative standard deviation below which a BVP is drawn as a flat line
SPIKE = 4.0  # standard deviations beyond which a value leaves the picture; no pulse gets there
PANELS_A_ROW = 4
PREDICTED = {"color": BLUE, "lw": 1.1}
CONTACT = {"color": GREEN, "lw": 2.2, "alpha": 0.55}
TRUE = {"color": "black", "lw": 1, "ls": "--"}
SMALL = {"fontsize": "small"}


class WaveRow(NamedTuple):
    """One recording of plot_waves.  found and contact_found: HeartRates (hr_bpm, freq_hz (F,),
    power (F,)) of the predicted BVP and the contact PPG; None without an HR."""

    name: str
    wave: np.ndarray  # (T,) predicted, NaN in gaps
    found: Any
    hr_true_bpm: float | None = None
    contact: np.ndarray | None = None  # (T,) contact PPG, None if it was not recorded
    contact_found: Any = None


def plot_waves(rows: Sequence[WaveRow], fps: float, title: str, origin: str) -> Figure:
    """Predicted BVP and contact PPG, both standardised, 10 s from the first predicted frame, with
    the spectra of the whole recordings and the true HR.  Spikes, such as an untrained net's at the
    padded ends of a clip, count in r alone, and leave the picture.

    r is the correlation of the two in these 10 s; it may be negative, because training without
    labels does not determine the polarity.  With `with_ground_truth` of rppg.inference.trained:

        rows = [WaveRow(**row) for row in with_ground_truth(store, ids, model, normalise)]
        plot_waves(rows, FPS, "Pre-trained, validation", origin)

    Raises ValueError for no rows, or if BVP and contact PPG have different lengths.
    """
    if not rows:
        raise ValueError("no recording to draw, expected one row or more")
    with plt.rc_context(CLEAN):
        figure, panels = plt.subplots(
            len(rows),
            2,
            figsize=(10, 0.9 + 1.45 * len(rows)),
            width_ratios=(2.4, 1),
            sharex="col",
            squeeze=False,
            layout="constrained",
        )
    for row, (left, right) in zip(rows, panels, strict=True):
        _draw_waves(left, row, fps)
        _draw_spectra(right, row)
    panels[-1, 0].set_xlabel("time (s)")
    panels[-1, 1].set_xlabel("heart rate (bpm)")
    styles = {"predicted BVP": PREDICTED, "contact PPG": CONTACT, "true HR": TRUE}
    marks = [plt.Line2D([], [], **style) for style in styles.values()]
    figure.legend(marks, styles, loc="outside lower center", ncols=3, frameon=False)
    figure.suptitle(titled(title, origin), x=0.01, ha="left")
    return figure


def plot_comparison(predictions: pd.DataFrame, title: str, origin: str) -> Figure:
    """Predicted over true HR, one small panel per model, with equal axes, the identity line, a band
    of +-5 bpm, RMSE and the share within 5 bpm.

    predictions: columns model, hr_bpm, hr_true_bpm, of one split, in the order of the panels, e.g.
    `plot_comparison(table[table["split"] == "test"], "Test recordings", origin)`.
    Raises ValueError for a missing HR (see fill_missing) and for no rows.
    """
    models = predictions["model"].unique().tolist()
    if not models:
        raise ValueError("no predictions to draw, expected one row or more")
    n_columns = min(PANELS_A_ROW, len(models))
    n_rows = -(-len(models) // n_columns)
    with plt.rc_context(CLEAN):
        figure, panels = plt.subplots(
            n_rows,
            n_columns,
            figsize=(0.8 + 2.7 * n_columns, 1.1 + 3.05 * n_rows),
            sharex=True,
            sharey=True,
            squeeze=False,
            layout="constrained",
        )
    both = predictions[["hr_bpm", "hr_true_bpm"]].to_numpy(float)
    ends = np.array([np.nanmin(both) - 8, np.nanmax(both) + 8])
    for i, axes in enumerate(panels.flat):
        axes.tick_params(labelbottom=i + n_columns >= len(models))  # no panel below
        if i >= len(models):
            axes.remove()
    for model, axes in zip(models, panels.flat, strict=False):
        rows = predictions[predictions["model"] == model]
        _draw_model(axes, model, rows["hr_true_bpm"].to_numpy(), rows["hr_bpm"].to_numpy(), ends)
    figure.supxlabel("true heart rate (bpm)", fontsize="medium")
    figure.supylabel("predicted heart rate (bpm)", fontsize="medium")
    figure.suptitle(titled(title, origin), x=0.01, ha="left")
    return figure


def _draw_waves(axes: Axes, row: WaveRow, fps: float) -> None:
    wave = np.asarray(row.wave, dtype=float)
    first = int(np.isfinite(wave).argmax())
    shown = slice(first, first + round(SHOWN_S * fps))
    times_s, text = np.arange(len(wave))[shown] / fps - first / fps, row.name
    drawn = _standardised(wave[shown])
    if row.contact is not None:
        contact = np.asarray(row.contact, dtype=float)
        if contact.shape != wave.shape:
            raise ValueError(f"{row.name}: BVP {wave.shape}, contact PPG {contact.shape}")
        contact = _standardised(contact[shown])
        axes.plot(times_s, contact, **CONTACT)
        r = _correlation(drawn, contact)
        text = row.name if np.isnan(r) else f"{row.name}, r = {r:.2f}"
    axes.plot(times_s, drawn, **PREDICTED)
    values = np.concatenate([line.get_ydata() for line in axes.get_lines()])
    values = values[np.abs(values) <= SPIKE]
    if values.size:
        axes.set_ylim(values.min() - 0.3, values.max() + 0.3)
    axes.set(xlim=(0, SHOWN_S), yticks=[])
    axes.set_title(text, loc="left", **SMALL)


def _draw_spectra(axes: Axes, row: WaveRow) -> None:
    for found, style in ((row.contact_found, CONTACT), (row.found, PREDICTED)):
        if found is not None:
            power = np.asarray(found.power)
            freq_bpm = 60 * np.asarray(found.freq_hz)
            axes.plot(freq_bpm, power / power.max(), **style)
            axes.set_xlim(freq_bpm[0], freq_bpm[-1])
    true = row.hr_true_bpm is not None and np.isfinite(row.hr_true_bpm)
    if true:
        axes.axvline(row.hr_true_bpm, **TRUE)
    rate = "no heart rate" if row.found is None else f"{row.found.hr_bpm:.1f} bpm"
    truth = f"true {row.hr_true_bpm:.1f}" if true else "truth unknown"
    axes.set(ylim=(0, 1.08), yticks=[])
    axes.set_title(f"{rate}, {truth}", loc="left", **SMALL)


def _draw_model(axes: Axes, model: str, true_bpm, pred_bpm, ends: np.ndarray) -> None:
    result = score(true_bpm, pred_bpm, n_boot=1)  # the interval is not shown
    near = np.abs(pred_bpm - true_bpm) <= NEAR_BPM
    draw_identity(axes, ends)
    for chosen, mark, colour in ((near, "o", BLUE), (~near, "X", ORANGE)):
        style = {"s": 18, "alpha": 0.7, "lw": 0, "color": colour, "marker": mark}
        axes.scatter(true_bpm[chosen], pred_bpm[chosen], **style)
    axes.set(xlim=ends, ylim=ends, box_aspect=1)
    numbers = f"RMSE {result['rmse_bpm']:.1f}, {result['within_5bpm']:.0%} within {NEAR_BPM:g}"
    axes.set_title(f"{model}\n{numbers}", loc="left", fontsize="medium")


def _standardised(wave: np.ndarray) -> np.ndarray:
    """A BVP (T,) with mean 0 and standard deviation 1 of its finite values without spikes; a flat
    one is 0."""
    finite = wave[np.isfinite(wave)]
    if not finite.size:
        return wave
    kept = finite
    while not (near := np.abs(kept - kept.mean()) <= SPIKE * kept.std()).all():
        kept = kept[near]
    centred, deviation = wave - kept.mean(), kept.std()
    return centred / deviation if deviation > FLAT * np.abs(finite).max() else 0 * centred


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Pearson's r over the frames that are finite in both, NaN if one is flat there."""
    both = np.isfinite(a) & np.isfinite(b)
    if both.sum() < 2 or np.ptp(a[both]) == 0 or np.ptp(b[both]) == 0:
        return np.nan
    return float(np.corrcoef(a[both], b[both])[0, 1])
