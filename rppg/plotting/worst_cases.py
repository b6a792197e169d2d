"""Figures of submitted HR per recording: compared with its members, and the worst cases in detail.

Each is a function of a table or rows that returns a matplotlib Figure; nothing is shown or saved.
None needs a ground truth: without one, the worst are those with the largest disagreement.

    >>> table = pd.DataFrame({"id": list("aabb"), "model": ["Ensemble", "POS"] * 2,
    ...     "hr_bpm": [60.0, 61, 80, 120]})
    >>> disagreement_bpm(table, "Ensemble").to_dict()
    {'a': 1.0, 'b': 40.0}
    >>> plot_agreement(table, "Ensemble", "Test", "synthetic").axes[0].get_title(loc="left")
    'Test: all within 5 bpm on 1 of 2 (synthetic)'
"""

from collections.abc import Sequence
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rppg.evaluation.metrics import NEAR_BPM
from rppg.plotting.recordings import LONGEST_WAVE_S
from rppg.plotting.style import BLUE, GREY, ORANGE, subplots, titled

WIDTH_IN = 9.5
SUBMITTED = {"color": ORANGE, "lw": 1.8}
RATE = {"color": ORANGE, "lw": 1.4, "ls": ":"}
MEMBER = {"color": BLUE, "lw": 0.7, "alpha": 0.7}
TRUE = {"color": "black", "lw": 1.2, "ls": "--"}
SMALL = {"fontsize": "small"}

Spectrum = tuple[np.ndarray, np.ndarray]  # freq_hz (F,) and power (F,)


class WorstRow(NamedTuple):
    """One recording of plot_worst; missing values are None, or no members."""

    name: str
    hr_bpm: float  # submitted
    hr_true_bpm: float | None
    face: np.ndarray | None  # (H, W, 3) uint8
    times_s: np.ndarray | None  # (T,) of the BVP
    wave: np.ndarray | None  # (T,), NaN in gaps
    spectrum: Spectrum | None  # of the submitted prediction
    members: dict[str, Spectrum]  # of the models that were combined


def spectra_of(predictions: pd.DataFrame) -> dict[str, Spectrum]:
    """Spectra of one recording by model, from rows with columns model, freq_hz (F,), power (F,);
    models without a spectrum (None, NaN) are skipped."""
    columns = (predictions[name] for name in ("model", "freq_hz", "power"))
    rows = zip(*columns, strict=True)
    return {model: (freq_hz, power) for model, freq_hz, power in rows if np.ndim(power)}


def disagreement_bpm(predictions: pd.DataFrame, model: str) -> pd.Series:
    """Largest distance of a member's HR from that of `model`, by id; NaN if no member has an HR.

    predictions: columns id, model, hr_bpm, of one split: rows of `model` and of its members.
    Raises ValueError if there is no row of `model`, or none of another model.
    """
    rates = predictions.pivot(index="id", columns="model", values="hr_bpm")
    if model not in rates or rates.shape[1] < 2:
        raise ValueError(f"expected rows of {model!r} and its members, found {list(rates)}")
    return rates.drop(columns=model).sub(rates[model], axis=0).abs().max(axis=1)


def plot_agreement(predictions: pd.DataFrame, model: str, title: str, origin: str) -> Figure:
    """Submitted HR and the HR of each member, one column per recording, the lowest HR first.  If
    the members scatter, some of them are wrong.

    predictions: as for `disagreement_bpm`.  Raises as that.
    """
    agreed = int((disagreement_bpm(predictions, model) <= NEAR_BPM).sum())
    rates = predictions.pivot(index="id", columns="model", values="hr_bpm").sort_values(model)
    members = rates.drop(columns=model).to_numpy(float)  # (n, members)
    missing = int(np.isnan(members).sum())
    figure, axes = subplots(figsize=(WIDTH_IN, 4.2))
    place = np.arange(len(rates))
    ends = np.fmin.reduce(members, axis=1), np.fmax.reduce(members, axis=1)
    axes.vlines(place, *ends, color=GREY, lw=0.6, alpha=0.5)
    each = axes.plot(place, members, ls="", marker="_", ms=6, color=BLUE, alpha=0.7)
    given = axes.plot(place, rates[model], ls="", marker="o", ms=4.5, color=ORANGE)
    label = f"its members ({members.shape[1]})" + (f", {missing} rates missing" if missing else "")
    figure.legend(
        [given[0], each[0]], [model, label], loc="outside lower center", ncols=2, frameon=False
    )
    axes.set(xlabel="recordings, the lowest rate first", ylabel="heart rate (bpm)", xticks=[])
    axes.margins(x=0.02)
    text = f"{title}: all within {NEAR_BPM:g} bpm on {agreed} of {len(rates)}"
    axes.set_title(titled(text, origin), loc="left")
    return figure


def plot_worst(rows: Sequence[WorstRow], title: str, origin: str) -> Figure:
    """One row per recording: the face, a BVP (its first 20 s), the spectra of the members (thin)
    and of the submitted prediction, each scaled to its peak, with predicted and true HR.  The title
    has to say which method the BVP is from.

    Raises ValueError for no rows.
    """
    if not rows:
        raise ValueError("no recording to draw, expected one row or more")
    figure, panels = subplots(
        len(rows),
        3,
        figsize=(WIDTH_IN, 0.9 + 1.7 * len(rows)),
        width_ratios=(1.1, 3, 2.6),
        squeeze=False,
    )
    for row, (left, middle, right) in zip(rows, panels, strict=True):
        _draw_face(left, row.face)
        _draw_wave(middle, row)
        _draw_spectra(right, row)
    panels[-1, 1].set_xlabel("time (s)")
    panels[-1, 2].set_xlabel("heart rate (bpm)")
    styles = {"submitted": SUBMITTED, "submitted HR": RATE, "members": MEMBER, "true HR": TRUE}
    if all(row.hr_true_bpm is None for row in rows):
        del styles["true HR"]
    marks = [plt.Line2D([], [], **style) for style in styles.values()]
    figure.legend(marks, styles, loc="outside lower center", ncols=4, frameon=False)
    figure.suptitle(titled(title, origin), x=0.01, ha="left")
    return figure


def _draw_face(axes: Axes, face: np.ndarray | None) -> None:
    axes.set_axis_off()
    if face is None:
        axes.text(0.5, 0.5, "no face", transform=axes.transAxes, ha="center", color=GREY)
    else:
        axes.imshow(face)


def _draw_wave(axes: Axes, row: WorstRow) -> None:
    axes.set(yticks=[], ylabel="BVP")
    axes.set_title(row.name, loc="left", **SMALL)
    if row.wave is None:
        axes.text(0.02, 0.5, "no BVP", transform=axes.transAxes, color=GREY)
        axes.set_xticks([])
        return
    times_s = np.asarray(row.times_s, float)
    shown = times_s - times_s[0] <= LONGEST_WAVE_S
    axes.plot(times_s[shown], np.asarray(row.wave, float)[shown], color=GREY, lw=1)
    axes.margins(x=0)


def _draw_spectra(axes: Axes, row: WorstRow) -> None:
    spectra = [(spectrum, MEMBER) for spectrum in row.members.values()]
    if row.spectrum is not None:
        spectra.append((row.spectrum, SUBMITTED))
    for (freq_hz, power), style in spectra:
        axes.plot(60 * np.asarray(freq_hz), np.asarray(power) / np.max(power), **style)
    axes.axvline(row.hr_bpm, **RATE)
    text = f"submitted {row.hr_bpm:.1f}"
    if row.hr_true_bpm is not None:
        axes.axvline(row.hr_true_bpm, **TRUE)
        text += f", true {row.hr_true_bpm:.1f}: {row.hr_bpm - row.hr_true_bpm:+.1f} bpm"
    else:
        text += " bpm"
    axes.set(ylim=(0, 1.08), yticks=[], xlim=(38, 182))
    axes.set_title(text, loc="left", **SMALL)
