"""For bench.py: every model of a seed of `bench`, on faces of the second maker, kept on disk.

    table = second_maker_table(seed=7, clips=50, workers=2, freq_hz=axis)  # by runs/bench-7

The clips of each level are rendered, and prepared as 01_preprocess prepares; then every run that
has a model predicts them as its own notebook does, folds together.  Clips, prepared recordings and
predictions lie in build/bench/<seed>; what is there is not made again, unless a run has other
predictions than then.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from rppg.datasets.store import Store
from rppg.evaluation.fold_predictions import collect_folds
from rppg.evaluation.prediction_files import read_predictions
from rppg.inference.box_predictions import predict_box
from rppg.inference.classical import predict_classical
from rppg.inference.recorded_motion import head_motions
from rppg.inference.region_voting import region_views
from rppg.inference.sliding_window import predict_model
from rppg.models.names import WEIGHTS
from rppg.models.protocol import traits_of
from rppg.models.registry import load_run
from rppg.preprocessing.mstmap import COMBINATIONS
from rppg.signals.multi_region import CLASSICAL
from rppg.synthetic.second_maker import SecondMakerConfig, write_second_maker
from rppg.utils.atomic import atomic_write
from rppg.utils.paths import project_dir
from rppg.workflow.fold_stages import fold_folder
from rppg.workflow.provenance import file_digest, read_run_json
from rppg.workflow.records import PREVIOUS

LEVELS = ("middle", "hard")
FIRST_SEED = 7000  # of the clips of seed 0: no other benchmark uses these
BOX = "box/released"


def second_maker_table(seed: int, clips: int, workers: int, freq_hz: np.ndarray) -> pd.DataFrame:
    """Predictions of every model on the clips of all levels: the long table with a column level,
    one of the head's motion at freq_hz (F,), and the true rates in hr_true_bpm."""
    parts = [_level_table(seed, level, clips, workers, freq_hz) for level in LEVELS]
    return pd.concat(parts, ignore_index=True)


def _level_table(seed: int, level: str, clips: int, workers: int, freq_hz) -> pd.DataFrame:
    folder = project_dir() / "build" / "bench" / str(seed) / level
    kept = folder / "predictions"
    store = prepared_clips(
        folder, SecondMakerConfig(FIRST_SEED + seed, clips, level, 10.0), workers
    )
    ids, tables = sorted(store.ids()), []
    for run in tqdm(_runs(seed), desc=f"{level}: models"):
        made_of = file_digest(
            project_dir() / "runs" / f"bench-{seed}" / run / "predictions.parquet"
        )
        path = kept / f"{run.replace('/', '_')}-{made_of[:12]}.parquet"
        if not path.is_file():
            table = _predictions(store, ids, run, seed)
            path.parent.mkdir(parents=True, exist_ok=True)
            atomic_write(path, lambda part, one=table: one.to_parquet(part, index=False))
        tables.append(read_predictions(path))
    table = pd.concat(tables, ignore_index=True)
    table["motion"] = head_motions(store, table["id"], freq_hz)
    return table.assign(level=level, id=f"{level}-" + table["id"], split="test")


def prepared_clips(folder: Path, config: SecondMakerConfig, workers: int) -> Store:
    """The second maker's clips, rendered and prepared in a folder; what is there is kept."""
    data = write_second_maker(folder / "clips", config, workers)
    words = ["prepare", data, folder / "prepared", "--workers", workers]
    words += ["--crops", "face", "--crops", "wide"]
    subprocess.run([sys.executable, "-m", "rppg", *map(str, words)], check=True)
    return Store(folder / "prepared")


def _runs(seed: int) -> list[str]:
    """ "classical", then every run of the seed that has predictions."""
    runs = project_dir() / "runs" / f"bench-{seed}"
    found = sorted(path.parent.relative_to(runs) for path in runs.glob("*/*/run.json"))
    found = [one for one in found if one.parts[0] != PREVIOUS]  # not what was run before
    names = [one.as_posix() for one in found if (runs / one / "predictions.parquet").is_file()]
    if not names:
        raise FileNotFoundError(
            f"no finished run in {runs}: rppg run --profile bench --seed {seed}"
        )
    return ["classical", *names]


def _predictions(store: Store, ids: list[str], run: str, seed: int) -> pd.DataFrame:
    runs = project_dir() / "runs" / f"bench-{seed}"
    if run == "classical":
        return predict_classical(store, ids, CLASSICAL)
    if run == BOX:
        return predict_box(store, ids)
    if (runs / run / WEIGHTS).is_file():
        return predictions_of_run(store, ids, runs / run)
    folds = sorted((runs / fold_folder(run, 0)).parent.iterdir())
    tables = [predictions_of_run(store, ids, fold).assign(split="test") for fold in folds]
    return collect_folds(tables)


def predictions_of_run(
    store: Store, ids: list[str], folder: Path, weights: str = WEIGHTS
) -> pd.DataFrame:
    """Predictions of one run's model, read out as its notebook did.  weights: one of its files."""
    net, inputs = load_run(folder, weights)
    facts = read_run_json(folder / "run.json")["parameters"]
    n_regions = facts.get("views", 0) if traits_of(net).takes_rows else 0
    reading = {"views": region_views(COMBINATIONS, n_regions), "readout": facts.get("readout")}
    if "window_step" in facts:
        reading["step"] = facts["window_step"]
    return predict_model(store, ids, net, facts["name"], **inputs, **reading)
