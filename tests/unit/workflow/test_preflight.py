"""What the road needs, found or missing, and advice on what lies there under another name."""

import shutil
from ast import literal_eval

import pytest
from helpers.reader_files import put
from typer.testing import CliRunner

from rppg.cli import app
from rppg.datasets.readers import FOLDERS
from rppg.preprocessing.inventory import read_below
from rppg.utils.paths import project_dir
from rppg.workflow.notebook import notebook_parameters
from rppg.workflow.preflight import FACES, LABELLED, MORE_FACES, check_road, format_road

GT = ",video1\nHeart rate,70.0\nfps_mean,25.0\n"
TEST_IDS = ["VIPL_HR/1/video1.avi", "VIPL_HR/2/video1.avi", "OBF/1/video1.avi"]


@pytest.fixture
def data(tmp_path):
    """Everything that the road needs, as small as it can be; no video can be opened."""
    root = tmp_path / "DATA"
    for subject in "12":
        put(root / "VIPL-HR-V2" / "train" / subject / "video1.mp4.avi")
        put(root / "VIPL-HR-V2" / "train" / subject / "gt.csv", GT)
    put(root / "UBFC-rPPG" / "DATASET_2" / "subject1" / "vid.avi")
    put(root / "PURE" / "01-01" / "Image1392643993642815000.png")
    put(root / "MMSE-HR" / "T10_T11_30Subjects" / "F005" / "T10" / "1.jpg")
    put(root / "DISFA" / "Videos_LeftCamera" / "LeftVideoSN001_comp.avi")
    for id in TEST_IDS:
        put(root / "test" / id)
    put(root / "sample_submission.csv", "\n".join(["ids,HR", *(f"{id},0" for id in TEST_IDS)]))
    put(root / "solution.csv", "\n".join(["ids,HR", *(f"{id},70" for id in TEST_IDS)]))
    return root


def facts(root):
    """Mark -> its texts."""
    found = {}
    for mark, text in check_road(root, *read_below(root)):
        found.setdefault(mark, []).append(text)
    return found


def test_with_everything_in_place_the_next_command_is_the_run(data):
    said = facts(data)
    assert list(said) == ["found"]
    assert "VIPL-HR-V2: 2 labelled recordings of 2 training subjects" in said["found"]
    assert "test: 3 videos (OBF 1, VIPL_HR 2)" in said["found"]
    assert "sample_submission.csv: 3 ids, 3 with a video" in said["found"]
    text = format_road("my data", check_road(data, *read_below(data)))
    assert text.splitlines()[-1] == "next: rppg run --profile paper --data 'my data'"


@pytest.mark.parametrize(
    "gone, says",
    [
        ("PURE", "PURE: not found: the pre-training goes on without it"),
        ("DISFA", "DISFA: not found: the pre-training of Contrast-Phys+ goes on without it"),
        ("sample_submission.csv", "sample_submission.csv: not found: the header is ids,HR, and"),
        ("solution.csv", "solution.csv: not found: a submission is made, but not scored"),
    ],
)
def test_what_the_road_can_do_without_is_missing_and_no_more(data, gone, says):
    shutil.rmtree(data / gone) if (data / gone).is_dir() else (data / gone).unlink()
    said = facts(data)
    assert "stop" not in said and len(said["missing"]) == 1
    assert said["missing"][0].startswith(says)


@pytest.mark.parametrize("gone", ["VIPL-HR-V2", "VIPL-HR-V2/train/2", "test"])
def test_what_the_road_cannot_do_without_stops_it(data, gone):
    shutil.rmtree(data / gone)
    road = check_road(data, *read_below(data))
    assert any(mark == "stop" and text.startswith(gone.split("/")[0]) for mark, text in road)
    assert format_road(data, road).splitlines()[-1].startswith("next: mend what says stop")


def test_one_set_of_faces_is_enough_and_disfa_alone_is_not(data):
    for name in ("PURE", "MMSE-HR"):
        shutil.rmtree(data / name)
    assert "stop" not in facts(data)
    shutil.rmtree(data / "UBFC-rPPG")
    (text,) = facts(data)["stop"]
    assert text == "nothing to pre-train on: one of UBFC-rPPG, PURE, MMSE-HR is needed"


def test_a_dataset_that_cannot_be_read_stops_the_road(data):
    shutil.rmtree(data / "PURE" / "01-01")
    put(data / "PURE" / "01-01.zip")
    said = facts(data)
    assert said["stop"] == [
        "PURE: this folder cannot be read, as said above: mend it, or move it away"
    ]
    assert said["look"] == [
        "PURE has archives that seem not to be extracted: 01-01.zip: only folders are read"
    ]


def test_an_archive_beside_its_folder_is_not_mentioned(data):
    put(data / "PURE" / "01-01.zip")
    put(data / "UBFC-rPPG.tar.gz")
    assert "look" not in facts(data)


def test_an_id_without_video_is_told_and_a_video_without_id_stops(data):
    (data / "solution.csv").unlink()
    put(data / "sample_submission.csv", f"ids,HR\n{TEST_IDS[0]},0\nVIPL_HR/9/video1.avi,0\n")
    said = facts(data)
    assert said["look"][0].startswith("1 ids of the sample have no video: VIPL_HR/9/video1.avi:")
    assert said["stop"][0].startswith(
        "2 test videos are not in the sample: OBF/1/video1.avi, VIPL_HR/2/video1.avi:"
    )


def test_files_that_no_later_stage_could_read_stop_the_road(data):
    put(data / "sample_submission.csv", "ids,HR,more\na,0,0\n")
    put(data / "solution.csv", f"ids,HR\n{TEST_IDS[0]},seventy\n")
    sample, solution = facts(data)["stop"]
    assert "sample_submission.csv: expected two columns" in sample
    assert "solution.csv: 1 heart rates that are no finite number" in solution


def test_a_solution_of_other_videos_stops_the_road(data):
    put(data / "solution.csv", f"ids,HR\n{TEST_IDS[0]},70\n")
    (text,) = facts(data)["stop"]
    assert text.startswith("solution.csv: 2 ids are in it and not handed in, or the reverse")


def test_a_sample_of_another_name_is_pointed_at(data):
    (data / "sample_submission.csv").rename(data / "test" / "SampleSubmission.csv")
    (text,) = facts(data)["missing"]
    assert "not found, but test/SampleSubmission.csv is: copy or link it to" in text


@pytest.mark.parametrize(
    "now, says",
    [
        ("UBFC2", "UBFC2 looks like UBFC-rPPG (1 recordings): rename it, or link it as"),
        ("x/y/UBFC-rPPG", "x/y holds UBFC-rPPG: move or link that into"),
        ("x/faces", "x/faces looks like UBFC-rPPG (1 recordings): move or link what it holds into"),
        ("UBFC-rPPG/UBFC-rPPG", "UBFC-rPPG/UBFC-rPPG looks like UBFC-rPPG (1 recordings): move"),
        ("VIPL-HR", "VIPL-HR looks like UBFC-rPPG (1 recordings): rename it, or link it as"),
    ],
)
def test_a_dataset_under_another_name_is_recognised(data, now, says):
    (data / "UBFC-rPPG").rename(data / "moved")
    (data / now).parent.mkdir(parents=True, exist_ok=True)
    (data / "moved").rename(data / now)
    (text,) = facts(data)["look"]
    assert text.startswith(says)


def test_folders_of_a_dataset_without_its_own_folder_are_recognised(data):
    (data / "UBFC-rPPG" / "DATASET_2").rename(data / "DATASET_2")
    (data / "UBFC-rPPG").rmdir()
    road = check_road(data, *read_below(data))
    (text,) = [text for mark, text in road if mark == "look"]
    assert text.startswith("UBFC-rPPG: its folders seem to lie in")
    assert format_road("DATA", road).splitlines()[-1] == (
        "next: see to what says look, then rppg run --profile paper --data DATA"
    )


def test_a_misspelled_folder_and_one_of_another_kind(data):
    put(data / "UBFC-rPGG" / "readme.txt")
    put(data / "SCAMPS" / "P000001.mat")
    said = facts(data)
    assert said["look"] == ["UBFC-rPGG is spelled almost like UBFC-rPPG, but holds nothing like it"]
    assert said["unused"] == ["not read: SCAMPS"]


def test_real_and_synthetic_recordings_do_not_mix(data):
    put(data / "PURE" / "SYNTHETIC.txt", "made")
    (text,) = facts(data)["stop"]
    assert "others are real: take one kind" in text
    put(data / "SYNTHETIC.txt", "made")
    assert facts(data)["found"][-1].startswith("all recordings are synthetic")


def test_the_command_ends_with_the_verdict_and_its_status(tmp_path):
    put(tmp_path / "UBFC2" / "subject1" / "vid.avi")
    result = CliRunner().invoke(app, ["check-data", str(tmp_path)])
    assert result.exit_code == 1
    assert "UBFC2 looks like UBFC-rPPG" in result.stdout
    assert result.stdout.splitlines()[-1] == (
        f"next: mend what says stop, then rppg check-data {tmp_path}"
    )


def test_what_is_needed_is_what_the_notebooks_read():
    folder = project_dir(__file__) / "notebooks"
    takes = {n: notebook_parameters(path) for n in "234" for path in folder.glob(f"0{n}_*.ipynb")}
    faces = [FOLDERS[layout] for layout in FACES]
    assert set(literal_eval(takes["2"]["datasets"])) == set(faces)
    assert set(literal_eval(takes["3"]["datasets"])) == {*faces, FOLDERS[MORE_FACES]}
    assert literal_eval(takes["4"]["labelled"]) == [FOLDERS[LABELLED]]
    assert literal_eval(takes["4"]["validation"]) == FOLDERS[LABELLED]


def test_a_run_on_real_data_is_refused_before_anything_is_prepared(tmp_path):
    put(tmp_path / "UBFC2" / "subject1" / "vid.avi")
    for more in ([], ["-n"]):
        command = ["run", "--profile", "smoke", "--data", str(tmp_path), *more]
        result = CliRunner().invoke(app, command)
        assert isinstance(result.exception, ValueError)
        assert "VIPL-HR-V2: 0 labelled training subjects found" in str(result.exception)
        assert "rppg check-data" in str(result.exception)
