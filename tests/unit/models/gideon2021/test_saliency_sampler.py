"""Saliency sampler and the terms of its maps: identity, magnification, ResNet-18, known values."""

import math

import pytest
import torch
from safetensors.torch import save_file
from torch.nn.functional import conv2d, grid_sample, interpolate, pad
from torchvision.models import resnet18

from rppg.models.gideon2021.saliency_sampler import SaliencySampler, SamplerConfig, imagenet_weights

pytestmark = pytest.mark.usefixtures("single_thread")


def sampler(seed=0, **fields):
    torch.manual_seed(seed)
    return SaliencySampler(SamplerConfig(**{"size": 32, "width": 4} | fields)).eval()


def clips(batch=2, n_frames=6, size=32, seed=1, dtype=torch.float32):
    generator = torch.Generator().manual_seed(seed)
    return 255 * torch.rand(batch, 3, n_frames, size, size, generator=generator, dtype=dtype)


def maps(batch=2, n_maps=6, side=8, sharpness=3.0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(2)
    scores = sharpness * torch.randn(batch, n_maps, side**2, generator=generator, dtype=dtype)
    return scores.softmax(dim=-1).unflatten(-1, (side, side))


def spot(row, column, side=8, n_maps=6):
    found = torch.zeros(1, n_maps, side, side)
    found[:, :, row, column] = 1
    return found


# The warp


@pytest.mark.parametrize("autocast", [False, True])
@pytest.mark.parametrize("size", [8, 16, 32, 64, 128])
def test_even_saliency_leaves_the_clip_as_it_is(size, autocast):
    net = sampler(size=size)
    torch.nn.init.zeros_(net.last.weight)
    frames = clips(1, 3, size)
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
        warped, saliency = net(frames)
    torch.testing.assert_close(saliency, torch.full_like(saliency, (4 / size) ** 2))
    torch.testing.assert_close(warped, frames, atol=0.02, rtol=0)  # of 255 grey levels


def plain_warp(frames, saliency):
    """Frame by frame, as the paper's code: padded by repetition, one filter in two dimensions."""
    side, size = saliency.shape[-1], frames.shape[-1]
    fwhm, places = 13 * size / 128, torch.arange(-side, 2 * side).double()
    square = (torch.arange(-side, side + 1).double()) ** 2
    gaussian = torch.exp(-4 * math.log(2) * (square[:, None] + square) / fwhm**2)[None, None]
    coordinate = places / (side - 1)
    result = []
    for frame, one in zip(frames, saliency, strict=True):
        padded = pad(one[None, None], [side] * 4, mode="replicate")
        level = conv2d(padded, gaussian)
        x = conv2d(padded * coordinate, gaussian) / level
        y = conv2d(padded * coordinate[:, None], gaussian) / level
        grid = (2 * torch.cat([x, y], dim=1) - 1).clamp(-1, 1)
        grid = interpolate(grid, size=(size, size), mode="bilinear", align_corners=True)
        result.append(grid_sample(frame[None], grid.permute(0, 2, 3, 1), align_corners=True)[0])
    return torch.stack(result)


def test_the_warp_is_that_of_one_filter_in_two_dimensions():
    net, frames, saliency = sampler().double(), clips(1, dtype=torch.float64), maps(1)
    expected = plain_warp(frames[0].transpose(0, 1), saliency[0]).transpose(0, 1)[None]
    found = net.warped(frames, saliency)
    assert (found - frames).abs().mean() > 10, "a warp that does nothing would tell nothing"
    torch.testing.assert_close(found, expected, atol=1e-3, rtol=0)  # the constants are float32


@pytest.mark.parametrize("row, column", [(2, 5), (4, 1), (6, 3)])
def test_what_is_salient_is_magnified_and_what_is_not_gives_way(row, column):
    frames = torch.zeros(1, 3, 6, 32, 32)
    frames[..., 4 * row : 4 * row + 4, 4 * column : 4 * column + 4] = 1.0
    there = sampler().warped(frames, 0.9 * spot(row, column) + 0.1 / 64)
    mirrored = sampler().warped(frames, 0.9 * spot(column, row) + 0.1 / 64)
    assert there.sum() > 10 * frames.sum()
    assert mirrored.sum() < frames.sum()


def test_the_warp_lets_gain_and_offset_pass():
    net, frames, saliency = sampler().double(), clips(dtype=torch.float64), maps()
    both = net.warped(3 * frames + 7, saliency)
    torch.testing.assert_close(both, 3 * net.warped(frames, saliency) + 7)


def test_all_saliency_on_one_place_is_finite_with_its_gradient():
    saliency = spot(0, 7).requires_grad_()
    warped = sampler().warped(clips(1), saliency)
    warped.mean().backward()
    assert torch.isfinite(warped).all() and torch.isfinite(saliency.grad).all()


def test_gradient_of_the_warp():
    net, frames = sampler(size=8).double(), clips(1, 2, 8, dtype=torch.float64)
    saliency = maps(1, 2, side=2, sharpness=0.5).requires_grad_()
    assert torch.autograd.gradcheck(lambda s: net.warped(frames, s) / 255, saliency)


# Maps of several frames


@pytest.mark.parametrize("n_frames, n_maps", [(6, 3), (7, 4), (2, 1), (1, 1)])
def test_one_map_of_two_frames_is_that_of_their_mean(n_frames, n_maps):
    frames = clips(n_frames=n_frames)
    warped, saliency = sampler(every=2)(frames)
    means = [frames[:, :, start : start + 2].mean(dim=2) for start in range(0, n_frames, 2)]
    expected = sampler().saliency_of(torch.stack(means, dim=2))
    assert warped.shape == frames.shape and saliency.shape == (2, n_maps, 8, 8)
    torch.testing.assert_close(saliency, expected)


def test_between_maps_the_warp_is_linear_and_beyond_them_constant():
    """The picture is a slope, so that its pixels tell where they look."""
    slope = torch.linspace(0, 1, 32, dtype=torch.float64).expand(1, 3, 7, 32, 32)
    net, saliency = sampler(every=3).double(), maps(1, 3)
    whole = sampler().double()
    of_maps = [whole.warped(slope[:, :, :1], saliency[:, i : i + 1])[:, :, 0] for i in range(3)]
    middles_s = (1.0, 4.0, 6.0)  # of frames 0-2, 3-5 and 6
    found = net.warped(slope, saliency)
    for frame in range(7):
        i = 0 if frame < 4 else 1
        share = min(max((frame - middles_s[i]) / (middles_s[i + 1] - middles_s[i]), 0), 1)
        expected = torch.lerp(of_maps[i], of_maps[i + 1], share)
        torch.testing.assert_close(found[:, :, frame], expected, atol=1e-6, rtol=0)


# The saliency net


def imagenet_like():
    """A ResNet-18 whose batch norms have statistics other than new ones."""
    torch.manual_seed(3)
    net = resnet18(weights=None).train()
    net(torch.randn(4, 3, 64, 64))
    return net.eval()


@pytest.mark.parametrize("ending", ["pth", "safetensors"])
def test_with_its_weights_the_net_is_resnet18_up_to_layer1(tmp_path, ending):
    whole, path = imagenet_like(), tmp_path / f"resnet18-0123abcd.{ending}"
    (torch.save if ending == "pth" else save_file)(whole.state_dict(), path)
    net = sampler(size=64, width=64).load_imagenet(path)
    x = clips(1, 2, 64)[0].transpose(0, 1) / 255
    expected = whole.maxpool(whole.relu(whole.bn1(whole.conv1(x))))
    torch.testing.assert_close(net.net(x), whole.layer1(expected))


def test_frames_reach_the_net_as_those_of_imagenet_did():
    net, seen = sampler(), []
    net.net.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    level = 255 * torch.tensor([0.485, 0.456, 0.406 + 0.225])[:, None, None, None]
    net(level.expand(1, 3, 2, 32, 32))
    expected = torch.tensor([0.0, 0.0, 1.0])[:, None, None].expand(2, 3, 32, 32)
    torch.testing.assert_close(seen[0], expected, atol=1e-5, rtol=0)


def test_maps_hang_on_every_frame():
    frames = clips().requires_grad_()
    sampler(every=4)(frames)[1].square().sum().backward()
    assert frames.grad.abs().sum(dim=(1, 3, 4)).min() > 0


def test_weights_on_disk_are_found_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    assert imagenet_weights() is None
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    (folder / "resnet50-0123abcd.pth").touch()
    assert imagenet_weights() is None
    (folder / "resnet18-f37072fd.pth").touch()
    assert imagenet_weights() == folder / "resnet18-f37072fd.pth"


def test_weights_of_another_kind_are_refused(tmp_path):
    torch.save({"conv1.weight": torch.zeros(64, 3, 7, 7)}, tmp_path / "part.pth")
    with pytest.raises(ValueError, match="(?s)part.pth does not hold a ResNet-18.*bn1"):
        sampler(width=64).load_imagenet(tmp_path / "part.pth")
    with pytest.raises(ValueError, match="width is 4, expected 64"):
        sampler().load_imagenet(tmp_path / "part.pth")
    with pytest.raises(FileNotFoundError):
        sampler(width=64).load_imagenet(tmp_path / "none.pth")


def test_the_gaussian_does_not_train_and_is_not_among_the_weights():
    net = sampler().train()
    before = {name: value.clone() for name, value in net.named_buffers() if "." not in name}
    names = {name.split(".")[0] for name, _ in net.named_parameters()}
    assert names == {"net", "last"} and "pull" in before
    assert not before.keys() & net.state_dict().keys()
    optimiser = torch.optim.AdamW(net.parameters(), lr=0.1, weight_decay=0.5)
    weights = {name: weight.clone() for name, weight in net.named_parameters()}
    net(clips())[0].square().mean().backward()
    optimiser.step()
    for name, value in before.items():
        assert torch.equal(net.get_buffer(name), value), name
    for name, weight in net.named_parameters():
        assert not torch.equal(weight, weights[name]), f"{name} has no gradient"
    other = sampler(seed=1).train()
    other.load_state_dict(net.state_dict())
    assert torch.equal(other(clips())[0], net(clips())[0])


def test_errors():
    for size in (4, 30):
        with pytest.raises(ValueError, match=f"size is {size}, expected a multiple of 4"):
            SamplerConfig(size=size)
    with pytest.raises(ValueError, match="every is 0, expected 1 or more"):
        SamplerConfig(every=0)
    with pytest.raises(ValueError, match=r"expected clips \(B, 3, T, 32, 32\), found"):
        sampler()(clips(size=64))
    with pytest.raises(TypeError, match="expected float clips, found torch.uint8"):
        sampler()(clips().to(torch.uint8))
