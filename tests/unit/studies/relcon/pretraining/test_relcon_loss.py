"""The relative contrastive loss compared with two loops over candidates, and known values."""

import math

import numpy as np
import pytest
import torch

from rppg.studies.relcon.pretraining.relcon_loss import (
    batch_similarities,
    candidate_columns,
    relative_contrastive_loss,
)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def tables(n_anchors=4, n_candidates=9, seed=0, dtype=torch.float64, n_levels=None):
    """Similarities from -1 to 1 and distances, without ties unless they have so many levels."""
    shape = (n_anchors, n_candidates)
    similarity = 2 * torch.rand(shape, generator=seeded(seed), dtype=torch.float64) - 1
    distance = 100 * torch.rand(shape, generator=seeded(seed + 1), dtype=torch.float64)
    if n_levels:
        distance = (distance * n_levels / 100).floor()
    return similarity.to(dtype), distance.to(dtype)


def looped(similarity, distance, temperature=0.1):
    """Each candidate against those that are farther, as the paper's equation has it."""
    total = 0.0
    for s, d in zip(similarity.double().numpy(), distance.numpy(), strict=True):
        for i in range(len(s)):
            farther = [s[j] / temperature for j in range(len(s)) if d[j] > d[i]]
            total += np.logaddexp.reduce([s[i] / temperature, *farther]) - s[i] / temperature
    return total / len(similarity)


# Values


@pytest.mark.parametrize("shape", [(4, 9), (1, 1), (1, 2), (7, 3), (64, 83)])
@pytest.mark.parametrize("n_levels", [None, 3, 1])
def test_it_is_the_papers_double_sum_with_ties_too(shape, n_levels):
    similarity, distance = tables(*shape, n_levels=n_levels)
    expected = looped(similarity, distance)
    loss = relative_contrastive_loss(similarity, distance)
    assert loss.ndim == 0 and loss.item() == pytest.approx(expected, rel=1e-12, abs=1e-15)
    loss = relative_contrastive_loss(similarity.float(), distance.float())
    expected = looped(similarity.float(), distance.float())
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("n_candidates", [1, 2, 5, 83])
@pytest.mark.parametrize("similarity", [-1.0, 0.0, 0.7])
def test_equal_similarities_have_the_logarithm_of_the_factorial(n_candidates, similarity):
    _, distance = tables(3, n_candidates)
    loss = relative_contrastive_loss(torch.full_like(distance, similarity), distance)
    assert loss.item() == pytest.approx(math.log(math.factorial(n_candidates)), abs=1e-9)


def test_candidates_that_are_all_as_far_have_no_negatives():
    similarity, _ = tables()
    for far in (0.0, 5.0):
        similarity = similarity.detach().requires_grad_()
        loss = relative_contrastive_loss(similarity, torch.full((4, 9), far))
        loss.backward()
        assert loss.item() == 0 and not similarity.grad.any()


def test_the_farthest_adds_nothing_whatever_the_rest_is():
    similarity, distance = tables(1, 5)
    nearest = distance.argmin(dim=1, keepdim=True)
    alone = torch.zeros(1, 5, dtype=torch.float64).scatter(1, nearest, 50.0)
    loss = relative_contrastive_loss(alone, distance)  # all but the nearest are alike
    assert loss.item() == pytest.approx(math.log(math.factorial(4)), rel=1e-12)


def test_agreement_is_near_zero_and_every_swap_costs():
    distance = torch.arange(6.0)[None]
    loss = relative_contrastive_loss(-distance, distance)
    assert 0 < loss.item() < 1e-3
    for k in range(5):
        swapped = distance.clone()
        swapped[0, [k, k + 1]] = swapped[0, [k + 1, k]]
        assert relative_contrastive_loss(-swapped, distance) > loss + 9, f"{k} and {k + 1}"


# What does not matter


@pytest.mark.parametrize("n_levels", [None, 3])
def test_the_order_of_candidates_and_of_anchors_does_not_matter(n_levels):
    similarity, distance = tables(n_levels=n_levels)
    loss = relative_contrastive_loss(similarity, distance).item()
    each_its_own = torch.rand(4, 9, generator=seeded(5)).argsort(dim=1)
    shuffled = similarity.gather(1, each_its_own), distance.gather(1, each_its_own)
    assert relative_contrastive_loss(*shuffled).item() == pytest.approx(loss, rel=1e-12)
    backwards = relative_contrastive_loss(similarity.flip(0), distance.flip(0))
    assert backwards.item() == pytest.approx(loss, rel=1e-12)


def test_only_the_order_of_an_anchors_distances_counts():
    similarity, distance = tables()
    loss = relative_contrastive_loss(similarity, distance)
    energy = torch.tensor([[1e-6], [1.0], [50.0], [1e6]])  # of the anchors
    assert relative_contrastive_loss(similarity, energy * distance) == loss
    assert relative_contrastive_loss(similarity, distance.log()) == loss
    assert relative_contrastive_loss(similarity, -distance) != loss


def test_the_gain_of_embeddings_does_not_matter():
    anchors, within = (torch.randn(5, *n, 8, generator=seeded(1)).double() for n in ((), (3,)))
    similarity = batch_similarities(anchors, within)
    gains = torch.logspace(-3, 3, 5, dtype=torch.float64)[:, None]
    scaled = batch_similarities(gains * anchors, 40 * within)
    assert torch.allclose(scaled, similarity, rtol=0, atol=1e-12)
    assert not torch.allclose(batch_similarities(-anchors, within), similarity, atol=0.1)


# Numbers that are hard, gradients


@pytest.mark.parametrize("temperature", [1e-3, 1e-2, 1.0])
def test_a_small_temperature_stays_finite_in_float32(temperature):
    similarity, distance = tables(8, 83, dtype=torch.float32)
    similarity[0] = -torch.linspace(-1, 1, 83)[distance[0].argsort().argsort()]  # as it should be
    similarity.requires_grad_()
    loss = relative_contrastive_loss(similarity, distance, temperature)
    loss.backward()
    expected = looped(similarity.detach(), distance, temperature)
    assert loss.item() == pytest.approx(expected, rel=1e-5)
    exact = similarity.detach().double().requires_grad_()
    relative_contrastive_loss(exact, distance, temperature).backward()
    worst = (similarity.grad - exact.grad).abs().max() / exact.grad.abs().max()
    assert torch.isfinite(similarity.grad).all() and worst < 1e-3


@pytest.mark.parametrize("n_levels", [None, 3])
def test_gradients_are_right(n_levels):
    similarity, distance = tables(3, 7, n_levels=n_levels)
    similarity.requires_grad_()

    def of_similarity(similarity):
        return relative_contrastive_loss(similarity, distance, 0.3)

    assert torch.autograd.gradcheck(of_similarity, similarity)


def test_gradients_of_embeddings_are_right_and_distances_have_none():
    anchors = torch.randn(3, 4, generator=seeded(2), dtype=torch.float64, requires_grad=True)
    within = torch.randn(3, 2, 4, generator=seeded(3), dtype=torch.float64, requires_grad=True)
    _, distance = tables(3, 4)
    distance.requires_grad_()

    def of_embeddings(anchors, within):
        return relative_contrastive_loss(batch_similarities(anchors, within), distance)

    assert torch.autograd.gradcheck(of_embeddings, (anchors, within))
    of_embeddings(anchors, within).backward()
    assert distance.grad is None


def test_half_precision_is_computed_in_float32():
    similarity, distance = tables(4, 30)
    halves = similarity.bfloat16()
    loss = relative_contrastive_loss(halves, distance.float())
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(looped(halves.float(), distance), rel=1e-6)
    embeddings = torch.randn(6, 16, generator=seeded(4))
    exact = batch_similarities(embeddings, embeddings[:, None])
    with torch.autocast("cpu", torch.bfloat16):
        found = batch_similarities(embeddings, embeddings[:, None])
    assert found.dtype == torch.float32 and torch.equal(found, exact)


# Columns


@pytest.mark.parametrize(("n", "c"), [(4, 3), (1, 2), (3, 0)])
def test_other_anchors_come_first_in_their_order_then_the_own_candidates(n, c):
    anchors, within = (torch.randn(n, *k, 5, generator=seeded(1)) for k in ((), (c,)))
    found = batch_similarities(anchors, within)
    cosine = torch.nn.CosineSimilarity(dim=0)
    for a in range(n):
        candidates = [anchors[b] for b in range(n) if b != a] + list(within[a])
        expected = [cosine(anchors[a], candidate).item() for candidate in candidates]
        assert found[a].tolist() == pytest.approx(expected, abs=1e-6)
    between = torch.arange(n * n).view(n, n)
    columns = candidate_columns(between, -torch.ones(n, c, dtype=torch.int64))
    assert columns.tolist() == [
        [n * a + b for b in range(n) if b != a] + [-1] * c for a in range(n)
    ]


def test_tables_that_do_not_fit_are_errors():
    similarity, distance = tables()
    for other in (distance[:, 1:], distance[0], distance[:, :0], distance[..., None]):
        with pytest.raises(ValueError, match=r"both \(A, K\), A and K of 1 or more, found"):
            relative_contrastive_loss(similarity, other)
    with pytest.raises(ValueError, match=r"found \(0, 9\) and \(0, 9\)"):
        relative_contrastive_loss(similarity[:0], distance[:0])
    for temperature in (0, -0.1, math.nan):
        with pytest.raises(ValueError, match=f"temperature is {temperature}, expected above 0"):
            relative_contrastive_loss(similarity, distance, temperature)
    for bad in (math.nan, math.inf):
        distance[2, :2] = bad
        with pytest.raises(ValueError, match="2 of 36 distances are not finite: look for windows"):
            relative_contrastive_loss(similarity, distance)
    with pytest.raises(ValueError, match=r"found \(4, 9\) and \(3, 2, 9\)"):
        batch_similarities(similarity, torch.zeros(3, 2, 9))
    with pytest.raises(ValueError, match=r"\(B, B\) and \(B, c\), found \(4, 9\) and \(4, 2\)"):
        candidate_columns(distance, distance[:, :2])
