"""The sections of a submission's report: its figures with a text each.

pages = submission_pages(figures, part="test", worst_title="Worst five", board=board, model=model)
write_report(out / "report.html", title, origin, facts, pages)
"""

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from rppg.evaluation.paired import with_words
from rppg.plotting.report import Section

FIGURES = ("leaderboard", "scatter", "bland_altman", "groups")
FIGURES += ("budget", "selective", "agreement", "worst")
LOWER = (
    "Lower is better; bars are 95 % intervals. Intervals that reach the null lines show nothing."
    " Differences from the submitted row are of the same recordings, their intervals over subjects."
)
BUDGET = "Misses by their cause, and what a perfect choice, which knows the truth, would give."
SELECTIVE = "Errors if the least confident answers were withheld. The submission answers always."
CHOSEN_BY = "These recordings chose the ensemble, so its errors are too small."
ERRORS = "A horizontal row of points is a constant prediction; half the diagonal, halved rates."
GROUPS = "Difficulty: quality of POS's spectrum, in thirds. Skin tone: of rendered faces only."
SCATTER = "If the models scatter, some of them are wrong; this needs no truth."
WORST = "The face, the BVP of POS, and spectra of the models and of the submission."


def submission_pages(
    figures: Mapping[str, Figure], *, part: str, worst_title: str, board: pd.DataFrame, model: str
) -> list[Section]:
    """Sections for `write_report`.

    figures: by the names in FIGURES.  part: what was scored, "test" or "validation".  board: the
    leaderboard, of which the first split is shown.  model: the submitted one.  Raises KeyError if a
    figure is missing.
    """
    found = [figures[name] for name in FIGURES]
    bars, scatter, altman, groups, budget, selective, agreement, worst = found
    first = with_words(board[board["split"] == board["split"].iloc[0]].drop(columns="split"))
    lower = LOWER if part == "test" else f"{LOWER} {CHOSEN_BY}"
    errors = [(scatter, "predicted against true rates"), (altman, "errors against mean rates")]
    of_five = [(worst, "faces, BVPs and spectra of five recordings")]
    return [
        Section(f"Leaderboard, {part}", lower, [(bars, "RMSE of every model")], first, model),
        Section(f"Errors, {part}", ERRORS, errors),
        Section("Errors by group", GROUPS, [(groups, "absolute errors by group")]),
        Section(f"Error budget, {part}", BUDGET, [(budget, "mean squared error by cause")]),
        Section(f"Selective answers, {part}", SELECTIVE, [(selective, "error over share")]),
        Section("Agreement, test", SCATTER, [(agreement, "rates of all models")]),
        Section(worst_title, WORST, of_five),
    ]
