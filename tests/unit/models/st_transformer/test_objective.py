"""Steps of training: weighted losses, labels where there are some, the sign of a wave."""

import pytest
import torch
from helpers.self_consistency import write_recording, write_store
from torch import nn

from rppg.dataloader.augment import scaled_band
from rppg.dataloader.clips import LabelledClips
from rppg.datasets.store import Store
from rppg.losses.correlation import negative_pearson
from rppg.losses.rate_cross_entropy import rate_loss
from rppg.models.checkpoint import objective_facts
from rppg.models.common import RATE_BAND_HZ
from rppg.models.registry import build, load_run
from rppg.models.st_transformer.objective import SelfSupervised, Supervised
from rppg.signals.spectrum import power_spectrum
from rppg.training.criteria import RateError
from rppg.training.polarity import fix_polarity, polarity_of

FPS = 30.0


class Green(nn.Module):
    """Clips to the mean of green over rows, through a head whose weight decides the sign."""

    def __init__(self, gain=1.0):
        super().__init__()
        self.head = nn.Linear(1, 1)
        nn.init.constant_(self.head.weight, gain), nn.init.zeros_(self.head.bias)
        self.seen_rows = None

    def forward(self, clips, rows=None):
        self.seen_rows = rows
        return self.head(clips[..., 1].mean(dim=2, keepdim=True))[..., 0]


def waves_of(*rates_bpm, n_frames=240):
    times_s = torch.arange(n_frames) / FPS
    return torch.stack([torch.sin(2 * torch.pi * bpm / 60 * times_s) for bpm in rates_bpm])


def batch_of(*rates_bpm, has_wave=(), speed=1.0):
    """Clips that beat at these rates, with their labels, wave or rate alone."""
    waves, n = waves_of(*rates_bpm), len(rates_bpm)
    noisy = waves + 0.5 * torch.randn(waves.shape, generator=torch.Generator().manual_seed(1))
    known = torch.tensor([k in has_wave for k in range(n)])
    return {
        "clip": noisy[:, :, None, None].expand(-1, -1, 63, 6),
        "speed": torch.full((n,), speed),
        "wave": torch.where(known[:, None], waves, torch.nan),
        "hr_bpm": torch.tensor(rates_bpm),
        "has_wave": known,
        "has_hr": torch.ones(n, dtype=torch.bool),
    }


def run(step, batch, model=None):
    return step(model or Green(), batch, torch.Generator().manual_seed(0))


def test_the_loss_is_the_weighted_sum_of_its_named_parts_and_needs_no_label():
    clips = {key: value for key, value in batch_of(60.0, 90.0).items() if key in ("clip", "speed")}
    weights = {"bandwidth": 2.0, "sparsity": 0.5, "variance": 3.0, "periodicity": 0.0}
    loss, parts = run(SelfSupervised(**weights), clips)
    assert list(parts) == list(weights)
    assert loss.item() == pytest.approx(sum(weights[k] * parts[k].item() for k in weights))
    assert parts["periodicity"] > 0  # of weight 0, and reported


def test_the_band_goes_with_the_speed_of_a_clip():
    fast, normal = batch_of(200.0, speed=1.4), batch_of(200.0)  # 143 bpm played faster
    outside = [run(SelfSupervised(), batch)[1]["bandwidth"].item() for batch in (fast, normal)]
    assert outside[0] < 0.5 < outside[1]


def test_a_part_of_the_rows_is_drawn_anew_each_batch():
    model, batch = Green(), batch_of(60.0, 90.0)
    generator = torch.Generator().manual_seed(0)
    drawn = []
    for _ in range(2):
        SelfSupervised(n_rows=16)(model, batch, generator)
        drawn.append(model.seen_rows.tolist())
    assert [len(set(rows)) for rows in drawn] == [16, 16] and drawn[0] != drawn[1]
    run(SelfSupervised(), batch, model)
    assert model.seen_rows is None


def test_clips_with_a_wave_are_correlated_and_those_with_a_rate_alone_compared_by_spectrum():
    batch, model = batch_of(60.0, 90.0, 120.0, has_wave=(0,)), Green()
    step = Supervised(self_supervised=0.0)
    loss, parts = run(step, batch, model)
    waves = model(batch["clip"])
    pearson = negative_pearson(waves[:1], batch["wave"][:1])
    freq_hz, power = power_spectrum(waves[1:], FPS, 5400)
    rate = rate_loss(freq_hz, power, batch["hr_bpm"][1:], scaled_band(torch.ones(2), RATE_BAND_HZ))
    assert parts["pearson"].item() == pytest.approx(pearson.item())
    assert parts["rate"].item() == pytest.approx(rate.item())
    assert loss.item() == pytest.approx((pearson + 2 * rate).item() / 3)
    assert torch.isfinite(loss)  # the waves that are not there are NaN


@pytest.mark.parametrize("has_wave", [(), (0, 1)])
def test_one_kind_of_label_alone_gives_a_gradient(has_wave):
    model = Green(gain=0.5)
    loss, parts = run(Supervised(), batch_of(60.0, 90.0, has_wave=has_wave), model)
    loss.backward()
    assert torch.isfinite(model.head.weight.grad).all() and len(parts) == 6
    assert (parts["pearson"] > 0) == bool(has_wave) and (parts["rate"] > 0) != bool(has_wave)


@pytest.mark.slow
def test_a_heart_rate_alone_teaches_a_wave_its_rate():
    """Free waves, moved by the loss alone, come to beat at the labels' rates."""
    free = nn.Parameter(0.1 * torch.randn(2, 240, generator=torch.Generator().manual_seed(3)))
    batch, optimiser = batch_of(63.0, 131.0), torch.optim.Adam([free], lr=0.05)
    for _ in range(60):
        loss, _ = run(Supervised(self_supervised=0.1), batch, lambda clips: free)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    freq_hz, power = power_spectrum(free.detach(), FPS, 5400)
    found_bpm = 60 * freq_hz[power.argmax(dim=-1)]
    assert torch.allclose(found_bpm, torch.tensor([63.0, 131.0]), atol=3)


def test_facts_of_a_step_name_every_weight():
    facts = objective_facts(Supervised(losses=SelfSupervised(periodicity=0.0)))
    assert facts["step"] == "Supervised" and facts["losses"]["periodicity"] == 0.0


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return write_store(tmp_path_factory.mktemp("store"))


@pytest.mark.parametrize("gain", [1.0, -1.0])
def test_the_sign_is_found_on_contact_waves_and_turned(store, gain):
    """The recordings' green falls with the beat, so a gain above 0 is upside down."""
    clips, model = LabelledClips(store, store.ids(), n_frames=300, normalise="zscore"), Green(gain)
    found = polarity_of(model, clips)
    assert found.negative == (gain > 0) and abs(found.mean) > 0.8 and len(found.correlations) == 5
    fix_polarity(model)
    turned = polarity_of(model, clips)
    assert turned.mean == pytest.approx(-found.mean)
    assert "inverted" in str(found if found.negative else turned)


def test_the_sign_is_found_on_recordings_that_are_a_frame_short_too(tmp_path):
    for k, n_frames in enumerate((299, 299, 300)):
        write_recording(tmp_path, f"A/{k}/v", 60.0 + 10 * k, n_frames=n_frames)
    clips = LabelledClips(Store(tmp_path), Store(tmp_path).ids(), normalise="zscore")
    found = polarity_of(Green(), clips)
    assert found.negative and len(found.correlations) == 3


def test_without_a_contact_wave_the_sign_is_unknown(store):
    class NoWaves(LabelledClips):
        def __getitem__(self, place):
            return super().__getitem__(place) | {"has_wave": torch.tensor(False)}

    found = polarity_of(Green(), NoWaves(store, store.ids(), n_frames=300, normalise="zscore"))
    assert not found.negative and "unknown" in str(found)


def test_errors_of_a_model_on_labelled_recordings(store):
    errors = RateError(store, store.ids(), "zscore")(Green())
    assert errors["rmse_bpm"] < 1 and errors["mae_bpm"] < 1 and errors["within_5bpm"] == 1


def test_models_are_built_by_name_and_seed(tmp_path):
    one, same, other = (build("st_transformer", seed, dim=8, n_loops=1) for seed in (1, 1, 2))
    assert torch.equal(one.head.weight, same.head.weight)
    assert not torch.equal(one.head.weight, other.head.weight)
    with pytest.raises(ValueError, match="no model 'st', expected one of st_transformer"):
        build("st")
    with pytest.raises(ValueError, match="no field dimm; it has n_frames"):
        build("st_transformer", dimm=8)
    with pytest.raises(FileNotFoundError, match="train that model first"):
        load_run(tmp_path)
