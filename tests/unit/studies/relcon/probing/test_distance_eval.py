"""Distance evaluation: pairs of windows, and AUC of their distances."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import roc_auc_score

from rppg.studies.relcon.data.window_store import Windows
from rppg.studies.relcon.models.distance import DistanceConfig, MotionDistance
from rppg.studies.relcon.probing.distance_eval import nearness, pair_table


class Spread:
    """A distance of a known answer: how far the deviations of two windows are apart.  A rotation
    changes none of it."""

    config = DistanceConfig()

    def eval(self):
        return self

    def keys(self, candidates):
        return candidates

    def distances(self, anchors, keys):
        def spread(x):
            return (x - x.mean(dim=1, keepdim=True)).square().sum(dim=(1, 2)).sqrt()

        return (spread(anchors)[:, None] - spread(keys)[None]).abs()


class Chance(Spread):
    """A distance that knows nothing."""

    def distances(self, anchors, keys):
        return torch.rand(len(anchors), len(keys), generator=torch.Generator().manual_seed(0))


@pytest.fixture
def windows():
    """Two activities that differ in strength, in two hours each of three subjects; some unnamed."""
    rng = np.random.default_rng(0)
    rows = [
        {
            "dataset": "d",
            "subject": f"s{k % 3}",
            "session": "1",
            "hour": k // 3 % 2,
            "activity": name,
        }
        for name in ("still", "quick", "")
        for k in range(24)
    ]
    table = pd.DataFrame(rows)
    table["id"] = [f"d/{s}/1@{k:07.2f}" for k, s in enumerate(table["subject"])]
    strength = table["activity"].map({"still": 0.1, "quick": 1.0, "": 0.5}).to_numpy()
    moves = strength[:, None, None] * rng.normal(size=(len(table), 64, 3))
    xyz_g = moves + rng.normal(size=(len(table), 1, 3))  # worn in any way
    return Windows(xyz_g.astype("f4"), table)


@pytest.mark.slow
def test_a_distance_by_strength_answers_every_question(windows):
    pairs = pair_table(Spread(), Chance(), windows, n_anchors=20, n_candidates=30, seed=0)
    answers = nearness(pairs).set_index("question")
    assert answers["learned"].tolist() == pytest.approx([1.0] * 4)
    assert answers.loc["rotated copy nearer than another activity", "raw"] < 0.9
    assert answers["energy"].tolist() == pytest.approx([1.0] * 4)
    assert (answers["untrained"] < 0.8).all()
    expected = ["learned", "untrained", "raw", "energy", "n_anchors"]
    assert answers.columns.tolist() == expected
    assert (answers["n_anchors"] > 10).all()


@pytest.mark.slow
def test_chance_is_one_half(windows):
    pairs = pair_table(Chance(), Spread(), windows, n_anchors=48, n_candidates=48, seed=0)
    assert nearness(pairs)["learned"].iloc[0] == pytest.approx(0.5, abs=0.06)


def test_pairs_have_no_window_with_itself_none_without_activity_and_one_rotated_copy(windows):
    pairs = pair_table(Spread(), Chance(), windows, n_anchors=20, n_candidates=48, seed=0)
    of_windows, rotated = (pairs[pairs["kind"] == kind] for kind in ("window", "rotated copy"))
    assert (of_windows["anchor"] != of_windows["candidate"]).all()
    assert len(of_windows) == 20 * 47 and len(rotated) == 20
    unnamed = windows.table.loc[windows.table["activity"] == "", "id"]
    assert not set(unnamed) & {*pairs["anchor"], *pairs["candidate"]}
    assert (rotated["distance"] < 1e-3).all() and (rotated["raw_distance"] > 0.1).all()


def test_rules_that_learn_nothing_are_what_they_are_called(windows):
    pairs = pair_table(Spread(), Chance(), windows, n_anchors=6, n_candidates=12, seed=0)
    of = dict(zip(windows.table["id"], windows.xyz_g.astype(float), strict=True))
    row = pairs[pairs["kind"] == "window"].iloc[7]
    a, b = of[row["anchor"]], of[row["candidate"]]
    assert row["raw_distance"] == pytest.approx(((a - b) ** 2).sum())
    assert row["energy_distance"] == pytest.approx(abs(np.log(a.var(0).sum() / b.var(0).sum())))
    centred = Spread()
    centred.config = DistanceConfig(centred=True)
    again = pair_table(centred, Chance(), windows, n_anchors=6, n_candidates=12, seed=0).iloc[7]
    apart = (a - a.mean(0)) - (b - b.mean(0))
    assert again["raw_distance"] == pytest.approx((apart**2).sum())
    assert again["untrained_distance"] == row["untrained_distance"]


def test_still_windows_have_finite_distances(windows):
    xyz_g = windows.xyz_g.copy()
    xyz_g[windows.table["activity"] == "still"] = [0, 0, 1]
    still = Windows(xyz_g, windows.table)
    pairs = pair_table(Spread(), Chance(), still, n_anchors=48, n_candidates=48, seed=0)
    assert np.isfinite(pairs["energy_distance"]).all()


@pytest.mark.parametrize("activity", ["", "still"])
def test_windows_of_fewer_than_two_activities_give_no_pairs_and_no_answers(windows, activity):
    alone = Windows(windows.xyz_g, windows.table.assign(activity=activity))
    full = pair_table(Spread(), Chance(), windows, n_anchors=6, n_candidates=12, seed=0)
    empty = pair_table(Spread(), Chance(), alone, n_anchors=6, n_candidates=12, seed=0)
    assert empty.empty and empty.dtypes.equals(full.dtypes)
    answers = nearness(empty)
    assert answers["question"].tolist() == nearness(full)["question"].tolist()
    assert answers["learned"].isna().all() and (answers["n_anchors"] == 0).all()


def test_columns_say_what_two_windows_share(windows):
    pairs = pair_table(Spread(), Chance(), windows, n_anchors=10, n_candidates=20, seed=1)
    about = windows.table.set_index("id")
    row = pairs[~pairs["same_activity"] & pairs["same_hour"]].iloc[0]
    a, b = about.loc[row["anchor"]], about.loc[row["candidate"]]
    assert a["activity"] != b["activity"]
    assert (a["subject"], a["hour"]) == (b["subject"], b["hour"])


@pytest.mark.slow
def test_answers_are_means_over_anchors_of_their_own_areas(windows):
    pairs = pair_table(Chance(), Spread(), windows, n_anchors=6, n_candidates=40, seed=0)
    own = [
        roc_auc_score(rows["same_activity"], -rows["distance"])
        for _, rows in pairs[pairs["kind"] == "window"].groupby("anchor")
    ]
    assert nearness(pairs)["learned"].iloc[0] == pytest.approx(np.mean(own))
    scaled = pairs.assign(distance=pairs["distance"] * (1 + pairs["anchor"].str[2:4].eq("s1")))
    assert nearness(scaled)["learned"].tolist() == nearness(pairs)["learned"].tolist()


def test_a_question_without_pairs_has_no_answer(windows):
    pairs = pair_table(Spread(), Chance(), windows, n_anchors=6, n_candidates=12, seed=0)
    answers = nearness(pairs[~pairs["same_hour"] | (pairs["kind"] == "rotated copy")])
    answers = answers.set_index("question")
    assert np.isnan(answers.loc["same activity nearer, within the hour", "learned"])
    assert answers.loc["same activity nearer, within the hour", "n_anchors"] == 0


@pytest.mark.usefixtures("single_thread")
def test_rebar_s_distance_is_read_with_half_of_the_anchor_hidden(windows):
    torch.manual_seed(0)
    config = DistanceConfig(8, 2, 5, 1, attention="softmax", statistics="anchor")
    nets = MotionDistance(config), MotionDistance(config)
    pairs = pair_table(*nets, windows, n_anchors=3, n_candidates=5, seed=0)
    for column in ("distance", "untrained_distance"):
        assert np.isfinite(pairs[column]).all() and (pairs[column] > 0).all()
    assert not np.allclose(pairs["distance"], pairs["untrained_distance"])
    assert pairs["kind"].value_counts()["rotated copy"] == 3
