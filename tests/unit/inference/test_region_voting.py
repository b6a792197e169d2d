"""Views of a face: the right rows, and a rate that most of them agree on."""

import numpy as np
import pytest
import torch
from helpers.self_consistency import FPS, OnlyClips, pulse_in
from torch import nn

from rppg.datasets.store import Store
from rppg.inference.region_voting import region_views, vote
from rppg.inference.sliding_window import predict_model
from rppg.preprocessing.mstmap import COMBINATIONS
from rppg.signals.heart_rate import heart_rate
from rppg.training.criteria import RateError


class Rows(nn.Module):
    """The mean of the green of the rows it is shown."""

    takes_rows = True

    def forward(self, clips, rows=None):
        return clips[..., 1].mean(dim=2)


def sine(hr_bpm, size, n_frames=300):
    return size * np.sin(2 * np.pi * hr_bpm / 60 * np.arange(n_frames) / FPS)


@pytest.fixture
def store(tmp_path):
    """A pulse of 72 bpm in all regions, and a stronger light of 150 bpm on the last one."""
    means = np.repeat(100 + sine(72, 0.5)[:, None], 6, axis=1)  # (300, 6)
    means[:, 5] += sine(150, 5)
    rows = means @ (COMBINATIONS / COMBINATIONS.sum(axis=1, keepdims=True)).T  # (300, 63)
    rows += 0.01 * np.random.default_rng(0).standard_normal(rows.shape)
    store = Store(tmp_path)
    with store.begin("a/1/v") as writer:
        writer.save("mstmap", np.repeat(rows[..., None], 6, axis=2).astype(np.float32))
        writer.save("face", np.zeros((300, 2, 2, 3), np.uint8))
        meta = {"id": "a/1/v", "status": "ok", "n_frames": 300, "gaps_s": []}
        writer.commit(meta | {"hr_true_bpm": 72.0})
    return store


def test_a_view_holds_the_rows_of_its_regions_alone():
    for n_regions, n_views in ((1, 6), (2, 15), (5, 6), (6, 1)):
        views = region_views(COMBINATIONS, n_regions)
        assert len(views) == n_views
        seen = [COMBINATIONS[view.numpy()].any(axis=0) for view in views]
        assert all(regions.sum() == n_regions for regions in seen)
        assert len({tuple(regions) for regions in seen}) == n_views
        assert all(len(view) == 2**n_regions - 1 for view in views)
    assert region_views(COMBINATIONS, 0) == []
    with pytest.raises(ValueError, match="views of 7 regions asked for, expected 0 to 6"):
        region_views(COMBINATIONS, 7)


def test_one_disturbed_region_is_outvoted(store):
    views = region_views(COMBINATIONS, 2)
    whole = predict_model(store, ["a/1/v"], Rows(), "rows", "ratio")
    voted = predict_model(store, ["a/1/v"], Rows(), "rows", "ratio", views=views)
    assert whole["hr_bpm"][0] == pytest.approx(150, abs=1)
    assert voted["hr_bpm"][0] == pytest.approx(72, abs=1)
    errors = [RateError(store, ["a/1/v"], "ratio", views=v)(Rows()) for v in ((), views)]
    assert errors[0]["rmse_bpm"] > 70 and errors[1]["rmse_bpm"] < 1


def test_views_are_refused_of_a_net_that_takes_no_rows(store):
    views = region_views(COMBINATIONS, 2)
    with pytest.raises(ValueError, match="views need a net that takes rows, OnlyClips does not"):
        predict_model(store, ["a/1/v"], OnlyClips(pulse_in), "rows", "ratio", views=views)


def test_a_vote_of_one_is_its_own_rate():
    found = heart_rate(sine(90, 1.0), FPS)
    voted = vote([found])
    assert voted.hr_bpm == pytest.approx(found.hr_bpm) and voted.quality == found.quality
    assert np.array_equal(voted.power, found.power) and voted.clip_hr_bpm == [found.hr_bpm]


def test_views_of_other_frequencies_do_not_vote():
    short, long = (heart_rate(sine(90, 1.0, n), FPS, clip_s=n / FPS) for n in (300, 9000))
    with pytest.raises(ValueError, match="2 views over 2 frequency axes"):
        vote([short, long])
    with pytest.raises(ValueError, match="0 views"):
        vote([])
    assert torch.equal(region_views(COMBINATIONS, 6)[0], torch.arange(63))
