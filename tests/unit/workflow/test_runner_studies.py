"""A sweep and several studies of it, run as a small project without VIPL-HR-V2."""

import pytest
from helpers.reader_files import put
from helpers.runner import planned, rppg_run, toy_project, write_profile

pytestmark = pytest.mark.slow
PROFILE = {
    "challenge": None,
    "study": ["first", "second"],
    "runs": {"net/learn": {"notebook": "02_learn"}},
    "sweeps": [
        {
            "name": "{dataset}/seed{seed}",
            "notebook": "studies/train",
            "axes": {"dataset": {"ubfc": {"datasets": ["UBFC-rPPG"]}}, "seed": [1, 2]},
            "parameters": {"loss": "multiview"},
        }
    ],
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
    told = [f"study: {made / name}.csv" for name in ("first", "second")]
    assert done.stdout.splitlines()[-2:] == told
    return folder


def test_each_study_reads_every_run_and_nothing_is_handed_in(project):
    made = project / "submissions" / "toy"
    for name in ("first", "second"):
        assert (made / f"{name}.csv").read_text().splitlines() == ["toy", *TABLES]
        assert (made / "notebooks" / f"{name}.ipynb").is_file()
    assert (made / "notebooks" / "ubfc_seed2.ipynb").is_file()
    assert not (made / "submission.csv").exists() and not (project / "runs/toy/ensemble").exists()
    again = rppg_run(project, "-n", data="ubfc")
    assert again.stdout == "nothing to do: every stage is up to date\n"


def test_one_seed_changed_is_trained_again_and_the_studies_follow(project):
    (sweep,) = PROFILE["sweeps"]
    axes = {"dataset": sweep["axes"]["dataset"], "seed": [1, 3]}
    write_profile(project, {**PROFILE, "sweeps": [sweep | {"axes": axes}]})
    told = planned(project, data="ubfc")
    part = planned(project, "second", data="ubfc")
    write_profile(project, PROFILE)
    assert list(told) == ["ubfc/seed3", "first", "second"]
    assert told["ubfc/seed3"].startswith("missing runs/toy/ubfc/seed3/predictions.parquet")
    assert told["first"].endswith("after ubfc/seed3")
    assert list(part) == ["ubfc/seed3", "second"]


def test_a_changed_file_that_studies_use_is_named(project):
    path = project / "rppg" / "sweep.py"
    before = path.read_text()
    path.write_text(before + "\nMORE = 1\n")
    told = planned(project, data="ubfc")
    path.write_text(before)
    assert told == dict.fromkeys(("first", "second"), "code of sweep changed (sweep.py)")


def test_a_study_that_fails_leaves_the_other_and_the_runs(project):
    given = {"second": {"fail": True}}
    write_profile(project, {**PROFILE, "log": False, "notebooks": given})
    done = rppg_run(project, data="ubfc")
    write_profile(project, PROFILE)
    assert done.returncode == 1
    kept = "submissions/toy/notebooks/second.ipynb"
    assert done.stderr.splitlines()[-2:] == ["failed:", f"  second: {kept}"]
    assert "on purpose" in (project / kept).read_text()


def test_one_study_over_seeds_reads_the_runs_of_each(project):
    write_profile(project, {**PROFILE, "study": "first", "seeds": [1, 2]}, "seeded")
    told = planned(project, "--profile", "seeded", data="ubfc")
    assert list(told)[:4] == ["01_preprocess, seed 1", *(f"{name}, seed 1" for name in RUNS)]
    assert list(told)[-1] == "first" and len(told) == 9


def test_a_profile_that_hands_in_or_learns_from_labels_still_needs_the_challenge_s_data(project):
    write_profile(project, {key: PROFILE[key] for key in ("challenge", "runs")}, "road")
    done = rppg_run(project, "-n", "--profile", "road", data="ubfc")
    assert done.returncode == 1 and "VIPL-HR-V2: 0 labelled training subjects" in done.stderr
