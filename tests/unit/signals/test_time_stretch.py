"""Resampling in time: compared with F.interpolate, frequency of a sine, and the inverse."""

import pytest
import torch
from torch.nn.functional import interpolate

from rppg.signals.spectrum import power_spectrum
from rppg.signals.time_stretch import resample_time

FPS = 30.0
LENGTHS = [(300, 200), (300, 241), (60, 90), (7, 7), (5, 1), (1, 4), (2, 9)]


def noise(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def sine(freq_hz, n_frames=300):
    return torch.sin(2 * torch.pi * freq_hz * torch.arange(n_frames, dtype=torch.float64) / FPS)[
        None
    ]


@pytest.mark.parametrize("n_given, n_frames", LENGTHS)
def test_clips_become_those_of_trilinear_interpolation(n_given, n_frames):
    clips = noise(2, 3, n_given, 4, 5)
    expected = interpolate(clips, size=(n_frames, 4, 5), mode="trilinear", align_corners=False)
    torch.testing.assert_close(resample_time(clips, n_frames, dim=2), expected)
    torch.testing.assert_close(resample_time(clips, n_frames, dim=-3), expected)
    stored = clips.permute(0, 2, 3, 4, 1)  # (B, T, H, W, 3)
    torch.testing.assert_close(resample_time(stored, n_frames), expected.permute(0, 2, 3, 4, 1))


@pytest.mark.parametrize("n_given, n_frames", LENGTHS)
def test_waves_and_their_gradient_are_those_of_linear_interpolation(n_given, n_frames):
    """That of float64: in float32 F.interpolate itself is off by up to 1e-4."""
    waves, weight = noise(3, n_given), noise(3, n_frames, seed=1)
    plain = waves.clone().requires_grad_()
    expected = interpolate(plain[:, None], size=n_frames, mode="linear")[:, 0]
    (expected * weight).sum().backward()
    ours = waves.float().requires_grad_()
    found = resample_time(ours, n_frames)
    (found * weight.float()).sum().backward()
    torch.testing.assert_close(found.double(), expected, atol=1e-5, rtol=0)
    torch.testing.assert_close(ours.grad.double(), plain.grad, atol=1e-5, rtol=0)


@pytest.mark.parametrize("ratio", [0.66, 0.73, 0.8])
def test_a_sine_goes_up_by_one_over_the_ratio(ratio):
    n_frames = round(ratio * 300)
    freq_hz, power = power_spectrum(resample_time(sine(1.2), n_frames), FPS, n_fft=5400)
    spacing_hz = (freq_hz[1] - freq_hz[0]).item()
    expected_hz = 1.2 * 300 / n_frames
    assert freq_hz[power[0].argmax()].item() == pytest.approx(expected_hz, abs=2 * spacing_hz)


@pytest.mark.parametrize("ratio", [0.66, 0.73, 0.8])
def test_the_inverse_restores_a_smooth_wave(ratio):
    wave = sine(1.2) + 0.3 * sine(2.4)
    back = resample_time(resample_time(wave, round(ratio * 300)), 300)
    assert back.shape == wave.shape
    error = (back - wave)[:, 2:-2].abs().max().item()  # behind the ends, waves are held
    assert error < 0.05
    assert (back - wave).abs().max() < 0.2


def test_the_same_number_of_frames_changes_nothing():
    waves = noise(2, 31)
    assert torch.equal(resample_time(waves, 31), waves)


def test_gain_and_offset_pass_through():
    clips = noise(2, 3, 30, 2, 2)
    both = resample_time(3 * clips + 7, 22, dim=2)
    torch.testing.assert_close(both, 3 * resample_time(clips, 22, dim=2) + 7)


def test_gradcheck():
    clips = noise(1, 2, 6, 2, 2).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: resample_time(x, 4, dim=2), clips)
    assert torch.autograd.gradcheck(lambda x: resample_time(x, 9, dim=2), clips)


def test_half_precision_is_kept():
    waves = noise(2, 300).bfloat16()
    found = resample_time(waves, 200)
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(
        found.double(), resample_time(waves.double(), 200), atol=0.05, rtol=0
    )


def test_errors():
    with pytest.raises(ValueError, match="cannot make 0 of 10 frames"):
        resample_time(noise(2, 10), 0)
    with pytest.raises(ValueError, match="of 0 frames"):
        resample_time(noise(2, 0), 3)
    with pytest.raises(TypeError, match="expected float frames, found torch.uint8"):
        resample_time(torch.zeros(2, 10, dtype=torch.uint8), 5)
