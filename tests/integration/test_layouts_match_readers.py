"""Synthetic copies of all datasets: the readers find the planned recordings in them."""

import csv
from dataclasses import replace

import cv2
import numpy as np
import pytest

from rppg.datasets.readers import FOLDERS, PUBLISHED, find, read
from rppg.preprocessing.video import read_frames
from rppg.synthetic import ChallengeConfig, write_challenge
from rppg.synthetic.challenge import plan
from rppg.synthetic.image_writer import BAYER, mosaic, write_images
from rppg.synthetic.layouts import DATASETS

CONFIG = ChallengeConfig(
    n_ubfc=3,
    n_train=1,
    n_test_vipl=1,
    n_test_obf=1,
    clips_per_subject=1,
    seconds=3.0,
    ubfc_seconds=3.0,
    other_seconds=3.0,
    width=240,
    height=180,
)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("layouts") / "data"
    return write_challenge(folder, CONFIG, workers=2, progress=False)


def test_every_dataset_with_a_reader_has_a_synthetic_copy():
    assert {*DATASETS} == {*FOLDERS}
    assert {layout: dataset.FOLDER for layout, dataset in DATASETS.items()} == FOLDERS


@pytest.mark.slow
@pytest.mark.parametrize("layout", DATASETS)
def test_readers_find_what_was_planned(root, layout):
    planned = {clip.id: clip for clip in plan(CONFIG) if clip.layout == layout}
    recordings = read(layout, find(root)[layout])
    assert planned and {recording.id for recording in recordings} == {*planned}
    assert {recording.origin for recording in recordings} == {"synthetic"}
    with open(root / "truth.csv", newline="") as file:
        truth = {row["id"]: row for row in csv.DictReader(file)}
    for recording in recordings:
        assert recording.split == truth[recording.id]["split"]
        true_hr_bpm = recording.true_hr_bpm()
        if true_hr_bpm is not None and not recording.known_bad:
            assert true_hr_bpm == pytest.approx(float(truth[recording.id]["hr_bpm"]), abs=4)


@pytest.mark.parametrize("layout", [layout for layout in DATASETS if layout in PUBLISHED])
def test_synthetic_subjects_have_names_of_the_real_dataset(root, layout):
    if PUBLISHED[layout].names:
        subjects = {recording.subject for recording in read(layout, find(root)[layout])}
        assert subjects <= {*PUBLISHED[layout].names}


def test_images_are_written_atomically_and_a_mosaic_keeps_the_colours(tmp_path):
    colours = np.zeros((8, 8, 3), np.uint8) + np.array([180, 90, 30], np.uint8)
    folder = write_images(tmp_path / "raw", "bayer", ["a.png", "b.png"], [colours, colours])
    assert sorted(path.name for path in folder.iterdir()) == ["a.png", "b.png"]
    raw = cv2.imread(str(folder / "a.png"), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(raw, mosaic(colours)) and raw.shape == (8, 8)
    for rgb, _ in read_frames(sorted(folder.iterdir()), BAYER):
        assert np.abs(rgb[2:-2, 2:-2].astype(int) - colours[2:-2, 2:-2]).max() <= 1
    with pytest.raises(ValueError, match="shorter"):
        write_images(tmp_path / "few", "png", ["a.png", "b.png"], [colours])
    assert not (tmp_path / "few").exists()


def test_contact_ppg_of_the_training_set_is_found(tmp_path):
    names = ("ubfc", "test_vipl", "test_obf", "pure", "mmse_hr", "disfa", "obf", "cohface")
    names += ("mr_nirp_car", "vipl_hr", "ubfc_phys", "ecg_fitness")
    config = replace(CONFIG, **{f"n_{name}": 0 for name in names})
    folder = write_challenge(tmp_path / "data", config, workers=1, progress=False) / "VIPL-HR-V2"
    (clip,) = read("vipl_hr_v2", folder)
    (planned,) = plan(config)
    times_s = np.arange(5, 175) / 60
    assert clip.bvp.at(times_s) == pytest.approx(planned.pulse(config).wave(times_s), abs=1e-3)
