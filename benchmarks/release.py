"""The models in the box: from a profile's runs into the package, each whole or not at all.

    rppg run --profile release                            # trains them; resumes
    python benchmarks/release_choice.py                   # which step of each is the best
    python benchmarks/release.py --runs runs/release      # into rppg/models/weights, and their card

What is put there replaces what was there.  The steps are those that release_choice.py has written
down, by validation faces of both makers.  The consensus is fitted to these models afterwards
(`benchmarks/consensus.py`), and the model card in docs/people.md is written by `card_tables.py`.
"""

import argparse
import hashlib
from pathlib import Path

import pandas as pd
from release_choice import STEPS_CSV, best_steps, kept_steps

from rppg.inference.trained import run_folders
from rppg.models.names import BOX, RECIPES, WEIGHTS
from rppg.models.registry import load_run
from rppg.models.weights_header import read_about
from rppg.utils.atomic import atomic_write
from rppg.workflow.provenance import file_digest

LARGEST_MB = 5.0  # of all weights together


def main() -> None:
    """Copy the weights and print what the package holds."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=Path, help="folder of a profile's runs, as runs/release")
    args = parser.parse_args()
    if args.runs is not None:
        put(args.runs)
    print(card().to_string(index=False))


def put(runs: Path) -> None:
    """The weights of every model's chosen step into the package.  Raises ValueError for weights
    that cannot be loaded, are too large, or are not those that were chosen; FileNotFoundError for
    weights that are not there, and if no step has been chosen."""
    if not STEPS_CSV.is_file():
        raise FileNotFoundError(f"{STEPS_CSV} is missing: run benchmarks/release_choice.py first")
    best = best_steps(pd.read_csv(STEPS_CSV))
    folders = run_folders(list(RECIPES), runs)
    paths = {name: kept_steps(folder)[best.step[name]] for name, folder in folders.items()}
    if other := [name for name, path in paths.items() if file_digest(path) != best.sha256[name]]:
        raise ValueError(f"{STEPS_CSV} is of other weights of {', '.join(other)}: choose again")
    if (size := sum(path.stat().st_size for path in paths.values()) / 1e6) > LARGEST_MB:
        raise ValueError(f"the weights have {size:.1f} MB, expected at most {LARGEST_MB:g}")
    for path in paths.values():
        load_run(path.parent, path.name)
    for name, path in paths.items():
        content = path.read_bytes()
        (BOX / name).mkdir(parents=True, exist_ok=True)
        atomic_write(BOX / name / WEIGHTS, lambda part, content=content: part.write_bytes(content))


def card() -> pd.DataFrame:
    """One row a model in the box: what it learned from, the step that was chosen and its error on
    validation subjects, its parameters, size and SHA-256."""
    rows = []
    for name, folder in run_folders(list(RECIPES)).items():
        path = folder / WEIGHTS
        made_by = read_about(path)["made_by"]
        net, _ = load_run(folder)
        rows.append(
            {
                "model": name,
                "labelled": ", ".join(made_by["parameters"]["labelled"]),
                "step": made_by["step"],
                "of": made_by["parameters"]["training"]["n_steps"],
                "rmse_bpm": round(made_by["validation"]["rmse_bpm"], 2),
                "weights": sum(one.numel() for one in net.parameters()),
                "kB": round(path.stat().st_size / 1e3),
                "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            }
        )
    return pd.DataFrame(rows)


if __name__ == "__main__":
    main()
