"""Steps of Contrast-Phys+: weighted parts, labels where there are some, nothing of the others."""

import pytest
import torch
from helpers.self_consistency import Cells

from rppg.dataloader.augment import scaled_band
from rppg.losses.contrast import (
    pull_loss,
    push_loss,
    sample_windows,
    truth_pull_loss,
    truth_push_loss,
)
from rppg.losses.correlation import mcc_loss, negative_pearson
from rppg.losses.rate_cross_entropy import rate_loss
from rppg.losses.windows import wave_windows, window_spectra
from rppg.models.common import RATE_BAND_HZ
from rppg.models.contrast_phys.objective import Contrast, SupervisedContrast
from rppg.signals.spectrum import power_spectrum

FPS = 30.0
NAMES = ["truth_pull", "truth_push", "pearson", "mcc", "rate", "pull", "push"]


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def waves_of(*rates_bpm, n_frames=240):
    times_s = torch.arange(n_frames) / FPS
    return torch.stack([torch.sin(2 * torch.pi * bpm / 60 * times_s) for bpm in rates_bpm])


def faces_of(waves, noise=0.5, seed=1):
    """Crops (B, T, 4, 4, 3) that show the waves under noise of their own in each pixel."""
    shape = (*waves.shape, 4, 4, 3)
    return waves[:, :, None, None, None] + noise * torch.randn(shape, generator=seeded(seed))


def batch_of(*rates_bpm, has_wave=(), has_hr=(), speed=1.0):
    """Crops that beat at these rates, a gradient kept; labels of the clips whose places are given,
    NaN of the others."""
    waves, n = waves_of(*rates_bpm), len(rates_bpm)
    wave_known, hr_known = (
        torch.tensor([k in known for k in range(n)]) for known in (has_wave, has_hr)
    )
    return {
        "clip": faces_of(waves).requires_grad_(),
        "speed": torch.full((n,), speed),
        "wave": torch.where(wave_known[:, None], waves + 0.3 * waves.roll(7, 1), torch.nan),
        "hr_bpm": torch.where(hr_known, torch.tensor(rates_bpm), torch.nan),
        "has_wave": wave_known,
        "has_hr": hr_known,
    }


def unlabelled_of(*rates_bpm):
    return {key: batch_of(*rates_bpm)[key] for key in ("clip", "speed")}


def run(step, batch, seed=0):
    return step(Cells(), batch, seeded(seed))


def gradient(step, batch):
    """(B, T, 4, 4, 3), of the loss with respect to the crops."""
    return torch.autograd.grad(run(step, batch)[0], batch["clip"])[0]


def by_hand(batch, has_wave, windows=4):
    """Parts as the loss functions give them."""
    generator, chosen = seeded(), torch.tensor(has_wave)
    block = Cells()(batch["clip"], whole_block=True).float()
    freq_hz, share = window_spectra(sample_windows(block, 120, windows, generator), FPS)
    truth = wave_windows(batch["wave"][chosen], 120, 5 * windows, generator)
    truth, wave = window_spectra(truth, FPS)[1], block.mean(dim=(2, 3))[chosen]
    return {
        "truth_pull": truth_pull_loss(share[chosen], truth),
        "truth_push": truth_push_loss(share, truth, chosen),
        "pearson": negative_pearson(wave, batch["wave"][chosen]),
        "mcc": mcc_loss(wave, batch["wave"][chosen], FPS),
        "pull": pull_loss(share),
        "push": push_loss(share),
    }


def rate_by_hand(batch, place):
    wave = Cells()(batch["clip"])[place : place + 1].float()
    limits_hz = scaled_band(batch["speed"][place : place + 1], RATE_BAND_HZ)
    spectrum = power_spectrum(wave, FPS, 5400)
    return rate_loss(*spectrum, batch["hr_bpm"][place : place + 1], limits_hz).item()


def equation_14(parts):
    truth = parts["truth_pull"] + parts["truth_push"]
    return (truth + 0.1 * parts["pearson"] + 0.2 * parts["mcc"]).item()


# Without labels


def test_the_loss_is_the_weighted_sum_of_its_named_parts_and_needs_no_label():
    batch = unlabelled_of(60.0, 90.0, 130.0)
    loss, parts = run(Contrast(pull=2.0, push=0.5), batch)
    block = Cells()(batch["clip"], whole_block=True).float()
    share = window_spectra(sample_windows(block, 120, 4, seeded()), FPS)[1]
    assert list(parts) == ["pull", "push"]
    assert parts["pull"].item() == pytest.approx(pull_loss(share).item())
    assert parts["push"].item() == pytest.approx(push_loss(share).item())
    assert loss.item() == pytest.approx(2 * parts["pull"].item() + 0.5 * parts["push"].item())


def test_videos_that_beat_apart_are_better_than_videos_that_beat_alike():
    apart, alike = (run(Contrast(), unlabelled_of(60.0, bpm))[0] for bpm in (110.0, 60.0))
    assert apart < alike - 0.5


def test_windows_follow_from_the_generator():
    batch = unlabelled_of(63.0, 97.0)
    first, same, other = (run(Contrast(), batch, seed)[0].item() for seed in (1, 1, 2))
    assert first == same != other
    many = [run(Contrast(windows=64), batch, seed)[0].item() for seed in (1, 2)]
    assert abs(many[1] - many[0]) < abs(other - first)


def rhythm_in(phases, rate_hz=2.0):
    """Two clips that beat at 60 bpm; a strong rhythm in the first's cells where not None."""
    clip = faces_of(waves_of(60.0, 60.0), noise=0.0)
    times_s = torch.arange(240) / FPS
    for k, phase in enumerate(phases):
        rows, columns = slice(k // 2 * 2, k // 2 * 2 + 2), slice(k % 2 * 2, k % 2 * 2 + 2)
        if phase is not None:
            rhythm = 20 * torch.cos(2 * torch.pi * rate_hz * times_s + phase)
            clip[0, :, rows, columns] += rhythm[:, None, None, None]
    put_in_hz = torch.tensor([rate_hz, torch.nan])
    return {"clip": clip, "speed": torch.ones(2), "disturbance_hz": put_in_hz}


def test_a_rhythm_that_was_put_in_is_looked_for_in_every_cell_and_in_their_mean():
    pi = torch.pi
    places = {"all": (0.0,) * 4, "opposite": (0.0, pi, pi, 0.0), "one": (None, None, None, 0.0)}
    found = {
        name: run(Contrast(), rhythm_in(phases))[1]["disturbance"].item()
        for name, phases in places.items()
    }
    assert 0.4 < found["all"] < 0.5  # the other clip has none: half of 0.9
    assert found["opposite"] == pytest.approx(found["all"] * 4 / 5, rel=0.05)  # not in the mean
    assert found["one"] == pytest.approx(found["all"] * 2 / 5, rel=0.1)  # that cell, and the mean
    assert run(Contrast(), rhythm_in((None,) * 4))[1]["disturbance"] < 0.01


def test_the_disturbance_has_a_weight_and_the_band_of_the_clips_speed():
    batch = rhythm_in((0.0,) * 4)
    loss, parts = run(Contrast(disturbance=3.0), batch)
    expected = parts["pull"] + parts["push"] + 3 * parts["disturbance"]
    assert list(parts) == ["pull", "push", "disturbance"]
    assert loss.item() == pytest.approx(expected.item())
    fast = rhythm_in((0.0,) * 4, rate_hz=4.0) | {"speed": torch.full((2,), 1.5)}
    assert run(Contrast(), fast)[1]["disturbance"] > 0.4


# With labels


def test_contact_waves_bring_equation_14():
    batch = batch_of(60.0, 90.0, 130.0, has_wave=(0, 1, 2), has_hr=(0, 1))
    loss, parts = run(SupervisedContrast(), batch)
    expected = by_hand(batch, [True] * 3)
    assert list(parts) == NAMES and parts["rate"] == 0
    for name, value in expected.items():
        assert parts[name].item() == pytest.approx(value.item(), rel=1e-5), name
    assert loss.item() == pytest.approx(equation_14(expected), rel=1e-5)


def test_every_part_has_a_weight():
    batch = batch_of(60.0, 90.0, has_wave=(0, 1))
    off = {"truth": 0.0, "pearson": 0.0, "mcc": 0.0}
    parts = run(SupervisedContrast(), batch)[1]
    found = {
        name: run(SupervisedContrast(**off | {name: 3.0}), batch)[0].item() / 3 for name in off
    }
    assert found["truth"] == pytest.approx((parts["truth_pull"] + parts["truth_push"]).item())
    assert found["pearson"] == pytest.approx(parts["pearson"].item())
    assert found["mcc"] == pytest.approx(parts["mcc"].item())


def test_a_clip_with_a_rate_alone_is_compared_by_its_spectrum():
    batch = batch_of(60.0, 90.0, has_hr=(1,))
    loss, parts = run(SupervisedContrast(rate=2.0), batch)
    assert parts["rate"].item() == pytest.approx(rate_by_hand(batch, 1))
    assert loss.item() == pytest.approx(2 * parts["rate"].item())
    assert not any(parts[name] for name in NAMES[:4]) and list(parts) == NAMES


def test_a_mixed_batch_is_the_mean_over_its_labelled_clips():
    """Two contact waves, one rate, one clip of nothing; that one is pushed away as the others."""
    batch = batch_of(60.0, 90.0, 130.0, 75.0, has_wave=(0, 2), has_hr=(0, 1))
    loss, parts = run(SupervisedContrast(), batch)
    expected = by_hand(batch, [True, False, True, False])
    rate = rate_by_hand(batch, 1)
    assert parts["truth_push"].item() == pytest.approx(expected["truth_push"].item(), rel=1e-5)
    assert loss.item() == pytest.approx((2 * equation_14(expected) + rate) / 3, rel=1e-5)
    assert gradient(SupervisedContrast(), batch)[3].abs().max() > 0


def test_a_batch_without_any_label_has_zeros_and_a_gradient_of_zeros():
    batch = batch_of(60.0, 90.0)
    loss, parts = run(SupervisedContrast(), batch)
    assert loss == 0 and list(parts) == NAMES and not any(parts[name] for name in NAMES[:5])
    assert (gradient(SupervisedContrast(), batch) == 0).all()


@pytest.mark.parametrize("has_wave", [(), (1,)])
def test_the_contrast_of_pre_training_can_be_added(has_wave):
    batch = batch_of(60.0, 90.0, has_wave=has_wave)
    own = Contrast(pull=2.0, windows=3)
    alone, _ = run(SupervisedContrast(losses=own), batch)
    both, parts = run(SupervisedContrast(losses=own, self_supervised=0.5), batch)
    added = 0.5 * (2 * parts["pull"] + parts["push"]).item()
    assert both.item() - alone.item() == pytest.approx(added, abs=1e-6)
    assert gradient(SupervisedContrast(self_supervised=0.5), batch).abs().amax((1, 2, 3, 4)).all()


@pytest.mark.parametrize(("has_wave", "has_hr"), [((0,), (1,)), ((0, 1), ()), ((), (0, 2))])
def test_what_stands_in_place_of_a_missing_label_does_not_matter(has_wave, has_hr):
    batch = batch_of(60.0, 90.0, 130.0, has_wave=has_wave, has_hr=has_hr)
    step = SupervisedContrast(self_supervised=0.5)
    other = batch | {name: batch[name].nan_to_num(7.0) for name in ("wave", "hr_bpm")}
    losses = [run(step, kind)[0].item() for kind in (batch, other)]
    gradients = [gradient(step, kind) for kind in (batch, other)]
    assert losses[0] == losses[1] and torch.equal(*gradients)
    assert torch.isfinite(gradients[0]).all() and gradients[0].abs().max() > 0


def test_the_band_of_mcc_goes_with_the_speed_of_a_clip():
    """210 bpm is outside of the band of heart rates, unless the clips are played faster."""
    noisy = {"wave": faces_of(waves_of(210.0, 215.0), noise=1.5, seed=9)[..., 0, 0, 0]}
    found = [
        run(SupervisedContrast(), batch_of(210.0, 215.0, has_wave=(0, 1), speed=speed) | noisy)
        for speed in (1.4, 1.0)
    ]
    assert found[0][1]["mcc"] < found[1][1]["mcc"] - 0.2


@pytest.mark.parametrize("step", [Contrast(), SupervisedContrast()], ids=["alone", "supervised"])
def test_one_video_alone_is_refused(step):
    with pytest.raises(ValueError, match="found 1 video, expected 2 or more"):
        run(step, batch_of(60.0, has_wave=(0,)))
