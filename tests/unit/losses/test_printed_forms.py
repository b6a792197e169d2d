"""The losses as the paper prints them: against loops, and what sets them apart from ours."""

import math

import pytest
import torch

from rppg.losses.correlation import mcc_loss, printed_mcc_loss
from rppg.losses.periodicity import periodicity_loss, printed_periodicity_loss
from rppg.losses.sinc import sparsity_loss
from rppg.models.contrast_phys.objective import SupervisedContrast
from rppg.models.st_transformer.objective import SelfSupervised
from rppg.signals.spectrum import power_spectrum

FPS = 30.0


def waves(n_frames=300, batch=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(batch, n_frames, generator=generator, dtype=torch.float64)


def test_printed_periodicity_is_the_double_sum_of_eq_5():
    wave, total = waves(301), 0.0
    for one in wave:
        segments = [one[k * 100 : (k + 1) * 100] for k in range(3)]
        powers = [torch.fft.fft(part - part.mean()).abs().square() for part in segments]
        total += sum((b - a).square().sum() for a, b in zip(powers, powers[1:], strict=False))
    assert printed_periodicity_loss(wave, FPS).item() == pytest.approx(total.item() / 3, rel=1e-9)


def test_printed_periodicity_follows_the_gain_and_ours_does_not():
    wave = waves()
    printed = [printed_periodicity_loss(gain * wave, FPS).item() for gain in (1.0, 0.1)]
    ours = [periodicity_loss(gain * wave, FPS).item() for gain in (1.0, 0.1)]
    assert printed[1] == pytest.approx(1e-4 * printed[0]) and ours[1] == pytest.approx(ours[0])


def test_printed_mcc_is_the_maximum_over_lags_that_wrap():
    x, y = waves(), waves(seed=1)
    spectra = [torch.fft.fft(wave - wave.mean(1, keepdim=True)) for wave in (x, y)]
    freq_hz = torch.fft.fftfreq(300, 1 / FPS).abs()
    inside = (freq_hz >= 0.66) & (freq_hz <= 3.0)
    lags = torch.fft.ifft(spectra[0] * spectra[1].conj() * inside).real  # (B, T)
    scale = 300 * x.std(1, correction=0) * y.std(1, correction=0)
    expected = -(lags.amax(1) / scale).mean()
    assert printed_mcc_loss(x, y, FPS).item() == pytest.approx(expected.item(), rel=1e-9)


def test_noise_out_of_the_band_counts_in_printed_mcc_alone():
    times_s = torch.arange(300, dtype=torch.float64) / FPS
    clean = torch.sin(2 * math.pi * 1.2 * times_s)[None]
    noisy = clean + torch.sin(2 * math.pi * 6.7 * times_s)
    assert mcc_loss(noisy, noisy, FPS).item() == pytest.approx(-1, abs=0.01)
    assert printed_mcc_loss(noisy, noisy, FPS).item() == pytest.approx(-0.5, abs=0.01)
    assert printed_mcc_loss(clean, clean.roll(40, 1), FPS).item() == pytest.approx(-1, abs=1e-6)


def test_a_wider_peak_leaves_less_for_sparsity():
    axis, power = power_spectrum(waves(), FPS, 5400)
    by_width = [sparsity_loss(axis, power, half_width_hz=bpm / 60).item() for bpm in (2, 6, 36)]
    assert by_width == sorted(by_width, reverse=True) and by_width[1] > by_width[2]


def test_the_objectives_compute_the_form_that_they_are_given():
    batch = {"speed": torch.ones(3)}
    for form, loss in (("own", periodicity_loss), ("printed", printed_periodicity_loss)):
        parts = SelfSupervised(periodicity_form=form).of_waves(waves().float(), batch)[1]
        assert parts["periodicity"].item() == pytest.approx(loss(waves().float(), FPS).item())
    narrow, wide = (
        SelfSupervised(peak_half_width_bpm=bpm).of_waves(waves().float(), batch)[1]["sparsity"]
        for bpm in (6.0, 36.0)
    )
    assert wide < narrow
    with pytest.raises(ValueError, match="periodicity_form 'x', expected own or printed"):
        SelfSupervised(periodicity_form="x")
    with pytest.raises(ValueError, match="mcc_form 'x', expected own or printed"):
        SupervisedContrast(mcc_form="x")
