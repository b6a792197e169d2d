"""Steps of Gideon2021: weighted parts, the ratio of a batch, labels where there are some."""

import pytest
import torch
from torch import nn

from rppg.dataloader.augment import scaled_band
from rppg.losses.correlation import mcc_loss, negative_pearson
from rppg.losses.multiview_triplet import multi_view_triplet
from rppg.losses.saliency_map import saliency_sparsity, saliency_temporal
from rppg.losses.snr import negative_snr
from rppg.losses.windows import BAND_HZ
from rppg.models.common import rate_loss_of
from rppg.models.gideon2021.net import Branches
from rppg.models.gideon2021.objective import (
    RATIOS,
    MultiView,
    SupervisedWave,
    draw_ratio,
    peak_bpm,
    usable_waves,
)
from rppg.signals.time_stretch import resample_time

FPS, T = 30.0, 300
MAPS = torch.softmax(torch.randn(2, T, 16, generator=torch.Generator().manual_seed(3)), -1)
MAPS = MAPS.view(2, T, 4, 4)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def waves_of(*rates_bpm):
    times_s = torch.arange(T) / FPS
    return torch.stack([torch.sin(2 * torch.pi * bpm / 60 * times_s) for bpm in rates_bpm])


def noise(seed=7):
    return torch.randn(T, generator=seeded(seed))


class Sees(nn.Module):
    """Crops (B, T, 2, 2, 3) to Branches of their mean; it keeps the ratios that it is asked for."""

    def __init__(self, saliency=None):
        super().__init__()
        self.saliency, self.ratios = saliency, []

    def forward(self, clips, branches=False, ratio=None):
        assert branches
        self.ratios.append(ratio)
        wave = clips.mean(dim=(2, 3, 4))  # (B, T)
        negative = None if ratio is None else resample_time(wave, round(ratio * T))
        return Branches(wave, negative, self.saliency)


def clip_of(waves, seed=1):
    """Crops (B, T, 2, 2, 3) that show the waves, a gradient kept."""
    shape = (*waves.shape, 2, 2, 3)
    crops = waves[..., None, None, None] + 0.3 * torch.randn(shape, generator=seeded(seed))
    return crops.requires_grad_()


def batch_of(wave, has_wave, hr_bpm=(torch.nan, torch.nan), speed=1.0):
    """Two clips that beat at 66 and 96 bpm; contact waves (2, T), NaN where there is none."""
    hr_bpm, has_wave = torch.tensor(hr_bpm), torch.tensor(has_wave)
    return {
        "clip": clip_of(waves_of(66.0, 96.0)),
        "speed": torch.full((2,), speed),
        "wave": wave.masked_fill(~has_wave[:, None], torch.nan),
        "has_wave": has_wave,
        "hr_bpm": hr_bpm,
        "has_hr": hr_bpm.isfinite(),
    }


def contact(*rates_bpm):
    return waves_of(*rates_bpm) + 0.3 * waves_of(*rates_bpm).roll(7, 1)


def gradient(step, batch, seed=0):
    loss, _ = step(Sees(), batch, seeded(seed))
    return torch.autograd.grad(loss, batch["clip"])[0]


# Without labels


def test_the_loss_is_the_weighted_sum_of_its_named_parts_and_needs_the_clips_alone():
    clip, generator = clip_of(waves_of(66.0, 96.0)), seeded()
    step = MultiView(contrast=2.0, sparsity=0.5, temporal=3.0, views=2, view_s=4.0)
    loss, parts = step(Sees(MAPS), {"clip": clip}, seeded())
    anchor = clip.mean(dim=(2, 3, 4))
    negative = resample_time(anchor, round(draw_ratio(generator) * T))
    waves = anchor, resample_time(negative, T), negative
    expected = {
        "contrast": multi_view_triplet(*waves, FPS, generator, 2, 4.0),
        "saliency_sparsity": saliency_sparsity(MAPS),
        "saliency_temporal": saliency_temporal(MAPS),
    }
    assert list(parts) == list(expected)
    for name, value in expected.items():
        assert parts[name].item() == pytest.approx(value.item(), rel=1e-5)
    weights = (2.0, 0.5, 3.0)
    total = sum(w * part.item() for w, part in zip(weights, expected.values(), strict=True))
    assert loss.item() == pytest.approx(total, rel=1e-5)


def test_without_maps_only_the_contrast_is_left():
    loss, parts = MultiView(sparsity=9.0)(Sees(), {"clip": clip_of(waves_of(66.0, 96.0))}, seeded())
    assert list(parts) == ["contrast"] and loss.item() == parts["contrast"].item()


def test_a_pulse_is_better_than_noise():
    pulse = clip_of(waves_of(66.0, 96.0))
    chance = clip_of(torch.stack([noise(1), noise(2)]))
    found = [MultiView()(Sees(), {"clip": clip}, seeded())[0].item() for clip in (pulse, chance)]
    assert found[0] < -0.04 < found[1]


def test_the_ratio_lies_in_its_range_and_follows_from_the_generator():
    generator = seeded()
    drawn = torch.tensor([draw_ratio(generator) for _ in range(500)])
    low, high = RATIOS
    assert (low, high) == (0.66, 0.80)
    assert low <= drawn.min() < low + 0.01 and high - 0.01 < drawn.max() <= high
    assert drawn.mean().item() == pytest.approx((low + high) / 2, abs=0.01)
    assert [draw_ratio(seeded(4)), draw_ratio(seeded(4))] == 2 * [draw_ratio(seeded(4))]
    assert draw_ratio(seeded(4)) != draw_ratio(seeded(5))


def test_a_batch_has_one_ratio_of_its_generator_and_the_views_follow_from_it_too():
    model, batch = Sees(), {"clip": clip_of(waves_of(66.0, 96.0))}
    losses = [MultiView()(model, batch, seeded(seed))[0].item() for seed in (1, 1, 2)]
    assert losses[0] == losses[1] != losses[2]
    assert model.ratios == [draw_ratio(seeded(seed)) for seed in (1, 1, 2)]


# With labels


def losses_by_hand(waves, bvp):
    return {
        "mcc": mcc_loss(waves, bvp, FPS, BAND_HZ),
        "pearson": negative_pearson(waves, bvp),
        "snr": negative_snr(waves, torch.tensor([66.0, 96.0]), FPS),
    }


@pytest.mark.parametrize("name", ["mcc", "pearson", "snr"])
def test_each_loss_of_waves_can_be_switched_on_alone(name):
    batch = batch_of(contact(66.0, 96.0), (True, True))
    step = SupervisedWave(**{"mcc": 0.0} | {name: 2.0})
    model = Sees(MAPS)
    loss, parts = step(model, batch, seeded())
    expected = losses_by_hand(batch["clip"].mean(dim=(2, 3, 4)), batch["wave"])[name].item()
    assert list(parts) == [name, "rate", "saliency_sparsity", "saliency_temporal"]
    assert parts[name].item() == pytest.approx(expected, rel=1e-4) and parts["rate"] == 0
    maps = (saliency_sparsity(MAPS) + saliency_temporal(MAPS)).item()
    assert loss.item() == pytest.approx(2 * expected + maps, rel=1e-4)
    assert model.ratios == [None]  # no negative is made


def test_the_weights_of_the_maps_are_those_of_the_losses():
    batch = batch_of(contact(66.0, 96.0), (True, True))
    step = SupervisedWave(losses=MultiView(sparsity=0.0, temporal=0.0))
    loss, parts = step(Sees(MAPS), batch, seeded())
    assert loss.item() == pytest.approx(parts["mcc"].item())


def test_the_contrast_is_added_where_it_has_a_weight():
    batch = batch_of(contact(66.0, 96.0), (True, True))
    losses = MultiView(contrast=3.0)
    alone = MultiView()(Sees(), batch, seeded())[0].item()
    plain = SupervisedWave(losses=losses)(Sees(), batch, seeded())[0].item()
    both, parts = SupervisedWave(self_supervised=0.5, losses=losses)(Sees(), batch, seeded())
    assert parts["contrast"].item() == pytest.approx(alone)
    assert both.item() == pytest.approx(plain + 0.5 * 3.0 * alone)


@pytest.mark.parametrize("name", ["mcc", "pearson", "snr"])
def test_a_clip_with_a_rate_alone_counts_as_one_with_a_wave(name):
    """Mean over the clips with a label; NaN of what is not there reaches no gradient."""
    batch = batch_of(contact(66.0, 96.0), (True, False), hr_bpm=(66.0, 96.0))
    loss, parts = SupervisedWave(**{"mcc": 0.0} | {name: 1.0}, rate=2.0)(Sees(), batch, seeded())
    waves = batch["clip"].mean(dim=(2, 3, 4))
    rate = rate_loss_of(waves, batch, torch.tensor([False, True])).item()
    assert parts["rate"].item() == pytest.approx(rate) and rate > 0
    assert loss.item() == pytest.approx((parts[name].item() + 2 * rate) / 2)
    found = gradient(SupervisedWave(**{"mcc": 0.0} | {name: 1.0}), batch)
    assert torch.isfinite(found).all() and found[0].abs().max() > 0 and found[1].abs().max() > 0


@pytest.mark.parametrize("name", ["mcc", "pearson", "snr"])
@pytest.mark.parametrize("why", ["none", "noise"])
def test_a_batch_without_any_usable_wave_is_zero_and_may_go_backwards(name, why):
    wave = torch.stack([noise(1).sign() * noise(2).exp(), noise(3)])
    batch = batch_of(wave, (why == "noise", why == "noise"))
    assert not usable_waves(batch).any()
    step = SupervisedWave(**{"mcc": 0.0} | {name: 1.0})
    loss, parts = step(Sees(), batch, seeded())
    assert loss.item() == 0 and all(part.item() == 0 for part in parts.values())
    assert list(parts) == [name, "rate"]  # as where there are waves: fit wants the same names
    assert gradient(step, batch).count_nonzero() == 0
    assert torch.isfinite(gradient(SupervisedWave(self_supervised=1.0), batch)).all()


def test_a_contact_wave_that_is_mostly_no_pulse_is_no_label():
    """A pulse beside a stronger rhythm, too fast or too slow: 55 % of the power, then 66 %."""
    kept, lost = (waves_of(72.0, 72.0) + a * waves_of(400.0, 25.0) for a in (1.1, 1.4))
    assert usable_waves(batch_of(kept, (True, True))).tolist() == [True, True]
    assert usable_waves(batch_of(lost, (True, True))).tolist() == [False, False]
    one = batch_of(torch.stack([contact(66.0)[0], noise()]), (True, True))
    assert usable_waves(one).tolist() == [True, False]
    assert one["has_wave"].tolist() == [True, True]  # the batch is as it was
    assert usable_waves(batch_of(kept, (False, True))).tolist() == [False, True]


def test_what_is_no_label_changes_neither_loss_nor_gradient():
    with_noise = batch_of(torch.stack([contact(66.0)[0], noise()]), (True, True))
    without = batch_of(with_noise["wave"], (True, False))
    step = SupervisedWave(pearson=1.0, snr=1.0)
    losses = [step(Sees(), batch, seeded())[0].item() for batch in (with_noise, without)]
    assert losses[0] == losses[1] != 0
    assert torch.equal(gradient(step, with_noise), gradient(step, without))


def test_the_bands_go_with_the_speed_of_a_clip():
    """30 bpm is no pulse, but that of somebody at 45 bpm who is played at two thirds."""
    slow = contact(30.0, 30.0)
    assert not usable_waves(batch_of(slow, (True, True))).any()
    batch = batch_of(slow, (True, True), speed=2 / 3)
    assert usable_waves(batch).all()
    _, parts = SupervisedWave()(Sees(), batch, seeded())
    waves = batch["clip"].mean(dim=(2, 3, 4))
    band_hz = scaled_band(batch["speed"], BAND_HZ)
    assert parts["mcc"].item() == pytest.approx(mcc_loss(waves, slow, FPS, band_hz).item())


@pytest.mark.parametrize("speed, rates_bpm", [(1.0, (45.0, 240.0)), (2 / 3, (33.0, 36.7))])
def test_the_peak_of_a_contact_wave_is_its_rate_as_it_is_played(speed, rates_bpm):
    found = peak_bpm(contact(*rates_bpm), scaled_band(torch.tensor([speed, speed]), BAND_HZ))
    assert found.tolist() == pytest.approx(rates_bpm, abs=0.5)


def test_a_peak_at_the_end_of_the_band_is_still_a_rate_for_the_snr():
    for rates_bpm in ((40.0, 250.0), (36.0, 255.0)):
        found = peak_bpm(waves_of(*rates_bpm), torch.tensor([BAND_HZ]).expand(2, 2))
        assert torch.isfinite(negative_snr(contact(66.0, 96.0), found, FPS))
