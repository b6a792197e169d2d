"""Nothing trained is lost: runs that are moved aside, resumed, found again and linked to."""

import os
import shutil
import subprocess
import sys
from types import SimpleNamespace

import pytest
from helpers.workflow import PROFILE, Bench, with_run

from rppg.workflow import job
from rppg.workflow.records import STARTED, read_record, record_path
from rppg.workflow.run_folder import lock_run_dir

RECORD = record_path("toy", "cp_scratch")
FOLDER = "runs/toy/cp/scratch"


@pytest.fixture
def bench(tmp_path, monkeypatch):
    """A project whose profile "toy" has run."""
    bench = Bench(tmp_path, monkeypatch)
    bench.run(PROFILE)
    return bench


def scratch(seed: int):
    return with_run(PROFILE, "cp/scratch", model="contrast_phys", seed=seed)


def aside(bench) -> dict[str, bytes]:
    """Weights of runs that were moved aside, by folder."""
    paths = (bench.root / "runs/toy/previous/cp").rglob("model.safetensors")
    return {path.parent.name: path.read_bytes() for path in paths}


def test_a_run_of_other_parameters_is_moved_aside_and_said_so(bench, capsys):
    bench.write(f"{FOLDER}/model.safetensors", "trained for a week")
    bench.run(PROFILE, "cp/scratch", rerun="cp/scratch")
    (first,) = aside(bench)
    assert aside(bench)[first] == b"trained for a week" and first.startswith("scratch-")
    bench.run(scratch(1), "cp/scratch")
    assert len(aside(bench)) == 2
    told = capsys.readouterr().err
    assert (
        f"cp/scratch: another run was in its folder, which is now runs/toy/previous/cp/{first}"
        in told
    )


def test_two_reruns_of_one_fingerprint_are_both_kept(bench):
    for text in ("first", "second"):
        bench.write(f"{FOLDER}/notes.txt", text)
        bench.run(PROFILE, "cp/scratch", rerun="cp/scratch")
    notes = (bench.root / "runs/toy/previous/cp").rglob("notes.txt")
    assert sorted(path.read_text() for path in notes) == ["first", "second"]


def test_a_run_that_is_asked_for_again_is_found_again(bench):
    bench.run(scratch(1), "cp/scratch")
    (place,) = aside(bench)
    assert bench.reused(PROFILE)["cp/scratch"] == f"runs/toy/previous/cp/{place}"
    assert "cp/scratch" not in bench.run(PROFILE)
    assert os.readlink(bench.root / FOLDER) == f"../previous/cp/{place}"
    assert len(aside(bench)) == 2 and bench.why(PROFILE) == {}
    assert bench.run(scratch(2), "cp/scratch") == ["cp/scratch"]
    assert not (bench.root / FOLDER).is_symlink() and len(aside(bench)) == 2


def test_an_interrupted_run_of_the_same_fingerprint_resumes_in_its_folder(bench, monkeypatch):
    def interrupted(root, stage):
        bench.write(f"{FOLDER}/state.pt", "half way")
        return job.STOPPED

    with monkeypatch.context() as patch:
        patch.setattr(job, "_execute", interrupted)
        bench.run(scratch(1), "cp/scratch")
    assert read_record(bench.root / RECORD).status == STARTED
    assert bench.why(scratch(1), "cp/scratch") == {"cp/scratch": "was interrupted"}
    bench.run(scratch(1), "cp/scratch")
    assert (bench.root / FOLDER / "state.pt").read_text() == "half way"
    bench.run(scratch(2), "cp/scratch")
    assert not (bench.root / FOLDER / "state.pt").exists() and len(aside(bench)) == 2


def test_a_finished_run_that_only_misses_a_table_stays_in_its_folder(bench):
    (bench.root / FOLDER / "predictions.parquet").unlink()
    bench.write(f"{FOLDER}/state.pt", "kept")
    assert bench.run(PROFILE, "cp/scratch") == ["cp/scratch"]
    assert (bench.root / FOLDER / "state.pt").is_file() and aside(bench) == {}


def test_a_folder_without_a_record_is_made_again_and_kept(bench):
    (bench.root / RECORD).unlink()
    why = f"no record of how {FOLDER} was made"
    assert bench.why(PROFILE, "cp/scratch") == {"cp/scratch": why}
    bench.run(PROFILE, "cp/scratch")
    assert list(aside(bench)) == ["scratch-unknown"]


def test_links_of_other_profiles_follow_a_run_that_is_moved(bench):
    mine = with_run(PROFILE, "st/tune", label="mine", seed=3)
    bench.run(mine)
    bench.run(scratch(1), "cp/scratch")
    link = bench.root / "runs/mine/cp/scratch"
    (place,) = aside(bench)
    assert os.readlink(link) == f"../../toy/previous/cp/{place}"


def test_a_profile_that_makes_its_own_never_writes_through_a_link(bench):
    mine = with_run(PROFILE, "st/tune", label="mine", seed=3)
    bench.run(mine)
    before = (bench.root / FOLDER / "predictions.parquet").read_bytes()
    mine = with_run(mine, "cp/scratch", model="contrast_phys", seed=8)
    assert "cp/scratch" in bench.run(mine)
    assert (bench.root / FOLDER / "predictions.parquet").read_bytes() == before
    assert not (bench.root / "runs/mine/cp/scratch").is_symlink()


def test_own_prepared_recordings_are_not_replaced_by_a_link(bench):
    mine = with_run(PROFILE, "st/tune", label="mine", seed=3)
    bench.write("prepared/mine/own.npy", "own")
    assert "01_preprocess" in bench.why(mine)
    bench.run(mine)
    assert (bench.root / "prepared/mine/own.npy").is_file()


def test_a_stage_that_leaves_nothing_has_failed(bench, monkeypatch):
    shutil.rmtree(bench.root / FOLDER)
    monkeypatch.setattr(job, "_execute", lambda root, stage: 0)
    bench.run(PROFILE, "cp/scratch")
    assert "failed last time" in bench.why(PROFILE, "cp/scratch")["cp/scratch"]


def test_a_command_line_is_words_that_no_shell_reads(bench):
    stages = {stage.name: stage for stage in bench.plan(PROFILE).stages}
    words = list(job.words(bench.root, stages["challenge"]))
    assert words[:3] == [sys.executable, "-m", "rppg.cli"]
    assert words[3:] == [
        *("challenge", "data/toy", "--workers", "2", "--replace", "--config", '{"n_ubfc": 2}'),
    ]
    words = list(job.words(bench.root, stages["st/tune"]))
    assert words[3:5] == ["notebooks/04_tune.ipynb", "submissions/toy/notebooks/st_tune.ipynb"]
    assert '"parent": "runs/toy/st/learn"' in words[-1] and '"threads": 1' in words[-1]


def test_the_exit_status_of_a_stage_is_that_of_its_process(tmp_path, monkeypatch):
    monkeypatch.setattr(job, "words", lambda root, stage: [sys.executable, "-c", *stage.command])
    killed = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    of = {"notebook": None, "gpu": 0}
    for code, status in (("pass", 0), ("raise SystemExit(3)", 3), (killed, 128 + 9)):
        assert job._execute(tmp_path, SimpleNamespace(**of, command=[code])) == status
    assert subprocess.run([sys.executable, "-c", killed]).returncode == -9


def test_a_run_that_another_process_trains_is_not_moved_away(bench):
    with lock_run_dir(bench.root / FOLDER):
        with pytest.raises(BlockingIOError, match="scratch is open in process"):
            bench.run(PROFILE, "cp/scratch", rerun="cp/scratch")
    assert (bench.root / FOLDER).is_dir() and not aside(bench)
