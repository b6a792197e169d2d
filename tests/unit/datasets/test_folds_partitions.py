"""Train, validation and test recordings: no validation or test recording is ever trained on."""

import numpy as np
import pytest

from rppg.datasets.fold_files import make_folds
from rppg.datasets.fold_tables import write_folds
from rppg.datasets.folds import (
    held_out,
    labelled_fold,
    make_split,
    parts_of,
    split_by_subject,
    splits_by_subject,
)
from rppg.datasets.store import Store

PEOPLE = [f"{dataset}/{subject}/v{k}" for dataset in "AB" for subject in range(7) for k in (1, 2)]


def put(store, id, split="train", status="ok"):
    with store.begin(id) as writer:
        writer.save("mstmap", np.zeros((2, 63, 6), np.float32))
        writer.save("face", np.zeros((2, 4, 4, 3), np.uint8))
        meta = {"id": id, "status": status, "split": split, "n_frames": 2}
        writer.commit(meta | ({"reason": "no face"} if status == "failed" else {}))


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path)
    train = [f"VIPL-HR-V2/{subject}/video{k}" for subject in range(1, 11) for k in (1, 2)]
    for id in train:
        put(store, id, status="failed" if id.endswith("3/video1") else "ok")
    put(store, "PURE/01/01-01", split="none")
    put(store, "OBF/1/video1", split="test")
    write_folds(tmp_path / "folds" / "VIPL-HR-V2.csv", make_folds(train, "vipl_hr_v2"))
    store.write_index()
    return store


def test_parts_share_no_subject_and_hold_what_was_prepared(store):
    parts, missing = make_split(store, ["VIPL-HR-V2", "PURE", "MMSE-HR"], "VIPL-HR-V2")
    assert missing == ["MMSE-HR"] and parts.test == ["OBF/1/video1"]
    subjects = [{id.rsplit("/", 1)[0] for id in part} for part in parts]
    assert not subjects[0] & subjects[1] and len(subjects[1]) == 2
    assert "PURE/01/01-01" in parts.train and "VIPL-HR-V2/3/video1" not in sum(parts, [])
    assert len(sum(parts, [])) == 21


def test_test_recordings_are_not_learned_from_even_where_their_dataset_is(store):
    parts, _ = make_split(store, ["OBF", "PURE"], "VIPL-HR-V2")
    assert parts.train == ["PURE/01/01-01"]


def test_nothing_to_learn_from_and_folds_that_are_not_there_are_errors(store):
    with pytest.raises(ValueError, match=r"0 recordings of \['MMSE-HR'\] to train on"):
        make_split(store, ["MMSE-HR"], "VIPL-HR-V2")
    with pytest.raises(FileNotFoundError, match="PURE.csv is missing: run 01_preprocess"):
        make_split(store, ["PURE"], "PURE")


@pytest.fixture
def own(tmp_path):
    """Own videos of six people, and two recordings of a dataset with published folds."""
    store = Store(tmp_path / "own")
    videos = [f"folder/{subject}/{k}.mp4" for subject in "abcdef" for k in (1, 2)]
    pure = ["PURE/01/01-01", "PURE/02/02-01"]  # published: train and test
    for id in videos + pure:
        put(store, id, split="none")
    write_folds(store.root / "folds" / "folder.csv", make_folds(videos))
    write_folds(store.root / "folds" / "PURE.csv", make_folds(pure))
    store.write_index()
    return store


def test_without_a_challenge_the_test_folds_are_held_out(own):
    split, _ = make_split(own, ["folder", "PURE"], "folder")
    people = [sorted(subjects_of(ids)) for ids in split]
    assert [len(some) for some in people] == [5, 1, 2]  # "PURE/01" and four; one; "PURE/02" and one
    assert "PURE/01/01-01" in split.train and "PURE/02/02-01" in split.test
    assert held_out(own) == set(split.test)
    parts = parts_of(own)
    assert {id for id, part in parts.items() if part == "test"} == set(split.test)
    assert {id for id, part in parts.items() if part == "train"} == {*split.train, *split.dev}


def test_with_a_challenge_only_its_test_set_is_held_out(own):
    put(own, "OBF/1/video1", split="test")
    own.write_index()
    split, _ = make_split(own, ["folder", "PURE"], "folder")
    assert split.test == ["OBF/1/video1"] and "PURE/02/02-01" in split.train
    assert set(parts_of(own).values()) == {"none", "test"}


def test_numbered_folds_of_an_older_version_say_how_to_split(own):
    path = own.root / "folds" / "folder.csv"
    path.unlink()
    write_folds(path, make_folds([id for id in own.ids() if "folder" in id], "seeded"))
    with pytest.raises(ValueError, match="0 in dev.* has the folds 0, 1, 2, 3, 4;.*train_dev_test"):
        make_split(own, ["folder"], "folder")


def subjects_of(ids):
    return {id.rsplit("/", 1)[0] for id in ids}


@pytest.mark.parametrize("n_folds", [3, 5])
def test_no_subject_is_in_two_parts_of_a_split_and_none_is_lost(n_folds):
    splits = splits_by_subject(PEOPLE, n_folds)
    assert list(splits) == [str(k) for k in range(n_folds)]
    for part in splits.values():
        assert sorted(part.train + part.dev + part.test) == sorted(PEOPLE)
        subjects = [subjects_of(ids) for ids in part]
        assert all(subjects) and sum(map(len, subjects)) == 14
        assert all(ids == sorted(ids) for ids in part)


def test_each_subject_tests_once_and_chooses_once():
    splits = splits_by_subject(PEOPLE)
    for name in ("test", "dev"):
        ids = [id for part in splits.values() for id in getattr(part, name)]
        assert sorted(ids) == sorted(PEOPLE)
    for k in range(5):  # who validates in a split tests in the next
        assert splits[str(k)].dev == splits[str((k + 1) % 5)].test


def test_splits_follow_from_the_ids_and_the_seed_alone():
    first = splits_by_subject(PEOPLE, seed=1)
    assert splits_by_subject(reversed(PEOPLE), seed=1) == first
    assert splits_by_subject(PEOPLE, seed=2) != first


def test_too_few_folds_or_subjects_are_errors():
    with pytest.raises(ValueError, match="n_folds is 2, expected 3 or more: to train, to validate"):
        splits_by_subject(PEOPLE, n_folds=2)
    with pytest.raises(ValueError, match="n_folds is 5, expected 2 to 4, the number of subjects"):
        splits_by_subject(PEOPLE[:8])


def test_a_fold_leaves_a_part_out_that_is_neither_trained_on_nor_validated_on(store):
    split, _ = make_split(store, ["VIPL-HR-V2"], "VIPL-HR-V2")
    labelled, left_out = sorted(split.train + split.dev), []
    for k in range(1, 6):
        one, _ = make_split(store, ["VIPL-HR-V2"], "VIPL-HR-V2", f"{k}/5")
        assert one.test == split.test and one.judged == one.out_of_fold
        parts = [one.train, one.dev, one.out_of_fold]
        subjects = [{id.rsplit("/", 1)[0] for id in part} for part in parts]
        assert all(parts) and sorted(sum(parts, [])) == labelled
        assert not subjects[0] & subjects[1] and not (subjects[0] | subjects[1]) & subjects[2]
        left_out += one.out_of_fold
    assert sorted(left_out) == labelled  # each once
    assert split.judged == split.dev


@pytest.mark.parametrize("fold", ["0/5", "6/5", "1", "a/5", "1/5/2", "", "-1/5", "1/2", "1/99"])
def test_a_fold_that_is_none_is_refused(store, fold):
    split, _ = make_split(store, ["VIPL-HR-V2"], "VIPL-HR-V2")
    with pytest.raises(ValueError, match="fold"):
        labelled_fold(store, split, fold)


@pytest.mark.parametrize("seed", range(5))
def test_each_fold_has_slow_and_fast_hearts(seed):
    rates = dict(zip(PEOPLE[::2], np.random.default_rng(seed).uniform(45, 180, 14), strict=True))
    rates |= {id.replace("v1", "v2"): rate + 4 for id, rate in rates.items()}
    folds = split_by_subject(PEOPLE, 3, seed=seed, hr_bpm=rates)
    assert folds.groupby("fold")["subject"].size().max() <= 12
    for dataset, group in folds.groupby("dataset"):
        mean = group.assign(hr=group["id"].map(rates)).groupby(["fold", "subject"])["hr"].mean()
        order = mean.sort_values().index.get_level_values("fold")
        strata = [set(order[start : start + 3]) for start in (0, 3)]
        assert strata == [{0, 1, 2}] * 2, dataset


def test_people_without_a_known_rate_are_dealt_out_as_well():
    folds = split_by_subject(PEOPLE, 3, hr_bpm={PEOPLE[0]: 60.0})
    assert sorted(folds["id"]) == sorted(PEOPLE) and folds["fold"].nunique() == 3
    subjects = folds.drop_duplicates(["dataset", "subject"]).groupby("fold").size()
    assert subjects.max() - subjects.min() <= 1
