"""Periodic illumination distractors: place, rate, and the loss that penalises them."""

import math

import numpy as np
import pytest
import torch
from helpers.self_consistency import Answer, pulse_in, write_store
from torch.autograd import gradcheck

from rppg.dataloader.batches import Batches
from rppg.dataloader.clips import Clips
from rppg.dataloader.distractors import PeriodicIllumination
from rppg.losses.disturbance import disturbance_loss
from rppg.models.st_transformer.objective import SelfSupervised
from rppg.preprocessing.mstmap import COMBINATIONS, YUV_FROM_RGB, YUV_OFFSET
from rppg.signals.spectrum import power_spectrum

SINGLE = [k for k in range(63) if COMBINATIONS[k].sum() == 1]  # rows of one region


def light(chance=1.0):
    return PeriodicIllumination(COMBINATIONS, YUV_FROM_RGB, chance)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def plain_maps(n_frames=300):
    rgb = torch.tensor([180.0, 120.0, 90.0], dtype=torch.float64)
    yuv = torch.from_numpy(YUV_FROM_RGB) @ rgb + torch.from_numpy(YUV_OFFSET)
    return torch.cat([rgb, yuv]).expand(n_frames, 63, 6)


def peak_hz(wave):
    freq_hz, power = power_spectrum(wave[None] - wave.mean(), 30.0, 5400)
    return freq_hz[power[0].argmax()].item()


@pytest.mark.parametrize("seed", range(20))
def test_some_regions_change_at_the_returned_rate(seed):
    maps, rate_hz = light()(plain_maps(), 1.0, generator(seed))
    assert 0.66 <= rate_hz <= 3.0
    swings = maps[..., :3].std(dim=0) / plain_maps()[0, :, :3]  # (63, 3)
    colour = int(swings.amax(dim=0).argmax())  # a tint may spare one of them
    swing = swings[:, colour]
    lit = swing[SINGLE] > 1e-6
    assert 1 <= lit.sum() <= 5
    assert 0.001 < swing.max() < 0.15
    assert peak_hz(maps[:, SINGLE][:, lit.nonzero()[0, 0], colour]) == pytest.approx(
        rate_hz, abs=0.05
    )
    lit_regions = COMBINATIONS[SINGLE][lit.numpy()].sum(axis=0)  # (6,)
    share = torch.from_numpy(COMBINATIONS @ lit_regions / COMBINATIONS.sum(axis=1))
    assert torch.allclose(swing, share * swing.max() / share.max(), rtol=1e-6, atol=1e-12)


def test_rgb_and_yuv_stay_consistent():
    maps, _ = light()(plain_maps(), 1.0, generator())
    yuv = maps[..., :3] @ torch.from_numpy(YUV_FROM_RGB).T + torch.from_numpy(YUV_OFFSET)
    assert torch.allclose(maps[..., 3:], yuv)


def test_the_chance_the_speed_and_the_number_of_draws():
    maps = plain_maps(120)
    drawn = [light(0.3)(maps, 1.0, generator(seed)) for seed in range(200)]
    left = [math.isnan(rate_hz) for _, rate_hz in drawn]
    assert 0.6 < np.mean(left) < 0.8
    assert all((one is maps) == nothing for (one, _), nothing in zip(drawn, left, strict=True))
    slow, fast = (light()(maps, speed, generator(3))[1] for speed in (0.5, 1.0))
    assert slow == pytest.approx(fast / 2)
    one, other = generator(5), generator(5)
    light(0.0)(maps, 1.0, one), light(1.0)(maps, 1.0, other)
    assert torch.rand(1, generator=one) == torch.rand(1, generator=other)


def test_invalid_arguments_are_refused():
    with pytest.raises(ValueError, match="chance is 1.2, expected 0 to 1"):
        light(1.2)
    with pytest.raises(ValueError, match=r"yuv_from_rgb \(3, 3\), found \(63, 6\) and \(2, 2\)"):
        PeriodicIllumination(COMBINATIONS, np.eye(2))
    with pytest.raises(ValueError, match=r"expected a map \(T, 63, 6\), found \(9, 62, 6\)"):
        light()(torch.zeros(9, 62, 6), 1.0, generator())


def test_clips_carry_the_rate_and_only_random_ones_are_disturbed(tmp_path):
    store = write_store(tmp_path)
    plain = Clips(store, store.ids(), n_frames=300)
    lit = Clips(store, store.ids(), n_frames=300, disturb=light())
    assert "disturbance_hz" not in plain.sample(0, generator())
    item = lit.sample(0, generator())
    assert 0.66 <= item["disturbance_hz"] <= 3.0
    assert not torch.equal(item["clip"], plain.sample(0, generator())["clip"])
    place = lit.sliding_windows(step=30)[0]
    assert torch.equal(lit[place]["clip"], plain[place]["clip"])


def test_the_loss_is_the_share_near_the_rate_and_is_added_if_there_is_one(tmp_path):
    store = write_store(tmp_path)
    clips = Clips(store, store.ids(), n_frames=240, normalise="ratio", disturb=light(0.7))
    batch = next(Batches(clips, 5, seed=1).stream())
    model, step = Answer(pulse_in), SelfSupervised(disturbance=3.0)
    loss, parts = step(model, batch, generator())
    without, _ = step(model, {k: v for k, v in batch.items() if k != "disturbance_hz"}, generator())
    assert loss.item() == pytest.approx(without.item() + 3 * parts["disturbance"].item(), rel=1e-5)
    freq_hz, power = power_spectrum(pulse_in(batch["clip"]), 30.0, 5400)
    total = 0.0
    for k, rate_hz in enumerate(batch["disturbance_hz"].tolist()):
        low, high = 0.66 * batch["speed"][k], 3.0 * batch["speed"][k]
        inside = [p for f, p in zip(freq_hz, power[k], strict=True) if low <= f <= high]
        pairs = zip(freq_hz, power[k], strict=True)
        near = [p for f, p in pairs if low <= f <= high and abs(f - rate_hz) <= 0.1]
        total += float(sum(near)) / float(sum(inside)) if near else 0.0
    assert parts["disturbance"].item() == pytest.approx(total / 5, abs=2e-3)


def test_gradient_of_the_loss_and_shapes():
    freq_hz = torch.linspace(0, 4, 81, dtype=torch.float64)
    power = torch.rand(3, 81, dtype=torch.float64, generator=generator()).requires_grad_()
    rate_hz = torch.tensor([1.0, 2.5, math.nan], dtype=torch.float64)
    assert gradcheck(lambda p: disturbance_loss(freq_hz, p, rate_hz), (power,))
    with pytest.raises(ValueError, match=r"rate_hz has the shape \(2,\), expected \(3,\)"):
        disturbance_loss(freq_hz, power, rate_hz[:2])
    flat = disturbance_loss(freq_hz, torch.zeros(3, 81, dtype=torch.float64), rate_hz)
    assert torch.isfinite(flat)
