"""What is handed in, against everything else: three seeds, faces of both makers, kept apart.

    for seed in 10 11 12; do rppg run --profile bench --seed $seed; done
    python benchmarks/bench.py --seeds 10 11 12 --out benchmarks/results/bench.csv
    python benchmarks/bench.py --from benchmarks/results/bench.csv

Each seed has 100 test recordings of the first maker, which the models learn from, and 50 of each
of two levels of the second, which nothing learns from (`bench_predictions.py`).  The ensemble is
the one that 05_ensemble has chosen on the first maker's labelled recordings, out of fold; it
answers for the second maker's faces with the same members and fits.  Differences are of RMSEs from
what is handed in, with 95 % intervals over subjects.  "members' oracle" takes, of each recording,
the member that is nearest to the truth: a bound, no method.  The goals are printed as they fall.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from bench_predictions import second_maker_table

from rppg.datasets.metadata import read_index
from rppg.datasets.store import Store
from rppg.evaluation.ensemble_judgement import choose_by
from rppg.evaluation.ensemble_selection import answer, choose
from rppg.evaluation.leaderboard import score_models
from rppg.evaluation.metrics import score
from rppg.evaluation.prediction_files import read_predictions
from rppg.evaluation.submission import fill_missing, read_solution
from rppg.inference.recorded_motion import head_motions, with_head_motion
from rppg.utils.paths import project_dir
from rppg.workflow.provenance import read_run_json

FIRST, SECOND, ORACLE = "first maker", "second maker", "members' oracle"
LABELLED = "labelled recordings, out of fold"
PAPER = "Ensemble, average"
SHARE_OF_CLASSICAL = {FIRST: 0.25, SECOND: 0.5}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[10, 11, 12])
    parser.add_argument("--clips", type=int, default=50, help="of the second maker, per level")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--from", dest="table", type=Path, help="print an existing table")
    args = parser.parse_args()
    if args.table:
        table = pd.read_csv(args.table, keep_default_na=False, na_values=[""])
    else:
        table = pd.concat([of_seed(seed, args.clips, args.workers) for seed in args.seeds])
    if args.out:
        table.to_csv(args.out, index=False, float_format="%.4f")
    print(report(table))


def of_seed(seed: int, clips: int, workers: int) -> pd.DataFrame:
    """The leaderboards of a seed, one a maker, the second maker's levels together and apart."""
    root, name = project_dir(), f"bench-{seed}"
    facts = read_run_json(root / "runs" / name / "ensemble" / "run.json")
    given = facts["parameters"]
    tables = {path: read_predictions(root / path) for path in given["predictions"]}
    everything = pd.concat(tables.values(), ignore_index=True)
    store = Store(root / "prepared" / name)
    choice, handed_in = chosen(tables, store, given["classical"])
    freq_hz = choice.learned.freq_hz
    everything["motion"] = head_motions(store, everything["id"], freq_hz)
    first = everything[everything["split"] == "test"]
    boards = [out_of_fold(choice, facts)]
    boards += [board(first, truth_of(root / "data" / name), choice, handed_in, everything, FIRST)]
    second = second_maker_table(seed, clips, workers, freq_hz)
    boards.append(board(second, own_truth(second), choice, handed_in, everything, SECOND))
    for level, rows in second.groupby("level", sort=False):
        label = f"{SECOND}, {level}"
        boards.append(board(rows, own_truth(rows), choice, handed_in, everything, label))
    return pd.concat(boards, ignore_index=True).assign(seed=seed)


def chosen(tables: dict[str, pd.DataFrame], store: Store, classical: list[str]) -> tuple:
    """The choice that 05_ensemble makes of these predictions, and its name in tables."""
    given = choose_by(tables, read_index(store.root / "index.parquet"), classical)
    given = with_head_motion(given, store)
    choice = choose(given.table, given.truth, given.solutions, given.mean_bpm)
    return choice, choice.name_of(choice.chosen)


def out_of_fold(choice, facts: dict) -> pd.DataFrame:
    """Scores on the labelled recordings that the ensemble was chosen by: of single models; of the
    choice made anew for each part of the subjects, as 05_ensemble has written it; and of that as a
    best guess, by subjects that it was not fitted to."""
    rates = zip(choice.learned.models, choice.learned.hr_bpm, strict=True)
    mean_bpm = choice.true_bpm.mean()
    rows = [
        {"model": model, "kind": "learned"}
        | score(choice.true_bpm, np.nan_to_num(hr_bpm, nan=mean_bpm))
        for model, hr_bpm in rates
    ]
    rows.append({"model": "choice, made anew", "kind": "ensemble", **facts["nested"]})
    guess = facts["best_guess"]["best guess"]
    rows.append({"model": "the same as a best guess", "kind": "ensemble", "rmse_bpm": guess})
    return pd.DataFrame(rows).assign(maker=LABELLED, member=False, than_submitted="")


def board(rows: pd.DataFrame, truth, choice, handed_in: str, everything, maker: str):
    """The leaderboard of test recordings: single models, every combination, and the oracle."""
    train = everything[everything["split"] == "train"].drop_duplicates("id")["hr_true_bpm"].dropna()
    ids = sorted(truth["id"])
    candidates = rows[rows["model"].isin(choice.learned.models)]
    table = pd.concat([rows, answer(candidates, ids, choice).assign(split="test")])
    filled = [fill_missing(one, ids, train.mean()) for _, one in table.groupby("model", sort=False)]
    table = pd.concat(filled, ignore_index=True)
    members = table[table["model"].isin(choice.members[choice.chosen])]
    table = pd.concat([table, oracle_rows(members, truth)], ignore_index=True)
    found = score_models(table, truth, train, submitted=handed_in)
    found = found[~found["split"].str.contains("public|private")]
    is_member = found["model"].isin(choice.members[choice.chosen])
    return found.drop(columns="split").assign(maker=maker, member=is_member)


def oracle_rows(members: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """Of each recording the row of the member that is nearest to the truth."""
    known = members.drop(columns="hr_true_bpm").merge(truth[["id", "hr_true_bpm"]], on="id")
    error = (known["hr_bpm"] - known["hr_true_bpm"]).abs()
    return known.loc[error.groupby(known["id"]).idxmin()].assign(model=ORACLE, kind="ensemble")


def truth_of(data: Path) -> pd.DataFrame:
    """The test recordings' rates, read here alone, once everything has been chosen."""
    return read_solution(data / "solution.csv").assign(usage="")


def own_truth(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.drop_duplicates("id")[["id", "hr_true_bpm"]].assign(usage="")


def report(table: pd.DataFrame) -> str:
    """RMSE of every model by maker and seed, then the goals."""
    lines = []
    for maker, rows in table.groupby("maker", sort=False):
        rmse = rows.pivot_table(index="model", columns="seed", values="rmse_bpm")
        words = rows.pivot(index="model", columns="seed", values="than_submitted")
        within = rows.groupby("model")["within_5bpm"].mean()
        shown = pd.DataFrame({f"RMSE, {seed}": rmse[seed] for seed in rmse})
        shown["mean"], shown["within 5 bpm"] = rmse.mean(axis=1), within
        shown = shown.assign(**{f"than handed in, {seed}": words[seed] for seed in words})
        lines += [f"synthetic, {maker}, n {int(rows['n'].max())} a seed"]
        lines += [shown.sort_values("mean").to_string(float_format="%.2f"), ""]
    return "\n".join([*lines, *goals(table)])


def goals(table: pd.DataFrame) -> list[str]:
    """A line per goal and maker."""
    lines = []
    for maker, share in SHARE_OF_CLASSICAL.items():
        for seed, rows in table[table["maker"] == maker].groupby("seed"):
            one = rows[rows["than_submitted"] == "submitted"].iloc[0]
            rmse = rows.set_index("model")["rmse_bpm"]
            members = rows[rows["member"]].sort_values("rmse_bpm")
            best, classical = members.iloc[0], rows[rows["kind"] == "classical"]["rmse_bpm"].min()
            bound = rmse[ORACLE]
            way = (best.rmse_bpm - one.rmse_bpm) / max(best.rmse_bpm - bound, 1e-9)
            lines.append(
                f"{maker}, seed {seed}: {one.model} {one.rmse_bpm:.2f} bpm; best member "
                f"{best.model} {best.rmse_bpm:.2f} ({best.than_submitted}); plain average "
                f"{rmse.get(PAPER, np.nan):.2f}; {one.rmse_bpm / classical:.2f} of the classical "
                f"(goal {share}); {100 * way:.0f} % of the way to the oracle ({bound:.2f})"
            )
    return lines


if __name__ == "__main__":
    main()
