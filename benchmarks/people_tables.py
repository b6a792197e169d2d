"""Tables and the figure of people.py, from its rows: one per recording, method and window.

print(how_few(rows), by_kind(rows), by_recording(rows), sep="\\n")
draw(rows, Path("docs/people.png"))
"""

from pathlib import Path

import numpy as np
import pandas as pd

from rppg.evaluation.metrics import NEAR_BPM, score
from rppg.plotting.style import BLUE, GREEN, GREY, ORANGE, PURPLE, subplots

MEAN = "mean predictor"
SHOWN_BPM = 20.0  # on both sides of the mean of the reference
STYLES = {"POS": (BLUE, "o"), "CHROM": ("#56B4E9", "s"), "RED": (BLUE, "o")}
NETS = {"st_transformer": (ORANGE, "^"), "contrast_phys": ("#E69F00", "v")}
NETS |= {"gideon2021": ("#8B4513", "<")}
STYLES |= NETS
STYLES |= {"consensus": (GREEN, "*"), "MR-PBV": (GREY, "P"), "open-rppg": ("#7F6BB0", "X")}
FACE_ONLY = ("POS", "CHROM", "MR-PBV")  # drawn for faces alone: a finger is too red for them


def how_few(rows: pd.DataFrame) -> str:
    """Whom the numbers are of."""
    known = rows[rows["hr_true_bpm"].notna()].drop_duplicates(["recording", "start_s"])
    lines = []
    for (kind, reference), group in rows.groupby(["kind", "reference"], sort=False):
        names = group["recording"].unique()
        windows = known["recording"].isin(names).sum()
        lines.append(f"{len(names)} real {kind}(s) with {reference}, {windows} windows")
    few = "so few people say which method fails, not which of two good ones is better"
    return "; ".join(lines) + f". Windows overlap by 9 s: {few}."


def by_kind(rows: pd.DataFrame) -> pd.DataFrame:
    """Errors of each method over all windows of a kind that have a true rate, best first."""
    return _errors(rows, ["kind"])


def by_recording(rows: pd.DataFrame) -> pd.DataFrame:
    """The same for each recording; one without a true rate has the share of windows in its band."""
    inside = []
    for keys, group in rows[rows["hr_true_bpm"].isna()].groupby(
        ["recording", "method", "weights"], sort=False, dropna=False
    ):
        if "bpm" in (reference := group["reference"].iloc[0]):
            low, high = map(float, reference.removesuffix(" bpm").split("-"))
            share = group["hr_bpm"].between(low, high).mean()
            row = dict(zip(("recording", "method", "weights"), keys, strict=True))
            inside.append(row | {"windows": len(group), "in_band": share})
    table = _errors(rows, ["recording"])
    if not inside:
        return table
    bands = pd.DataFrame(inside).fillna({"weights": ""})
    return pd.concat([table, bands.set_index(["recording", "method", "weights"])])


def _errors(rows: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    rows = rows[rows["hr_true_bpm"].notna() | (rows["reason"].fillna("") != "")]
    rows, out = rows.fillna({"weights": ""}), []
    for name, group in rows.groupby(by, sort=False):
        true_bpm = group.drop_duplicates(["recording", "start_s"])["hr_true_bpm"].dropna()
        constant = {"hr_bpm": true_bpm.mean(), "hr_true_bpm": true_bpm}
        mean = pd.DataFrame(constant).assign(wave_r=np.nan)
        methods = list(group.groupby(["method", "weights"], sort=False))
        lines = [_line(one, len(true_bpm)) for _, one in [*methods, ((MEAN, ""), mean)]]
        names = [(*name, *key) for key, _ in [*methods, ((MEAN, ""), None)]]
        index = pd.MultiIndex.from_tuples(names, names=[*by, "method", "weights"])
        out.append(pd.DataFrame(lines, index=index).sort_values("mae_bpm"))
    return pd.concat(out)


def _line(one: pd.DataFrame, n_windows: int) -> dict:
    """Errors of one method; windows without an answer count as misses."""
    known = one[one["hr_bpm"].notna() & one["hr_true_bpm"].notna()]
    line = {"windows": n_windows, "answers": len(known), "mae_bpm": np.nan, "within_5bpm": 0.0}
    if len(known):
        found = score(known["hr_true_bpm"], known["hr_bpm"], n_boot=1)
        error = (known["hr_bpm"] - known["hr_true_bpm"]).abs().round(3)  # as in the CSV
        near = error <= NEAR_BPM
        line |= {"mae_bpm": found["mae_bpm"], "within_5bpm": near.sum() / max(n_windows, 1)}
        line |= {"r": found["pearson_r"], "wave_r": one["wave_r"].mean()}
        line["confidence"] = one["confidence"].mean() if "confidence" in one else np.nan
    return line


def draw(rows: pd.DataFrame, path: Path) -> None:
    """Rates over time of each recording that has a reference, one panel each."""
    known = rows[rows["hr_true_bpm"].notna()].fillna({"weights": ""})
    names = list(known["recording"].unique())
    n_rows = -(-len(names) // 2)
    figure, axes = subplots(n_rows, 2, figsize=(11, 2.6 * n_rows), squeeze=False)
    for axis, name in zip(axes.flat, names, strict=False):
        _panel(axis, known[known["recording"] == name], name)
    for axis in axes.flat[len(names) :]:
        axis.axis("off")
    handles = {h.get_label(): h for axis in axes.flat for h in axis.get_lines()}
    figure.legend(handles.values(), handles, loc="outside lower center", ncols=5, frameon=False)
    title = (
        "Real recordings: rates of 10 s windows against the reference (further off: at the edge)"
    )
    figure.suptitle(title, ha="center")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def _panel(axis, rows: pd.DataFrame, name: str) -> None:
    truth = rows.drop_duplicates("start_s").sort_values("start_s")
    middle = truth["hr_true_bpm"].mean()
    low, high = middle - SHOWN_BPM, middle + SHOWN_BPM
    axis.axhspan(*(middle + np.array([-NEAR_BPM, NEAR_BPM])), color=GREY, alpha=0.12, lw=0)
    axis.plot(truth["start_s"], truth["hr_true_bpm"], color="k", lw=4, alpha=0.4, label="reference")
    shown = [key for key in dict.fromkeys(zip(rows["method"], rows["weights"], strict=True))]
    for method, weights in shown:
        style = STYLES.get(method, (PURPLE, "D") if weights else None)
        if style is None or (method in FACE_ONLY and rows["kind"].iloc[0] != "face"):
            continue
        one = rows[(rows["method"] == method) & (rows["weights"] == weights)]
        colour, marker = style
        few = {"marker": marker, "ms": 5} if len(one) < 10 else {}
        rate = one["hr_bpm"].clip(low, high)
        is_ours = method in (*NETS, "consensus")
        line = ":" if is_ours and not weights else "-"
        origin = weights.split()[0] if weights else "classical"
        label = f"{method} ({origin})" if is_ours else method
        axis.plot(one["start_s"], rate, line, color=colour, lw=1.3, label=label, **few)
    axis.set_title(f"{name}, {rows['reference'].iloc[0]}", fontsize="medium", loc="left")
    axis.set_xlabel("start of the window (s)")
    axis.set_ylabel("heart rate (bpm)")
    axis.set_ylim(low, high)
