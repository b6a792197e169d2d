"""Running notebooks: parameters are checked, executed copies kept, failures named."""

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
