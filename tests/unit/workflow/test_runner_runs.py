"""Whole runs of a small project: what runs again and why, and what a failure stops."""

import os

import pytest
from helpers.runner import TOY, planned, rppg_run, toy_project, write_profile

pytestmark = pytest.mark.slow
TUNED = {"net/tune": "after net/learn", "06_submit": "after net/learn, net/tune, 05_ensemble"}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project whose profile "toy" has run."""
    folder = toy_project(tmp_path_factory.mktemp("graph"))
    done = rppg_run(folder, "--cores", 2)
    assert done.returncode == 0, done.stderr[-3000:]
    assert str(folder / "submissions" / "toy" / "submission.csv") in done.stdout
    return folder


def with_run(name: str, **changed) -> dict:
    """The profile "toy" with other parameters of one run."""
    run = {**TOY["runs"][name], "parameters": changed}
    return {**TOY, "runs": {**TOY["runs"], name: run}}


def test_nothing_runs_again_after_a_checkout_that_changes_only_times(project):
    for path in [*project.glob("notebooks/*.ipynb"), *project.rglob("*.py"), project / "data"]:
        os.utime(path)
    done = rppg_run(project, "-n")
    assert done.stdout == "nothing to do: every stage is up to date\n"


def test_a_changed_parameter_is_named_and_only_what_depends_on_it_follows(project):
    write_profile(project, with_run("net/learn", training={"n_steps": 900}))
    told = planned(project)
    write_profile(project, TOY)
    assert told == {
        "net/learn": "parameter training.n_steps 800 -> 900",
        **TUNED,
        "05_ensemble": "after net/learn, net/tune",
    }
    assert list(told) == ["net/learn", "net/tune", "05_ensemble", "06_submit"]


def test_a_changed_line_of_a_loss_is_named_and_the_videos_stay_prepared(project):
    loss = project / "rppg" / "learning" / "losses" / "sinc.py"
    before = loss.read_text()
    loss.write_text(before + "\nMORE = 1\n")
    told = planned(project)
    loss.write_text(before)
    why = "code of learning changed (losses/sinc.py)"
    assert told["net/learn"] == told["other/learn"] == why
    assert told["net/tune"] == f"{why}; after net/learn"
    assert list(told)[3:] == ["05_ensemble", "06_submit"] and "01_preprocess" not in told


def test_a_changed_notebook_and_changed_data_are_named(project):
    notebook, video = project / "notebooks" / "04_tune.ipynb", project / "data" / "video.avi"
    before = notebook.read_text()
    notebook.write_text(before.replace("on purpose", "by chance"))
    video.write_text("more frames")
    told = planned(project)
    notebook.write_text(before)
    video.write_text("frames")
    assert told["01_preprocess"] == "files of the dataset folder changed"
    assert told["net/tune"].startswith("changed input notebooks/04_tune.ipynb; after ")


def test_a_part_and_a_rerun(project):
    told = planned(project, "net/tune", "--rerun", "net/learn")
    assert told == {"net/learn": "asked for", "net/tune": "after net/learn"}
    refused = rppg_run(project, "-n", "net/tun")
    assert refused.returncode == 1
    assert "no stage 'net/tun' in toy: expected one of 01_preprocess, net/learn" in refused.stderr


def test_a_failure_names_its_notebook_and_stops_only_what_depends_on_it(project):
    failing = with_run("other/learn", fail=True)
    failing["runs"]["net/learn"] = {"notebook": "02_learn", "parameters": {"threads": 2}}
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
    made, failed = (project / "submissions" / "README.md").read_text().splitlines()[-2:]
    assert "| Ensemble | 4.50, 26 real | 5.00 [4.00, 6.00], 48 real | 31.00 [27.00" in made
    assert "| nothing: other/learn failed | - |" in failed
    assert "net/tune" not in planned(project, "net/tune")["net/learn"]  # it was done meanwhile
