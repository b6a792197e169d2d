"""What PhysNet is fed: layouts, types, forms; and what cannot be."""

import numpy as np
import pytest
import torch
from helpers.physnet import SMALL, channels_first, clips, model

from rppg.models.contrast_phys.physnet import FORMS, PhysNetConfig, chrominance, frame_difference

pytestmark = pytest.mark.usefixtures("single_thread")


@pytest.mark.parametrize("fields", [{}, {"form": "difference", "patch": 2}])
def test_both_layouts_and_types_are_one_clip(fields):
    net, x = model(**fields), clips()
    expected = net(x)
    for same in (channels_first(x), x.float(), channels_first(x.float())):
        torch.testing.assert_close(net(same), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("form", ["raw", "difference"])
def test_gain_and_offset_of_a_channel_change_nothing(form):
    net, x = model(form=form).train(), clips().float()
    other = x * torch.tensor([0.5, 1.0, 1.3]) + torch.tensor([10.0, 0.0, -30.0])
    torch.testing.assert_close(net(other), net(x), atol=1e-5, rtol=1e-4)
    swinging = x + 20 * torch.arange(24).sin()[:, None, None, None]
    assert (net(swinging) - net(x)).abs().max() > 1e-2


def test_chrominance_is_what_pos_and_chrom_make_of_a_pixel():
    x = 100 + channels_first(clips(1, 60)).float() / 50
    found = chrominance(x)[0, :, :, 5, 7].numpy()  # (3, T)
    pixel = x[0, :, :, 5, 7].numpy().astype(float)  # (3, T)
    near = [pixel[:, max(0, t - 24) : t + 25].mean(axis=1) for t in range(60)]
    red, green, blue = 100 * (pixel / np.transpose(near) - 1)
    one, other = green - blue, green + blue - 2 * red
    pos = one + one.std() / other.std() * other
    one, other = 3 * red - 2 * green, 1.5 * red + green - 1.5 * blue
    chrom = one - one.std() / other.std() * other
    np.testing.assert_allclose(found, [green - blue, pos, -chrom], atol=1e-3)


def test_a_shade_over_the_face_changes_no_chrominance():
    x = channels_first(clips(n_frames=60)).float()
    shade = torch.linspace(0.3, 1.2, 32)[:, None]
    torch.testing.assert_close(chrominance(x * shade), chrominance(x), atol=1e-3, rtol=1e-3)


def test_frame_difference_is_equation_7():
    x = channels_first(clips(n_frames=5)).float()
    found = frame_difference(x)
    assert found.shape == x.shape
    for t in range(4):
        assert torch.equal(found[:, :, t], x[:, :, t + 1] - x[:, :, t])
    assert torch.equal(found[:, :, 4], found[:, :, 3])


def test_the_difference_is_taken_of_what_has_a_sign():
    x = clips()
    torch.testing.assert_close(model(form="difference")(x), model(form="difference")(x.float()))


@pytest.mark.parametrize("form", FORMS)
def test_a_channel_without_any_change_counts_as_zero(form):
    waves = []
    for level in (0.0, 37.3):
        x = torch.full((1, 24, 32, 32, 3), level).requires_grad_()
        wave = model(form=form)(x)
        wave.sum().backward()
        assert torch.isfinite(wave).all() and torch.isfinite(x.grad).all()
        waves.append(wave)
    torch.testing.assert_close(*waves)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"size": 40}, "size is 40, expected a multiple of 16, 32 or more for block 2"),
        ({"size": 8}, "size is 8, expected a multiple of 8, 16 or more for block 2"),
        ({"block": 0}, "block is 0"),
        ({"patch": 0}, "patch is 0"),
        ({"form": "log"}, "no form 'log', expected one of raw, difference"),
        ({"time_pools": 3}, "time_pools is 3, expected 0, 1 or 2"),
    ],
)
def test_impossible_configs(fields, words):
    with pytest.raises(ValueError, match=words):
        PhysNetConfig(**{**SMALL, **fields})


def test_clips_that_do_not_fit_are_errors():
    words = r"expected clips \(B, 3, T, 32, 32\) or \(B, T, 32, 32, 3\), found "
    for wrong in (clips(size=64), clips()[0], clips()[..., :2], torch.rand(1, 32, 32, 3, 24)):
        with pytest.raises(ValueError, match=words):
            model()(wrong)
    with pytest.raises(ValueError, match="clips of 7 frames, expected 8 or more"):
        model(patch=2)(clips(n_frames=7))
