"""The consensus: fitted on synthetic validation clips, measured on clips of other seeds.

    python benchmarks/consensus.py               # render, measure, fit, write, print
    python benchmarks/consensus.py --fit         # from what has been measured already
    python benchmarks/consensus.py --from benchmarks/results/consensus.csv   # only tables, figures

Clips of 10 s of the levels of both makers are rendered, and prepared as any video; of each clip,
every method's spectrum and the head's motion are kept in `--folder`.  Rules and calibration are
fitted on clips of one seed (the calibration out of fold, and with some that have no pulse, whose
answers are wrong unless by chance within 5 bpm), and written to rppg/evaluation/consensus.json;
what is printed as held out is of other seeds, other people.  The nets are the models in the box, or
those of --weights.
"""

import argparse
from collections.abc import Sequence
from itertools import chain, combinations
from pathlib import Path

import numpy as np
import pandas as pd
from consensus_measure import PARTS, measure_all
from consensus_tables import FACTS, NULL, draw, print_tables
from demo_tables import read

from rppg.evaluation.confidence import confidence, features, fit_calibration
from rppg.evaluation.consensus import consensus
from rppg.evaluation.consensus_file import PACKAGED, Fitted, save_consensus
from rppg.evaluation.consensus_fit import fit_rules
from rppg.evaluation.ensemble import Stack, product, stack
from rppg.evaluation.metrics import NEAR_BPM
from rppg.signals.multi_region import CLASSICAL

N_FOLDS = 5
OF_A_NET = 0.25  # least weight: below, the consensus is as good without it, and a net takes time
RESULTS = Path("benchmarks/results/consensus.csv")


def main() -> None:
    """Measure, fit, write and print, as asked."""
    args = _arguments()
    if args.measured:
        results = read(args.measured)
    else:
        if not args.fit:
            measure_all(args.folder, args.clips, args.held_out_clips, args.weights, args.workers)
        results = fit_and_apply(args.folder, args.json)
        args.out.parent.mkdir(parents=True, exist_ok=True)
        results.to_csv(args.out, index=False, float_format="%.4f")
    print_tables(results)
    draw(results[results["part"] == "held out"], args.figure)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--clips", type=int, default=64, help="to fit on, per level")
    parser.add_argument("--held-out-clips", type=int, default=16, help="per level and seed")
    parser.add_argument("--weights", type=Path, help="runs of nets; default: the models in the box")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--folder", type=Path, default=Path("build/consensus"), help="of spectra")
    parser.add_argument("--fit", action="store_true", help="use what is in the folder")
    parser.add_argument("--json", type=Path, default=PACKAGED, help="coefficients to write")
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--figure", type=Path, default=Path("docs/reliability.png"))
    parser.add_argument("--from", dest="measured", help="an existing CSV, without measuring")
    return parser.parse_args()


def fit_and_apply(folder: Path, path: Path) -> pd.DataFrame:
    """Fit on the validation part, write the coefficients, and answer on everything."""
    table = pd.concat([pd.read_parquet(one) for one in sorted(folder.glob("*.parquet"))])
    windows = table.drop_duplicates("id").set_index("id")
    facts = [name for name in FACTS if name != "id"]
    results = windows[facts].copy()
    nets = [name for name in table["model"].unique() if name not in CLASSICAL]
    fitted = {}
    for n, some in enumerate(subsets(nets)):
        one = stack(table, [*CLASSICAL, *some], list(windows.index))
        name = {0: "classical", 2 ** len(nets) - 1: "with nets"}.get(n, f"with {', '.join(some)}")
        fitted[name] = fit(one, windows, some)
        if n and some != nets:
            continue  # for those who ask for some of the nets; the tables have none and all
        results[f"product, {name}"] = product(one)
        results[f"consensus, {name}"], results[f"confidence, {name}"] = apply(
            one, windows, fitted[name]
        )
    for k, model in enumerate(one.models):
        results[model] = one.hr_bpm[k]
    save_consensus(fitted, path)
    return results.reset_index()


def subsets(names: Sequence[str]) -> list[list[str]]:
    """All of them, the empty one first."""
    sizes = range(len(names) + 1)
    return [list(some) for some in chain.from_iterable(combinations(names, n) for n in sizes)]


def fit(one: Stack, windows: pd.DataFrame, nets: Sequence[str]) -> Fitted:
    """Rules from validation clips with a pulse, then the calibration from all validation clips."""
    validation = (windows["part"] == "validation").to_numpy()
    pulse = validation & (windows["level"] != NULL).to_numpy()
    true_bpm, beside = windows["hr_true_bpm"].to_numpy(), beside_of(windows)
    least = dict.fromkeys(nets, OF_A_NET)
    rules = fit_rules(one.of_recordings(pulse), true_bpm[pulse], *beside[:, pulse], least)
    rows, right = [], []
    for fold in range(N_FOLDS):  # a confidence is of clips that the rules have not seen
        out = validation & (np.arange(len(windows)) % N_FOLDS == fold)
        seen = pulse & ~out
        of_others = fit_rules(one.of_recordings(seen), true_bpm[seen], *beside[:, seen], least)
        found = consensus(one.of_recordings(out), of_others, *beside[:, out])
        rows.append(features(found, *(column[out] for column in facts_of(windows))))
        right.append(np.abs(found.hr_bpm - true_bpm[out]) <= NEAR_BPM)
    seeds = ", ".join(map(str, PARTS["validation"]))
    text = (
        f"{pulse.sum()} synthetic clips of 10 s of both makers, all levels, and "
        f"{(validation & ~pulse).sum()} without a pulse, seed {seeds}; no real recording"
    )
    if nets:
        checksums = windows["weights"].iloc[0].split(", ")  # a name and the file's, each
        text += f"; nets: {', '.join(c for c in checksums if c.split(' ')[0] in nets)}"
    return Fitted(rules, fit_calibration(np.vstack(rows), np.hstack(right)), text)


def apply(one: Stack, windows: pd.DataFrame, fitted: Fitted) -> tuple[np.ndarray, np.ndarray]:
    """Rates (n,) and confidences (n,) of all clips."""
    found = consensus(one, fitted.rules, *beside_of(windows))
    return found.hr_bpm, confidence(features(found, *facts_of(windows)), fitted.calibration)


def beside_of(windows: pd.DataFrame) -> np.ndarray:
    """Motion of the head and purity of the signature (2, n, F)."""
    columns = [np.stack(windows[name].to_list()) for name in ("amplitude", "purity")]
    return np.stack(columns).astype(float)


def facts_of(windows: pd.DataFrame) -> list[np.ndarray]:
    """Brightness, size of the face and frame rate, each (n,), and the regions' coherence (n, F)."""
    facts = [windows[name].to_numpy(float) for name in ("luma", "face_px", "fps")]
    return [*facts, np.stack(windows["coherence"].to_list()).astype(float)]


if __name__ == "__main__":
    main()
