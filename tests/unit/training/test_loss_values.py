"""Losses of a batch for nets, sines and noise: sines satisfy them, and nothing is changed."""

import pytest
import torch

from rppg.models.registry import build, recipe
from rppg.training.loss_values import FOR_ALL, NOISE, PER_CLIP, loss_values, references

N_FRAMES = 240


def batch_of(clip, rates_hz=None):
    batch = {"clip": clip, "speed": torch.linspace(0.8, 1.2, len(clip))}
    return batch if rates_hz is None else batch | {"disturbance_hz": torch.tensor(rates_hz)}


@pytest.fixture
def maps():
    batch = batch_of(torch.randn(4, N_FRAMES, 63, 6), [1.1, torch.nan, 2.0, torch.nan])
    net = build("st_transformer", n_frames=N_FRAMES, dim=8, n_loops=1, patch=4)
    return recipe("st_transformer").objective(disturbance=3.0, n_rows=16), net, batch


@pytest.fixture
def crops():
    batch = batch_of(torch.randint(0, 256, (4, N_FRAMES, 16, 16, 3)).float())
    net = build("contrast_phys", size=16, width=2, patch=2, time_pools=1, form="chrominance")
    return recipe("contrast_phys").objective(windows=2, distractor_pairs=True), net, batch


def values(objective, net, batch):
    return loss_values(objective, {"net": net, **references(batch)}, batch)


def test_sines_satisfy_the_losses_of_a_clip_and_one_sine_for_all_is_found_by_the_others(maps):
    table = values(*maps)
    for loss in ("bandwidth", "sparsity", "periodicity"):
        assert max(table.loc[loss, [PER_CLIP, FOR_ALL]]) < 0.2 * table.loc[loss, NOISE]
    assert table.loc["variance", FOR_ALL] > 5 * table.loc["variance", PER_CLIP]
    assert table.loc["loss"].idxmin() == PER_CLIP


@pytest.mark.slow
def test_contrast_likewise(crops):
    table = values(*crops)
    assert max(table.loc["pull", [PER_CLIP, FOR_ALL]]) < 0.1 * table.loc["pull", NOISE]
    assert table.loc["push", FOR_ALL] == pytest.approx(0, abs=0.01)
    assert table.loc["push", PER_CLIP] < table.loc["push", NOISE]
    assert table.loc["loss"].idxmin() == PER_CLIP


def test_the_last_row_is_the_weighted_sum(maps):
    table = values(*maps)
    weights = dict.fromkeys(table.index[:-1], 1.0) | {"disturbance": 3.0}
    sums = sum(weight * table.loc[loss] for loss, weight in weights.items())
    assert table.loc["loss"].to_numpy() == pytest.approx(sums.to_numpy(), rel=1e-5)


@pytest.mark.parametrize("which", ["maps", "crops"])
def test_nets_batch_and_random_numbers_stay_as_they_are_and_values_repeat(which, request):
    objective, net, batch = request.getfixturevalue(which)
    net.train()
    before, state = {k: v.clone() for k, v in net.state_dict().items()}, torch.get_rng_state()
    given = {name: value.clone() for name, value in batch.items()}
    first, second = values(objective, net, batch), values(objective, net, batch)
    assert first.equals(second)
    assert net.training and torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(value, net.state_dict()[name]) for name, value in before.items())
    assert batch.keys() == given.keys()
    assert all(torch.allclose(batch[k], given[k], equal_nan=True) for k in given)
