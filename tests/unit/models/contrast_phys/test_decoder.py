"""Decoders and the magnified input: both double the frames; the input is the magnified clip."""

import pytest
import torch
from helpers.physnet import clips, model
from torch import nn

from rppg.models.contrast_phys.layers import decoder_layer, doubled
from rppg.models.contrast_phys.physnet import PhysNetConfig


@pytest.mark.slow
@pytest.mark.parametrize("decoder", ["interpolate", "transposed"])
def test_each_decoder_gives_a_wave_of_the_clips_length(decoder):
    for n_pools in (0, 1, 2):
        net = model(time_pools=n_pools, decoder=decoder)
        transposed = [m for m in net.modules() if isinstance(m, nn.ConvTranspose3d)]
        assert len(transposed) == (n_pools if decoder == "transposed" else 0)
        for n_frames in (60, 61):
            assert net(clips(n_frames=n_frames)).shape[1] == n_frames


def test_a_transposed_convolution_gives_neighbours_that_differ_interpolation_by_itself_does_not():
    x = torch.randn(1, 4, 10, 2, 2)
    twice = doubled(x, "interpolate")
    torch.testing.assert_close(twice[:, :, 0::2], twice[:, :, 1::2])
    of_layer = decoder_layer(4, "transposed").eval()(doubled(x, "transposed"))
    assert of_layer.shape == twice.shape
    assert not torch.allclose(of_layer[:, :, 0::2], of_layer[:, :, 1::2])
    assert decoder_layer(4, None)(doubled(x, None)).shape == x.shape


def test_an_unknown_decoder_is_an_error():
    with pytest.raises(ValueError, match="no decoder 'x', expected one of interpolate, transposed"):
        PhysNetConfig(decoder="x")
