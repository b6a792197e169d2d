"""Datasets below Kaggle's input folder, linked into one folder, wherever they are mounted."""

import pytest

from rppg.datasets.inputs import link_inputs
from rppg.datasets.readers import find


def made(root, *paths):
    """Empty files, with their folders, below root."""
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()
    return root


def test_datasets_are_found_at_any_level_under_any_spelling(tmp_path):
    inputs = made(
        tmp_path / "input",
        "competitions/repss/VIPL-HR-V2/train/1/gt.csv",
        "datasets/a/ubfc-rppg/UBFC_rPPG/DATASET_2/subject1/vid.avi",
        "pure/01-01.json",
    )
    found = link_inputs(inputs, tmp_path / "data")
    there = {name: str(place.relative_to(inputs)) for name, place in found.items()}
    assert there == {
        "VIPL-HR-V2": "competitions/repss/VIPL-HR-V2",
        "UBFC-rPPG": "datasets/a/ubfc-rppg/UBFC_rPPG",
        "PURE": "pure",
    }
    assert set(find(tmp_path / "data")) == {"vipl_hr_v2", "ubfc_rppg", "pure"}
    assert (tmp_path / "data/PURE/01-01.json").exists()


def test_the_challenges_test_set_is_one_and_its_folders_are_none(tmp_path):
    inputs = made(
        tmp_path / "input",
        "c/test/VIPL_HR/1/video1.avi",
        "c/test/OBF/1/video1.avi",
        "c/sample_submission.csv",
        "other/test/images/1.png",
    )
    found = link_inputs(inputs, tmp_path / "data")
    assert found == {
        "test": inputs / "c/test",
        "sample_submission.csv": inputs / "c/sample_submission.csv",
    }


def test_a_dataset_that_is_there_twice_is_an_error_that_names_both(tmp_path):
    inputs = made(tmp_path / "input", "a/PURE/01-01.json", "b/pure/01-01.json")
    with pytest.raises(ValueError, match=r"PURE is found twice, in .*a/PURE and .*b/pure"):
        link_inputs(inputs, tmp_path / "data")


def test_only_what_is_asked_for_is_linked_and_old_links_go(tmp_path):
    inputs = made(tmp_path / "input", "PURE/01-01.json", "UBFC-rPPG/DATASET_2/subject1/vid.avi")
    link_inputs(inputs, tmp_path / "data")
    assert list(link_inputs(inputs, tmp_path / "data", ["PURE"])) == ["PURE"]
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["PURE"]


def test_what_is_asked_for_and_missing_is_an_error(tmp_path):
    inputs = made(tmp_path / "input", "PURE/01-01.json")
    with pytest.raises(FileNotFoundError, match="has no DISFA, found PURE"):
        link_inputs(inputs, tmp_path / "data", ["DISFA"])
    with pytest.raises(FileNotFoundError, match="is no folder"):
        link_inputs(tmp_path / "nothing", tmp_path / "data")
