"""Tables of docs/speed.md, training.md and running.md, from committed CSVs.

    python benchmarks/page_tables.py            # write
    python benchmarks/page_tables.py --check    # status 1 where a page differs

A table lies between `<!-- NAME -->` and `<!-- end -->`: `speed` is speed_table.md, in which a field
as {stream[longest, ms]:.0f} is the value of that row of stream.csv; `steps`, from steps.csv;
`settings`, from step_settings.csv; `shares`, from shares.csv; `readout`, from readout.csv;
`loss forms`, from loss_forms.csv; `finders`, from finders.csv.
"""

from pathlib import Path

import pandas as pd
from card_tables import markdown
from demo_tables import read, run_pages, with_tables

ROOT = Path(__file__).resolve().parents[1]
RESULTS, DOCS = ROOT / "benchmarks/results", ROOT / "docs"
TEMPLATE = ROOT / "benchmarks/speed_table.md"
PARTS = ("data", "forward", "loss", "backward", "optimiser")  # of a step, in steps.csv
READOUTS = {"own": "padded", "paper's": "Welch"}
LABEL_FREE = {"ST-Transformer": "ST-Transformer, no labels"}
LABEL_FREE |= {"Contrast-Phys+": "Contrast-Phys+, no labels"}
FORMS = {  # rows of loss_forms.csv, as the page names them
    ("bandwidth, eq. 2", "own, as printed"): "bandwidth, as printed",
    ("variance, eq. 4", "own, as printed"): "variance, as printed",
    ("sparsity, eq. 3", "own: 6 bpm"): "sparsity, 6 bpm (ours)",
    ("sparsity, eq. 3", "6 bins of 10 s: 36 bpm"): "sparsity, 36 bpm",
    ("sparsity, eq. 3", "6 bins padded: 2 bpm"): "sparsity, 2 bpm",
    ("periodicity, eq. 5", "own: relative"): "periodicity, relative (ours)",
    ("periodicity, eq. 5", "printed, output times 1"): "periodicity, printed",
    (
        "periodicity, eq. 5",
        "printed, output times 0.1",
    ): "periodicity, printed, a tenth of the output",
    ("MCC, eq. 11", "own: Gideon and Stent's"): "MCC, ours",
    ("MCC, eq. 11", "printed"): "MCC, printed",
}
STAGES = ("untrained", "pre-trained")
VIDEOS = {  # rows of finders.csv
    "all": "8 synthetic clips, two of each level",
    "evm_face": "`evm_face.mp4`",
    "sample_video_1": "vitallens 1",
    "sample_video_2": "vitallens 2",
}


def pages() -> dict[Path, str]:
    """The pages as they should be."""
    tables = {
        "speed.md": {
            "speed": speed(),
            "shares": shares(read(RESULTS / "shares.csv")),
            "steps": steps(read(RESULTS / "steps.csv")),
            "settings": settings(read(RESULTS / "step_settings.csv")),
        },
        "training.md": {
            "readout": readout(read(RESULTS / "readout.csv")),
            "loss forms": loss_forms(read(RESULTS / "loss_forms.csv")),
        },
        "running.md": {"finders": finders(read(RESULTS / "finders.csv"))},
    }
    return with_tables(DOCS, tables)


def speed() -> str:
    """The template, its fields filled in.  Raises KeyError for a file or row that is missing."""
    files = {path.stem: values(read(path)) for path in sorted(RESULTS.glob("*.csv"))}
    return TEMPLATE.read_text().format_map(files)


def values(table: pd.DataFrame) -> dict[str, float]:
    """Values by their name in `what`; of a table with other columns, "row, column" by the name in
    its first one, and the least and most of each column."""
    if "value" in table and "what" in table:
        return dict(zip(table["what"], table["value"], strict=True))
    first, *_ = table
    numbers = table.select_dtypes("number")
    found = {}
    for column in numbers:
        named = zip(table[first], numbers[column], strict=True)
        found |= {f"{name}, {column}": value for name, value in named}
        found |= {f"least, {column}": numbers[column].min()}
        found |= {f"most, {column}": numbers[column].max()}
    return found


def steps(table: pd.DataFrame) -> str:
    """Milliseconds of each part of a training step, and minutes of all steps."""
    rows = [
        [row["run"], *(f"{row[part]:.0f}" for part in PARTS), f"{row['minutes']:.1f}"]
        for _, row in table.iterrows()
    ]
    return markdown(["run", *PARTS, "all steps, minutes"], rows)


def settings(table: pd.DataFrame) -> str:
    """How many times as fast each setting makes a step: on the clock, and of the processor."""
    by_key = table[table["reason"].isna()].set_index(["run", "setting"])
    names = [name for name in dict.fromkeys(table["setting"]) if name != "as fit"]
    rows = []
    for run in dict.fromkeys(table["run"]):
        cells = []
        for name in names:
            found = by_key.loc[(run, name)] if (run, name) in by_key.index else None
            cells.append("" if found is None else f"{found.faster:.2f} ({found.faster_cpu:.2f})")
        rows.append([run, *cells])
    return markdown(["run", *names], rows)


def shares(table: pd.DataFrame) -> str:
    """Milliseconds of processor time per frame, and the share of each part."""
    rows = [
        [one["what"], one["part"], f"{one['ms_per_frame']:.2f}", f"{100 * one['share']:.0f} %"]
        for _, one in table.iterrows()
    ]
    return markdown(["", "part", "ms per frame", "share"], rows)


def readout(table: pd.DataFrame) -> str:
    """RMSE and share within 5 bpm of each model by each way to read its BVPs."""
    by_key = table.set_index(["readout", "model"])
    models, rows = table["model"].unique(), []
    for name, shown in READOUTS.items():
        found = [by_key.loc[(name, model)] for model in models]
        rows.append([shown, *(f"{one.rmse_bpm:.1f} ({one.within_5bpm:.2f})" for one in found)])
    names = [LABEL_FREE.get(model, model) for model in models]
    return markdown(["RMSE in bpm (share within 5 bpm)", *names], rows)


def loss_forms(table: pd.DataFrame) -> str:
    """Each term of the losses, by net, before and after pre-training."""
    by_key = table.set_index(["term", "form", "net", "stage"])["value"]
    nets = ("ST-Transformer", "Contrast-Phys+")
    columns = [(net, stage) for net in nets for stage in STAGES]
    rows = [
        [shown, *(short(by_key[(*key, *column)]) for column in columns)]
        for key, shown in FORMS.items()
    ]
    head = [f"{net}: {stage}" if stage == STAGES[0] else stage for net, stage in columns]
    return markdown(["term", *head], rows)


def short(value: float) -> str:
    """Two decimals, none, or a power of ten: 0.93, 285, 4.7e-4, 1.3e5."""
    if not 0.005 <= abs(value) < 1000:
        mantissa, exponent = f"{value:.1e}".split("e")
        return f"{mantissa}e{int(exponent)}"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.2f}"


def finders(table: pd.DataFrame) -> str:
    """How far OpenCV's landmarks are from mediapipe's, and those from their own a frame later."""
    rows = []
    for name, shown in VIDEOS.items():
        one = table[table["name"] == name].iloc[0]
        digits = 3 if name == "all" else 2
        cells = [f"{one[key]:.{digits}f} px" for key in ("apart_px", "apart_self_px")]
        rows.append([shown, f"{one['height_px']:.0f} px", *cells])
    return markdown(["", "face", "OpenCV from mediapipe", "mediapipe from itself"], rows)


if __name__ == "__main__":
    run_pages(pages, __doc__, __file__)
