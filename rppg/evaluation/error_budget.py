"""Where the error of what is submitted comes from, and what a perfect choice would leave of it.

    causes = miss_causes(true_bpm, pred_bpm, members_bpm, motion_bpm, region_bpm)
    budget = error_budget(true_bpm, pred_bpm, causes)    # shares of the mean squared error
    bounds = perfect_choices(true_bpm, pred_bpm, members, region_bpm)
    print(in_words(budget))                              # what to work on next

A miss is an answer more than 5 bpm off.  What is left, the error of the other answers, is spread.
Each miss has the first cause of CAUSES that fits.  A pulse counts as visible if any member, or the
region oracle (`rppg.inference.classical.oracle_region`: the best face region for the true rate), is
within 5 bpm of it.  All of this needs the truth: it explains a score, and chooses nothing.

    >>> causes = miss_causes([60, 80, 90], [60.5, 40, 160], np.array([[60, 79, 90]]))
    >>> causes.tolist()
    ['', 'half', 'no member']
    >>> error_budget([60, 80, 90], [60.5, 40, 160], causes)["part"].tolist()
    ['half', 'no member', 'spread']
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from rppg.evaluation.metrics import NEAR_BPM

HALF, TWICE, MOTION = "half", "twice", "motion"
INVISIBLE, NO_MEMBER, OTHER, SPREAD = "not visible", "no member", "other", "spread"
CAUSES = {  # in the order in which they are asked for
    HALF: "half the true rate",
    TWICE: "twice the true rate",
    MOTION: "the head's motion",
    INVISIBLE: "no pulse visible",
    NO_MEMBER: "between the members",
    OTHER: "another rate",
}
PARTS = CAUSES | {SPREAD: "spread within 5 bpm"}
SUBMITTED, BEST = "submitted", "best member"
MEMBERS, REGIONS = "perfect choice of member", "perfect choice of region, POS"


def miss_causes(
    hr_true_bpm, hr_pred_bpm, members_bpm=None, motion_bpm=None, region_bpm=None
) -> np.ndarray:
    """Cause (n,) of each answer's miss, of CAUSES; "" for answers within 5 bpm or without a truth.

    members_bpm: (M, n), of the models that the answer is made of; motion_bpm: (n,), the rate at
    which the head moves most; region_bpm: (n,), of the region oracle.  NaN or None: unknown, so
    that this cause is not found.  Raises ValueError for shapes that differ.
    """
    true_bpm, pred_bpm = np.asarray(hr_true_bpm, float), np.asarray(hr_pred_bpm, float)
    nothing = np.full(true_bpm.shape, np.nan)
    motion, region = (
        nothing if one is None else np.asarray(one, float) for one in (motion_bpm, region_bpm)
    )
    members = np.empty((0, len(nothing))) if members_bpm is None else np.asarray(members_bpm, float)
    shapes = [one.shape for one in (pred_bpm, motion, region)]
    if true_bpm.ndim != 1 or set(shapes) != {true_bpm.shape} or members.shape[1:] != true_bpm.shape:
        raise ValueError(f"expected rates (n,) of one n, found {true_bpm.shape}, {shapes}")
    seen = _near(members, true_bpm).any(axis=0) | _near(region, true_bpm)
    looked = np.isfinite(region)
    fits = {
        HALF: _near(pred_bpm, true_bpm / 2),
        TWICE: _near(pred_bpm, 2 * true_bpm),
        MOTION: _near(pred_bpm, motion),
        INVISIBLE: looked & ~seen,
        NO_MEMBER: np.isfinite(members).any(axis=0) & ~_near(members, pred_bpm).any(axis=0),
        OTHER: np.full(true_bpm.shape, True),
    }
    missed = np.abs(pred_bpm - true_bpm) > NEAR_BPM  # not where one is NaN
    return np.where(missed, np.select(list(fits.values()), list(fits), ""), "").astype(object)


def error_budget(hr_true_bpm, hr_pred_bpm, causes: np.ndarray) -> pd.DataFrame:
    """A row per cause that occurs, in the order of PARTS, then the spread: part, meaning, n, mse
    (its part of the mean squared error, bpm²), share (of it), and rmse_without_bpm: the RMSE if
    these recordings had no error.  The parts sum up to the whole.

    causes: as of `miss_causes`.  Recordings without a truth or an answer are left out; without any
    the table is empty.
    """
    error_bpm = np.asarray(hr_pred_bpm, float) - np.asarray(hr_true_bpm, float)
    known = np.isfinite(error_bpm)
    squared, part = error_bpm[known] ** 2, np.asarray(causes)[known]
    rows = []
    for name, meaning in PARTS.items():
        mine = part == ("" if name == SPREAD else name)
        if mine.any():
            mse = squared[mine].sum() / len(squared)
            rows.append({"part": name, "meaning": meaning, "n": int(mine.sum()), "mse": mse})
    table = pd.DataFrame(rows, columns=["part", "meaning", "n", "mse"])
    total = table["mse"].sum()
    table["share"] = table["mse"] / total if total > 0 else 0.0
    return table.assign(rmse_without_bpm=np.sqrt((total - table["mse"]).clip(lower=0)))


def perfect_choices(
    hr_true_bpm, hr_pred_bpm, members: Mapping[str, np.ndarray], region_bpm=None
) -> pd.DataFrame:
    """What is submitted, its best single member, and what a perfect choice would give: the member
    with the smallest error of each recording, and the face region, by POS.  Columns what, model,
    n, rmse_bpm, within_5bpm.  Bounds, not methods: they know the truth.

    members: name to rates (n,); region_bpm: (n,) of the region oracle.  All are scored on the
    recordings that have a truth and an answer; rates that are missing there (NaN) are replaced with
    the answer.
    """
    true_bpm, pred_bpm = np.asarray(hr_true_bpm, float), np.asarray(hr_pred_bpm, float)
    known = np.isfinite(true_bpm) & np.isfinite(pred_bpm)
    if not known.any():
        return pd.DataFrame(columns=["what", "model", "n", "rmse_bpm", "within_5bpm"])
    errors = {name: np.asarray(rates, float) for name, rates in members.items()}
    if region_bpm is not None:
        errors[REGIONS] = np.asarray(region_bpm, float)
    errors = {name: np.where(np.isfinite(r), r, pred_bpm) - true_bpm for name, r in errors.items()}
    rows = [_row(SUBMITTED, "", (pred_bpm - true_bpm)[known])]
    if members:
        each = np.stack([errors[name][known] for name in members])  # (M, n)
        best = int((each**2).mean(axis=1).argmin())
        smallest = np.abs(each).argmin(axis=0)
        rows.append(_row(BEST, list(members)[best], each[best]))
        rows.append(_row(MEMBERS, "", each[smallest, np.arange(each.shape[1])]))
    if region_bpm is not None:
        rows.append(_row(REGIONS, "", errors[REGIONS][known]))
    return pd.DataFrame(rows)


def in_words(budget: pd.DataFrame) -> str:
    """The largest part of a budget, as a sentence: what to work on next."""
    if budget.empty:
        return "no recording with a truth and an answer: no error to explain"
    largest, n = budget.loc[budget["mse"].idxmax()], budget["n"].sum()
    found = f"{100 * largest['share']:.1f} % of the squared error, {largest['n']} of {n} recordings"
    rmse, without = np.sqrt(budget["mse"].sum()), largest["rmse_without_bpm"]
    return f"{largest['meaning']}: {found}; without it {without:.2f} bpm RMSE instead of {rmse:.2f}"


def share_of_way(choices: pd.DataFrame) -> float:
    """How far the submitted answer goes from the best member (0) to the perfect choice of member
    (1); negative if it is behind the best member, NaN if there is no way to go."""
    rmse = choices.set_index("what")["rmse_bpm"].reindex([SUBMITTED, BEST, MEMBERS])
    way = rmse[BEST] - rmse[MEMBERS]
    return float((rmse[BEST] - rmse[SUBMITTED]) / way) if way > 0 else np.nan


def _near(a, b) -> np.ndarray:
    return np.abs(np.asarray(a) - b) <= NEAR_BPM  # not where one is NaN


def _row(what: str, model: str, error_bpm: np.ndarray) -> dict:
    near = np.mean(np.abs(error_bpm) <= NEAR_BPM)
    rmse = np.sqrt(np.mean(error_bpm**2))
    facts = {"what": what, "model": model, "n": len(error_bpm)}
    return facts | {"rmse_bpm": float(rmse), "within_5bpm": float(near)}
