"""Protocols: the published lists, no subject on two sides, nobody under two ids, files kept."""

import random
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.io import savemat

from rppg.datasets import PROTOCOLS, make_folds
from rppg.datasets.protocols import DEFAULT

# Each dataset's subject ids as its reader gives them, and the numbers that its lists have.
SUBJECTS = {
    "UBFC-rPPG": ["d1-after-exercise", *(f"subject{n}" for n in range(1, 50))],
    "PURE": [f"{n:02d}" for n in range(1, 11)],
    "folder": [f"monday__{name}" for name in "abcdefghij"],
    "MMSE-HR": [f"{sex}{n:03d}" for sex in "FM" for n in range(1, 18)],
    "DISFA": [f"SN{n:03d}" for n in range(1, 33)],
    "OBF": [f"{n:03d}" for n in range(1, 101)],
    "COHFACE": [str(n) for n in range(1, 41)],
    "MR-NIRP-Car": [f"subject{n}" for n in range(1, 20) if n != 16],
    "VIPL-HR": [f"p{n}" for n in range(1, 108)],
    "VIPL-HR-V2": [str(n) for n in range(1, 501)],
    "UBFC-Phys": [f"s{n}" for n in range(1, 57)],
    "ECG-Fitness": [f"{n:02d}" for n in range(17)],
}
OWN = "folder"  # whose subjects have no numbers
OF_ONE_DATASET = {name: p.datasets[0] for name, p in PROTOCOLS.items() if p.datasets}
CASES = [
    *OF_ONE_DATASET.items(),
    *((n, d) for n in ("seeded", "round_robin") for d in SUBJECTS if d != OWN),
]


def cohface(root: Path) -> Path:
    (root / "protocols" / "all").mkdir(parents=True)
    for i, word in enumerate(("train", "dev", "test")):
        lines = [f"{n}/{k}/data\n" for n in range(i + 1, 41, 3) for k in range(4)]
        (root / "protocols" / "all" / f"{word}.txt").write_text("".join(lines))
    return root


def vipl(root: Path, folder="fold") -> Path:
    (root / folder).mkdir(parents=True)
    for i in range(1, 6):
        savemat(root / folder / f"fold{i}.mat", {f"fold{i}": np.arange(i, 108, 5)[None]})
    return root


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A folder that is COHFACE and VIPL-HR at once."""
    return vipl(cohface(tmp_path_factory.mktemp("data")))


def people(folds) -> dict:
    """Subjects of each fold."""
    return {fold: {*rows["subject"]} for fold, rows in folds.groupby("fold")}


def ids_of(dataset, subjects, n=1):
    return [f"{dataset}/{subject}/v{k}" for subject in subjects for k in range(n)]


@pytest.mark.parametrize(("name", "dataset"), CASES)
@settings(max_examples=15, deadline=None)
@given(drawn=st.data(), seed=st.integers(0, 2**32 - 1))
def test_every_id_is_in_one_fold_and_no_subject_in_two(data, name, dataset, drawn, seed):
    subjects = drawn.draw(st.sets(st.sampled_from(SUBJECTS[dataset]), min_size=2, max_size=30))
    ids = [f"{dataset}/{s}/v{k}" for s in subjects for k in range(drawn.draw(st.integers(1, 3)))]
    folds = make_folds(ids, name, data, seed)
    assert folds["id"].tolist() == sorted(ids)
    sides = people(folds)
    assert sum(map(len, sides.values())) == len(set.union(*sides.values())) == len(subjects)
    shuffled = pd.DataFrame({"id": random.Random(seed).sample(ids, len(ids))})
    pd.testing.assert_frame_equal(make_folds(shuffled, name, data, seed), folds)


@pytest.mark.parametrize("dataset", DEFAULT)
@pytest.mark.parametrize("n", [3, 5])
def test_a_default_works_for_few_subjects_and_without_files(dataset, n):
    folds = make_folds(ids_of(dataset, SUBJECTS[dataset][:n], n=2))
    assert len(folds) == 2 * n and folds["protocol"].nunique() == 1


@pytest.mark.parametrize(
    ("name", "sides"),
    [
        ("pure", {"train": [1, 4, 5, 7, 8], "dev": [6, 9], "test": [2, 3, 10]}),
        ("ubfc_rppg_contrast_phys", {"train": [0, *range(1, 38)], "test": range(38, 50)}),
        ("ubfc_rppg_remoteppg", {"train": range(34), "dev": range(34, 42), "test": range(42, 50)}),
        ("ubfc_phys", {"train": range(1, 35), "dev": range(35, 46), "test": range(46, 57)}),
        ("mr_nirp_car", {"train": range(1, 13), "dev": [13, 14, 15], "test": [17, 18, 19]}),
        ("obf", {k: range(10 * k + 1, 10 * k + 11) for k in range(10)}),
        ("vipl_hr_official", {k: range(k + 1, 108, 5) for k in range(5)}),
    ],
)
def test_published_lists(data, name, sides):
    dataset = OF_ONE_DATASET[name]
    numbers = {"d1-after-exercise": 0} if dataset == "UBFC-rPPG" else {}
    numbers = {s: int("".join(filter(str.isdigit, s))) for s in SUBJECTS[dataset]} | numbers
    found = people(make_folds(ids_of(dataset, SUBJECTS[dataset]), name, data))
    assert {fold: sorted(map(numbers.get, subjects)) for fold, subjects in found.items()} == {
        fold: list(expected) for fold, expected in sides.items()
    }


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("cohface_bob", {"train": 12, "dev": 12, "test": 16}),
        ("ecg_fitness", {"train": 8, "dev": 4, "test": 5}),
        ("pure_contrast_phys", {"train": 6, "test": 4}),
        ("vipl_hr_v2", {"train": 400, "dev": 100}),
    ],
)
def test_all_subjects_of_the_dataset_are_in_a_list(name, counts):
    found = people(make_folds(ids_of(OF_ONE_DATASET[name], SUBJECTS[OF_ONE_DATASET[name]]), name))
    assert {fold: len(subjects) for fold, subjects in found.items()} == counts


def test_round_robin_goes_by_the_number():
    folds = people(make_folds(ids_of("UBFC-rPPG", [f"subject{n}" for n in range(1, 13)])))
    assert folds[0] == {"subject5", "subject10"} and folds[1] == {
        "subject1",
        "subject6",
        "subject11",
    }


def test_vipl_folds_are_found_in_either_folder(tmp_path):
    folds = make_folds(
        ["VIPL-HR/p7/v1-2-source3", "VIPL-HR/p5/v1-source1"], root=vipl(tmp_path, "fold_split")
    )
    assert folds["fold"].tolist() == [4, 1]
    assert set(folds["protocol"]) == {"vipl_hr_official"}
    assert set(make_folds(folds)["protocol"]) == {"seeded seed=0"}  # no folder given: it says so
    (tmp_path / "fold_split" / "fold4.mat").unlink()
    with pytest.raises(FileNotFoundError, match="fold4.mat is missing.*'seeded'"):
        make_folds(folds, root=tmp_path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"fold": [1]}, "has no variable fold2"),
        ({"fold2": [1, 3]}, "subject 1 is in fold1.mat already"),
        ({"fold2": [0.5]}, "expected subjects' numbers from 1 up"),
        (b"no such thing", "cannot be read as a MATLAB 5 file"),
    ],
)
def test_bad_vipl_folds_are_refused(content, words, tmp_path):
    path = vipl(tmp_path) / "fold" / "fold2.mat"
    path.write_bytes(content) if isinstance(content, bytes) else savemat(path, content)
    with pytest.raises(ValueError, match=f"fold2.mat.*{words}"):
        make_folds(["VIPL-HR/p1/v1-source1"], root=tmp_path)


@pytest.mark.parametrize(
    ("line", "words"),
    [("1-0-data", "line 1: found '1-0-data'.*1/0/data"), ("1/0/data", "1 is in train.txt already")],
)
def test_bad_cohface_lists_are_refused(line, words, tmp_path):
    (cohface(tmp_path) / "protocols" / "all" / "dev.txt").write_text(line)
    with pytest.raises(ValueError, match=f"dev.txt, .*{words}"):
        make_folds(["COHFACE/1/0"], root=tmp_path)
    (tmp_path / "protocols" / "all" / "dev.txt").unlink()
    with pytest.raises(FileNotFoundError, match="dev.txt is missing.*'seeded'"):
        make_folds(["COHFACE/1/0"], root=tmp_path)
