"""A net as a table: shapes and weights are those of the net, which stays as it is."""

import pytest
import torch

from rppg.models.layer_table import input_of, layer_table
from rppg.models.registry import build

MAPS, CROPS = torch.randn(2, 40, 63, 6), torch.randint(0, 256, (2, 40, 32, 32, 3)).byte()


@pytest.fixture
def maps_net():
    return build("st_transformer", n_frames=40, dim=8, n_loops=2, patch=4)


@pytest.fixture
def crops_net():
    return build("contrast_phys", size=32, width=2)


def test_layers_and_loose_weights_add_up_to_the_net(maps_net, crops_net):
    for net, clips in ((maps_net, MAPS), (crops_net, CROPS)):
        table = layer_table(net, clips)
        total = sum(weight.numel() for weight in net.parameters())
        assert table.loc["all", "weights"] == total == table["weights"].iloc[:-1].sum()
        assert table.loc["input", "shape"] == tuple(clips.shape)
        assert table.loc["all", "shape"] == tuple(clips.shape[:2])


def test_members_of_a_list_are_layers_and_a_sequence_names_its_members(maps_net, crops_net):
    table = layer_table(maps_net, MAPS)
    assert [name for name in table.index if name.startswith("encoders")] == [
        f"encoders.{number}" for number in range(4)
    ]
    assert table.loc["row_position"].tolist() == ["Parameter", (63, 8), 63 * 8]
    assert layer_table(crops_net, CROPS).loc["loop1", "kind"] == "Layer, Layer"


def test_a_layer_that_is_not_called_has_no_shape(maps_net):
    maps_net.spare = torch.nn.Linear(2, 3)
    assert layer_table(maps_net, MAPS).loc["spare"].tolist() == ["Linear", None, 9]


def test_the_net_and_the_random_numbers_stay_as_they_are(crops_net):
    crops_net.train()
    before = {name: value.clone() for name, value in crops_net.state_dict().items()}
    state = torch.get_rng_state()
    layer_table(crops_net, CROPS)
    input_of(crops_net, "start", CROPS)
    assert crops_net.training and torch.equal(state, torch.get_rng_state())
    after = crops_net.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())
    assert not crops_net.start._forward_hooks and not crops_net.start._forward_pre_hooks


def test_what_a_layer_is_given(crops_net):
    seen = input_of(crops_net, "start", CROPS)
    assert seen.shape == (2, 3, 40, 32, 32)
    assert seen.mean().abs() < 1e-4 and seen.std().item() == pytest.approx(1, abs=0.01)
    with pytest.raises(AttributeError, match="begin"):
        input_of(crops_net, "begin", CROPS)
