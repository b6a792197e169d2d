"""Tables 1, 2 and 3 of the paper and its claims about them, as data.

Qian et al., "Joint Spatial-Temporal Modeling and Contrastive Learning for Self-supervised Heart
Rate Measurement", 3rd RePSS at IJCAI 2024, arXiv 2406.04942, section 3.3.  RMSE in bpm, one run
per row, on the test set of the 3rd RePSS (Table 3: on that of each team's year).

Row 5 of Table 1 is 10.36720, as in the table; the text about the same run says 10.35720.

    >>> paper_rows(1)[0]
    PaperRow(table=1, row=1, pretraining='UBFC-rPPG', losses='band + sparse + var', \
input='normal', paper_rmse_bpm=13.8844)
    >>> CLAIMS[0].better, CLAIMS[0].worse  # rows of Table 1: the first has the lower RMSE
    (2, 1)
"""

from collections.abc import Mapping
from typing import NamedTuple

import pandas as pd

SOURCE = "Qian et al., arXiv 2406.04942"
TEST_SET = "the RePSS test set"


class PaperRow(NamedTuple):
    """A row of Table 1 (ST-Transformer) or 2 (Contrast-Phys+); fine-tuned on VIPL-HR-V2, all.

    row: counted from 1.  losses: in Table 1 of both stages, in Table 2 of fine-tuning;
    "contrast" is L_pos + L_neg against the labels' spectra.  input: "difference" is the normalised
    difference to the next frame, the paper's asterisk; "magnified" its motion magnified.  "The
    other" of two forms is the one that the profile's other rows do not have.
    """

    table: int
    row: int
    pretraining: str
    losses: str
    input: str
    paper_rmse_bpm: float | None  # None: the paper has no such row


class PaperTeam(NamedTuple):
    """A row of Table 3: the top three of each RePSS challenge."""

    team: str
    venue: str
    rank: int
    method: str
    rmse_bpm: float


class Claim(NamedTuple):
    """Row `better` of a table has a lower RMSE than row `worse`; or the two are comparable.

    Directions are those of the table's numbers.  said_by: "text and table"; "table" if the text
    does not mention the pair; "table, against the text" if the paper's numbers contradict its
    general claim (more pre-training data is beneficial; both losses are helpful).
    """

    table: int
    better: int
    worse: int
    about: str
    said_by: str = "text and table"
    relation: str = "lower"


THREE, FOUR = "band + sparse + var", "band + sparse + var + perio"
CONTRAST, PEARSON, MCC = "contrast", "contrast + pearson", "contrast + mcc"
BOTH = "contrast + pearson + mcc"
D, DM = "DISFA", "DISFA + MMSE-HR"
DUM = "DISFA + UBFC-rPPG + MMSE-HR"
DUMP = "DISFA + UBFC-rPPG + MMSE-HR + PURE"

ROWS = (
    PaperRow(1, 1, "UBFC-rPPG", THREE, "normal", 13.88440),
    PaperRow(1, 2, "UBFC-rPPG", FOUR, "normal", 12.30601),
    PaperRow(1, 3, "UBFC-rPPG + PURE", THREE, "normal", 11.52003),
    PaperRow(1, 4, "UBFC-rPPG + PURE", FOUR, "normal", 10.67180),
    PaperRow(1, 5, "UBFC-rPPG + PURE + MMSE-HR", THREE, "normal", 10.36720),
    PaperRow(1, 6, "UBFC-rPPG + PURE + MMSE-HR", FOUR, "normal", 9.93125),
    PaperRow(2, 1, D, CONTRAST, "normal", 11.81139),
    PaperRow(2, 2, D, PEARSON, "normal", 12.01150),
    PaperRow(2, 3, D, MCC, "normal", 11.29330),
    PaperRow(2, 4, DM, CONTRAST, "normal", 11.35523),
    PaperRow(2, 5, DM, BOTH, "normal", 10.72491),
    PaperRow(2, 6, DUM, CONTRAST, "normal", 10.37686),
    PaperRow(2, 7, DUM, MCC, "normal", 11.03058),
    PaperRow(2, 8, DUM, BOTH, "normal", 10.75880),
    PaperRow(2, 9, DUMP, CONTRAST, "normal", 10.62485),
    PaperRow(2, 10, DUMP, MCC, "normal", 10.19808),
    PaperRow(2, 11, DUMP, BOTH, "normal", 11.01228),
    PaperRow(2, 12, DUMP, BOTH, "difference", 10.36316),
)

TEAMS = (
    PaperTeam("Mixanik", "1st RePSS", 1, "supervised", 10.68021),
    PaperTeam("PoWeiHuang", "1st RePSS", 2, "supervised", 14.16263),
    PaperTeam("AWoyczyk", "1st RePSS", 3, "supervised", 14.37509),
    PaperTeam("Dr.L", "2nd RePSS", 1, "supervised", 11.05),
    PaperTeam("TIME", "2nd RePSS", 2, "supervised", 11.44),
    PaperTeam("The Anti-Spoofers", "2nd RePSS", 3, "supervised", 14.51),
    PaperTeam("Face AI", "3rd RePSS", 1, "self-supervised", 8.50693),
    PaperTeam("HFUT-VUT", "3rd RePSS", 2, "self-supervised", 8.85277),
    PaperTeam("PCA_Vital", "3rd RePSS", 3, "self-supervised", 8.96941),
)

BEYOND = 4  # number of the table of rows that the paper does not have
UPM = "UBFC-rPPG + PURE + MMSE-HR"
EXTRA = (  # what the paper prints otherwise than we compute it, and its outlook; it has no numbers
    PaperRow(BEYOND, 1, UPM, "band + sparse + var + perio as printed", "normal", None),
    PaperRow(BEYOND, 2, UPM, "band + sparse of 36 bpm + var + perio", "normal", None),
    PaperRow(BEYOND, 3, UPM, FOUR, "the other layer norms", None),
    PaperRow(BEYOND, 4, DUMP, "contrast + pearson + the other mcc", "normal", None),
    PaperRow(BEYOND, 5, DUMP, BOTH, "magnified", None),
)

PERIODICITY, MORE_DATA, LOSSES = "the periodicity loss", "more pre-training data", "losses"
AGAINST = "table, against the text"

CLAIMS = (
    # "the periodicity loss consistently improves the performance"
    Claim(1, 2, 1, PERIODICITY),
    Claim(1, 4, 3, PERIODICITY),
    Claim(1, 6, 5, PERIODICITY),
    # "as the amount of pre-training data increases, the performance of the model improves"
    Claim(1, 3, 1, MORE_DATA),
    Claim(1, 5, 3, MORE_DATA),
    Claim(1, 4, 2, MORE_DATA),
    Claim(1, 6, 4, MORE_DATA),
    # "the same conclusion as solution 1"; each set against the next larger one of the same losses
    Claim(2, 4, 1, MORE_DATA),
    Claim(2, 6, 4, MORE_DATA),
    Claim(2, 6, 9, MORE_DATA, AGAINST),
    Claim(2, 7, 3, MORE_DATA),
    Claim(2, 10, 7, MORE_DATA),
    Claim(2, 5, 8, MORE_DATA, AGAINST),
    Claim(2, 8, 11, MORE_DATA, AGAINST),
    # "both the time domain and frequency domain loss are helpful": every two losses on one set
    Claim(2, 1, 2, LOSSES, AGAINST),
    Claim(2, 3, 1, LOSSES),
    Claim(2, 3, 2, LOSSES, "table"),
    Claim(2, 5, 4, LOSSES),
    Claim(2, 6, 7, LOSSES, AGAINST),
    Claim(2, 6, 8, LOSSES, AGAINST),
    Claim(2, 8, 7, LOSSES),
    Claim(2, 10, 9, LOSSES),
    Claim(2, 9, 11, LOSSES, AGAINST),
    Claim(2, 10, 11, LOSSES, AGAINST),
    # "normalized frame difference input ... shows a comparable result with normal input"
    Claim(2, 12, 11, "frame difference as input", "text and table", "comparable"),
)


def paper_rows(table: int) -> list[PaperRow]:
    """Rows of Table 1 or 2 in the paper's order, or of BEYOND.  ValueError for another table."""
    rows = [row for row in (*ROWS, *EXTRA) if row.table == table]
    if not rows:
        raise ValueError(f"the ablations are the paper's Tables 1 and 2, found {table!r}")
    return rows


def paper_row(table: int, row: int) -> PaperRow:
    """One row of Table 1 or 2, row counted from 1.  Raises ValueError if there is none."""
    rows = {entry.row: entry for entry in paper_rows(table)}
    if row not in rows:
        raise ValueError(f"the paper's Table {table} has rows {min(rows)}-{max(rows)}, not {row!r}")
    return rows[row]


def run_name(row: PaperRow) -> str:
    """Name of the run that repeats a row: "table1/row02", or "beyond/row02"."""
    table = "beyond" if row.table == BEYOND else f"table{row.table}"
    return f"{table}/row{row.row:02d}"


def repeated_rows(parents: Mapping[str, str | None]) -> list[dict]:
    """The rows that a profile's runs repeat, in the paper's order, then EXTRA: the fields of
    PaperRow, `run` (the run's name) and `parent` (the run whose model it starts from).

    parents: parent of each run of the profile, by name.
    """
    names = {run_name(row): row for row in (*ROWS, *EXTRA)}
    return [
        row._asdict() | {"run": name, "parent": parents[name]}
        for name, row in names.items()
        if name in parents
    ]


def with_published(board: pd.DataFrame | None) -> pd.DataFrame:
    """Table 3: the published teams in the paper's order, then our leaderboard's first split in its
    own order.  Not one ranking: each line names its test data.

    board: columns as leaderboard.COLUMNS, or None for the published rows alone.
    """
    teams = [
        {"model": team.team, "kind": "published", "method": team.method, "rank": f"{team.rank}"}
        | {"rmse_bpm": team.rmse_bpm, "measured on": f"test set of the {team.venue}"}
        for team in TEAMS
    ]
    published = pd.DataFrame(teams)
    if board is None:
        return published
    ours = board[board["split"] == board["split"].iloc[0]]
    shown = ours[["model", "kind", "rmse_bpm"]].assign(method="", rank="")
    shown["measured on"] = [f"our {row.split}, {row.n:g} recordings" for row in ours.itertuples()]
    return pd.concat([published, shown[published.columns]], ignore_index=True)
