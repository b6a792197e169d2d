"""Attention over the regions of a face, from the attention over the rows of its map."""

import pytest
import torch
from torch import nn

from rppg.inference.region_attention import region_attention, seen_in_map
from rppg.preprocessing.mstmap import COMBINATIONS, REGIONS


def test_a_row_shares_its_weight_among_its_regions():
    rows = torch.zeros(3, 63)
    rows[0, 0] = 1.0  # the forehead alone
    rows[1, 2], rows[1, 62] = 0.4, 0.6  # mouth_chin and forehead; all six
    rows[2] = 1 / 63
    found = region_attention(rows, COMBINATIONS)
    assert list(REGIONS)[-2:] == ["mouth_chin", "forehead"]
    expected = [[0, 0, 0, 0, 0, 1], [0.1] * 4 + [0.3] * 2, [1 / 6] * 6]
    torch.testing.assert_close(found, torch.tensor(expected))


def test_combinations_that_do_not_fit_are_errors():
    rows = torch.full((1, 5), 0.2)
    with pytest.raises(ValueError, match=r"found \(1, 5\) and \(63, 6\)"):
        region_attention(rows, COMBINATIONS)
    with pytest.raises(ValueError, match=r"found \(5,\) and \(5, 6\)"):
        region_attention(rows[0], COMBINATIONS[:5])
    with pytest.raises(ValueError, match=r"rows \[0, 3\] hold no region"):
        region_attention(rows, [[0, 0], [1, 0], [0, 1], [0, 0], [1, 1]])


def test_a_figure_gets_regions_by_name_and_rows_of_any_net_that_attends_over_rows():
    class Forehead(nn.Module):
        def row_attention(self, clips):
            return torch.eye(63)[:1].expand(len(clips), -1)  # all on the first row

    seen = seen_in_map(Forehead(), torch.zeros(1, 60, 63, 6), COMBINATIONS, REGIONS)
    assert seen["weights"]["forehead"] == 1 and sum(seen["weights"].values()) == 1
    assert seen["row_weights"].shape == (63,)
