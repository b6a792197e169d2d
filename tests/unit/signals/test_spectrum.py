"""Spectrum: exact bins at odd and even lengths, its definition, its gradient, both libraries."""

import math

import numpy as np
import pytest
import torch

from rppg.signals.spectrum import HEART_BAND_HZ, crop_band, power_spectrum, unit_area


def sine(freq_hz, n_frames, fps, phase=0.3):
    return torch.sin(2 * math.pi * freq_hz * torch.arange(n_frames).double() / fps + phase)


def naive_power(wave, n_fft):
    """The discrete Fourier transform as its definition says it, for reading rather than speed."""
    centred = [x - sum(wave) / len(wave) for x in wave]
    power = []
    for k in range(n_fft // 2 + 1):
        angles = [2 * math.pi * k * i / n_fft for i in range(len(centred))]
        real = sum(x * math.cos(a) for x, a in zip(centred, angles, strict=True))
        imag = sum(x * math.sin(a) for x, a in zip(centred, angles, strict=True))
        power.append(real**2 + imag**2)
    return torch.tensor(power, dtype=torch.float64)


@pytest.mark.parametrize("fps", [17.0, 29.97, 30.0, 117.0])
@pytest.mark.parametrize("n_frames", [150, 151, 300, 301])
def test_a_sine_in_the_middle_of_a_bin_is_found_exactly(n_frames, fps):
    true_hz = 7 * fps / n_frames
    freq_hz, power = power_spectrum(sine(true_hz, n_frames, fps), fps)
    assert freq_hz.shape == power.shape == (n_frames // 2 + 1,)
    assert freq_hz[power.argmax()].item() == pytest.approx(true_hz, rel=1e-12)
    assert power.max() / power.sum() > 1 - 1e-12  # no leakage where the axis and the bins agree
    assert freq_hz[-1].item() == pytest.approx(fps / n_frames * (n_frames // 2), rel=1e-12)


@pytest.mark.parametrize(("n_frames", "n_fft"), [(8, 8), (9, 9), (9, 20), (10, 21)])
def test_equals_the_definition(n_frames, n_fft):
    gen = torch.Generator().manual_seed(0)
    wave = torch.rand(2, n_frames, generator=gen, dtype=torch.float64)
    _, power = power_spectrum(wave, 30.0, n_fft)
    for one, expected in zip(power, wave, strict=True):
        torch.testing.assert_close(one, naive_power(expected.tolist(), n_fft))


def test_each_wave_loses_its_own_mean_and_batches_agree():
    gen = torch.Generator().manual_seed(0)
    wave = torch.rand(3, 4, 101, generator=gen, dtype=torch.float64)
    offset = torch.arange(12).reshape(3, 4, 1) * 100.0
    _, power = power_spectrum(wave + offset, 30.0, 512)
    for i in range(3):
        torch.testing.assert_close(power[i], power_spectrum(wave[i], 30.0, 512)[1])


def test_crop_band_keeps_both_ends_and_refuses_an_empty_band():
    freq_hz = torch.tensor([0.5, 0.66, 1.0, 3.0, 3.1], dtype=torch.float64)
    cropped_hz, power = crop_band(freq_hz, freq_hz.repeat(2, 1), HEART_BAND_HZ)
    assert cropped_hz.tolist() == [0.66, 1.0, 3.0]
    assert power.shape == (2, 3)
    with pytest.raises(ValueError, match="0.500 to 3.100 Hz"):
        crop_band(freq_hz, freq_hz, (4.0, 5.0))


def test_unit_area_sums_to_one_and_keeps_zero():
    power = torch.tensor([[1.0, 3.0], [1e-20, 1e-20], [0.0, 0.0]])
    assert unit_area(power).tolist() == [[0.25, 0.75], [0.5, 0.5], [0.0, 0.0]]


@pytest.mark.parametrize(("dtype", "rtol"), [(np.float64, 1e-9), (np.float32, 1e-4)])
@pytest.mark.parametrize(("n_frames", "n_fft"), [(150, None), (301, None), (300, 5400), (91, 1801)])
def test_arrays_and_tensors_have_equal_spectra(n_frames, n_fft, dtype, rtol):
    wave = np.random.default_rng(0).standard_normal((2, 3, n_frames)).cumsum(axis=-1).astype(dtype)
    found = []
    for one in (wave, torch.from_numpy(wave)):
        whole = power_spectrum(one, 29.97, n_fft)
        band_hz, power = crop_band(*whole)
        found.append([*whole, band_hz, power, unit_area(power)])
    for ours, theirs in zip(*found, strict=True):
        assert isinstance(ours, np.ndarray) and isinstance(theirs, torch.Tensor)
        scale = np.abs(theirs.numpy()).max()
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=0, atol=rtol * scale)


def test_unit_area_of_an_array_without_power_stays_zero():
    assert unit_area(np.array([[1.0, 3.0], [0.0, 0.0]])).tolist() == [[0.25, 0.75], [0.0, 0.0]]


def test_gradients():
    gen = torch.Generator().manual_seed(0)
    wave = torch.rand(2, 45, generator=gen, dtype=torch.float64).requires_grad_()

    def spectrum(x):
        return unit_area(crop_band(*power_spectrum(x, 30.0, 90))[1])

    assert torch.autograd.gradcheck(spectrum, (wave,))


def test_a_constant_wave_has_finite_gradients():
    wave = torch.ones(1, 60, requires_grad=True)
    unit_area(power_spectrum(wave, 30.0)[1]).sum().backward()
    assert torch.isfinite(wave.grad).all()


@pytest.mark.parametrize(
    ("n_frames", "fps", "n_fft"), [(0, 30.0, None), (30, 30.0, 29), (30, 0.0, None)]
)
def test_bad_arguments_are_named(n_frames, fps, n_fft):
    with pytest.raises(ValueError, match="found"):
        power_spectrum(torch.zeros(n_frames), fps, n_fft)
