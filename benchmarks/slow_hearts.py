"""Slow hearts read at twice their rate: does a look below the strongest peak help?

    python benchmarks/slow_hearts.py --waves build/slow_hearts
    python benchmarks/slow_hearts.py --from benchmarks/results/slow_hearts.csv    # only the tables

Reads synthetic clips of 10 s by the models in the box and the classical methods: those of
consensus.py, and to judge on, clips of other people of a held-out seed whose hearts are at 55 bpm
or below, as only one clip in seventeen is.  Waves are kept in --waves, a file per clip; parts that
are complete there are not measured again.  Each remedy of slow_remedies.py has one number, chosen
per method on seed 2101: the best mean over four bands of true rate of the share within 5 bpm, the
weakest among equals.  Rows of that seed are out of fold (five folds of people), rows of the others
held out.  Differences are paired, of RMSEs, with intervals over people.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from consensus_measure import PARTS, Job, jobs, rendered, waves_of
from consensus_tables import NULL
from demo_tables import read as read_table
from slow_remedies import REMEDIES, Seen
from tqdm import tqdm

from rppg.datasets import Recording
from rppg.datasets.prepared import FPS
from rppg.datasets.readers import read
from rppg.datasets.store import Store
from rppg.evaluation.metrics import NEAR_BPM
from rppg.evaluation.paired import paired_differences
from rppg.inference.model_process import Models
from rppg.inference.trained import extract_into
from rppg.models.names import RECIPES
from rppg.preprocessing.face_detector import BoxFinder
from rppg.preprocessing.face_mesh import FaceLandmarks
from rppg.synthetic import ChallengeConfig
from rppg.synthetic.challenge import plan, render_clip
from rppg.synthetic.config import FIRST_NUMBER, SET_LIMIT
from rppg.utils import worker_pool

EDGES_BPM = {"<=55": (0, 55), "55-80": (55, 80), "80-120": (80, 120), ">120": (120, 999)}
SLOW = "slow"  # in a job's level, of the clips of slow hearts alone
LEVELS = ("easy", "medium", "test", "hardest")
SLOW_SEED = PARTS["held out"][0]
OTHERS = 100  # people of the other jobs, at most
N_FOLDS = 5
FEW = 6  # people below which an interval over people decides nothing
AS_READ, OUT_OF_FOLD, HELD_OUT = "as read", "out of fold", "held out"


def main() -> None:
    """Measure what is missing, compare, write and print, as asked."""
    args = _arguments()
    if args.measured:
        table = read_table(args.measured)
    else:
        if not args.only_read:
            measure_all(args.waves, args.clips, args.held_out_clips, args.slow_clips, args.workers)
        table = compared(rates(args.waves))
        table.to_csv(args.out, index=False, float_format="%.4f")
    print_tables(table)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--waves", type=Path, default=Path("build/slow_hearts"))
    parser.add_argument("--only-read", action="store_true", help="the clips that are in --waves")
    parser.add_argument("--clips", type=int, default=64, help="to fit on, per level")
    parser.add_argument("--held-out-clips", type=int, default=16, help="per level and seed")
    parser.add_argument("--slow-clips", type=int, default=5, help="held out, per level")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/slow_hearts.csv"))
    parser.add_argument("--from", dest="measured", help="an existing CSV, without measuring")
    return parser.parse_args()


def measure_all(folder: Path, clips: int, held_out: int, slow: int, workers: int) -> None:
    """Write the waves of every clip that the folder has not."""
    folder.mkdir(parents=True, exist_ok=True)
    every = [job for job in jobs(clips, held_out) if job.level != NULL]
    every += [Job(HELD_OUT, "first", f"{SLOW} {level}", SLOW_SEED, slow) for level in LEVELS]
    wanted = [job for job in every if len(list(folder.glob(f"{name_of(job)}-*"))) < job.clips]
    with closing(worker_pool.run(partial(measure, folder), wanted, workers)) as done:
        for index, result in tqdm(done, total=len(wanted), desc="levels"):
            if isinstance(result, worker_pool.WorkerDied):
                raise RuntimeError(f"{name_of(wanted[index])}: {result}; call again to resume")


def name_of(job: Job) -> str:
    return f"{job.maker}-{job.level.replace(' ', '_')}-{job.seed}"


def measure(folder: Path, job: Job) -> None:
    """A file per clip of the job: waves (T,) as w_METHOD, fps and the true hr_bpm."""
    import torch

    torch.set_num_threads(1)
    tools = FaceLandmarks(), BoxFinder().find
    made = slow_clips if job.level.startswith(SLOW) else rendered
    with Models(list(RECIPES)) as models, tempfile.TemporaryDirectory(prefix="rppg-") as work:
        store = Store(Path(work) / "store")
        for recording, truth in made(job, Path(work) / "clips"):
            traces = extract_into(store, recording, *tools, models.arrays)
            waves = waves_of(recording.id, traces, models, store)
            path = folder / f"{name_of(job)}-{recording.id.replace('/', '_')}.npz"
            named = {f"w_{name}": np.asarray(wave, np.float32) for name, wave in waves.items()}
            np.savez_compressed(path, hr_bpm=truth["hr_bpm"], fps=FPS, **named)


def slow_clips(job: Job, root: Path) -> Iterator[tuple[Recording, dict[str, float]]]:
    """Clips of slow hearts of the first maker, of people that are in no other job, and the true
    hr_bpm of each."""
    level = job.level.removeprefix(f"{SLOW} ")
    sets = {f"n_{name}": 0 for name in FIRST_NUMBER} | {"n_test_vipl": SET_LIMIT}
    config = ChallengeConfig(seed=job.seed, level=level, clips_per_subject=1, **sets)
    slow = [c for c in plan(config)[OTHERS:] if c.hr_bpm(config) <= EDGES_BPM["<=55"][1]]
    first = LEVELS.index(level) * job.clips
    chosen = slow[first : first + job.clips]
    for clip in chosen:
        render_clip(root, config, clip)
    truth = {clip.id: clip.hr_bpm(config) for clip in chosen}
    for recording in read("challenge_test", root / "test"):
        yield recording, {"hr_bpm": truth[recording.id]}


def rates(folder: Path) -> pd.DataFrame:
    """A row per clip, method, remedy and its number: id, person, true_bpm, hr_bpm."""
    rows = []
    for path in tqdm(sorted(folder.glob("*.npz")), desc="clips", file=sys.stderr):
        maker, level, seed, name = path.stem.split("-", 3)
        if level == NULL:
            continue
        clip = np.load(path)
        row = {"id": path.stem, "seed": int(seed), "true_bpm": float(clip["hr_bpm"])}
        row["person"] = f"{maker}-{seed}-{name}"
        for key in (key for key in clip.files if key.startswith("w_")):
            seen = Seen.of(clip[key].astype(float), float(clip["fps"]))
            row["model"] = key.removeprefix("w_")
            for remedy, (read_rate, numbers) in REMEDIES.items():
                found = {number: read_rate(seen, number) for number in numbers}
                rows += [
                    row | {"remedy": remedy, "number": k, "hr_bpm": v} for k, v in found.items()
                ]
    if not rows:
        raise FileNotFoundError(f"no clip with a pulse in {folder}: run without --only-read")
    return pd.DataFrame(rows)


def compared(table: pd.DataFrame) -> pd.DataFrame:
    """A row per method, remedy, part and band of true rate, with its difference from as read."""
    rows = []
    for (model, remedy), one in table.groupby(["model", "remedy"], sort=False):
        grid = one.pivot(index="id", columns="number", values="hr_bpm")
        grid = grid[list(REMEDIES[remedy][1])]  # (clips, numbers), the first as read
        clips = one.drop_duplicates("id").set_index("id").loc[grid.index]
        for part, inside, hr_bpm, number in answers(grid.to_numpy(), clips, remedy):
            some, as_read = clips[inside], grid.to_numpy()[inside, 0]
            row = {"model": model, "remedy": remedy, "part": part, "number": number}
            rows += [row | scores for scores in by_band(some, hr_bpm, as_read)]
            if remedy == next(iter(REMEDIES)):
                row |= {"remedy": AS_READ, "number": 0.0}
                rows += [row | scores for scores in by_band(some, as_read, as_read)]
    return pd.DataFrame(rows)


def answers(grid: np.ndarray, clips: pd.DataFrame, remedy: str) -> Iterator[tuple]:
    """Part, which clips (n,) are its, their rates and the number that all of seed 2101 chose."""
    numbers, fit = REMEDIES[remedy][1], clips["seed"].isin(PARTS["validation"]).to_numpy()
    fold = pd.factorize(clips["person"])[0] % N_FOLDS
    hr_bpm = grid[:, chosen(grid[fit], clips[fit])].copy()
    number = numbers[chosen(grid[fit], clips[fit])]
    if not fit.all():
        yield HELD_OUT, ~fit, hr_bpm[~fit], number
    for k in range(N_FOLDS):
        seen, out = fit & (fold != k), fit & (fold == k)
        hr_bpm[out] = grid[out, chosen(grid[seen], clips[seen])]
    yield OUT_OF_FOLD, fit, hr_bpm[fit], number


def chosen(grid: np.ndarray, clips: pd.DataFrame) -> int:
    """Column of the rates (n, numbers) with the best mean over bands of the share within 5 bpm."""
    true_bpm = clips["true_bpm"].to_numpy()[:, None]
    near = np.abs(grid - true_bpm) <= NEAR_BPM
    inside = [(true_bpm > low) & (true_bpm <= high) for low, high in EDGES_BPM.values()]
    shares = [near[one[:, 0]].mean(axis=0) for one in inside if one.any()]
    return int(np.mean(shares, axis=0).argmax())


def by_band(clips: pd.DataFrame, hr_bpm: np.ndarray, as_read: np.ndarray) -> Iterator[dict]:
    """Scores of rates (n,) in each band of true rate, and of all clips."""
    true_bpm = clips["true_bpm"].to_numpy()
    for band, (low, high) in ({"all": (0, 999)} | EDGES_BPM).items():
        inside = (true_bpm > low) & (true_bpm <= high)
        if inside.any():
            people = clips["person"].to_numpy()[inside]
            some = true_bpm[inside], hr_bpm[inside], as_read[inside], people
            yield {"band": band, **scores_of(*some)}


def scores_of(true_bpm, hr_bpm, as_read, people) -> dict:
    """Shares of rates (n,) within 5 bpm of the truth and of its multiples, and the difference."""
    near = {k: np.abs(hr_bpm - k * true_bpm) <= NEAR_BPM for k in (1, 2, 3, 0.5)}
    row = {"clips": len(true_bpm), "people": len(set(people)), "within_5bpm": near[1].mean()}
    row |= {"double": near[2].mean(), "triple": near[3].mean(), "half_rate": near[0.5].mean()}
    row["rmse_bpm"] = np.sqrt(np.mean((hr_bpm - true_bpm) ** 2))
    difference = paired_differences(true_bpm, hr_bpm[None], as_read, people).iloc[0]
    return row | difference.to_dict()


def print_tables(table: pd.DataFrame) -> None:
    """How often rates are right and doubled as read, and what the remedies change."""
    keys = ["part", "model", "band"]
    columns = ["clips", "within_5bpm", "double", "triple", "half_rate"]
    print(table[table["remedy"] == AS_READ].set_index(keys)[columns].round(3).to_string())
    for part, one in table.groupby("part"):
        wide = one.pivot(index=["model", "remedy"], columns="band", values="within_5bpm")
        words = one.pivot(index=["model", "remedy"], columns="band", values="verdict")
        words = words.replace({"undecided": "", "better": " +", "worse": " -"})
        people = one.pivot(index=["model", "remedy"], columns="band", values="people")
        words = words.where(people >= FEW, "")
        print(f"\n{part}: share within 5 bpm; +, -: RMSE better or worse than as read")
        print((wide.round(3).astype(str) + words.fillna("")).to_string())


if __name__ == "__main__":
    main()
