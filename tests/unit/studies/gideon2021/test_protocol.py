"""The paper's protocol: whose folds, which recordings, what is scored, what is drawn again."""

import numpy as np
import pandas as pd
import pytest
import torch
from helpers.self_consistency import HR_BPM, write_store

from rppg.datasets.folds import FOLDS, Split
from rppg.datasets.store import Store
from rppg.models.registry import build, inputs_of, shape_for
from rppg.studies.gideon2021 import held_out
from rppg.studies.gideon2021.protocol import Protocol, published_split
from rppg.studies.gideon2021.redraw import RedrawnClips
from rppg.studies.gideon2021.training_setup import training_setup_for
from rppg.studies.gideon2021.variants import BASE, compare, verdict
from rppg.training.criteria import MeanIPR

INPUTS = inputs_of("gideon2021", n_frames=120, size=16)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return write_store(tmp_path_factory.mktemp("store"), wide=16)


def with_folds(root, **fold_of):
    """A store without recordings, whose dataset A is split as its protocol says."""
    ids = [f"A/{subject}/v" for subject in fold_of]
    table = pd.DataFrame({"id": ids, "dataset": "A", "subject": list(fold_of)})
    table = table.assign(fold=list(fold_of.values()), protocol="pure")
    (root / FOLDS).mkdir()
    table.to_csv(root / FOLDS / "A.csv", index=False)
    return Store(root), ids


def test_published_folds_are_one_split_and_subjects_are_dealt_out_without_them(tmp_path):
    store, ids = with_folds(tmp_path, a="train", b="test", c="dev", d="train", e="test")
    ((name, split),) = Protocol(folds="published").splits(store, ids, n_folds=5).items()
    assert name == "published"
    assert split == Split(["A/a/v", "A/d/v"], ["A/c/v"], ["A/b/v", "A/e/v"])
    dealt = Protocol().splits(store, ids, n_folds=5, held_out=["1", "3"])
    assert list(dealt) == ["1", "3"] and len(Protocol().splits(store, ids, 5)) == 5


def test_a_part_that_is_missing_and_words_that_are_not_known_are_errors(tmp_path):
    store, ids = with_folds(tmp_path, a="train", b="test")
    with pytest.raises(ValueError, match="no recording in dev of 2: expected published folds"):
        published_split(store, ids)
    with pytest.raises(FileNotFoundError, match="B.csv is missing: run 01_preprocess on B"):
        published_split(store, ["B/a/v"])
    with pytest.raises(ValueError, match="scored 'x', expected recordings or windows"):
        Protocol(scored="x")


def test_only_the_recordings_that_are_named_are_used(tmp_path):
    ids = [
        f"C/s{k}/subject{k}_{what}" for k in range(4) for what in ("garage_still", "garage_small")
    ]
    splits = Protocol(only="garage_small").splits(Store(tmp_path), ids, n_folds=4)
    used = {id for split in splits.values() for part in split for id in part}
    assert len(used) == 4 and all(id.endswith("garage_small") for id in used)
    with pytest.raises(ValueError, match="no recording is called 'driving'"):
        Protocol(only="driving").splits(Store(tmp_path), ids, n_folds=4)


def sine(hr_bpm, n_frames=900):
    return np.sin(2 * np.pi * hr_bpm / 60 * np.arange(n_frames) / 30)


def test_windows_of_ten_seconds_are_scored_up_to_250_bpm():
    contact = np.concatenate([sine(60, 300), sine(240, 300), sine(90, 300)])
    wave = np.concatenate([sine(63, 300), sine(240, 300), np.full(300, np.nan)])
    seen = {"name": "A/1/a", "wave": wave, "contact": contact, "hr_true_bpm": 70.0, "found": None}
    windows = held_out.windowed([seen, seen | {"name": "A/2/b", "contact": None}])
    assert [one["name"] for one in windows] == ["A/1/a@0", "A/1/a@10"]
    rows = pd.DataFrame(held_out.tested_rows(windows, "net"))
    np.testing.assert_allclose(rows["hr_true_bpm"], [60, 240], atol=0.5)
    np.testing.assert_allclose(rows["hr_bpm"], [63, 240], atol=0.5)
    assert (
        len(held_out.constant_rows(windows, [60.0, 80.0])) == 4 and (rows["dataset"] == "A").all()
    )
    with pytest.raises(ValueError, match="none of 1 recordings has 10 s of ground-truth BVP"):
        held_out.windowed([seen | {"contact": None}])


def test_a_clip_with_a_broken_wave_is_drawn_again(tmp_path):
    bvp = np.float32(np.concatenate([sine(600, 450), sine(72, 150)]))  # 600 bpm is no heart
    with Store(tmp_path).begin("A/1/a") as writer:
        writer.save("face", np.zeros((600, 2, 2, 3), np.uint8))
        writer.save("mstmap", np.zeros((600, 63, 6), np.float32))
        writer.save("wide", np.zeros((600, 4, 4, 3), np.uint8))
        writer.save("bvp", bvp)
        meta = {"id": "A/1/a", "status": "ok", "n_frames": 600, "hr_true_bpm": 72.0}
        writer.commit(meta | {"gaps_s": []})
    clips = RedrawnClips(Store(tmp_path), ["A/1/a"], "wide", 90, size=4)
    generator = torch.Generator().manual_seed(0)
    starts = [clips._place("A/1/a", generator).start for _ in range(40)]
    assert np.mean(np.array(starts) > 400) > 0.9  # 10 % of all places lie there


def test_every_window_chooses_where_the_protocol_says_so(store):
    ids = list(HR_BPM)
    middle = MeanIPR(store, ids, **INPUTS)
    every = MeanIPR(store, ids, step=60, **INPUTS)
    net = build("gideon2021", 0, **shape_for(INPUTS), width=2, saliency=False)
    values = [criterion(net)["ipr"] for criterion in (middle, every)]
    assert every.ids == sorted(every.ids) and values[0] != values[1]
    assert all(0 <= value <= 1 for value in values)
    part = Split(ids[:2], ids[2:3], ids[3:])
    setup = training_setup_for("multiview", store, part, INPUTS, every_window=True, learn_dev=False)
    assert setup.validate.ids == sorted(ids[:2])
    setup = training_setup_for("mcc", store, part, INPUTS, redraw=True)
    assert type(setup.clips) is RedrawnClips


def runs_of(**rmse_bpm):
    """Rows of runs whose heart rates are off by so much, two seeds and recordings each."""
    rows = [
        {"dataset": "A", "name": name, "model": name, "seed": seed, "id": f"A/{k}/v"}
        | {"hr_true_bpm": 70.0 + 10 * k, "hr_bpm": 70.0 + 10 * k + error + seed}
        for name, error in rmse_bpm.items()
        for seed in (1, 2)
        for k in (1, 2)
    ]
    return pd.DataFrame(rows).assign(pearson=0.5, mcc=0.5, snr_db=1.0, origin="synthetic")


def test_variants_are_compared_with_the_published_training_seed_by_seed():
    given = {BASE: 1.0, "transposed convolution": 1.5}
    table = compare(runs_of(**given)).set_index("name")
    assert table.loc["transposed convolution", "change_bpm"] == pytest.approx(0.5)
    assert table.loc["transposed convolution", "sd_change_bpm"] == pytest.approx(0)
    assert table.loc[BASE, "change_bpm"] == 0 and table["n_seeds"].tolist() == [2, 2]
    words = verdict(table.reset_index())
    assert words == "transposed convolution: +0.5 bpm here, +0.2 in the paper"
    with pytest.raises(ValueError, match="are no variants"):
        compare(runs_of(other=1.0))
    with pytest.raises(ValueError, match="expected the same"):
        compare(runs_of(**given).drop(index=0))
