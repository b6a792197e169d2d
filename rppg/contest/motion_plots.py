"""Figures of motion: what a wrist's accelerometer writes, activity by activity.

>>> import numpy as np
>>> xyz_g = np.random.default_rng(0).normal(0, 0.1, (256, 3)) + [0, 0, 1]
>>> figure = plot_activities([xyz_g] * 2, ["sitting", "typing"], 100.0, "One", "synthetic")
>>> figure._suptitle.get_text()
'One (synthetic)'
"""

import numpy as np
from matplotlib.figure import Figure

from rppg.contest.plots import BLUE, GREEN, LINE_STYLES, ORANGE, subplots, titled

COLUMNS = 2
AXES = tuple(zip("xyz", (BLUE, ORANGE, GREEN), LINE_STYLES, strict=False))


def plot_activities(
    xyz_g: list[np.ndarray], titles: list[str], rate_hz: float, title: str, origin: str
) -> Figure:
    """Stretches of acceleration (T_i, 3) in g, a panel each with a short title, three axes in each.

    All panels share their time axis; each has its own scale, for running is thirty times typing.
    Raises ValueError where there are not as many titles as stretches.
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
    """g at the left, time below the last of the n panels of each column."""
    for axes in panels[:, 0]:
        axes.set_ylabel("g")
    for axes in panels.flat[max(n - COLUMNS, 0) : n]:
        axes.set_xlabel("time (s)")
        axes.tick_params(labelbottom=True)
