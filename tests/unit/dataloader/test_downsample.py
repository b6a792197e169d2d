"""Downsampled crops: exact block means, finer than 8 bits; clips of them at any speed."""

import numpy as np
import pytest
import torch

from rppg.dataloader.downsample import SmallCrops, average_down


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


class Recorded:
    """A prepared recording of one array that counts how often it is read."""

    def __init__(self, id, n=50, side=32):
        crops = np.random.default_rng(0).integers(0, 256, (n, side, side, 3), dtype=np.uint8)
        self.id, self.meta, self.crops, self.n_reads = id, {"n_frames": n}, crops, 0

    def window(self, start, n, names):
        self.n_reads += 1
        if start < 0 or start + n > len(self.crops):
            raise IndexError("frames are missing")
        return {names[0]: self.crops[start : start + n].copy()}


@pytest.mark.parametrize(("room_bytes", "n_reads"), [(2**27, 1), (50 * 4 * 4 * 3 * 4 - 1, 3)])
def test_windows_are_the_same_whether_a_recording_is_kept_or_not(monkeypatch, room_bytes, n_reads):
    monkeypatch.setattr("rppg.dataloader.downsample.KEPT_BYTES", room_bytes)
    recorded, small = Recorded("a"), SmallCrops("face", 4)
    for start, n in [(0, 50), (7, 20), (49, 1)]:
        expected = average_down(torch.from_numpy(recorded.crops[start : start + n]), 4)
        window = small.window(recorded, start, n)
        assert torch.equal(window, expected)
        window.zero_()  # what is kept stays
    assert recorded.n_reads == n_reads


@pytest.mark.parametrize(("start", "n"), [(-1, 5), (48, 3)])
def test_missing_frames_are_an_error_if_a_recording_is_kept(start, n):
    recorded, small = Recorded("a"), SmallCrops("face", 4)
    small.window(recorded, 0, 5)
    with pytest.raises(IndexError, match="missing"):
        small.window(recorded, start, n)
