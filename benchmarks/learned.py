"""Results of the learned models and the ensemble over seeds, on the synthetic challenge.

    for seed in 4 5 6; do rppg run --profile bench --seed $seed; done  # a quarter of an hour each
    python benchmarks/learned.py --seeds 4 5 6 --out benchmarks/results/learned.csv
    python benchmarks/learned.py --from benchmarks/results/learned.csv

Reads submissions/bench-<seed>/leaderboard.csv and what the runs in runs/bench-<seed>/ say of
themselves: minutes, error on the validation subjects, sign of the wave, collapse.  The untrained
nets are the pre-trained ones as they were before their first step.  Printed: mean and standard
deviation over seeds, and the goals.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd

from rppg.datasets import Store
from rppg.evaluation import read_solution, score
from rppg.inference.region_voting import region_views
from rppg.inference.sliding_window import predict_model
from rppg.models.registry import build, load_run
from rppg.preprocessing.mstmap import COMBINATIONS
from rppg.training.criteria import rate_errors
from rppg.utils.paths import project_dir
from rppg.workflow.profiles import profile_settings

NULL, SHOWN = (
    "mean of training",
    ["rmse_bpm", "share of null", "mae_bpm", "within_5bpm", "pearson_r"],
)
RUNS = {"ST-Transformer": "st_transformer", "Contrast-Phys+": "contrast_phys"}
DIFFERENCE = "Contrast-Phys+ on frame differences"
HANDED_IN, BEST_SINGLE, BEST_CLASSICAL = "Ensemble, as handed in", "best single", "best classical"
LABELLED = {"ST-Transformer": 0.5, "Contrast-Phys+": 0.4}  # of the mean predictor's RMSE, at most


def goals() -> dict[str, tuple[str, str, float]]:
    """Name: model, the one beside it, largest ratio of their RMSE."""
    found = {}
    for model, share in LABELLED.items():
        blind, taught = f"{model}, no labels", f"{model}, fine-tuned"
        found |= {
            f"{blind}: at most 0.6 of the mean predictor": (blind, NULL, 0.6),
            f"{blind}: better than the untrained net": (blind, untrained_name(model), 1.0),
            f"{taught}: at most {share} of the mean predictor": (taught, NULL, share),
            f"{taught}: below POS": (taught, "POS", 1.0),
            f"{taught}: no worse than from scratch": (taught, f"{model}, from scratch", 1.0),
        }
    found[f"{DIFFERENCE}, fine-tuned: below POS"] = (f"{DIFFERENCE}, fine-tuned", "POS", 1.0)
    found[f"{HANDED_IN}: below each single model"] = (HANDED_IN, BEST_SINGLE, 0.9999)
    found[f"{HANDED_IN}: at most 0.6 of the best classical"] = (HANDED_IN, BEST_CLASSICAL, 0.6)
    return found


def untrained_name(model: str) -> str:
    return f"{model}, untrained net"


def of_seed(seed: int) -> pd.DataFrame:
    """One row a model: its scores on the test recordings, and what its run says of itself."""
    root, name = project_dir(), f"bench-{seed}"
    board = pd.read_csv(root / "submissions" / name / "leaderboard.csv")
    board = board[board["split"] == "synthetic test"].drop(columns="split")
    facts = json.loads((root / "submissions" / name / "run.json").read_text())
    chosen = facts["parameters"]["model"]
    handed_in = board[board["model"] == chosen].assign(model=HANDED_IN, combination=chosen)
    rows = [board, handed_in, *(untrained(seed, model) for model in RUNS)]
    table = pd.concat(rows, ignore_index=True).assign(seed=seed)
    table["share of null"] = table["rmse_bpm"] / table.set_index("model").loc[NULL, "rmse_bpm"]
    facts = [run_facts(root / "runs" / name / run) for run in profile_settings("bench")["runs"]]
    return table.merge(pd.DataFrame(facts), on="model", how="left")


def untrained(seed: int, name: str) -> pd.DataFrame:
    """A pre-trained net before its first step, on the test recordings."""
    root, run = project_dir(), f"{RUNS[name]}/pretrain"
    model, inputs = load_run(root / "runs" / f"bench-{seed}" / run)
    fields = {field: getattr(model.config, field) for field in model.config.__dataclass_fields__}
    truth = read_solution(root / "data" / f"bench-{seed}" / "solution.csv")
    store, net = Store(root / "prepared" / f"bench-{seed}"), build(RUNS[name], seed, **fields)
    views = profile_settings("bench")["runs"][run]["parameters"].get("views", 0)
    inputs["views"] = region_views(COMBINATIONS, views) if views else ()
    label = untrained_name(name)
    found = predict_model(store, truth["id"], net, label, **inputs).merge(truth, on="id")
    scores = score(found["hr_true_bpm_y"], found["hr_bpm"])
    return pd.DataFrame([{"model": label, "kind": "null", **scores}])


def run_facts(run: Path) -> dict:
    """Model, minutes, steps, error on the validation subjects, sign and verdict of one run."""
    facts = json.loads((run / "run.json").read_text())
    last = pd.read_csv(run / "metrics.csv").iloc[-1]
    found = {"model": facts["parameters"]["name"], "minutes": last["seconds"] / 60}
    found |= {"steps": last["step"], "chosen": facts["best_step"]}
    found["sign_r"] = (facts.get("sign") or {}).get("r")  # of the wave it began with
    found["collapsed"] = facts.get("monitor", {}).get("collapsed")
    return found | {"validation_rmse_bpm": validation_rmse(run)}


def validation_rmse(run: Path) -> float:
    """RMSE of the chosen step on the validation subjects, whose labels pre-training never saw."""
    table = pd.read_parquet(run / "predictions.parquet")
    table = table[table["split"] == "validation"]
    index = pd.read_parquet(project_dir() / "prepared" / run.parents[1].name / "index.parquet")
    truth = index.set_index("id")["hr_true_bpm"]
    return rate_errors(table.assign(hr_true_bpm=table["id"].map(truth)))["rmse_bpm"]


def report(table: pd.DataFrame) -> str:
    """Mean and standard deviation over seeds, and by how much each goal is met in each."""
    groups = table.groupby("model")
    order = groups["rmse_bpm"].mean().sort_values().index
    shown = [*SHOWN, "validation_rmse_bpm", "minutes"]
    both = groups[shown].agg(["mean", "std"]).loc[order]
    lines = [f"{table['seed'].nunique()} seeds, synthetic test recordings: mean and deviation"]
    lines += [both.to_string(float_format="%.2f", na_rep="-"), ""]
    handed_in = table[table["model"] == HANDED_IN]
    for seed, combination in zip(handed_in["seed"], handed_in["combination"], strict=True):
        lines.append(f"handed in, seed {seed}: {combination}")
    rmse = table.pivot(index="model", columns="seed", values="rmse_bpm")
    for name, kind in ((BEST_SINGLE, "learned"), (BEST_CLASSICAL, "classical")):
        rmse.loc[name] = table[table["kind"] == kind].groupby("seed")["rmse_bpm"].min()
    for goal, (model, other, limit) in goals().items():
        ratios = (rmse.loc[model] / rmse.loc[other]).to_numpy()
        told = " ".join(f"{ratio:.2f}" for ratio in ratios)
        lines.append(f"{goal}: {np.sum(ratios <= limit)} of {len(ratios)} seeds (ratios {told})")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[4, 5, 6])
    parser.add_argument("--out", type=Path)
    parser.add_argument("--from", dest="table", type=Path, help="print a table made before")
    args = parser.parse_args()
    if args.table:
        table = pd.read_csv(args.table, keep_default_na=False, na_values=[""])
    else:
        table = pd.concat([of_seed(seed) for seed in args.seeds], ignore_index=True)
        if args.out:
            table.to_csv(args.out, index=False, float_format="%.4f")
    print(report(table))


if __name__ == "__main__":
    main()
