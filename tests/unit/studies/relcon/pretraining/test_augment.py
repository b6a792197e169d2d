"""Eight augmentations: definitions, distributions, counts."""

import math

import pytest
import torch

from rppg.studies.relcon.pretraining import augment as module
from rppg.studies.relcon.pretraining.augment import AUGMENTATIONS, augment, random_rotations

pytestmark = pytest.mark.usefixtures("single_thread")
NAMES = list(AUGMENTATIONS)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def windows(n=50, length=64, seed=9, dtype=torch.float32):
    return torch.randn(n, length, 3, generator=generator(seed), dtype=dtype)


@pytest.fixture(params=NAMES)
def change(request):
    return AUGMENTATIONS[request.param]


def test_shape_dtype_and_the_windows_given_stay(change):
    for dtype in (torch.float32, torch.float64):
        given = windows(dtype=dtype)
        before = given.clone()
        found = change(given, generator())
        assert found.shape == given.shape and found.dtype == dtype and found.isfinite().all()
        assert torch.equal(given, before)
        assert (found - given).abs().amax(dim=(1, 2)).min() > 1e-3  # every window is changed


def test_the_same_seed_gives_the_same_and_each_window_is_drawn_alone(change):
    given = windows(1).expand(20, -1, -1)
    found = change(given, generator(3))
    assert torch.equal(change(given, generator(3)), found)
    if change.__name__ in ("negation", "time_reversal"):
        return
    assert not torch.equal(change(given, generator(4)), found)
    least = 5 if change.__name__ == "axis_permutation" else 20
    assert len({tuple(one.flatten().tolist()) for one in found}) == least


def test_eight_of_them_in_the_papers_order():
    assert NAMES == [change.__name__ for change in AUGMENTATIONS.values()]
    assert len(NAMES) == 8 and NAMES[0] == "jitter" and NAMES[-1] == "time_warp"


def test_jitter_is_white_and_scaling_one_factor_an_axis():
    given = windows(400)
    noise = module.jitter(given, generator()) - given
    assert noise.mean().abs() < 0.002 and noise.std().item() == pytest.approx(0.1, rel=0.02)
    assert (noise[:, 1:] * noise[:, :-1]).mean().abs() < 2e-4
    factors = module.scaling(given, generator()) / given  # (400, 64, 3)
    torch.testing.assert_close(factors, factors[:, :1].expand_as(factors), atol=1e-4, rtol=1e-4)
    factors = factors[:, 0]
    assert factors.mean().item() == pytest.approx(1, abs=0.03)
    assert factors.std().item() == pytest.approx(0.25, rel=0.08)
    assert torch.corrcoef(factors.T)[0, 1].abs() < 0.15


def test_rotation_keeps_norms_and_angles_between_samples():
    given = windows(dtype=torch.float64)
    found = module.rotation(given, generator())
    torch.testing.assert_close(found @ found.mT, given @ given.mT)
    torch.testing.assert_close(found.norm(dim=2), given.norm(dim=2))
    torch.testing.assert_close(torch.linalg.det(found[:, :3]), torch.linalg.det(given[:, :3]))


def test_rotations_are_uniform_on_so3():
    found = random_rotations(40_000, windows(dtype=torch.float64), generator())
    torch.testing.assert_close(found @ found.mT, torch.eye(3).double().expand_as(found))
    assert torch.linalg.det(found).min() > 0.999
    ranks = found.flatten(1).sort(dim=0).values  # each entry is uniform on (-1, 1)
    uniform = torch.linspace(-1, 1, 40_000, dtype=torch.float64)[:, None]
    assert (ranks - uniform).abs().max() < 0.04
    trace = found.diagonal(dim1=1, dim2=2).sum(dim=1)  # 1 + 2 cos(angle)
    cosines = (trace - 1) / 2  # density of the angle (1 - cos) / pi: mean of cos is -1/2
    assert cosines.mean().item() == pytest.approx(-0.5, abs=0.02)
    assert (cosines > 0.5).double().mean().item() == pytest.approx(
        1 / 3 - 3**0.5 / 2 / math.pi, abs=5e-3
    )
    fixed = found @ found[7]  # turned once more, the law is the same
    assert fixed.mean(dim=0).abs().max() < 0.02
    assert ((fixed.diagonal(dim1=1, dim2=2).sum(dim=1) - 1) / 2).mean() == pytest.approx(
        -0.5, abs=0.02
    )


def test_negation_and_reversal():
    given = windows()
    assert torch.equal(module.negation(given, generator()), -given)
    backward = module.time_reversal(given, generator())
    assert torch.equal(backward[:, 0], given[:, -1]) and torch.equal(backward[:, -1], given[:, 0])
    assert torch.equal(module.time_reversal(backward, generator()), given)


def test_axis_permutation_is_each_of_the_five_other_orders_as_often():
    given = torch.arange(3.0).expand(5000, 4, 3)
    found = module.axis_permutation(given, generator())
    assert torch.equal(found, found[:, :1].expand_as(found))
    orders = [tuple(row) for row in found[:, 0].int().tolist()]
    counts = {order: orders.count(order) for order in set(orders)}
    assert (0, 1, 2) not in counts and all(sorted(order) == [0, 1, 2] for order in counts)
    assert len(counts) == 5 and min(counts.values()) > 900


def test_segment_permutation_moves_whole_pieces_of_all_axes():
    length = 256
    given = torch.arange(length).float()[None, :, None].expand(2000, length, 3)
    found = module.segment_permutation(given, generator())
    assert torch.equal(found[..., 0], found[..., 1]) and torch.equal(found[..., 0], found[..., 2])
    order = found[..., 0]
    assert torch.equal(order.sort(dim=1).values, given[..., 0])  # every sample once
    n_jumps = (order.diff(dim=1) != 1).sum(dim=1)
    assert n_jumps.max() == 5 and (n_jumps == 5).float().mean() > 0.3
    first = order[:, 0]  # as often any of the pieces
    assert (first == 0).float().mean().item() == pytest.approx(1 / 6, abs=0.03)
    assert order.mean(dim=0).std() < 10  # no place keeps its own samples


def test_time_warp_keeps_ends_order_and_amounts_to_speeds_around_one():
    length = 256
    given = torch.arange(length).double()[None, :, None].expand(500, length, 3)
    times = module.time_warp(given, generator())  # where each sample was read
    assert torch.equal(times[:, 0], given[:, 0])
    torch.testing.assert_close(times[:, -1], given[:, -1])
    speeds = times.diff(dim=1)
    assert speeds.min() > 0
    assert speeds.mean().item() == pytest.approx(1, abs=1e-6)
    assert 0.1 < speeds.std().item() < 0.25
    assert speeds.diff(dim=1).abs().max() < 0.1  # smooth: knots are 51 samples apart
    assert (times[..., 0] - times[..., 1]).abs().amax(dim=1).median() > 2  # an axis has its own


def test_time_warp_reads_between_samples_in_a_straight_line():
    given = windows(dtype=torch.float64)
    places = torch.arange(64).double()[None, :, None].expand(50, 64, 3)
    times, found = (module.time_warp(x, generator(5)) for x in (places, given))
    for n, k, axis in ((0, 0, 0), (3, 17, 1), (20, 40, 2), (49, 63, 0)):
        t = times[n, k, axis].item()
        low = min(int(t), 62)
        line = given[n, low, axis] * (low + 1 - t) + given[n, low + 1, axis] * (t - low)
        assert found[n, k, axis].item() == pytest.approx(line.item(), abs=1e-9)


@pytest.mark.parametrize("n", [1, 2, 8])
def test_augment_applies_n_of_eight_without_replacement_each_as_often(n):
    given = windows(4000, length=16)
    found, applied = augment(given, generator(), n)
    assert applied.shape == (4000, 8) and applied.dtype == torch.bool
    assert (applied.sum(dim=1) == n).all()
    assert (applied.float().mean(dim=0) - n / 8).abs().max() < 0.03
    changed = (found != given).any(dim=(1, 2))  # pieces in another order may be in their own
    assert found.shape == given.shape and changed.float().mean() > 0.99
    if n == 2:
        pairs = (applied.T.float() @ applied.float()).triu(1)
        pairs = pairs[pairs > 0]
        assert len(pairs) == 28 and (pairs / 4000 - 1 / 28).abs().max() < 0.015


def test_a_window_goes_through_those_that_are_told_and_no_others(monkeypatch):
    powers = {name: (lambda x, g, k=k: x * 2 + k) for k, name in enumerate(NAMES)}
    monkeypatch.setattr(module, "AUGMENTATIONS", powers)
    found, applied = augment(torch.zeros(200, 4, 3), generator(), 3)
    for one, names in zip(found, applied, strict=True):
        expected = 0.0
        for k in names.nonzero()[:, 0].tolist():  # in the dict's order
            expected = expected * 2 + k
        assert (one == expected).all()


def test_augment_is_reproducible_and_leaves_its_windows():
    given = windows()
    before = given.clone()
    one, other = (augment(given, generator(seed)) for seed in (1, 1))
    assert torch.equal(one[0], other[0]) and torch.equal(one[1], other[1])
    assert not torch.equal(augment(given, generator(2))[0], one[0])
    assert torch.equal(given, before)


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match=r"expected windows \(B, T, 3\).* found \(5, 3, 64\)"):
        augment(torch.zeros(5, 3, 64), generator())
    with pytest.raises(ValueError, match="n is 9, expected 1 to 8"):
        augment(windows(), generator(), 9)
    with pytest.raises(TypeError, match="expected float windows, found torch.int64"):
        augment(torch.zeros(5, 64, 3, dtype=torch.long), generator())
