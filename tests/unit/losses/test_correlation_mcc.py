"""MCC: against a search over lags in time, its measured values and nulls, and what it keeps."""

import math

import numpy as np
import pytest
import torch

from rppg.losses.correlation import max_cross_correlation, mcc_loss

FPS, LOW_HZ, HIGH_HZ = 30.0, 0.66, 3.0


def sine(bpm, phase=0.0, n_frames=300):
    times_s = torch.arange(n_frames, dtype=torch.float64) / FPS
    return torch.sin(2 * torch.pi * bpm / 60 * times_s + phase)[None]


def noise(batch=4, n_frames=300, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(batch, n_frames, generator=generator, dtype=torch.float64)


def mcc(wave, bvp, **options):
    return max_cross_correlation(wave, bvp, FPS, **options)


# Against a search over lags


def in_band(signal, n_fft):
    """The signal, zeros behind it, without what lies outside the band: (n_fft,)."""
    spectrum = np.fft.fft(signal, n=n_fft)
    freq_hz = np.abs(np.fft.fftfreq(n_fft, d=1 / FPS))
    return np.fft.ifft(spectrum * ((freq_hz >= LOW_HZ) & (freq_hz <= HIGH_HZ))).real


def search(x, y):
    """Eq. 11 of two waves (T,) lag by lag in time."""
    n_frames = len(x)
    x, y = x - x.mean(), y - y.mean()
    magnitude = np.abs(np.fft.rfft(x, n=2 * n_frames) * np.fft.rfft(y, n=2 * n_frames))
    freq_hz = np.fft.rfftfreq(2 * n_frames, d=1 / FPS)
    share = magnitude[(freq_hz >= LOW_HZ) & (freq_hz <= HIGH_HZ)].sum() / magnitude.sum()
    x_band, y_band = in_band(x, 2 * n_frames), in_band(y, 2 * n_frames)
    highest = max(np.dot(x_band, np.roll(y_band, lag)) for lag in range(2 * n_frames))
    return highest / (n_frames - 1) / (share * x.std(ddof=1) * y.std(ddof=1))


@pytest.mark.parametrize("n_frames", [300, 301, 92])
def test_it_equals_a_search_over_lags_in_time(n_frames):
    wave = noise(3, n_frames) + sine(72, n_frames=n_frames)
    bvp = noise(3, n_frames, seed=1) + 2 * sine(80, 1.0, n_frames=n_frames)
    expected = [search(x, y) for x, y in zip(wave.numpy(), bvp.numpy(), strict=True)]
    assert mcc(wave, bvp).tolist() == pytest.approx(expected, rel=1e-9)
    assert mcc_loss(wave, bvp, FPS).item() == pytest.approx(-np.mean(expected), rel=1e-9)


@pytest.mark.parametrize("lag", [-60, -17, 0, 5, 60])
def test_pulses_that_end_in_the_clip_are_found_at_any_lag(lag):
    """Without any filter: the plain correlation at the best of all lags, none wrapping around."""
    burst = torch.zeros(1, 300, dtype=torch.float64)
    burst[0, 80:220] = sine(90, n_frames=140)[0] * torch.hann_window(140, dtype=torch.float64)
    wave = burst.roll(lag, dims=1)
    x, y = wave[0].numpy() - wave.mean().item(), burst[0].numpy() - burst.mean().item()
    plain = np.correlate(x, y, mode="full").max() / np.sqrt((x**2).sum() * (y**2).sum())
    assert plain == pytest.approx(1, abs=1e-3)
    assert mcc(wave, burst).item() == pytest.approx(plain, abs=0.005)


def test_lags_up_to_the_length_are_searched_on_both_sides():
    first, last = torch.zeros(2, 1, 300, dtype=torch.float64)
    first[0, :60] = last[0, 240:] = sine(90, n_frames=60)[0]
    assert mcc(last, first).item() > 0.98 and mcc(first, last).item() > 0.98


# Known values: those of the docstring


def test_same_late_upside_down_and_another_rate():
    pulse = sine(72)
    assert mcc(pulse, pulse).item() == pytest.approx(1.0, abs=1e-6)
    assert mcc(sine(72, -math.pi / 2), pulse).item() == pytest.approx(0.98, abs=0.005)
    assert mcc(-pulse, pulse).item() == pytest.approx(0.97, abs=0.005)  # no lag wraps
    assert mcc(sine(100), pulse).item() == pytest.approx(0.07, abs=0.005)


def test_what_lies_outside_the_band_counts_where_one_wave_alone_has_it():
    pulse, both = sine(72), sine(72) + sine(400)
    assert mcc(both, pulse).item() == pytest.approx(0.71, abs=0.01)
    assert mcc(both, both).item() == pytest.approx(1.0, abs=0.01)


def test_nulls_of_noise():
    against_pulse = mcc(noise(2000), sine(72).expand(2000, 300))
    assert against_pulse.mean().item() == pytest.approx(0.11, abs=0.005)
    assert against_pulse.max().item() <= 0.275
    against_noise = mcc(noise(2000), noise(2000, seed=1))
    assert against_noise.mean().item() == pytest.approx(0.33, abs=0.005)
    assert 0.45 < against_noise.max().item() <= 0.565


def test_it_lies_from_zero_to_about_one():
    unlike, alike = mcc(noise(200), noise(200, seed=1)), mcc(noise(200), noise(200))
    assert unlike.min().item() > 0 and alike.min().item() > 1 - 1e-6
    assert 1 < alike.max().item() < 1.04


# What it keeps


def test_gain_offset_order_batch_and_dtype_do_not_matter():
    wave, bvp = noise() + sine(72), noise(seed=1) + sine(72)
    same = mcc(wave, bvp)
    assert torch.allclose(mcc(7 * wave - 3, bvp / 2 + 9), same, rtol=1e-9)
    assert torch.allclose(mcc(bvp, wave), same, rtol=1e-9)
    assert torch.allclose(mcc(wave.flip(0), bvp.flip(0)).flip(0), same, rtol=1e-9)
    assert torch.allclose(mcc(wave[:1], bvp[:1]), same[:1], rtol=1e-9)  # batch of 1
    pulse = sine(72)
    assert mcc(pulse.float(), pulse.float()).item() == pytest.approx(1, abs=1e-5)


def test_a_band_for_each_clip():
    wave = noise(2) + torch.cat([sine(60), sine(200)])
    bands = torch.tensor([[LOW_HZ, HIGH_HZ], [2 * LOW_HZ, 2 * HIGH_HZ]])
    one_by_one = [
        mcc(wave[:1], sine(60), band_hz=(LOW_HZ, HIGH_HZ)),
        mcc(wave[1:], sine(200), band_hz=(2 * LOW_HZ, 2 * HIGH_HZ)),
    ]
    both = mcc(wave, torch.cat([sine(60), sine(200)]), band_hz=bands)
    assert torch.allclose(both, torch.cat(one_by_one), rtol=1e-6)


def test_gradients_are_right():
    wave = (noise(2, 45) + sine(90, n_frames=45)).requires_grad_()
    bvp = noise(2, 45, seed=1)
    assert torch.autograd.gradcheck(lambda wave: mcc_loss(wave, bvp, FPS), (wave,))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("constant", [0.0, 3.3])
def test_a_constant_wave_is_at_zero_with_a_finite_gradient(constant, dtype):
    wave = torch.full((2, 300), constant, dtype=dtype, requires_grad=True)
    for bvp in (noise(2).to(dtype), wave.detach()):
        loss = mcc_loss(wave, bvp, FPS)
        loss.backward()
        assert loss.dtype == dtype and loss.item() == 0
        assert torch.equal(wave.grad, torch.zeros_like(wave))


def test_waves_and_bands_that_do_not_fit_are_errors():
    with pytest.raises(ValueError, match=r"found \(4, 300\) and \(4, 299\)"):
        mcc_loss(noise(), noise(n_frames=299), FPS)
    with pytest.raises(ValueError, match="two waves"):
        mcc_loss(noise()[0], noise()[0], FPS)
    with pytest.raises(ValueError, match="holds no frequency"):
        mcc_loss(noise(), noise(), FPS, (20.0, 30.0))
    with pytest.raises(ValueError, match=r"band_hz has the shape \(3, 2\)"):
        mcc_loss(noise(), noise(), FPS, torch.tensor([[1.0, 2.0]] * 3))
