"""Recordings that learn another model's answers."""

import numpy as np
import pandas as pd
import pytest
import torch
from helpers.prepared_recordings import put

from rppg.dataloader.clips import LabelledClips, Place
from rppg.dataloader.pseudo_labels import PseudoLabelledClips, surest_answers
from rppg.datasets.store import Store
from rppg.workflow.parameter_values import expected_value

T = 60
TABLE = pd.DataFrame(
    [
        ("a/1/x", "test", 61.0, 0.9),
        ("a/2/x", "test", 72.0, 0.2),
        ("a/3/x", "test", 83.0, 0.5),
        ("a/4/x", "test", np.nan, np.nan),
        ("a/5/x", "validation", 94.0, 0.99),
    ],
    columns=["id", "split", "hr_bpm", "quality"],
)


@pytest.fixture
def store(tmp_path):
    for id, rate, more in [
        ("a/9/trained", 70.0, {}),
        ("a/1/x", 120.0, {"known_bad": "its labels"}),
        ("a/3/x", None, {}),
    ]:
        maps, wave = np.zeros((90, 63, 6), np.float32), np.arange(90)
        put(Store(tmp_path), id, maps, wave, hr_true_bpm=rate, gaps_s=[], **more)
    return Store(tmp_path)


@pytest.mark.parametrize(("share", "ids"), [(0.34, ["1"]), (0.67, ["1", "3"]), (1.0, list("132"))])
def test_the_surest_answers_for_test_recordings_are_taken(share, ids):
    found = surest_answers(TABLE, share)
    assert list(found) == [f"a/{one}/x" for one in ids]
    assert found["a/1/x"] == 61.0


def test_of_an_ensemble_what_it_has_chosen_counts():
    others = TABLE.assign(hr_bpm=200.0, quality=1.0, chosen=False)
    both = pd.concat([others, TABLE.assign(chosen=True)])
    assert surest_answers(both, 0.5) == surest_answers(TABLE, 0.5)


@pytest.mark.parametrize(("share", "expected"), [(0.0, "above 0"), (1.5, "0 to 1")])
def test_a_share_of_none_or_of_more_than_all_is_refused_in_profiles(share, expected):
    assert expected in expected_value("teacher_share", share)


def test_a_table_without_answers_is_refused():
    with pytest.raises(ValueError, match="no test recording has a rate among 1 predictions"):
        surest_answers(TABLE[TABLE["split"] == "validation"], 0.5)


def test_a_pseudo_labelled_recording_has_the_answer_and_nothing_of_its_own_labels(store):
    pseudo_bpm = {"a/1/x": 61.0, "a/3/x": 83.0}
    ids = ["a/9/trained", *pseudo_bpm]
    clips = PseudoLabelledClips(store, ids, n_frames=T, speeds=(0.8, 1.2), pseudo_bpm=pseudo_bpm)
    assert set(clips.stretches) == set(ids) and not clips.skipped
    item = clips[Place("a/1/x", 0, speed=1.2)]
    assert item["hr_bpm"] == pytest.approx(61.0 * 1.2) and item["has_hr"] and not item["has_wave"]
    assert item["wave"].shape == (T,) and torch.isnan(item["wave"]).all()
    own = clips[Place("a/9/trained", 0)]
    assert own["hr_bpm"] == 70.0 and own["has_wave"]


def test_without_a_teacher_they_are_the_labelled_clips(store):
    given = {"n_frames": T, "speeds": (0.8, 1.2)}
    plain = LabelledClips(store, ["a/9/trained"], **given)
    clips = PseudoLabelledClips(store, ["a/9/trained"], **given, pseudo_bpm={})
    one, other = (c.sample(0, torch.Generator().manual_seed(3)) for c in (plain, clips))
    assert one.keys() == other.keys()
    assert all(torch.equal(one[k], other[k]) for k in one if isinstance(one[k], torch.Tensor))
