"""The log of runs: one row per submission or failure in submissions/runs.csv, which git ignores.

    >>> from rppg.workflow.profiles import load_profile
    >>> command_of(load_profile("demo"))
    'rppg run --profile demo'

The facts come from submissions/<profile>/run.json and leaderboard.csv; the verdict is left to a
person, as "…".  What is worth keeping is written into submissions/README.md by hand.  A profile
with `log: false` leaves no row.
"""

import csv
import io
from datetime import date
from pathlib import Path

import pandas as pd

from rppg.utils.atomic import atomic_write
from rppg.utils.paths import project_dir
from rppg.workflow.profiles import Profile, seeded_profiles
from rppg.workflow.provenance import file_digest, git_commit, read_run_json
from rppg.workflow.rerun_reasons import some

LOG = "submissions/runs.csv"
COLUMNS = (
    *("date", "profile", "commit", "command", "handed in", "validation RMSE", "test RMSE"),
    *("mean predictor", "submission", "verdict"),
)
NONE, OPEN = "-", "…"
MEAN = "mean of training"


def submissions(profile: Profile) -> dict[str, int]:
    """Name of each seeded profile to the time of its submission.csv in ns, if it has one.

    Raises ValueError for a damaged log, before a run that would end with a row in it.
    """
    _logged(profile)
    folder = project_dir(__file__) / "submissions"
    files = {one.name: folder / one.name / "submission.csv" for one in seeded_profiles(profile)}
    return {name: path.stat().st_mtime_ns for name, path in files.items() if path.is_file()}


def log_submissions(profile: Profile, before: dict[str, int]) -> list[dict[str, str]]:
    """Append a row for every submission that is newer than `before` and not in the log yet.

    before: `submissions` before the run.  Returns the rows that were added.
    """
    folder, made = project_dir(__file__) / "submissions", submissions(profile)
    new = [
        one for one in seeded_profiles(profile) if made.get(one.name, 0) > before.get(one.name, 0)
    ]
    rows = [submission_row(folder / one.name, one) for one in new]
    return _append(profile, rows, ("profile", "submission"))


def log_failure(profile: Profile, failed: list[str]) -> list[dict[str, str]]:
    """Append a row that names the stages that failed, once per commit; returns the rows added."""
    if not failed:
        return []
    commit = short(git_commit(project_dir(__file__)))
    row = _row(profile, commit, {"handed in": f"nothing: {some(failed)} failed"})
    return _append(profile, [row], ("profile", "commit", "handed in"))


def submission_row(folder: Path, profile: Profile) -> dict[str, str]:
    """The facts of one submission, by column; those that are unknown (real data) are "-"."""
    facts = read_run_json(folder / "run.json")
    board = pd.read_csv(folder / "leaderboard.csv", keep_default_na=False, na_values=[""])
    model = facts["parameters"]["model"]
    cells = {
        "handed in": model,
        "validation RMSE": _validation(facts) or _rmse(board, model, "validation"),
        "test RMSE": _rmse(board, model, "test"),
        "mean predictor": _rmse(board, MEAN, "test"),
        "submission": file_digest(folder / "submission.csv"),
    }
    return _row(profile, short(facts["git_commit"]), cells)


def command_of(profile: Profile) -> str:
    """The command that makes this submission again."""
    words = ["rppg run --profile", profile.file]
    if profile.seed is not None and not profile.seeds:
        words.append(f"--seed {profile.seed}")
    return " ".join(words + ([] if profile.challenge else ["--data DATA"]))


def short(commit: str) -> str:
    """The first digits of a commit, and whether files differed from it."""
    return commit[:7] + commit[40:]


def _row(profile: Profile, commit: str, cells: dict[str, str]) -> dict[str, str]:
    known = {"date": date.today().isoformat(), "profile": profile.name, "commit": commit}
    known |= {"command": command_of(profile), **cells, "verdict": OPEN}
    return {column: known.get(column, NONE) for column in COLUMNS}


def _validation(facts: dict) -> str:
    """ "6.40, 26 synthetic": RMSE in bpm on the recordings that 05 chose by, and their number."""
    seen = facts.get("validation") or {}
    return f"{seen['rmse_bpm']:.2f}, {seen['n']} {facts['origin']}" if "rmse_bpm" in seen else ""


def _rmse(board: pd.DataFrame, model: str, split: str) -> str:
    """ "5.01 [0.54, 8.01], 48 synthetic": bpm, 95 % interval, recordings and their origin."""
    rows = board[(board["model"] == model) & board["split"].isin([split, f"synthetic {split}"])]
    if rows.empty:
        return NONE
    row = rows.iloc[0]
    origin = "synthetic" if row["split"].startswith("synthetic") else "real"
    interval = f"[{row['rmse_low']:.2f}, {row['rmse_high']:.2f}]"
    return f"{row['rmse_bpm']:.2f} {interval}, {row['n']} {origin}"


def _append(profile: Profile, rows: list[dict], same: tuple[str, ...]) -> list[dict[str, str]]:
    """Append rows to the log, except those that agree with one of it in the columns `same`."""
    if not profile.log or not rows:
        return []
    path, logged = project_dir(__file__) / LOG, _logged(profile)
    known = {tuple(row.get(column) for column in same) for row in logged}
    new = [row for row in rows if tuple(row[column] for column in same) not in known]
    if new:
        atomic_write(path, lambda part: _write(part, [*logged, *new]))
    return new


def _logged(profile: Profile) -> list[dict[str, str]]:
    """The rows of the log; none if the profile leaves none.  Raises ValueError for another file."""
    path = project_dir(__file__) / LOG
    if not profile.log or not path.exists():
        return []
    try:
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        header, *lines = list(csv.reader(io.StringIO(text, newline=""))) or [[]]
    except (ValueError, csv.Error) as error:
        raise ValueError(f"{path} is no log of submissions ({error}): move it away") from error
    wrong = [n for n, line in enumerate(lines, start=2) if len(line) != len(COLUMNS)]
    if tuple(header) != COLUMNS or wrong:
        found = f"{len(lines[wrong[0] - 2])} fields in row {wrong[0]}" if wrong else f"{header}"
        expected = f"expected the columns {', '.join(COLUMNS)}"
        raise ValueError(f"{path}: found {found}, {expected}: mend it, or move it away")
    return [dict(zip(COLUMNS, line, strict=True)) for line in lines]


def _write(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
