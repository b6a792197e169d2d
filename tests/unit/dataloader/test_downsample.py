"""Downsampled crops: exact block means, finer than 8 bits; clips of them at any speed."""

import numpy as np
import pytest
import torch

from rppg.dataloader.downsample import average_down


def test_block_means_are_those_of_a_loop():
    frames = torch.from_numpy(
        np.random.default_rng(0).integers(0, 256, (2, 12, 12, 3), dtype=np.uint8)
    )
    small = average_down(frames, 3)
    assert small.dtype == torch.float32
    for t in range(2):
        for i in range(3):
            for j in range(3):
                block = frames[t, 4 * i : 4 * i + 4, 4 * j : 4 * j + 4].double()
                wanted = block.mean(dim=(0, 1))
                torch.testing.assert_close(small[t, i, j].double(), wanted, rtol=1e-6, atol=0)


def test_white_crops_of_the_store_do_not_overflow():
    frames = torch.full((1, 128, 128, 3), 255, dtype=torch.uint8)
    assert (average_down(frames, 1) == 255).all()
    assert torch.equal(average_down(frames, 128), frames.float())


def test_a_pulse_below_one_step_of_8_bits_is_seen():
    """A tenth of the pixels is one step brighter in the second frame."""
    frames = torch.full((2, 128, 128, 3), 100, dtype=torch.uint8)
    frames[1].view(-1)[::10] += 1
    change = average_down(frames, 1).diff(dim=0)
    assert change.min() > 0.09 and change.max() < 0.11


@pytest.mark.parametrize("sides, size", [((128, 128), 33), ((128, 64), 32), ((256, 256), 2)])
def test_sizes_that_do_not_divide_are_refused(sides, size):
    with pytest.raises(ValueError, match="expected square crops of 128 pixels or fewer and a size"):
        average_down(torch.zeros(1, *sides, 3, dtype=torch.uint8), size)
