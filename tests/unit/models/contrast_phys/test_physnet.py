"""PhysNet: against the net as published, shapes, what it does not see, an overfit."""

import numpy as np
import pytest
import torch
from helpers.physnet import channels_first, clips, model
from torch.nn.functional import avg_pool3d, elu, interpolate, pad

from rppg.models.contrast_phys import fused_norm_elu as norm_elu_module
from rppg.models.contrast_phys.fused_norm_elu import norm_elu
from rppg.models.contrast_phys.physnet import PhysNet, PhysNetConfig

pytestmark = pytest.mark.usefixtures("single_thread")


def plain_layer(layer, x):
    return elu(layer.norm(layer.conv(x)))


def plain_block(net, stored):
    """The net operation by operation, as the code of Contrast-Phys has it: (B, T, S, S)."""
    x = channels_first(stored).float()
    mean, deviation = (f(x, dim=(2, 3, 4), keepdim=True) for f in (torch.mean, torch.std))
    x = plain_layer(net.start, (x - mean) / deviation)
    frames = []
    for pool, pair in ((1, net.loop1), (2, net.enc1), (2, net.enc2), (1, net.loop4)):
        frames.append(x.shape[2])
        x = avg_pool3d(x, (pool, 2, 2))
        for layer in pair:
            x = plain_layer(layer, x)
    for layer, n_frames in ((net.dec1, frames[2]), (net.dec2, frames[1])):
        x = plain_layer(layer, interpolate(x, scale_factor=(2, 1, 1)))
        x = pad(x, (0, 0, 0, 0, 0, n_frames - x.shape[2]), mode="replicate")
    sides = net.config.block
    return net.head(torch.nn.functional.adaptive_avg_pool3d(x, (None, sides, sides)))[:, 0]


@pytest.mark.parametrize("n_frames", [24, 23])
@pytest.mark.parametrize("training", [True, False])
def test_the_net_is_the_published_one(n_frames, training):
    found = []
    for block_of in (plain_block, lambda net, x: net(x, whole_block=True)):
        net = model().train(training)
        block = block_of(net, clips(n_frames=n_frames))
        (block - torch.linspace(-1, 1, n_frames)[:, None, None]).square().mean().backward()
        gradients = {name: p.grad for name, p in net.named_parameters()}
        found.append((block.detach(), gradients, dict(net.named_buffers())))
    (expected, plain_gradients, plain_buffers), (block, gradients, buffers) = found
    torch.testing.assert_close(block, expected, atol=3e-5, rtol=0)
    for name, gradient in gradients.items():
        if training and name.endswith("conv.bias"):
            continue  # zero but for rounding: the batch norm takes every level away
        largest = plain_gradients[name].abs().max()
        error = (gradient - plain_gradients[name]).abs().max()
        assert error <= 1e-4 * largest, f"{name}: {error / largest}"
    for name, value in buffers.items():
        torch.testing.assert_close(value, plain_buffers[name], atol=1e-5, rtol=1e-5)


def test_at_the_papers_size_it_has_the_published_weights():
    layers = [(3, 32, 25), (32, 64, 27), *[(64, 64, 27)] * 7, *[(64, 64, 3)] * 2]
    expected = sum(n_out * (n_in * kernel + 1 + 2) for n_in, n_out, kernel in layers) + 64 + 1
    with torch.device("meta"):
        net = PhysNet(PhysNetConfig())
    assert sum(weight.numel() for weight in net.parameters()) == expected


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("halve", [True, False])
@pytest.mark.parametrize("n_values", [1, 2**19])  # frame by frame, and all at once
def test_norm_elu_and_its_gradient_are_those_of_the_three(training, halve, n_values, monkeypatch):
    monkeypatch.setattr(norm_elu_module, "CPU_VALUES", n_values)
    torch.manual_seed(0)
    x = (5 + 3 * torch.randn(2, 4, 3, 6, 8, dtype=torch.float64)).requires_grad_()
    found = []
    for plain in (True, False):
        norm = torch.nn.BatchNorm3d(4, dtype=torch.float64).train(training)
        with torch.no_grad():
            norm.weight.copy_(torch.tensor([0.5, -1.0, 0.0, 2.0]))
            norm.bias.copy_(torch.tensor([0.3, 0.0, -0.2, 1.0]))
        active = elu(norm(x)) if plain else norm_elu(x, norm, halve)
        active = avg_pool3d(active, (1, 2, 2)) if plain and halve else active
        wanted = (active * torch.arange(active.numel()).view(active.shape).cos()).sum()
        gradients = torch.autograd.grad(wanted, (x, norm.weight, norm.bias))
        found.append([active, *gradients, *norm.buffers()])
    for ours, expected in zip(*found, strict=True):
        torch.testing.assert_close(ours, expected, atol=1e-10, rtol=1e-10)


def test_statistics_of_many_values_are_exact():
    """Added up in float32 one by one, 4 million values gave a variance 0.4 % wrong."""
    x = 5 + torch.randn(1, 2, 1024, 64, 64, generator=torch.Generator().manual_seed(0))
    norm = torch.nn.BatchNorm3d(2, momentum=1.0)
    norm_elu(x, norm)
    for k in range(2):
        values = x[:, k].double()
        assert norm.running_mean[k].item() == pytest.approx(values.mean().item(), rel=1e-6)
        assert norm.running_var[k].item() == pytest.approx(values.var().item(), rel=1e-6)


def kept_bytes(run):
    """What is kept for the backward pass, each piece of memory once."""
    kept = {}

    def pack(tensor):
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        result = run()
    assert result.requires_grad
    return sum(storage.nbytes() for storage in kept.values())


def test_training_keeps_less_than_the_plain_net():
    net, x = model(width=8).train(), clips()
    assert kept_bytes(lambda: net(x)) < 0.6 * kept_bytes(lambda: plain_block(net, x))


@pytest.mark.parametrize("n_frames", [24, 23, 22, 21])
@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"patch": 2},
        {"patch": 5},
        {"time_pools": 0},
        {"time_pools": 1},
        {"form": "difference"},
    ],
)
def test_a_clip_gives_a_wave_of_its_length(n_frames, fields):
    for block in (1, 2):
        net, x = model(block=block, **fields), clips(n_frames=n_frames)
        cells = net(x, whole_block=True)
        assert cells.shape == (2, n_frames, block, block) and torch.isfinite(cells).all()
        torch.testing.assert_close(net(x), cells.mean(dim=(2, 3)))


@pytest.mark.parametrize(("size", "block"), [(16, 1), (16, 2), (64, 1), (64, 4), (128, 2)])
def test_other_sizes(size, block):
    net = model(size=size, block=block)
    assert net(clips(1, 9, size), whole_block=True).shape == (1, 9, block, block)


def test_a_cell_sees_its_part_of_the_face():
    x = clips(1, 16, 128).float().requires_grad_()
    model(size=128, width=2)(x, whole_block=True)[:, :, 0, 1].square().sum().backward()
    by_pixel = x.grad.abs().sum(dim=(0, 1, 4))  # (H, W)
    quarters = by_pixel.unflatten(1, (2, 64)).unflatten(0, (2, 64)).sum(dim=(1, 3))
    assert quarters.argmax() == 1  # row 0, column 1


def test_clips_do_not_see_each_other():
    net, x = model(), clips(3)
    torch.testing.assert_close(net(x[1:2]), net(x)[1:2], atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("training", [True, False])
def test_weights_channels_last_and_16_bits_say_the_same(training):
    net, x = model().train(training), clips()
    expected = net(x)
    with torch.autocast("cpu", torch.bfloat16):
        rounded = net(x)
    assert rounded.dtype == torch.float32
    spread = (expected - expected.mean(dim=1, keepdim=True)).std()
    assert (rounded - expected).std() < 0.1 * spread
    last = net.to(memory_format=torch.channels_last_3d)(x)
    torch.testing.assert_close(last, expected, atol=1e-5, rtol=1e-5)


def test_a_patch_stands_at_its_middle_and_waves_are_linear_between():
    pictures = clips(1, 8)
    expected = model()(pictures)[0].detach().numpy()  # (8,)
    wave = model(patch=4)(pictures.repeat_interleave(4, dim=1))[0].detach().numpy()  # (32,)
    middles = 4 * np.arange(8) + 1.5
    np.testing.assert_allclose(wave, np.interp(np.arange(32), middles, expected), atol=1e-5)


def test_negating_the_head_negates_the_wave():
    net, x = model(patch=2), clips()
    before = net(x)
    with torch.no_grad():
        net.head.weight.neg_()
        net.head.bias.neg_()
    torch.testing.assert_close(net(x), -before)


def test_gradients_reach_every_pixel():
    x = clips().float().requires_grad_()
    model()(x).square().sum().backward()
    assert torch.isfinite(x.grad).all() and (x.grad != 0).float().mean() > 0.99


@pytest.mark.slow
def test_a_tiny_overfit_finds_the_waves():
    times_s, rates_hz = torch.arange(48) / 30, torch.tensor([1.0, 2.0])
    wanted = torch.sin(2 * torch.pi * rates_hz[:, None] * times_s)  # (B, T)
    x = clips(2, 48, 16).float()
    x[..., 1] += 20 * wanted[:, :, None, None]
    net = model(size=16, block=1, time_pools=1).train()
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-2)
    for _ in range(40):
        loss = (net(x) - wanted).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.05
