"""Chrominance normalisation: keeps the pulse and removes changes of brightness."""

import torch

from rppg.dataloader.normalise import chrominance, zscore
from rppg.signals.spectrum import power_spectrum

POS, CHROM = 4, 5  # channels


def faces(pulse_hz=1.2, light_hz=2.0, light=0.05):
    """(300, 1, 6) of a row whose light flickers much more than its pulse beats."""
    t = torch.arange(300) / 30
    beat = 0.005 * torch.sin(2 * torch.pi * pulse_hz * t)[:, None]
    flicker = 1 + light * torch.sin(2 * torch.pi * light_hz * t)[:, None]
    rgb = torch.tensor([180.0, 120.0, 90.0]) * (1 + beat * torch.tensor([0.33, 0.77, 0.53]))
    return torch.cat([rgb * flicker] * 2, dim=-1)[:, None]  # Y, U, V are not looked at


def peak_hz(wave):
    freq_hz, power = power_spectrum(wave[None], 30.0, 5400)
    return freq_hz[power[0].argmax()].item()


def test_pos_and_chrom_channels_show_the_pulse_while_each_colour_shows_the_light():
    found, plain = chrominance(faces())[:, 0], zscore(faces())[:, 0]
    assert all(abs(peak_hz(plain[:, channel]) - 2.0) < 0.05 for channel in range(3))
    assert all(abs(peak_hz(found[:, channel]) - 1.2) < 0.05 for channel in (POS, CHROM))


def test_pos_and_chrom_have_the_same_sign_and_every_signal_is_standardised():
    found = chrominance(faces(light=0.0))[:, 0]  # (300, 6)
    assert torch.corrcoef(found[:, [POS, CHROM]].T)[0, 1] > 0.9
    assert found.mean(dim=0).abs().max() < 1e-4
    assert torch.allclose(found.std(dim=0, correction=0), torch.ones(6), atol=1e-3)


def test_gain_of_a_colour_changes_nothing():
    gains = torch.tensor([0.5, 2.0, 1.3, 1.0, 1.0, 1.0])
    assert torch.allclose(chrominance(faces() * gains), chrominance(faces()), atol=1e-3)
