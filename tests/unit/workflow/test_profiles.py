"""Running notebooks: parameters are checked, executed copies kept, failures named."""

import nbformat
import papermill
import pytest

from rppg.workflow import profiles


@pytest.fixture
def notebook(tmp_path):
    """A notebook with two parameters that divides one by the other and prints the result."""
    cells = [
        nbformat.v4.new_markdown_cell("# Divide"),
        nbformat.v4.new_code_cell(
            "numerator: int = 6  # above\ndenominator: int = 3  # below",
            metadata={"tags": ["parameters"]},
        ),
        nbformat.v4.new_code_cell("print(numerator / denominator)"),
    ]
    book = nbformat.v4.new_notebook(cells=cells)
    book.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path = tmp_path / "divide.ipynb"
    nbformat.write(book, path)
    return path


def test_parameters_reach_the_notebook_and_the_copy_is_kept(notebook, tmp_path):
    executed = tmp_path / "run" / "divide.ipynb"
    profiles.run_notebook(notebook, executed, {"numerator": 12})
    outputs = [c.outputs for c in nbformat.read(executed, as_version=4).cells if "outputs" in c]
    assert outputs[-1][0].text == "4.0\n"
    assert not nbformat.read(notebook, as_version=4).cells[-1].outputs


def test_unknown_parameter_is_an_error_that_lists_the_known_ones(notebook, tmp_path):
    with pytest.raises(KeyError, match="no parameter numerater.*numerator"):
        profiles.run_notebook(notebook, tmp_path / "out.ipynb", {"numerater": 12})
    assert not (tmp_path / "out.ipynb").exists()


@pytest.mark.slow
def test_failing_notebook_leaves_its_partial_copy_and_names_it(notebook, tmp_path, capsys):
    executed = tmp_path / "divide_executed.ipynb"
    with pytest.raises(papermill.PapermillExecutionError, match="ZeroDivisionError"):
        profiles.run_notebook(notebook, executed, {"denominator": 0})
    assert executed.exists()
    assert str(executed) in capsys.readouterr().err


def test_project_dir_is_found_from_below_and_missed_outside(tmp_path):
    root = profiles.project_dir(profiles.__file__)
    assert profiles.project_dir(root / "notebooks") == root
    with pytest.raises(FileNotFoundError, match="lies in no checkout"):
        profiles.project_dir(tmp_path)


def test_tree_digest_follows_names_and_sizes_only(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "vid.avi").write_bytes(b"123")
    digest = profiles.tree_digest(tmp_path / "a")
    assert digest == profiles.tree_digest(tmp_path / "b")
    (tmp_path / "b" / "vid.avi").write_bytes(b"1234")
    assert digest != profiles.tree_digest(tmp_path / "b")


def test_tree_digest_sees_what_lies_behind_a_link(tmp_path):
    (tmp_path / "far").mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "PURE").symlink_to(tmp_path / "far", target_is_directory=True)
    before = profiles.tree_digest(tmp_path / "data")
    (tmp_path / "far" / "new.avi").write_bytes(b"1")
    assert profiles.tree_digest(tmp_path / "data") != before


def test_code_digest_is_of_rooms_and_single_files():
    digests = [profiles.code_digest(*rooms) for rooms in (("learning",), ("learning/waves.py",))]
    assert len({*digests, profiles.code_digest("signals")}) == 3
    with pytest.raises(FileNotFoundError, match="neither a room nor a file of the package"):
        profiles.code_digest("learning/wave.py")


def test_profiles_name_only_parameters_that_their_notebooks_have():
    root = profiles.project_dir(profiles.__file__)
    paths = sorted((root / "notebooks" / "profiles").glob("*.yaml"))
    assert {p.stem for p in paths} >= {"smoke", "demo", "bench", "paper"}
    for path in paths:
        profiles.check_settings(profiles.profile_settings(path.stem))


def test_settings_that_cannot_be_are_refused():
    settings = profiles.profile_settings("demo")
    runs = {"tune": {"notebook": "04_finetune", "start": "learn"}}
    with pytest.raises(ValueError, match="run 'tune' starts from 'learn', expected one listed"):
        profiles.check_settings({**settings, "runs": runs})
    runs = {"learn": {"notebook": "04_finetune", "parameters": {"epochs": 3}}}
    with pytest.raises(KeyError, match="04_finetune.ipynb has no parameter epochs"):
        profiles.check_settings({**settings, "runs": runs})


def test_what_the_snakefile_gives_to_runs_and_studies_is_looked_for_before_anything_runs():
    tables = {"profile": "mine", "notebooks": {"ablation": {"results": "a.csv"}}}
    for study in ("ablation", ["ablation"]):
        profiles.check_settings({**tables, "study": study})
    with pytest.raises(KeyError, match="ablation.ipynb has no parameter result;"):
        profiles.check_settings(
            {**tables, "study": "ablation", "notebooks": {"ablation": {"result": 1}}}
        )
    for more, lacking in (({}, "prepared_dir, run_dir, threads"), ({"start": "a"}, ".*start")):
        runs = {
            "a": {"notebook": "04_finetune"},
            "b": {"notebook": "studies/ablation/ablation", **more},
        }
        with pytest.raises(KeyError, match=f"run 'b': ablation.ipynb has no parameter {lacking}"):
            profiles.check_settings({"profile": "mine", "runs": runs})


def test_a_profile_extends_another_and_a_grid_is_its_runs(tmp_path, monkeypatch):
    folder = tmp_path / "notebooks" / "profiles"
    folder.mkdir(parents=True)
    (folder / "base.yaml").write_text("seeds: [1, 2]\nchallenge: {n_train: 9, level: test}\n")
    (folder / "mine.yaml").write_text("extends: base\nseeds: [4]\nchallenge: {n_train: 3}\n")
    (folder / "round.yaml").write_text("extends: other\n")
    (folder / "other.yaml").write_text("extends: round\n")
    monkeypatch.setattr(profiles, "project_dir", lambda start=None: tmp_path)
    settings = profiles.profile_settings("mine")
    assert settings["challenge"] == {"n_train": 3, "level": "test"} and settings["seeds"] == [4]
    (world,) = profiles.seeded_profiles(settings)
    assert world["profile"] == "mine-4" and world["challenge"]["seed"] == 4
    with pytest.raises(ValueError, match="'round' extends itself: round -> other -> round"):
        profiles.profile_settings("round")
    with pytest.raises(ValueError, match=r"runs the seeds \[4\]: give no --seed"):
        profiles.run_settings("mine", seed=3)


def test_unknown_profile_lists_the_known_ones():
    with pytest.raises(ValueError, match="no profile 'demoo'.*bench, demo, .*null, paper, .*smoke"):
        profiles.profile_settings("demoo")


def test_paper_profile_without_data_says_what_to_give():
    with pytest.raises(ValueError, match="--data"):
        profiles.run_settings("paper")


def test_part_is_a_profile_or_a_stage_of_one():
    assert profiles.profile_and_stage(None, None) == ("demo", None)
    assert profiles.profile_and_stage("smoke", None) == ("smoke", None)
    assert profiles.profile_and_stage("06_submit", "smoke") == ("smoke", "06_submit")
    with pytest.raises(ValueError, match="'smoke' is a profile, and --profile names another"):
        profiles.profile_and_stage("smoke", "demo")
