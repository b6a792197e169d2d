"""Prepared recordings with a flashing block of pixels (Fig. 4).

A net trained without labels may follow this rhythm; its saliency map shows whether it does.

    flashing = flashing_copy(store, ids, "runs/study/flashing", seed=0)
    flashing.open(id).wide  # (T, 64, 64, 3): the crops with the block in their corner

The block lies in the upper left corner of the wide crop, off the face.  Its rate is drawn for each
recording, independently of the pulse, and written to recording.json as flash_bpm.
Source: Gideon and Stent, ICCV 2021, Fig. 4: "a random flashing pixel block at 60-180 bpm".
"""

import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from rppg.dataloader.arrays import ARRAYS
from rppg.datasets.prepared import FPS, arrays_in
from rppg.datasets.store import Store
from rppg.training.criteria import NEAR_BPM
from rppg.utils.seeding import seed_from

FLASH = 8  # stream of a seed; others use 0 to 7
CROP_SIDE = ARRAYS["wide"].side
BLOCK = (0, 0, 16, 16)  # x, y, width, height in pixels of a wide crop
RATES_BPM = (60.0, 180.0)
SWING = 40.0  # grey levels: amplitude
COLOURS = (70.0, 185.0)  # range of the block's mean grey level, drawn per channel


def flashing_copy(
    store: Store, ids: Iterable[str], root: Path | str, seed: int, progress: bool = False
) -> Store:
    """A store of these recordings below root with a flashing block in their wide crops.

    Recordings already there stay; other crops and maps are copied unchanged.  Raises KeyError for
    an id that was never prepared, ValueError if its preparation failed or has no wide crops.
    """
    copy = Store(root)
    for id in tqdm(list(ids), desc="flashing", unit="recording", disable=not progress):
        prepared = store.open(id)
        wide = prepared.wide
        if copy.meta(id) is not None:
            continue
        rate_bpm, frames = flashing(np.array(wide), id, seed)
        with copy.begin(id) as writer:
            for name, path in arrays_in(prepared.path("wide").parent).items():
                if name != "wide":
                    shutil.copyfile(path, writer.folder / path.name)
            writer.save("wide", frames)
            writer.commit({**prepared.meta, "flash_bpm": rate_bpm})
    copy.write_index()
    return copy


def flashing(frames: np.ndarray, id: str, seed: int) -> tuple[float, np.ndarray]:
    """Rate of the block in bpm and crops (T, 64, 64, 3) uint8 with it, drawn from id and seed."""
    rng = np.random.default_rng([seed_from(FLASH, seed), *id.encode()])
    rate_bpm, phase = float(rng.uniform(*RATES_BPM)), rng.uniform(0, 2 * np.pi)
    colour = rng.uniform(*COLOURS, size=3)
    times_s = np.arange(len(frames)) / FPS
    course = SWING * np.sin(2 * np.pi * rate_bpm / 60 * times_s + phase)  # (T,)
    x, y, width, height = BLOCK
    block = (colour + course[:, None])[:, None, None]  # (T, 1, 1, 3)
    frames = frames.copy()
    frames[:, y : y + height, x : x + width] = np.clip(block, 0, 255).round().astype(np.uint8)
    return rate_bpm, frames


def share_on_block(saliency: np.ndarray) -> float:
    """Share of a map (G, G), which sums to 1, on the block; a place counts in proportion to its
    covered area."""
    x, y, width, height = BLOCK
    edges = np.linspace(0, CROP_SIDE, len(saliency) + 1)
    columns, rows = (
        np.clip(np.minimum(edges[1:], at + side) - np.maximum(edges[:-1], at), 0, None)
        / np.diff(edges)
        for at, side in ((x, width), (y, height))
    )
    return float((np.asarray(saliency, dtype=float) * rows[:, None] * columns).sum())


def area_of_block() -> float:
    """Share of a crop's area on the block: its share of a uniform map."""
    return BLOCK[2] * BLOCK[3] / CROP_SIDE**2


def with_block(rows: Iterable[dict], looks: Iterable[dict], model: str, store: Store) -> list[dict]:
    """Rows of tested recordings with block_saliency, block_area and flash_bpm added.

    All three are NaN without a flashing block; block_saliency is NaN for every model but `model`,
    to which the looks belong.  rows: from `held_out.tested_rows`; looks: from
    `pixel_saliency.looks`; store: of the tested recordings.
    """
    shares = {one["id"]: share_on_block(one["saliency"]) for one in looks}
    extended = []
    for row in rows:
        about = store.meta(row["id"]) or {}  # nothing of a window, which has no flash
        flash_bpm = about.get("flash_bpm", np.nan)
        seen = shares.get(row["id"], np.nan) if row["model"] == model else np.nan
        flashes = bool(np.isfinite(flash_bpm))
        own = {"block_saliency": seen if flashes else np.nan, "flash_bpm": flash_bpm}
        extended.append(row | own | {"block_area": area_of_block() if flashes else np.nan})
    return extended


def block_summary(table: pd.DataFrame, model: str) -> str:
    """A sentence on how much of a model's saliency and predictions follow the block."""
    own = table[table["model"] == model]
    near = (own["hr_bpm"] - own["flash_bpm"]).abs() <= NEAR_BPM
    seen = f"{own['block_saliency'].mean():.3f} of the saliency, {area_of_block():.3f} of the area"
    return f"on the block: {seen}; {near.mean():.0%} of the predictions within 5 bpm of its rate"
