"""Whole runs of a small project by Snakemake, in a folder whose name a shell would take apart."""

import csv
import os

import pytest
from helpers.runner import TOY, planned, rppg_run, toy_project, write_profile

pytestmark = pytest.mark.slow
NOTHING = "nothing to do: every stage is up to date\n"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project whose profile "toy" has run."""
    folder = toy_project(tmp_path_factory.mktemp("graph") / "My Drive {v1} $(touch x) 'q'")
    done = rppg_run(folder, "--cores", 2)
    assert done.returncode == 0, done.stderr[-3000:]
    assert str(folder / "submissions" / "toy" / "submission.csv") in done.stdout
    assert "net/tune: done after" in done.stderr and not list(folder.rglob("x"))
    return folder


def with_run(name: str, **changed) -> dict:
    """The profile "toy" with other parameters of one run."""
    run = {**TOY["runs"][name], "parameters": changed}
    return {**TOY, "runs": {**TOY["runs"], name: run}}


def test_nothing_runs_again_after_a_checkout_that_changes_only_times(project):
    for path in [*project.glob("notebooks/*.ipynb"), *project.rglob("*.py"), project / "data"]:
        os.utime(path)
    for path in project.glob("runs/toy/*/*/*"):
        os.utime(path)
    assert rppg_run(project, "-n").stdout == NOTHING


def test_a_changed_parameter_is_named_and_only_what_depends_on_it_follows(project):
    write_profile(project, with_run("net/learn", training={"n_steps": 900}))
    table = planned(project)
    write_profile(project, TOY)
    assert table == {
        "net/learn": "parameter training.n_steps 800 -> 900",
        "net/tune": "after net/learn",
        "05_ensemble": "after net/learn, net/tune",
        "06_submit": "after net/learn, net/tune, 05_ensemble",
    }


def test_changed_data_and_an_unknown_stage(project):
    video = project / "data" / "video.avi"
    video.write_text("more frames")
    table = planned(project, "net/learn")
    video.write_text("frames")
    assert table["01_preprocess"] == "files of the dataset folder changed"
    refused = rppg_run(project, "-n", "net/tun")
    assert refused.returncode == 1
    assert "no stage 'net/tun' in toy: expected one of 01_preprocess, net/learn" in refused.stderr


def test_a_copy_of_the_profile_computes_what_is_changed(project):
    mine = {"extends": "toy", "log": False, "runs": {"net/tune": {"parameters": {"seed": 5}}}}
    write_profile(project, mine, "mine")
    table = planned(project, "--profile", "mine")
    assert [stage for stage, why in table.items() if why == "reused from toy"] == [
        *("01_preprocess", "net/learn", "other/learn"),
    ]
    done = rppg_run(project, "--profile", "mine")
    assert done.returncode == 0, done.stderr[-3000:]
    assert (project / "submissions/mine/submission.csv").is_file()
    assert (project / "runs/mine/net/tune/run.json").read_text() == "runs/mine/net/tune/run.json"
    assert (project / "runs/mine/net/learn").is_symlink()
    assert rppg_run(project, "-n", "--profile", "mine").stdout.startswith(NOTHING)
    assert rppg_run(project, "-n").stdout == NOTHING


def test_a_failure_names_its_notebook_and_stops_only_what_depends_on_it(project):
    failing = with_run("other/learn", fail=True)
    failing["runs"]["net/learn"] = {
        "notebook": "02_learn",
        "parameters": {"training": {"n_steps": 2}},
    }
    write_profile(project, failing)
    done = rppg_run(project, "--cores", 2)
    write_profile(project, TOY)
    assert done.returncode == 1
    kept = "submissions/toy/notebooks/other_learn.ipynb"
    assert done.stderr.splitlines()[-5:] == [
        "failed:",
        f"  other/learn: {kept}",
        "not done because of it:",
        "  05_ensemble (needs other/learn)",
        "  06_submit (needs other/learn, 05_ensemble)",
    ]
    assert "on purpose" in (project / kept).read_text()
    with (project / "submissions" / "runs.csv").open(newline="") as file:
        made, failed = csv.DictReader(file)
    assert made["handed in"] == "Ensemble" and made["test RMSE"] == "5.00 [4.00, 6.00], 48 real"
    assert failed["handed in"] == "nothing: other/learn failed"
    previous = project / "runs/toy/previous"
    assert {path.parents[1].name for path in previous.rglob("run.json")} == {"net", "other"}
    again = rppg_run(project, "-n").stdout  # the profile as it was before
    assert again.startswith(NOTHING) and "reused from runs/toy/previous/net/learn-" in again
