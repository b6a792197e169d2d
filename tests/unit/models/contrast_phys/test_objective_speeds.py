"""Contrast of clips that are played at speeds of their own: each in its own band."""

from itertools import permutations, product

import pytest
import torch
from helpers.self_consistency import Cells

from rppg.losses.contrast import sample_windows
from rppg.losses.windows import wave_windows
from rppg.models.contrast_phys import objective
from rppg.models.contrast_phys.objective import Contrast, SupervisedContrast

FPS = 30.0
SCREEN_BPM = (276.0, 60.0, 132.0)  # as played; the first is 197 bpm of the face, at 1.4 times


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def batch_of(rates_bpm, speeds, n_frames=300, noise=0.0):
    """Crops (B, T, 4, 4, 3) that beat at these rates as played, and their ground-truth BVPs."""
    times_s = torch.arange(n_frames) / FPS
    waves = torch.stack([torch.sin(2 * torch.pi * bpm / 60 * times_s) for bpm in rates_bpm])
    shape = (*waves.shape, 4, 4, 3)
    known = torch.ones(len(waves), dtype=torch.bool)
    return {
        "clip": waves[..., None, None, None] + noise * torch.randn(shape, generator=seeded(1)),
        "speed": torch.tensor(speeds),
        "wave": waves + noise * torch.randn(waves.shape, generator=seeded(2)),
        "hr_bpm": torch.full((len(waves),), torch.nan),
        "has_wave": known,
        "has_hr": ~known,
    }


def parts_of(step, batch):
    return {name: part.item() for name, part in step(Cells(), batch, seeded())[1].items()}


def test_197_bpm_at_1_4_times_the_speed_is_a_pulse_to_the_contrast():
    """Every window of 150 frames holds whole periods: a spectrum of one bin, or of nothing."""
    batch = batch_of(SCREEN_BPM, [1.4, 1.0, 1.0])
    parts = parts_of(SupervisedContrast(), batch)
    assert parts["pull"] == pytest.approx(0, abs=1e-4)
    assert parts["push"] == pytest.approx(-2, abs=1e-3)
    assert parts["truth_pull"] == pytest.approx(0, abs=1e-4)
    assert parts["truth_push"] == pytest.approx(-4, abs=1e-3)
    too_fast = parts_of(SupervisedContrast(), batch | {"speed": torch.ones(3)})
    assert too_fast["push"] > -1.95  # 276 bpm of a face is out of the band


def test_the_second_half_of_distractor_pairs_has_the_speeds_of_the_first(monkeypatch):
    monkeypatch.setattr(
        objective, "with_distractors", lambda clip, speed, generator: (clip, speed * torch.nan)
    )
    batch = batch_of(SCREEN_BPM, [1.4, 1.0, 1.0])
    parts = parts_of(Contrast(distractor_pairs=True), batch)
    assert parts["pull"] == pytest.approx(0, abs=1e-4)
    assert parts["push"] == pytest.approx(-2, abs=1e-3)


def share_in_band(wave, speed):
    power = torch.fft.rfft(wave - wave.mean()).abs() ** 2
    freq_hz = torch.fft.rfftfreq(len(wave), 1 / FPS)
    power = power * ((freq_hz >= speed * 40 / 60) & (freq_hz <= speed * 250 / 60))
    return power / power.sum()


def distance(one, other, pairs):
    found = [(one[i] - other[j]).square().sum() for i, j in pairs]
    return torch.stack(found).mean().item()


def test_clips_of_three_speeds_give_the_means_of_a_loop_over_pairs_of_windows():
    batch = batch_of((90.0, 60.0, 130.0), [1.4, 0.6, 1.0], n_frames=240, noise=0.7)
    parts, generator = parts_of(SupervisedContrast(), batch), seeded()
    block = Cells()(batch["clip"], whole_block=True).float()
    windows = sample_windows(block, 120, 4, generator)  # (3, n, 120)
    n = windows.shape[1]
    contact = wave_windows(batch["wave"], 120, n, generator)
    speeds = batch["speed"].tolist()
    f, g = (
        [[share_in_band(wave, s) for wave in own] for s, own in zip(speeds, waves, strict=True)]
        for waves in (windows, contact)
    )
    unlike, every = list(permutations(range(n), 2)), list(product(range(n), range(n)))
    videos = list(permutations(range(3), 2))
    expected = {
        "pull": sum(distance(f[v], f[v], unlike) for v in range(3)) / 3,
        "push": -sum(distance(f[v], f[w], every) for v, w in videos) / 6,
        "truth_pull": sum(distance(f[v], g[v], unlike) for v in range(3)) / 3,
        "truth_push": -2 * sum(distance(f[v], g[w], every) for v, w in videos) / 6,
    }
    for name, value in expected.items():
        assert parts[name] == pytest.approx(value, rel=1e-4), name
