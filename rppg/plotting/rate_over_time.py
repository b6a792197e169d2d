"""The rate over time, drawn over the spectrogram of its wave.

    figure, axes = subplots()
    draw_rate_over_time(axes, wave, 30, {"start_s": np.arange(11.0), "hr_bpm": np.full(11, 72.0)})

Frequencies are upwards, in bpm; a column is the 10 s around it.
"""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from rppg.plotting.style import ORANGE
from rppg.signals.heart_rate import NEAR_PEAK_BPM
from rppg.signals.spectrum import HEART_BAND_HZ, crop_band, power_spectrum

WINDOW_S = 10.0
FEWEST_WINDOWS = 3  # fewer are no course
MOST_COLUMNS = 300  # of a long recording
GRID_BPM = 1.0
UNSURE = 0.6  # confidence below which a rate is drawn hollow
SEEN = {"color": "white", "ec": "none", "alpha": 0.75, "pad": 1.5}  # behind text on the picture


def has_course(seconds: Mapping | None) -> bool:
    """Whether there are rates enough to draw over time."""
    return seconds is not None and len(seconds["hr_bpm"]) >= FEWEST_WINDOWS


def draw_rate_over_time(axes: Axes, wave: np.ndarray, fps: float, seconds: Mapping) -> None:
    """Spectrogram of a wave (T,), NaN in gaps, and the rates (n,) of the windows that begin at
    start_s (n,), with the band of +-6 bpm whose power is their quality.

    Rates with a confidence below 0.6 are hollow.
    """
    centres_s, freq_bpm, power = spectrogram(np.asarray(wave, float), fps)
    grey = {"cmap": "Greys", "shading": "nearest", "rasterized": True}
    axes.pcolormesh(centres_s, freq_bpm, np.ma.masked_invalid(np.sqrt(power).T), **grey)
    times_s, rates_bpm = seconds["start_s"] + WINDOW_S / 2, seconds["hr_bpm"]
    breaks = np.flatnonzero(np.diff(times_s) > 2.5) + 1  # gaps: no line across them
    for part in np.split(np.arange(len(times_s)), breaks):
        line, rate = times_s[part], rates_bpm[part]
        band = (rate - NEAR_PEAK_BPM, rate + NEAR_PEAK_BPM)
        axes.fill_between(line, *band, color=ORANGE, alpha=0.25, lw=0)
        axes.plot(line, rate, color=ORANGE, lw=1.4)
    sure = seconds.get("confidence", np.ones(len(rates_bpm))) >= UNSURE
    marks = {"color": ORANGE, "marker": "o", "ls": "none", "ms": 3.5}
    axes.plot(times_s[sure], rates_bpm[sure], **marks)
    axes.plot(times_s[~sure], rates_bpm[~sure], **marks, mfc="white")
    text = f"{rates_bpm.mean():.0f} bpm, {rates_bpm.min():.0f} to {rates_bpm.max():.0f}"
    text += "" if sure.all() else "; hollow: not sure"
    place = {"transform": axes.transAxes, "va": "top", "fontsize": "small", "bbox": SEEN}
    axes.text(0.01, 0.97, text, **place)
    axes.margins(x=0)
    axes.set(
        xlabel="time (s), middle of 10 s",
        ylabel="heart rate (bpm)",
        ylim=(freq_bpm[0], freq_bpm[-1]),
    )


def spectrogram(wave: np.ndarray, fps: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Centres (n,) of windows in s, frequencies (F,) in bpm, and power (n, F) with a maximum of 1
    in each window; NaN in windows with a gap, or without power."""
    size = min(round(WINDOW_S * fps), len(wave))
    step = max(round(fps / 2), -(-(len(wave) - size) // MOST_COLUMNS))
    starts = np.arange(0, len(wave) - size + 1, step)
    windows = np.lib.stride_tricks.sliding_window_view(wave, size)[starts]  # (n, size)
    centred = windows - windows.mean(axis=1, keepdims=True)
    n_fft = max(size, int(np.ceil(60 * fps / GRID_BPM)))
    spectra = power_spectrum(np.nan_to_num(centred) * np.hanning(size), fps, n_fft)
    freq_hz, power = crop_band(*spectra, HEART_BAND_HZ)
    highest = power.max(axis=1, keepdims=True)
    known = np.isfinite(windows).all(axis=1, keepdims=True) & (highest > 0)
    power = np.where(known, power / np.where(highest > 0, highest, 1), np.nan)
    return (starts + size / 2) / fps, 60 * freq_hz, power
