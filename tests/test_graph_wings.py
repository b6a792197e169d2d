"""A profile of the wing `motion`: its own embedded recordings, first notebook and code."""

import pytest
from graph_shared import planned, rppg_run, toy_project, write_profile

from rppg import graph, pipeline
from rppg.rules import check_stages, stages
from rppg.wings import WINGS, wing_of

PROFILE = {
    "wing": "motion",
    "study": ["first", "second"],
    "challenge": {"n_subjects": 2},
    "sweeps": [
        {
            "name": "distance/seed{seed}",
            "notebook": "02_learn",
            "axes": {"seed": [1, 2]},
        },
        {
            "name": "relcon/seed{seed}",
            "notebook": "04_tune",
            "start": "distance/seed{seed}",
            "axes": {"seed": [1, 2]},
        },
    ],
}
RUNS = [f"{name}/seed{seed}" for name in ("distance", "relcon") for seed in (1, 2)]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project whose profile of wearables has run on a folder that holds no faces."""
    folder = toy_project(tmp_path_factory.mktemp("wings"))
    (folder / "tables").mkdir()
    (folder / "tables" / "wrist.csv").write_text("subject\n")
    write_profile(folder, PROFILE)
    done = rppg_run(folder, data="tables")
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


@pytest.mark.slow
def test_the_windows_and_every_run_are_made_and_nothing_of_faces(project):
    for name in RUNS:
        assert (project / "runs/toy" / name / "run.json").is_file()
    assert (project / "prepared/toy/index.parquet").is_file()
    assert (project / "submissions/toy/notebooks/relcon_windows.ipynb").is_file()
    tables = [f"runs/toy/{name}/predictions.parquet" for name in RUNS]
    for study in ("first", "second"):
        made = (project / "submissions/toy" / f"{study}.csv").read_text()
        assert made.splitlines() == ["toy", *tables]
    assert not (project / "runs/toy/classical").exists()
    again = rppg_run(project, "-n", data="tables")
    assert again.stdout == "nothing to do: every stage is up to date\n"


@pytest.mark.slow
def test_a_dry_run_on_embedded_recordings_lists_the_stages(project):
    write_profile(project, PROFILE, "wearables")
    told = planned(project, "wearables", "--profile", "wearables", data=None)
    assert list(told) == ["challenge", "relcon_windows", *RUNS, "first", "second"]
    assert told["relcon_windows"].endswith("after challenge")
    part = planned(project, "relcon/seed2", "--profile", "wearables", data=None)
    assert list(part) == ["challenge", "relcon_windows", "distance/seed2", "relcon/seed2"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changed", "first", "others"),
    [
        ("motion/recording.py", "code of motion changed (recording.py)", "code of motion changed"),
        (
            "motion/encoder.py",
            "code of motion changed (encoder.py)",
            "code of motion changed (encoder.py)",
        ),
        ("learning/training.py", None, "code of learning changed (training.py)"),
        ("recordings/whole.py", "code of recordings changed (whole.py)", "code of recordings"),
        ("vision/face.py", None, None),
    ],
)
def test_a_stage_reruns_where_the_code_of_its_rooms_changed(project, changed, first, others):
    path = project / "rppg" / changed
    before = path.read_text()
    path.write_text(before + "\nMORE = 1\n")
    told = planned(project, data="tables") if others else rppg_run(project, "-n", data="tables")
    path.write_text(before)
    if others is None:
        assert told.stdout == "nothing to do: every stage is up to date\n"
        return
    assert told.get("relcon_windows") == first
    assert others in told["distance/seed1"] and others in told["relcon/seed2"]
    assert "first" in told and "second" in told


@pytest.mark.slow
def test_data_that_is_no_folder_is_refused_before_anything_runs(project):
    done = rppg_run(project, "-n", data="nowhere")
    assert done.returncode == 1
    assert done.stderr == "rppg: --data nowhere is not a folder: expected one that holds datasets\n"


def motion(**more) -> dict:
    return {"profile": "mine", "wing": "motion", "study": "table", **more}


def test_the_first_stage_is_the_wing_s():
    settings = motion(challenge={"seed": 0}, runs={"net": {"notebook": "02"}})
    named = {"challenge": "challenge", "relcon_windows": "relcon_windows", "net": "net"}
    assert stages(settings) == {**named, "study": "table"}
    assert graph.targets(settings, "net") == list(named)
    assert wing_of({"profile": "mine"}) is wing_of({"profile": "mine", "wing": "faces"})


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (motion(wing="wrists"), "mine: no wing 'wrists', expected one of faces, motion"),
        (motion(study=None), "mine is of the wing 'motion', which hands nothing in: give it a"),
        (motion(shards=2), "whose data relcon_windows reads alone: leave `shards` out"),
        (motion(study="relcon_windows"), "study 'relcon_windows' is called like the first stage"),
        (motion(runs={"relcon/windows": {}}), "are both the rule relcon_windows: rename one"),
    ],
)
def test_what_a_wing_does_not_have_is_refused(settings, says):
    with pytest.raises(ValueError, match=says):
        check_stages(settings)


def test_the_code_of_every_wing_is_there():
    for wing in WINGS.values():
        for rooms in (wing.write_code, wing.first_code, wing.run_code, wing.study_code):
            assert all(pipeline.code_files(room) != "{}" for room in rooms)
