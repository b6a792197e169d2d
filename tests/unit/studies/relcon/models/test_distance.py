"""The learned distance: equal results of all variants, and its invariances."""

import runpy
from pathlib import Path

import pytest
import torch

from rppg.studies.relcon.models.dilated_conv import DilatedNet
from rppg.studies.relcon.models.distance import (
    DistanceConfig,
    MotionDistance,
    pairs_at_once,
    reconstruction_error,
)
from rppg.studies.relcon.models.revin import RevIN, statistics

PLAIN = Path(__file__).parents[5] / "benchmarks" / "relcon_plain.py"
pytestmark = pytest.mark.usefixtures("single_thread")
SMALL = {"width": 8, "bottleneck": 2, "kernel": 5}


def model_of(**fields) -> MotionDistance:
    """A small net in eval mode whose RevIN is not the identity."""
    torch.manual_seed(0)
    model = MotionDistance(DistanceConfig(**SMALL | fields)).eval()
    with torch.no_grad():
        model.revin.gain.copy_(torch.tensor([1.3, 0.7, 1.0]))
        model.revin.offset.copy_(torch.tensor([0.2, -0.4, 0.1]))
    return model


def windows_g(n: int, seed: int = 0, length: int = 60) -> torch.Tensor:
    """(n, T, 3): waves on gravity that is turned in each."""
    generator = torch.Generator().manual_seed(seed)
    gravity = torch.nn.functional.normalize(torch.randn(n, 1, 3, generator=generator), dim=2)
    phase = torch.rand(n, 1, 3, generator=generator) + torch.arange(length)[:, None] / 23
    noise = 0.05 * torch.randn(n, length, 3, generator=generator)
    return gravity + 0.4 * torch.sin(6.28 * phase) + noise


@torch.no_grad()
def one_by_one(model: MotionDistance, anchors: torch.Tensor, candidates: torch.Tensor):
    """Distances (A, K), each pair alone through forward."""
    rows = [[model(a[None], c[None]) - a for c in candidates] for a in anchors]
    return torch.stack([torch.stack([(e**2).sum() for e in row]) for row in rows])


def test_size_of_the_paper():
    net = MotionDistance(DistanceConfig())
    assert sum(weights.numel() for weights in net.parameters()) == 58_617


def test_is_the_net_of_the_paper_in_plain_modules():
    plain_distances = runpy.run_path(str(PLAIN))["plain_distances"]
    for model in (model_of(), model_of(width=64, bottleneck=8, kernel=15, layers=3)):
        anchors, candidates = windows_g(3), windows_g(4, seed=1)
        expected = plain_distances(model, anchors, candidates)
        found = model.distances(anchors, model.keys(candidates))
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=0)


@pytest.mark.parametrize(
    "fields",
    [{}, {"attention": "softmax"}, {"layers": 0}, {"width": 64, "kernel": 15}, {"centred": True}],
)
def test_cached_keys_give_the_distances_of_pairs(fields):
    model = model_of(**fields)
    anchors, candidates = windows_g(3), windows_g(11, seed=1)  # more than are done at a time
    expected = one_by_one(model, anchors, candidates)
    found = model.distances(anchors, model.keys(candidates))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=0)


def test_centred_distances_do_not_know_where_gravity_is():
    anchors, candidates = windows_g(3), windows_g(4, seed=1)
    lifted = anchors + torch.tensor([0.5, -1.0, 2.0])
    plain, centred = (model_of(centred=centred) for centred in (False, True))
    for model, alike in ((plain, False), (centred, True)):
        keys = model.keys(candidates)
        before, after = (model.distances(x, keys) for x in (anchors, lifted))
        assert torch.allclose(before, after, rtol=1e-3) == alike
    before, after = (model_of(centred=True)(x, candidates[:3]) for x in (anchors, lifted))
    torch.testing.assert_close(after - before, (lifted - anchors))  # what is rebuilt has the level


def test_own_candidates_are_those_of_their_anchor():
    model = model_of()
    anchors, within = windows_g(3), windows_g(3 * 9, seed=1)
    expected = one_by_one(model, anchors, within).view(3, 3, 9)
    found = model.own_distances(anchors, model.keys(within), 9)
    torch.testing.assert_close(found, expected[range(3), range(3)], rtol=1e-4, atol=0)


def test_how_many_pairs_are_done_at_once_changes_no_distance(monkeypatch):
    model, anchors, candidates = model_of(), windows_g(2), windows_g(7, seed=1)
    expected = model.distances(anchors, model.keys(candidates))
    assert pairs_at_once(torch.device("cuda")) > len(candidates) > pairs_at_once(anchors.device)
    monkeypatch.setattr("rppg.studies.relcon.models.distance.PAIRS_ON_CPU", 256)
    torch.testing.assert_close(model.distances(anchors, model.keys(candidates)), expected)


def test_still_windows_have_finite_distances_that_agree():
    model, still = model_of(), torch.tensor([0.0, 0.6, 0.8]).expand(1, 60, 3)
    several = torch.cat([still, windows_g(2), -9 * still])
    expected = one_by_one(model.double(), several.double(), several.double())
    found = model.float().distances(several, model.keys(several))
    torch.testing.assert_close(found.double(), expected, rtol=1e-3, atol=1e-6)


def test_training_mode_leaves_distances_alone():
    model, anchors = model_of(dropout=0.5), windows_g(4)
    expected = model.distances(anchors, model.keys(anchors))
    assert torch.equal(model.train().distances(anchors, model.keys(anchors)), expected)
    assert not torch.equal(model(anchors, anchors), model.eval()(anchors, anchors))


@pytest.mark.parametrize("attention", ["sparsemax", "softmax"])
def test_attention_is_the_same_in_training_and_evaluation(attention):
    model = model_of(attention=attention, dropout=0.0)
    anchors, candidates = windows_g(4), windows_g(4, seed=1)
    torch.testing.assert_close(
        model.train()(anchors, candidates), model.eval()(anchors, candidates)
    )


@pytest.mark.parametrize("training", [True, False])
def test_sparsemax_looks_at_few_samples_and_softmax_at_all(training):
    anchors, candidates, moved = windows_g(1), windows_g(1, seed=1), []
    for attention in ("sparsemax", "softmax"):
        model = model_of(attention=attention, dropout=0.0, layers=0).train(training)
        weights = torch.autograd.functional.jacobian(
            lambda values, model=model: _rebuilt_with(model, values, anchors, candidates),
            torch.zeros(60),
        )
        moved.append((weights != 0).float().mean())
    assert moved[0] < 0.5 and moved[1] == 1


def _rebuilt_with(model, added, anchors, candidates):
    """Axis x of the rebuilt anchor, where values of the candidate's samples are raised."""
    handle = model.value.register_forward_hook(lambda net, inputs, output: output + added)
    rebuilt = model(anchors, candidates)[0, :, 0]
    handle.remove()
    return rebuilt


def test_revin_inverts_with_any_statistics():
    revin = model_of().revin
    anchors, candidates = windows_g(4).transpose(1, 2), 3 * windows_g(4, seed=1).transpose(1, 2)
    found = statistics(candidates)
    torch.testing.assert_close(revin.undone(revin(anchors, *found), *found), anchors)
    assert not any(some.requires_grad for some in statistics(candidates.requires_grad_()))
    plain = RevIN(3)(candidates, *found)
    torch.testing.assert_close(plain.mean(dim=2), torch.zeros(4, 3), atol=1e-5, rtol=0)
    torch.testing.assert_close(plain.std(dim=2, correction=0), torch.ones(4, 3), rtol=1e-3, atol=0)


@pytest.mark.parametrize("whose", ["candidate", "anchor"])
def test_statistics_are_those_of_one_of_the_two(whose):
    """Only its own still window has next to no spread, which bounds what is rebuilt."""
    model, still = model_of(statistics=whose), torch.ones(2, 60, 3)
    pair = (windows_g(2), still) if whose == "candidate" else (still, windows_g(2))
    assert (model(*pair) - still).abs().max() < 0.1
    assert (model(*pair[::-1]) - still).abs().max() > 0.2


def test_a_common_unit_and_offset_do_not_matter():
    model = model_of()
    anchors, candidates = windows_g(3), windows_g(3, seed=1)
    gain, offset = torch.tensor([2.0, 3.0, -4.0]).abs(), torch.tensor([5.0, -1.0, 0.0])
    expected = model(anchors, candidates) * gain + offset
    found = model(anchors * gain + offset, candidates * gain + offset)
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3)  # by the epsilon


def test_masked_samples_are_not_seen():
    model, anchors, candidates = model_of(), windows_g(3), windows_g(3, seed=1)
    masked = torch.zeros(3, 60, dtype=torch.bool)
    masked[0, 20:35] = masked[1, ::2] = masked[2] = True
    changed = torch.where(masked[..., None], 7.0, anchors)
    expected = model(anchors, candidates, masked)
    assert expected.isfinite().all()
    torch.testing.assert_close(model(changed, candidates, masked), expected)
    assert (model(anchors, candidates) - expected).abs().amax(dim=(1, 2)).min() > 1e-3
    unmasked = model(anchors, candidates, torch.zeros_like(masked))
    torch.testing.assert_close(unmasked, model(anchors, candidates))


def test_the_first_convolution_makes_up_for_what_it_does_not_see():
    net = DilatedNet(n_in=3, width=4, bottleneck=2, kernel=5, layers=0)
    x, seen = torch.randn(2, 3, 20), torch.ones(2, 1, 20, dtype=torch.bool)
    seen[0, 0, 8:15] = False  # 10 to 12 see nothing
    first = torch.zeros(2, 4, 20)
    for window in range(2):
        for t in range(20):
            places = [u for u in range(t - 2, t + 3) if 0 <= u < 20 and seen[window, 0, u]]
            for u in places:
                weight = net.first.weight[:, :, u - t + 2]
                first[window, :, t] += weight @ x[window, :, u] * 5 / len(places)
            first[window, :, t] += net.first.bias * bool(places)
    torch.testing.assert_close(net(x, seen), net.after_first(first))
    whole = net.first_sums(x[1]).sum(dim=0) + net.first.bias[:, None]
    torch.testing.assert_close(whole, first[1])


def test_gradient_reaches_every_weight_and_is_right():
    torch.manual_seed(0)
    tiny = DistanceConfig(width=4, bottleneck=2, kernel=3, layers=1, dropout=0.0)
    model = MotionDistance(tiny).double()
    anchors, candidates = (windows_g(2, seed, length=9).double() for seed in (0, 1))
    reconstruction_error(model(anchors, candidates), anchors).mean().backward()
    assert all(weights.grad.abs().sum() > 0 for weights in model.parameters())
    anchors.requires_grad_()
    assert torch.autograd.gradcheck(lambda a: model(a, candidates), anchors)


def test_learns_to_rebuild_a_window_from_a_turned_copy():
    torch.manual_seed(0)
    model, windows = model_of().train(), windows_g(16)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    errors = []
    for _ in range(40):
        loss = reconstruction_error(model(windows, -windows), windows).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        errors.append(loss.item())
    assert errors[-1] < 0.5 * errors[0]


def test_errors_of_configs_and_shapes():
    for field, value in (("attention", "max"), ("statistics", "both"), ("dropout", 1.0)):
        with pytest.raises(ValueError, match=f"{field} is"):
            DistanceConfig(**{field: value})
    with pytest.raises(ValueError, match="odd"):
        model_of(kernel=4)
    model, anchors = model_of(), windows_g(4)
    with pytest.raises(ValueError, match="call forward"):
        model_of(statistics="anchor").keys(anchors)
    with pytest.raises(ValueError, match="one length"):
        model.distances(windows_g(2, length=50), model.keys(anchors))
    with pytest.raises(ValueError, match="expected 3 windows per anchor"):
        model.own_distances(anchors, model.keys(anchors), 3)
    with pytest.raises(ValueError, match="as many candidates"):
        model(anchors, anchors[:2])
    with pytest.raises(ValueError, match="expected masked"):
        model(anchors, anchors, torch.zeros(4, 59, dtype=torch.bool))
    with pytest.raises(ValueError, match=r"\(n, T, 3\)"):
        model.keys(anchors.transpose(1, 2))
