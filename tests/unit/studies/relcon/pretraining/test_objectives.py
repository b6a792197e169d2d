"""Pre-training objectives: terms of the losses, that they decrease, that a run resumes."""

import math

import numpy as np
import pandas as pd
import pytest
import torch
import torch.nn.functional as F

from rppg.dataloader.batches import Batches
from rppg.studies.relcon.data.window_store import Windows
from rppg.studies.relcon.models.distance import DistanceConfig, MotionDistance, reconstruction_error
from rppg.studies.relcon.models.encoder import MotionNet
from rppg.studies.relcon.pretraining.methods import METHODS, distance_setup
from rppg.studies.relcon.pretraining.objectives import (
    RebuildError,
    RebuildMasked,
    RelCon,
    masked_distances,
    rank_correlation,
)
from rppg.studies.relcon.pretraining.pair_dataset import MotionCandidates
from rppg.studies.relcon.probing.supervised import untrained
from rppg.training.config import FitConfig
from rppg.training.fit import fit

pytestmark = pytest.mark.usefixtures("single_thread")
SMALL = {"width": 8, "bottleneck": 2, "kernel": 5, "layers": 1}
ENCODER = {"widths": (8, 16), "blocks": (1, 1), "kernels": (3, 3)}
N_SAMPLES = 64


def made_up_windows(n_hours: int = 3, n: int = 6) -> Windows:
    """Waves of n different rates in each hour, each hour worn its own way."""
    rng = np.random.default_rng(0)
    at = np.arange(N_SAMPLES) / 20
    found, rows = [], []
    for hour in range(n_hours):
        turned = np.linalg.qr(rng.normal(size=(3, 3)))[0]
        for k in range(n):
            waves = [np.sin(2 * np.pi * (0.5 + k / 2) * at + phase) for phase in (0.0, 1.0, 2.0)]
            found.append(np.stack(waves, axis=1) @ turned + turned[0])
            rows.append({"dataset": "d", "subject": "ann", "session": "1", "hour": hour})
    table = pd.DataFrame(rows)
    table["id"] = [f"d/ann/1@{k:07.2f}" for k in range(len(table))]
    return Windows(np.stack(found).astype("f4"), table.assign(activity=""))


def small_distance(attention: str = "sparsemax") -> MotionDistance:
    torch.manual_seed(0)
    return MotionDistance(distance_setup(attention, SMALL)[0]).eval()


def batch_of(n: int = 4, c: int = 3) -> dict:
    generator = torch.Generator().manual_seed(0)
    anchors = torch.randn(n, N_SAMPLES, 3, generator=generator)
    return {"anchor": anchors, "within": torch.randn(n, c, N_SAMPLES, 3, generator=generator)}


def test_relcon_is_the_paper_s_double_sum_over_both_sorts_of_candidates():
    distance, batch, temperature = small_distance(), batch_of(), 0.3
    net = untrained(METHODS["relcon"].config(ENCODER), seed=1).eval()
    loss, _ = RelCon(distance, temperature)(net, batch, torch.Generator())
    anchors, within, total = batch["anchor"], batch["within"], 0.0
    for a, anchor in enumerate(anchors):
        candidates = [x for b, x in enumerate(anchors) if b != a] + list(within[a])
        one = anchor[None]
        d = [reconstruction_error(distance(one, x[None]), one).item() for x in candidates]
        s = [F.cosine_similarity(net(one), net(x[None])).item() / temperature for x in candidates]
        for i in range(len(d)):
            farther = sum(math.exp(s[j]) for j in range(len(d)) if d[j] > d[i])
            total += math.log(math.exp(s[i]) + farther) - s[i]
    assert loss.item() == pytest.approx(total / len(anchors), rel=1e-4)


def test_the_distance_stays_as_it_was_and_only_the_encoder_has_gradients():
    distance, net = small_distance(), untrained(METHODS["relcon"].config(ENCODER), seed=1)
    before = {name: weight.clone() for name, weight in distance.state_dict().items()}
    RelCon(distance)(net, batch_of(), torch.Generator())[0].backward()
    assert all(weight.grad is None for weight in distance.parameters())
    assert all(torch.equal(before[k], w) for k, w in distance.state_dict().items())
    assert all(weight.grad is not None for weight in net.encoder.parameters())


def test_a_masked_distance_counts_hidden_samples_and_does_not_see_them():
    distance, batch = small_distance("softmax"), batch_of(1, 1)
    found = masked_distances(distance, batch["anchor"], batch["within"], torch.Generator())
    order = torch.rand(1, N_SAMPLES, generator=torch.Generator()).argsort(dim=1)
    hidden = order < N_SAMPLES // 2  # (1, T)
    rebuilt = distance(batch["anchor"], batch["within"][0], hidden)
    error = (rebuilt - batch["anchor"])[hidden].square().sum()
    assert found.shape == (1, 1) and found.item() == pytest.approx(error.item(), rel=1e-5)


def test_what_is_not_hidden_adds_nothing_to_the_loss_of_rebar_s_distance():
    class Right(torch.nn.Module):
        """Rebuilds everything but what is hidden wrongly, by 100."""

        def forward(self, anchors, candidates, masked):
            assert (masked.sum(dim=1) == 15).all()
            assert (masked.float().diff(dim=1).abs().sum(dim=1) <= 2).all()  # one span
            return anchors + 100.0 * ~masked[..., None] + 2.0 * masked[..., None]

    loss, _ = RebuildMasked()(Right(), batch_of(), torch.Generator())
    assert loss.item() == pytest.approx(15 * 3 * 4.0)


def test_every_sample_may_be_hidden_also_the_last():
    seen = []

    def record(anchors, candidates, masked):
        seen.append(masked)
        return anchors

    RebuildMasked(span=15)(record, {"anchor": torch.zeros(400, 17, 3)}, torch.Generator())
    firsts = seen[0].float().argmax(dim=1).bincount()
    assert len(firsts) == 3 and (firsts > 90).all()  # begins at 0, 1 or 2


def test_rank_correlation_is_that_of_spearman():
    a = torch.tensor([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]])
    b = torch.tensor([[10.0, 20.0, 90.0], [3.0, 2.0, 1.0]])
    assert rank_correlation(a[:1], b[:1]).item() == pytest.approx(1.0)
    assert rank_correlation(a, b).item() == pytest.approx(0.0, abs=1e-6)


def train(run_dir, method: str, n_steps: int, lr: float = 3e-3, **more) -> None:
    chosen = METHODS[method]
    distance = small_distance(chosen.needs_distance) if chosen.needs_distance else None
    candidates = MotionCandidates(made_up_windows(), 3 if chosen.needs_within else 0)
    config = FitConfig(n_steps=n_steps, lr=lr, log_every=5, **more)
    batches, net = Batches(candidates, 9, seed=0), untrained(chosen.config(ENCODER), seed=0)
    fit(net, batches, chosen.step(distance, 0.1), config, run_dir, progress=False)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["relcon", "rebar", "simclr", "augpred"])
def test_every_way_to_pre_train_learns_a_few_windows(tmp_path, method):
    train(tmp_path, method, n_steps=80)
    losses = pd.read_csv(tmp_path / "metrics.csv")["loss"]
    fall = losses.iloc[-3:].mean() / losses.iloc[0]
    assert fall < 0.9, fall


@pytest.mark.slow
def test_a_resumed_run_of_relcon_equals_a_straight_one(tmp_path):
    train(tmp_path / "straight", "relcon", n_steps=8)
    with pytest.warns(UserWarning, match="budget_minutes"):
        train(tmp_path / "resumed", "relcon", n_steps=8, budget_minutes=1e-6)
    train(tmp_path / "resumed", "relcon", n_steps=8)
    first, second = (tmp_path / name / "last.safetensors" for name in ("straight", "resumed"))
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("attention", ["sparsemax", "softmax"])
def test_a_distance_learns_to_rebuild_and_its_values_compare(tmp_path, attention):
    config, step = distance_setup(attention, SMALL)
    torch.manual_seed(0)
    net, windows = MotionDistance(config), made_up_windows()
    error = RebuildError(windows, step)
    before = error(net.eval())["error"]
    assert error(net)["error"] == before
    batches = Batches(MotionCandidates(windows, 0), 9, seed=0)
    fit_config = FitConfig(n_steps=100, lr=1e-2, validate_every=20, monitor="error")
    result = fit(net, batches, step, fit_config, tmp_path, error, progress=False)
    assert result.best_value < 0.8 * before


def test_a_method_takes_the_distance_that_was_made_for_it():
    with pytest.raises(ValueError, match="RelCon was given a distance by softmax.*sparsemax"):
        METHODS["relcon"].step(small_distance("softmax"), 0.1)
    with pytest.raises(ValueError, match="RelCon was given a distance by None"):
        METHODS["relcon"].step(None, 0.1)
    with pytest.raises(ValueError, match="SimCLR was given a distance by sparsemax"):
        METHODS["simclr"].step(small_distance(), 0.1)
    with pytest.raises(ValueError, match="'cosine', expected one of"):
        distance_setup("cosine", {})


def test_heads_are_those_of_the_methods():
    assert METHODS["relcon"].config(ENCODER).n_outputs == 0
    assert METHODS["augpred"].config(ENCODER).n_outputs == 8
    config = METHODS["simclr"].config(ENCODER)
    assert (config.head_hidden, config.n_outputs) == (16, 128)
    assert isinstance(untrained(config, 0), MotionNet)
    assert DistanceConfig().attention == METHODS["relcon"].needs_distance
