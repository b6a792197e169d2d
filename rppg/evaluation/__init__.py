"""Metrics, leaderboard, ensembles and the submission file, from arrays and tables only.

A table of predictions has one row per recording and model: id, model, kind, split, hr_bpm, quality,
hr_true_bpm (NaN if unknown), origin ("real" or "synthetic").
"""

from rppg.evaluation.leaderboard import (
    format_leaderboard,
    leaderboard,
    null_rows,
    own_solution,
    score_files,
    score_models,
    with_truth,
)
from rppg.evaluation.metrics import score
from rppg.evaluation.paired import paired_differences, subjects_of
from rppg.evaluation.submission import (
    check_filled,
    check_submission,
    fill_missing,
    read_solution,
    sample_ids,
    write_submission,
)

__all__ = [
    "check_filled",
    "check_submission",
    "fill_missing",
    "format_leaderboard",
    "leaderboard",
    "null_rows",
    "own_solution",
    "paired_differences",
    "read_solution",
    "sample_ids",
    "score",
    "score_files",
    "score_models",
    "subjects_of",
    "with_truth",
    "write_submission",
]
