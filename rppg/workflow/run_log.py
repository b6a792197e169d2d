"""The log of runs: a row a submission, or a failure, in the table that ends submissions/README.md.

    >>> settings = {"profile": "demo", "challenge": {"seed": 0}}
    >>> command_of(settings)
    'rppg run --profile demo'

The facts come from submissions/<profile>/run.json and leaderboard.csv; the verdict is left to a
person, as "…".  A profile with `log: false` leaves no row.
"""

import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import pandas as pd

from rppg.utils.atomic import atomic_write
from rppg.utils.paths import project_dir
from rppg.workflow.profiles import seeded_profiles
from rppg.workflow.provenance import LOG, file_digest, git_commit
from rppg.workflow.rerun_reasons import some

HEADING = "## Runs"
COLUMNS = (
    *("date", "profile", "commit", "command", "handed in", "validation RMSE", "test RMSE"),
    *("mean predictor", "submission", "verdict"),
)
NONE, OPEN = "-", "…"
MEAN = "mean of training"


def submissions(settings: dict) -> dict[str, int]:
    """Profile (one a seed) to the time of its submission.csv in ns, of those that there are."""
    root = project_dir(__file__)
    paths = {w["profile"]: root / "submissions" / w["profile"] for w in seeded_profiles(settings)}
    files = {name: folder / "submission.csv" for name, folder in paths.items()}
    return {name: path.stat().st_mtime_ns for name, path in files.items() if path.is_file()}


def log_submissions(settings: dict, before: dict[str, int]) -> list[str]:
    """Append a row for every submission that is newer than `before` says and not in the log yet.

    before: `submissions` before the run.  Returns the rows that were added.
    """
    root, made = project_dir(__file__), submissions(settings)
    new = [
        w
        for w in seeded_profiles(settings)
        if made.get(w["profile"], 0) > before.get(w["profile"], 0)
    ]
    rows = [submission_row(root / "submissions" / world["profile"], world) for world in new]
    same = ("profile", "submission")
    return _append(settings, rows, same)


def log_failure(settings: dict, failed: list[str]) -> list[str]:
    """Append a row that names the stages that failed, once a commit; returns the rows added."""
    if not failed:
        return []
    commit = short(git_commit(project_dir(__file__)))
    handed_in = f"nothing: {some(failed)} failed"
    row = _row(settings, commit, {"handed in": handed_in})
    return _append(settings, [row], ("profile", "commit", "handed in"))


def submission_row(folder: Path, settings: dict) -> dict[str, str]:
    """The facts of one submission, by column; those that nobody knows (real data) are "-"."""
    facts = json.loads((folder / "run.json").read_text())
    board = pd.read_csv(folder / "leaderboard.csv", keep_default_na=False, na_values=[""])
    model = facts["parameters"]["model"]
    cells = {
        "handed in": model,
        "validation RMSE": _chosen_by(facts) or _rmse(board, model, "validation"),
        "test RMSE": _rmse(board, model, "test"),
        "mean predictor": _rmse(board, MEAN, "test"),
        "submission": f"`{file_digest(folder / 'submission.csv')}`",
    }
    return _row(settings, short(facts["git_commit"]), cells)


def command_of(settings: dict) -> str:
    """What makes this submission again."""
    seed, profile = settings.get("seed"), settings["profile"]
    words = ["rppg run --profile", profile.removesuffix(f"-{seed}")]
    words += [f"--seed {seed}"] if seed is not None else []
    return " ".join(words + ([] if settings.get("challenge") else ["--data DATA"]))


def short(commit: str) -> str:
    """The first digits of a commit, and whether files differed from it."""
    return commit[:7] + commit[40:]


def _row(settings: dict, commit: str, cells: dict[str, str]) -> dict[str, str]:
    start = {"date": date.today().isoformat(), "profile": settings["profile"], "commit": commit}
    known = {**start, "command": f"`{command_of(settings)}`", **cells, "verdict": OPEN}
    return {column: known.get(column, NONE) for column in COLUMNS}


def _chosen_by(facts: dict) -> str:
    """ "6.40, 26 synthetic": what 05 chose by, of subjects that the choice was not fitted to."""
    seen = facts.get("validation") or {}
    return f"{seen['rmse_bpm']:.2f}, {seen['n']} {facts['origin']}" if "rmse_bpm" in seen else ""


def _rmse(board: pd.DataFrame, model: str, split: str) -> str:
    """ "5.01 [0.54, 8.01], 48 synthetic": bpm, 95 % interval, recordings and their origin."""
    found = board[(board["model"] == model) & board["split"].isin([split, f"synthetic {split}"])]
    if found.empty:
        return NONE
    row = found.iloc[0]
    origin = "synthetic" if row["split"].startswith("synthetic") else "real"
    interval = f"[{row['rmse_low']:.2f}, {row['rmse_high']:.2f}]"
    return f"{row['rmse_bpm']:.2f} {interval}, {row['n']} {origin}"


def _append(settings: dict, rows: list[dict], same: tuple[str, ...]) -> list[str]:
    """Append rows to the table, except those that agree with one of it in the columns `same`."""
    if settings.get("log", True) is False or not rows:
        return []
    path = project_dir(__file__) / LOG
    text = path.read_text() if path.is_file() else ""
    if f"\n{HEADING}\n" not in f"\n{text}":
        text = f"{text.rstrip()}\n\n{HEADING}\n\n{_line(COLUMNS)}\n{'|---' * len(COLUMNS)}|\n"
    table = text[text.index(HEADING) :]
    logged = [
        dict(zip(COLUMNS, (cell.strip() for cell in line.strip("|").split("|")), strict=False))
        for line in table.splitlines()
        if line.startswith("|")
    ]
    known = {tuple(row.get(column) for column in same) for row in logged}
    new = [_line(row.values()) for row in rows if tuple(row[c] for c in same) not in known]
    if new:
        text = "\n".join([text.rstrip(), *new, ""])
        atomic_write(path, lambda part: part.write_text(text))
    return new


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
