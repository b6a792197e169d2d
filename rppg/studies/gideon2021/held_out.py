"""How a model does on recordings it was not trained on, and how a constant does.

    seen = with_ground_truth(store, ids, model, **inputs)
    rows = tested_rows(seen, "Gideon2021") + constant_rows(seen, train_bpm)

A row a recording, as a dict: id, dataset, model, hr_bpm, hr_true_bpm; pearson, mcc, snr_db of its
wave against the contact PPG.  Source: Gideon and Stent, ICCV 2021, Tables 3 and 6: constants are
the mean and the median heart rate, here of the recordings trained on; their waves are sines.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch

from rppg.datasets.prepared import FPS
from rppg.datasets.store import Store
from rppg.inference.classical import COLUMNS, NO_RATE, columns_of, true_hr_bpm
from rppg.losses.correlation import max_cross_correlation, negative_pearson
from rppg.losses.snr import snr_db
from rppg.losses.windows import BAND_HZ
from rppg.signals.heart_rate import FLAT_RATIO, finite_stretches
from rppg.signals.spectrum import crop_band, power_spectrum

CLIP_FRAMES, STEP_FRAMES = 300, 150  # clips of 10 s whose values are averaged
N_FFT = 5400  # of windows that are scored: a grid of 1/3 bpm
VALUES = ("pearson", "mcc", "snr_db")


class WindowRate(NamedTuple):
    """Heart rate of a window, in the place of a HeartRate."""

    hr_bpm: float


def tested_rows(seen: Sequence[dict], model: str) -> list[dict]:
    """Rows of a model; seen: as `with_ground_truth` gives them."""
    rows = []
    for one in seen:
        hr_bpm = np.nan if one["found"] is None else one["found"].hr_bpm
        values = wave_values(one["wave"], one["contact"], one["hr_true_bpm"])
        rows.append(_row(one, model, hr_bpm) | values)
    return rows


def windowed(seen: Sequence[dict]) -> list[dict]:
    """Each 10 s window, side by side, of recordings that have a contact PPG, as if it was one: the
    same entries, `found` and hr_true_bpm being peaks of the waves' zero-padded spectra in 40 to 250
    bpm (section 3.5), found None if the wave is flat; named "<id>@<start in s>".

    Raises ValueError if there is no such window.
    """
    windows = []
    for one in seen:
        for start, (wave, contact) in _clips(_pair(one), CLIP_FRAMES) if _has_contact(one) else []:
            rates = [_peak_bpm(part) for part in (wave, contact)]
            if rates[1] is None:
                continue
            about = {"name": f"{one['name']}@{start / FPS:g}", "hr_true_bpm": rates[1]}
            found = None if rates[0] is None else WindowRate(rates[0])
            windows.append(about | {"wave": wave, "contact": contact, "found": found})
    if not windows:
        raise ValueError(f"none of {len(seen)} recordings has 10 s of ground-truth BVP to score on")
    return windows


def constant_rows(seen: Sequence[dict], train_bpm: Sequence[float]) -> list[dict]:
    """Rows of the models "mean" and "median", which know the heart rates trained on alone."""
    rows = []
    for name, constant in (("mean", np.mean), ("median", np.median)):
        for one in seen:
            hr_bpm = constant(train_bpm)
            angle = 2 * np.pi * hr_bpm / 60 * np.arange(len(one["wave"])) / FPS
            values = wave_values(np.sin(angle), one["contact"], one["hr_true_bpm"])
            rows.append(_row(one, name, float(hr_bpm)) | values)
    return rows


def known_rates(store: Store, ids: Iterable[str]) -> list[float]:
    """Heart rates in bpm of the recordings whose labels say one."""
    found = (true_hr_bpm(store, store.meta(id)) for id in ids)
    return [hr_bpm for hr_bpm in found if hr_bpm is not None]


def errors_of(rows: Sequence[dict]) -> pd.DataFrame:
    """Mean errors by model: rmse_bpm, mae_bpm, pearson, mcc, snr_db."""
    table = pd.DataFrame(rows)
    error_bpm = (table["hr_bpm"] - table["hr_true_bpm"]).abs()
    means = table.assign(rmse_bpm=error_bpm**2, mae_bpm=error_bpm).groupby("model")
    errors = means[["rmse_bpm", "mae_bpm", *VALUES]].mean()
    return errors.assign(rmse_bpm=errors["rmse_bpm"] ** 0.5)


def predictions_of(store: Store, seen: Sequence[dict], model: str) -> pd.DataFrame:
    """The table of `predict_model` of recordings that were tested: kind "learned", split "test"."""
    rows = []
    for one in seen:
        row = {"id": one["name"], "model": model, "kind": "learned", "split": "test", **NO_RATE}
        row |= {"hr_true_bpm": one["hr_true_bpm"], "reason": ""}
        row |= {"origin": store.meta(one["name"])["origin"]}
        found = one["found"]
        row |= {"reason": "no rate"} if found is None else columns_of(found)
        rows.append(row)
    return pd.DataFrame(rows, columns=COLUMNS).astype({"hr_true_bpm": float})


def wave_values(
    wave: np.ndarray, contact: np.ndarray | None, hr_true_bpm: float | None
) -> dict[str, float]:
    """Pearson, MCC and SNR (dB) of a wave (T,) against the contact PPG (T,), means over clips of
    10 s; NaN where there is no contact PPG, or no 10 s of both without a gap."""
    pairs = [] if contact is None else _clips(np.stack([wave, contact]), STEP_FRAMES)
    clips = [pair for _, pair in pairs]
    if not clips or hr_true_bpm is None:
        return dict.fromkeys(VALUES, np.nan)
    waves, contacts = torch.from_numpy(np.stack(clips, axis=1))  # (n, T) each
    rate_bpm = torch.full((len(waves),), float(hr_true_bpm), dtype=waves.dtype)
    mcc = max_cross_correlation(waves, contacts, FPS, BAND_HZ)
    found = 1 - negative_pearson(waves, contacts), mcc.mean(), snr_db(waves, rate_bpm, FPS).mean()
    return {name: value.item() for name, value in zip(VALUES, found, strict=True)}


def _clips(pair: np.ndarray, step: int) -> list[tuple[int, np.ndarray]]:
    """First frames and clips (2, 300) of two waves (2, T) where both are finite."""
    stretches = finite_stretches(pair.sum(axis=0), CLIP_FRAMES)
    return [
        (start, pair[:, start : start + CLIP_FRAMES].astype(np.float64))
        for first, stop in stretches
        for start in range(first, stop - CLIP_FRAMES + 1, step)
    ]


def _has_contact(one: dict) -> bool:
    return one["contact"] is not None


def _pair(one: dict) -> np.ndarray:
    return np.stack([one["wave"], one["contact"]])


def _peak_bpm(wave: np.ndarray) -> float | None:
    """Rate of a wave (T,) at the peak of its padded spectrum in 40-250 bpm; None if it is flat."""
    if np.ptp(wave) <= FLAT_RATIO * np.abs(wave).max():
        return None
    freq_hz, power = crop_band(*power_spectrum(wave, FPS, N_FFT), BAND_HZ)
    return float(60 * freq_hz[power.argmax()])


def _row(one: dict, model: str, hr_bpm: float) -> dict:
    true_bpm = np.nan if one["hr_true_bpm"] is None else one["hr_true_bpm"]
    dataset = one["name"].split("/")[0]
    row = {"id": one["name"], "dataset": dataset, "model": model}
    return row | {"hr_bpm": hr_bpm, "hr_true_bpm": true_bpm}
