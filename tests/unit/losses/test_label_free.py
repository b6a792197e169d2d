"""Label-free losses: their value on known waves, and against loops written from the equations."""

import math

import pytest
import torch

from rppg.losses.periodicity import periodicity_loss
from rppg.losses.sinc import bandwidth_loss, sparsity_loss, variance_loss
from rppg.signals.spectrum import power_spectrum

FPS, N_FFT, LOW_HZ, HIGH_HZ = 30.0, 5400, 0.66, 3.0
SINC = {"bandwidth": bandwidth_loss, "sparsity": sparsity_loss, "variance": variance_loss}


def sines(*rates_bpm, n_frames=300):
    times_s = torch.arange(n_frames, dtype=torch.float64) / FPS
    return torch.stack([torch.sin(2 * torch.pi * bpm / 60 * times_s) for bpm in rates_bpm])


def noise(batch=4, n_frames=300, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(batch, n_frames, generator=generator, dtype=torch.float64)


def value(name, wave, n_fft=N_FFT, **options):
    if name == "periodicity":
        return periodicity_loss(wave, FPS, n_fft=n_fft)
    return SINC[name](*power_spectrum(wave, FPS, n_fft), **options)


EVERY = [*SINC, "periodicity"]


# Known values


def test_floors_of_a_perfect_sine():
    wave = sines(*range(50, 171, 5))
    assert value("bandwidth", wave).item() == pytest.approx(0.011, abs=0.004)
    assert value("sparsity", wave).item() == pytest.approx(0.087, abs=0.015)
    assert value("sparsity", sines(*range(60, 161, 5), n_frames=120)).item() == pytest.approx(
        0.294, abs=0.03
    )
    assert value("periodicity", sines(60, 90, 120)).item() < 0.02  # by their phases


def test_white_noise_has_the_bands_share_of_the_power():
    outside = 1 - (HIGH_HZ - LOW_HZ) / (FPS / 2)
    assert value("bandwidth", noise(200)).item() == pytest.approx(outside, abs=0.01)
    assert value("sparsity", noise(200)).item() > 0.7
    assert value("periodicity", noise(200)).item() > 1.0


def test_two_equal_sines_far_apart_leave_half_the_power_away_from_the_peak():
    wave = sines(60) + sines(120)
    assert value("sparsity", wave).item() == pytest.approx(0.5, abs=0.06)
    halves = torch.cat([sines(60, n_frames=100), sines(120, n_frames=100)], dim=-1)
    assert periodicity_loss(halves, FPS, n_segments=2).item() == pytest.approx(2.0, abs=0.15)


def test_bandwidth_and_variance_of_two_equal_sines():
    outside = sines(90) + sines(300)  # 1.5 Hz, and 5 Hz: outside of the band
    assert value("bandwidth", outside).item() == pytest.approx(0.5, abs=0.02)
    both, apart = value("variance", sines(60) + sines(120)), value("variance", sines(60, 120))
    assert both.item() == pytest.approx(apart.item(), abs=0.01)  # in one clip or in two


def test_variance_of_noise_is_near_none_and_of_a_constant_none():
    assert value("variance", noise(200)).item() < 0.001
    assert value("variance", torch.ones(2, 300)).item() == pytest.approx(0, abs=1e-9)
    assert value("periodicity", torch.ones(2, 300)).item() == 0  # nothing to compare


def test_variance_is_least_where_rates_are_spread_and_rates_one_rate_by_its_place():
    spread = value("variance", sines(*torch.linspace(41, 179, 20).tolist())).item()
    resting = value("variance", sines(*[80.0] * 20)).item()
    middle = value("variance", sines(*[110.0] * 20)).item()
    assert spread < 0.02 < middle < resting
    assert resting == pytest.approx(0.113, abs=0.01) and middle == pytest.approx(0.068, abs=0.01)


def test_a_clip_played_faster_is_judged_in_a_band_played_faster():
    slow, fast = sines(50), sines(200)  # the second: 100 bpm, twice as fast
    bands = torch.tensor([[LOW_HZ, HIGH_HZ], [2 * LOW_HZ, 2 * HIGH_HZ]])
    both = torch.cat([slow, fast])
    assert value("bandwidth", both).item() > 0.4
    assert value("bandwidth", both, band_hz=bands).item() < 0.03
    assert value("sparsity", both, band_hz=bands).item() < 0.12
    assert torch.isfinite(value("variance", both, band_hz=bands))


# Against loops written from the equations


def loop_bandwidth(freq_hz, power):
    result = 0.0
    for row in power.tolist():
        pairs = list(zip(freq_hz.tolist(), row, strict=True))
        outside = sum(p for f, p in pairs if f < LOW_HZ or f > HIGH_HZ)
        result += outside / sum(row) / len(power)
    return result


def loop_sparsity(freq_hz, power):
    result = 0.0
    for row in power.tolist():
        pairs = zip(freq_hz.tolist(), row, strict=True)
        band = [(f, p) for f, p in pairs if LOW_HZ <= f <= HIGH_HZ]
        peak_hz = max(band, key=lambda pair: pair[1])[0]
        far = sum(p for f, p in band if abs(f - peak_hz) > 0.1)
        result += far / sum(p for _, p in band) / len(power)
    return result


def loop_variance(freq_hz, power):
    inside = [i for i, f in enumerate(freq_hz.tolist()) if LOW_HZ <= f <= HIGH_HZ]
    rows = [[row[i] for i in inside] for row in power.tolist()]
    mean = [sum(row[i] / sum(row) for row in rows) / len(rows) for i in range(len(inside))]
    found = uniform = total = 0.0
    for share in mean:
        found, uniform = found + share, uniform + 1 / len(inside)
        total += (found - uniform) ** 2 / len(inside)
    return total


@pytest.mark.parametrize("n_frames", [300, 301, 127])
@pytest.mark.parametrize("name", SINC)
def test_losses_equal_the_loops_of_their_equations(name, n_frames):
    loops = {"bandwidth": loop_bandwidth, "sparsity": loop_sparsity, "variance": loop_variance}
    wave = noise(3, n_frames) + 3 * sines(60, 80, 110, n_frames=n_frames)
    freq_hz, power = power_spectrum(wave, FPS, 901)
    assert SINC[name](freq_hz, power).item() == pytest.approx(loops[name](freq_hz, power), rel=1e-9)


@pytest.mark.parametrize("n_frames", [300, 301, 92])
def test_periodicity_equals_the_loop_of_its_equation(n_frames):
    wave = noise(2, n_frames) + sines(60, 110, n_frames=n_frames)
    length, total = n_frames // 3, 0.0
    for row in wave:
        spectra = []
        for j in range(3):
            _, power = power_spectrum(row[j * length : (j + 1) * length], FPS, 901)
            spectra.append((power / power.sum()).tolist())
        for one, next_one in zip(spectra, spectra[1:], strict=False):
            distance = sum((a - b) ** 2 for a, b in zip(one, next_one, strict=True))
            total += distance / ((sum(a * a for a in one) + sum(b * b for b in next_one)) / 2) / 2
    assert periodicity_loss(wave, FPS, n_fft=901).item() == pytest.approx(total, rel=1e-9)


# What every loss keeps


@pytest.mark.parametrize("name", EVERY)
def test_gain_and_offset_do_not_change_a_loss(name):
    wave = noise() + sines(60, 80, 100, 120)
    assert value(name, 7.5 * wave - 40).item() == pytest.approx(value(name, wave).item(), rel=1e-6)


@pytest.mark.parametrize("name", EVERY)
def test_gradients_are_right(name):
    wave = (noise(2, 45) + sines(70, 110, n_frames=45)).requires_grad_()
    assert torch.autograd.gradcheck(lambda wave: value(name, wave, n_fft=128), (wave,))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", EVERY)
def test_a_constant_wave_has_a_finite_loss_and_gradient(name, dtype):
    wave = torch.full((2, 300), 3.0, dtype=dtype, requires_grad=True)
    loss = value(name, wave)
    loss.backward()
    assert loss.dtype == dtype and math.isfinite(loss.item())
    assert torch.isfinite(wave.grad).all()
    if name in ("bandwidth", "sparsity"):
        assert loss.item() > 0.8  # no better than noise


@pytest.mark.parametrize("name", SINC)
def test_shapes_and_bands_that_do_not_fit_are_errors(name):
    freq_hz, power = power_spectrum(noise(), FPS)
    with pytest.raises(ValueError, match=r"expected power \(B, F\)"):
        SINC[name](freq_hz, power[0])
    with pytest.raises(ValueError, match=r"band_hz has the shape \(3, 2\)"):
        SINC[name](freq_hz, power, torch.tensor([[1.0, 2.0]] * 3))
    with pytest.raises(ValueError, match="holds no frequency"):
        SINC[name](freq_hz, power, (20.0, 30.0))


def test_too_few_segments_or_frames_are_errors():
    with pytest.raises(ValueError, match="1 segments"):
        periodicity_loss(noise(), FPS, n_segments=1)
    with pytest.raises(ValueError, match="3 segments of 1 frames"):
        periodicity_loss(noise(1, 5), FPS)
