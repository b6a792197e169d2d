"""Attention of rows: as the net itself attends, shares that sum to 1, no traces."""

import math
from functools import partial

import pytest
import torch

from rppg.models.st_transformer.attention_maps import row_attention
from rppg.models.st_transformer.net import STTransformer, STTransformerConfig

SMALL = {"n_frames": 7, "n_rows": 5, "dim": 16, "n_loops": 2}


def model(seed=0, **fields):
    torch.manual_seed(seed)
    return STTransformer(STTransformerConfig(**{**SMALL, **fields}))


def clips(batch=2, n_frames=7, n_rows=5, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return 3 * torch.randn(batch, n_frames, n_rows, 6, generator=generator)


def used_by_the_net(net, x):
    """Queries and keys of each spatial encoder as the net's own forward asks for them."""
    found = []

    def spy(inputs, x):
        q, k, v = inputs(x)
        found.append((q, k))
        return q, k, v

    for encoder in net.encoders[::2]:
        encoder.attention_inputs = partial(spy, encoder.attention_inputs)
    with torch.no_grad():
        net.eval()(x)
    for encoder in net.encoders[::2]:
        del encoder.attention_inputs
    return found


def plain_row_attention(found, clip, n_tokens):
    """The mean of eq. 1's weights for one clip, one look at a time."""
    looks = []
    for q, k in found:  # (B t, heads, N, d)
        for at in range(clip * n_tokens, (clip + 1) * n_tokens):
            for head in range(q.shape[1]):
                for one in q[at, head]:
                    scores = k[at, head] @ one / math.sqrt(len(one))
                    weights = (scores - scores.max()).exp()
                    looks.append(weights / weights.sum())
    return torch.stack(looks).mean(dim=0)


@pytest.mark.parametrize("fields", [{}, {"pre_norm": True}, {"n_heads": 4}, {"patch": 5}])
def test_rows_are_weighed_as_the_net_weighs_them(fields):
    net, x = model(**fields), clips()
    with torch.no_grad():
        for weight in (encoder.qkv.weight for encoder in net.encoders):
            weight *= 4  # far from even
    found = used_by_the_net(net, x)
    assert len(found) == 2
    n_tokens = math.ceil(7 / net.config.patch)
    expected = torch.stack([plain_row_attention(found, clip, n_tokens) for clip in range(2)])
    weights = row_attention(net, x)
    torch.testing.assert_close(weights, expected, atol=1e-5, rtol=1e-4)
    assert weights.std() > 0.01
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(2))


def test_a_net_that_tells_no_rows_apart_is_even():
    net = model()
    for encoder in net.encoders:
        torch.nn.init.zeros_(encoder.qkv.weight)
    torch.testing.assert_close(row_attention(net, clips(3)), torch.full((3, 5), 0.2))


def test_clips_do_not_see_each_other_and_calls_repeat():
    net, x = model(dropout=0.5, drop_path=0.5).train(), clips()
    together = row_attention(net, x)
    assert not net.training
    torch.testing.assert_close(row_attention(net, x), together)
    torch.testing.assert_close(row_attention(net, x[1:])[0], together[1])


def test_nothing_stays_on_the_model_even_after_an_error():
    net = model()
    row_attention(net, clips())
    with pytest.raises(ValueError, match="expected clips"):
        row_attention(net, clips(n_rows=4))
    assert not any(module._forward_pre_hooks for module in net.modules())
    assert all(weight.grad is None for weight in net.parameters())


def test_half_precision_weights_are_counted_in_full():
    net = model().bfloat16()
    weights = row_attention(net, clips().bfloat16())
    assert weights.dtype == torch.float32
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(2))
