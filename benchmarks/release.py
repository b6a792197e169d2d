"""The models in the box: from a profile's runs into the package, each whole or not at all.

    rppg run --profile release                            # trains them; resumes
    python benchmarks/release.py --runs runs/release      # into rppg/models/weights, and their card

What is put there replaces what was there.  The consensus is fitted to these models afterwards
(`benchmarks/consensus.py`), and the model card in docs/people.md is written by `card_tables.py`.
"""

import argparse
import hashlib
from pathlib import Path

import pandas as pd

from rppg.inference.trained import run_folders
from rppg.models.names import BOX, RECIPES, WEIGHTS
from rppg.models.registry import load_run
from rppg.models.weights_header import read_about
from rppg.utils.atomic import atomic_write

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
    """The chosen weights of every model into the package.  Raises ValueError for weights that
    cannot be loaded, or are too large; FileNotFoundError for weights that are not there."""
    folders = run_folders(list(RECIPES), runs)
    if (size := sum((f / WEIGHTS).stat().st_size for f in folders.values()) / 1e6) > LARGEST_MB:
        raise ValueError(f"the weights have {size:.1f} MB, expected at most {LARGEST_MB:g}")
    for folder in folders.values():
        load_run(folder)
    for name, folder in folders.items():
        content = (folder / WEIGHTS).read_bytes()
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
