"""Saliency sampler: a clip in, the same clip with what is salient magnified, and the maps.

A truncated ResNet-18 gives each frame a map of G x G places, G = size / 4, which a softmax makes
sum to 1.  Each place of the picture is then pulled towards the salience around it: it shows what is
at the mean of the coordinates near it, weighted by saliency and by a Gaussian.

    >>> sampler = SaliencySampler(SamplerConfig(size=32, width=8))
    >>> warped, saliency = sampler(255 * torch.rand(2, 3, 30, 32, 32))
    >>> warped.shape, saliency.shape  # (B, 3, T, H, W), (B, T, G, G)
    (torch.Size([2, 3, 30, 32, 32]), torch.Size([2, 30, 8, 8]))

Source: Gideon and Stent, ICCV 2021, section 3.2 and Table 5, after Recasens et al., ECCV 2018; code
https://github.com/ToyotaResearchInstitute/RemotePPG/blob/38cfde2/iccv/src/archs/SaliencySampler.py.
Where we differ: Table 5 prints three BasicBlocks, we have the two of ResNet-18's layer1, as the
code does (of a third there are no trained weights); the Gaussian is fixed, in the code it trains;
frames are scaled as those of ImageNet were, in the code they are not.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.functional import grid_sample, interpolate, one_hot

SHRINK = 4  # how many times smaller the truncated ResNet makes the sides: G = 32 at 128 pixels
FWHM_SHARE = 13 / 32  # of the Gaussian, of the sides of the map
PIXEL_MEAN, PIXEL_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, of 0-1
RESNET_WIDTH = 64  # features of conv1 and layer1 of ResNet-18


@dataclass(frozen=True)
class SamplerConfig:
    """The defaults are the paper's.  Raises ValueError for invalid values."""

    size: int = 64  # H = W of the frames
    width: int = RESNET_WIDTH  # features of the saliency net; fewer are for small machines
    every: int = 1  # frames of whose mean there is one map; more are for small machines

    def __post_init__(self):
        if self.size < 2 * SHRINK or self.size % SHRINK:
            expected = f"a multiple of {SHRINK}, {2 * SHRINK} or more"
            raise ValueError(f"size is {self.size}, expected {expected}")
        for name in ("width", "every"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}, expected 1 or more")

    @property
    def map_side(self) -> int:
        """G: a map has G x G places."""
        return self.size // SHRINK


class SaliencySampler(nn.Module):
    """(B, 3, T, H, W) float, R, G, B of 0-255 -> warped (B, 3, T, H, W) and saliency (B, T', G, G).

    T' = ceil(T / every); between the middles of the maps' frames the warp is linear in time, before
    the first and behind the last it stays.  Maps and warp are at least float32 under autocast, too.
    Raises ValueError for a shape that does not fit the config, TypeError for clips not float.
    """

    def __init__(self, config: SamplerConfig):
        super().__init__()
        self.config = config
        self.net = _truncated_resnet18(config.width)
        self.last = nn.Conv2d(config.width, 1, 1, bias=False)  # a bias falls out of the softmax
        constants = {
            "pull": _pull(config.map_side),
            "pixel_mean": 255 * torch.tensor(PIXEL_MEAN)[:, None, None],
            "pixel_std": 255 * torch.tensor(PIXEL_STD)[:, None, None],
        }
        for name, values in constants.items():
            self.register_buffer(name, values.float(), persistent=False)

    def forward(self, clips: Tensor) -> tuple[Tensor, Tensor]:
        self._check(clips)
        saliency = self.saliency_of(clips)
        return self.warped(clips, saliency), saliency

    def saliency_of(self, clips: Tensor) -> Tensor:
        """Maps (B, T', G, G), each of which sums to 1, of clips (B, 3, T, H, W)."""
        frames = _averaged(clips.transpose(1, 2), self.config.every)  # (B, T', 3, H, W)
        frames = (frames - self.pixel_mean) / self.pixel_std
        found = self.last(self.net(frames.flatten(0, 1)))  # (B T', 1, G, G)
        found = found.to(torch.promote_types(found.dtype, torch.float32))
        maps = found.flatten(1).softmax(dim=1).view(found.shape)
        return maps.view(len(clips), -1, *found.shape[2:])

    def warped(self, clips: Tensor, saliency: Tensor) -> Tensor:
        """Clips (B, 3, T, H, W) as maps (B, T', G, G) have it; even maps leave them as they are."""
        frames = clips.transpose(1, 2)  # (B, T, 3, H, W)
        with torch.autocast(clips.device.type, enabled=False):
            grid = _grid(saliency, self.pull).flatten(0, 1)  # (B T', 2, G, G)
            grid = interpolate(grid, frames.shape[3:], mode="bilinear", align_corners=True)
            places = grid.permute(0, 2, 3, 1).unflatten(0, saliency.shape[:2])  # (B, T', H, W, 2)
            places = _each_frame(places, frames.shape[1], self.config.every).flatten(0, 1)
            moved = grid_sample(
                frames.flatten(0, 1), places, padding_mode="border", align_corners=True
            )
        return moved.view(frames.shape).transpose(1, 2)

    def load_imagenet(self, path: Path | str) -> "SaliencySampler":
        """Put ResNet-18's weights (.pth or .safetensors) into the saliency net; returns self.

        Raises FileNotFoundError, and ValueError for a net of another width or a file that does not
        hold a ResNet-18.
        """
        path, width = Path(path), self.config.width
        if width != RESNET_WIDTH:
            raise ValueError(f"width is {width}, expected {RESNET_WIDTH} for ImageNet's weights")
        if path.suffix == ".safetensors":
            weights = load_file(path)
        else:
            weights = torch.load(path, map_location="cpu", weights_only=True)
        own = {name.split(".")[0] for name, _ in self.net.named_children()}
        weights = {name: value for name, value in weights.items() if name.split(".")[0] in own}
        try:
            self.net.load_state_dict(weights)
        except RuntimeError as error:
            raise ValueError(f"{path} does not hold a ResNet-18: {error}") from None
        return self

    def _check(self, clips: Tensor) -> None:
        side = self.config.size
        if clips.ndim != 5 or clips.shape[1] != 3 or clips.shape[3:] != (side, side):
            found = tuple(clips.shape)
            raise ValueError(f"expected clips (B, 3, T, {side}, {side}), found {found}")
        if not clips.is_floating_point():
            raise TypeError(f"expected float clips, found {clips.dtype}")


def imagenet_weights() -> Path | None:
    """ResNet-18's trained weights in torch.hub's folder of checkpoints, the first by name; None
    if there are none.  Nothing is downloaded."""
    folder = Path(torch.hub.get_dir()) / "checkpoints"
    found = [path for end in ("pth", "safetensors") for path in folder.glob(f"resnet18-*.{end}")]
    return min(found, default=None)


def _truncated_resnet18(width: int) -> nn.Sequential:
    """conv1 to layer1 of ResNet-18 under its names: (N, 3, H, W) -> (N, width, H/4, W/4)."""
    from torchvision.models.resnet import BasicBlock  # slow to import, and few models need it

    net = nn.Sequential()
    net.conv1 = nn.Conv2d(3, width, 7, stride=2, padding=3, bias=False)
    net.bn1 = nn.BatchNorm2d(width)
    net.relu = nn.ReLU(inplace=True)
    net.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
    net.layer1 = nn.Sequential(BasicBlock(width, width), BasicBlock(width, width))
    for part in net.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.kaiming_normal_(part.weight, mode="fan_out", nonlinearity="relu")
    return net


def _pull(side: int) -> Tensor:
    """(2 G, G) float64: how a place is pulled along one axis.  The Gaussian is a product of two, so
    that with P = _pull(G), P s P^T has all sums over a map s (G, G) that is padded by repetition.

    Rows 0 to G - 1 are the Gaussian's weights, rows G to 2 G - 1 those times the coordinates, which
    run from -1 to 1 over the map and on beyond it.
    """
    places = torch.arange(-side, 2 * side, dtype=torch.float64)  # of the padded map
    distance = places - torch.arange(side)[:, None]  # (G, 3 G)
    fwhm = FWHM_SHARE * side
    gaussian = torch.exp(-4 * math.log(2) * (distance / fwhm) ** 2)
    coordinates = 2 * places / (side - 1) - 1
    repeated = one_hot(places.clamp(0, side - 1).long(), side).double()  # (3 G, G)
    return torch.cat([gaussian @ repeated, (gaussian * coordinates) @ repeated])


def _grid(saliency: Tensor, pull: Tensor) -> Tensor:
    """Where each place looks, x and y of -1 to 1: (B, T, G, G) -> (B, T, 2, G, G)."""
    side = saliency.shape[-1]
    sums = pull @ saliency @ pull.T  # (B, T, 2 G, 2 G)
    weight = sums[..., :side, :side]
    x, y = sums[..., :side, side:] / weight, sums[..., side:, :side] / weight
    return torch.stack([x, y], dim=2).clamp(-1, 1)


def _averaged(frames: Tensor, every: int) -> Tensor:
    """(B, T, ...) -> (B, ceil(T / every), ...): means; the last one is of the frames left."""
    if every == 1:
        return frames
    return torch.stack([part.mean(dim=1) for part in frames.split(every, dim=1)], dim=1)


def _each_frame(places: Tensor, n_frames: int, every: int) -> Tensor:
    """(B, T', H, W, 2) -> (B, T, H, W, 2): linear between the middles of `every` frames."""
    if every == 1:
        return places
    if places.shape[1] == 1:
        return places.expand(-1, n_frames, -1, -1, -1)
    frame = torch.arange(n_frames, dtype=places.dtype, device=places.device)
    middle = _averaged(frame[None], every)[0]  # (T',)
    after = torch.searchsorted(middle, frame).clamp(1, len(middle) - 1)  # (T,)
    share = (frame - middle[after - 1]) / (middle[after] - middle[after - 1])
    share = share.clamp(0, 1)[:, None, None, None]
    return torch.lerp(places[:, after - 1], places[:, after], share)
