"""Errors over the share of recordings that are answered, the most confident first.

figure = plot_risk_coverage(true_bpm, pred_bpm, confidence, "Ensemble, test", "synthetic")
"""

import numpy as np
from matplotlib.figure import Figure

from rppg.evaluation.selective import references, risk_areas, risk_coverage
from rppg.plotting.style import BLUE, GREEN, GREY, subplots, titled

STYLES = {  # of selective.ORDERS
    "by confidence": {"color": BLUE, "lw": 1.8, "zorder": 3},
    "ideal": {"color": GREEN, "lw": 1.2, "ls": "--"},
    "random": {"color": GREY, "lw": 1.2, "ls": ":"},
}


def plot_risk_coverage(hr_true_bpm, hr_pred_bpm, confidence, title: str, origin: str) -> Figure:
    """RMSE and share within 5 bpm over the share answered, by confidence (n,), in the ideal order
    (smallest error first) and in a random one; the legend has the area under each.

    Raises ValueError as `risk_coverage`, and if no recording has a truth and an answer.
    """
    curve = risk_coverage(hr_true_bpm, hr_pred_bpm, confidence)
    if curve.empty:
        raise ValueError("no recording with a truth and an answer: there is no curve to draw")
    curves = (curve, *references(hr_true_bpm, hr_pred_bpm))
    areas = risk_areas(hr_true_bpm, hr_pred_bpm, confidence)
    figure, (left, right) = subplots(1, 2, figsize=(9.5, 3.8), sharex=True)
    for (order, style), one in zip(STYLES.items(), curves, strict=True):
        percent = 100 * one["share"]
        area = areas.loc[order]
        left.plot(percent, one["rmse_bpm"], **style, label=f"{order}, area {area.rmse_bpm:.2f}")
        within = f"{order}, area {100 * area.within_5bpm:.1f} %"
        right.plot(percent, 100 * one["within_5bpm"], **style, label=within)
    left.set(ylabel="RMSE (bpm)", ylim=(0, 1.5 * max(curve["rmse_bpm"].max(), 1.0)))
    lowest = 100 * min(one["within_5bpm"].min() for one in curves)
    right.set(ylabel="within 5 bpm (%)", ylim=(max(0, np.floor(lowest / 10) * 10 - 10), 101))
    for axes, place in ((left, "upper left"), (right, "lower left")):
        axes.set(xlabel=f"answered, of {len(curve)} recordings (%)", xlim=(0, 100))
        axes.legend(frameon=False, fontsize="small", loc=place)
    figure.suptitle(titled(title, origin), x=0.01, ha="left")
    return figure
