"""A sweep and several studies of it, and a profile of motion, run as a small project."""

import pytest
from helpers.reader_files import put
from helpers.runner import planned, rppg_run, toy_project, write_profile

pytestmark = pytest.mark.slow
SWEEP = {
    "name": "{dataset}/seed{seed}",
    "notebook": "studies/train",
    "axes": {"dataset": {"ubfc": {"datasets": ["UBFC-rPPG"]}}, "seed": [1, 2]},
    "parameters": {"loss": "multiview"},
}
PROFILE = {
    "challenge": None,
    "study": ["first", "second"],
    "runs": {"net/learn": {"notebook": "02_learn"}},
    "sweeps": [SWEEP],
}
MOTION = {
    "modality": "motion",
    "study": "first",
    "challenge": {"n_subjects": 2, "n_sessions": 1, "bout_s": 8.0},
    "runs": {"net": {"notebook": "02_learn"}},
}
RUNS = ("net/learn", "ubfc/seed1", "ubfc/seed2")
TABLES = [f"runs/toy/{name}/predictions.parquet" for name in ("classical", *RUNS)]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project whose two studies have run, with UBFC-rPPG as its only data."""
    folder = toy_project(tmp_path_factory.mktemp("studies"))
    put(folder / "ubfc" / "UBFC-rPPG" / "DATASET_2" / "subject1" / "vid.avi")
    write_profile(folder, PROFILE)
    done = rppg_run(folder, data="ubfc")
    assert done.returncode == 0, done.stderr[-3000:]
    made = folder / "submissions" / "toy"
    shown = [f"study: {made / name}.csv" for name in ("first", "second")]
    assert done.stdout.splitlines()[-2:] == shown
    return folder


def test_each_study_reads_every_run_and_nothing_is_submitted(project):
    made = project / "submissions" / "toy"
    for name in ("first", "second"):
        assert (made / f"{name}.csv").read_text().splitlines() == ["toy", *TABLES]
        assert (made / "notebooks" / f"{name}.ipynb").is_file()
    assert (made / "notebooks" / "ubfc_seed2.ipynb").is_file()
    assert not (made / "submission.csv").exists() and not (project / "runs/toy/ensemble").exists()
    again = rppg_run(project, "-n", data="ubfc")
    assert again.stdout == "nothing to do: every stage is up to date\n"


def test_one_seed_changed_is_trained_again_and_the_studies_follow(project):
    axes = {"dataset": SWEEP["axes"]["dataset"], "seed": [1, 3]}
    write_profile(project, {**PROFILE, "sweeps": [SWEEP | {"axes": axes}]})
    table = planned(project, data="ubfc")
    part = planned(project, "second", data="ubfc")
    write_profile(project, PROFILE)
    assert list(table) == ["ubfc/seed3", "first", "second"]
    assert table["ubfc/seed3"].startswith("missing runs/toy/ubfc/seed3/predictions.parquet")
    assert table["first"].endswith("after ubfc/seed3")
    assert list(part) == ["ubfc/seed3", "second"]


def test_a_study_that_fails_leaves_the_other_and_the_runs(project):
    given = {"second": {"fail": True}}
    write_profile(project, {**PROFILE, "log": False, "notebooks": given})
    done = rppg_run(project, data="ubfc")
    write_profile(project, PROFILE)
    assert done.returncode == 1
    kept = "submissions/toy/notebooks/second.ipynb"
    assert done.stderr.splitlines()[-2:] == ["failed:", f"  second: {kept}"]
    assert "on purpose" in (project / kept).read_text()


def test_a_profile_that_submits_still_needs_the_data_of_the_competition(project):
    write_profile(project, {key: PROFILE[key] for key in ("challenge", "runs")}, "road")
    done = rppg_run(project, "-n", "--profile", "road", data="ubfc")
    assert done.returncode == 1 and "test: no test videos found" in done.stderr
    done = rppg_run(project, "-n", data="nowhere")
    assert done.returncode == 1
    expected = "is not a folder: expected one that holds datasets"
    assert done.stderr == f"rppg: --data {project / 'nowhere'} {expected}\n"


def test_motion_writes_its_own_benchmark_and_reads_further_real_data(project):
    given = {"notebooks": {"relcon_windows": {"more_data": ["further"]}}}
    write_profile(project, {**MOTION, **given}, "wearables")
    arguments = ("--profile", "wearables")
    table = planned(project, *arguments, data=None)
    assert list(table) == ["challenge", "relcon_windows", "net", "first"]
    done = rppg_run(project, "relcon_windows", *arguments, data=None)
    assert done.returncode == 0, done.stderr[-3000:]
    assert (project / "data/wearables/SYNTHETIC.txt").is_file()
    assert (project / "prepared/wearables/index.parquet").is_file()
    assert not (project / "runs/wearables/classical").exists()
    put(project / "further" / "one.csv")
    table = planned(project, "relcon_windows", *arguments, data=None)
    assert table == {"relcon_windows": "files of the dataset folder changed"}
    (project / "further" / "one.csv").unlink()
    (project / "further").rmdir()
    more = MOTION["challenge"] | {"noise_g": 0.1}
    write_profile(project, {**MOTION, **given, "challenge": more}, "wearables")
    table = planned(project, *arguments, data=None)
    assert table["challenge"] == "parameter noise_g default -> 0.1"
