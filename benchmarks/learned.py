"""Results of the learned models and the ensemble over seeds, on the synthetic benchmark.

    for seed in 4 5 6; do rppg run --profile bench_ablation --seed $seed; done  # 15 minutes each
    python benchmarks/learned.py --seeds 4 5 6 --out benchmarks/results/learned.csv
    python benchmarks/learned.py --from benchmarks/results/learned.csv

Reads submissions/bench_ablation-<seed>/leaderboard.csv and run.json of runs/bench_ablation-<seed>:
minutes, error on the validation subjects, polarity, collapse.  The untrained nets are those of
pre-training at initialisation.  Prints mean and standard deviation over seeds, and the goals.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd

from rppg.datasets import Store
from rppg.evaluation.metrics import score
from rppg.evaluation.submission import read_solution
from rppg.inference.region_voting import region_views
from rppg.inference.sliding_window import predict_model
from rppg.models.registry import build, load_run
from rppg.preprocessing.mstmap import COMBINATIONS
from rppg.training.criteria import rate_errors
from rppg.utils.paths import project_dir
from rppg.workflow.profiles import load_profile

NULL, SHOWN = (
    "mean of training",
    ["rmse_bpm", "share of null", "mae_bpm", "within_5bpm", "pearson_r"],
)
RUNS = {"ST-Transformer": "st_transformer", "Contrast-Phys+": "contrast_phys"}
DIFFERENCE = "Contrast-Phys+ on frame differences"
SUBMITTED, BEST_SINGLE, BEST_CLASSICAL = "Ensemble, as handed in", "best single", "best classical"
LABELLED = {"ST-Transformer": 0.5, "Contrast-Phys+": 0.4}  # of the mean predictor's RMSE, at most


def goals() -> dict[str, tuple[str, str, float]]:
    """Name: model, the model to compare with, largest ratio of their RMSE."""
    targets = {}
    for model, share in LABELLED.items():
        pretrained, tuned = f"{model}, no labels", f"{model}, fine-tuned"
        targets |= {
            f"{pretrained}: at most 0.6 of the mean predictor": (pretrained, NULL, 0.6),
            f"{pretrained}: better than the untrained net": (
                pretrained,
                untrained_name(model),
                1.0,
            ),
            f"{tuned}: at most {share} of the mean predictor": (tuned, NULL, share),
            f"{tuned}: below POS": (tuned, "POS", 1.0),
            f"{tuned}: no worse than from scratch": (tuned, f"{model}, from scratch", 1.0),
        }
    targets[f"{DIFFERENCE}, fine-tuned: below POS"] = (f"{DIFFERENCE}, fine-tuned", "POS", 1.0)
    targets[f"{SUBMITTED}: below each single model"] = (SUBMITTED, BEST_SINGLE, 0.9999)
    targets[f"{SUBMITTED}: at most 0.6 of the best classical"] = (SUBMITTED, BEST_CLASSICAL, 0.6)
    return targets


def untrained_name(model: str) -> str:
    return f"{model}, untrained net"


def of_seed(seed: int) -> pd.DataFrame:
    """One row per model: its scores on the test recordings, and facts of its run."""
    root, name = project_dir(), f"bench_ablation-{seed}"
    board = pd.read_csv(root / "submissions" / name / "leaderboard.csv")
    board = board[board["split"] == "synthetic test"].drop(columns="split")
    facts = json.loads((root / "submissions" / name / "run.json").read_text())
    chosen = facts["parameters"]["model"]
    submitted = board[board["model"] == chosen].assign(model=SUBMITTED, combination=chosen)
    rows = [board, submitted, *(untrained(seed, model) for model in RUNS)]
    table = pd.concat(rows, ignore_index=True).assign(seed=seed)
    table["share of null"] = table["rmse_bpm"] / table.set_index("model").loc[NULL, "rmse_bpm"]
    facts = [run_facts(root / "runs" / name / run) for run in load_profile("bench_ablation").runs]
    return table.merge(pd.DataFrame(facts), on="model", how="left")


def untrained(seed: int, name: str) -> pd.DataFrame:
    """A net at initialisation, scored on the test recordings."""
    root, run = project_dir(), f"{RUNS[name]}/pretrain"
    model, inputs = load_run(root / "runs" / f"bench_ablation-{seed}" / run)
    fields = {field: getattr(model.config, field) for field in model.config.__dataclass_fields__}
    truth = read_solution(root / "data" / f"bench_ablation-{seed}" / "solution.csv")
    store, net = (
        Store(root / "prepared" / f"bench_ablation-{seed}"),
        build(RUNS[name], seed, **fields),
    )
    views = load_profile("bench_ablation").runs[run].parameters.get("views", 0)
    inputs["views"] = region_views(COMBINATIONS, views) if views else ()
    label = untrained_name(name)
    table = predict_model(store, truth["id"], net, label, **inputs).merge(truth, on="id")
    scores = score(table["hr_true_bpm_y"], table["hr_bpm"])
    return pd.DataFrame([{"model": label, "kind": "null", **scores}])


def run_facts(run: Path) -> dict:
    """Model, minutes, steps, validation error, polarity and collapse of one run."""
    facts = json.loads((run / "run.json").read_text())
    last = pd.read_csv(run / "metrics.csv").iloc[-1]
    row = {"model": facts["parameters"]["name"], "minutes": last["seconds"] / 60}
    row |= {"steps": last["step"], "chosen": facts["best_step"]}
    row["sign_r"] = (facts.get("sign") or {}).get("r")  # polarity of the pre-trained net
    row["collapsed"] = facts.get("monitor", {}).get("collapsed")
    return row | {"validation_rmse_bpm": validation_rmse(run)}


def validation_rmse(run: Path) -> float:
    """RMSE of the chosen checkpoint on the validation subjects, unused by pre-training."""
    table = pd.read_parquet(run / "predictions.parquet")
    table = table[table["split"] == "validation"]
    index = pd.read_parquet(project_dir() / "prepared" / run.parents[1].name / "index.parquet")
    truth = index.set_index("id")["hr_true_bpm"]
    return rate_errors(table.assign(hr_true_bpm=table["id"].map(truth)))["rmse_bpm"]


def report(table: pd.DataFrame) -> str:
    """Mean and standard deviation over seeds, and whether each seed meets each goal."""
    groups = table.groupby("model")
    order = groups["rmse_bpm"].mean().sort_values().index
    shown = [*SHOWN, "validation_rmse_bpm", "minutes"]
    both = groups[shown].agg(["mean", "std"]).loc[order]
    lines = [f"{table['seed'].nunique()} seeds, synthetic test recordings: mean and deviation"]
    lines += [both.to_string(float_format="%.2f", na_rep="-"), ""]
    submitted = table[table["model"] == SUBMITTED]
    for seed, combination in zip(submitted["seed"], submitted["combination"], strict=True):
        lines.append(f"submitted, seed {seed}: {combination}")
    rmse = table.pivot(index="model", columns="seed", values="rmse_bpm")
    for name, kind in ((BEST_SINGLE, "learned"), (BEST_CLASSICAL, "classical")):
        rmse.loc[name] = table[table["kind"] == kind].groupby("seed")["rmse_bpm"].min()
    for goal, (model, other, limit) in goals().items():
        ratios = (rmse.loc[model] / rmse.loc[other]).to_numpy()
        text = " ".join(f"{ratio:.2f}" for ratio in ratios)
        lines.append(f"{goal}: {np.sum(ratios <= limit)} of {len(ratios)} seeds (ratios {text})")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[4, 5, 6])
    parser.add_argument("--out", type=Path)
    parser.add_argument("--from", dest="table", type=Path, help="print an existing table")
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
