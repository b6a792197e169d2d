"""Faces of both makers by level and by kind, and without a pulse: tables in docs/.

    python benchmarks/judge_tables.py            # write
    python benchmarks/judge_tables.py --check    # status 1 where a page differs

A table lies between `<!-- NAME -->` and `<!-- end -->`: in docs/people.md `second maker` and
`second maker by kind`, from second_maker.csv, and `null controls`, also from consensus.csv; in
docs/ensemble.md `consensus by kind`, from consensus.csv; in docs/results.md `box on the demo` and
`box on the demo by kind`, from box_demo.csv and demo_seeds.csv.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from box_demo import by_seed
from card_tables import NAMES, RESULTS, ROOT, SHOWN, markdown, near
from consensus_tables import NULL
from demo_tables import read, run_pages, with_tables
from second_maker import MISLED, ORACLE, SPLITS, bands_of

from rppg.evaluation.metrics import NEAR_BPM, score

METHODS = ("consensus", "st_transformer", "contrast_phys", "gideon2021")
METHODS += ("MR-PBV", "POS", "PBV", "LGI", "OMIT", "CHROM", "ICA", "GREEN")
CONSENSUS = "consensus"
OWN = "ST-Transformer, fine-tuned"  # the demo's best single model
BOUND = "the face region that agrees most with the true rate: a bound"
LEVELS = ("easy", "medium", "test", "hardest")  # of the first maker
MAKERS = ("first maker", "second maker")
FIRST_KINDS = {  # column of consensus.csv: edges of its bands
    "tone": ((0, 1 / 3, 2 / 3, 1.01), SPLITS["tone"][1]),
    "hr_bpm": SPLITS["hr_bpm"],
    "fps": ((0, 20, 24, 99), ("under 20 fps", "20-24 fps", "24 fps or more")),
}


def pages() -> dict[Path, str]:
    """docs/people.md, docs/results.md and docs/ensemble.md as they should be."""
    judged, fitted = pd.read_csv(RESULTS / "second_maker.csv"), held_out(RESULTS / "consensus.csv")
    box = pd.read_csv(RESULTS / "box_demo.csv")
    of_people = {
        "second maker": by_level(judged),
        "second maker by kind": by_band(judged),
        "null controls": null_controls(fitted, judged),
    }
    of_demo = {
        "box on the demo": on_the_demo(box, read(RESULTS / "demo_seeds.csv")),
        "box on the demo by kind": by_kind_of_first(box.assign(pulse=1.0)),
    }
    tables = {"docs/people.md": of_people, "docs/results.md": of_demo}
    tables["docs/ensemble.md"] = {"consensus by kind": by_kind_of_first(fitted)}
    return with_tables(ROOT, tables)


def held_out(path: Path) -> pd.DataFrame:
    """The first maker's held-out clips, in the columns of second_maker.csv."""
    table = read(path)
    mine = table[(table["part"] == "held out") & (table["maker"] == "first")]
    own = {"consensus, with nets": CONSENSUS, "confidence, with nets": "confidence"}
    mine = mine.rename(columns=own | {"hr_true_bpm": "hr_bpm"})
    return mine.assign(pulse=(mine["level"] != NULL).astype(float))


def by_level(judged: pd.DataFrame) -> str:
    """RMSE with its interval and share within 5 bpm of every method, level by level."""
    judged = judged[judged["pulse"] > 0]
    parts = {level: judged[judged["level"] == level] for level in judged["level"].unique()}
    header = ["method"] + [f"{level}, n {len(part)}" for level, part in parts.items()]
    shown = {name: NAMES.get(name, name) for name in METHODS} | {ORACLE: BOUND}
    rows = [[shown[name], *(_cell(part, name) for part in parts.values())] for name in shown]
    wrong = [(part[MISLED] - part["wrong_bpm"]).abs() <= NEAR_BPM for part in parts.values()]
    rows.append(["the same, given a wrong rate", *(f"{100 * one.mean():.1f} %" for one in wrong)])
    rows.append(["mean of the true rates", *map(_mean_cell, parts.values())])
    return markdown(header, rows)


def by_band(judged: pd.DataFrame) -> str:
    """Share within 5 bpm by tone, heart rate, frame rate, face and compression, all levels."""
    judged = judged[judged["pulse"] > 0]
    rows = []
    for band, mask in bands_of(judged).items():
        mine = judged[mask]
        shares = [f"{100 * near(mine, method).mean():.0f}" for method in SHOWN]
        rows.append([band, str(len(mine)), *shares])
    whole = [f"{100 * near(judged, method).mean():.0f}" for method in SHOWN]
    header = ["within 5 bpm, %", "n", *(NAMES.get(method, method) for method in SHOWN)]
    return markdown(header, [["all", str(len(judged)), *whole], *rows])


def null_controls(*tables: pd.DataFrame) -> str:
    """Faces without a pulse: share within 5 bpm and RMSE of each method, of both makers."""
    nulls = [table[table["pulse"] == 0] for table in tables]
    rows = [
        [
            NAMES.get(name, name),
            *(f"{100 * near(t, name).mean():.0f} %, {rmse_bpm(t, name):.1f}" for t in nulls),
        ]
        for name in SHOWN
    ]
    means = [mean_predictor(null) for null in nulls]
    cells = [f"{100 * one['within_5bpm']:.0f} %, {one['rmse_bpm']:.1f}" for one in means]
    heads = [f"{maker}, n {len(t)}" for maker, t in zip(MAKERS, nulls, strict=True)]
    return markdown(["without a pulse", *heads], [*rows, ["mean of the true rates", *cells]])


def by_kind_of_first(fitted: pd.DataFrame) -> str:
    """Share within 5 bpm of the first maker's clips by level, if it is known, tone, rate and frame
    rate."""
    pulse = fitted[fitted["pulse"] > 0]
    kinds = {"all": pd.Series(True, pulse.index)}
    if "level" in pulse:
        kinds |= {f"*{one}*": pulse["level"] == one for one in LEVELS}
    for column, (edges, names) in FIRST_KINDS.items():
        labels = pd.cut(pulse[column], edges, right=False, labels=names)
        kinds |= {name: labels == name for name in names}
    rows = [
        [kind, str(mask.sum()), *(f"{100 * near(pulse[mask], name).mean():.0f}" for name in SHOWN)]
        for kind, mask in kinds.items()
        if mask.any()
    ]
    return markdown(["within 5 bpm, %", "n", *(NAMES.get(name, name) for name in SHOWN)], rows)


def on_the_demo(box: pd.DataFrame, demo: pd.DataFrame) -> str:
    """RMSE by seed of the box and classical methods on the demo's test sets, and of the demo's own
    best single model and submitted ensemble."""
    found = by_seed(box)
    rows = {NAMES.get(name, name): list(one) for name, one in found.loc[list(METHODS)].iterrows()}
    own = {f"the demo's {OWN}": demo[demo["model"] == OWN]}
    own["the demo's submitted ensemble"] = demo[demo["submitted"]]
    for name, one in own.items():
        rmse, share = one["rmse_bpm"], 100 * one["within_5bpm"].mean()
        rows[name] = [*rmse, rmse.mean(), share]
    ordered = sorted(rows.items(), key=lambda row: row[1][-2])
    cells = [
        [name, ", ".join(f"{v:.1f}" for v in by_seed_bpm), f"{mean_bpm:.1f}", f"{share:.0f} %"]
        for name, (*by_seed_bpm, mean_bpm, share) in ordered
    ]
    return markdown(["model", "RMSE, bpm, by seed", "mean", "within 5 bpm"], cells)


def rmse_bpm(rows: pd.DataFrame, method: str) -> float:
    """RMSE of a method; no answer counts as the mean rate."""
    rates = rows[method].fillna(rows["hr_bpm"].mean())
    return score(rows["hr_bpm"], rates, n_boot=1)["rmse_bpm"]


def mean_predictor(rows: pd.DataFrame) -> dict:
    """Scores of the mean of all true rates."""
    return score(rows["hr_bpm"], np.full(len(rows), rows["hr_bpm"].mean()), n_boot=1)


def _cell(rows: pd.DataFrame, method: str) -> str:
    found = score(rows["hr_bpm"], rows[method].fillna(rows["hr_bpm"].mean()))
    interval = f"[{found['rmse_low']:.1f}, {found['rmse_high']:.1f}]"
    return f"{100 * near(rows, method).mean():.1f} %, {found['rmse_bpm']:.1f} {interval}"


def _mean_cell(rows: pd.DataFrame) -> str:
    found = score(rows["hr_bpm"], np.full(len(rows), rows["hr_bpm"].mean()))
    return f"{100 * found['within_5bpm']:.1f} %, {found['rmse_bpm']:.1f}"


if __name__ == "__main__":
    run_pages(pages, __doc__, __file__)
