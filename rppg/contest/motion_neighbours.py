"""An anchor of each activity with its nearest and its farthest candidates, in numbers and drawn.

    rows = neighbours(pairs, table, n_near=3, n_far=2)
    figure = plot_neighbours(rows, read, RATE_HZ, "RelCon's distance", "synthetic")

pairs: columns anchor, candidate (ids of windows), kind, distance; table: columns id, subject,
activity of the windows; read: id -> (T, 3) in g.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from rppg.contest.plots import subplots, titled

AXES = ("x", "y", "z")
PANEL_INCHES = (2.0, 1.45)


def neighbours(pairs: pd.DataFrame, table: pd.DataFrame, n_near: int, n_far: int) -> pd.DataFrame:
    """A row a drawn window: anchor (its id), id, role ("anchor", "near" or "far"), distance, subject,
    activity.  One anchor an activity, the first of `pairs`; candidates from near to far."""
    about = table.set_index("id")[["subject", "activity"]]
    windows = pairs[pairs["kind"] == "window"]
    anchors = windows["anchor"].drop_duplicates()
    of_each = anchors.groupby(about.loc[anchors, "activity"].to_numpy()).first()
    found = []
    for anchor in of_each:
        ranked = windows[windows["anchor"] == anchor].sort_values("distance", kind="stable")
        chosen = pd.concat([ranked.iloc[:n_near], ranked.iloc[len(ranked) - n_far :]])
        roles = ["anchor", *["near"] * n_near, *["far"] * n_far]
        distances = [0.0, *chosen["distance"]]
        ids = [anchor, *chosen["candidate"]]
        found.append(pd.DataFrame({"id": ids, "role": roles, "distance": distances}))
        found[-1].insert(0, "anchor", anchor)
    return pd.concat(found, ignore_index=True).join(about, on="id")


def plot_neighbours(
    rows: pd.DataFrame,
    read: Callable[[str], np.ndarray],
    rate_hz: float,
    title: str,
    origin: str,
) -> Figure:
    """A line of panels an anchor: itself, its nearest, its farthest; all of
    a line to one scale.  Red words mark another activity than the anchor's."""
    lines = [line for _, line in rows.groupby("anchor", sort=False)]
    n = len(lines[0])
    size = (PANEL_INCHES[0] * n, PANEL_INCHES[1] * len(lines) + 0.9)
    figure, panels = subplots(len(lines), n, figsize=size, sharex=True, sharey="row", squeeze=False)
    for line, row in zip(lines, panels, strict=True):
        for axes, told in zip(row, line.itertuples(), strict=True):
            window = read(told.id)  # (T, 3)
            times_s = np.arange(len(window)) / rate_hz
            for k, name in enumerate(AXES):
                axes.plot(times_s, window[:, k], lw=0.8, label=name)
            _headed(axes, told, line["activity"].iloc[0])
        row[0].set_ylabel("g")
    for axes in panels[-1]:
        axes.set_xlabel("s")
    panels[0, 0].legend(fontsize=7, loc="upper right", ncols=3, handlelength=1)
    figure.suptitle(titled(f"{title}: anchors, their nearest and farthest candidates", origin))
    return figure


def _headed(axes, told, activity: str) -> None:
    """What a panel shows, above it; another activity than the anchor's in red."""
    said = "anchor" if told.role == "anchor" else f"{told.role}, {told.distance:.3g}"
    other = told.activity != activity
    axes.set_title(
        f"{said}\n{told.activity} ({told.subject})",
        fontsize=8,
        color="tab:red" if other else "black",
    )
    axes.tick_params(labelsize=7)
