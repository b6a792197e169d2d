"""For tests of the ablation: a grid's folders as a run leaves them, with made-up heart rates.

`made_up_grid(tmp_path, "ablation", rows, seeds, errors_bpm)` writes runs/<profile>-<seed>/ and
data/<profile>-<seed>/solution.csv.  Test rows carry a false truth: whoever reads it is found out.
"""

import json

import numpy as np
import pandas as pd

N_TEST, TRAIN_BPM = 8, (60.0, 100.0)
POS_ERROR_BPM, PRETRAINED_ERROR_BPM, VALIDATION_RMSE_BPM = 22.0, 25.0, 7.5
TRUE_BPM = np.linspace(60, 116, N_TEST)


def predictions(model, error_bpm, kind="learned"):
    """Test recordings, all of them off by error_bpm; without their truth."""
    ids = [f"VIPL_HR/{i}/video1.avi" for i in range(N_TEST)]
    spectrum = np.ones(3, np.float32)
    return pd.DataFrame(
        {"id": ids, "model": model, "kind": kind, "split": "test", "hr_bpm": TRUE_BPM + error_bpm}
        | {"quality": 0.5, "hr_true_bpm": 1.0, "origin": "synthetic", "reason": ""}
        | {"freq_hz": [spectrum] * N_TEST, "power": [spectrum] * N_TEST}
    )


def made_up_grid(folder, profile, rows, seeds, errors_bpm):
    """errors_bpm: (table, row, seed) -> error of every test recording.  Returns the run folders."""
    runs = []
    for seed in seeds:
        run, data = (folder / part / f"{profile}-{seed}" for part in ("runs", "data"))
        write(run / "classical", _classical())
        for row in rows:
            write(run / row["parent"], predictions(row["parent"], PRETRAINED_ERROR_BPM))
            error_bpm = errors_bpm(row["table"], row["row"], seed)
            write(run / row["run"], predictions(row["run"], error_bpm))
        data.mkdir(parents=True)
        solution = pd.DataFrame({"ids": predictions("", 0)["id"], "HR": TRUE_BPM})
        solution.iloc[::-1].to_csv(data / "solution.csv", index=False)  # another order
        runs.append(run)
    return runs


def write(run, table):
    """The table, a validation recording besides, and run.json, as 04_finetune leaves them."""
    run.mkdir(parents=True, exist_ok=True)
    other = table[:1].assign(id="VIPL-HR-V2/1/video1", split="validation", hr_bpm=200.0)
    table = pd.concat([table, other], ignore_index=True)
    table.to_parquet(run / "predictions.parquet", index=False)
    validation = {"rmse_bpm": VALIDATION_RMSE_BPM, "mae_bpm": 1.0}
    (run / "run.json").write_text(json.dumps({"validation": validation}))


def _classical():
    train = predictions("POS", 0.0, "classical")[: len(TRAIN_BPM)]
    train = train.assign(split="train", hr_true_bpm=TRAIN_BPM, id=["train/1", "train/2"])
    parts = [train, predictions("POS", POS_ERROR_BPM, "classical")]
    return pd.concat([*parts, predictions("GREEN", 50.0, "classical")], ignore_index=True)
