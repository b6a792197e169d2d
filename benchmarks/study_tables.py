"""Tables over seeds in docs/ (results, ablation, gideon2021, relcon), from committed CSVs.

    python benchmarks/study_tables.py            # write
    python benchmarks/study_tables.py --check    # status 1 where a page differs

A table lies between `<!-- NAME -->` and `<!-- end -->`: `bench`, from learned.csv; `makers`, from
bench.csv; `ablation 1`, `ablation 2` and `ablation beyond`, from ablation.csv; `gideon2021`, from
gideon2021_tables.csv; `gideon2021 variants`, `slow hearts` and `slow training`, from the CSVs of
these names (see slow_tables.py); `relcon`, from relcon_evaluate.csv; `relcon curve` and `relcon
variants`, from relcon_bench.csv and relcon_bench_variants.csv.  All scores are of synthetic faces,
or of the wearables that the page names.
"""

from pathlib import Path

import pandas as pd
from card_tables import markdown
from demo_tables import read, run_pages, with_tables
from slow_tables import slow_hearts, slow_training

from rppg.studies.ablation.published import BEYOND
from rppg.studies.relcon.results.text import with_interval

ROOT = Path(__file__).resolve().parents[1]
RESULTS, DOCS = ROOT / "benchmarks/results", ROOT / "docs"
NULL = "mean of training"
BENCH = {  # rows of learned.csv that are shown under another name
    "Ensemble, as handed in": "**the submitted ensemble**",
    "Ensemble, average": "the paper's plain average",
    "ST-Transformer, untrained net": "ST-Transformer before its first step",
    "Contrast-Phys+, untrained net": "Contrast-Phys+ before its first step",
}
CLASSICAL = ("POS", "PBV")  # and every learned model
CLASSICAL_ALL = ("POS", "PBV", "CHROM", "LGI", "OMIT", "ICA", "GREEN", "median of training")
MINE = "submitted"
SHOWN = {  # rows of bench.csv that are no single model
    MINE: "**the submitted ensemble**",
    "choice, made anew": "its choice, repeated in each fold",
    "the same as a best guess": "the same as a best guess",
    "Ensemble, average": "the paper's plain average",
    "members' oracle": "members' oracle: a bound",
}
LAYOUTS = ("UBFC-rPPG", "PURE", "COHFACE", "MR-NIRP-Car")
SYSTEMS = {  # rows of gideon2021_tables.csv: the system and its row
    "mean of training": ("contrastive", "mean"),
    "median of training": ("contrastive", "median"),
    "untrained net": ("", "untrained net"),  # mean of both architectures, with saliency and without
    "supervised, MCC": ("supervised", "supervised"),
    "supervised, with saliency": ("supervised, saliency", "supervised, saliency"),
    "contrastive, no labels": ("contrastive", "contrastive"),
    "contrastive, with saliency": ("contrastive, saliency", "contrastive, saliency"),
}
FIXED = ("mean", "median")  # rows without a net: the spread over seeds is that of the folds
PRETRAINED = {  # of ablation.csv, as the page names it
    "UBFC-rPPG": "UBFC-rPPG",
    "UBFC-rPPG + PURE": "+ PURE",
    "UBFC-rPPG + PURE + MMSE-HR": "+ MMSE-HR",
    "DISFA": "DISFA",
    "DISFA + MMSE-HR": "+ MMSE-HR",
    "DISFA + UBFC-rPPG + MMSE-HR": "+ UBFC-rPPG",
    "DISFA + UBFC-rPPG + MMSE-HR + PURE": "+ PURE",
}
LOSSES = {  # of each table of the paper, by the heads of its columns
    1: {
        "L_band + L_sparse + L_var": "band + sparse + var",
        "with L_perio": "band + sparse + var + perio",
    },
    2: {
        "contrast": "contrast",
        "+ Pearson": "contrast + pearson",
        "+ MCC": "contrast + mcc",
        "both": "contrast + pearson + mcc",
    },
}
MODELS = {1: "ST-Transformer", 2: "Contrast-Phys+"}
PLAIN = {1: (1, 6), 2: (1, 6), 3: (1, 6), 4: (2, 11), 5: (2, 11)}  # of BEYOND: the same without
CHANGES = {
    1: "L_perio as printed (eq. 5)",
    2: "ΔF of 36 bpm",
    3: "no layer norm before attention (eq. 1)",
    4: "MCC as printed",
    5: "magnified motion",
}
LABELS = [("simulator", one) for one in ("1", "5", "10", "all")]
LABELS += [("BasicMotions", one) for one in ("1", "5", "all")]


def pages() -> dict[Path, str]:
    """The pages as they should be."""
    grid = read(RESULTS / "ablation.csv")
    tables = {
        "results.md": {
            "bench": bench(read(RESULTS / "learned.csv")),
            "makers": makers(read(RESULTS / "bench.csv")),
        },
        "ablation.md": {f"ablation {number}": ablation(grid, number) for number in LOSSES}
        | {"ablation beyond": beyond(grid)},
        "gideon2021.md": {
            "gideon2021": gideon2021(read(RESULTS / "gideon2021_tables.csv")),
            "gideon2021 variants": variants(read(RESULTS / "gideon2021_variants.csv")),
            "slow hearts": slow_hearts(read(RESULTS / "slow_hearts.csv")),
            "slow training": slow_training(read(RESULTS / "slow_training.csv")),
        },
        "relcon.md": {
            "relcon": relcon(read(RESULTS / "relcon_evaluate.csv")),
            "relcon curve": relcon_curve(read(RESULTS / "relcon_bench.csv")),
            "relcon variants": relcon_variants(read(RESULTS / "relcon_bench_variants.csv")),
        },
    }
    return with_tables(DOCS, tables)


def bench(table: pd.DataFrame) -> str:
    """RMSE of each model over seeds, also relative to the mean predictor's, and within 5 bpm."""
    shown = table["kind"].eq("learned") | table["model"].isin([*BENCH, *CLASSICAL, NULL])
    rows = []
    for model, mine in table[shown].groupby("model", sort=False):
        mine = mine.sort_values("seed")
        by_seed = ", ".join(f"{value:.1f}" for value in mine["rmse_bpm"])
        rmse, within = mine["rmse_bpm"], 100 * mine["within_5bpm"].mean()
        cells = [BENCH.get(model, model), f"{spread(rmse)} ({by_seed})"]
        rows.append(
            (rmse.mean(), [*cells, f"{mine['share of null'].mean():.2f}", f"{within:.0f} %"])
        )
    header = ("model", "RMSE, bpm, and by seed", "of the mean predictor's", "within 5 bpm")
    return markdown(header, [cells for _, cells in sorted(rows)])


def makers(table: pd.DataFrame) -> str:
    """RMSE by seed of what is submitted, of single models and of bounds, on faces of both makers,
    and on the labelled recordings that the ensemble was chosen by."""
    table = table.assign(model=table["model"].where(table["than_submitted"].ne("submitted"), MINE))
    table = table[table["kind"].ne("ensemble") | table["model"].isin(SHOWN)]
    rmse = table.groupby(["model", "maker"])["rmse_bpm"].agg(list).unstack("maker")
    within = table.groupby(["model", "maker"])["within_5bpm"].mean().unstack("maker")
    columns, rows = ("labelled recordings, out of fold", "first maker", "second maker"), []
    for model in rmse.index:
        known = [rmse.loc[model, one] for one in columns]
        if model in CLASSICAL_ALL and model not in CLASSICAL:
            continue
        cells = [
            ", ".join(f"{v:.1f}" for v in each) if isinstance(each, list) else "" for each in known
        ]
        shares = [f"{100 * within.loc[model, one]:.0f} %" for one in columns[1:]]
        shares = ["" if share == "nan %" else share for share in shares]
        order = sum(known[1]) if isinstance(known[1], list) else sum(known[0]) - 1000
        rows.append((order, [SHOWN.get(model, model), *cells, ", ".join(filter(None, shares))]))
    head = ("model", "labelled, out of fold", "first maker", "second maker", "within 5 bpm")
    return markdown(head, [cells for _, cells in sorted(rows)])


def ablation(grid: pd.DataFrame, number: int) -> str:
    """One of the paper's tables: a row per pre-training set, a column per loss."""
    table, rows = grid[grid["table"] == number], []
    for (trained_on, of_input), mine in table.groupby(["pretraining", "input"], sort=False):
        cells, published = [], []
        for losses in LOSSES[number].values():
            of_loss = mine[mine["losses"] == losses]
            cells.append(spread(of_loss["rmse_bpm"]) if len(of_loss) else "")
            published += [f"{value:.2f}" for value in of_loss["paper_rmse_bpm"].unique()]
        same = "the same, on frame differences"
        name = PRETRAINED[trained_on] if of_input == "normal" else same
        rows.append([name, *cells, ", ".join(published)])
    head = f"Table {number}, {MODELS[number]}: pre-trained on"
    return markdown([head, *LOSSES[number], "the paper's"], rows)


def beyond(grid: pd.DataFrame) -> str:
    """The rows that the paper does not have, each next to the same without its change."""
    by_row = {key: one.set_index("seed")["rmse_bpm"] for key, one in grid.groupby(["table", "row"])}
    rows = []
    for row, change in CHANGES.items():
        changed, plain = by_row[(BEYOND, row)], by_row[PLAIN[row]]
        by_seed = ", ".join(f"{value:+.1f}" for value in changed - plain)
        rows.append([MODELS[PLAIN[row][0]], change, spread(changed), spread(plain), by_seed])
    return markdown(["", "with", "RMSE, bpm", "without", "difference by seed"], rows)


def gideon2021(table: pd.DataFrame) -> str:
    """RMSE of each system over seeds on each layout, and the MCC of its waves."""
    rows = []
    for name, (system, row) in SYSTEMS.items():
        mine = table[table["row"].eq(row) & (table["system"].eq(system) | (system == ""))]
        by_seed = mine.groupby(["dataset", "seed"])["rmse_bpm"].mean()
        by_layout = [by_seed[layout] for layout in LAYOUTS]
        cells = [f"{one.mean():.1f}" if row in FIXED else spread(one) for one in by_layout]
        rows.append([name, *cells, f"{mine['wave_mcc'].mean():.2f}"])
    return markdown(["RMSE in bpm, mean and deviation of 3 seeds", *LAYOUTS, "MCC of BVP"], rows)


def variants(table: pd.DataFrame) -> str:
    """What each variant of Gideon2021's training changes, by layout and on average."""
    rows = []
    for name, mine in table.groupby("name", sort=False):
        change = mine.set_index("dataset")["change_bpm"]
        published = mine["paper_change_bpm"].iloc[0]
        cells = [f"{change[one]:+.1f}" for one in LAYOUTS] + [f"{change.mean():+.1f}"]
        rows.append([name, *cells, "" if pd.isna(published) else f"{published:+.1f}"])
    return markdown(["RMSE less that as published, bpm", *LAYOUTS, "mean", "the paper's"], rows[1:])


def relcon(table: pd.DataFrame) -> str:
    """Macro F1 of each encoder by labels per class, with its interval."""
    table = table[table["metric"] == "macro_f1"]
    by_key = table.assign(n_labels=table["n_labels"].astype(str))
    by_key = by_key.set_index(["method", "dataset", "n_labels"])
    rows = []
    for method in table["method"].unique():
        found = [by_key.loc[(method, *label)] for label in LABELS]
        rows.append([method, *(with_interval(*one[["mean", "low", "high"]]) for one in found)])
    names = [f"{'simulated: ' if d == 'simulator' else 'real: '}{n}" for d, n in LABELS]
    heads = [
        n if at % 4 else name for at, ((_, n), name) in enumerate(zip(LABELS, names, strict=True))
    ]
    return markdown(["", *heads], rows)


def relcon_curve(table: pd.DataFrame, n_labels: str = "5") -> str:
    """Macro F1 of each method at n_labels, by subjects trained on and steps of training."""
    table = table[(table["metric"] == "macro_f1") & (table["n_labels"].astype(str) == n_labels)]
    heads, rows = [], {}
    for (subjects, steps), part in table.groupby(["n_learned", "n_steps"], sort=True):
        heads.append(f"{subjects} subjects, {steps:.0f} steps")
        for one in part.itertuples():
            rows.setdefault(one.method, []).append(with_interval(one.mean, one.low, one.high))
    return markdown(["", *heads], [[name, *cells] for name, cells in rows.items()])


def relcon_variants(table: pd.DataFrame) -> str:
    """Macro F1 of RelCon and its variants by labels per class."""
    table = table[table["metric"] == "macro_f1"].astype({"n_labels": str})
    columns = sorted(table["n_labels"].unique(), key=int)
    rows = []
    for method, part in table.groupby("method", sort=False):
        by_label = {
            one.n_labels: with_interval(one.mean, one.low, one.high) for one in part.itertuples()
        }
        rows.append([method, *(by_label.get(column, "") for column in columns)])
    return markdown(["labels per class", *columns], rows)


def spread(values: pd.Series) -> str:
    """Mean and standard deviation."""
    return f"{values.mean():.1f} ± {values.std():.1f}"


if __name__ == "__main__":
    run_pages(pages, __doc__, __file__)
