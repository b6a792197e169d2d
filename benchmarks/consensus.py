"""The consensus: fitted on synthetic validation clips, measured on clips of other seeds.

    python benchmarks/consensus.py --weights runs/demo      # render, measure, fit, write, print
    python benchmarks/consensus.py --fit                    # from what has been measured already
    python benchmarks/consensus.py --from benchmarks/results/consensus.csv   # only tables, figure

Clips of 10 s of four levels are rendered, and prepared as any video; of each clip, every method's
spectrum and the head's motion are kept in `--folder`.  Rules and calibration are fitted on clips
of one seed (with some that have no pulse, whose answers are wrong unless by chance within 5 bpm),
and written to rppg/evaluation/consensus.json; everything printed is of other seeds, other people.
Without --weights the members are the classical methods alone.
"""

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pandas as pd
from consensus_tables import draw, print_tables
from people import attempt, classical_waves, trained

from rppg.datasets.prepared import FPS
from rppg.datasets.readers import read
from rppg.datasets.store import Store
from rppg.evaluation.confidence import confidence, features, fit_calibration
from rppg.evaluation.consensus import consensus, fit_rules
from rppg.evaluation.consensus_file import PACKAGED, Fitted, save_consensus
from rppg.evaluation.ensemble import Stack, product, stack
from rppg.evaluation.metrics import NEAR_BPM
from rppg.inference.consensus import facts, moves, rates_of
from rppg.inference.model_process import Models
from rppg.inference.trained import extract_into
from rppg.preprocessing.face_detector import BoxFinder
from rppg.preprocessing.face_mesh import FaceLandmarks
from rppg.signals.classical import METHODS
from rppg.synthetic import ChallengeConfig, write_challenge
from rppg.synthetic.config import FIRST_NUMBER

LEVELS = ("easy", "medium", "test", "hardest")
NULL = "null"  # the test level without a pulse
PARTS = {"validation": (2101,), "held out": (2102, 2103)}  # seeds that nothing else uses
RESULTS = Path("benchmarks/results/consensus.csv")


def main() -> None:
    """Measure, fit, write and print, as asked."""
    args = _arguments()
    if args.measured:
        results = pd.read_csv(args.measured)
    else:
        if not args.fit:
            measure_all(args)
        results = fit_and_apply(args.folder, args.json)
        args.out.parent.mkdir(parents=True, exist_ok=True)
        results.to_csv(args.out, index=False, float_format="%.4f")
    print_tables(results)
    draw(results[results["part"] == "held out"], args.figure)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--clips", type=int, default=12, help="to fit on, per level")
    parser.add_argument("--held-out-clips", type=int, default=6, help="per level and seed")
    parser.add_argument("--weights", type=Path, help="runs of nets, as runs/demo")
    parser.add_argument("--folder", type=Path, default=Path("build/consensus"), help="of spectra")
    parser.add_argument("--fit", action="store_true", help="use what is in the folder")
    parser.add_argument("--json", type=Path, default=PACKAGED, help="coefficients to write")
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--figure", type=Path, default=Path("docs/reliability.png"))
    parser.add_argument("--from", dest="measured", help="an existing CSV, without measuring")
    return parser.parse_args()


def measure_all(args: argparse.Namespace) -> None:
    """Render and measure every seed and level that is not in the folder yet, one file each."""
    args.folder.mkdir(parents=True, exist_ok=True)
    n_clips = {"validation": args.clips, "held out": args.held_out_clips}
    names, label = trained(args.weights) if args.weights else ([], "")
    tools = FaceLandmarks(), BoxFinder().find
    with Models(names, args.weights) if names else nullcontext() as models:
        for part, seed, level in parts():
            path = args.folder / f"{seed}-{level}.parquet"
            if not path.is_file():
                rows = pd.DataFrame(measure(level, seed, n_clips[part], models, *tools))
                rows.assign(part=part, weights=label).to_parquet(path)
                print(part, path.name, rows["id"].nunique(), "clips", flush=True)


def parts() -> Iterator[tuple[str, int, str]]:
    """Every part, seed and level."""
    for part, seeds in PARTS.items():
        for seed in seeds:
            yield from ((part, seed, level) for level in (*LEVELS, NULL))


def measure(
    level: str, seed: int, clips: int, models: Models | None, landmarker, find
) -> Iterator[dict]:
    """One row per clip and method: its spectrum, the head's motion, and the truth."""
    sets = {f"n_{name}": 0 for name in FIRST_NUMBER} | {"n_test_vipl": clips}
    scale = {"level": "test", "pulse_amplitude_scale": 0.0} if level == NULL else {"level": level}
    config = ChallengeConfig(seed=seed, **sets, clips_per_subject=1, **scale)
    arrays = models.arrays if models else set()
    with tempfile.TemporaryDirectory(prefix="rppg-") as folder:
        root = write_challenge(Path(folder) / "clips", config, workers=1, progress=False)
        truth = pd.read_csv(root / "truth.csv").set_index("id")
        store = Store(Path(folder) / "store")
        for recording in read("challenge_test", root / "test"):
            traces = extract_into(store, recording, landmarker, find, arrays)
            rates = rates_of(waves_of(recording.id, traces, models, store), FPS)
            row = {"id": f"{level}-{seed}-{recording.id}", "level": level, "seed": seed}
            row |= {"hr_true_bpm": truth.loc[recording.id, "hr_bpm"]}
            row |= dict(zip(("luma", "face_px", "fps"), facts(traces), strict=True))
            yield from (row | _spectrum(name, rate, traces) for name, rate in rates.items())


def waves_of(id: str, traces, models: Models | None, store: Store) -> dict[str, np.ndarray]:
    """The waves (T,) of all methods that have one."""
    rgb = np.asarray(traces.mstmap[:, -1, :3], dtype=float)
    waves = {method: found for (method, _), found in classical_waves(rgb).items()}
    for name in models.names if models else []:
        waves[name] = attempt(models.wave, name, store, id)
    return {name: wave for name, wave in waves.items() if not isinstance(wave, str)}


def _spectrum(name: str, rate, traces) -> dict:
    amplitude = moves(traces.head, FPS, rate.freq_hz)
    return {
        "model": name,
        "hr_bpm": rate.hr_bpm,
        "quality": rate.quality,
        "freq_hz": rate.freq_hz.astype(np.float32),
        "power": rate.power.astype(np.float32),
        "motion": amplitude.astype(np.float32),
    }


def fit_and_apply(folder: Path, path: Path) -> pd.DataFrame:
    """Fit on the validation part, write the coefficients, and answer on everything."""
    table = pd.concat([pd.read_parquet(one) for one in sorted(folder.glob("*.parquet"))])
    windows = table.drop_duplicates("id").set_index("id")
    results = windows[["part", "level", "seed", "hr_true_bpm", "luma", "face_px", "fps"]].copy()
    nets = [name for name in table["model"].unique() if name not in METHODS]
    groups = {"classical": list(METHODS)} | ({"with nets": [*METHODS, *nets]} if nets else {})
    fitted = {}
    for name, members in groups.items():
        one = stack(table, members, list(windows.index))
        fitted[name] = fit(one, windows, name == "with nets")
        results[f"product, {name}"] = product(one)
        results[f"consensus, {name}"], results[f"confidence, {name}"] = apply(
            one, windows, fitted[name]
        )
    for k, model in enumerate(one.models):
        results[model] = one.hr_bpm[k]
    save_consensus(fitted, path)
    return results.reset_index()


def fit(one: Stack, windows: pd.DataFrame, has_nets: bool) -> Fitted:
    """Rules from validation clips with a pulse, then the calibration from all validation clips."""
    validation = (windows["part"] == "validation").to_numpy()
    pulse = validation & (windows["level"] != NULL).to_numpy()
    true_bpm, motion = windows["hr_true_bpm"].to_numpy(), amplitudes(windows)
    rules = fit_rules(one.of_recordings(pulse), true_bpm[pulse], motion[pulse])
    found = consensus(one.of_recordings(validation), rules, motion[validation])
    rows = features(found, *(column[validation] for column in facts_of(windows)))
    right = np.abs(found.hr_bpm - true_bpm[validation]) <= NEAR_BPM
    seeds = ", ".join(map(str, PARTS["validation"]))
    text = (
        f"{pulse.sum()} synthetic clips of 10 s of the first maker (levels {', '.join(LEVELS)}) "
        f"and {(validation & ~pulse).sum()} without a pulse, seed {seeds}; no real recording"
    )
    if has_nets:
        text += f"; the nets are those of {windows['weights'].iloc[0]}, trained on the same maker"
    return Fitted(rules, fit_calibration(rows, right), text)


def apply(one: Stack, windows: pd.DataFrame, fitted: Fitted) -> tuple[np.ndarray, np.ndarray]:
    """Rates (n,) and confidences (n,) of all clips."""
    found = consensus(one, fitted.rules, amplitudes(windows))
    return found.hr_bpm, confidence(features(found, *facts_of(windows)), fitted.calibration)


def amplitudes(windows: pd.DataFrame) -> np.ndarray:
    """Motion of the head (n, F)."""
    return np.stack(windows["motion"].to_list()).astype(float)


def facts_of(windows: pd.DataFrame) -> list[np.ndarray]:
    """Brightness, size of the face and frame rate, each (n,)."""
    return [windows[name].to_numpy(float) for name in ("luma", "face_px", "fps")]


if __name__ == "__main__":
    main()
