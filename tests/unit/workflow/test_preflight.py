"""What a profile needs of a folder, found or missing, and advice on folders of other names."""

import os
import shutil

import pytest
from helpers.reader_files import put
from typer.testing import CliRunner

from rppg.cli import app
from rppg.preprocessing.inventory import read_below
from rppg.workflow.preflight import check_data, fitting_profile, format_checks
from rppg.workflow.profiles import load_profile

GT = ",video1\nHeart rate,70.0\nfps_mean,25.0\n"
TEST_IDS = ["VIPL_HR/1/video1.avi", "VIPL_HR/2/video1.avi", "OBF/1/video1.avi"]


@pytest.fixture
def data(tmp_path):
    """Everything that the profile needs, as small as it can be; no video can be opened."""
    root = tmp_path / "DATA"
    for subject in "123456":
        put(root / "VIPL-HR-V2" / "train" / subject / "video1.mp4.avi")
        put(root / "VIPL-HR-V2" / "train" / subject / "gt.csv", GT)
    for subject in "1234":
        put(root / "UBFC-rPPG" / "DATASET_2" / f"subject{subject}" / "vid.avi")
    put(root / "PURE" / "01-01" / "Image1392643993642815000.png")
    put(root / "MMSE-HR" / "T10_T11_30Subjects" / "F005" / "T10" / "1.jpg")
    put(root / "DISFA" / "Videos_LeftCamera" / "LeftVideoSN001_comp.avi")
    for id in TEST_IDS:
        put(root / "test" / id)
    put(root / "sample_submission.csv", "\n".join(["ids,HR", *(f"{id},0" for id in TEST_IDS)]))
    put(root / "solution.csv", "\n".join(["ids,HR", *(f"{id},70" for id in TEST_IDS)]))
    return root


def checked(root, profile=None):
    recordings, errors = read_below(root)
    name = profile or fitting_profile(recordings)
    return check_data(root, recordings, errors, load_profile(name, root))


def said_of(root, profile=None):
    """Mark -> its texts."""
    said = {}
    for mark, text in checked(root, profile):
        said.setdefault(mark, []).append(text)
    return said


def test_with_everything_in_place_the_next_command_is_the_run(data):
    said = said_of(data)
    assert list(said) == ["found"]
    rates = "no BVPs: fine-tuning by the heart rates alone (the rate loss)"
    found = f"VIPL-HR-V2: 6 labelled recordings of 6 training subjects; {rates}"
    assert found in said["found"]
    assert "test: 3 videos (OBF 1, VIPL_HR 2)" in said["found"]
    assert "sample_submission.csv: 3 ids, 3 with a video" in said["found"]
    text = format_checks("my data", checked(data), "paper")
    assert text.splitlines()[-1] == "next: rppg run --profile paper --data 'my data'"


@pytest.mark.parametrize(
    "gone, says",
    [
        ("PURE", "PURE: not found: pre-training runs without it"),
        ("DISFA", "DISFA: not found: pre-training of contrast_phys/pretrain"),
        ("sample_submission.csv", "sample_submission.csv: not found: the header is ids,HR, and"),
        ("solution.csv", "solution.csv: not found: a submission is made, but not scored"),
    ],
)
def test_what_a_run_can_do_without_is_missing_and_no_more(data, gone, says):
    shutil.rmtree(data / gone) if (data / gone).is_dir() else (data / gone).unlink()
    said = said_of(data)
    assert "stop" not in said and len(said["missing"]) == 1
    assert said["missing"][0].startswith(says)


@pytest.mark.parametrize("gone", ["VIPL-HR-V2", "test"])
def test_what_a_run_cannot_do_without_stops_it(data, gone):
    shutil.rmtree(data / gone)
    checks = checked(data)
    assert any(check.mark == "stop" and check.text.startswith(gone) for check in checks)
    last = format_checks(data, checks, "paper").splitlines()[-1]
    assert last == f"next: fix what says stop, then rppg check-data {data} --profile paper"


def test_one_labelled_subject_cannot_both_train_and_validate(data):
    for subject in "23456":
        shutil.rmtree(data / "VIPL-HR-V2" / "train" / subject)
    assert said_of(data)["stop"][0].startswith("VIPL-HR-V2: 1 labelled training subjects found")


def test_a_run_needs_as_many_recordings_as_a_batch_has(data):
    for name in ("PURE", "MMSE-HR"):
        shutil.rmtree(data / name)
    assert "stop" not in said_of(data)
    shutil.rmtree(data / "UBFC-rPPG")
    stops = said_of(data)["stop"]
    assert (
        "st_transformer/pretrain: 0 recordings of UBFC-rPPG, PURE, MMSE-HR to train on" in stops[0]
    )
    assert all("to train on, at least" in text for text in stops)


def test_a_dataset_that_cannot_be_read_stops_the_run(data):
    shutil.rmtree(data / "PURE" / "01-01")
    put(data / "PURE" / "01-01.zip")
    said = said_of(data)
    (stop,) = said["stop"]
    assert stop.startswith(f"PURE: this folder cannot be read: {data / 'PURE'} holds no recordings")
    assert stop.endswith("fix it, or move it away") and "\n" not in stop
    assert said["look"] == [
        "PURE has archives that seem not to be extracted: 01-01.zip: only folders are read"
    ]


def test_an_archive_next_to_its_folder_is_not_mentioned(data):
    put(data / "PURE" / "01-01.zip")
    put(data / "UBFC-rPPG.tar.gz")
    assert "look" not in said_of(data)


def test_an_id_without_video_is_mentioned_and_a_video_without_id_stops(data):
    (data / "solution.csv").unlink()
    put(data / "sample_submission.csv", f"ids,HR\n{TEST_IDS[0]},0\nVIPL_HR/9/video1.avi,0\n")
    said = said_of(data)
    assert said["look"][0].startswith("1 ids of the sample have no video: VIPL_HR/9/video1.avi:")
    assert said["stop"][0].startswith(
        "2 test videos are not in the sample: OBF/1/video1.avi, VIPL_HR/2/video1.avi:"
    )


def test_files_that_no_later_stage_could_read_stop_the_run(data):
    put(data / "sample_submission.csv", "ids,HR,more\na,0,0\n")
    put(data / "solution.csv", f"ids,HR\n{TEST_IDS[0]},seventy\n")
    sample, solution = said_of(data)["stop"]
    assert "sample_submission.csv: expected two columns" in sample
    assert "solution.csv: 1 heart rates that are no finite number" in solution


def test_a_solution_of_other_videos_stops_the_run(data):
    put(data / "solution.csv", f"ids,HR\n{TEST_IDS[0]},70\n")
    (text,) = said_of(data)["stop"]
    assert text.startswith("solution.csv: 2 ids are in it and not submitted, or the reverse")


@pytest.mark.parametrize("name", ["sample_submission.csv", "solution.csv"])
@pytest.mark.parametrize("kind", ["folder", "pipe", "link"])
def test_what_is_no_file_in_their_place_stops_the_run(data, name, kind):
    (data / name).unlink()
    make = {"folder": os.mkdir, "pipe": os.mkfifo, "link": lambda path: path.symlink_to("gone")}
    make[kind](data / name)
    (text,) = said_of(data)["stop"]
    assert text.startswith(f"{name} is {'a link to nothing' if kind == 'link' else 'no file'}")


def test_a_sample_of_another_name_is_pointed_at(data):
    (data / "sample_submission.csv").rename(data / "test" / "SampleSubmission.csv")
    (text,) = said_of(data)["missing"]
    assert "not found, but test/SampleSubmission.csv is: copy or link it to" in text


@pytest.mark.parametrize(
    "now, says",
    [
        ("UBFC2", "UBFC2 is spelled almost like UBFC-rPPG: rename it if it is that dataset"),
        ("ubfc_dataset", "ubfc_dataset is spelled almost like UBFC-rPPG: rename it"),
        ("UBFC-rPGG", "UBFC-rPGG is spelled almost like UBFC-rPPG: rename it"),
        ("x/UBFC_rPPG", "x holds UBFC_rPPG: move or link that into"),
    ],
)
def test_a_dataset_in_another_place_or_misspelled_is_recognised(data, now, says):
    (data / "UBFC-rPPG").rename(data / "moved")
    (data / now).parent.mkdir(parents=True, exist_ok=True)
    (data / "moved").rename(data / now)
    (text,) = said_of(data)["look"]
    assert text.startswith(says)


def test_a_folder_of_another_kind_is_not_read(data):
    put(data / "SCAMPS" / "P000001.mat")
    assert said_of(data)["unused"] == ["not read: SCAMPS"]


def test_real_and_synthetic_recordings_do_not_mix(data):
    put(data / "PURE" / "SYNTHETIC.txt", "made")
    (text,) = said_of(data)["stop"]
    assert "others are real: take one kind" in text
    put(data / "SYNTHETIC.txt", "made")
    assert said_of(data)["found"][-1].startswith("all recordings are synthetic")


def test_the_command_ends_with_the_verdict_and_its_status(tmp_path):
    put(tmp_path / "UBFC2" / "subject1" / "vid.avi")
    result = CliRunner().invoke(app, ["check-data", str(tmp_path), "--profile", "smoke"])
    assert result.exit_code == 1
    assert "UBFC2 is spelled almost like UBFC-rPPG" in result.stdout
    assert result.stdout.splitlines()[-1] == (
        f"next: fix what says stop, then rppg check-data {tmp_path} --profile smoke"
    )


@pytest.mark.parametrize("name", ["Pure_dataset", "PURE-database", "pure data", "PureDataset"])
def test_a_folder_that_is_all_there_is_gets_a_hint(tmp_path, name):
    put(tmp_path / name / "01-01" / "Image1.png")
    result = CliRunner().invoke(app, ["check-data", str(tmp_path)])
    assert f"look    {name} is spelled almost like PURE: rename it" in result.stdout
    assert "next: fix what says stop, then rppg check-data" in result.stdout


@pytest.mark.slow
def test_a_run_on_real_data_is_refused_before_anything_is_prepared(tmp_path):
    put(tmp_path / "UBFC2" / "subject1" / "vid.avi")
    for more in ([], ["-n"]):
        command = ["run", "--profile", "smoke", "--data", str(tmp_path), *more]
        result = CliRunner().invoke(app, command)
        assert isinstance(result.exception, ValueError)
        assert "VIPL-HR-V2: 0 labelled training subjects found" in str(result.exception)
        assert "rppg check-data" in str(result.exception)
