"""Folds: no subject on two sides, whatever the ids, their order, the seed and the number."""

import random

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rppg.datasets.fold_tables import read_folds, write_folds
from rppg.datasets.folds import split_by_subject

WORDS = st.text(st.characters(exclude_characters="/", exclude_categories=["C"]), min_size=1)
IDS = st.sets(
    st.tuples(st.sampled_from(["UBFC-rPPG", "VIPL-HR-V2", "b"]), WORDS, st.sampled_from("xyz")).map(
        "/".join
    ),
    min_size=1,
    max_size=40,
)


def n_subjects(ids):
    return len({id.rsplit("/", 1)[0] for id in ids})


def sides(folds):
    """Subjects of each fold, as sets."""
    return folds.groupby("fold").apply(
        lambda f: {*zip(f["dataset"], f["subject"], strict=True)}, include_groups=False
    )


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(IDS, st.integers(0, 2**32 - 1), st.data())
def test_every_id_is_in_one_fold_and_no_subject_in_two(ids, seed, data):
    n = n_subjects(ids)
    if n < 2:
        return
    by_count = data.draw(st.booleans())
    n_folds = data.draw(st.integers(2, n)) if by_count else None
    fraction = None if by_count else data.draw(st.floats(0.01, 0.99))
    folds = split_by_subject(ids, n_folds, fraction, seed)

    assert folds["id"].tolist() == sorted(ids)
    assert [f"{r.dataset}/{r.subject}" for r in folds.itertuples()] == [
        id.rsplit("/", 1)[0] for id in sorted(ids)
    ]
    groups = sides(folds)
    assert sum(map(len, groups)) == len(set.union(*groups)) == n
    assert groups.index.tolist() == list(range(n_folds or 2))
    if n_folds:
        assert max(map(len, groups)) - min(map(len, groups)) <= 1

    shuffled = random.Random(seed).sample(sorted(ids), len(ids))
    table = pd.DataFrame({"id": shuffled, "split": "train"})
    pd.testing.assert_frame_equal(split_by_subject(table, n_folds, fraction, seed), folds)


def many(n, dataset="d"):
    return [f"{dataset}/{i}/v{k}" for i in range(n) for k in range(3)]


def test_the_seed_decides():
    a, b = split_by_subject(many(30), 5, seed=1), split_by_subject(many(30), 5, seed=2)
    assert not a["fold"].equals(b["fold"])


def test_folds_are_the_same_in_every_process():
    folds = split_by_subject(many(12), n_folds=3, seed=0)
    assert "".join(map(str, folds.drop_duplicates("subject")["fold"])) == "021101221002"


def test_each_dataset_is_dealt_out_evenly():
    folds = split_by_subject(many(20, "a") + many(11, "b"), n_folds=4, seed=3)
    counts = folds.drop_duplicates(["dataset", "subject"]).groupby(["dataset", "fold"]).size()
    assert counts["a"].tolist() == [5, 5, 5, 5]
    assert sorted(counts["b"]) == [2, 3, 3, 3]


@pytest.mark.parametrize(
    ("n", "fraction", "n_validation"), [(20, 0.2, 4), (2, 0.01, 1), (2, 0.99, 1), (7, 0.5, 4)]
)
def test_a_fraction_of_the_subjects_validates(n, fraction, n_validation):
    folds = split_by_subject(many(n), fraction=fraction, seed=0)
    assert len(sides(folds)[0]) == n_validation
    assert len(sides(folds)[1]) == n - n_validation


@pytest.mark.parametrize(
    ("ids", "how", "words"),
    [
        (many(3), {"n_folds": 4}, "expected 2 to 3"),
        (many(3), {"n_folds": 1}, "expected 2 to 3"),
        (many(1), {"fraction": 0.5}, "1 subjects"),
        (many(3), {"fraction": 1.0}, "fraction 1.0"),
        (many(3), {}, "exactly one"),
        (many(3), {"n_folds": 2, "fraction": 0.5}, "exactly one"),
        (many(3) + ["d/0/v0"], {"n_folds": 2}, "given twice: d/0/v0"),
        (["d/0"], {"n_folds": 2}, "'d/0'.*dataset/subject/name"),
    ],
)
def test_what_cannot_be_split_is_refused(ids, how, words):
    with pytest.raises(ValueError, match=words):
        split_by_subject(ids, **how)


def test_folds_are_written_once_and_read_as_they_were(tmp_path):
    path = tmp_path / "new" / "folds.csv"
    folds = split_by_subject(["d/007/NA", "d/1e3/x", "d/nan/y", "d/None/ü"], n_folds=2, seed=0)
    write_folds(path, folds)
    pd.testing.assert_frame_equal(read_folds(path), folds)
    before = path.read_bytes()
    assert before.startswith(b"id,dataset,subject,fold\nd/007/NA,d,007,")
    write_folds(path, folds.sample(frac=1, random_state=0))  # the same folds: nothing to do
    with pytest.raises(FileExistsError, match="different folds"):
        write_folds(path, folds.assign(fold=0))
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["folds.csv"]


def test_a_file_with_a_subject_in_two_folds_is_not_read(tmp_path):
    path = tmp_path / "folds.csv"
    path.write_text("id,dataset,subject,fold\nd/1/a,d,1,0\nd/1/b,d,1,1\n")
    with pytest.raises(ValueError, match="two folds.*'1'"):
        read_folds(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id,fold\nd/1/a,0\n", "columns .* are missing"),
        ("id,dataset,subject,fold\nd/1/a,d,2,0\nd/1/b,d,1,1\n", "not those of the ids.*d/1/a"),
        ("id,dataset,subject,fold\nd/1/a,d,1,0\nd/2/b,d,2,test\n", "found folds.*'0', 'test'"),
        ("id,dataset,subject,fold\nd/1/a,d,1,valid\n", "'valid'.*expected all numbers or all of"),
        ("id,dataset,subject,fold\nd/1/a,d,1,\n", "expected all numbers or all of"),
        ("id,dataset,subject,fold\nd/1/a,d,1,-1\n", "'-1'"),
        ("id,dataset,subject,fold\nd/1/a,d,1,0\nd/1/a,d,1,0\n", "ids twice.*d/1/a"),
    ],
)
def test_a_file_that_was_changed_by_hand_into_something_else_is_not_read(text, words, tmp_path):
    path = tmp_path / "folds.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=words):
        read_folds(path)


@pytest.mark.parametrize("words", [["train", "dev", "test"], [11, 2, 0]])
def test_words_and_numbers_come_back_as_they_were(words, tmp_path):
    folds = split_by_subject(["d/1/a", "d/2/b", "d/3/c"], n_folds=3).assign(
        fold=words, protocol="p"
    )
    write_folds(tmp_path / "folds.csv", folds)
    pd.testing.assert_frame_equal(read_folds(tmp_path / "folds.csv"), folds)
