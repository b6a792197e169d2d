"""Tables and the figure of consensus.py, from its rows: one per clip."""

from pathlib import Path

import pandas as pd

from rppg.evaluation.calibration import calibration_error, reliability
from rppg.evaluation.metrics import NEAR_BPM, score
from rppg.plotting.reliability import plot_reliability

NULL = "null"
FACTS = ("id", "part", "maker", "level", "seed", "hr_true_bpm", "tone")
FACTS += ("luma", "face_px", "fps")
SURE, UNSURE = 0.9, 0.2


def print_tables(results: pd.DataFrame) -> None:
    """Errors by maker and level, and how well each confidence is calibrated on held-out seeds."""
    for (part, maker), rows in results.groupby(["part", "maker"], sort=False):
        mine = rows[rows["level"] != NULL]
        seeds = ", ".join(map(str, sorted(mine["seed"].unique())))
        print(f"\nsynthetic, {maker} maker, {part}, seeds {seeds}, {len(mine)} clips; ", end="")
        print("within 5 bpm in %:\n" + errors(mine).to_string(float_format="%.1f"))
        if part == "held out":
            print(confidences(rows).to_string(float_format="%.3f"))


def errors(results: pd.DataFrame) -> pd.DataFrame:
    """RMSE with its interval and MAE of each method, and its share within 5 bpm by level."""
    names = [c for c in results if c not in FACTS and not c.startswith("confidence")]
    rows = {}
    for name in names:
        rates = results[name].fillna(results["hr_true_bpm"].mean())  # no answer: the mean
        found = score(results["hr_true_bpm"], rates)
        row = {k: found[k] for k in ("rmse_bpm", "rmse_low", "rmse_high", "mae_bpm")}
        near = ((results[name] - results["hr_true_bpm"]).abs() <= NEAR_BPM) * 100.0
        row["all"] = near.mean()
        rows[name] = row | near.groupby(results["level"], sort=False).mean().to_dict()
    mean = score(results["hr_true_bpm"], [results["hr_true_bpm"].mean()] * len(results))
    rows["mean predictor"] = {k: mean[k] for k in ("rmse_bpm", "rmse_low", "rmse_high", "mae_bpm")}
    rows["mean predictor"]["all"] = 100 * mean["within_5bpm"]
    return pd.DataFrame(rows).T.sort_values("rmse_bpm")


def confidences(results: pd.DataFrame) -> pd.DataFrame:
    """Per consensus: calibration error of clips with a pulse; how many are sure, and right; and
    how many without a pulse have a confidence of at most 0.2."""
    rows = {}
    pulse, null = results[results["level"] != NULL], results[results["level"] == NULL]
    for name in sorted(c.removeprefix("confidence, ") for c in results if "confidence" in c):
        of_pulse, of_null = (part[f"confidence, {name}"] for part in (pulse, null))
        right = (pulse[f"consensus, {name}"] - pulse["hr_true_bpm"]).abs() <= NEAR_BPM
        rows[name] = confidence_facts(of_pulse, right, of_null)
    return pd.DataFrame(rows).T


def confidence_facts(confidence: pd.Series, right: pd.Series, null: pd.Series) -> dict[str, float]:
    """What a confidence (n,) is worth: calibration error (ece), and shares, given what was right
    (n,).  null: that of clips without a pulse (m,)."""
    sure = confidence >= SURE
    return {
        "clips": len(confidence),
        "right": right.mean(),
        "mean_confidence": confidence.mean(),
        "ece": calibration_error(confidence, right),
        "sure": sure.mean(),
        "right_if_sure": right[sure].mean(),
        "null_clips": len(null),
        "null_unsure": (null <= UNSURE).mean(),
        "null_median": null.median(),
        "null_sure": (null >= SURE).mean(),
    }


def draw(results: pd.DataFrame, path: Path) -> None:
    """The reliability diagram of the consensus with nets on clips with a pulse."""
    pulse = results[results["level"] != NULL]
    confidence = pulse["confidence, with nets"]
    right = (pulse["consensus, with nets"] - pulse["hr_true_bpm"]).abs() <= NEAR_BPM
    draw_reliability(confidence, right, "Consensus with nets, held out", path)


def draw_reliability(confidence: pd.Series, right: pd.Series, title: str, path: Path) -> None:
    """The reliability diagram of synthetic clips: how many answers of each confidence are right."""
    error = calibration_error(confidence, right)
    figure = plot_reliability(reliability(confidence, right), error, title, "synthetic")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)
