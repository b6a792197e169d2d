"""Classical methods, trained nets, the consensus and the region oracle on the second maker's faces.

    python benchmarks/second_maker.py --first-seed 2 --seeds 4 --levels middle hard
    python benchmarks/second_maker.py --levels hard --weights runs/demo --models st_transformer
    python benchmarks/second_maker.py --weights runs/demo --models st_transformer consensus
    python benchmarks/second_maker.py --null --clips 24            # faces without a pulse
    python benchmarks/second_maker.py --from benchmarks/results/second_maker.csv \
        --figure docs/reliability_second.png                       # only the tables and the figure

Every video is decoded and tracked once, for all methods.  Clips are kept in --keep, or go to a
temporary folder.  Levels and seeds that --out has are not measured again.  The oracle chooses the
face region whose POS signal agrees most with the true HR; "oracle, wrong rate" is given an HR at
least 15 bpm away and scored against that: its bias.
"""

import argparse
import contextlib
import os
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from challenge import wrong_rate
from consensus_tables import draw_reliability
from tqdm import tqdm

from rppg.datasets.readers import read
from rppg.evaluation.calibration import calibration_error
from rppg.evaluation.metrics import NEAR_BPM, score
from rppg.inference.classical import oracle_region
from rppg.inference.videos import CONSENSUS, predict_each
from rppg.signals.multi_region import CLASSICAL
from rppg.synthetic.second_maker import LEVELS, SecondMakerConfig, write_second_maker
from rppg.utils import worker_pool

WRONG_RANGE_BPM = (45.0, 178.0)
SPLITS = {  # column of truth.csv: edges of its bands
    "tone": ((0, 1 / 3, 2 / 3, 1), ("light skin", "medium skin", "dark skin")),
    "hr_bpm": ((0, 80, 120, 999), ("under 80 bpm", "80-120 bpm", "120 bpm or more")),
    "fps": ((0, 18, 27, 40, 99), ("15 fps", "20-25 fps", "30 fps", "50-60 fps")),
    "face_px": ((0, 90, 140, 999), ("face under 90 px", "90-140 px", "140 px or more")),
    "compression": ((0, 0.3, 0.65, 1.01), ("fine codec", "medium codec", "coarse codec")),
    "turn_deg": ((0, 1.5, 2.5, 999), ("still head", "moving head", "restless head")),
}
ORACLE, MISLED = "region oracle", "oracle, wrong rate"
INFO = {*("id", "seed", "level", "pulse", "wrong_bpm", "found", "confidence", "codec", "quality")}
INFO |= {*SPLITS, "fitzpatrick", "path", "width", "height", ORACLE, MISLED}
RUN = ["level", "seed", "pulse"]  # what is measured at once
SURE = 0.9  # confidence from which answers are counted


def main() -> None:
    """Render, measure, print; see the module's docstring."""
    args = _arguments()
    if args.measured:
        results = pd.read_csv(args.measured)
        print_tables(results)
        draw(results, args.figure)
        return
    results = pd.read_csv(args.out) if args.out and Path(args.out).exists() else pd.DataFrame()
    done = set(results[RUN].itertuples(index=False, name=None)) if len(results) else set()
    pulse = 0.0 if args.null else 1.0
    with contextlib.ExitStack() as stack:
        folder = Path(args.keep or stack.enter_context(tempfile.TemporaryDirectory()))
        for level in args.levels:
            for seed in range(args.first_seed, args.first_seed + args.seeds):
                if (level, seed, pulse) in done:
                    print(f"level {level}, seed {seed}: in {args.out}")
                    continue
                rows = measure(
                    folder, SecondMakerConfig(seed, args.clips, level, 10.0, pulse), args
                )
                results = pd.concat([results, pd.DataFrame(rows)], ignore_index=True)
                if args.out:
                    results.to_csv(args.out, index=False, float_format="%.4f")
    print_tables(results)
    draw(results, args.figure)


def draw(results: pd.DataFrame, path: Path | None) -> None:
    """The reliability diagram of the consensus, of faces with a pulse."""
    if path is None:
        return
    pulse = results[(results["pulse"] > 0) & results["confidence"].notna()]
    right = (pulse[CONSENSUS] - pulse["hr_bpm"]).abs() <= NEAR_BPM
    draw_reliability(pulse["confidence"], right, "Consensus, the other maker", path)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--levels", nargs="+", choices=LEVELS, default=list(LEVELS))
    parser.add_argument("--clips", type=int, default=48, help="per level and seed")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--weights", type=Path, help="folder of trained models, as runs/demo")
    parser.add_argument("--models", nargs="+", default=[], help="of that folder: st_transformer")
    parser.add_argument("--null", action="store_true", help="null control: no pulse")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--keep", help="folder for the clips; default: a temporary one")
    parser.add_argument("--out", help="CSV with one row per clip")
    parser.add_argument("--figure", type=Path, help="reliability diagram to draw")
    parser.add_argument("--from", dest="measured", help="print the tables of an existing CSV")
    return parser.parse_args()


def measure(folder: Path, config: SecondMakerConfig, args) -> list[dict]:
    """One row per clip: the truth, and the HR by every method."""
    null = "" if config.pulse_amplitude_scale else "-null"
    name = f"{config.level}-{config.seed}-{config.n_clips}{null}"
    root = write_second_maker(folder / name, config, args.workers)
    truth = pd.read_csv(root / "truth.csv")
    rng = np.random.default_rng([config.seed, 15])
    truth["wrong_bpm"] = [wrong_rate(rng, hr, WRONG_RANGE_BPM) for hr in truth["hr_bpm"]]
    truth["seed"], truth["pulse"] = config.seed, config.pulse_amplitude_scale
    ids = [list(truth["id"][start :: 2 * args.workers]) for start in range(2 * args.workers)]
    predict = partial(estimates, root, truth, [*CLASSICAL, *args.models], args.weights)
    if args.workers == 1:
        return sum(map(predict, filter(len, ids)), [])
    os.environ["OMP_NUM_THREADS"] = "1"  # of the workers, which use the cores
    rows, parts = [], list(filter(len, ids))
    run = worker_pool.run(predict, parts, args.workers, _with_torch if args.models else None)
    with contextlib.closing(run) as parts_done:
        for _, part in tqdm(parts_done, total=len(parts), desc="measuring"):
            if isinstance(part, worker_pool.WorkerDied):
                raise RuntimeError(f"a worker has ended: {part}")
            rows += part
    return sorted(rows, key=lambda row: row["id"])


def _with_torch() -> None:
    """Import torch in a worker: without it, `predict_each` would start a process for its nets, and
    a worker must not."""
    import torch

    torch.set_num_threads(1)


def estimates(root: Path, truth: pd.DataFrame, methods, weights, ids: list[str]) -> list[dict]:
    """Rows of the videos with these ids."""
    recordings = [one for one in read("folder", root) if one.id in set(ids)]
    facts = truth.set_index("id", drop=False).to_dict("index")
    answers = predict_each(recordings, methods, weights)
    return [_row(answer, facts[answer.recording.id]) for answer in answers]


def _row(answer, facts: dict) -> dict:
    """The facts, the HR by every method and both oracles, NaN where there is none, the confidence
    of the consensus, and the share of frames with a face."""
    row = facts | {one["method"]: one["hr_bpm"] for one in answer.rows}
    sure = [one.get("confidence", 0.0) for one in answer.rows if one["method"] == CONSENSUS]
    row |= {"confidence": sure[0]} if sure else {}
    if answer.traces is None:
        return row | {"found": 0.0, ORACLE: np.nan, MISLED: np.nan}
    for name, hr_bpm in ((ORACLE, facts["hr_bpm"]), (MISLED, facts["wrong_bpm"])):
        row[name] = oracle_region(answer.traces.mstmap, answer.traces.fps, hr_bpm).hr_bpm
    return row | {"found": answer.traces.meta["face_hit_rate"]}


def print_tables(results: pd.DataFrame) -> None:
    """One table per level, and one of its null control."""
    for (level, pulse), rows in results.groupby(["level", "pulse"], sort=False):
        print(table(level if pulse else f"{level}, null control", rows) + "\n")


def table(level: str, rows: pd.DataFrame) -> str:
    """Errors of every method; a clip without an estimate counts as the mean of all rates."""
    bands = bands_of(rows)
    faces = f"a face in {100 * rows['found'].mean():.1f} % of frames"
    lines = [f"synthetic, second maker, level {level}: {len(rows)} clips; {faces}"]
    counts = "  ".join(f"{mask.sum():>{len(name)}d}" for name, mask in bands.items())
    lines.append(f"{'share within 5 bpm, %':22s} {'RMSE':>5s} {'all':>4s}  " + "  ".join(bands))
    lines.append(f"{'n':22s} {'':5s} {len(rows):4d}  {counts}")
    mean_bpm = rows["hr_bpm"].mean()
    lines.append(_line("mean predictor", pd.Series(mean_bpm, rows.index), rows, bands))
    for name in methods_of(rows):
        lines.append(_line(name, rows[name].fillna(mean_bpm), rows, bands))
    misled = 100 * np.mean(np.abs(rows[MISLED] - rows["wrong_bpm"]) <= 5)
    lines.append(f"{MISLED}: within 5 bpm of it in {misled:.0f} %")
    if "confidence" in rows and rows["confidence"].notna().any():
        lines.append(_confidence_line(rows))
    return "\n".join(lines)


def _confidence_line(rows: pd.DataFrame) -> str:
    """What the confidence of the consensus is worth."""
    right = (rows[CONSENSUS] - rows["hr_bpm"]).abs() <= 5
    sure = rows["confidence"] >= SURE
    of_sure = f"{100 * right[sure].mean():.1f} %" if sure.any() else "none"
    return (
        f"confidence: mean {rows['confidence'].mean():.2f}, {100 * right.mean():.1f} % right,"
        f" calibration error {calibration_error(rows['confidence'], right):.3f};"
        f" >= {SURE} in {sure.sum()} of {len(rows)}, of which {of_sure} right;"
        f" <= 0.2 in {100 * (rows['confidence'] <= 0.2).mean():.0f} %"
    )


def methods_of(rows: pd.DataFrame) -> list[str]:
    """Columns that hold estimates of the truth; the oracle is the last."""
    return [name for name in rows.columns if name not in INFO] + [ORACLE]


def bands_of(rows: pd.DataFrame) -> dict[str, pd.Series]:
    """Masks of the rows in each band that has any."""
    bands = {}
    for column, (edges, names) in SPLITS.items():
        for name, low, high in zip(names, edges, edges[1:], strict=False):
            last = high == edges[-1]
            inside = (rows[column] >= low) & ((rows[column] < high) | last)
            bands[name] = inside
    bands |= {codec: rows["codec"] == codec for codec in sorted(rows["codec"].unique())}
    return {name: mask for name, mask in bands.items() if mask.any()}


def _line(name: str, rates: pd.Series, rows: pd.DataFrame, bands: dict[str, pd.Series]) -> str:
    right = (rates - rows["hr_bpm"]).abs() <= 5
    rmse = score(rows["hr_bpm"], rates, n_boot=1)["rmse_bpm"]
    cells = "  ".join(f"{100 * right[mask].mean():{len(band)}.0f}" for band, mask in bands.items())
    return f"{name:22s} {rmse:5.1f} {100 * right.mean():4.0f}  {cells}"


if __name__ == "__main__":
    main()
