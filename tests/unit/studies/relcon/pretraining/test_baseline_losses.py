"""Losses of SimCLR, REBAR and the prediction of augmentations: naive loops, gradients."""

import math

import pytest
import torch
from torch.autograd import gradcheck

from rppg.studies.relcon.pretraining.baseline_losses import (
    augmentation_loss,
    hard_positive_loss,
    nt_xent,
)

pytestmark = pytest.mark.usefixtures("single_thread")


def normal(*shape, seed=0, dtype=torch.float64):
    return torch.randn(shape, dtype=dtype, generator=torch.Generator().manual_seed(seed))


def cosine(one, other):
    return float(one @ other / (one.norm() * other.norm()))


def naive_nt_xent(a, b, temperature):
    """Every anchor of both views, every one of its 2 B - 2 negatives."""
    n, total = len(a), 0.0
    for k in range(n):
        for anchor, partner in ((a[k], b[k]), (b[k], a[k])):
            right = math.exp(cosine(anchor, partner) / temperature)
            others = [v[j] for v in (a, b) for j in range(n) if j != k]
            assert len(others) == 2 * n - 2
            wrong = sum(math.exp(cosine(anchor, other) / temperature) for other in others)
            total -= math.log(right / (right + wrong))
    return total / (2 * n)


@pytest.mark.parametrize("temperature", [0.1, 0.5, 2.0])
@pytest.mark.parametrize("n", [2, 7])
def test_nt_xent_is_the_naive_loop(n, temperature):
    a, b = normal(n, 5), normal(n, 5, seed=1)
    found = nt_xent(a, b, temperature).item()
    assert found == pytest.approx(naive_nt_xent(a, b, temperature), rel=1e-10)


def test_nt_xent_knows_its_bounds_and_no_length_of_embeddings():
    same = torch.ones(6, 4)
    assert nt_xent(same, same).item() == pytest.approx(math.log(2 * 6 - 1), rel=1e-6)
    a, b = normal(6, 8), normal(6, 8, seed=1)
    gains = torch.rand(6, 1, dtype=torch.float64) + 0.5
    assert nt_xent(gains * a, 7 * b).item() == pytest.approx(nt_xent(a, b).item(), rel=1e-10)
    assert nt_xent(b, a).item() == pytest.approx(nt_xent(a, b).item(), rel=1e-10)
    assert nt_xent(a, a).item() < nt_xent(a, a.roll(1, 0)).item()
    small = nt_xent(a.float(), b.float(), temperature=1e-3)
    assert small.isfinite() and small > 0


def test_nt_xent_does_not_lose_precision_under_autocast():
    a, b = normal(6, 8, dtype=torch.float32), normal(6, 8, seed=1, dtype=torch.float32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = nt_xent(a, b)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, nt_xent(a, b), atol=1e-6, rtol=1e-6)


def test_hard_positive_loss_is_the_naive_loop():
    similarity, distance = normal(4, 6).tanh(), normal(4, 6, seed=1).square()
    total = 0.0
    for k in range(4):
        nearest = min(range(6), key=lambda j: distance[k, j].item())
        exps = [math.exp(similarity[k, j].item() / 0.2) for j in range(6)]
        total -= math.log(exps[nearest] / sum(exps))
    found = hard_positive_loss(similarity, distance, temperature=0.2).item()
    assert found == pytest.approx(total / 4, rel=1e-10)


def test_hard_positive_loss_asks_for_the_nearest_alone():
    distance = torch.tensor([[3.0, 1.0, 2.0]])
    assert hard_positive_loss(torch.ones(1, 3), distance).item() == pytest.approx(math.log(3))
    similarity = torch.zeros(1, 3, requires_grad=True)
    hard_positive_loss(similarity, distance).backward()
    assert similarity.grad.sign().tolist() == [[1, -1, 1]]
    order = torch.tensor([2, 0, 1])
    similarity, distance = normal(3, 3).tanh(), normal(3, 3, seed=1)
    one = hard_positive_loss(similarity, distance)
    torch.testing.assert_close(hard_positive_loss(similarity[:, order], distance[:, order]), one)


def test_augmentation_loss_is_the_naive_loop():
    logits, applied = normal(5, 8), normal(5, 8, seed=1) > 0.5
    total = 0.0
    for logit, there in zip(logits.flatten().tolist(), applied.flatten().tolist(), strict=True):
        chance = 1 / (1 + math.exp(-logit))
        total -= math.log(chance if there else 1 - chance)
    assert augmentation_loss(logits, applied).item() == pytest.approx(total / 40, rel=1e-10)
    assert augmentation_loss(torch.zeros(2, 8), applied[:2]).item() == pytest.approx(math.log(2))


def test_gradients():
    a, b = (normal(4, 3, seed=seed).requires_grad_() for seed in (0, 1))
    assert gradcheck(nt_xent, (a, b, 0.5))
    similarity, distance = normal(3, 4).tanh().requires_grad_(), normal(3, 4, seed=1)
    assert gradcheck(lambda s: hard_positive_loss(s, distance, 0.5), (similarity,))
    applied = normal(3, 8, seed=2) > 0
    logits = normal(3, 8).requires_grad_()
    assert gradcheck(lambda z: augmentation_loss(z, applied), (logits,))


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match=r"views \(B, D\) of 2 or more windows, found \(1, 4\)"):
        nt_xent(torch.ones(1, 4), torch.ones(1, 4))
    with pytest.raises(ValueError, match=r"found \(3, 4\) and \(3, 5\)"):
        nt_xent(torch.ones(3, 4), torch.ones(3, 5))
    with pytest.raises(ValueError, match="temperature is 0, expected above 0"):
        nt_xent(torch.ones(3, 4), torch.ones(3, 4), temperature=0)
    with pytest.raises(ValueError, match=r"\(A, c\) with c > 1, found \(3, 4\) and \(3,\)"):
        hard_positive_loss(torch.ones(3, 4), torch.ones(3))
    with pytest.raises(ValueError, match="1 distances are not finite"):
        hard_positive_loss(torch.ones(1, 2), torch.tensor([[1.0, math.nan]]))
    with pytest.raises(ValueError, match=r"one shape \(B, 8\), found \(2, 8\) and \(2, 7\)"):
        augmentation_loss(torch.zeros(2, 8), torch.zeros(2, 7, dtype=torch.bool))
