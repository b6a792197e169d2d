"""Spatial-Temporal Transformer: eq. 1 against plain attention, shapes, positions, an overfit."""

import math

import pytest
import torch

from rppg.losses.periodicity import periodicity_loss
from rppg.losses.sinc import bandwidth_loss, sparsity_loss, variance_loss
from rppg.models.st_transformer import net as module
from rppg.models.st_transformer.net import Encoder, STTransformer, STTransformerConfig
from rppg.signals.spectrum import power_spectrum

SMALL = {"n_frames": 48, "n_rows": 5, "dim": 16, "n_loops": 2}


def model(seed=0, **fields):
    torch.manual_seed(seed)
    return STTransformer(STTransformerConfig(**{**SMALL, **fields})).eval()


def clips(batch=2, n_frames=48, n_rows=5, seed=1):
    return torch.randn(batch, n_frames, n_rows, 6, generator=torch.Generator().manual_seed(seed))


def plain_encoder(encoder, x):
    """Eq. 1, token by token: x (K, D), one head."""
    q, k, v = (x @ weight.T for weight in encoder.qkv.weight.chunk(3))
    rows = []
    for i in range(len(x)):
        scores = torch.stack([(q[i] * k[j]).sum() / math.sqrt(x.shape[-1]) for j in range(len(x))])
        weights = scores.exp() / scores.exp().sum()
        rows.append(sum(w * v[j] for j, w in enumerate(weights)) + x[i])
    z = torch.stack(rows)
    return encoder.mlp(encoder.norm_mlp(z)) + z


def test_an_encoder_is_equation_1():
    torch.manual_seed(0)
    encoder = Encoder(STTransformerConfig(**SMALL)).eval()
    x = torch.randn(2, 3, 7, 16)  # (B, frames, rows, D)
    expected = torch.stack([torch.stack([plain_encoder(encoder, f) for f in clip]) for clip in x])
    torch.testing.assert_close(encoder(x), expected, atol=1e-5, rtol=1e-5)


def test_heads_split_the_width_and_scale_by_their_own():
    torch.manual_seed(0)
    encoder = Encoder(STTransformerConfig(**{**SMALL, "n_heads": 4})).eval()
    q, k, v = encoder.attention_inputs(torch.randn(2, 3, 7, 16))
    assert q.shape == k.shape == v.shape == (6, 4, 7, 4)
    weights = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(4), dim=-1)
    fast = torch.nn.functional.scaled_dot_product_attention(q, k, v)
    torch.testing.assert_close(fast, weights @ v, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("n_heads", [1, 4])
def test_the_whole_net_is_the_same_with_attention_written_out(n_heads, monkeypatch):
    net, x = model(n_heads=n_heads), clips()
    fast = net(x)

    def plain(q, k, v):
        return torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1]), dim=-1) @ v

    monkeypatch.setattr(module, "scaled_dot_product_attention", plain)
    torch.testing.assert_close(net(x), fast, atol=1e-5, rtol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("fields", [{}, {"patch": 4, "pre_norm": True, "n_heads": 4}])
def test_recomputing_changes_neither_wave_nor_gradient(fields):
    found = {}
    for recompute in (False, True):
        net = model(recompute=recompute, **fields).train()
        wave = net(clips(3))
        wave.square().mean().backward()
        found[recompute] = [wave, *(weight.grad for weight in net.parameters())]
    for ours, expected in zip(found[True], found[False], strict=True):
        torch.testing.assert_close(ours, expected, atol=1e-6, rtol=1e-4)


def kept_bytes(net, x):
    """What forward keeps for the backward pass, each piece of memory once."""
    kept = {}

    def pack(tensor):
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        wave = net(x)
    assert wave.requires_grad
    return sum(storage.nbytes() for storage in kept.values())


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:A saved_tensors_hooks context")
def test_recomputing_keeps_less():
    plain, recomputed = (model(recompute=recompute) for recompute in (False, True))
    assert kept_bytes(recomputed, clips(8)) < kept_bytes(plain, clips(8)) / 3


def test_recomputing_draws_the_same_chance_twice():
    """Dropout of the forward pass is the dropout of the gradient."""
    found = []
    for recompute in (False, True):
        net = model(recompute=recompute, dropout=0.3, drop_path=0.3).train()
        torch.manual_seed(3)
        net(clips(1)).square().mean().backward()
        found.append([weight.grad for weight in net.parameters()])
    for ours, expected in zip(*found, strict=True):
        torch.testing.assert_close(ours, expected, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("patch", [1, 2, 4, 7])
@pytest.mark.parametrize("n_frames", [48, 47, 5])
def test_a_clip_gives_a_wave_of_its_length(patch, n_frames):
    wave = model(patch=patch)(clips(3, n_frames))
    assert wave.shape == (3, n_frames) and torch.isfinite(wave).all()


def test_clips_do_not_see_each_other_and_rows_and_frames_do():
    net, x = model(), clips()
    together = net(x)
    torch.testing.assert_close(net(x[:1]), together[:1])
    other = x.clone()
    other[0, 40, 3] += 1.0
    changed = net(other)
    assert (changed[0, 2] - together[0, 2]).abs() > 1e-7  # far away in time, from one row
    torch.testing.assert_close(changed[1], together[1])


def test_rows_may_be_a_part_and_keep_their_own_positions():
    net, x = model(), clips()
    rows = torch.tensor([3, 1])
    part = net(x[:, :, rows], rows)
    assert part.shape == (2, 48)
    torch.testing.assert_close(net(x[:, :, rows.flip(0)], rows.flip(0)), part)
    assert (net(x[:, :, rows], torch.tensor([0, 2])) - part).abs().max() > 1e-5


def test_paper_size_is_as_published():
    config = STTransformerConfig()
    assert (config.dim, config.n_loops, config.n_rows, config.n_channels) == (128, 6, 63, 6)
    count = sum(p.numel() for p in STTransformer(config).parameters())
    attention, mlp = 3 * 128**2, 2 * 2 * 128**2 + 3 * 128
    encoders = 12 * (attention + mlp + 2 * 128)
    assert count == encoders + 7 * 128 + 363 * 128 + 2 * 128 + 129


def test_drop_path_is_for_training_and_leaves_the_first_encoder():
    net = model(drop_path=0.5)
    torch.testing.assert_close(net(clips()), model()(clips()))
    assert [round(encoder.drop_path, 3) for encoder in net.encoders] == [0, 0.167, 0.333, 0.5]
    net.train()
    assert (net(clips()) - net(clips())).abs().max() > 1e-5


def test_gradients_reach_every_weight():
    net = model(pre_norm=True).train()
    net(clips()).square().mean().backward()
    for name, weight in net.named_parameters():
        assert weight.grad is not None and weight.grad.abs().sum() > 0, name


@pytest.mark.slow
def test_a_tiny_overfit():
    """A wave that one row carries is found."""
    times_s = torch.arange(48) / 30
    wanted = torch.stack([torch.sin(2 * torch.pi * hz * times_s) for hz in (1.0, 1.7)])
    x = 0.3 * clips()
    x[:, :, 2, 1] += wanted
    net = model(pre_norm=True).train()
    optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3)
    for _ in range(150):
        loss = (net(x) - wanted).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.02


def self_consistency(wave):
    freq_hz, power = power_spectrum(wave, 30.0, 1800)
    losses = [loss(freq_hz, power) for loss in (bandwidth_loss, sparsity_loss, variance_loss)]
    return sum(losses) + periodicity_loss(wave, 30.0, n_fft=1800)


def learned_without_labels(x, n_steps):
    net = model(n_frames=150, pre_norm=True, patch=2).train()
    optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3)
    for _ in range(n_steps):
        optimizer.zero_grad()
        self_consistency(net(x)).backward()
        optimizer.step()
    return net


@pytest.mark.slow
def test_a_tiny_overfit_without_labels_finds_the_rates():
    times_s, rates_hz = torch.arange(150) / 30, torch.tensor([0.9, 1.3, 1.8, 2.4])
    x = 0.3 * clips(4, 150)
    x[:, :, 2, 1] += torch.sin(2 * torch.pi * rates_hz[:, None] * times_s)
    before = self_consistency(model(n_frames=150, pre_norm=True, patch=2)(x)).item()
    wave = learned_without_labels(x, 60)(x)
    assert self_consistency(wave).item() < before / 3
    freq_hz, power = power_spectrum(wave, 30.0, 1800)
    torch.testing.assert_close(freq_hz[power.argmax(dim=-1)], rates_hz, atol=0.1, rtol=0)


def test_two_runs_of_one_seed_are_the_same():
    x = clips(4, 150)
    runs = [learned_without_labels(x, 3).state_dict() for _ in range(2)]
    for name, weight in runs[0].items():
        assert torch.equal(weight, runs[1][name]), name


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"dim": 0}, "dim is 0"),
        ({"n_heads": 3}, "dim 16 is no multiple of n_heads 3"),
        ({"dropout": 1.0}, "dropout is 1.0"),
        ({"patch": 0}, "patch is 0"),
    ],
)
def test_impossible_configs(fields, words):
    with pytest.raises(ValueError, match=words):
        STTransformerConfig(**{**SMALL, **fields})


def test_clips_that_do_not_fit_are_errors():
    net = model()
    with pytest.raises(ValueError, match=r"expected clips \(B, T, 5, 6\), found \(2, 48, 4, 6\)"):
        net(clips(n_rows=4))
    with pytest.raises(ValueError, match="60 frames, positions are known for 48"):
        net(clips(n_frames=60))
    with pytest.raises(ValueError, match=r"\(B, T, 2, 6\)"):
        net(clips(), torch.tensor([0, 1]))
