"""benchmarks/people.py on made-up waves: rates, correlation, tables, and whom they are of."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"
FPS, DELAY = 30, 6  # frames by which the contact PPG comes later


@pytest.fixture
def people(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    import people

    return people


def pulse(t, hr_bpm: float = 72.0) -> np.ndarray:
    """Beats that differ, so that a shift by one of them is seen."""
    return np.sin(2 * np.pi * hr_bpm / 60 * t + 0.8 * np.sin(0.9 * t))


@pytest.fixture
def rows(people):
    """Windows of a face of 14 s whose POS is right, whose CHROM is at twice the rate, and whose
    ICA gave no wave."""
    t = np.arange(14 * FPS) / FPS
    contact = pulse(t - DELAY / FPS)
    one = people.Person("ann", "face", Path("ann.mp4"), contact=(t, contact))
    waves = {"POS": pulse(t), "CHROM": np.sin(2 * np.pi * 2.4 * t), "ICA": "too short"}
    shared = {"recording": "ann", "kind": "face", "reference": one.reference, "weights": ""}
    return pd.DataFrame(
        shared | {"method": method} | row
        for method, wave in waves.items()
        for row in people.window_rows(one, t, wave)
    )


def test_windows_have_rates_and_the_correlation_after_one_shift(rows):
    pos = rows[rows["method"] == "POS"]
    assert pos["start_s"].tolist() == [0, 1, 2, 3, 4]
    assert pos["hr_bpm"].tolist() == pytest.approx(pos["hr_true_bpm"].tolist(), abs=1.5)
    assert pos["wave_r"].min() > 0.95
    assert (pos["shift_s"] * FPS).round().unique().tolist() == [DELAY]
    assert rows.loc[rows["method"] == "CHROM", "wave_r"].abs().max() < 0.5


def test_the_table_ranks_methods_and_has_the_mean_predictor(people, rows):
    sys.modules.pop("people_tables", None)
    from people_tables import by_kind, how_few

    table = by_kind(rows).reset_index()
    assert set(table["method"]) == {"POS", "CHROM", "ICA", "mean predictor"}
    lines = table.set_index("method")
    assert lines.loc["POS", "within_5bpm"] == 1 and lines.loc["CHROM", "within_5bpm"] == 0
    assert lines.loc["ICA", "answers"] == 0 and lines.loc["mean predictor", "answers"] == 5
    assert how_few(rows).startswith("1 real face(s) with contact PPG, 5 windows")


def test_beats_of_a_chest_strap_are_rates(people):
    one = people.Person("ben", "finger", beats_s=np.arange(0, 20, 0.75))
    times_s = np.arange(20 * FPS) / FPS
    assert people.true_rate(one, None, times_s, slice(0, 300)) == pytest.approx(80)
