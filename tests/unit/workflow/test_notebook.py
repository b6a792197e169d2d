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


@pytest.mark.slow
def test_a_progress_bar_moves_and_is_one_line_of_the_copy(tmp_path, monkeypatch, capsys):
    bench = Bench(tmp_path, monkeypatch)
    bar = (
        "import time\nfrom tqdm import tqdm\nfor k in tqdm(range(n), desc='fit', mininterval=0):\n"
    )
    bench.notebook("own", "n: int = 5", bar + "    time.sleep(0.2)\nprint('done')")
    monkeypatch.setattr(notebook, "project_dir", lambda start: tmp_path)
    run_notebook(tmp_path / "notebooks" / "own.ipynb", tmp_path / "out.ipynb", {})
    assert capsys.readouterr().err.count("fit:") > 3
    outputs = nbformat.read(tmp_path / "out.ipynb", 4).cells[-1].outputs
    assert {one.name for one in outputs} == {"stdout"}, "Jupyter paints stderr red"
    text = "".join(one.text for one in outputs)
    assert text.count("fit:") == 1 and "5/5" in text and "done\n" in text


@pytest.mark.slow
def test_warnings_stay_on_stderr(tmp_path, monkeypatch):
    bench = Bench(tmp_path, monkeypatch)
    bench.notebook("own", "n: int = 5", "import warnings\nwarnings.warn('100 % of it')")
    monkeypatch.setattr(notebook, "project_dir", lambda start: tmp_path)
    run_notebook(tmp_path / "notebooks" / "own.ipynb", tmp_path / "out.ipynb", {})
    (warned,) = nbformat.read(tmp_path / "out.ipynb", 4).cells[-1].outputs
    assert warned.name == "stderr" and "100 % of it" in warned.text
