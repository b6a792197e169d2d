"""A profile of the wing `motion`: its own embedded recordings, first notebook and code."""

import ast
import json
from pathlib import Path

import pytest
from helpers.reader_files import put
from helpers.runner import planned, rppg_run, toy_project, write_profile

from rppg.workflow import profiles, runner
from rppg.workflow.stages import MOTION, WINGS, check_stages, stages, wing_of

PROFILE = {
    "wing": "motion",
    "study": ["first", "second"],
    "challenge": {"n_subjects": 2, "n_sessions": 1, "bout_s": 8.0},
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
def test_embedded_recordings_are_written_after_a_dry_run_has_listed_the_stages(project):
    write_profile(project, PROFILE, "wearables")
    told = planned(project, "wearables", "--profile", "wearables", data=None)
    assert list(told) == ["challenge", "relcon_windows", *RUNS, "first", "second"]
    assert told["relcon_windows"].endswith("after challenge")
    part = planned(project, "relcon/seed2", "--profile", "wearables", data=None)
    assert list(part) == ["challenge", "relcon_windows", "distance/seed2", "relcon/seed2"]
    done = rppg_run(project, "relcon_windows", "--profile", "wearables", data=None)
    assert done.returncode == 0, done.stderr[-3000:]
    assert (project / "data/wearables/SYNTHETIC.txt").is_file()
    assert (project / "prepared/wearables/index.parquet").is_file()
    more = PROFILE | {"challenge": PROFILE["challenge"] | {"noise_g": 0.1}}
    write_profile(project, more, "wearables")
    told = planned(project, "wearables", "--profile", "wearables", data=None)
    assert told["challenge"] == "parameter noise_g default -> 0.1"


@pytest.mark.slow
def test_further_real_data_are_followed_as_soon_as_they_are_there(project):
    given = {"notebooks": {"relcon_windows": {"more_data": ["further"]}}}
    write_profile(project, {**PROFILE, **given}, "more")
    arguments = ("relcon_windows", "--profile", "more")
    assert rppg_run(project, *arguments, data="tables").returncode == 0
    assert rppg_run(project, "-n", *arguments, data="tables").stdout.startswith("nothing to do")
    put(project / "further" / "one.csv")
    told = planned(project, *arguments, data="tables")
    assert told == {"relcon_windows": "files of the dataset folder changed"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changed", "first", "run"),
    [  # faces are nobody's business here, nets none of the windows'
        (("vision/face.py", "motion/encoder.py"), None, "code of motion changed (encoder.py)"),
        (("motion/windows.py",), *["code of motion changed (windows.py)"] * 2),
    ],
)
def test_a_stage_reruns_where_code_that_it_uses_changed(project, changed, first, run):
    before = {name: (project / "rppg" / name).read_text() for name in changed}
    for name, text in before.items():
        (project / "rppg" / name).write_text(text + "\nMORE = 1\n")
    told = planned(project, data="tables")
    for name, text in before.items():
        (project / "rppg" / name).write_text(text)
    assert told.get("relcon_windows") == first
    assert all(told[name].startswith(run) for name in RUNS) and {"first", "second"} <= set(told)


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
    assert runner.targets(settings, "net") == list(named)
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
            assert all(json.loads(profiles.code_files(room)) for room in rooms)


@pytest.mark.parametrize("stage", ["write_code", "first_code"])
def test_the_code_of_a_stage_is_all_of_its_room_that_it_uses(stage):
    listed = json.loads(profiles.code_files(*getattr(MOTION, stage)))
    package = Path(profiles.__file__).parent
    used = {used for name in listed for used in own_imports(package, name)}
    assert {name for name in used if name.startswith("motion/")} <= set(listed)


def own_imports(package: Path, name: str) -> set[str]:
    """Files of the package that one of its files imports, by their names in it."""
    found, beside = set(), Path(name).parent.as_posix()
    for node in ast.walk(ast.parse((package / name).read_text())):
        if isinstance(node, ast.ImportFrom) and (node.level == 1 or "rppg." in (node.module or "")):
            room = (node.module or "").removeprefix("rppg.").replace(".", "/")
            room = f"{beside}/{room}" if node.level == 1 else room
            places = (f"{room}.py", *(f"{room}/{alias.name}.py" for alias in node.names))
            found |= {place for place in places if (package / place).is_file()}
    return found
