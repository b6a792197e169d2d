"""Contrast of clips that are shorter than usual, as batches with short recordings are."""

from types import SimpleNamespace

import pytest
import torch

from rppg.losses.multiview_triplet import multi_view_triplet
from rppg.models.gideon2021.objective import MultiView
from rppg.signals.time_stretch import resample_time

FPS, RATIO = 30.0, 0.7


def branches_of(n_frames):
    """Anchor at 66 bpm, and the negative that plays it 1 / 0.7 times as fast."""
    times_s = torch.arange(n_frames) / FPS
    anchor = torch.stack([torch.sin(2 * torch.pi * 1.1 * times_s + phase) for phase in (0.0, 1.0)])
    return SimpleNamespace(anchor=anchor, negative=resample_time(anchor, round(RATIO * n_frames)))


@pytest.mark.parametrize(("n_frames", "view_s"), [(300, 5.0), (160, 112 / FPS), (214, 5.0)])
def test_views_are_of_five_seconds_or_as_long_as_the_negative(n_frames, view_s):
    branches = branches_of(n_frames)
    found = MultiView().contrast_of(branches, torch.Generator().manual_seed(0))
    waves = branches.anchor, resample_time(branches.negative, n_frames), branches.negative
    generator = torch.Generator().manual_seed(0)
    expected = multi_view_triplet(*waves, FPS, generator, n_views=4, view_s=view_s)
    assert found.item() == pytest.approx(expected.item(), rel=1e-6)
    assert found < -0.03, "a faster negative is unlike the anchor, in short clips too"
