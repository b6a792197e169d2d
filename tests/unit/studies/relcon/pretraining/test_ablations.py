"""RelCon's ablations: no augmentation, no RevIN, no candidates of the hour, hard positives only."""

import pytest
import torch
import torch.nn.functional as F

from rppg.studies.relcon.models.distance import DistanceConfig, MotionDistance
from rppg.studies.relcon.pretraining import objectives
from rppg.studies.relcon.pretraining.methods import METHODS, distance_setup
from rppg.studies.relcon.pretraining.objectives import Rebuild, candidate_distances
from rppg.studies.relcon.probing.supervised import untrained

pytestmark = pytest.mark.usefixtures("single_thread")
SMALL = {"width": 8, "bottleneck": 2, "kernel": 5, "layers": 1}
ENCODER = {"widths": (8, 16), "blocks": (1, 1), "kernels": (3, 3)}


def distance_of(**fields) -> MotionDistance:
    torch.manual_seed(0)
    return MotionDistance(DistanceConfig(**SMALL | fields)).eval()


def windows_g(n: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, 64, 3, generator=generator)


def copies_of(n_augmentations: int, monkeypatch) -> int:
    """How often copies were augmented in one step of the distance of a profile's number."""
    seen, augment = [], objectives.augment
    monkeypatch.setattr(objectives, "augment", lambda *a: seen.append(a[2]) or augment(*a))
    _, step = distance_setup("sparsemax", SMALL, n_augmentations)
    model, anchors = distance_of(), windows_g(4)
    loss, _ = step(model, {"anchor": anchors}, torch.Generator().manual_seed(0))
    if not n_augmentations:
        expected = (model(anchors, anchors) - anchors).square().sum(dim=(1, 2)).mean()
        torch.testing.assert_close(loss, expected)
    return seen


def test_a_window_is_rebuilt_from_itself_without_augmentation(monkeypatch):
    assert copies_of(0, monkeypatch) == []
    assert copies_of(3, monkeypatch) == [3]


def test_a_number_of_augmentations_that_there_are_not_is_refused():
    assert distance_setup("sparsemax", SMALL)[1] == Rebuild(2)
    with pytest.raises(ValueError, match="n_augmentations is 9, expected 0 to 8"):
        distance_setup("sparsemax", SMALL, 9)


@torch.no_grad()
@pytest.mark.parametrize("revin", [True, False])
def test_with_revin_alone_scale_and_level_do_not_matter(revin):
    model, anchors, candidates = distance_of(revin=revin), windows_g(3), windows_g(3, seed=1)
    plain = model(anchors, candidates)
    scaled = model(3 * anchors + 2, 3 * candidates + 2)
    error = ((scaled - 2) / 3 - plain).abs().max()
    assert (error < 1e-3) if revin else (error > 0.05)


@torch.no_grad()
@pytest.mark.parametrize("revin", [True, False])
@pytest.mark.parametrize("centred", [True, False])
def test_of_centred_windows_no_revin_changes_the_scale_alone(revin, centred):
    model = distance_of(revin=revin, centred=centred)
    anchors, candidates = windows_g(3), windows_g(4, seed=1)
    plain = model.distances(anchors, model.keys(candidates))
    raised = model.distances(anchors + 1, model.keys(candidates))
    scaled = model.distances(3 * anchors, model.keys(3 * candidates)) / 9
    assert torch.allclose(raised, plain, rtol=1e-3) == centred
    assert torch.allclose(scaled, plain, rtol=1e-2) == revin


@torch.no_grad()
def test_without_revin_the_nets_see_windows_in_g():
    model, seen = distance_of(revin=False), []
    model.query.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    anchors = 5 + 2 * windows_g(2)
    model(anchors, windows_g(2, seed=1))
    torch.testing.assert_close(seen[0], anchors.transpose(1, 2))
    assert not any(weight.requires_grad for weight in model.revin.parameters())


@torch.no_grad()
def test_without_revin_cached_keys_give_the_distances_of_pairs():
    model, anchors, candidates = distance_of(revin=False), windows_g(2), windows_g(5, seed=1)
    found = model.distances(anchors, model.keys(candidates))
    pairs = [[(model(a[None], c[None]) - a).square().sum() for c in candidates] for a in anchors]
    torch.testing.assert_close(found, torch.tensor(pairs), rtol=1e-4, atol=1e-4)


def test_without_candidates_of_the_hour_the_other_anchors_are_left():
    anchors, distance = windows_g(4), distance_of()
    none = torch.zeros(4, 0, 64, 3)
    found = candidate_distances(distance, anchors, none)
    assert found.shape == (4, 3)
    own = candidate_distances(distance, anchors, windows_g(8, seed=2).unflatten(0, (4, 2)))
    torch.testing.assert_close(found, own[:, :3])
    net = untrained(METHODS["relcon"].config(ENCODER), seed=1).eval()
    loss, _ = METHODS["relcon"].step(distance, 0.1)(net, {"anchor": anchors}, torch.Generator())
    loss.backward()
    assert loss > 0 and all(w.grad is not None for w in net.encoder.parameters())


def test_a_hard_positive_is_the_nearest_of_all_candidates():
    anchors, distance = windows_g(3), distance_of()
    batch = {"anchor": anchors, "within": windows_g(6, seed=3).unflatten(0, (3, 2))}
    net = untrained(METHODS["relcon"].config(ENCODER), seed=1).eval()
    step = METHODS["relcon"].step(distance, 0.5, hard_positive=True)
    loss, _ = step(net, batch, torch.Generator())
    total = 0.0
    for a in range(3):
        others = [anchors[b] for b in range(3) if b != a] + list(batch["within"][a])
        others = torch.stack(others)
        own = anchors[a : a + 1].expand_as(others)
        nearest = (distance(own, others) - own).square().sum(dim=(1, 2)).argmin()
        logits = F.cosine_similarity(net(anchors[a : a + 1]), net(others)) / 0.5
        total += F.cross_entropy(logits[None], nearest[None])
    assert loss.item() == pytest.approx(total.item() / 3, rel=1e-4)


def test_only_relcon_has_hard_positives():
    with pytest.raises(TypeError, match="hard_positive"):
        METHODS["simclr"].step(None, 0.1, hard_positive=True)
