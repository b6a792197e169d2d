"""Classical methods, trained nets and the region oracle on the second maker's faces.

    python benchmarks/second_maker.py --clips 48 --seeds 1 --out benchmarks/results/second_maker.csv
    python benchmarks/second_maker.py --levels hard --weights runs/demo --models st_transformer
    python benchmarks/second_maker.py --null --clips 24            # faces without a pulse
    python benchmarks/second_maker.py --from benchmarks/results/second_maker.csv   # only the tables

Every video is decoded and tracked once, for all methods.  Clips are kept in --keep, or go to a
temporary folder.  The oracle chooses the face region whose POS signal agrees most with the true HR;
"oracle, wrong rate" is given an HR at least 15 bpm away and scored against that: its bias.
"""

import argparse
import contextlib
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from rppg.datasets.readers import read
from rppg.evaluation.metrics import score
from rppg.inference.classical import oracle_region
from rppg.inference.videos import predict_each
from rppg.signals.classical import METHODS
from rppg.synthetic.second_maker import LEVELS, SecondMakerConfig, write_second_maker

WRONG_BY_BPM, WRONG_RANGE_BPM = 15.0, (45.0, 178.0)
SPLITS = {  # column of truth.csv: edges of its bands
    "tone": ((0, 1 / 3, 2 / 3, 1), ("light", "medium", "dark")),
    "hr_bpm": ((0, 80, 120, 999), ("<80 bpm", "80-120", ">=120")),
    "fps": ((0, 18, 27, 40, 99), ("15 fps", "20-25", "30", "50-60")),
    "face_px": ((0, 90, 140, 999), ("<90 px", "90-140", ">=140")),
    "compression": ((0, 0.3, 0.65, 1.01), ("fine", "medium", "coarse")),
}
INFO = ("id", "seed", "level", "wrong_bpm", "found", *SPLITS, "codec", "quality", "fitzpatrick")
ORACLE, MISLED = "region oracle", "oracle, wrong rate"


def main() -> None:
    """Render, measure, print; see the module's docstring."""
    args = _arguments()
    if args.measured:
        print_tables(pd.read_csv(args.measured))
        return
    with contextlib.ExitStack() as stack:
        folder = Path(args.keep or stack.enter_context(tempfile.TemporaryDirectory()))
        rows = []
        for level in args.levels:
            for seed in range(args.first_seed, args.first_seed + args.seeds):
                rows += measure(folder, level, seed, args)
                if args.out:
                    pd.DataFrame(rows).to_csv(args.out, index=False, float_format="%.4f")
    print_tables(pd.DataFrame(rows))


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
    parser.add_argument("--from", dest="measured", help="print the tables of an existing CSV")
    return parser.parse_args()


def measure(folder: Path, level: str, seed: int, args) -> list[dict]:
    """One row per clip: the truth, and the HR by every method."""
    scale = 0.0 if args.null else 1.0
    config = SecondMakerConfig(seed, args.clips, level, pulse_amplitude_scale=scale)
    name = f"{level}-{seed}-{args.clips}{'-null' if args.null else ''}"
    root = write_second_maker(folder / name, config, args.workers)
    truth = pd.read_csv(root / "truth.csv").set_index("id")
    rng = np.random.default_rng([seed, 15])
    rows = []
    for answer in predict_each(read("folder", root), [*METHODS, *args.models], args.weights):
        facts = truth.loc[answer.recording.id].to_dict() | {"id": answer.recording.id, "seed": seed}
        facts["wrong_bpm"] = wrong_rate(rng, facts["hr_bpm"])
        rows.append(facts | _estimates(answer, facts))
    return rows


def _estimates(answer, facts: dict) -> dict:
    """HR by every method and both oracles, NaN where there is none; share of frames with a face."""
    rates = {row["method"]: row["hr_bpm"] for row in answer.rows}
    if answer.traces is None:
        return {**rates, "found": 0.0, ORACLE: np.nan, MISLED: np.nan}
    for name, hr_bpm in ((ORACLE, facts["hr_bpm"]), (MISLED, facts["wrong_bpm"])):
        rates[name] = oracle_region(answer.traces.mstmap, answer.traces.fps, hr_bpm).hr_bpm
    return {**rates, "found": answer.traces.meta["face_hit_rate"]}


def wrong_rate(rng: np.random.Generator, hr_bpm: float) -> float:
    """An HR in the maker's range at least WRONG_BY_BPM away."""
    while abs((wrong := rng.uniform(*WRONG_RANGE_BPM)) - hr_bpm) < WRONG_BY_BPM:
        pass
    return wrong


def print_tables(results: pd.DataFrame) -> None:
    """One table per level."""
    for level, rows in results.groupby("level", sort=False):
        print(table(level, rows) + "\n")


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
    return "\n".join(lines)


def methods_of(rows: pd.DataFrame) -> list[str]:
    """Columns that hold estimates of the truth; the oracle is the last."""
    known = {*INFO, "path", "width", "height", ORACLE, MISLED}
    return [name for name in rows.columns if name not in known] + [ORACLE]


def bands_of(rows: pd.DataFrame) -> dict[str, pd.Series]:
    """Masks of the rows in each band that has any."""
    bands = {}
    for column, (edges, names) in SPLITS.items():
        for name, low, high in zip(names, edges, edges[1:], strict=False):
            last = high == edges[-1]
            inside = (rows[column] >= low) & ((rows[column] < high) | last)
            bands[f"{column[:4]} {name}" if name == "medium" else name] = inside
    bands |= {codec: rows["codec"] == codec for codec in sorted(rows["codec"].unique())}
    return {name: mask for name, mask in bands.items() if mask.any()}


def _line(name: str, rates: pd.Series, rows: pd.DataFrame, bands: dict[str, pd.Series]) -> str:
    right = (rates - rows["hr_bpm"]).abs() <= 5
    rmse = score(rows["hr_bpm"], rates, n_boot=1)["rmse_bpm"]
    cells = "  ".join(f"{100 * right[mask].mean():{len(band)}.0f}" for band, mask in bands.items())
    return f"{name:22s} {rmse:5.1f} {100 * right.mean():4.0f}  {cells}"


if __name__ == "__main__":
    main()
