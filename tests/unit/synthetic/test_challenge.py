"""The synthetic benchmark on disk: layouts for the readers, reproducible bytes, resuming."""

import csv
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from rppg.datasets.readers import read
from rppg.preprocessing.video import probe, read_frames
from rppg.synthetic import ChallengeConfig, write_challenge
from rppg.synthetic.challenge import plan
from rppg.synthetic.config import FIRST_NUMBER

MAIN = ("ubfc", "train", "test_vipl", "test_obf")
NO_OTHERS = {f"n_{name}": 0 for name in FIRST_NUMBER if name not in MAIN}
CONFIG = ChallengeConfig(
    n_ubfc=2, n_train=1, n_test_vipl=1, n_test_obf=1, seconds=3.0, ubfc_seconds=3.0, **NO_OTHERS
)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("challenge") / "data"
    return write_challenge(folder, CONFIG, workers=1, progress=False)


@pytest.fixture(scope="module")
def truth(root):
    return {row["id"]: row for row in table(root / "truth.csv")}


def table(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def tree(root):
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


@pytest.mark.slow
def test_readers_read_every_layout(root, truth):
    recordings = [
        *read("ubfc_rppg", root / "UBFC-rPPG"),
        *read("vipl_hr_v2", root / "VIPL-HR-V2"),
        *read("challenge_test", root / "test"),
    ]
    assert {r.id for r in recordings} == set(truth)
    assert {r.origin for r in recordings} == {"synthetic"}
    assert not any(r.problem or r.notes for r in recordings)
    for recording in recordings:
        row = truth[recording.id]
        assert recording.split == row["split"]
        if recording.split == "test":
            assert recording.true_hr_bpm() is None and recording.fps is None
        else:
            assert recording.true_hr_bpm() == pytest.approx(float(row["hr_bpm"]), abs=3)


@pytest.mark.slow
def test_frame_rates_are_stored_as_in_each_dataset(root, truth):
    train = read("vipl_hr_v2", root / "VIPL-HR-V2")[0]
    assert train.fps == pytest.approx(float(truth[train.id]["fps"]), abs=0.01)
    assert 17 <= train.fps <= 27
    assert probe(train.frames).fps == pytest.approx(30.0)  # the container is wrong, as in life
    for test in read("challenge_test", root / "test"):
        assert probe(test.frames).fps == pytest.approx(float(truth[test.id]["fps"]), abs=0.01)
    stamped = read("ubfc_rppg", root / "UBFC-rPPG")[1]
    assert stamped.fps_source == "stamps"
    assert len(stamped.times_s) == sum(1 for _ in read_frames(stamped.frames))


def test_gt_csv_keeps_the_stray_blanks(root):
    lines = (root / "VIPL-HR-V2/train/1001/gt.csv").read_text().split("\n")
    assert lines[0] == "  ,video1, video2"
    assert lines[1].startswith("Heart rate ,") and lines[2].startswith("fps_mean ,")
    assert all(cell.strip().endswith("00000") for cell in lines[1].split(",")[1:])


def test_solution_lies_outside_the_test_tree(root, truth):
    assert {p.suffix for p in (root / "test").rglob("*") if p.is_file()} == {".avi"}
    solution = table(root / "solution.csv")
    sample = table(root / "sample_submission.csv")
    assert [row["ids"] for row in sample] == [row["ids"] for row in solution]
    assert {row["ids"] for row in solution} == {k for k, v in truth.items() if v["split"] == "test"}
    assert {row["Usage"] for row in solution} == {"public", "private"}
    for row in solution:
        assert float(row["HR"]) == pytest.approx(float(truth[row["ids"]]["hr_bpm"]), abs=0.001)


def test_no_person_is_in_two_datasets():
    counts = {f"n_{name}": 10 for name in FIRST_NUMBER}
    clips = plan(ChallengeConfig(**counts, clips_per_subject=3))
    datasets = {}
    for clip in clips:
        part = clip.id.split("/")[0] if clip.layout == "challenge_test" else clip.layout
        datasets.setdefault(clip.subject, set()).add(part)
    assert all(len(where) == 1 for where in datasets.values())
    main = [s for s, where in datasets.items() if where <= {"ubfc_rppg", "vipl_hr_v2"}]
    assert len(main) == 20
    train, test = ({c.subject for c in clips if c.split == split} for split in ("train", "test"))
    assert train and test and not train & test
    assert len({clip.id for clip in clips}) == len({clip.path for clip in clips}) == len(clips)


def test_same_parameters_return_at_once(root):
    before = {p: p.stat().st_mtime_ns for p in root.rglob("*")}
    assert write_challenge(root, CONFIG, progress=False) == root
    assert {p: p.stat().st_mtime_ns for p in root.rglob("*")} == before


def test_other_parameters_and_other_content_are_refused(root, tmp_path):
    with pytest.raises(ValueError, match="seed is 0, requested 1"):
        write_challenge(root, replace(CONFIG, seed=1), progress=False)
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="choose another folder"):
        write_challenge(tmp_path, CONFIG, progress=False)


@pytest.mark.parametrize(
    ("text", "found"), [("[]", "a list"), ("null", "null"), ("{", "is no JSON"), ("3", "a number")]
)
def test_damaged_parameters_are_an_error_that_says_so(text, found, tmp_path):
    (tmp_path / "challenge.json").write_text(text)
    for replaces in (False, True):
        with pytest.raises(ValueError, match=f"challenge.json .*{found}.*expected the object"):
            write_challenge(tmp_path, CONFIG, progress=False, replace=replaces)


@pytest.mark.parametrize(
    "change",
    [{"level": "brutal"}, {"width": 322}, {"seconds": 1.0}, {"n_train": -1}, {"height": 100}]
    + [{"pulse_amplitude_scale": -1.0}, {"clips_per_subject": 0}],
)
def test_impossible_parameters(change):
    with pytest.raises(ValueError, match="expected"):
        replace(CONFIG, **change)


@pytest.mark.slow
def test_null_control_changes_videos_and_nothing_else(root, tmp_path):
    null = write_challenge(
        tmp_path / "null", replace(CONFIG, pulse_amplitude_scale=0.0), workers=1, progress=False
    )
    with_pulse, without = tree(root), tree(null)
    differ = {path for path in with_pulse if with_pulse[path] != without[path]}
    assert differ == {p for p in with_pulse if p.endswith(".avi")} | {"challenge.json"}


@pytest.mark.slow
def test_a_killed_run_resumes_with_another_number_of_workers(root, tmp_path):
    """Same bytes from one uninterrupted worker and from two workers, killed and resumed."""
    folder = tmp_path / "again"
    code = (
        "import sys; from rppg.synthetic import ChallengeConfig, write_challenge\n"
        f"if __name__ == '__main__':\n    write_challenge(sys.argv[1], {CONFIG!r}, progress=False)"
    )
    script = tmp_path / "write.py"
    script.write_text(code)
    command = [sys.executable, str(script), str(folder)]
    run = subprocess.Popen(command, start_new_session=True, cwd=Path(__file__).parents[3])
    deadline = time.monotonic() + 60
    while not any(folder.rglob("*.avi")) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    assert not (folder / "truth.csv").exists(), "it ended before it could be killed"
    whole = [p for p in folder.rglob("*.avi") if not p.name.startswith(".tmp-")]
    stamps = {p: p.stat().st_mtime_ns for p in whole}
    write_challenge(folder, CONFIG, workers=1, progress=False)
    assert {p: p.stat().st_mtime_ns for p in whole} == stamps  # complete videos are kept
    assert tree(folder) == tree(root)


def test_a_folder_that_is_no_benchmark_is_never_removed(tmp_path):
    (tmp_path / "challenge.json").write_text("{}")
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="was not written by rppg challenge"):
        write_challenge(tmp_path, ChallengeConfig(), replace=True)
    assert (tmp_path / "notes.txt").read_text() == "mine"
