"""What the studies of Gideon & Stent need: datasets that are split into folds of their own."""

import shutil
from dataclasses import replace

import pytest
from helpers.label_files import LAYOUTS_WITH_LABELS as LAYOUTS
from helpers.reader_files import put

from rppg.preprocessing.inventory import read_below
from rppg.workflow.preflight import check_data, refuse_data
from rppg.workflow.profiles import load_profile

FOLDERS = {"UBFC-rPPG": "ubfc_rppg 2", "PURE": "pure", "COHFACE": "cohface"}
FOLDERS |= {"MR-NIRP-Car": "mr_nirp_car"}
STILL, SMALL = "subject{}_garage_still_940", "subject{}_garage_small_motion_940"


@pytest.fixture(scope="module")
def paper():
    """The profile, which has hundreds of runs."""
    return load_profile("gideon2021_paper")


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """Nine labelled subjects of each of the four datasets; COHFACE's own lists of its folds."""
    root = tmp_path_factory.mktemp("studies") / "DATA"
    for number in range(1, 10):
        for folder, layout in FOLDERS.items():
            LAYOUTS[layout].write(root / folder, number)
        folder = root / "MR-NIRP-Car" / f"Subject{number}"
        (folder / STILL.format(number)).rename(folder / SMALL.format(number))
    for word, numbers in {"train": range(1, 6), "dev": (6, 7), "test": (8, 9)}.items():
        lines = "".join(f"{number}/0/data\n" for number in numbers)
        put(root / "COHFACE" / "protocols" / "all" / f"{word}.txt", lines)
    return root


@pytest.fixture
def data(full, tmp_path):
    """Links to the datasets, which a test may take away."""
    for folder in FOLDERS:
        (tmp_path / folder).symlink_to(full / folder)
    return tmp_path


def said_of(root, profile):
    """Mark -> its texts."""
    said = {}
    for mark, text in check_data(root, *read_below(root), profile):
        said.setdefault(mark, []).append(text)
    return said


def test_all_that_a_study_trains_on_is_found_with_its_bvps(data, paper):
    said = said_of(data, paper)
    assert list(said) == ["found"], said
    order = [text.split(":")[0] for text in said["found"]]
    assert order == ["PURE", "COHFACE", "UBFC-rPPG", "MR-NIRP-Car"]
    by_waves = "9 with a BVP: training by BVPs (the losses of the paper)"
    assert all(by_waves in text for text in said["found"])
    assert "train 5 subjects, dev 2 subjects (6, 7), test 2 subjects (8, 9)" in said["found"][1]


def test_a_study_with_all_its_datasets_is_not_refused(data, paper):
    refuse_data(replace(paper, data=str(data)), "--data")


@pytest.mark.parametrize("gone", FOLDERS)
def test_a_missing_dataset_stops_the_study_that_trains_on_it(data, paper, gone):
    (data / gone).unlink()
    stops = said_of(data, paper)["stop"]
    assert any(f" recordings of {gone}" in text and "to train on" in text for text in stops)
    assert all(gone in text for text in stops)


def test_a_study_is_not_run_without_a_dataset_that_it_needs(data, paper):
    (data / "COHFACE").unlink()
    with pytest.raises(ValueError, match="/supervised/seed1 and 67 more: 0 labelled recordings of"):
        refuse_data(replace(paper, data=str(data)), "--data")


def test_a_study_that_trains_on_several_datasets_together_runs_without_one(data):
    (data / "COHFACE").unlink()
    said = said_of(data, load_profile("gideon2021"))
    assert "stop" not in said
    assert said["missing"] == ["COHFACE: not found: training runs without it"]


def test_recordings_that_a_protocol_leaves_out_are_not_counted(data, full, paper):
    (data / "MR-NIRP-Car").unlink()
    one = data / "MR-NIRP-Car" / "Subject1"
    shutil.copytree(full / "MR-NIRP-Car" / "Subject1", one)
    (one / SMALL.format(1)).rename(one / STILL.format(1))
    text = "0 recordings of MR-NIRP-Car (garage_small_motion) to train on"
    assert any(text in stop for stop in said_of(data, paper)["stop"])


def test_fewer_subjects_than_folds_stop_a_study(data, full, paper):
    (data / "UBFC-rPPG").unlink()
    for number in range(1, 5):
        folder = f"UBFC-rPPG/DATASET_2/subject{number}"
        shutil.copytree(full / folder, data / folder)
    text = "recordings of 4 subjects of UBFC-rPPG, at least 5 are needed (its n_folds)"
    assert any(text in stop for stop in said_of(data, paper)["stop"])


def test_published_folds_must_have_a_part_to_validate_on(data, paper):
    given = {"01_preprocess": {"protocols": {"PURE": "seeded"}}}
    stops = said_of(data, replace(paper, notebooks=given))["stop"]
    assert any(text.startswith("PURE: its folds are 0, 1, 2, 3, 4, and dev") for text in stops)


def test_what_a_study_does_not_test_on_is_not_asked_for(data, paper):
    put(data / "test" / "OBF" / "1" / "video1.avi")
    put(data / "sample_submission.csv", "no table")
    assert "stop" not in said_of(data, paper)
