"""A training run's bookkeeping in one call: its folder, what decides it, and its run.json.

    with experiment(
        "runs/demo/st_transformer/pretrain",
        parameters={"lr": 1e-3, "seed": 0},
        inputs=[prepared / "index.parquet"],
        notebook="02_pretrain_st_transformer",
        models=("st_transformer",),
    ) as run:
        result = fit(model, batches, step, config, run.dir)
        run.save_predictions(table)
        run.finish(origin="synthetic", stopped=result.stopped)

A folder belongs to one run: to its parameters, to the contents of its inputs and to the code that
computes it (not to figures), all of which claim.json names.  If the folder holds

- the same run, interrupted: `fit` resumes it;
- the same run, finished (run.json exists): `fit` loads it, and its files stay as they are;
- another run: FileExistsError with one line that says what differs and how to continue.  (Under
  `rppg run` that run is renamed instead; see rppg.workflow.run_folder.)

Nothing is ever deleted.  A second process that opens the folder is refused while the first one
lives.  Of the processes of a torchrun the first one writes, and the others wait for it.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from rppg.utils.atomic import atomic_write
from rppg.utils.paths import project_dir
from rppg.workflow.code_hash import cells_digest, notebook_code
from rppg.workflow.provenance import file_digest, write_run_json
from rppg.workflow.run_folder import is_first_process, run_folder

RUN_JSON, PREDICTIONS, MODEL = "run.json", "predictions.parquet", "model.safetensors"


@dataclass(frozen=True)
class Experiment:
    """An open run folder."""

    dir: Path
    parameters: dict
    inputs: tuple[Path, ...]
    finished: bool  # whether run.json was there before
    model_before: str | None  # digest of the weights that were there before

    def save(self, name: str, write: Callable[[Path], object]) -> Path:
        """Let `write` fill the file dir/name, atomically; returns its path.  A finished run keeps
        the file that it has, unless its weights have changed since (a larger budget)."""
        path = self.dir / name
        if is_first_process() and not self._keeps(path):
            atomic_write(path, write)
        return path

    def save_predictions(self, table: pd.DataFrame) -> Path:
        """Write predictions.parquet; returns its path."""
        return self.save(PREDICTIONS, lambda part: table.to_parquet(part, index=False))

    def finish(self, *, origin: str, score: pd.DataFrame | None = None, **more) -> Path:
        """Write run.json, which marks the run as finished; returns its path.  Call it last.

        origin: "real" or "synthetic".  score: rows of a leaderboard.  more: results, JSON values.
        """
        path, model = self.dir / RUN_JSON, self.dir / MODEL
        if is_first_process() and not self._keeps(path):
            inputs = [*self.inputs, *([model] if model.is_file() else [])]
            about = {"origin": origin, "score": score, "inputs": inputs}
            write_run_json(path, self.parameters, **about, **more)
        return path

    def _keeps(self, path: Path) -> bool:
        same = _digest_or_none(self.dir / MODEL) == self.model_before
        return self.finished and path.is_file() and same


@contextmanager
def experiment(
    run_dir: Path | str,
    *,
    parameters: dict,
    inputs: Sequence[Path | str] = (),
    notebook: str,
    models: Sequence[str] = (),
) -> Iterator[Experiment]:
    """Open run_dir (relative to the project's folder) as the folder of one run.

    parameters: everything that decides the result, JSON values.  inputs: files that do; their
    contents count, not their places.  notebook: path below notebooks/, without ".ipynb"; its code
    cells up to this call, without the parameters cell, and the modules that it imports are the
    run's code (rppg.workflow.code_hash).  models: names in the registry whose code belongs to it.

    Raises FileExistsError if run_dir holds another run or other files, BlockingIOError if another
    process has it open, FileNotFoundError if an input is missing, TimeoutError if the first process
    of a torchrun does not open it, ValueError if two inputs have one name.
    """
    root = project_dir()
    path = root / "notebooks" / f"{notebook}.ipynb"
    folder, files = root / run_dir, tuple(root / file for file in inputs)
    names = [file.name for file in files]
    if len(set(names)) < len(names):
        raise ValueError(f"inputs are called {names}, expected different file names")
    facts = {
        "notebook": notebook,
        "parameters": parameters,
        "inputs": {file.name: file_digest(file) for file in files},
        "code": notebook_code(path, models) | {"the notebook": cells_digest(path)},
    }
    with run_folder(folder, facts):
        finished = (folder / RUN_JSON).is_file()
        yield Experiment(folder, parameters, files, finished, _digest_or_none(folder / MODEL))


def _digest_or_none(path: Path) -> str | None:
    return file_digest(path) if path.is_file() else None
