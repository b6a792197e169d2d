"""What would run, why, and what another profile has already."""

import os
import shutil
from dataclasses import replace

import nbformat
import pytest
from helpers.workflow import NOTEBOOKS, PROFILE, Bench, made, profile_of, with_run

from rppg.workflow import fingerprints, job, runner
from rppg.workflow.runner import format_plan

LAST = ["05_ensemble", "06_submit"]


@pytest.fixture
def bench(tmp_path, monkeypatch):
    """A project whose profile "toy" has run."""
    bench = Bench(tmp_path, monkeypatch)
    bench.run(PROFILE)
    return bench


def test_everything_runs_once_in_order(tmp_path, monkeypatch):
    bench = Bench(tmp_path, monkeypatch)
    assert bench.why(PROFILE)["01_preprocess"] == "after challenge"
    assert bench.why(PROFILE)["challenge"] == "missing data/toy"
    runs = ["st/learn", "st/tune", "cp/learn", "cp/tune", "cp/scratch"]
    assert bench.run(PROFILE) == ["challenge", "01_preprocess", *runs, *LAST]
    assert bench.run(PROFILE) == [] and bench.why(PROFILE) == {}
    assert format_plan(bench.plan(PROFILE)) == "nothing to do: every stage is up to date"


def test_touched_and_copied_files_of_any_size_rerun_nothing(bench):
    bench.write("runs/toy/cp/learn/model.safetensors", "x" * 3_000_000)
    bench.run(PROFILE, "cp/learn", rerun="cp/learn")
    for path in [*bench.root.rglob("*.*")]:
        if path.is_file():
            shutil.copy(path, path.with_name("copy"))
            (path.with_name("copy")).replace(path)
            os.utime(path)
    assert bench.why(PROFILE) == {}


def test_an_edited_file_reruns_what_made_it_and_what_reads_it(bench):
    table = bench.root / "runs/toy/cp/learn/predictions.parquet"
    table.write_text(table.read_text().replace("cp", "pc"))
    why = bench.why(PROFILE)
    assert why["cp/learn"] == "changed runs/toy/cp/learn/predictions.parquet"
    assert list(why) == ["cp/learn", "cp/tune", *LAST] and why["cp/tune"] == "after cp/learn"


def test_a_removed_file_of_weights_reruns_its_stage(bench):
    (bench.root / "runs/toy/cp/learn/model.safetensors").unlink()
    assert bench.why(PROFILE)["cp/learn"] == "missing runs/toy/cp/learn/model.safetensors"


def test_a_loss_reruns_only_the_runs_of_models_that_use_it(bench):
    bench.write("rppg/losses/contrast.py", "x = 2")
    why = bench.why(PROFILE)
    assert list(why) == ["cp/learn", "cp/tune", "cp/scratch", *LAST]
    assert why["cp/learn"] == why["cp/scratch"] == "code of losses changed (contrast.py)"
    assert why["cp/tune"] == "code of losses changed (contrast.py); after cp/learn"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("losses/contrast.py", '"""Another docstring."""\n# a comment\nx   =   1\n'),
        ("studies/tables.py", "x = 2"),
        ("workflow/__init__.py", "x = 2"),
    ],
)
def test_comments_studies_and_bookkeeping_rerun_nothing(bench, path, text):
    bench.write(f"rppg/{path}", text)
    assert bench.why(PROFILE) == {}


def test_a_figure_reruns_only_what_is_made_of_figures(bench):
    bench.write("rppg/plotting/__init__.py", "x = 2")
    assert bench.why(PROFILE) == {"06_submit": "code of plotting changed (__init__.py)"}


def test_parameters_defaults_and_cells_are_named(bench):
    changed = with_run(PROFILE, "st/learn", training={"n_steps": 6})
    assert bench.why(changed)["st/learn"] == "parameter training.n_steps 5 -> 6"
    parameters, code = NOTEBOOKS["03_learn"]
    bench.notebook("03_learn", parameters.replace("seed: int = 0", "seed: int = 1"), code)
    assert bench.why(PROFILE)["cp/learn"] == "parameter seed 0 -> 1"
    bench.notebook("03_learn", parameters, code + "  # a comment")
    assert bench.why(PROFILE) == {}
    bench.notebook("03_learn", parameters, code + "\nmore = 1")
    assert bench.why(PROFILE)["cp/learn"] == "notebook changed"
    assert bench.why(with_run(PROFILE, "cp/scratch", model="st_transformer")) != {}


def test_cells_after_the_one_that_trains_rerun_nothing(bench):
    parameters, code = NOTEBOOKS["03_learn"]
    bench.notebook("03_learn", parameters, code + "\nwith experiment() as run:\n    pass")
    bench.run(PROFILE)
    path = bench.root / "notebooks/03_learn.ipynb"
    book = nbformat.read(path, as_version=4)
    book.cells.append(nbformat.v4.new_code_cell("draw()"))
    nbformat.write(book, path)
    assert bench.why(PROFILE) == {}


def test_a_part_is_a_stage_and_what_it_needs(bench):
    bench.write("rppg/preprocessing/video.py", "x = 2")
    assert list(bench.why(PROFILE, "cp/tune")) == ["01_preprocess", "cp/learn", "cp/tune"]
    with pytest.raises(ValueError, match="no stage 'tune' in toy: expected one of challenge, 01_p"):
        bench.plan(PROFILE, "tune")


def test_a_rerun_is_asked_for_and_what_comes_out_the_same_reruns_nothing_more(bench):
    why = bench.why(PROFILE, rerun="st/learn")
    assert why["st/learn"] == "asked for" and why["st/tune"] == "after st/learn"
    assert bench.run(PROFILE, rerun="st/learn") == ["st/learn"]
    assert bench.why(PROFILE) == {}


def test_a_failure_stops_what_depends_on_it_and_is_a_reason(bench):
    bench.broken = {"cp/learn"}
    bench.write("rppg/losses/contrast.py", "x = 2")
    assert bench.run(PROFILE) == ["cp/learn", "cp/scratch"]
    why = bench.why(PROFILE)
    assert why["cp/learn"] == "failed last time" and "cp/scratch" not in why


def test_code_that_is_edited_before_a_stage_begins_is_what_it_is_recorded_with(bench):
    bench.write("rppg/losses/contrast.py", "x = 2")
    plan = bench.plan(PROFILE, "cp/scratch")
    jobs = runner._write_jobs(bench.root, PROFILE, plan).parent
    bench.write("rppg/losses/contrast.py", "x = 3")
    assert job.run_job(bench.root, jobs / "cp_scratch.json") == 0
    assert bench.why(PROFILE, "cp/scratch") == {}
    bench.write("rppg/losses/contrast.py", "x = 2")
    assert list(bench.why(PROFILE, "cp/scratch")) == ["cp/scratch"]


def test_shards_run_with_the_first_stage_and_only_then(bench):
    sharded = replace(PROFILE, shards=2)
    assert bench.why(sharded) == {}
    bench.write("rppg/preprocessing/video.py", "x = 2")
    why = bench.why(sharded, "01_preprocess")
    assert list(why) == ["prepare, shard 1/2", "prepare, shard 2/2", "01_preprocess"]
    assert why["01_preprocess"].endswith("(video.py); after prepare")
    assert why["prepare, shard 1/2"] == "before 01_preprocess"


def test_a_copy_with_one_changed_parameter_computes_that_run_and_what_follows(bench):
    before = {path: path.read_bytes() for path in bench.root.rglob("*") if path.is_file()}
    mine = with_run(PROFILE, "st/tune", label="mine", seed=3)
    why = bench.why(mine)
    assert list(why) == ["st/tune", *LAST]
    assert why["st/tune"] == "not as in toy: parameter seed 0 -> 3"
    names = ("challenge", "01_preprocess", "st/learn", "cp/learn", "cp/tune", "cp/scratch")
    assert bench.reused(mine) == dict.fromkeys(names, "toy")
    text = format_plan(bench.plan(mine)).splitlines()
    assert text[1] == "challenge      reused from toy"
    assert text[-1] == "3 would run, 6 reused; nothing was run"
    assert bench.run(mine) == ["st/tune", *LAST]
    assert bench.why(mine) == {} and bench.why(PROFILE) == {}
    assert os.readlink(bench.root / "runs/mine/cp/tune") == "../../toy/cp/tune"
    assert os.readlink(bench.root / "prepared/mine") == "toy"
    assert {path: path.read_bytes() for path in before} == before


def test_a_copy_computes_its_own_as_soon_as_the_other_profile_has_changed(bench):
    mine = replace(PROFILE, name="mine", file="mine")
    assert bench.run(mine) == ["06_submit"]
    bench.run(with_run(PROFILE, "cp/scratch", model="contrast_phys", seed=1))
    kept = bench.root / "runs/mine/cp/scratch"
    assert "previous" in os.readlink(kept) and bench.why(mine) == {}
    shutil.rmtree(bench.root / "runs/toy/previous")
    assert bench.run(mine) == ["cp/scratch", "05_ensemble"]  # whose results are the same as before
    assert not kept.is_symlink() and bench.why(mine) == {}


def test_a_damaged_result_of_another_profile_is_not_reused(bench):
    mine = replace(PROFILE, name="mine", file="mine")
    bench.write("runs/toy/cp/learn/model.safetensors", "damaged")
    assert list(bench.why(mine)) == ["cp/learn", "cp/tune", *LAST]


def test_names_of_folders_and_profiles_are_no_part_of_a_fingerprint(bench):
    seeded = replace(PROFILE, name="toy-4", seed=4, challenge={"n_ubfc": 2, "seed": 4})
    bench.run(seeded)
    again = replace(seeded, name="mine-4", file="mine")
    assert set(bench.reused(again).values()) == {"toy-4"} and list(bench.why(again)) == LAST[1:]


def test_real_data_count_by_names_and_sizes(bench):
    for folder in ("one", "two"):
        bench.write(f"{folder}/video.avi", "frames")
    real = replace(PROFILE, name="real", challenge=None, data=str(bench.root / "one"))
    bench.run(real)
    moved = replace(real, name="moved", data=str(bench.root / "two"))
    assert list(bench.why(moved)) == ["06_submit"]
    bench.write("one/video.avi", "more frames")
    assert bench.why(real)["01_preprocess"] == "files of the dataset folder changed"


def test_a_study_reads_the_runs_of_all_seeds(tmp_path, monkeypatch):
    bench = Bench(tmp_path, monkeypatch)
    run = made("st/learn", "02_learn")
    seeds = profile_of(run, seeds=(1, 2), studies=("tables",))
    labels = ["challenge", "01_preprocess", "st/learn"]
    labels = [f"{label}, seed {seed}" for seed in (1, 2) for label in labels]
    assert bench.run(seeds) == [*labels, "tables"]
    bench.write("rppg/studies/tables.py", "x = 2")
    assert bench.why(seeds) == {"tables": "code of studies changed (tables.py)"}
    assert list(bench.why(seeds, "st/learn")) == []


def test_another_finder_of_landmarks_prepares_again_and_nothing_else(bench, monkeypatch):
    monkeypatch.setattr(fingerprints, "default_finder", lambda: "opencv")
    assert bench.why(PROFILE) == {}  # no stage finds landmarks
    bench.write("rppg/preprocessing/landmark_finder.py", "x = 1")
    bench.write("rppg/preprocessing/video.py", "from rppg.preprocessing import landmark_finder")
    assert "01_preprocess" in bench.run(PROFILE) and bench.why(PROFILE) == {}
    monkeypatch.setattr(fingerprints, "default_finder", lambda: "mediapipe")
    why = bench.why(PROFILE)
    assert why["01_preprocess"] == "landmarks by mediapipe, not opencv"
    assert "challenge" not in why and "st/learn" in why  # which reads what is prepared
