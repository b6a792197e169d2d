"""Distance evaluation: are windows of the same activity nearer, and is a rotated copy nearer?

    pairs = pair_table(distance, untrained, windows, n_anchors=100, n_candidates=200, seed=0)
    nearness(pairs)  # AUC in 0-1; 0.5 by chance

The loss only uses the ranking of one anchor's candidates, so nearness is measured per anchor and
averaged, never across anchors.  The learned distance is compared with three untrained rules: the
same network at initialisation, the squared difference of the samples, and the difference in energy.
"""

import numpy as np
import pandas as pd
import torch
from sklearn.metrics import roc_auc_score

from rppg.studies.relcon.data.window_store import Windows
from rppg.studies.relcon.models.handcrafted import LEAST_G2
from rppg.studies.relcon.pretraining.augment import AUGMENTATIONS
from rppg.studies.relcon.pretraining.objectives import masked_distances
from rppg.studies.relcon.pretraining.pair_dataset import OF_ONE_HOUR
from rppg.utils.seeding import generator_from

COLUMNS = {
    "anchor": object,
    "candidate": object,
    "kind": object,
    "same_activity": bool,
    "same_hour": bool,
    "distance": float,
    "untrained_distance": float,
    "raw_distance": float,
    "energy_distance": float,
}
DISTANCE_COLUMNS = {  # column of nearness: column of pair_table
    "learned": "distance",
    "untrained": "untrained_distance",
    "raw": "raw_distance",
    "energy": "energy_distance",
}


def pair_table(
    distance, untrained, windows: Windows, n_anchors: int, n_candidates: int, seed: int
) -> pd.DataFrame:
    """Distances of drawn anchors to drawn candidates and to a rotated copy of themselves.

    untrained: the distance's network at initialisation.  Columns: anchor, candidate (ids of
    windows), kind ("window" or "rotated copy"), same_activity, same_hour (and same subject),
    distance (learned), untrained_distance, raw_distance (squared difference of the two windows,
    without their means if the distance is centred), energy_distance (absolute difference of their
    log energies without the mean).  Windows without an activity are skipped; a window is not a
    candidate of itself.  There are no rows if fewer than two activities have windows.
    """
    rng = np.random.default_rng(seed)
    labelled = np.flatnonzero(windows.table["activity"] != "")
    if windows.table["activity"].iloc[labelled].nunique() < 2:
        return pd.DataFrame(columns=list(COLUMNS)).astype(COLUMNS)
    anchors = rng.permutation(labelled)[:n_anchors]
    candidates = rng.permutation(labelled)[:n_candidates]
    about = _about_windows(windows.table, anchors, candidates)
    of_anchors, of_candidates = (_tensor(windows, at) for at in (anchors, candidates))
    columns = _distances(distance, untrained, of_anchors, of_candidates)
    pairs = pd.DataFrame(about | {name: values.flatten() for name, values in columns.items()})
    pairs = pairs[pairs["anchor"] != pairs["candidate"]]
    copies = AUGMENTATIONS["rotation"](of_anchors, torch.Generator().manual_seed(seed))
    columns = _distances(distance, untrained, of_anchors, copies)
    about = _about_copies(windows.table["id"].to_numpy()[anchors])
    rotated = pd.DataFrame(about | {name: values.diagonal() for name, values in columns.items()})
    return pd.concat([pairs, rotated], ignore_index=True).astype(COLUMNS)[list(COLUMNS)]


def nearness(pairs: pd.DataFrame) -> pd.DataFrame:
    """One row per question: question, AUC by each of DISTANCE_COLUMNS (mean over anchors),
    n_anchors.

    The area under the ROC curve is the probability that a candidate of the first kind is nearer
    than one of the second.  Anchors without either kind are skipped; if all are, AUC is NaN.
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
    return pd.DataFrame([{"question": text, **_auc(*groups)} for text, groups in questions.items()])


def _auc(near: pd.DataFrame, far: pd.DataFrame) -> dict:
    """Mean AUC over anchors by each distance, and the number of anchors."""
    areas = []
    far = dict(list(far.groupby("anchor")))
    for anchor, own in near.groupby("anchor"):
        if anchor in far:
            both = pd.concat([own, far[anchor]])
            truth = np.r_[np.ones(len(own)), np.zeros(len(far[anchor]))]
            areas.append([roc_auc_score(truth, -both[c]) for c in DISTANCE_COLUMNS.values()])
    means = np.mean(areas, axis=0) if areas else [np.nan] * len(DISTANCE_COLUMNS)
    return {**dict(zip(DISTANCE_COLUMNS, means, strict=True)), "n_anchors": len(areas)}


def _about_windows(table: pd.DataFrame, anchors: np.ndarray, candidates: np.ndarray) -> dict:
    """Ids and shared attributes of all pairs of windows, anchor by anchor."""
    first = table.iloc[np.repeat(anchors, len(candidates))]
    second = table.iloc[np.tile(candidates, len(anchors))]
    shared = [first[c].to_numpy() == second[c].to_numpy() for c in OF_ONE_HOUR]
    return {
        "anchor": first["id"].to_numpy(),
        "candidate": second["id"].to_numpy(),
        "kind": "window",
        "same_activity": first["activity"].to_numpy() == second["activity"].to_numpy(),
        "same_hour": np.logical_and.reduce(shared),
    }


def _about_copies(ids: np.ndarray) -> dict:
    about = {"anchor": ids, "candidate": ids, "kind": "rotated copy"}
    return about | {"same_activity": True, "same_hour": True}


@torch.no_grad()
def _distances(
    distance, untrained, anchors: torch.Tensor, candidates: torch.Tensor
) -> dict[str, np.ndarray]:
    """Columns of pair_table, (A, K) each."""
    centred = [x - x.mean(dim=1, keepdim=True) for x in (anchors.double(), candidates.double())]
    energies = [x.square().sum(dim=2).mean(dim=1).clamp_min(LEAST_G2).log() for x in centred]
    compared = centred if distance.config.centred else (anchors.double(), candidates.double())
    columns = {
        "distance": _rebuilt(distance, anchors, candidates),
        "untrained_distance": _rebuilt(untrained, anchors, candidates),
        "raw_distance": torch.cdist(*(x.flatten(1) for x in compared)) ** 2,
        "energy_distance": (energies[0][:, None] - energies[1]).abs(),
    }
    return {name: values.numpy() for name, values in columns.items()}


def _rebuilt(distance, anchors: torch.Tensor, candidates: torch.Tensor) -> torch.Tensor:
    """Errors (A, K) of reconstructing each anchor from each candidate."""
    if distance.config.statistics == "candidate":
        return distance.eval().distances(anchors, distance.keys(candidates))
    generator = generator_from(0)  # REBAR hides half of the anchor, drawn per pair
    rows = [masked_distances(distance, a[None], candidates[None], generator) for a in anchors]
    return torch.cat(rows)


def _tensor(windows: Windows, at: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.array(windows.xyz_g[at]))
