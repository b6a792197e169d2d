"""Motion magnification: what is in the heart band grows as its gains say, and nothing else does."""

import pytest
import torch

from rppg.signals.magnification import GAIN, gain_of, heart_band, magnified

FPS, T = 30.0, 300


def beat(hr_bpm, size=1.0):
    return size * torch.sin(2 * torch.pi * hr_bpm / 60 * torch.arange(T) / FPS)


def uniform(levels):
    """Levels (T,) of every pixel: (1, 3, T, 16, 16)."""
    return levels[None, None, :, None, None].expand(1, 3, T, 16, 16)


def edge(shift_px):
    """A soft vertical edge whose place (T,) moves: (1, 3, T, 16, 16)."""
    columns = torch.arange(16)[None] - 8 - shift_px[:, None]  # (T, 16)
    return (100 + 40 * torch.sigmoid(columns / 3))[None, None, :, None].expand(1, 3, T, 16, 16)


def place_of(frames):
    """Where the edge's middle level lies in each frame (T,)."""
    row = frames[0, 0, :, 8]  # (T, 16)
    middle = (row.amax(1, keepdim=True) + row.amin(1, keepdim=True)) / 2
    return (row < middle).sum(dim=1).float()


@pytest.mark.parametrize(("hr_bpm", "times"), [(48, 1 + GAIN), (72, 1 + GAIN), (150, 1 + GAIN)])
def test_a_pulse_of_the_whole_face_grows_by_the_gain(hr_bpm, times):
    change = magnified(uniform(100 + beat(hr_bpm, 0.2)), FPS) - 100
    torch.testing.assert_close(change, uniform(beat(hr_bpm, 0.2 * times)), atol=0.02, rtol=0.01)


@pytest.mark.parametrize("hr_bpm", [12, 24, 240, 300])
def test_what_is_slower_or_faster_than_hearts_stays(hr_bpm):
    clip = uniform(100 + beat(hr_bpm))
    torch.testing.assert_close(magnified(clip, FPS), clip, atol=0.01, rtol=0)


def test_a_movement_of_less_than_a_pixel_becomes_one_of_pixels():
    clip = edge(beat(60, 0.3))
    seen, before = place_of(magnified(clip, FPS)), place_of(clip)
    assert seen.max() - seen.min() >= 3 > 1 >= before.max() - before.min()
    assert torch.corrcoef(torch.stack([seen, beat(60)]))[0, 1] > 0.8


def test_fine_levels_are_magnified_less_and_values_stay_pixels():
    assert [gain_of(k) for k in (0, 1, 2)] == sorted(gain_of(k) for k in (0, 1, 2))
    assert 0 < gain_of(0) < GAIN == gain_of(2)
    loud = magnified(uniform(128 + beat(72, 60)), FPS)
    assert loud.min() == 0 and loud.max() == 255


def test_an_odd_side_and_one_level_are_no_problem_and_another_shape_is():
    odd = 100 + torch.rand(2, 3, 60, 9, 12)
    assert magnified(odd, FPS).shape == odd.shape
    assert magnified(odd, FPS, n_levels=1).shape == odd.shape
    assert heart_band(odd.transpose(1, 2), FPS).shape == (2, 60, 3, 9, 12)
    with pytest.raises(ValueError, match=r"expected clips \(B, C, T, H, W\)"):
        magnified(odd[0], FPS)
