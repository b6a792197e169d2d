"""For tests of Figs. 4 to 6: runs with a flashing block or shifted labels, prepared contact waves.

`flash_run(folder, loss="mcc", seed=1, focus=0.5)` and `desync_run(folder, loss="mcc", seed=1,
desync_s=4.0, error_bpm=3.0)` write what the training notebook leaves; `prepared_waves(folder)` a
store with contact waves of a known change.
"""

import json

import numpy as np
import pandas as pd

from rppg.datasets.store import Store

TRUE_BPM = np.array([60.0, 75.0, 90.0, 105.0])
MEAN_ERROR_BPM = 20.0  # of the mean predictor
SIDE, MAP_SIDE = 64, 16  # of a crop and of a map
BLOCK = np.array([4, 4, 8, 8])  # x, y, width, height in pixels
BLOCK_AREA = 64 / SIDE**2


def flash_run(folder, loss="multiview", seed=1, focus=4.0, error_bpm=3.0):
    """The folder of a run that looks at the block focus times as much as an even map."""
    splits = _rounds("UBFC-rPPG", f"Gideon2021, {loss}", error_bpm)
    splits.loc[splits["model"] != "mean", "block_saliency"] = focus * BLOCK_AREA
    splits["block_area"] = BLOCK_AREA
    run = _write(folder / f"flash-{loss}-{seed}", splits, "flash", loss, seed, flash=True)
    np.savez(run / "looks.npz", **flash_looks(focus))
    return run


def desync_run(folder, loss="mcc", seed=1, desync_s=0.0, error_bpm=3.0):
    """The folder of a run that is off by error_bpm, without a sampler."""
    splits = _rounds("COHFACE", f"Gideon2021, {loss}", error_bpm)
    run = folder / f"desync-{loss}-{desync_s:g}-{seed}"
    return _write(run, splits, "desync", loss, seed, desync_s=desync_s)


def flash_looks(focus):
    """Three recordings' crops and maps: the block, and one place of the face, share the map."""
    y, x = (np.mgrid[:MAP_SIDE, :MAP_SIDE] + 0.5) * SIDE / MAP_SIDE
    on_block = (abs(x - 8) < 4) & (abs(y - 8) < 4)
    face = np.exp(-((x - 32) ** 2 + (y - 20) ** 2) / 60) * ~on_block
    share = focus * BLOCK_AREA
    saliency = share * on_block / on_block.sum() + (1 - share) * face / face.sum()
    v, u = np.mgrid[:SIDE, :SIDE]
    skin = ((u - 32) / 18) ** 2 + ((v - 32) / 26) ** 2 < 1
    crop = np.where(skin[..., None], (205, 160, 135), (70, 90, 110)).astype(np.uint8)
    crop[4:12, 4:12] = 255, 0, 0
    return {
        "ids": np.array(_ids("UBFC-rPPG")[:3]),
        "crops": np.stack([crop] * 3),
        "saliency": np.stack([saliency] * 3).astype(np.float32),
        "warped": np.stack([crop[8:-8, 8:-8]] * 3),
        "block": BLOCK,
    }


def prepared_waves(folder, slopes_bpm_s, seconds=30.0, n=3):
    """A store: n recordings a dataset, whose rate grows by its slope, and one without a wave."""
    store, n_frames = Store(folder), round(30 * seconds)
    times_s = np.arange(n_frames) / 30
    for dataset, slope in slopes_bpm_s.items():
        for i in range(n + 1):
            beats = ((70 + i) * times_s + slope * times_s**2 / 2) / 60
            with store.begin(f"{dataset}/{i}/vid") as writer:
                writer.save("face", np.zeros((n_frames, 8, 8, 3), np.uint8))
                writer.save("mstmap", np.zeros((n_frames, 63, 6), np.float32))
                if i < n:
                    writer.save("bvp", np.sin(2 * np.pi * beats).astype(np.float32))
                meta = {"status": "ok", "n_frames": n_frames, "origin": "synthetic"}
                writer.commit(meta | {"id": writer.id, "duration_s": seconds})
    store.write_index()
    return folder


def _ids(dataset):
    return [f"{dataset}/{i}/vid" for i in range(len(TRUE_BPM))]


def _rounds(dataset, name, error_bpm):
    """The net, off by error_bpm either way, and the mean predictor."""
    signs, parts = np.array([1, -1, 1, -1]), []
    for model, error in ((name, error_bpm), ("mean", MEAN_ERROR_BPM)):
        rows = pd.DataFrame({"id": _ids(dataset), "hr_true_bpm": TRUE_BPM})
        rows["hr_bpm"] = TRUE_BPM + error * signs
        parts.append(rows.assign(model=model))
    same = {"dataset": dataset, "round": ["fold 1", "fold 1", "fold 2", "fold 2"] * 2}
    same |= {"pearson": 0.5, "mcc": 0.8, "snr_db": 3.0}
    same |= {"block_saliency": np.nan, "block_area": np.nan}
    return pd.concat(parts, ignore_index=True).assign(**same)


def _write(run, splits, study, loss, seed, flash=False, desync_s=0.0):
    run.mkdir(parents=True)
    splits.to_parquet(run / "rounds.parquet", index=False)
    given = {"study": study, "name": f"Gideon2021, {loss}", "loss": loss, "seed": seed}
    given |= {"datasets": [splits["dataset"].iloc[0]], "saliency": flash, "flash": flash}
    given |= {"weights": {"sparsity": 1.0, "temporal": 1.0}, "desync_s": desync_s}
    facts = {"origin": "synthetic", "parameters": given, "seconds": 60.0}
    (run / "run.json").write_text(json.dumps(facts))
    return run
