"""What a distance says of pairs of windows: are those of one activity nearer, and a rotated copy?

    pairs = pair_table(distance, untrained, windows, n_anchors=100, n_candidates=200, seed=0)
    nearness(pairs)  # shares in 0-1; 0.5 is what chance gives

Distances rank the candidates of one anchor, which is all that the loss uses: so nearness is asked
anchor by anchor and averaged, never across anchors.  Beside what was learned stand rules that learn
nothing: the same net before its first step, the squared difference of the samples, and how much the
windows' strengths differ.
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
ANSWERS = {  # of nearness: by which distance
    "learned": "distance",
    "untrained": "untrained_distance",
    "raw": "raw_distance",
    "energy": "energy_distance",
}


def pair_table(
    distance, untrained, windows: Windows, n_anchors: int, n_candidates: int, seed: int
) -> pd.DataFrame:
    """Distances of drawn anchors to drawn candidates and to a rotated copy of themselves.

    untrained: the distance's net before its first step.  Columns: anchor, candidate (ids of
    windows), kind ("window" or "rotated copy"), same_activity, same_hour (of one subject), distance
    (as learned), untrained_distance, raw_distance (the squared difference of the two; of windows
    about their own means where the distance is centred), energy_distance (the difference of the
    logarithms of their energies about their means, without its sign).  Windows without an activity
    are left out; a window is no candidate of itself.  No rows where fewer than two activities have
    windows.
    """
    rng = np.random.default_rng(seed)
    labelled = np.flatnonzero(windows.table["activity"] != "")
    if windows.table["activity"].iloc[labelled].nunique() < 2:
        return pd.DataFrame(columns=list(COLUMNS)).astype(COLUMNS)
    anchors = rng.permutation(labelled)[:n_anchors]
    candidates = rng.permutation(labelled)[:n_candidates]
    told = _of_windows(windows.table, anchors, candidates)
    of_anchors, of_candidates = (_tensor(windows, at) for at in (anchors, candidates))
    found = _distances(distance, untrained, of_anchors, of_candidates)
    pairs = pd.DataFrame(told | {name: its.flatten() for name, its in found.items()})
    pairs = pairs[pairs["anchor"] != pairs["candidate"]]
    turned = AUGMENTATIONS["rotation"](of_anchors, torch.Generator().manual_seed(seed))
    found = _distances(distance, untrained, of_anchors, turned)
    told = _of_copies(windows.table["id"].to_numpy()[anchors])
    rotated = pd.DataFrame(told | {name: its.diagonal() for name, its in found.items()})
    return pd.concat([pairs, rotated], ignore_index=True).astype(COLUMNS)[list(COLUMNS)]


def nearness(pairs: pd.DataFrame) -> pd.DataFrame:
    """One row a question: question, means over anchors of the ANSWERS, n_anchors.

    Area under the ROC curve: the chance that a candidate of the first sort is nearer than one of
    the second.  Anchors that lack either sort have no say; where all do, answers are NaN.
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
            found.append([roc_auc_score(truth, -both[c]) for c in ANSWERS.values()])
    means = np.mean(found, axis=0) if found else [np.nan] * len(ANSWERS)
    return {**dict(zip(ANSWERS, means, strict=True)), "n_anchors": len(found)}


def _of_windows(table: pd.DataFrame, anchors: np.ndarray, candidates: np.ndarray) -> dict:
    """Ids and what two windows share, all pairs, anchor by anchor."""
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


def _of_copies(ids: np.ndarray) -> dict:
    told = {"anchor": ids, "candidate": ids, "kind": "rotated copy"}
    return told | {"same_activity": True, "same_hour": True}


@torch.no_grad()
def _distances(
    distance, untrained, anchors: torch.Tensor, candidates: torch.Tensor
) -> dict[str, np.ndarray]:
    """The distances' columns, (A, K) each."""
    centred = [x - x.mean(dim=1, keepdim=True) for x in (anchors.double(), candidates.double())]
    energies = [x.square().sum(dim=2).mean(dim=1).clamp_min(LEAST_G2).log() for x in centred]
    compared = centred if distance.config.centred else (anchors.double(), candidates.double())
    found = {
        "distance": _rebuilt(distance, anchors, candidates),
        "untrained_distance": _rebuilt(untrained, anchors, candidates),
        "raw_distance": torch.cdist(*(x.flatten(1) for x in compared)) ** 2,
        "energy_distance": (energies[0][:, None] - energies[1]).abs(),
    }
    return {name: its.numpy() for name, its in found.items()}


def _rebuilt(distance, anchors: torch.Tensor, candidates: torch.Tensor) -> torch.Tensor:
    """Errors (A, K) of rebuilding each anchor from each candidate."""
    if distance.config.statistics == "candidate":
        return distance.eval().distances(anchors, distance.keys(candidates))
    generator = generator_from(0)  # REBAR's: half of the anchor is hidden, drawn for each pair
    found = [masked_distances(distance, a[None], candidates[None], generator) for a in anchors]
    return torch.cat(found)


def _tensor(windows: Windows, at: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.array(windows.xyz_g[at]))
