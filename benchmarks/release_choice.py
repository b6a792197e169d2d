"""Which step of each fine-tuning goes into the box: the best on validation faces of both makers.

    rppg run --profile release            # keeps the weights of every validation (keep_validated)
    python benchmarks/release_choice.py   # asks each of them, writes the errors, prints the choice

The first maker's validation subjects are those of the run, whose errors stand in validation.csv.
The second maker's are clips of a seed that nothing else uses, rendered here.  The mean of both
squared errors decides, so that each maker counts as much as the other.  No judge's clip is read.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from bench_predictions import predictions_of_run, prepared_clips
from tqdm import tqdm

from rppg.evaluation.metrics import score
from rppg.inference.trained import run_folders
from rppg.models.names import RECIPES
from rppg.synthetic.second_maker import SecondMakerConfig
from rppg.utils.paths import project_dir
from rppg.workflow.provenance import file_digest

STEPS_CSV = project_dir() / "benchmarks" / "results" / "release_steps.csv"
SEED, LEVELS = 2100, ("middle", "hard")
BOTH = "both makers"
OF_STEP = ["model", "step", "sha256"]  # columns that name weights
ADVICE = "remove that folder's run and train it with training: {keep_validated: true}"


def main() -> None:
    """Render, ask every step, write and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=Path, default=Path("runs/release"), help="of the profile")
    parser.add_argument("--clips", type=int, default=32, help="of the second maker, per level")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--folder", type=Path, default=Path("build/release"), help="of the clips")
    parser.add_argument("--out", type=Path, default=STEPS_CSV)
    parser.add_argument("--from", dest="measured", type=Path, help="print an existing CSV")
    args = parser.parse_args()
    table = pd.read_csv(args.measured) if args.measured else measure(args)
    if not args.measured:
        table.to_csv(args.out, index=False)
    print(table.pivot_table(index=["model", "step"], columns="faces", values="rmse_bpm").round(2))
    print(best_steps(table))


def measure(args: argparse.Namespace) -> pd.DataFrame:
    """A row a model, step and kind of faces: rmse_bpm and within_5bpm; a recording without a rate
    counts as the mean rate.  Raises ValueError for a run that has not kept every validation."""
    stores = {
        level: prepared_clips(
            args.folder / level, SecondMakerConfig(SEED, args.clips, level, 10.0), args.workers
        )
        for level in LEVELS
    }
    rows = []
    for name, folder in run_folders(list(RECIPES), args.runs).items():
        validated = pd.read_csv(folder / "validation.csv").set_index("step")
        kept = kept_steps(folder)
        if set(kept) != set(validated.index):
            found = (
                f"{folder / 'steps'} has the weights of {len(kept)} of {len(validated)} validations"
            )
            raise ValueError(f"{found}: {ADVICE}")
        for step, path in tqdm(kept.items(), desc=name):
            about = {"model": name, "step": step}
            own = validated.loc[step, ["rmse_bpm", "within_5bpm"]].to_dict()
            about["sha256"] = file_digest(path)
            rows.append({**about, "faces": "first maker, validation", **own})
            weights = str(path.relative_to(folder))
            for level, store in stores.items():
                table = predictions_of_run(store, sorted(store.ids()), folder, weights)
                filled = table["hr_bpm"].fillna(table["hr_true_bpm"].mean())
                found = score(table["hr_true_bpm"], filled, n_boot=1)
                rows.append(
                    {**about, "faces": f"second maker, {level}"} | {k: found[k] for k in own}
                )
    return with_both(pd.DataFrame(rows))


def with_both(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows, and one a model and step of both makers: of the first, and of the mean over the
    levels of the second, the mean of squared errors and of shares."""
    second = rows["faces"].str.startswith("second")
    maker = np.where(second, "second", "first")
    measures = rows.assign(maker=maker, squared=rows["rmse_bpm"] ** 2)
    of_makers = measures.groupby([*OF_STEP, "maker"])[["squared", "within_5bpm"]].mean()
    both = of_makers.groupby(OF_STEP).mean().reset_index()
    both = both.assign(faces=BOTH, rmse_bpm=np.sqrt(both["squared"])).drop(columns="squared")
    return pd.concat([rows, both], ignore_index=True)[list(rows.columns)]


def best_steps(table: pd.DataFrame) -> pd.DataFrame:
    """By model, the step and sha256 of the weights with the smallest error on both makers' faces,
    the earlier of equals."""
    both = table[table["faces"] == BOTH].sort_values(["rmse_bpm", "step"])
    return both.drop_duplicates("model").set_index("model")[["step", "sha256"]]


def kept_steps(folder: Path) -> dict[int, Path]:
    """Step to its weights.  Raises FileNotFoundError if the run has kept none."""
    paths = {int(path.stem): path for path in sorted((folder / "steps").glob("*.safetensors"))}
    if not paths:
        raise FileNotFoundError(f"{folder / 'steps'} has no weights: {ADVICE}")
    return paths


if __name__ == "__main__":
    main()
