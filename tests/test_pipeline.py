"""Running notebooks: parameters are checked, executed copies kept, failures named."""

import json
import subprocess

import nbformat
import papermill
import pytest

from rppg import pipeline


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
    pipeline.run_notebook(notebook, executed, {"numerator": 12})
    outputs = [c.outputs for c in nbformat.read(executed, as_version=4).cells if "outputs" in c]
    assert outputs[-1][0].text == "4.0\n"
    assert not nbformat.read(notebook, as_version=4).cells[-1].outputs


def test_unknown_parameter_is_an_error_that_lists_the_known_ones(notebook, tmp_path):
    with pytest.raises(KeyError, match="no parameter numerater.*numerator"):
        pipeline.run_notebook(notebook, tmp_path / "out.ipynb", {"numerater": 12})
    assert not (tmp_path / "out.ipynb").exists()


def test_failing_notebook_leaves_its_partial_copy_and_names_it(notebook, tmp_path, capsys):
    executed = tmp_path / "divide_executed.ipynb"
    with pytest.raises(papermill.PapermillExecutionError, match="ZeroDivisionError"):
        pipeline.run_notebook(notebook, executed, {"denominator": 0})
    assert executed.exists()
    assert str(executed) in capsys.readouterr().err


def test_project_dir_is_found_from_below_and_missed_outside(tmp_path):
    root = pipeline.project_dir(pipeline.__file__)
    assert pipeline.project_dir(root / "notebooks") == root
    with pytest.raises(FileNotFoundError, match="lies in no checkout"):
        pipeline.project_dir(tmp_path)


def test_tree_digest_follows_names_and_sizes_only(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "vid.avi").write_bytes(b"123")
    digest = pipeline.tree_digest(tmp_path / "a")
    assert digest == pipeline.tree_digest(tmp_path / "b")
    (tmp_path / "b" / "vid.avi").write_bytes(b"1234")
    assert digest != pipeline.tree_digest(tmp_path / "b")


def test_profiles_name_only_parameters_that_their_notebooks_have():
    root = pipeline.project_dir(pipeline.__file__)
    profiles = sorted((root / "notebooks" / "profiles").glob("*.yaml"))
    assert {p.stem for p in profiles} == {"smoke", "demo", "paper"}
    for path in profiles:
        settings = pipeline.profile_settings(path.stem)
        for name, parameters in settings["notebooks"].items():
            pipeline.check_parameters(root / "notebooks" / f"{name}.ipynb", parameters)


def test_unknown_profile_lists_the_known_ones():
    with pytest.raises(ValueError, match="no profile 'demoo'.*demo, paper, smoke"):
        pipeline.profile_settings("demoo")


def test_paper_profile_without_data_says_what_to_give():
    with pytest.raises(ValueError, match="--data"):
        pipeline.run_profile("paper", dry_run=True)


def dry_run(tmp_path, **settings) -> str:
    """What Snakemake would run for these settings, of a profile that nothing was made of yet."""
    root, config = pipeline.project_dir(pipeline.__file__), tmp_path / "settings.json"
    config.write_text(json.dumps({"profile": tmp_path.name, "challenge": {"seed": 0}, **settings}))
    command = pipeline.snakemake_command(config, cores=2, dry_run=True) + ["--printshellcmds"]
    result = subprocess.run(
        command, cwd=root, env=pipeline.snakemake_env(root), capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout + result.stderr


def test_shards_are_jobs_before_the_notebook(tmp_path):
    told = dry_run(
        tmp_path,
        shards=3,
        notebooks={"01_preprocess": {"workers": 1, "reader_options": {"vipl_hr": {"nir": True}}}},
    )
    commands = [line for line in told.splitlines() if "rppg.cli prepare" in line]
    folders = f"data/{tmp_path.name} prepared/{tmp_path.name}"
    ends = sorted(line.split("rppg.cli prepare ")[1].strip() for line in commands)
    options = """--reader-options '{"vipl_hr": {"nir": true}}'"""
    assert ends == [f"{folders} --shard {i}/3 --workers 1 {options}" for i in (1, 2, 3)]
    (inputs,) = [line for line in told.splitlines() if "input: notebooks/01_preproc" in line]
    assert all(f"prepare/{i}_of_3.done" in inputs for i in (1, 2, 3))


def test_without_shards_the_notebook_prepares(tmp_path):
    told = dry_run(tmp_path)
    assert "01_preprocess.ipynb" in told and "rppg.cli prepare" not in told
