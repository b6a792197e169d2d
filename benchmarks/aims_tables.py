"""The aims of the models in the box, and what was found: a table in docs/people.md.

    python benchmarks/aims_tables.py            # write
    python benchmarks/aims_tables.py --check    # status 1 where the page differs

It lies between `<!-- aims -->` and `<!-- end -->` and is of second_maker.csv, consensus.csv (held
out), box_demo.csv, demo_seeds.csv and people.csv.
"""

from pathlib import Path

import pandas as pd
from box_demo import by_seed
from card_tables import NAMES, RESULTS, ROOT, markdown, near
from consensus_tables import confidence_facts
from demo_tables import read, run_pages, with_tables
from judge_tables import CONSENSUS, MAKERS, METHODS, OWN, held_out, mean_predictor, rmse_bpm
from people_tables import MEAN, by_kind
from second_maker import bands_of

NETS, CLASSICAL = METHODS[1:4], METHODS[4:]
BANDS = ("dark skin", "120 bpm or more", "15 fps", "coarse codec")  # that may not fall behind


def pages() -> dict[Path, str]:
    """docs/people.md as it should be."""
    judged, fitted = pd.read_csv(RESULTS / "second_maker.csv"), held_out(RESULTS / "consensus.csv")
    pulse = judged[judged["pulse"] > 0]
    box, demo = pd.read_csv(RESULTS / "box_demo.csv"), read(RESULTS / "demo_seeds.csv")
    rows = [*of_second_maker(pulse), of_first_maker(box, demo), *of_bands(pulse)]
    rows += [*of_confidence(fitted, judged), of_people(read(RESULTS / "people.csv"))]
    found = markdown(("on", "aim", "found", ""), rows)
    return with_tables(ROOT, {"docs/people.md": {"aims": found}})


def of_second_maker(pulse: pd.DataFrame) -> list[list[str]]:
    """Aims on the second maker's levels: share within 5 bpm, and RMSE over the best classical
    method's."""
    levels, rows = dict(list(pulse.groupby("level"))), []
    for level, least, least_net in (("middle", 99, 98), ("hard", 98, 94)):
        mine = levels[level]
        name = f"second maker, *{level}*, n {len(mine)}"
        right = near(mine, CONSENSUS)
        share, found = 100 * right.mean(), f"{100 * right.mean():.1f} %, {right.sum()} clips"
        best = max(NETS, key=lambda net: near(mine, net).mean())
        of_best = 100 * near(mine, best).mean()
        ratio, method = rmse_ratio(mine)
        rows += [
            aim(name, f"consensus within 5 bpm: {least} %", found, share >= least),
            aim(
                name,
                f"best net: {least_net} %",
                f"{of_best:.1f} %, {NAMES[best]}",
                of_best >= least_net,
            ),
            aim(
                name,
                "RMSE over the best classical method's: 0.4",
                f"{ratio:.2f}, {method}",
                ratio <= 0.4,
            ),
        ]
    return rows


def rmse_ratio(rows: pd.DataFrame) -> tuple[float, str]:
    """The consensus' RMSE over the smallest of a classical method, and that method."""
    rmse = {name: rmse_bpm(rows, name) for name in (CONSENSUS, *CLASSICAL)}
    best = min(CLASSICAL, key=rmse.get)
    return rmse[CONSENSUS] / rmse[best], best


def of_first_maker(box: pd.DataFrame, demo: pd.DataFrame) -> list[str]:
    """The aim on the first maker's test level: the box against the demo's best single model."""
    mine = by_seed(box).loc[CONSENSUS].drop(["mean", "within_5bpm"])
    own = demo[demo["model"] == OWN]["rmse_bpm"]
    found = " and ".join(", ".join(f"{value:.1f}" for value in rows) for rows in (mine, own))
    name = f"first maker, *test*, {len(mine)} seeds, n {len(box)}"
    is_met = mine.mean() <= own.mean()
    return aim(name, f"RMSE not above the demo's {OWN}", f"{found} bpm", is_met)


def of_bands(pulse: pd.DataFrame) -> list[list[str]]:
    """Whether the consensus falls behind on the kinds of video that are hard."""
    right, bands = near(pulse, CONSENSUS), bands_of(pulse)
    rows = []
    for band in BANDS:
        behind = 100 * (right[bands[band]].mean() - right.mean())
        name, found = f"{band}, n {bands[band].sum()}", f"{behind:+.1f} points"
        rows.append(aim(name, "within 5 points of the whole", found, behind >= -5))
    return rows


def of_confidence(*tables: pd.DataFrame) -> list[list[str]]:
    """Aims for the confidence and without a pulse, of both makers."""
    rows = []
    for maker, table in zip(MAKERS, tables, strict=True):
        pulse, null = table[table["pulse"] > 0], table[table["pulse"] == 0]
        right = near(pulse, CONSENSUS)
        facts = confidence_facts(pulse["confidence"], right, null["confidence"])
        ece, sure, unsure = facts["ece"], facts["right_if_sure"], facts["null_unsure"]
        shares = [100 * near(null, CONSENSUS).mean(), mean_predictor(null)["within_5bpm"] * 100]
        without = f"{maker} without a pulse, n {len(null)}"
        rows += [
            aim(maker, "calibration error: 0.05", f"{ece:.3f}", ece <= 0.05),
            aim(
                maker,
                "of answers with 0.9 or more, right: 99 %",
                f"{100 * sure:.1f} %",
                sure >= 0.99,
            ),
            aim(
                without,
                "no better than the mean rate",
                f"within 5 bpm {shares[0]:.0f} %, mean rate {shares[1]:.0f} %",
                shares[0] <= shares[1],
            ),
            aim(
                without,
                "confidence of 0.2 or less: 95 %",
                f"{100 * unsure:.0f} %",
                unsure >= 0.95,
            ),
        ]
    return rows


def of_people(people: pd.DataFrame) -> list[str]:
    """The aim on people; so few give no interval."""
    table = by_kind(people).loc["face"].drop(index=MEAN, level="method")
    best = table["mae_bpm"].idxmin()
    mine, least = table.loc[(CONSENSUS, "box"), "mae_bpm"], table.loc[best, "mae_bpm"]
    found = f"{mine:.1f} bpm; smallest {least:.1f}, {NAMES.get(best[0], best[0])}"
    return aim("two people's faces", "MAE of the consensus: 2 bpm", found, mine <= 2)


def aim(on: str, wanted: str, found: str, is_met: bool) -> list[str]:
    """A row of the aims."""
    return [on, wanted, found, "met" if is_met else "missed"]


if __name__ == "__main__":
    run_pages(pages, __doc__, __file__)
