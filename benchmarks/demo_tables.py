"""The demo's leaderboard in README.md and docs/results.md, written from one file.

    python benchmarks/demo_tables.py --submission submissions/demo   # after `make submission`
    python benchmarks/demo_tables.py                                 # the tables again
    python benchmarks/demo_tables.py --check                         # status 1 where they differ
    python benchmarks/demo_tables.py --seeds submissions/demo submissions/demo-1 submissions/demo-2
    python benchmarks/demo_tables.py --choices submissions/demo_ablation   # after that profile

The first keeps the scores of the test set as benchmarks/results/demo.csv.  A table lies between the
lines `<!-- demo leaderboard -->` and `<!-- end -->`: all rows in docs/results.md, six in README.md.
--seeds keeps those of several seeds as demo_seeds.csv: between `<!-- demo seeds -->` and `<!-- end
-->` of docs/results.md, a row a model, the submitted ensembles as one; --choices the trained models
of `demo_ablation` as demo_ablation.csv: `<!-- demo choices -->`.
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd

from rppg.evaluation.paired import COMPARED, in_words

ROOT = Path(__file__).resolve().parents[1]
SCORES, SEEDS = ROOT / "benchmarks/results/demo.csv", ROOT / "benchmarks/results/demo_seeds.csv"
CHOICES = ROOT / "benchmarks/results/demo_ablation.csv"
START, END = "<!-- demo leaderboard -->\n", "<!-- end -->\n"
START_OF_SEEDS, START_OF_CHOICES = "<!-- demo seeds -->\n", "<!-- demo choices -->\n"
HEADER = ["model", "kind", "RMSE, bpm [95 %]", "MAE", "within 5 bpm", "r"]
THAN = "RMSE less the submitted one's"  # the last column, if the scores have it
SIX = ("ST-Transformer, fine-tuned", "ST-Transformer, no labels", "Contrast-Phys+, fine-tuned")
SIX += ("POS", "mean of training")  # and what was submitted
SPLIT = "synthetic test"


def main() -> None:
    """Keep the scores if a submission is given, then write the tables or compare them."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--submission", type=Path, help="folder of leaderboard.csv and run.json")
    parser.add_argument("--seeds", type=Path, nargs="+", help="the same, of several seeds")
    parser.add_argument("--choices", type=Path, help="the same, of the profile demo_ablation")
    parser.add_argument("--check", action="store_true", help="write nothing")
    args = parser.parse_args()
    if args.submission is not None:
        keep_scores(args.submission)
    if args.seeds:
        tables = [scores_of(one).assign(demo=one.name) for one in args.seeds]
        pd.concat(tables).to_csv(SEEDS, index=False, float_format="%.4f")
    if args.choices is not None:
        table = scores_of(args.choices).query("kind == 'learned'").drop(columns=list(COMPARED))
        table.to_csv(CHOICES, index=False, float_format="%.4f")
    write_or_check(pages(), args.check, f"not the scores of {SCORES}: run {Path(__file__)}")


def keep_scores(submission: Path) -> None:
    """Write the scores of a submission down."""
    scores_of(submission).to_csv(SCORES, index=False, float_format="%.4f")


def run_pages(pages: Callable[[], dict[Path, str]], about: str, script: str) -> None:
    """The command of a script that writes pages, or compares them (--check).  about: its
    docstring; script: its file."""
    parser = argparse.ArgumentParser(description=about.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing")
    args = parser.parse_args()
    advice = f"not what the committed results hold: run {Path(script).name}"
    write_or_check(pages(), args.check, advice)


def write_or_check(texts: dict[Path, str], check: bool, advice: str) -> None:
    """Write the pages that differ from their texts; check: end with status 1 in place of that."""
    other = [path for path, text in texts.items() if path.read_text() != text]
    if check and other:
        sys.exit(f"{', '.join(map(str, other))}: {advice}")
    for path in other:
        path.write_text(texts[path])


def pages() -> dict[Path, str]:
    """README.md and docs/results.md as they should be."""
    scores, (readme, results) = read(SCORES), (ROOT / "README.md", ROOT / "docs/results.md")
    few = scores[scores["submitted"] | scores["model"].isin(SIX)]
    text = with_table(results.read_text(), START, leaderboard(scores))
    text = with_table(text, START_OF_CHOICES, leaderboard(read(CHOICES)))
    return {
        readme: with_table(readme.read_text(), START, leaderboard(few)),
        results: with_table(text, START_OF_SEEDS, seeds_table(read(SEEDS))),
    }


def leaderboard(scores: pd.DataFrame) -> str:
    """The rows in Markdown."""
    header = [*HEADER, *([THAN] if COMPARED[-1] in scores else [])]
    top = f"| {' | '.join(header)} |\n{'|---' * len(header)}|\n"
    return top + "".join(map(line, scores.itertuples()))


def seeds_table(scores: pd.DataFrame) -> str:
    """RMSE of each model by seed, their mean, and the share within 5 bpm, in Markdown."""
    demos = list(dict.fromkeys(scores["demo"]))
    submitted = scores[scores["submitted"]].assign(model="**the submitted ensemble**")
    singles = scores[~scores["kind"].isin(["ensemble", "null"])]
    null = scores[scores["model"] == "mean of training"]
    rows = pd.concat([submitted, singles, null])
    rmse = rows.pivot(index="model", columns="demo", values="rmse_bpm")[demos]
    within = rows.groupby("model")["within_5bpm"].mean()
    text = f"| model | RMSE, bpm: {', '.join(demos)} | mean | within 5 bpm |\n|---|---|---|---|\n"
    for model in rmse.mean(axis=1).sort_values().index:
        by_seed = ", ".join(f"{value:.1f}" for value in rmse.loc[model])
        mean, share = rmse.loc[model].mean(), 100 * within[model]
        text += f"| {model} | {by_seed} | {mean:.1f} | {share:.0f} % |\n"
    return text


def scores_of(submission: Path) -> pd.DataFrame:
    """Rows of the test set in a submission's leaderboard; submitted: whether it is that one."""
    table = read(submission / "leaderboard.csv")
    run = json.loads((submission / "run.json").read_text())
    table = table[table["split"] == SPLIT].drop(columns="split")
    return table.assign(submitted=table["model"] == run["score"][0]["model"])


def read(path: Path) -> pd.DataFrame:
    """A table in which `null` is a word: the kind of a prediction from no video."""
    return pd.read_csv(path, keep_default_na=False, na_values=[""])


def with_table(text: str, start: str, table: str) -> str:
    """A page with its table replaced.  Raises ValueError for a page without the two lines."""
    before, found, rest = text.partition(start)
    _, end, after = rest.partition(END)
    if not (found and end):
        raise ValueError(f"no table between {start.strip()} and {END.strip()}")
    return before + start + table + end + after


def with_tables(folder: Path, tables: Mapping[str, Mapping[str, str]]) -> dict[Path, str]:
    """Pages of a folder with their tables replaced: by page, then by the name of its marker."""
    texts = {}
    for name, of_page in tables.items():
        text = (folder / name).read_text()
        for marker, table in of_page.items():
            text = with_table(text, f"<!-- {marker} -->\n", table)
        texts[folder / name] = text
    return texts


def line(row) -> str:
    """One row in Markdown."""
    name = f"**{row.model}**, submitted" if row.submitted else row.model
    error = f"{row.rmse_bpm:.1f} [{row.rmse_low:.1f}, {row.rmse_high:.1f}]"
    r = "" if pd.isna(row.pearson_r) else f"{row.pearson_r:.2f}"
    within = f"{100 * row.within_5bpm:.0f} %"
    cells = [name, row.kind, error, f"{row.mae_bpm:.1f}", within, r]
    if hasattr(row, COMPARED[-1]):
        text = in_words(*(getattr(row, column) for column in COMPARED))
        cells.append("" if row.submitted else text)
    return f"| {' | '.join(cells)} |\n"


if __name__ == "__main__":
    main()
