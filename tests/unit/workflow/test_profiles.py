"""Profiles: those of the project are valid, each is read once, over the one that it extends."""

import pytest
from helpers.profiles import profile_project

from rppg.workflow.profiles import (
    ProfileError,
    load_profile,
    profile_and_stage,
    profile_names,
    require_data,
    seeded_profiles,
)

FROM_SCRATCH = {"model", "normalise", "size", "n_frames"}  # of 04: elsewhere as the parent's
NETS = ("st_transformer", "contrast_phys")
MACHINE = {"n_workers"}  # decides no result
GIVEN = {"prepared_dir", "run_dir", "threads", "seed", "fold"}  # by the workflow
BASE = """
seeds: [1, 2]
challenge: {n_train: 9, level: test}
notebooks: {01_preprocess: {workers: 4}}
runs:
  net/learn:
    notebook: 02_learn
    threads: 2
    parameters: {size: 8, training: {lr: 0.1, n_steps: 9}}
  net/tune: {notebook: 04_tune, parent: net/learn}
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    project = profile_project(tmp_path, monkeypatch)
    project.write("base", BASE)
    return project


@pytest.mark.parametrize("name", profile_names())
def test_every_profile_of_the_project_is_valid(name):
    profile = load_profile(name)
    assert profile.file == profile.name == name and (profile.runs or profile.studies)


def test_the_project_has_the_profiles_that_its_documents_name():
    assert {"smoke", "demo", "bench", "paper", "null", "ablation"} <= set(profile_names())


def test_the_ablation_of_the_demo_shares_its_data_and_all_of_its_runs():
    demo, more = load_profile("demo"), load_profile("demo_ablation")
    assert more.challenge == demo.challenge and more.notebooks == demo.notebooks
    assert {name: more.runs[name] for name in demo.runs} == demo.runs
    assert len(more.runs) > len(demo.runs)


@pytest.mark.parametrize("name", profile_names())
def test_no_result_of_the_main_notebooks_rests_on_their_defaults(name):
    from rppg.utils.paths import project_dir
    from rppg.workflow.typed_fields import notebook_fields

    for run in load_profile(name).runs.values():
        if not run.notebook.startswith(("02_", "03_", "04_")):
            continue
        fields = notebook_fields(project_dir(__file__) / "notebooks" / f"{run.notebook}.ipynb")
        left = fields.keys() - run.parameters.keys() - GIVEN - MACHINE
        if run.notebook.startswith("04_"):
            scratch = run.parent is None
            left -= {"size", "normalise"} if scratch else FROM_SCRATCH | {"parent"}
            left -= {"teacher"} if run.teacher else {"teacher", "teacher_share"}
        assert not left, run.name


def test_a_profile_extends_another_key_by_key(project):
    project.write(
        "mine",
        "extends: base\nseeds: [4]\nchallenge: {n_train: 3}\n"
        "runs: {net/learn: {parameters: {training: {lr: 0.2}}}}",
    )
    profile = load_profile("mine")
    assert profile.challenge == {"n_train": 3, "level": "test"} and profile.seeds == (4,)
    learn = profile.runs["net/learn"]
    assert learn.parameters == {"size": 8, "training": {"lr": 0.2, "n_steps": 9}}
    assert (learn.threads, learn.gpu, learn.priority, learn.parent) == (2, 0, 0, None)
    assert profile.runs["net/tune"].parent == "net/learn"
    assert profile.notebooks == {"01_preprocess": {"workers": 4}}


def test_null_takes_a_key_of_the_extended_profile_away(project):
    project.write("mine", "extends: base\nseeds: null\nchallenge: null")
    profile = load_profile("mine")
    assert profile.seeds == () and profile.challenge is None


def test_one_profile_per_seed_with_folders_and_a_benchmark_of_its_own(project):
    first, second = seeded_profiles(load_profile("base"))
    assert (first.name, second.name, first.file) == ("base-1", "base-2", "base")
    assert first.seed == first.challenge["seed"] == 1 and first.challenge["n_train"] == 9
    project.write("mine", "extends: base\nseeds: null")
    assert [one.name for one in seeded_profiles(load_profile("mine"))] == ["mine"]
    assert load_profile("mine", seed=7).name == "mine-7"
    with pytest.raises(ProfileError, match=r"--seed: found 3, but profile 'base' runs the seeds"):
        load_profile("base", seed=3)


def test_data_takes_the_place_of_the_benchmark(project, tmp_path):
    profile = load_profile("base", data=tmp_path)
    assert profile.data == str(tmp_path) and profile.challenge is None
    require_data(profile)
    require_data(load_profile("base"))
    project.write("mine", "extends: base\nchallenge: null")
    with pytest.raises(ProfileError, match="'mine' needs real data: rppg run --profile mine --da"):
        require_data(load_profile("mine"))


def test_unknown_profile_lists_the_known_ones_and_names_a_similar_one():
    with pytest.raises(ProfileError, match="'demoo' .did you mean 'demo'.*bench, .*demo, .*smoke"):
        load_profile("demoo")


def test_part_is_a_profile_or_a_stage_of_one():
    assert profile_and_stage(None, None) == ("demo", None)
    assert profile_and_stage("smoke", None) == ("smoke", None)
    assert profile_and_stage("06_submit", "smoke") == ("smoke", "06_submit")
    assert profile_and_stage(None, "") == ("", None)
    with pytest.raises(ProfileError, match="'smoke' is a profile, and --profile names another"):
        profile_and_stage("smoke", "demo")


def test_the_papers_profile_has_the_papers_flips_windows_and_nothing_else():
    runs = load_profile("paper").runs
    flips = {
        "st_transformer/pretrain": {"flip_time": 0.5, "flip_rows": 0.5},
        "st_transformer/finetune": {"flip_time": 0.5, "flip": 0.5},
        "contrast_phys/pretrain": {"flip_time": 0.0, "mirror": 0.5, "upside_down": 0.5},
        "contrast_phys/finetune": {"flip_time": 0.0, "flip": 0.5, "upside_down": 0.5},
        "contrast_phys/pretrain_difference": {"flip_time": 0.0, "mirror": 0.5, "upside_down": 0.5},
        "contrast_phys/finetune_difference": {"flip_time": 0.0, "flip": 0.5, "upside_down": 0.5},
    }
    for name, expected in flips.items():
        given = runs[name].parameters
        assert {key: given[key] for key in expected} == expected, name
        step = 15 if name.startswith("st_") else 300
        assert (given["clip_step"], given["window_step"]) == (step, step), name
        assert given["speeds"] == [0.6, 1.4] and given.get("n_frames", 300) == 300
    maps, faces = (runs[f"{name}/pretrain"].parameters for name in NETS)
    assert maps["drop_rows"] == maps["distractor_chance"] == 0 and not faces["distractor_pairs"]


def test_the_papers_profile_submits_the_papers_ensemble():
    assert load_profile("paper").notebooks["05_ensemble"] == {"submit": "paper"}


def test_a_run_that_is_null_takes_away_the_one_below(project):
    project.write("short", "extends: base\nruns: {net/tune: null}")
    assert list(load_profile("short").runs) == ["net/learn"]


def test_a_run_that_is_null_and_takes_none_away_is_an_error(project):
    project.write("none", "extends: base\nruns: {net/tuned: null}")
    with pytest.raises(ProfileError, match=r"net/tuned: found nothing \(null\)"):
        load_profile("none")


def test_null_takes_the_parent_and_the_teacher_of_an_extended_profile_away(project):
    more = "  net/again: {notebook: 04_tune, parent: net/learn, teacher: net/tune}\n"
    project.write("base", BASE + more)
    runs = "{net/again: {parent: null, teacher: null}}"
    project.write("mine", f"extends: base\nruns: {runs}\n")
    run = load_profile("mine").runs["net/again"]
    assert (run.parent, run.teacher) == (None, None)
