"""Entropy and calm of saliency maps: known values, the sums as printed, gradients."""

import math

import pytest
import torch

from rppg.losses.saliency_map import saliency_sparsity, saliency_temporal

TERMS = [saliency_sparsity, saliency_temporal]


def maps(batch=2, n_maps=5, side=4, seed=0):
    generator = torch.Generator().manual_seed(seed)
    scores = torch.randn(batch, n_maps, side**2, generator=generator, dtype=torch.float64)
    return (2 * scores).softmax(dim=-1).unflatten(-1, (side, side))


def even(side, n_maps=5):
    return torch.full((2, n_maps, side, side), side**-2.0, dtype=torch.float64)


def one_place(row, column, n_maps=1):
    found = torch.zeros(1, n_maps, 4, 4, dtype=torch.float64)
    found[:, :, row, column] = 1
    return found


@pytest.mark.parametrize("side", [4, 8, 16])
def test_entropy_of_even_maps_is_log_n_over_n(side):
    n = side**2
    assert saliency_sparsity(even(side)).item() == pytest.approx(math.log(n) / n)


def test_entropy_of_two_equal_places_is_that_of_one_bit():
    saliency = (one_place(0, 0) + one_place(3, 2)) / 2
    assert saliency_sparsity(saliency).item() == pytest.approx(math.log(2) / 16)


def test_all_on_one_place_has_no_entropy_and_a_finite_gradient():
    saliency = one_place(1, 2, n_maps=3).float().requires_grad_()
    loss = saliency_sparsity(saliency)
    loss.backward()
    assert loss.item() == 0 and torch.isfinite(saliency.grad).all()


def test_maps_that_stay_have_no_steps_and_a_move_has_its_square():
    assert saliency_temporal(maps(n_maps=1).expand(2, 7, 4, 4)).item() == 0
    moved = torch.cat([one_place(0, 0, 2), one_place(0, 3, 2)], dim=1)  # one of three steps
    assert saliency_temporal(moved).item() == pytest.approx(2 / (16 * 3))


def test_a_single_map_has_no_steps():
    saliency = maps(n_maps=1).requires_grad_()
    loss = saliency_temporal(saliency)
    loss.backward()
    assert loss.item() == 0 and not saliency.grad.any()


def test_both_terms_are_the_sums_as_printed():
    saliency = maps()
    sparsity = temporal = 0.0
    for clip in saliency.flatten(2).tolist():  # (D, N)
        n_maps, n = len(clip), len(clip[0])
        sparsity -= sum(s * math.log(s) for one in clip for s in one) / (n * n_maps)
        for i in range(n_maps - 1):
            steps = [(clip[i + 1][j] - clip[i][j]) ** 2 for j in range(n)]
            temporal += sum(steps) / (n * (n_maps - 1))
    assert saliency_sparsity(saliency).item() == pytest.approx(sparsity / 2)
    assert saliency_temporal(saliency).item() == pytest.approx(temporal / 2)


@pytest.mark.parametrize("term", TERMS)
def test_gradcheck(term):
    assert torch.autograd.gradcheck(term, maps(1, 3, 2).requires_grad_())


@pytest.mark.parametrize("term", TERMS)
def test_following_the_gradient_makes_maps_sparse_or_calm(term):
    scores = (10 * maps().flatten(2)).requires_grad_()
    losses = []
    for _ in range(50):
        loss = term(scores.softmax(dim=-1).unflatten(-1, (4, 4)))
        losses.append(loss.item())
        scores = (scores - 50 * torch.autograd.grad(loss, scores)[0]).detach().requires_grad_()
    assert losses[-1] < 0.5 * losses[0]


@pytest.mark.parametrize("term", TERMS)
def test_every_clip_and_every_call_counts_alike(term):
    saliency = maps()
    alone = torch.stack([term(saliency[i : i + 1]) for i in range(2)]).mean()
    torch.testing.assert_close(term(saliency), alone)
    assert torch.equal(term(saliency), term(saliency))


@pytest.mark.parametrize("term", TERMS)
def test_other_shapes_are_refused(term):
    with pytest.raises(ValueError, match=r"expected saliency \(B, T, G, G\), found \(4, 4\)"):
        term(torch.zeros(4, 4))
    with pytest.raises(ValueError, match=r"found \(2, 0, 4, 4\)"):
        term(torch.zeros(2, 0, 4, 4))
