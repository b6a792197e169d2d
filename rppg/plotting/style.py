"""Shared style of all figures: colours, line styles, axes without frames, titles with the origin.

figure, axes = subplots(1, 2, figsize=(8, 3))
axes[0].set_title(titled("Error by heart rate", "synthetic"))
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from rppg.evaluation.metrics import NEAR_BPM

BLUE, ORANGE, GREEN, PURPLE, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#7F7F7F"
KIND_COLOURS = {
    "null": GREY,
    "classical": BLUE,
    "learned": ORANGE,
    "ensemble": GREEN,
    "published": PURPLE,
}
LINE_STYLES = ("-", "--", "-.", ":")
CLEAN = {"axes.spines.top": False, "axes.spines.right": False}


def subplots(*args, **kwargs):
    """plt.subplots without upper and right spines, in a layout that cuts nothing off."""
    with plt.rc_context(CLEAN):
        return plt.subplots(*args, layout="constrained", **kwargs)


def titled(title: str, origin: str) -> str:
    """The title, followed by "(synthetic)" if the origin is synthetic."""
    return f"{title} (synthetic)" if origin == "synthetic" and "synthetic" not in title else title


def draw_identity(axes: Axes, ends: np.ndarray) -> None:
    """The line on which predicted rates are true, from ends[0] to ends[1], in a band of 5 bpm."""
    axes.fill_between(ends, ends - NEAR_BPM, ends + NEAR_BPM, color=GREEN, alpha=0.18, lw=0)
    axes.plot(ends, ends, color=GREEN, lw=1.2)
