"""The curves of a run in MLflow or Weights & Biases, too, by `training: {tracker: mlflow}`.

    tracker = start_tracker("mlflow", run_dir, {"lr": 1e-3})
    tracker.log_metrics({"metrics/loss": 0.7}, step=10)
    tracker.finalize("success")

metrics.csv and validation.csv stay the record.  Neither package is a dependency of rppg, and
nothing is sent unless its tracker is asked for: MLflow writes where MLFLOW_TRACKING_URI says, by
default into the working directory, and its usage statistics are off; Weights & Biases sends to its
server, or writes to disk if WANDB_MODE is offline.  Fabric has a logger for neither, and those of
Lightning and of Weights & Biases need all of Lightning: hence the few calls here.
"""

import importlib
import os
import time
import warnings
from collections.abc import Callable
from pathlib import Path

PROJECT = "rppg"  # the experiment of MLflow, the project of Weights & Biases


class Tracker:
    """One run of MLflow or Weights & Biases.  If it fails, a warning says so, once, and training
    goes on without it."""

    def __init__(self, name: str, log: Callable, end: Callable):
        self.name, self._log, self._end = name, log, end
        self._failed = False

    def log_metrics(self, curves: dict[str, float], step: int) -> None:
        """Add the values of one step."""
        self._try(f"at step {step}", self._log, curves, step)

    def finalize(self, status: str) -> None:
        """End the run.  status: "success" or "failed"."""
        self._try("at the end of the run", self._end, status == "success")

    def _try(self, when: str, call: Callable, *arguments) -> None:
        if self._failed:
            return
        try:
            call(*arguments)
        except Exception as error:  # of another package, a server or a network
            self._failed = True
            text = f"{self.name} failed {when} and gets no more rows ({error})"
            text += ": training goes on, and the CSV files have all of them"
            warnings.warn(text, stacklevel=3)


def start_tracker(name: str, run_dir: Path, parameters: dict) -> Tracker:
    """A new run, named after the last three folders of `run_dir`, with these parameters.

    name: "mlflow" or "wandb".  Raises ModuleNotFoundError, with what to do, if that package is not
    installed, and whatever the package raises if its server cannot be reached.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # read when mlflow is imported
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        advice = f"pip install {name}, or take `tracker` out of `training`"
        raise ModuleNotFoundError(f"tracker {name!r} is not installed: {advice}") from error
    start = {"mlflow": _mlflow, "wandb": _wandb}[name]
    return Tracker(name, *start(module, "/".join(run_dir.absolute().parts[-3:]), parameters))


def _mlflow(mlflow, run_name: str, parameters: dict) -> tuple[Callable, Callable]:
    """How a run of MLflow takes rows, and how it ends."""
    experiment, client = mlflow.set_experiment(PROJECT), mlflow.MlflowClient()
    run_id = client.create_run(experiment.experiment_id, run_name=run_name).info.run_id
    for key, value in parameters.items():
        client.log_param(run_id, key, value)

    def log(curves: dict[str, float], step: int) -> None:
        now_ms = int(1000 * time.time())
        rows = [mlflow.entities.Metric(key, value, now_ms, step) for key, value in curves.items()]
        client.log_batch(run_id, metrics=rows)

    def end(success: bool) -> None:
        client.set_terminated(run_id, "FINISHED" if success else "FAILED")

    return log, end


def _wandb(wandb, run_name: str, parameters: dict) -> tuple[Callable, Callable]:
    """How a run of Weights & Biases takes rows, and how it ends."""
    run = wandb.init(project=PROJECT, name=run_name, config=parameters, reinit="create_new")

    def log(curves: dict[str, float], step: int) -> None:
        run.log(curves, step=step)

    return log, lambda success: run.finish(exit_code=0 if success else 1)
