"""The model card's tables in docs/people.md and README.md, from the package and committed results.

    python benchmarks/card_tables.py            # write
    python benchmarks/card_tables.py --check    # status 1 where the page differs

A table lies between `<!-- NAME -->` and `<!-- end -->`: `models` and `checksums`, from the weights
in the package; `confidence`, from second_maker.csv and consensus.csv; `people`, from people.csv;
`compression`, from compression.csv; in README.md `faces`, from second_maker.csv and people.csv; in
docs/ensemble.md `consensus`, from consensus.csv.  judge_tables.py and aims_tables.py write others.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from compression import by_bits
from consensus_tables import NULL, confidence_facts, errors
from demo_tables import read, run_pages, with_tables
from people_tables import by_kind
from release import card

from rppg.evaluation.metrics import NEAR_BPM
from rppg.models.names import WEIGHTS

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks/results"
NAMES = {"consensus": "**consensus**", "st_transformer": "ST-Transformer"}
NAMES |= {"contrast_phys": "Contrast-Phys+", "gideon2021": "Gideon2021"}
HELD_OUT = {  # rows of the table of consensus.py, as the page names them
    "consensus, with nets": "**consensus with nets**",
    "product, with nets": "plain product with nets",
    "consensus, classical": "consensus, classical",
    "product, classical": "plain product, classical",
    "mean predictor": "mean of the true rates",
    "MR-PBV": "MR-PBV",
    "POS": "POS",
    "CHROM": "CHROM",
} | {name: shown for name, shown in NAMES.items() if name != "consensus"}
SHOWN = ("consensus", "st_transformer", "contrast_phys", "gideon2021", "MR-PBV", "POS", "CHROM")


def pages() -> dict[Path, str]:
    """docs/people.md, README.md and docs/ensemble.md as they should be."""
    fitted = read(RESULTS / "consensus.csv")
    judged = pd.read_csv(RESULTS / "second_maker.csv")
    people = read(RESULTS / "people.csv")
    card_of = {
        "models": models(),
        "checksums": checksums(),
        "confidence": confidences(judged, fitted),
        "people": faces(people),
        "compression": compression(read(RESULTS / "compression.csv")),
    }
    tables = {"docs/people.md": card_of, "README.md": {"faces": few(judged, people)}}
    tables["docs/ensemble.md"] = {"consensus": held_out(fitted)}
    return with_tables(ROOT, tables)


def few(judged: pd.DataFrame, people: pd.DataFrame) -> str:
    """Share within 5 bpm on the second maker's faces, and MAE on people."""
    judged = judged[judged["pulse"] > 0]
    table = by_kind(people).reset_index()
    table = table[table["kind"] == "face"]
    table = table[~table.apply(_is_classical, axis=1)].set_index("method")
    levels = list(dict.fromkeys(judged["level"]))
    header = ["method"] + [f"*{level}*, synthetic: within 5 bpm" for level in levels]
    rows = []
    for method in SHOWN:
        shares = [100 * near(judged[judged["level"] == one], method).mean() for one in levels]
        cells = [f"{share:.0f} %" for share in shares] + [f"{table.loc[method, 'mae_bpm']:.1f}"]
        rows.append([NAMES.get(method, method), *cells])
    return markdown([*header, "two people: MAE, bpm"], rows)


def held_out(fitted: pd.DataFrame) -> str:
    """Errors on the first maker's clips of seeds that nothing was fitted on."""
    mine = (fitted["part"] == "held out") & (fitted["maker"] == "first") & (fitted["level"] != NULL)
    table = errors(fitted[mine])
    rows = [
        [
            HELD_OUT[name],
            f"{one.rmse_bpm:.1f} [{one.rmse_low:.1f}, {one.rmse_high:.1f}]",
            *(_percent(share) for share in (one["all"], one[["easy", "medium", "test"]].mean())),
        ]
        for name, one in table.iterrows()
        if name in HELD_OUT
    ]
    return markdown(("", "RMSE, bpm [95 %]", "within 5 bpm", "without *hardest*"), rows)


def models() -> str:
    """One row a model in the box."""
    rows = [
        (NAMES[one.model], f"{one.weights:,}", f"{one.kB} kB", f"{one.step} of {one.of}")
        + (f"{one.rmse_bpm:.2f}", f"`{one.sha256[:16]}`")
        for one in card().itertuples()
    ]
    header = (
        "model",
        "weights",
        "file",
        "chosen step",
        "validation RMSE, bpm",
        "SHA-256, first 16",
    )
    return markdown(header, rows)


def checksums() -> str:
    """SHA-256 of each file of weights, as `sha256sum -c` reads it."""
    lines = [
        f"{one.sha256}  rppg/models/weights/{one.model}/{WEIGHTS}" for one in card().itertuples()
    ]
    return "\n".join(["```", *lines, "```\n"])


def confidences(judged: pd.DataFrame, fitted: pd.DataFrame) -> str:
    """How well the confidence is calibrated, on clips that nothing was fitted on."""
    first = fitted[(fitted["part"] == "held out") & (fitted["maker"] == "first")]
    name = "with nets"
    first = pd.DataFrame(
        {
            "null": first["level"] == NULL,
            "confidence": first[f"confidence, {name}"],
            "right": (first[f"consensus, {name}"] - first["hr_true_bpm"]).abs() <= NEAR_BPM,
        }
    )
    second = pd.DataFrame(
        {
            "null": judged["pulse"] == 0,
            "confidence": judged["confidence"],
            "right": near(judged, "consensus"),
        }
    )
    header = ("faces", "n", "calibration error", "at least 0.9", "right of these")
    header += ("without a pulse", "at most 0.2", "at least 0.9")
    rows = [_confidence_row("first maker", first), _confidence_row("second maker", second)]
    return markdown(header, rows)


def faces(people: pd.DataFrame) -> str:
    """Errors on real faces with a reference."""
    table = by_kind(people).reset_index()
    table = table[table["kind"] == "face"]
    rows = [
        [
            NAMES.get(one.method, one.method) + (", classical" if _is_classical(one) else ""),
            f"{one.mae_bpm:.1f}",
            f"{round(one.within_5bpm * one.windows)} of {one.windows}",
            "" if np.isnan(one.wave_r) else f"{one.wave_r:.2f}",
        ]
        for one in table.itertuples()
    ]
    return markdown(("method", "MAE, bpm", "within 5 bpm", "r of the wave"), rows)


def near(rows: pd.DataFrame, method: str) -> pd.Series:
    """Whether each answer is within 5 bpm; none is a miss."""
    return (rows[method] - rows["hr_bpm"]).abs() <= NEAR_BPM


def markdown(header, rows) -> str:
    """A table."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def compression(table: pd.DataFrame) -> str:
    """Answers on real faces that were encoded again, by the bits that were left."""
    found = by_bits(table)
    names = [f"{band.left:g} to {band.right:g}" for band in found.iloc[:, 0]]
    names[-1] = f"{found.iloc[-1, 0].left:g} or more"
    counts = found.iloc[:, 1:].astype(int).astype(str).to_numpy().tolist()
    rows = [[name, *count] for name, count in zip(names, counts, strict=True)]
    return markdown(list(found), rows)


def _is_classical(one) -> bool:
    return one.method == "consensus" and not one.weights


def _percent(share: float) -> str:
    return "" if np.isnan(share) else f"{share:.0f} %"


def _confidence_row(name: str, rows: pd.DataFrame) -> list[str]:
    pulse, null = rows[~rows["null"]], rows[rows["null"]]
    found = confidence_facts(pulse["confidence"], pulse["right"], null["confidence"])
    return [
        name,
        str(found["clips"]),
        f"{found['ece']:.3f}",
        f"{found['sure'] * found['clips']:.0f}",
        f"{100 * found['right_if_sure']:.1f} %",
        str(found["null_clips"]),
        f"{found['null_unsure'] * found['null_clips']:.0f}",
        f"{found['null_sure'] * found['null_clips']:.0f}",
    ]


if __name__ == "__main__":
    run_pages(pages, __doc__, __file__)
