"""Running one notebook with parameters."""

import nbformat
import pytest
from helpers.workflow import Bench

from rppg.workflow import notebook
from rppg.workflow.notebook import check_parameters, run_notebook
from rppg.workflow.typed_fields import notebook_fields


@pytest.fixture
def path(tmp_path, monkeypatch):
    bench = Bench(tmp_path, monkeypatch)
    bench.notebook("own", "size: int = 3\nname: str = 'a'", "print(size)\nassert size < 9, 'big'")
    monkeypatch.setattr(notebook, "project_dir", lambda start: tmp_path)
    return tmp_path / "notebooks" / "own.ipynb"


def test_an_unknown_parameter_is_an_error_that_names_what_there_is(path, tmp_path):
    assert list(notebook_fields(path)) == ["size", "name"]
    check_parameters(path, {"size": 4})
    with pytest.raises(KeyError, match="run 'net': own.ipynb has no parameter sise; .*: size"):
        check_parameters(path, {"sise": 4}, "run 'net'")
    with pytest.raises(KeyError, match="no parameter sise"):
        run_notebook(path, tmp_path / "out.ipynb", {"sise": 4})
    assert not (tmp_path / "out.ipynb").exists()


@pytest.mark.slow
def test_the_executed_copy_is_kept_and_a_partial_one_of_a_failure_named(path, tmp_path, capsys):
    executed = tmp_path / "a b" / "out.ipynb"
    run_notebook(path, executed, {"size": 5})
    assert "5\n" in nbformat.reads(executed.read_text(), 4).cells[-1].outputs[0].text
    with pytest.raises(Exception, match="big"):
        run_notebook(path, executed, {"size": 10})
    assert f"own.ipynb failed; what it did so far: {executed}" in capsys.readouterr().err
    assert "big" in executed.read_text()
