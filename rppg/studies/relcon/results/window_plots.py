"""Figures of windows: anchors with their nearest and farthest candidates, and activities.

    rows = neighbours(pairs, table, n_near=3, n_far=2)
    figure = plot_neighbours(rows, read, RATE_HZ, "RelCon's distance", "synthetic")

pairs: columns anchor, candidate (ids of windows), kind, distance; table: columns id, subject,
activity of the windows; read: id -> (T, 3) in g.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rppg.plotting.style import BLUE, GREEN, LINE_STYLES, ORANGE, subplots, titled

PANEL_INCHES = (2.0, 1.45)
SMALL = {"fontsize": "small"}


def neighbours(pairs: pd.DataFrame, table: pd.DataFrame, n_near: int, n_far: int) -> pd.DataFrame:
    """One row per window to draw: anchor (its id), id, role ("anchor", "near" or "far"), distance,
    subject, activity.  One anchor per activity, the first in `pairs`; candidates by distance.

    Raises ValueError if an anchor has fewer candidates than n_near + n_far.
    """
    about = table.set_index("id")[["subject", "activity"]]
    windows = pairs[pairs["kind"] == "window"]
    anchors = windows["anchor"].drop_duplicates()
    of_each = anchors.groupby(about.loc[anchors, "activity"].to_numpy()).first()
    tables = []
    for anchor in of_each:
        ranked = windows[windows["anchor"] == anchor].sort_values("distance", kind="stable")
        if len(ranked) < n_near + n_far:
            expected = f"expected {n_near} near and {n_far} far ones"
            raise ValueError(f"{anchor} has {len(ranked)} candidates, {expected}: use more pairs")
        chosen = pd.concat([ranked.iloc[:n_near], ranked.iloc[len(ranked) - n_far :]])
        roles = ["anchor", *["near"] * n_near, *["far"] * n_far]
        distances = [0.0, *chosen["distance"]]
        ids = [anchor, *chosen["candidate"]]
        tables.append(pd.DataFrame({"id": ids, "role": roles, "distance": distances}))
        tables[-1].insert(0, "anchor", anchor)
    return pd.concat(tables, ignore_index=True).join(about, on="id")


def plot_neighbours(
    rows: pd.DataFrame,
    read: Callable[[str], np.ndarray],
    rate_hz: float,
    title: str,
    origin: str,
) -> Figure:
    """One line of panels per anchor: itself, its nearest, its farthest, each with its own scale.

    Titles are coloured if the activity differs from the anchor's.
    """
    lines = [line for _, line in rows.groupby("anchor", sort=False)]
    n = len(lines[0])
    size = (PANEL_INCHES[0] * n, PANEL_INCHES[1] * len(lines) + 1.1)
    figure, panels = subplots(len(lines), n, figsize=size, sharex=True, squeeze=False)
    for line, row in zip(lines, panels, strict=True):
        for axes, shown in zip(row, line.itertuples(), strict=True):
            window = read(shown.id)  # (T, 3)
            times_s = np.arange(len(window)) / rate_hz
            for values_g, (name, colour, style) in zip(window.T, AXES, strict=True):
                axes.plot(times_s, values_g, color=colour, ls=style, lw=0.8, label=name)
            _set_title(axes, shown, line["activity"].iloc[0])
        row[0].set_ylabel("g", **SMALL)
    for axes in panels[-1]:
        axes.set_xlabel("time (s)", **SMALL)
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False, **SMALL)
    figure.suptitle(_heading(title, origin), x=0.01, ha="left", fontsize="medium")
    return figure


def _heading(title: str, origin: str) -> str:
    note = "each panel has its own scale; coloured: activity differs from the anchor's (left)"
    return f"{titled(f'{title}: nearest and farthest windows', origin)}\n{note}"


def _set_title(axes: Axes, shown, activity: str) -> None:
    """Title of a panel, coloured if the activity differs from the anchor's."""
    distance = np.format_float_positional(shown.distance, precision=3, fractional=False, trim="-")
    role = "anchor" if shown.role == "anchor" else f"{shown.role}: {distance}"
    title = f"{role} ({shown.subject})\n{shown.activity}"
    colour = "black" if shown.activity == activity else ORANGE
    axes.set_title(title, loc="left", color=colour, **SMALL)
    axes.tick_params(labelsize="x-small")
    axes.margins(x=0)


COLUMNS = 2
AXES = tuple(zip("xyz", (BLUE, ORANGE, GREEN), LINE_STYLES, strict=False))


def plot_activities(
    xyz_g: list[np.ndarray], titles: list[str], rate_hz: float, title: str, origin: str
) -> Figure:
    """Stretches of acceleration (T_i, 3) in g, one panel with a title and three axes per stretch.

    Panels share the time axis; each has its own scale, since running is thirty times typing.
    Raises ValueError if numbers of titles and stretches differ.
    """
    if len(titles) != len(xyz_g):
        raise ValueError(f"{len(xyz_g)} stretches have {len(titles)} titles, expected as many")
    rows = -(-len(xyz_g) // COLUMNS)
    figure, panels = subplots(
        rows, COLUMNS, figsize=(9.5, 1.7 * rows + 0.9), sharex=True, squeeze=False
    )
    for axes in panels.flat[len(xyz_g) :]:
        axes.set_axis_off()
    for axes, part_g, name in zip(panels.flat[: len(xyz_g)], xyz_g, titles, strict=True):
        times_s = np.arange(len(part_g)) / rate_hz
        for values_g, (label, colour, style) in zip(np.asarray(part_g).T, AXES, strict=True):
            axes.plot(times_s, values_g, color=colour, ls=style, lw=0.9, label=label)
        axes.margins(x=0)
        axes.set_title(name, loc="left", fontsize="medium")
    _name_axes(panels, len(xyz_g))
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=3, frameon=False)
    figure.suptitle(titled(title, origin), x=0.01, ha="left", fontsize="large")
    return figure


def _name_axes(panels: np.ndarray, n: int) -> None:
    """Labels g on the left and time below the last of the n panels of each column."""
    for axes in panels[:, 0]:
        axes.set_ylabel("g")
    for axes in panels.flat[max(n - COLUMNS, 0) : n]:
        axes.set_xlabel("time (s)")
        axes.tick_params(labelbottom=True)
