"""The models in the box, and classical methods, on the demo's test sets of several seeds.

    python benchmarks/box_demo.py --seeds 0 1 2 --out benchmarks/results/box_demo.csv
    python benchmarks/box_demo.py --from benchmarks/results/box_demo.csv

The box has seen nothing of these seeds; the demo's own models learned from other subjects of the
same seed.  Only the test set of each seed is rendered: its recordings do not depend on the other
datasets.  Videos and prepared recordings lie in --folder; what is there is not made again.
"""

import argparse
from pathlib import Path

import pandas as pd

from rppg.datasets.readers import read
from rppg.datasets.store import Store
from rppg.evaluation.metrics import NEAR_BPM
from rppg.inference.box_predictions import PREFIX, predict_box
from rppg.inference.classical import predict_classical
from rppg.preprocessing.prepare import prepare
from rppg.signals.multi_region import CLASSICAL
from rppg.synthetic import ChallengeConfig, write_challenge
from rppg.synthetic.config import FIRST_NUMBER
from rppg.workflow.profiles import load_profile

FACTS = ["id", "hr_bpm", "tone", "fps"]  # of truth.csv


def main() -> None:
    """Measure or read, write and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="of the demo")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--folder", type=Path, default=Path("build/box_demo"))
    parser.add_argument("--out", type=Path, help="CSV with one row per recording")
    parser.add_argument("--from", dest="measured", type=Path, help="print an existing CSV")
    args = parser.parse_args()
    if args.measured:
        table = pd.read_csv(args.measured)
    else:
        table = pd.concat([of_seed(seed, args.folder, args.workers) for seed in args.seeds])
    if args.out:
        table.to_csv(args.out, index=False, float_format="%.4f")
    print(by_seed(table).to_string(float_format="%.1f"))


def of_seed(seed: int, folder: Path, workers: int) -> pd.DataFrame:
    """One row per test recording of a seed: what is known of it, and the HR by every method."""
    data, prepared = folder / f"demo-{seed}", folder / f"prepared-{seed}"
    others = {f"n_{name}": 0 for name in FIRST_NUMBER if not name.startswith("test")}
    config = ChallengeConfig(**load_profile("demo", seed=seed).challenge | others)
    recordings = read("challenge_test", write_challenge(data, config, workers, False) / "test")
    prepare(recordings, prepared, workers=workers, progress=False, crops=("face", "wide"))
    store, ids = Store(prepared), [one.id for one in recordings]
    answers = pd.concat([predict_box(store, ids), predict_classical(store, ids, CLASSICAL)])
    answers["model"] = answers["model"].str.removeprefix(PREFIX)
    rates = answers.pivot(index="id", columns="model", values="hr_bpm")
    truth = pd.read_csv(data / "truth.csv")[FACTS]
    return truth.assign(seed=seed).merge(rates, on="id")


def by_seed(table: pd.DataFrame) -> pd.DataFrame:
    """Per method RMSE in bpm by seed, their mean, and the share within 5 bpm in %; no answer counts
    as the mean rate."""
    methods = [name for name in table.columns if name not in (*FACTS, "seed")]
    rates = table[methods].fillna(table["hr_bpm"].mean())
    error = rates.sub(table["hr_bpm"], axis=0)
    rmse = (error**2).groupby(table["seed"].to_numpy()).mean() ** 0.5
    found = rmse.T.assign(mean=rmse.mean())
    near = error.abs() <= NEAR_BPM
    return found.assign(within_5bpm=100 * near.mean()).sort_values("mean")


if __name__ == "__main__":
    main()
