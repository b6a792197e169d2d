"""The pre-trained run that fine-tuning starts from.

net, inputs, table = load_parent(root / "runs/demo/st_transformer/pretrain", allow_collapsed=False)
"""

from pathlib import Path

import pandas as pd
from torch import nn

from rppg.evaluation.prediction_files import read_predictions
from rppg.models.registry import load_run
from rppg.training.collapse import refuse_collapsed
from rppg.workflow.provenance import read_run_json


def load_parent(run_dir: Path, *, allow_collapsed: bool) -> tuple[nn.Module, dict, pd.DataFrame]:
    """The net of a finished run, the inputs that it was trained on, and its predictions.

    Raises FileNotFoundError if the run has not finished, ValueError if a file of it is damaged, if
    it has collapsed and allow_collapsed is false, or if nothing is known about that; and as
    `load_run`.
    """
    paths = [run_dir / name for name in ("run.json", "predictions.parquet")]
    if missing := [path.name for path in paths if not path.is_file()]:
        found = f"{run_dir} has no {', '.join(missing)}"
        raise FileNotFoundError(f"{found}: finish that run first, or name another parent")
    refuse_collapsed(read_run_json(paths[0]), allow=allow_collapsed)
    return *load_run(run_dir), read_predictions(paths[1])
