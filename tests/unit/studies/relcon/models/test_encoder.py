"""The IMU encoder: size, a reference operation by operation, heads, errors."""

import json
from dataclasses import asdict

import pytest
import torch
from torch import nn
from torch.nn.functional import conv1d, max_pool1d, mse_loss, relu

from rppg.models.checkpoint import load_model, save_model
from rppg.studies.relcon.models.encoder import EncoderConfig, MotionNet

pytestmark = pytest.mark.usefixtures("single_thread")
SMALL = {"widths": (6, 10), "blocks": (2, 2), "kernels": (3, 4)}


def net(seed=0, **fields):
    torch.manual_seed(seed)
    return MotionNet(EncoderConfig(**(SMALL | fields)))


def windows(n=5, length=64, seed=1):
    return torch.randn(n, length, 3, generator=torch.Generator().manual_seed(seed))


def n_parameters(module):
    return sum(p.numel() for p in module.parameters())


def batch_norm(x, norm, training):
    """(B, C, t), by the definition; with the running statistics where not training."""
    mean, variance = norm.running_mean, norm.running_var
    if training:
        mean, variance = x.mean(dim=(0, 2)), x.var(dim=(0, 2), correction=0)
    x = (x - mean[:, None]) / (variance[:, None] + 1e-5).sqrt()
    return x * norm.weight[:, None] + norm.bias[:, None]


def plain_embeddings(model, given):
    """The released net, operation by operation."""
    training, encoder = model.training, model.encoder
    conv, norm = encoder.start[0], encoder.start[1]
    x = conv1d(given.transpose(1, 2), conv.weight, conv.bias, stride=2)
    x = max_pool1d(relu(batch_norm(x, norm, training)), 3, stride=2)
    for block in encoder.blocks:
        inner = x
        for norm, conv in ((block.norm1, block.conv1), (block.norm2, block.conv2)):
            inner = relu(batch_norm(inner, norm, training))
            inner = conv1d(inner, conv.weight, conv.bias, padding="same")
        if conv.out_channels != x.shape[1]:
            x = conv1d(x, block.skip.weight, block.skip.bias)
        x = x + inner
    return x.mean(dim=2)


def shake_norms(model):
    """Scales, offsets and running statistics that are not those of a new net."""
    generator = torch.Generator().manual_seed(2)
    for norm in (m for m in model.modules() if isinstance(m, nn.BatchNorm1d)):
        for values in (norm.weight.data, norm.bias.data, norm.running_mean, norm.running_var):
            values.copy_(0.5 + torch.rand(values.shape, generator=generator))


def test_at_the_papers_size_it_has_the_published_number_of_weights():
    model = MotionNet(EncoderConfig())
    assert n_parameters(model.encoder) == n_parameters(model) == 3_635_840
    assert model(windows(2, 256)).shape == (2, 256)
    assert model.encoder.start(windows(2, 256).transpose(1, 2)).shape == (2, 64, 62)


@pytest.mark.filterwarnings("ignore:Using padding='same'")
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("length", [64, 37])
def test_the_net_is_the_published_one(training, length):
    model = net().train(training)
    shake_norms(model)
    expected = plain_embeddings(model, windows(length=length))
    torch.testing.assert_close(model(windows(length=length)), expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("length", [16, 17, 200, 1000])
def test_windows_of_any_length_have_an_embedding(length):
    model = net().eval()
    found = model(windows(length=length))
    assert found.shape == (5, 10) and found.isfinite().all()
    assert found.std(dim=0).min() > 0


def test_what_is_raw_is_seen():
    model, given = net().eval(), windows()
    level = model(given + torch.tensor([0.0, 0.0, 1.0]))
    for other in (level, model(2 * given), model(given[..., [1, 0, 2]])):
        assert (other - model(given)).abs().max() > 1e-3
    alone = torch.cat([model(one[None]) for one in given])  # no window sees another in eval mode
    torch.testing.assert_close(alone, model(given), atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("hidden, extra", [(0, 10 * 8 + 8), (4, 10 * 4 + 4 + 4 * 8 + 8)])
def test_a_head_is_one_layer_or_two(hidden, extra):
    model = net(n_outputs=8, head_hidden=hidden).eval()
    assert n_parameters(model.head) == extra
    found, embeddings = model(windows(), headed=True), model(windows())
    assert found.shape == (5, 8) and embeddings.shape == (5, 10)
    layers = [m for m in model.head.modules() if isinstance(m, nn.Linear)]
    expected = embeddings @ layers[0].weight.T + layers[0].bias
    if hidden:
        expected = expected.clamp_min(0) @ layers[1].weight.T + layers[1].bias
    torch.testing.assert_close(found, expected)


def test_embeddings_and_outputs_stay_float32_under_autocast():
    model = net(n_outputs=2)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert model(windows()).dtype == model(windows(), headed=True).dtype == torch.float32


def test_it_learns_the_strength_of_a_movement():
    model, given = net(n_outputs=1, head_hidden=8), windows(16, length=32)
    strength = torch.linspace(0.2, 2, 16)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(40):
        loss = mse_loss(model(given * strength[:, None, None], headed=True)[:, 0], strength)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.1 * strength.var().item()


def test_a_config_survives_json_and_a_net_its_file(tmp_path):
    config = EncoderConfig(**SMALL, n_outputs=3)
    assert EncoderConfig(**json.loads(json.dumps(asdict(config)))) == config
    model = net(n_outputs=3)
    model(windows())  # moves the running statistics
    path = save_model(tmp_path / "model.safetensors", model, {})
    loaded, _ = load_model(path, MotionNet, EncoderConfig)
    assert loaded.config == config
    assert torch.equal(loaded(windows(), headed=True), model.eval()(windows(), headed=True))


@pytest.mark.parametrize(
    "fields, message",
    [
        ({"widths": (6, 0)}, r"widths is \(6, 0\), expected a number of 1 or more per stage"),
        ({"blocks": ()}, r"blocks is \(\), expected"),
        ({"kernels": (3, 4, 4)}, r"kernels \(3, 4, 4\), expected the same number of stages"),
        ({"n_outputs": -1}, "n_outputs is -1, expected 0 or more"),
        ({"head_hidden": 4}, "head_hidden is 4 without a head: set n_outputs"),
    ],
)
def test_invalid_configs_are_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        EncoderConfig(**(SMALL | fields))


@pytest.mark.parametrize("shape", [(5, 3, 64), (64, 3), (5, 15, 3)])
def test_other_shapes_and_a_missing_head_are_refused(shape):
    with pytest.raises(ValueError, match=r"expected windows \(B, T, 3\) with T of 16 or more"):
        net()(torch.zeros(shape))
    with pytest.raises(ValueError, match="has no head"):
        net()(windows(), headed=True)
