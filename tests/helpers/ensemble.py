"""Stacks of spectra and tables of predictions for the ensemble's tests."""

import numpy as np
import pandas as pd

from rppg.evaluation.ensemble import Stack, stack

FREQ_HZ = np.linspace(40, 180, 421) / 60


def spectrum(*parts: tuple[float, float], width_bpm: float = 4.0) -> np.ndarray:
    """Unit-area spectrum (F,) with bumps at (hr_bpm, height)."""
    bumps = [h * np.exp(-(((60 * FREQ_HZ - hr) / width_bpm) ** 2)) for hr, h in parts]
    return np.sum(bumps, axis=0) / np.sum(bumps)


def table_of(rates: dict[str, list], ids=None) -> pd.DataFrame:
    """Long table: model to a rate a recording, or its bumps; None: no rate."""
    rows = []
    for model, values in rates.items():
        for k, value in enumerate(values):
            power = None if value is None else spectrum(*np.atleast_2d(_bumps(value)))
            hr_bpm = np.nan if power is None else 60 * FREQ_HZ[power.argmax()]
            rows.append(
                {
                    "id": f"r{k}" if ids is None else ids[k],
                    "model": model,
                    "hr_bpm": hr_bpm,
                    "quality": np.nan if power is None else power.max(),
                    "freq_hz": None if power is None else FREQ_HZ.astype(np.float32),
                    "power": None if power is None else power.astype(np.float32),
                }
            )
    return pd.DataFrame(rows)


def _bumps(value) -> list[tuple[float, float]]:
    return [(value, 1.0)] if np.isscalar(value) else value


def stack_of(rates: dict[str, list]) -> Stack:
    n = len(next(iter(rates.values())))
    return stack(table_of(rates), list(rates), [f"r{k}" for k in range(n)])
