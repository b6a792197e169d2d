"""All tables of README.md and docs/ that are made from committed files, by one command.

    python benchmarks/tables.py                                    # or: make tables
    python benchmarks/tables.py --check                            # status 1 where a page differs
    python benchmarks/tables.py --submission submissions/demo      # the demo's scores first

The tables are those of demo_tables.py, card_tables.py, judge_tables.py, aims_tables.py,
study_tables.py and page_tables.py, each between `<!-- NAME -->` and `<!-- end -->`.
"""

import argparse
from pathlib import Path

import aims_tables
import card_tables
import demo_tables
import judge_tables
import page_tables
import study_tables

MAKERS = (demo_tables, card_tables, judge_tables, aims_tables, study_tables, page_tables)


def main() -> None:
    """Keep the demo's scores if they are given, then write the pages or compare them."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--submission", type=Path, help="folder of leaderboard.csv and run.json")
    parser.add_argument("--check", action="store_true", help="write nothing")
    args = parser.parse_args()
    if args.submission is not None:
        demo_tables.keep_scores(args.submission)
    for maker in MAKERS:  # one by one: two of them write README.md
        advice = f"not what the committed results hold: run {Path(__file__).name}"
        demo_tables.write_or_check(maker.pages(), args.check, advice)


if __name__ == "__main__":
    main()
