"""benchmarks/slow_training.py: what its losses prefer in known waves, and how it judges."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from rppg.models.gideon2021 import MultiView
from rppg.signals.time_stretch import resample_time

FOLDER = Path(__file__).parents[2] / "benchmarks"
TIMES_S = torch.arange(240) / 30
NORMAL = torch.tensor([1.0])


@pytest.fixture
def objectives(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    import slow_objectives

    return slow_objectives


@pytest.fixture
def benchmark(objectives):
    import slow_training

    return slow_training


def sines(*parts):
    """Sum (1, T) of sines of (bpm, amplitude)."""
    return sum(a * torch.sin(2 * torch.pi * bpm / 60 * TIMES_S) for bpm, a in parts)[None]


def test_power_moves_from_a_stronger_second_harmonic_to_the_fundamental(objectives):
    loss = objectives.lowest_peak_loss
    doubled, own = sines((50, 0.7), (100, 1.0)), sines((50, 1.0), (100, 0.3))
    assert loss(own, NORMAL) < loss(doubled, NORMAL) - 0.3
    amplitudes = torch.tensor([0.7, 1.0], requires_grad=True)
    loss(sines((50, amplitudes[0]), (100, amplitudes[1])), NORMAL).backward()
    slow, fast = amplitudes.grad.tolist()
    assert slow < 0 < fast


def test_without_power_at_the_half_the_strongest_peak_is_the_lowest(objectives):
    loss = objectives.lowest_peak_loss
    fast = sines((130, 1.0), (65, 0.2))
    assert loss(fast, NORMAL) < 0.2 < loss(sines((130, 1.0), (65, 0.8)), NORMAL)


def test_a_slow_heart_played_slower_stays_in_the_band_as_played(objectives):
    pulse, overtone = sines((33, 1.0)), sines((66, 1.0))  # 50 bpm at 0.66
    losses = [
        objectives.AsPlayed().as_played(branches(wave), torch.tensor([0.66]), seeded())
        for wave in (pulse, pulse + 0.2 * overtone)
    ]
    assert losses[0] < losses[1] < 0
    of_paper = [
        MultiView().contrast_of(branches(wave), seeded())
        for wave in (pulse, pulse + 0.2 * overtone)
    ]
    assert of_paper[1] < of_paper[0]  # the harmonic is rewarded


def branches(wave):
    """Waves of a clip and of the same played 1.5 times as fast."""
    return SimpleNamespace(anchor=wave, negative=resample_time(wave, 160), saliency=None)


def seeded():
    return torch.Generator().manual_seed(0)


def test_an_arm_that_doubles_slow_hearts_is_worse_on_these_alone(benchmark):
    true_bpm = np.repeat([50.0, 80.0, 120.0], 8)
    about = {"model": "contrast_phys", "gain_db": 0.0, "octave_db": -9.0}
    rows = pd.DataFrame(about, index=range(24)).assign(true_bpm=true_bpm)
    rows["id"] = rows["person"] = [f"v/{k}/x" for k in range(24)]
    rates = {"as trained": true_bpm + 1, "slower": np.where(true_bpm < 60, 2, 1) * true_bpm}
    runs = [
        rows.assign(arm=arm, seed=seed, hr_bpm=hr_bpm)
        for seed in (1, 2)
        for arm, hr_bpm in rates.items()
    ]
    found = benchmark.compared(pd.concat(runs)).set_index(["arm", "band"])
    slow, fast = found.loc[("slower", "slow")], found.loc[("slower", "fast")]
    assert (slow["within_5bpm"], slow["double"], slow["verdict"]) == (0, 1, "worse")
    assert (fast["within_5bpm"], fast["verdict"], fast["lower_in_seeds"]) == (1, "better", 2)
    assert slow["difference_bpm"] == pytest.approx(49)
