"""Gideon2021: the estimator of Table 4, its branches, what it does not see, what trains."""

import numpy as np
import pytest
import torch
from helpers.physnet import channels_first, clips
from torch.nn.functional import interpolate

from rppg.models.checkpoint import save_model
from rppg.models.contrast_phys.physnet import PhysNet
from rppg.models.gideon2021.net import Branches, Gideon2021, Gideon2021Config
from rppg.models.registry import build, inputs_of, load_run, shape_for

SMALL = {"size": 32, "width": 4, "saliency_width": 4}

pytestmark = pytest.mark.usefixtures("single_thread")


def model(seed=0, **fields):
    torch.manual_seed(seed)
    return Gideon2021(Gideon2021Config(**SMALL | fields)).eval()


def even(net):
    """The same net with even saliency: its sampler leaves clips as they are."""
    torch.nn.init.zeros_(net.sampler.last.weight)
    return net


# Tables 4 and 5


def test_at_the_papers_size_it_has_the_weights_of_the_tables():
    """Each layer of Table 4: inputs, outputs, kernel; with a bias, and two values a channel of its
    batch norm.  Of Table 5 two of the three blocks; ResNet's convolutions have no bias."""
    table_4 = [(3, 32, 25), (32, 64, 27), *[(64, 64, 27)] * 7, *[(64, 64, 3)] * 2]
    estimator = sum(n_out * (n_in * kernel + 1 + 2) for n_in, n_out, kernel in table_4) + 64 + 1
    table_5 = [(3, 64, 49), *[(64, 64, 9)] * 4]
    sampler = sum(n_out * (n_in * kernel + 2) for n_in, n_out, kernel in table_5) + 64
    with torch.device("meta"):
        net = Gideon2021(Gideon2021Config())
    assert type(net.physnet) is PhysNet
    assert sum(weight.numel() for weight in net.physnet.parameters()) == estimator
    assert sum(weight.numel() for weight in net.sampler.parameters()) == sampler


def test_at_the_papers_size_layers_have_the_shapes_of_the_table():
    net, shapes = model(**{"size": 64, "saliency": False}), {}
    for name in ("start", "loop1", "enc1", "enc2", "loop4", "dec1", "dec2"):
        part = getattr(net.physnet, name)
        part.register_forward_hook(
            lambda _, given, out, name=name: shapes.update({name: (given[0].shape, out.shape)})
        )
    with torch.no_grad():
        block = net(clips(batch=1, n_frames=20, size=64), whole_block=True)
    assert block.shape == (1, 20, 1, 1)
    expected = {  # frames and side of what goes in, and of what comes out; each pool is in the
        "start": ((20, 64), (20, 32)),  # layer before it
        "loop1": ((20, 32), (20, 16)),
        "enc1": ((10, 16), (10, 8)),
        "enc2": ((5, 8), (5, 4)),
        "loop4": ((5, 4), (5, 4)),
        "dec1": ((10, 4), (10, 4)),
        "dec2": ((20, 4), (20, 4)),
    }
    found = {name: tuple((s[2], s[3]) for s in both) for name, both in shapes.items()}
    assert found == expected


# Waves and branches


def test_clips_as_stored_or_channels_first_give_one_wave():
    net, stored = model(), clips()
    wave = net(stored)
    assert wave.shape == (2, 24) and wave.dtype == torch.float32
    torch.testing.assert_close(net(channels_first(stored).float()), wave)
    torch.testing.assert_close(net(stored, whole_block=True)[:, :, 0, 0], wave)


def test_branches_are_the_waves_of_the_warped_clip_and_of_the_same_played_faster():
    net, stored = model(), clips(n_frames=30)
    branches = net(stored, branches=True, ratio=0.7)
    warped, saliency = net.sampler(channels_first(stored).float())
    faster = interpolate(warped, size=(21, 32, 32), mode="trilinear", align_corners=False)
    assert isinstance(branches, Branches)
    torch.testing.assert_close(branches.anchor, net(stored))
    torch.testing.assert_close(branches.anchor, net.physnet(warped))
    torch.testing.assert_close(branches.negative, net.physnet(faster), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(branches.saliency, saliency)


@pytest.mark.parametrize("ratio, n_frames", [(0.66, 20), (0.8, 24), (0.7, 21), (1.0, 30)])
def test_a_negative_has_its_share_of_the_frames(ratio, n_frames):
    with torch.no_grad():
        branches = model(saliency=False)(clips(n_frames=30), branches=True, ratio=ratio)
    assert branches.negative.shape == (2, n_frames)
    assert branches.anchor.shape == (2, 30) and branches.saliency is None


def test_without_a_ratio_there_is_no_negative():
    branches = model(saliency_every=5)(clips(), branches=True)
    assert branches.negative is None and branches.saliency.shape == (2, 5, 8, 8)


def test_even_saliency_changes_nothing():
    net, plain = even(model()), model(saliency=False)
    plain.physnet.load_state_dict(net.physnet.state_dict())
    torch.testing.assert_close(net(clips()), plain(clips()), atol=1e-3, rtol=0)


@pytest.mark.parametrize("saliency", [False, True])
def test_gain_and_offset_of_a_channel_are_not_seen_where_the_pixels_stay(saliency):
    net = even(model()) if saliency else model(saliency=False)
    stored = channels_first(clips()).float()
    gain = torch.tensor([0.5, 2.0, 1.3])[:, None, None, None]
    torch.testing.assert_close(net(gain * stored + 9), net(stored), atol=2e-3, rtol=0)


def test_each_clip_is_seen_alone_and_a_second_call_is_the_first():
    net, stored = model(), clips(batch=3)
    waves = net(stored)
    assert torch.equal(net(stored), waves)
    torch.testing.assert_close(torch.cat([net(stored[i : i + 1]) for i in range(3)]), waves)


def test_bfloat16_autocast_gives_float32_waves_and_maps_close_to_those_without():
    net, stored = model(), clips()
    expected = net(stored, branches=True, ratio=0.75)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = net(stored, branches=True, ratio=0.75)
    for ours, plain in zip(found, expected, strict=True):
        assert ours.dtype == torch.float32
        torch.testing.assert_close(ours, plain, atol=0.1 * plain.abs().max().item(), rtol=0)


# Training


@pytest.mark.parametrize("every", [1, 5])
def test_every_weight_has_a_gradient_through_either_branch(every):
    for branch in ("anchor", "negative"):
        net = model(saliency_every=every).train()
        wave = getattr(net(clips(), branches=True, ratio=0.75), branch)
        (wave - torch.linspace(-1, 1, wave.shape[1])).square().mean().backward()
        for name, weight in net.named_parameters():
            assert torch.isfinite(weight.grad).all() and weight.grad.any(), f"{branch}: {name}"


@pytest.mark.slow
def test_it_learns_one_wave():
    net = model(saliency_every=4).train()
    target = torch.sin(2 * torch.pi * 1.2 * torch.arange(32) / 30)
    stored = clips(batch=1, n_frames=32)
    stored = (stored + 20 * target[:, None, None, None]).clamp(0, 255).to(torch.uint8)
    optimiser = torch.optim.AdamW(net.parameters(), lr=1e-2)
    losses = []
    for _ in range(40):
        wave = net(stored)[0]
        loss = 1 - torch.corrcoef(torch.stack([wave, target]))[0, 1]
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.1 * losses[0]


def test_a_saved_run_is_the_same_model(tmp_path):
    inputs = inputs_of("gideon2021", n_frames=24, size=32)
    net = build("gideon2021", seed=3, **shape_for(inputs), width=4, saliency_width=4).eval()
    save_model(tmp_path / "model.safetensors", net, {"parameters": inputs})
    again, found = load_run(tmp_path)
    assert found == inputs and again.config == net.config
    assert torch.equal(again(clips()), net(clips()))


def test_it_sees_wide_crops_64_pixels_a_side():
    inputs = inputs_of("gideon2021", n_frames=300, normalise="zscore")
    assert inputs == {"array": "wide", "normalise": None, "n_frames": 300, "size": None}
    assert shape_for(inputs) == {"size": 64}
    assert inputs_of("gideon2021", 300, size=64) == inputs
    assert shape_for(inputs_of("gideon2021", 300, size=32)) == {"size": 32}


# What a figure shows


@pytest.mark.parametrize("every, n_maps", [(1, 24), (5, 5)])
def test_look_gives_the_maps_and_the_warped_clip(every, n_maps):
    net, stored = model(saliency_every=every).train(), clips(batch=1)
    saliency, warped = net.look(stored)
    assert saliency.shape == (n_maps, 8, 8) and warped.shape == (24, 32, 32, 3)
    assert not net.training and not warped.requires_grad
    np.testing.assert_allclose(saliency.sum(dim=(1, 2)), 1, rtol=1e-5)
    as_seen = net.sampler(channels_first(stored).float())[0][0]
    torch.testing.assert_close(warped, as_seen.permute(1, 2, 3, 0))
    even_warped = even(net).look(stored)[1]
    torch.testing.assert_close(even_warped, stored[0].float(), atol=0.02, rtol=0)


# Errors


def test_options_that_do_not_go_together_are_refused():
    net = model()
    with pytest.raises(ValueError, match="a ratio only with them"):
        net(clips(), ratio=0.7)
    with pytest.raises(ValueError, match="whole_block goes without branches"):
        net(clips(), whole_block=True, branches=True)
    for ratio in (0.0, 1.5):
        with pytest.raises(ValueError, match=f"ratio is {ratio}, expected one above 0"):
            net(clips(), branches=True, ratio=ratio)


@pytest.mark.parametrize("saliency", [True, False])
def test_other_shapes_are_refused(saliency):
    net = model(saliency=saliency)
    for wrong in (clips(size=64), clips()[0], clips()[..., :2]):
        with pytest.raises(ValueError, match="expected clips .*found"):
            net(wrong)
    with pytest.raises(ValueError, match="clips of 3 frames, expected 4 or more"):
        net(clips(n_frames=3))


def test_a_config_that_cannot_be_and_a_look_without_maps_are_refused():
    with pytest.raises(ValueError, match="size is 36"):
        Gideon2021Config(size=36)
    with pytest.raises(ValueError, match="every is 0"):
        Gideon2021Config(saliency_every=0)
    with pytest.raises(ValueError, match="no saliency sampler: build it with saliency=True"):
        model(saliency=False).look(clips(batch=1))
    with pytest.raises(ValueError, match="expected one clip"):
        model().look(clips())
