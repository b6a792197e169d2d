"""Prepared recordings with a block of pixels that flashes at a rate of its own.

A net that finds a rhythm without labels may find this one; a saliency map shows it.

    flashing = flashing_copy(store, ids, "runs/study/flashing", seed=0)
    flashing.open(id).wide  # (T, 64, 64, 3): the crops with the block in their corner

The block lies in the upper left corner of the wide crop, off the face.  Its rate is drawn for each
recording and has nothing to do with the pulse; it is in recording.json as flash_bpm.
Source: Gideon and Stent, ICCV 2021, Fig. 4: "a random flashing pixel block at 60-180 bpm".
"""

import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from rppg.datasets.prepared import FPS, arrays_in
from rppg.datasets.store import Store
from rppg.models.registry import CROP_SIDES
from rppg.training.criteria import NEAR_BPM
from rppg.utils.seeding import seed_from

FLASH = 8  # what a seed is for; others have 0 to 7
CROP_SIDE = CROP_SIDES["wide"]
BLOCK = (0, 0, 16, 16)  # x, y, width, height in pixels of a wide crop
RATES_BPM = (60.0, 180.0)
SWING = 40.0  # grey levels, up and down
COLOURS = (70.0, 185.0)  # grey levels of the block at rest, each channel its own


def flashing_copy(
    store: Store, ids: Iterable[str], root: Path | str, seed: int, progress: bool = False
) -> Store:
    """A store of these recordings below root whose wide crops flash; what is there stays.

    Crops and maps of the other kinds are as they were.  Raises KeyError for an id that was never
    prepared, ValueError for one that could not be or was prepared without wide crops.
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
    """The rate in bpm and the crops (T, 64, 64, 3) uint8 with the block, drawn from id and seed."""
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
    """Share of a map (G, G), which sums to 1, that lies on the block; a place counts by the part of
    it that the block covers."""
    x, y, width, height = BLOCK
    edges = np.linspace(0, CROP_SIDE, len(saliency) + 1)
    columns, rows = (
        np.clip(np.minimum(edges[1:], at + side) - np.maximum(edges[:-1], at), 0, None)
        / np.diff(edges)
        for at, side in ((x, width), (y, height))
    )
    return float((np.asarray(saliency, dtype=float) * rows[:, None] * columns).sum())


def area_of_block() -> float:
    """Share of a crop that the block covers: what it has of an even map."""
    return BLOCK[2] * BLOCK[3] / CROP_SIDE**2


def with_block(rows: Iterable[dict], looks: Iterable[dict], model: str, store: Store) -> list[dict]:
    """Rows of tested recordings, each with block_saliency, block_area and flash_bpm; NaN where no
    block flashes, and block_saliency of other models than this one, whose looks are given.

    rows: as `tested.tested_rows` gives them; looks: as `saliency.looks` does; store: of the
    recordings that were tested.
    """
    shares = {one["id"]: share_on_block(one["saliency"]) for one in looks}
    found = []
    for row in rows:
        flash_bpm = store.meta(row["id"]).get("flash_bpm", np.nan)
        seen = shares.get(row["id"], np.nan) if row["model"] == model else np.nan
        flashes = bool(np.isfinite(flash_bpm))
        own = {"block_saliency": seen if flashes else np.nan, "flash_bpm": flash_bpm}
        found.append(row | own | {"block_area": area_of_block() if flashes else np.nan})
    return found


def told_of_block(table: pd.DataFrame, model: str) -> str:
    """What a model of `with_block`'s table does about the block, in words."""
    own = table[table["model"] == model]
    near = (own["hr_bpm"] - own["flash_bpm"]).abs() <= NEAR_BPM
    seen = f"{own['block_saliency'].mean():.3f} of the saliency, {area_of_block():.3f} of the area"
    return f"on the block: {seen}; {near.mean():.0%} of the answers within 5 bpm of its rate"
