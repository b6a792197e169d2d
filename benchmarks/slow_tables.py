"""Tables of slow hearts in docs/gideon2021.md: read-outs that look lower, and changes of training.

    slow_hearts(pd.read_csv("benchmarks/results/slow_hearts.csv"))  # of benchmarks/slow_hearts.py
    slow_training(pd.read_csv("benchmarks/results/slow_training.csv"))

`study_tables.py` writes them.
"""

import pandas as pd
from card_tables import NAMES, markdown

METHODS = ("st_transformer", "contrast_phys", "gideon2021", "POS", "CHROM")
HELD_OUT = ("as read", "half", "autocorrelation", "level band")  # rows of the held-out clips
SLOW, FAST = "<=55", ">120"  # bpm


def slow_hearts(table: pd.DataFrame) -> str:
    """Share within 5 bpm of slow and of fast hearts, by remedy and method."""
    shares = table.set_index(["part", "remedy", "model", "band"])["within_5bpm"].sort_index()
    remedies = table.loc[table["remedy"].ne("as read"), "remedy"].unique()
    asked = [("out of fold", one, one) for one in ("as read", *remedies)]
    asked += [("held out", one, f"{one}, held out") for one in HELD_OUT]
    rows = []
    for part, remedy, name in asked:
        known = [shares[part, remedy, method] for method in METHODS]
        rows.append([name, *(f"{one[SLOW]:.2f}, {one[FAST]:.2f}" for one in known)])
    head = "share within 5 bpm at 55 bpm or below, above 120 bpm"
    return markdown([head, *(NAMES.get(method, method) for method in METHODS)], rows)


def slow_training(table: pd.DataFrame) -> str:
    """Share within 5 bpm and RMSE of each net by how it was trained, per band of true rate."""
    bands, rows = [band for band in table["band"].unique() if band != "all"], []
    for (model, arm), one in table.groupby(["model", "arm"], sort=False):
        by_band = one.set_index("band")
        cells = [slow_cell(by_band.loc[band]) for band in bands]
        rows.append([NAMES[model], arm, str(by_band["seeds"].iloc[0]), *cells])
    edges = {"slow": "to 55 bpm", "middle": "55 to 100 bpm", "fast": "above 100 bpm"}
    head = [
        f"{edges[band]} ({table.set_index('band')['recordings'][band].max()})" for band in bands
    ]
    return markdown(["net", "trained", "seeds", *head], rows)


def slow_cell(row: pd.Series) -> str:
    """Share within 5 bpm, RMSE, and a word if its difference from the net as trained is decided."""
    word = "" if row["verdict"] == "undecided" else f", {row['verdict']}"
    return f"{row['within_5bpm']:.2f}, {row['rmse_bpm']:.1f}{word}"
