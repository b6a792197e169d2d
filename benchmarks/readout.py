"""What the read-out is worth: the demo's test videos by each spectrum and rate of a recording.

    python benchmarks/readout.py --project . --out benchmarks/results/readout.csv
    python benchmarks/readout.py --from benchmarks/results/readout.csv

Reads the prepared demo, its pre-trained models and its solution below --project (`rppg run
--profile demo`): errors of POS and of both solutions, read by `rppg.signals.readout`.  A video of
10 s is one clip, so the rate of a recording can differ only for videos that are longer.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from demo_table import table_of

from rppg.datasets import Store
from rppg.datasets.prepared import FPS, face_colours
from rppg.evaluation.submission import read_solution
from rppg.inference.sliding_window import model_wave
from rppg.signals.classical import wave
from rppg.signals.readout import PAPER, Readout
from rppg.training.parent import load_parent

READOUTS = {"own": {}, "paper's": PAPER, "own spectra, mean of clips": {"aggregate": "mean"}}
RUNS = {"ST-Transformer": "st_transformer/pretrain", "Contrast-Phys+": "contrast_phys/pretrain"}


def rows_of(project: Path) -> list[dict]:
    """A row a model and read-out."""
    store = Store(project / "prepared" / "demo")
    solution = read_solution(project / "data" / "demo" / "solution.csv")
    truth, rows = solution.set_index("id")["hr_true_bpm"], []
    for model in ("POS", *RUNS):
        waves = waves_of(store, truth.index, project, model)
        for readout, given in READOUTS.items():
            read = Readout(**given)
            found_bpm = np.array([read(wave, FPS).hr_bpm for wave in waves])
            error_bpm = np.abs(found_bpm - truth.to_numpy())
            row = {"model": model, "readout": readout, "videos": len(error_bpm)}
            row["rmse_bpm"] = float(np.sqrt(np.mean(error_bpm**2)))
            row["mae_bpm"] = float(error_bpm.mean())
            rows.append(row | {"within_5bpm": float(np.mean(error_bpm <= 5))})
    return rows


def waves_of(store: Store, ids: Iterable[str], project: Path, model: str) -> list[np.ndarray]:
    """Predicted BVPs (T,) of the recordings, by POS or a pre-trained net."""
    if model == "POS":
        return [wave("POS", face_colours(store.open(id).mstmap), FPS) for id in ids]
    net, inputs, _ = load_parent(project / "runs" / "demo" / RUNS[model], allow_collapsed=True)
    return [model_wave(store, id, net, **inputs) for id in ids]


def main() -> None:
    table = table_of(__doc__, lambda project: pd.DataFrame(rows_of(project)), "%.4f")
    print(table.sort_values(["model", "readout"]).to_string(index=False))


if __name__ == "__main__":
    main()
