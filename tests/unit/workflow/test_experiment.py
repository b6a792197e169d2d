"""A run's folder: the same run resumes, another one is refused or renamed, nothing is deleted."""

import json
import os
import subprocess
import sys
from threading import Timer

import nbformat
import pandas as pd
import pytest

from rppg.utils.paths import project_dir
from rppg.workflow import run_folder
from rppg.workflow.experiment import experiment

PARAMETERS = {"training": {"lr": 0.1}, "seed": 0}
CELLS = [
    "lr: float = 0.1  # a parameter",
    "x = 1",
    "with experiment(x) as run:\n    y = 2",
    "z = 3",
]
TABLE = pd.DataFrame({"id": ["a"], "hr_bpm": [72.0]})


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project's folder with one notebook and one input, which is the working folder."""
    (tmp_path / "notebooks" / "workflow").mkdir(parents=True)
    (tmp_path / "notebooks" / "workflow" / "Snakefile").touch()
    (tmp_path / "rppg").mkdir()
    (tmp_path / "index.parquet").write_text("recordings")
    write_notebook(tmp_path, CELLS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(run_folder.MOVE_ASIDE, raising=False)
    monkeypatch.delenv("RANK", raising=False)
    return tmp_path


def write_notebook(root, cells):
    first = nbformat.v4.new_code_cell(cells[0], metadata={"tags": ["parameters"]})
    others = [nbformat.v4.new_code_cell(cell) for cell in cells[1:]]
    nbformat.write(nbformat.v4.new_notebook(cells=[first, *others]), root / "notebooks/toy.ipynb")


def opened(parameters=PARAMETERS, **more):
    given = {"inputs": ["index.parquet"], "notebook": "toy"} | more
    return experiment("runs/toy", parameters=parameters, **given)


def train(parameters=PARAMETERS):
    """A finished run whose model is one file; returns its folder."""
    with opened(parameters) as run:
        (run.dir / "model.safetensors").write_text("weights")
        run.save_predictions(TABLE)
        run.finish(origin="synthetic", best_step=3)
    return run.dir


def contents(folder):
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != ".lock")
    return {path.name: path.read_bytes() for path in files}


def test_a_finished_run_says_how_it_came_to_be(project):
    folder = train()
    facts = json.loads((folder / "run.json").read_text())
    assert facts["parameters"] == PARAMETERS and facts["best_step"] == 3
    assert facts["origin"] == "synthetic" and facts["score"] is None
    assert set(facts["inputs"]) == {f"{project.name}/index.parquet", "toy/model.safetensors"}
    pd.testing.assert_frame_equal(pd.read_parquet(folder / "predictions.parquet"), TABLE)


def test_an_interrupted_run_resumes_and_leaves_no_run_json(project):
    with pytest.raises(KeyboardInterrupt), opened() as run:
        (run.dir / "state.pt").write_text("half way")
        run.save_predictions(TABLE)
        raise KeyboardInterrupt
    assert not (run.dir / "run.json").exists()
    with opened(dict(reversed(PARAMETERS.items()))) as run:
        assert (run.dir / "state.pt").read_text() == "half way" and not run.finished
        run.save_predictions(TABLE.assign(hr_bpm=80.0))
    assert pd.read_parquet(run.dir / "predictions.parquet")["hr_bpm"].tolist() == [80.0]


def test_a_finished_run_keeps_its_files(project):
    before = contents(train())
    with opened() as run:
        assert run.finished
        run.save_predictions(TABLE.assign(hr_bpm=80.0))
        run.save("extra.csv", lambda part: part.write_text("was missing"))
        run.finish(origin="synthetic", best_step=4)
    assert contents(run.dir) == before | {"extra.csv": b"was missing"}


def test_a_finished_run_that_was_trained_further_gets_new_results(project):
    train()
    with opened() as run:
        (run.dir / "model.safetensors").write_text("more steps, by a larger budget")
        run.save_predictions(TABLE.assign(hr_bpm=80.0))
        run.finish(origin="synthetic", best_step=4)
    assert pd.read_parquet(run.dir / "predictions.parquet")["hr_bpm"].tolist() == [80.0]
    assert json.loads((run.dir / "run.json").read_text())["best_step"] == 4


def test_other_parameters_are_refused_in_one_line_and_the_model_stays(project):
    before = contents(train())
    with pytest.raises(FileExistsError) as error, opened({"training": {"lr": 0.2}, "size": 8}):
        pass
    text = str(error.value)
    assert "(seed: 0 -> not set; size: not set -> 8; training.lr: 0.1 -> 0.2)" in text
    assert "give another run_dir, or use `rppg run`" in text and "\n" not in text
    assert contents(project / "runs" / "toy") == before


def test_other_recordings_are_refused(project):
    before = contents(train())
    (project / "index.parquet").write_text("one more recording")
    with pytest.raises(FileExistsError, match=r"\(content of index.parquet changed\)"), opened():
        pass
    assert contents(project / "runs" / "toy") == before


def test_code_is_what_is_computed_and_not_comments_or_figures(project):
    train()
    write_notebook(project, ["lr: float = 9.0", "x = 1  # a comment", CELLS[2], "figure = 4"])
    with opened() as run:
        assert run.finished
    write_notebook(project, [CELLS[0], "x = 2", *CELLS[2:]])
    with pytest.raises(FileExistsError, match=r"\(code of the notebook changed\)"), opened():
        pass


def test_only_the_first_differences_are_named(project):
    train({name: 0 for name in "abcdef"})
    many = {name: 1 for name in "abcdef"}
    with pytest.raises(FileExistsError, match=r"\(a: 0 -> 1; .*d: 0 -> 1; \.\.\.\)"), opened(many):
        pass


@pytest.mark.parametrize(
    "claim", ["{}", '{"lr": 0.1, "code": "0123456789abcdef"}', "", "[1]", "{", "[" * 100_000]
)
def test_a_claim_of_an_older_version_or_a_damaged_one_is_another_run(project, claim):
    folder = train()
    (folder / "claim.json").write_text(claim)
    with pytest.raises(FileExistsError, match="does not name the parameters, inputs and code"):
        with opened():
            pass
    assert (folder / "model.safetensors").read_text() == "weights"


def test_rppg_run_renames_another_run_and_deletes_nothing(project, monkeypatch, capsys):
    monkeypatch.setenv(run_folder.MOVE_ASIDE, "1")
    first = contents(train())
    second = contents(train({"seed": 1}))
    folder = train({"seed": 2})
    assert json.loads((folder / "run.json").read_text())["parameters"] == {"seed": 2}
    assert contents(project / "runs" / ".aside-toy-1") == first
    assert contents(project / "runs" / ".aside-toy-2") == second
    assert "is now .aside-toy-2" in capsys.readouterr().out


@pytest.mark.parametrize("move_aside", ["", "1"])
def test_a_folder_of_other_files_is_left_alone(project, monkeypatch, move_aside):
    monkeypatch.setenv(run_folder.MOVE_ASIDE, move_aside)
    thesis = project / "runs" / "toy" / "thesis.tex"
    thesis.parent.mkdir(parents=True)
    thesis.write_text("all of it")
    with pytest.raises(FileExistsError, match="holds thesis.tex but no claim.json"), opened():
        pass
    assert [path.name for path in thesis.parent.iterdir()] == ["thesis.tex"]


def test_a_second_process_is_refused_and_told_who_has_the_folder(project):
    with opened():
        with pytest.raises(BlockingIOError, match=f"is open in process {os.getpid()} on "):
            with opened():
                pass
    train()


def test_the_folder_is_free_when_its_owner_is_dead(project):
    code = (
        "import os, signal; from rppg.workflow.experiment import experiment\n"
        f"with experiment('runs/toy', parameters={PARAMETERS}, inputs=['index.parquet'],"
        " notebook='toy'):\n    os.kill(os.getpid(), signal.SIGKILL)"
    )
    package = project_dir(__file__)
    child = subprocess.run([sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": package})
    assert child.returncode == -9 and (project / "runs" / "toy" / "claim.json").is_file()
    train()


def test_other_processes_of_a_torchrun_wait_and_write_nothing(project, monkeypatch):
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setattr(run_folder, "WAIT_S", 0.1)
    with pytest.raises(TimeoutError, match="by the run's first process"), opened():
        pass
    monkeypatch.setattr(run_folder, "WAIT_S", 30)
    monkeypatch.setenv("RANK", "0")
    folder = train()
    claim = (folder / "claim.json").read_bytes()
    for path in folder.iterdir():
        path.unlink()
    monkeypatch.setenv("RANK", "1")
    Timer(0.3, lambda: (folder / "claim.json").write_bytes(claim)).start()
    train()
    assert {path.name for path in folder.iterdir()} == {"claim.json", "model.safetensors"}


def test_inputs_of_one_name_are_refused(project):
    (project / "more").mkdir()
    (project / "more" / "index.parquet").write_text("others")
    with pytest.raises(ValueError, match="expected different file names"):
        with opened(inputs=["index.parquet", "more/index.parquet"]):
            pass
