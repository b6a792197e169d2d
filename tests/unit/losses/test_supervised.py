"""Losses with labels: Pearson and MCC with a wave, the spectrum with a rate alone."""

import math

import numpy as np
import pytest
import torch

from rppg.losses.correlation import negative_pearson
from rppg.losses.rate_cross_entropy import rate_loss
from rppg.signals.spectrum import power_spectrum

FPS = 30.0


def waves(*rates_bpm, n_frames=300):
    times_s = torch.arange(n_frames, dtype=torch.float64) / FPS
    return torch.stack([torch.sin(2 * torch.pi * bpm / 60 * times_s) for bpm in rates_bpm])


def noise(batch=4, n_frames=300, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(batch, n_frames, generator=generator, dtype=torch.float64)


def at_rate(wave, hr_bpm, n_fft=5400, **options):
    hr_bpm = torch.tensor(hr_bpm, dtype=wave.dtype)
    return rate_loss(*power_spectrum(wave, FPS, n_fft), hr_bpm, **options)


# Pearson


@pytest.mark.parametrize("n_frames", [300, 301])
@pytest.mark.parametrize("batch", [1, 5])
def test_pearson_is_numpys_clip_by_clip(batch, n_frames):
    x, y = noise(batch, n_frames), noise(batch, n_frames, seed=1)
    expected = np.mean([1 - np.corrcoef(a, b)[0, 1] for a, b in zip(x, y, strict=True)])
    assert negative_pearson(x, y).item() == pytest.approx(expected, rel=1e-9)


def test_pearson_of_a_sine_of_noise_and_of_two_sines():
    sine = waves(60)
    assert negative_pearson(sine, sine).item() == pytest.approx(0, abs=1e-9)
    assert negative_pearson(sine, waves(120)).item() == pytest.approx(1, abs=1e-6)
    assert negative_pearson(sine + waves(120), sine).item() == pytest.approx(1 - 0.5**0.5, abs=1e-6)
    assert negative_pearson(noise(300), noise(300, seed=1)).item() == pytest.approx(1, abs=0.02)


def test_pearson_sees_the_sign_and_neither_gain_nor_offset():
    x, y = noise(), noise(seed=1) + noise()
    same = negative_pearson(x, y).item()
    assert negative_pearson(7 * x - 3, y / 2 + 9).item() == pytest.approx(same, rel=1e-9)
    assert negative_pearson(-x, y).item() == pytest.approx(2 - same, rel=1e-9)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("constant", [0.0, 3.0, 3.3])  # the mean of 3.3 is not quite 3.3
def test_pearson_of_a_constant_wave_is_one_without_a_gradient(constant, dtype):
    x = torch.full((2, 300), constant, dtype=dtype, requires_grad=True)
    loss = negative_pearson(x, noise(2).to(dtype))
    loss.backward()
    assert loss.item() == 1 and torch.equal(x.grad, torch.zeros_like(x))


def test_pearson_of_a_small_wave_on_a_great_offset_is_that_of_the_wave():
    x, y = noise(), noise(seed=1) + noise()
    same = negative_pearson(x, y).item()
    assert negative_pearson(1e-4 * x + 1e4, y).item() == pytest.approx(same, rel=1e-5)


def test_pearson_refuses_other_shapes():
    with pytest.raises(ValueError, match=r"found \(4, 300\) and \(4, 299\)"):
        negative_pearson(noise(), noise(n_frames=299))
    with pytest.raises(ValueError, match="two waves"):
        negative_pearson(noise()[0], noise()[0])


# Rate


def test_known_values_of_the_rate_loss():
    right = [at_rate(waves(bpm), [float(bpm)]).item() for bpm in range(50, 171, 10)]
    assert np.mean(right) == pytest.approx(0.09, abs=0.02)
    assert at_rate(waves(60), [120.0]).item() > 4
    both = waves(60) + waves(120)
    assert at_rate(both, [60.0]).item() == pytest.approx(0.09 + math.log(2), abs=0.1)
    assert at_rate(noise(300), [90.0] * 300).item() == pytest.approx(2.75, abs=0.3)


def test_rate_loss_falls_as_the_peak_comes_near():
    losses = [at_rate(waves(90), [bpm]).item() for bpm in (150.0, 110.0, 96.0, 91.0)]
    assert losses == sorted(losses, reverse=True)


@pytest.mark.parametrize("n_frames", [300, 301])
def test_rate_loss_equals_its_loop(n_frames):
    wave = noise(3, n_frames) + waves(60, 80, 110, n_frames=n_frames)
    freq_hz, power = power_spectrum(wave, FPS, 901)
    total = 0.0
    for row, bpm in zip(power.tolist(), (63.0, 80.0, 100.0), strict=True):
        pairs = [(f, p) for f, p in zip(freq_hz.tolist(), row, strict=True) if 0.66 <= f <= 3.0]
        near = sum(p for f, p in pairs if abs(f - bpm / 60) <= 0.1)
        total -= math.log(near / sum(p for _, p in pairs)) / 3
    assert at_rate(wave, [63.0, 80.0, 100.0], n_fft=901).item() == pytest.approx(total, rel=1e-9)


def test_rate_loss_ignores_gain_offset_and_sign_and_takes_a_band_a_clip():
    wave = noise(2) + waves(60, 150)
    same = at_rate(wave, [60.0, 150.0]).item()
    assert at_rate(-8 * wave + 5, [60.0, 150.0]).item() == pytest.approx(same, rel=1e-6)
    bands = torch.tensor([[0.66, 3.0], [1.32, 6.0]])
    assert at_rate(waves(60, 200), [60.0, 200.0], band_hz=bands).item() < 0.2
    with pytest.raises(ValueError, match=r"\[200.0\] bpm lie outside"):
        at_rate(waves(60, 200), [60.0, 200.0])


def test_gradients_are_right():
    wave = (noise(2, 45) + waves(70, 110, n_frames=45)).requires_grad_()
    assert torch.autograd.gradcheck(lambda w: at_rate(w, [75.0, 110.0], n_fft=128), (wave,))
    assert torch.autograd.gradcheck(lambda w: negative_pearson(w, noise(2, 45, seed=3)), (wave,))


def test_a_constant_wave_has_a_finite_loss_and_gradient():
    wave = torch.full((2, 300), 3.0, requires_grad=True)
    loss = at_rate(wave, [60.0, 90.0])
    loss.backward()
    assert math.isfinite(loss.item()) and torch.isfinite(wave.grad).all()
    assert loss.item() > 2


def test_rates_of_another_shape_are_an_error():
    with pytest.raises(ValueError, match=r"hr_bpm has the shape \(3,\), expected \(2,\)"):
        at_rate(noise(2), [60.0, 70.0, 80.0])
