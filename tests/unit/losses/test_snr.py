"""Signal-to-noise ratio: exact answers from sines, what it keeps, and what it refuses."""

import numpy as np
import pytest
import torch

from rppg.losses.snr import negative_snr, snr_db

FPS = 30.0
LONG = 5400  # frames: whole bpm have whole periods, nothing leaks
OFF_BINS_HZ = (0.66, 4.17)  # a band whose ends are between two bins of 1/3 bpm


def sines(*rates_bpm, n_frames=300, phase=0.0):
    times_s = torch.arange(n_frames, dtype=torch.float64) / FPS
    rates_hz = torch.tensor(rates_bpm, dtype=torch.float64)[:, None] / 60
    return torch.sin(2 * torch.pi * rates_hz * times_s + phase)


def noise(batch=3, n_frames=300, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(batch, n_frames, generator=generator, dtype=torch.float64)


def rates(*rates_bpm):
    return torch.tensor(rates_bpm)


@pytest.mark.parametrize("amplitude", [0.1, 1.0, 2.0])
def test_two_sines_have_the_ratio_of_their_powers(amplitude):
    pulse, other = sines(72, n_frames=LONG), amplitude * sines(150, n_frames=LONG, phase=1)
    expected = -20 * np.log10(amplitude)
    assert snr_db(pulse + other, rates(72.0), FPS).item() == pytest.approx(expected, abs=1e-6)
    assert snr_db(pulse + other, rates(150.0), FPS).item() == pytest.approx(-expected, abs=1e-6)


def test_all_other_power_of_the_band_counts_and_none_beside_it():
    pulse, out = sines(72, n_frames=LONG), sines(38, 252, n_frames=LONG).sum(dim=0)
    found = snr_db(pulse + sines(144, 248, n_frames=LONG).sum(dim=0), rates(72.0), FPS)
    assert found.item() == pytest.approx(-10 * np.log10(2), abs=1e-6), "harmonics are noise"
    assert snr_db(pulse + out, rates(72.0), FPS).item() == pytest.approx(60, abs=1e-6)
    narrow = (40 / 60, 180 / 60)
    found = snr_db(pulse + sines(200, n_frames=LONG), rates(72.0), FPS, narrow)
    assert found.item() == pytest.approx(60, abs=1e-6)


def test_within_six_bpm_of_the_rate_is_signal():
    pulse = sines(72, n_frames=LONG).expand(4, -1)
    found = snr_db(pulse, rates(67.0, 77.0, 65.0, 79.0), FPS)
    assert found.tolist() == pytest.approx([60, 60, -60, -60], abs=1e-6)


@pytest.mark.parametrize("n_frames", [300, 301, 5401])
def test_a_loop_over_numpys_frequencies_gives_the_same(n_frames):
    rates_bpm, n_fft, expected = [72.1, 90.5, 180.2], max(5400, n_frames), []
    waves = noise(n_frames=n_frames) + sines(*rates_bpm, n_frames=n_frames)
    for wave, bpm in zip(waves.numpy(), rates_bpm, strict=True):
        power = np.abs(np.fft.rfft(wave - wave.mean(), n_fft)) ** 2
        freq_hz = np.fft.rfftfreq(n_fft, 1 / FPS)
        band = (freq_hz >= OFF_BINS_HZ[0]) & (freq_hz <= OFF_BINS_HZ[1])
        near = np.abs(freq_hz - bpm / 60) <= 0.1
        expected.append(10 * np.log10(power[band & near].sum() / power[band & ~near].sum()))
    found = snr_db(waves, rates(*rates_bpm).double(), FPS, OFF_BINS_HZ)
    assert found.tolist() == pytest.approx(expected, rel=1e-9)


def test_ten_seconds_of_a_sine_leak_and_noise_has_none():
    assert 9 < snr_db(sines(72), rates(72.0), FPS).item() < 11
    assert snr_db(noise(1000), torch.full((1000,), 72.0), FPS).mean().item() == pytest.approx(
        -13, abs=0.5
    )


def test_the_loss_is_minus_the_mean():
    waves, rates_bpm = noise(), rates(72.0, 100.0, 144.0)
    expected = -snr_db(waves, rates_bpm, FPS).mean().item()
    assert negative_snr(waves, rates_bpm, FPS).item() == expected
    assert negative_snr(waves, rates_bpm, FPS, (1.0, 3.0)).item() != expected


def test_gain_offset_sign_and_company_do_not_matter():
    waves, rates_bpm = noise(), rates(72.0, 100.0, 144.0)
    found = snr_db(waves, rates_bpm, FPS)
    for changed in (100 * waves, waves + 7, -0.01 * waves - 3):
        assert snr_db(changed, rates_bpm, FPS).tolist() == pytest.approx(found.tolist(), rel=1e-8)
    alone = [snr_db(waves[k : k + 1], rates_bpm[k : k + 1], FPS).item() for k in range(3)]
    assert alone == pytest.approx(found.tolist(), rel=1e-12)
    assert torch.equal(snr_db(waves, rates_bpm, FPS), found), "a second call gives the same"


def test_clips_played_faster_have_bands_of_their_own():
    wave, rates_bpm = noise(2) + sines(72, 108), rates(72.0, 108.0)
    bands = torch.tensor([[0.66, 3.0], [0.99, 4.5]])
    found = snr_db(wave, rates_bpm, FPS, bands)
    for k in range(2):
        alone = snr_db(wave[k : k + 1], rates_bpm[k : k + 1], FPS, tuple(bands[k].tolist()))
        assert found[k].item() == pytest.approx(alone.item(), rel=1e-9)


def test_gradients_are_right(single_thread):
    wave = (noise(2, 24) + sines(72, 108, n_frames=24)).requires_grad_()
    loss = lambda wave: negative_snr(wave, rates(72.0, 108.0), FPS)  # noqa: E731
    assert torch.autograd.gradcheck(loss, wave)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_wave_of_zeros_counts_as_equal_everywhere(dtype):
    flat = torch.zeros(1, 300, dtype=dtype, requires_grad=True)
    found = snr_db(flat, rates(72.1), FPS, OFF_BINS_HZ)
    found.sum().backward()
    near, band = 36, 632  # bins of 1/3 bpm: 66 1/3 to 78, 39 2/3 to 250
    expected = 10 * np.log10(near / (band - near))
    assert found.dtype == dtype and found.item() == pytest.approx(expected, abs=1e-5)
    assert (flat.grad == 0).all()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_waves_on_another_device_stay_there():
    found = snr_db(noise().cuda(), rates(72.0, 90.0, 108.0), FPS)
    assert found.device.type == "cuda"
    expected = snr_db(noise(), rates(72.0, 90.0, 108.0), FPS).tolist()
    assert found.tolist() == pytest.approx(expected, rel=1e-9)


def test_what_does_not_fit_is_an_error():
    waves = noise()
    with pytest.raises(ValueError, match=r"hr_bpm has the shape \(2,\), expected \(3,\)"):
        snr_db(waves, rates(72.0, 72.0), FPS)
    with pytest.raises(ValueError, match=r"heart rates of \[30.0, 300.0\] bpm lie outside"):
        snr_db(waves, rates(30.0, 72.0, 300.0), FPS)
    with pytest.raises(ValueError, match=r"heart rates of \[nan\] bpm"):
        snr_db(waves, rates(72.0, torch.nan, 72.0), FPS)
    with pytest.raises(ValueError, match=r"expected power \(B, F\)"):
        snr_db(waves[0], rates(72.0), FPS)
    with pytest.raises(ValueError, match="band_hz has the shape"):
        snr_db(waves, rates(72.0, 72.0, 72.0), FPS, torch.ones(2, 2))
