"""What a distance says of pairs of windows: are those of one activity nearer, and a rotated copy?

    pairs = pair_table(distance, windows, n_anchors=100, n_candidates=200, seed=0)
    nearness(pairs)  # shares in 0-1; 0.5 is what chance gives

Distances rank the candidates of one anchor, which is all that the loss uses: so nearness is asked
anchor by anchor and averaged, never across anchors.
"""

import numpy as np
import pandas as pd
import torch
from sklearn.metrics import roc_auc_score

from rppg.learning.randomness import generator_from
from rppg.motion.augment import AUGMENTATIONS
from rppg.motion.pretrain import masked_distances
from rppg.motion.window_store import Windows

COLUMNS = ["anchor", "candidate", "kind", "same_activity", "same_hour", "distance", "raw_distance"]
HOUR = ["dataset", "subject", "session", "hour"]


def pair_table(
    distance, windows: Windows, n_anchors: int, n_candidates: int, seed: int
) -> pd.DataFrame:
    """Distances of drawn anchors to drawn candidates and to a rotated copy of themselves.

    Columns: anchor, candidate (ids of windows), kind ("window" or "rotated copy"), same_activity,
    same_hour (of one subject), distance (as learned), raw_distance (the squared difference of the
    two, unlearned).  Windows without an activity are left out; a window is no candidate of itself.
    """
    rng = np.random.default_rng(seed)
    labelled = np.flatnonzero(windows.table["activity"] != "")
    anchors = rng.permutation(labelled)[:n_anchors]
    candidates = rng.permutation(labelled)[:n_candidates]
    told = _of_windows(windows.table, anchors, candidates)
    of_anchors, of_candidates = (_tensor(windows, at) for at in (anchors, candidates))
    learned, raw = _both(distance, of_anchors, of_candidates)
    told |= {"distance": learned.flatten(), "raw_distance": raw.flatten()}
    pairs = pd.DataFrame(told)
    pairs = pairs[pairs["anchor"] != pairs["candidate"]]
    rotated = _of_rotated(distance, of_anchors, windows.table["id"].to_numpy()[anchors], seed)
    return pd.concat([pairs, rotated], ignore_index=True)[COLUMNS]


def nearness(pairs: pd.DataFrame) -> pd.DataFrame:
    """One row a question, columns question, learned, raw (means over anchors), n_anchors.

    Area under the ROC curve: the chance that a candidate of the first sort is nearer than one of
    the second.  Anchors that lack either sort have no say.
    """
    windows = pairs[pairs["kind"] == "window"]
    other = windows[~windows["same_activity"]]
    rotated = pairs[pairs["kind"] == "rotated copy"]
    questions = {
        "same activity nearer than another": (windows[windows["same_activity"]], other),
        "same activity nearer, other hours and subjects only": (
            windows[windows["same_activity"] & ~windows["same_hour"]],
            other[~other["same_hour"]],
        ),
        "same activity nearer, within the hour": (
            windows[windows["same_activity"] & windows["same_hour"]],
            other[other["same_hour"]],
        ),
        "rotated copy nearer than another activity": (rotated, other),
    }
    return pd.DataFrame(
        [{"question": text, **_asked(*groups)} for text, groups in questions.items()]
    )


def _asked(near: pd.DataFrame, far: pd.DataFrame) -> dict:
    found = []
    far = dict(list(far.groupby("anchor")))
    for anchor, own in near.groupby("anchor"):
        if anchor in far:
            both = pd.concat([own, far[anchor]])
            truth = np.r_[np.ones(len(own)), np.zeros(len(far[anchor]))]
            found.append([roc_auc_score(truth, -both[c]) for c in ("distance", "raw_distance")])
    learned, raw = np.mean(found, axis=0) if found else (np.nan, np.nan)
    return {"learned": learned, "raw": raw, "n_anchors": len(found)}


def _of_windows(table: pd.DataFrame, anchors: np.ndarray, candidates: np.ndarray) -> dict:
    """Ids and what two windows share, all pairs, anchor by anchor."""
    first = table.iloc[np.repeat(anchors, len(candidates))]
    second = table.iloc[np.tile(candidates, len(anchors))]
    shared = [first[c].to_numpy() == second[c].to_numpy() for c in HOUR]
    return {
        "anchor": first["id"].to_numpy(),
        "candidate": second["id"].to_numpy(),
        "kind": "window",
        "same_activity": first["activity"].to_numpy() == second["activity"].to_numpy(),
        "same_hour": np.logical_and.reduce(shared),
    }


def _of_rotated(distance, anchors: torch.Tensor, ids: np.ndarray, seed: int) -> pd.DataFrame:
    generator = torch.Generator().manual_seed(seed)
    turned = AUGMENTATIONS["rotation"](anchors, generator)
    learned, raw = (both.diagonal() for both in _both(distance, anchors, turned))
    told = {"anchor": ids, "candidate": ids, "kind": "rotated copy"}
    told |= {"same_activity": True, "same_hour": True}
    return pd.DataFrame(told | {"distance": learned, "raw_distance": raw})


@torch.no_grad()
def _both(distance, anchors: torch.Tensor, candidates: torch.Tensor) -> list[np.ndarray]:
    """Learned distances and squared differences (A, K)."""
    if distance.config.statistics == "candidate":
        learned = distance.eval().distances(anchors, distance.keys(candidates))
    else:  # REBAR's: half of the anchor is hidden, drawn anew for each pair
        generator = generator_from(0)
        one = [masked_distances(distance, a[None], candidates[None], generator) for a in anchors]
        learned = torch.cat(one)
    flat = anchors.flatten(1).double(), candidates.flatten(1).double()
    return [learned.numpy(), (torch.cdist(*flat) ** 2).numpy()]


def _tensor(windows: Windows, at: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.array(windows.xyz_g[at]))
