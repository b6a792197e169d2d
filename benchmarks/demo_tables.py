"""The demo's leaderboard in README.md and docs/results.md, written from one file.

    python benchmarks/demo_tables.py --submission submissions/demo   # after `make submission`
    python benchmarks/demo_tables.py                                 # the tables again
    python benchmarks/demo_tables.py --check                         # status 1 where they differ

The first keeps the scores of the test set as benchmarks/results/demo.csv.  A table lies between the
lines `<!-- demo leaderboard -->` and `<!-- end -->`: all rows in docs/results.md, six in README.md.
"""

import argparse
import json
import sys
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
SCORES = ROOT / "benchmarks/results/demo.csv"
START, END = "<!-- demo leaderboard -->\n", "<!-- end -->\n"
HEADER = "| model | kind | RMSE, bpm [95 %] | MAE | within 5 bpm | r |\n|---|---|---|---|---|---|\n"
SIX = ("ST-Transformer, fine-tuned", "ST-Transformer, no labels", "Contrast-Phys+, fine-tuned")
SIX += ("POS", "mean of training")  # and what was submitted
SPLIT = "synthetic test"


def main() -> None:
    """Keep the scores if a submission is given, then write the tables or compare them."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--submission", type=Path, help="folder of leaderboard.csv and run.json")
    parser.add_argument("--check", action="store_true", help="write nothing")
    args = parser.parse_args()
    if args.submission is not None:
        scores_of(args.submission).to_csv(SCORES, index=False, float_format="%.4f")
    scores = read(SCORES)
    few = scores[scores["submitted"] | scores["model"].isin(SIX)]
    pages = {ROOT / "README.md": few, ROOT / "docs/results.md": scores}
    texts = {path: with_table(path.read_text(), rows) for path, rows in pages.items()}
    other = [path for path, text in texts.items() if path.read_text() != text]
    if args.check and other:
        sys.exit(f"{', '.join(map(str, other))}: not the scores of {SCORES}: run {Path(__file__)}")
    for path in other:
        path.write_text(texts[path])


def scores_of(submission: Path) -> pd.DataFrame:
    """Rows of the test set in a submission's leaderboard; submitted: whether it is that one."""
    table = read(submission / "leaderboard.csv")
    run = json.loads((submission / "run.json").read_text())
    table = table[table["split"] == SPLIT].drop(columns="split")
    return table.assign(submitted=table["model"] == run["score"][0]["model"])


def read(path: Path) -> pd.DataFrame:
    """A table in which `null` is a word: the kind of a prediction from no video."""
    return pd.read_csv(path, keep_default_na=False, na_values=[""])


def with_table(text: str, scores: pd.DataFrame) -> str:
    """A page with its table replaced.  Raises ValueError for a page without the two lines."""
    before, start, rest = text.partition(START)
    _, end, after = rest.partition(END)
    if not (start and end):
        raise ValueError(f"no table between {START.strip()} and {END.strip()}")
    rows = "".join(line(row) for row in scores.itertuples())
    return before + start + HEADER + rows + end + after


def line(row) -> str:
    """One row in Markdown."""
    name = f"**{row.model}**, submitted" if row.submitted else row.model
    error = f"{row.rmse_bpm:.1f} [{row.rmse_low:.1f}, {row.rmse_high:.1f}]"
    r = "" if pd.isna(row.pearson_r) else f"{row.pearson_r:.2f}"
    within = f"{100 * row.within_5bpm:.0f} %"
    return f"| {name} | {row.kind} | {error} | {row.mae_bpm:.1f} | {within} | {r} |\n"


if __name__ == "__main__":
    main()
