"""A tracker takes the same rows as the CSV files, or is left alone; no package is needed for it."""

import csv
import sys
from types import ModuleType, SimpleNamespace

import pytest
from helpers.toy_training import error_of, noisy_fit, outcome

from rppg.training.config import FitConfig


class Runs(list):
    """What fake packages were told: a dict per run, with its name, parameters, rows and end."""

    def begin(self, name, parameters):
        self.append({"name": name, "parameters": parameters, "rows": [], "end": None})
        return self[-1]


@pytest.fixture
def mlflow(monkeypatch):
    """A module in the place of mlflow."""
    fake, runs = ModuleType("mlflow"), Runs()

    class Client:
        def create_run(self, experiment_id, run_name):
            runs.begin(f"{experiment_id}/{run_name}", {})
            return SimpleNamespace(info=SimpleNamespace(run_id=len(runs) - 1))

        def log_param(self, run_id, key, value):
            runs[run_id]["parameters"][key] = value

        def log_batch(self, run_id, metrics):
            runs[run_id]["rows"] += [(row.step, row.key, row.value) for row in metrics]

        def set_terminated(self, run_id, status):
            runs[run_id]["end"] = status

    def metric(key, value, timestamp, step):
        return SimpleNamespace(key=key, value=value, timestamp=timestamp, step=step)

    fake.set_experiment = lambda name: SimpleNamespace(experiment_id=name)
    fake.MlflowClient, fake.runs = Client, runs
    fake.entities = SimpleNamespace(Metric=metric)
    monkeypatch.setitem(sys.modules, "mlflow", fake)
    return fake


@pytest.fixture
def wandb(monkeypatch):
    """A module in the place of wandb."""
    fake, runs = ModuleType("wandb"), Runs()

    def init(project, name, config, reinit):
        run = runs.begin(f"{project}/{name}", config)

        def log(curves, step):
            assert not run["rows"] or step >= run["rows"][-1][0], "wandb drops earlier steps"
            run["rows"] += [(step, key, value) for key, value in curves.items()]

        return SimpleNamespace(log=log, finish=lambda exit_code: run.update(end=exit_code))

    fake.init, fake.runs = init, runs
    monkeypatch.setitem(sys.modules, "wandb", fake)
    return fake


def rows_of(run_dir):
    """(step, table/column, value) of both CSV files, sorted."""
    found = []
    for table in ("metrics", "validation"):
        for row in csv.DictReader((run_dir / f"{table}.csv").open()):
            names = row.keys() - {"step", "seconds"}
            found += [(int(row["step"]), f"{table}/{name}", float(row[name])) for name in names]
    return sorted(found)


def in_time(rows):
    return [step for step, _, _ in rows] == sorted(step for step, _, _ in rows)


def power_cut(at):
    """A `validate` that raises at its call `at`."""
    calls = []

    def validate(model):
        calls.append(1)
        if len(calls) == at:
            raise RuntimeError("power cut")
        return error_of(model)

    return validate


@pytest.mark.parametrize(("name", "end"), [("mlflow", "FINISHED"), ("wandb", 0)])
def test_it_has_the_csv_files_rows_and_the_parameters_and_changes_nothing(
    tmp_path, request, name, end
):
    runs, run_dir = request.getfixturevalue(name).runs, tmp_path / "demo" / "net" / "pretrain"
    noisy_fit(run_dir, tracker=name)
    (run,) = runs
    assert run["name"] == "rppg/demo/net/pretrain" and run["end"] == end
    assert run["parameters"]["lr"] == 0.05 and "tracker" not in run["parameters"]
    assert sorted(run["rows"]) == rows_of(run_dir) and in_time(run["rows"])
    noisy_fit(tmp_path / "without")
    assert outcome(tmp_path / "without") == outcome(run_dir)
    noisy_fit(run_dir, tracker=name)
    assert len(runs) == 1  # a finished run is not begun again


@pytest.mark.parametrize(("name", "ends"), [("mlflow", ["FAILED", "FINISHED"]), ("wandb", [1, 0])])
def test_a_run_that_resumes_is_a_new_one_with_all_rows(tmp_path, request, name, ends):
    runs = request.getfixturevalue(name).runs
    with pytest.raises(RuntimeError, match="power cut"):
        noisy_fit(tmp_path, validate=power_cut(at=4), tracker=name)
    noisy_fit(tmp_path, tracker=name)
    assert [run["end"] for run in runs] == ends
    assert sorted(runs[1]["rows"]) == rows_of(tmp_path) and in_time(runs[1]["rows"])


def test_a_run_may_resume_with_another_tracker_or_none(tmp_path, mlflow, wandb):
    with pytest.raises(RuntimeError):
        noisy_fit(tmp_path, validate=power_cut(at=2), tracker="mlflow")
    with pytest.raises(RuntimeError):
        noisy_fit(tmp_path, validate=power_cut(at=2), tracker="wandb")
    assert noisy_fit(tmp_path).step == 40
    assert len(mlflow.runs) == len(wandb.runs) == 1


def test_a_tracker_that_fails_is_said_once_and_training_goes_on(tmp_path, mlflow):
    def full(*_, **__):
        raise OSError("no space left")

    mlflow.MlflowClient.log_batch = full
    with pytest.warns(UserWarning, match="mlflow failed at step 4 .*no space left.*CSV") as said:
        result = noisy_fit(tmp_path, tracker="mlflow")
    assert result.step == 40 and len(said) == 1


@pytest.mark.parametrize("name", ["mlflow", "wandb"])
def test_a_missing_package_is_named_before_the_first_step(tmp_path, monkeypatch, name):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ModuleNotFoundError, match=f"{name}' is not installed: pip install {name}"):
        noisy_fit(tmp_path, tracker=name)
    assert not (tmp_path / "metrics.csv").exists()


def test_another_name_is_refused():
    with pytest.raises(ValueError, match="tracker is 'neptune', expected None or 'mlflow' or"):
        FitConfig(n_steps=1, tracker="neptune")
