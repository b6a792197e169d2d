"""What a net must offer: one error before training that names everything that is missing."""

from dataclasses import dataclass

import pytest
import torch
from torch import nn

from rppg.models.protocol import HasCells, HasRowAttention, HasSaliency, check_net
from rppg.models.recipe import Recipe, crops_augmentation
from rppg.models.registry import RECIPES, build, recipe


@dataclass(frozen=True)
class Config:
    size: int = 8


@dataclass(frozen=True)
class ConfigOfMaps:
    n_frames: int = 20


class Net(nn.Module):
    """The smallest net that can be trained."""

    def __init__(self, config=None):
        super().__init__()
        self.config = config or Config()
        self.head = nn.Linear(3, 1)

    def forward(self, clips):
        return self.head(clips.float().mean(dim=(2, 3)))[..., 0]


class Maps(Net):
    def __init__(self):
        super().__init__(ConfigOfMaps())
        self.head = nn.Linear(6, 1)

    def forward(self, clips):
        assert clips.shape == (1, 20, 63, 6), "more frames than the net is built for"
        return self.head(clips.mean(dim=2))[..., 0]


class Headless(Net):
    def __init__(self):
        super().__init__()
        self.last = self.head
        del self.head

    def forward(self, clips):
        return self.last(clips.float().mean(dim=(2, 3)))[..., 0]


class Column(Net):
    def forward(self, clips):
        return super().forward(clips)[..., None]


class Positive(Net):
    def forward(self, clips):
        return super().forward(clips).square() + 1.0


class TwoParts(Net):
    def forward(self, clips):
        return super().forward(clips), clips


def of(net=Net, config=Config, array="face"):
    return Recipe(net, config, array, object, object, crops_augmentation)


def test_a_net_that_fits_passes_and_is_left_as_it_was():
    net = Net().train()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    state = torch.get_rng_state()
    check_net(net, of())
    assert net.training and torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    check_net(Maps().eval(), of(Maps, ConfigOfMaps, "mstmap"))


@pytest.mark.parametrize(
    ("net", "made_of", "words"),
    [
        (Headless(), of(Headless), "Headless cannot be trained: head is None, expected its last"),
        (Column(), of(Column), r"forward returned \(1, 32, 1\) for clips .* expected \(1, 32\)"),
        (TwoParts(), of(TwoParts), r"forward returned tuple for clips"),
        (Positive(), of(Positive), "negating the weights of head does not negate the predicted"),
        (Net(Config()), of(config=ConfigOfMaps), "config is Config.*, expected a ConfigOfMaps"),
        (Net(), of(array="mstmap"), "its config has no field 'n_frames'"),
        (Net(), of(array="faces"), "array is 'faces', expected one of mstmap, face, wide"),
    ],
    ids=["head", "column", "tuple", "positive", "config", "field", "array"],
)
def test_what_is_missing_is_named(net, made_of, words):
    with pytest.raises(TypeError, match=words):
        check_net(net, made_of)


def test_everything_that_is_missing_is_in_one_error():
    with pytest.raises(
        TypeError, match="array is 'x'.*; config is None.*; head is None.*protocol.py"
    ):
        check_net(nn.Linear(1, 1), of(array="x"))


def test_a_net_is_checked_when_it_is_built(monkeypatch):
    net = recipe("contrast_phys").net
    monkeypatch.setattr(net, "forward", lambda self, clips: clips.float().mean(dim=(2, 3)))
    with pytest.raises(TypeError, match="PhysNet cannot be trained: forward returned"):
        build("contrast_phys", size=32, width=2)


def test_what_is_optional_is_declared():
    small = {"gideon2021": {"width": 2, "saliency_width": 2, "size": 16}}
    small |= {"contrast_phys": {"width": 2, "size": 32}, "st_transformer": {"dim": 8, "n_loops": 1}}
    nets = {name: build(name, **small[name]) for name in RECIPES}
    offers = {
        name: [isinstance(net, one) for one in (HasCells, HasRowAttention, HasSaliency)]
        for name, net in nets.items()
    }
    assert offers == {
        "st_transformer": [False, True, False],
        "contrast_phys": [True, False, False],
        "gideon2021": [True, False, True],
    }
    crops = torch.randint(0, 256, (2, 40, 32, 32, 3), dtype=torch.uint8)
    net = nets["contrast_phys"].eval()
    torch.testing.assert_close(net.cells(crops).mean(dim=(2, 3)), net(crops))
