"""Simulated crops against those of rendered clips: statistics side by side.

    python benchmarks/traces_crops.py --prepared prepared/demo \
        --out benchmarks/results/traces_crops.csv

Crops of the first 10 s, averaged to 32 x 32 pixels and to 8 x 8 cells; rendered ones are of the
first maker's recordings with a contact PPG.  Face cells are the 12 in the middle, outline cells
those that a ring around them meets.  AC is the standard deviation in the heart band, DC the mean,
both of green; SNR is as in traces.py, of a cell's POS signal; noise is what changes from one frame
to the next and back.  Medians of all recordings, with the 10th and 90th percentile.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from traces import FPS, compared, correlation, known_windows, snr_db

from rppg.datasets import Store
from rppg.signals.bandpass import bandpass
from rppg.signals.classical import pos
from rppg.synthetic.traces.simulate import TraceConfig, simulate_block

SIDE, CELLS = 32, 8
FACE = np.zeros((CELLS, CELLS), bool)
FACE[2:6, 3:5] = FACE[3:5, 2:6] = True
OUTLINE = ~FACE
OUTLINE[[0, -1]] = OUTLINE[:, [0, -1]] = False


def main() -> None:
    """Measure both, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--prepared", type=Path, required=True, help="store with rendered clips")
    parser.add_argument("--blocks", type=int, default=4, help="simulated blocks of 16 clips")
    parser.add_argument("--out", type=Path, help="CSV to write")
    args = parser.parse_args()
    tables = {"rendered": rendered(Store(args.prepared)), "simulated": simulated(args.blocks)}
    found = compared(tables)
    print(found.to_string(index=False, float_format="%.2f"))
    if args.out:
        found.to_csv(args.out, index=False, float_format="%.4f")


def rendered(store: Store) -> pd.DataFrame:
    """Statistics of recordings of 10 s and more with a contact PPG."""
    windows = known_windows(store, "face")
    return pd.DataFrame([statistics(smaller(face, SIDE), hr_bpm) for face, hr_bpm in windows])


def simulated(n_blocks: int) -> pd.DataFrame:
    """Statistics of simulated clips."""
    rows = []
    for number in range(n_blocks):
        block = simulate_block(TraceConfig(crops=("face",)), number)
        crops = block.crops("face", list(range(len(block.hr_bpm))))
        pairs = zip(crops, block.hr_bpm, strict=True)
        rows += [statistics(smaller(crop, SIDE), float(hr_bpm)) for crop, hr_bpm in pairs]
    return pd.DataFrame(rows)


def smaller(frames: np.ndarray, side: int) -> np.ndarray:
    """Frames (T, H, W, 3) averaged to (T, side, side, 3) float32."""
    frames = (np.ascontiguousarray(frame, np.float32) for frame in frames)
    return np.stack([cv2.resize(f, (side, side), interpolation=cv2.INTER_AREA) for f in frames])


def statistics(crop: np.ndarray, hr_bpm: float) -> dict[str, float]:
    """Statistics of a crop (T, SIDE, SIDE, 3) whose true rate is known."""
    middle = crop[:, 8:24, 10:22, 1].reshape(len(crop), -1)  # green of the skin's pixels
    still = middle.mean(axis=0)
    back = middle[:-2] - 2 * middle[1:-1] + middle[2:]
    cells = smaller(crop, CELLS).astype(float)  # (T, CELLS, CELLS, 3)
    green = bandpass(cells[..., 1].transpose(1, 2, 0), FPS)  # (CELLS, CELLS, T)
    share = 100 * green.std(axis=-1) / cells[..., 1].mean(axis=0)
    snrs = [snr_db(pos(one, FPS), hr_bpm) for one in cells[:, FACE].transpose(1, 0, 2)]
    return {
        "DC of the middle, levels": float(still.mean()),
        "texture of the middle, %": float(100 * still.std() / still.mean()),
        "noise of a pixel, levels": float(np.median(back.std(axis=0)) / np.sqrt(6)),
        "AC/DC of face cells, %": float(np.median(share[FACE])),
        "AC/DC of outline cells, %": float(np.median(share[OUTLINE])),
        "correlation of face cells": correlation(green[FACE]),
        "SNR of POS, best face cell, dB": max(snrs),
        "SNR of POS, median face cell, dB": float(np.median(snrs)),
    }


if __name__ == "__main__":
    main()
