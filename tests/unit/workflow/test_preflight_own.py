"""What the profile `own`, or a dataset alone, needs of a folder: labels, a split, enough people."""

import shutil
from dataclasses import replace

import pytest
from helpers.reader_files import put
from typer.testing import CliRunner

from rppg.cli import app
from rppg.preprocessing.inventory import read_below
from rppg.workflow.preflight import check_data, fitting_profile
from rppg.workflow.profiles import load_profile


def said_of(root):
    """Mark -> its texts."""
    recordings, errors = read_below(root)
    profile, said = load_profile(fitting_profile(recordings), root), {}
    for mark, text in check_data(root, recordings, errors, profile):
        said.setdefault(mark, []).append(text)
    return said


@pytest.fixture
def own(tmp_path):
    """Two videos of each of five people, with labels; no video can be opened."""
    root = tmp_path / "own"
    rows = [
        f"{name}/{k}.mp4,{60 + k}" for name in ("ann", "bob", "cy", "di", "eve") for k in (1, 2)
    ]
    for row in rows:
        put(root / row.split(",")[0])
    put(root / "labels.csv", "\n".join(["path,hr_bpm", *rows]))
    return root


def test_own_videos_are_split_and_the_next_command_runs_them(own):
    said = said_of(own)
    assert list(said) == ["found"]
    videos, test = said["found"]
    assert videos.startswith("own videos: 10 recordings of 5 subjects, 10 labelled; no BVPs: ")
    assert "train 3 subjects (" in videos and "test 1 subject (" in videos
    assert test.startswith("2 of 2 test recordings are labelled")
    result = CliRunner().invoke(app, ["check-data", str(own)])
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == f"next: rppg run --profile own --data {own}"
    assert "VIPL-HR-V2" not in result.stdout


def test_a_second_table_of_labels_is_named(own):
    put(own / "ann" / "labels.csv", "path,hr_bpm\n1.mp4,60\n")
    text = f"own videos: not read: ann/labels.csv; expected one labels.csv, in {own}"
    assert said_of(own)["unused"] == [text]
    (own / "labels.csv").unlink()
    assert text in said_of(own)["look"]


def test_own_videos_of_two_people_or_without_labels_are_not_enough(own):
    (own / "labels.csv").unlink()
    unlabelled = said_of(own)
    assert unlabelled["stop"][0].startswith("own videos: 0 labelled subjects found")
    assert "labels.csv" in unlabelled["stop"][0]
    for name in ("cy", "di", "eve"):
        shutil.rmtree(own / name)
    stops = said_of(own)["stop"]
    assert any("found 2 subjects (" in text and "expected three or more" in text for text in stops)


def test_own_videos_whose_dev_subject_has_no_label_cannot_be_validated(own):
    (dev,) = [
        name
        for name in ("ann", "bob", "cy", "di", "eve")
        if f"dev 1 subject ({name})" in said_of(own)["found"][0]
    ]
    kept = [row for row in (own / "labels.csv").read_text().splitlines() if not row.startswith(dev)]
    put(own / "labels.csv", "\n".join(kept))
    (text,) = said_of(own)["stop"]
    assert text.startswith("own videos: no recording in fold dev is labelled")


def test_a_labels_file_that_cannot_be_read_is_the_only_stop(own):
    put(own / "labels.csv", "name,rate\nnobody/1.mp4,60\n")
    (stop,) = said_of(own)["stop"]
    assert stop.startswith(f"own videos: this folder cannot be read: {own / 'labels.csv'} has")
    assert stop.endswith("(or path,subject): fix it, or move it away")


def test_a_published_dataset_alone_needs_a_split_with_dev(tmp_path):
    root = tmp_path / "UBFC-rPPG"
    for number in range(1, 6):
        put(root / "DATASET_2" / f"subject{number}" / "vid.avi")
        put(
            root / "DATASET_2" / f"subject{number}" / "ground_truth.txt",
            "1 2 1\n80 80 80\n0 0.03 0.07\n",
        )
    profile = load_profile("own", root)
    names = {"datasets": ["UBFC-rPPG"], "labelled": ["UBFC-rPPG"], "validation": "UBFC-rPPG"}
    runs = {
        name: replace(
            run,
            parameters=run.parameters
            | {k: v for k, v in names.items() if k in run.parameters}
            | {"batch_size": 2},
        )
        for name, run in profile.runs.items()
    }
    profile = replace(profile, runs=runs)
    stops = [c.text for c in check_data(root, *read_below(root), profile) if c.mark == "stop"]
    assert any("dev is needed to validate on" in text for text in stops)
    given = {"01_preprocess": {"protocols": {"UBFC-rPPG": "train_dev_test"}}}
    checks = check_data(root, *read_below(root), replace(profile, notebooks=given))
    assert not [check for check in checks if check.mark == "stop"]
