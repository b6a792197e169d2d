"""For tests of the studies of Gideon2021: folders as its training notebook leaves them, made up.

`made_up_run(folder, dataset="PURE", loss="mcc", saliency=True, seed=2, error_bpm=3.0)` writes
run.json, rounds.parquet and, with saliency, looks.npz.  Six recordings in two folds.
"""

import json

import numpy as np
import pandas as pd

TRUE_BPM = np.array([60.0, 72.0, 84.0, 96.0, 108.0, 120.0])
FOLDS = ["fold 1"] * 3 + ["fold 2"] * 3
MEAN_BPM, MEDIAN_BPM, UNTRAINED_BPM = 90.0, 80.0, 150.0  # what the baselines answer
WAVES = {"pearson": 0.5, "mcc": 0.8, "snr_db": 6.0}  # of the run's own model
SIDE, MAP_SIDE = 64, 16  # of a crop and of a map


def made_up_run(
    folder, *, study="tables", dataset="PURE", loss="multiview", saliency=False, seed=1,
    w_s=1.0, w_t=1.0, error_bpm=2.0, origin="synthetic",
):  # fmt: skip
    """The folder of one run, whose model is off by error_bpm, now above, now below the truth."""
    run = folder / dataset / f"{loss}-{saliency}-{w_s:g}-{w_t:g}" / f"seed{seed}"
    run.mkdir(parents=True)
    name = f"Gideon2021, {loss}"
    signs = np.array([1, -1, 1, -1, 1, -1])
    parts = [_rows(dataset, name, TRUE_BPM + error_bpm * signs, **WAVES)]
    for model, hr_bpm in (("mean", MEAN_BPM), ("median", MEDIAN_BPM)):
        parts.append(_rows(dataset, model, np.full(6, hr_bpm), pearson=0.0, mcc=0.1, snr_db=-9.0))
    parts.append(_rows(dataset, "untrained net", np.full(6, UNTRAINED_BPM), 0.0, 0.2, -5.0))
    pd.concat(parts, ignore_index=True).to_parquet(run / "rounds.parquet", index=False)
    given = {"study": study, "name": name, "datasets": [dataset], "loss": loss, "seed": seed}
    weights = {"contrast": 1.0, "sparsity": w_s, "temporal": w_t}
    given |= {"saliency": saliency, "weights": {k: w for k, w in weights.items() if w != 1}}
    given |= {"desync_s": 0.0, "flash": False, "validation": ""}
    facts = {"origin": origin, "parameters": given, "seconds": 12.5}
    (run / "run.json").write_text(json.dumps(facts))
    if saliency:
        np.savez(run / "looks.npz", **looks(dataset, sharpness=w_s))
    return run


def looks(dataset, sharpness):
    """Two recordings' crops and maps; the maps the sharper, the larger the number."""
    y, x = (np.mgrid[:MAP_SIDE, :MAP_SIDE] + 0.5) / MAP_SIDE
    peak = np.exp(
        (0.4 + 3 * np.log1p(sharpness)) * np.exp(-((x - 0.5) ** 2 + (y - 0.35) ** 2) / 0.05)
    )
    v, u = (np.mgrid[:SIDE, :SIDE] + 0.5) / SIDE
    face = ((u - 0.5) / 0.28) ** 2 + ((v - 0.5) / 0.4) ** 2 < 1
    crop = np.where(face[..., None], (205, 160, 135), (70, 90, 110)).astype(np.uint8)
    return {
        "ids": np.array(ids(dataset)[:2]),
        "crops": np.stack([crop, crop[:, ::-1]]),
        "saliency": np.stack([peak / peak.sum()] * 2).astype(np.float32),
        "warped": np.stack([crop[8:-8, 8:-8]] * 2),
        "block": np.zeros(0),
    }


def ids(dataset):
    return [f"{dataset}/{i}/vid" for i in range(len(TRUE_BPM))]


def _rows(dataset, model, hr_bpm, pearson, mcc, snr_db):
    """Rounds of one model."""
    return pd.DataFrame(
        {"id": ids(dataset), "dataset": dataset, "round": FOLDS, "model": model}
        | {"hr_bpm": hr_bpm, "hr_true_bpm": TRUE_BPM}
        | {"pearson": pearson, "mcc": mcc, "snr_db": snr_db}
        | {"block_saliency": np.nan, "block_area": np.nan}
    )
