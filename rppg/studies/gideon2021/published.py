"""Tables 3, 6 and 7 of Gideon and Stent as data, number by number as printed.

"The Way to my Heart is through Contrastive Learning: Remote Photoplethysmography from Unlabelled
Video", ICCV 2021: Table 3 in section 5.1, Tables 6 and 7 in sections A3 and A8 of the appendix.
NaN stands for the paper's "-".  Numbers are averages over 25 runs (Table 7: five), each tested on
the people of one fold; the mean and median baselines are those of the test data.  Section 5.2 says
that the sampler alters performance by at most one point; in Table 3 the difference is up to 1.5 bpm
(contrastive, UBFC).

    >>> rows = published_rows()
    >>> row = rows[(rows["dataset"] == "UBFC-rPPG") & (rows["row"] == "contrastive")].iloc[0]
    >>> float(row["rmse_bpm"]), float(row["wave_mcc"])
    (4.6, 0.63)
    >>> changes = published_changes().set_index(["w_s", "w_t"])
    >>> float(changes.loc[(0.1, 0.0), "rmse_change_bpm"])  # sparsity 0.1, temporal 0
    3.1
"""

from itertools import product

import numpy as np
import pandas as pd

SOURCE = "Gideon and Stent, ICCV 2021"
DATASETS = ("PURE", "COHFACE", "MR-NIRP-Car", "UBFC-rPPG")  # in the tables' order
CONTRASTIVE = ("contrastive", "contrastive, saliency")
SYSTEMS = ("supervised", "supervised, saliency", *CONTRASTIVE)
RATES = ("rmse_bpm", "mae_bpm", "hr_pearson")  # of Table 3, of heart rates
WAVES = ("wave_pearson", "wave_mcc", "wave_snr_db")  # of Table 6, of the predicted BVP
CHANGES = ("rmse_change_bpm", "mae_change_bpm", "hr_pearson_change")  # of Table 7
WEIGHTS = (0.0, 0.1, 1.0, 10.0)  # of both axes of Table 7
NAN = np.nan

TABLE_3 = {  # RMSE, MAE, PC of heart rates: PURE, COHFACE, MR-NIRP-Car, UBFC
    "mean": (16.0, 13.0, -0.27, 15.4, 12.0, -0.19, 15.1, 12.7, NAN, 21.8, 19.1, 0.00),
    "median": (22.0, 19.2, -0.05, 17.8, 14.6, -0.09, 16.9, 14.7, NAN, 21.6, 18.8, -0.11),
    "HR-CNN": (2.4, 1.8, 0.98, 10.8, 8.1, 0.29, NAN, NAN, NAN, NAN, NAN, NAN),
    "Nowara et al.": (NAN, NAN, NAN, NAN, NAN, NAN, 2.9, NAN, NAN, NAN, NAN, NAN),
    "Meta-rppg": (NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, 7.4, 6.0, 0.53),
    "supervised": (2.6, 2.1, 0.99, 7.8, 2.5, 0.75, 1.6, 0.7, 0.96, 4.9, 3.7, 0.95),
    "supervised, saliency": (2.6, 2.1, 0.99, 7.6, 2.3, 0.76, 1.8, 0.8, 0.97, 5.0, 3.8, 0.95),
    "contrastive": (2.9, 2.3, 0.99, 4.6, 1.5, 0.90, 4.1, 1.7, 0.91, 4.6, 3.6, 0.95),
    "contrastive, saliency": (3.0, 2.3, 0.99, 5.5, 1.8, 0.84, 5.2, 2.4, 0.87, 6.1, 5.0, 0.91),
}
STARRED = ("Nowara et al.", "Meta-rppg")  # "not directly comparable" to the paper's own rows

TABLE_6 = {  # PC, MCC, SNR (dB) of the predicted BVP: PURE, COHFACE, MR-NIRP-Car, UBFC
    "mean": (-0.01, 0.12, -9.6, -0.01, 0.14, -9.2, -0.02, 0.36, 5.6, 0.00, 0.10, -13.0),
    "median": (0.00, 0.08, -10.9, 0.00, 0.14, -9.2, 0.00, 0.30, 1.4, 0.01, 0.10, -13.5),
    "supervised": (0.54, 0.90, 18.1, 0.23, 0.57, 15.4, 0.52, 0.79, 17.8, 0.17, 0.64, 13.3),
    "supervised, saliency": (
        *(0.58, 0.90, 18.1, 0.30, 0.57, 15.5),
        *(0.42, 0.78, 17.9, 0.15, 0.64, 13.3),
    ),
    "contrastive": (0.02, 0.79, 19.4, -0.19, 0.65, 17.9, 0.18, 0.74, 19.3, 0.03, 0.63, 14.3),
    "contrastive, saliency": (
        *(0.00, 0.80, 19.5, -0.04, 0.65, 17.9),
        *(0.27, 0.74, 18.8, 0.01, 0.61, 13.3),
    ),
}

TABLE_7 = {  # changes from (0, 0): one row per w_s (sparsity), one column per w_t (temporal); UBFC
    "rmse_change_bpm": (
        (NAN, 1.4, 1.4, -0.9),
        (3.1, 0.8, -0.8, 0.1),
        (-0.8, 0.0, -0.7, -0.4),
        (0.2, 0.6, 0.4, -0.9),
    ),
    "mae_change_bpm": (
        (NAN, 0.7, 0.6, -0.2),
        (1.3, 0.4, -0.2, 0.0),
        (-0.2, 0.0, -0.2, -0.1),
        (0.0, 0.2, 0.2, -0.2),
    ),
    "hr_pearson_change": (
        (NAN, -0.06, -0.06, 0.02),
        (-0.18, -0.04, 0.02, 0.00),
        (0.02, 0.00, 0.02, 0.01),
        (0.00, -0.02, -0.01, 0.03),
    ),
}


def published_rows() -> pd.DataFrame:
    """Tables 3 and 6: one row per method and dataset, in the paper's order.

    Columns row (SYSTEMS, "mean", "median" and the other authors'), dataset (under our layouts'
    names), RATES, WAVES, starred (bool: the paper's asterisk).
    """
    rates, waves = _tidy(TABLE_3, RATES), _tidy(TABLE_6, WAVES)
    rows = rates.merge(waves, on=["row", "dataset"], how="left", validate="1:1")
    has_numbers = rows[[*RATES, *WAVES]].notna().any(axis=1)
    return rows.assign(starred=rows["row"].isin(STARRED) & has_numbers)


def published_changes() -> pd.DataFrame:
    """Table 7: one row per pair of weights; columns w_s, w_t, CHANGES."""
    pairs = pd.DataFrame(list(product(WEIGHTS, WEIGHTS)), columns=["w_s", "w_t"])
    return pairs.assign(**{name: np.ravel(TABLE_7[name]) for name in CHANGES})


def _tidy(table: dict[str, tuple], metrics: tuple[str, ...]) -> pd.DataFrame:
    """One row per method and dataset of a table as printed: three metrics per dataset."""
    places = list(product(table, DATASETS))
    values = np.array(list(table.values())).reshape(len(places), len(metrics))
    rows = pd.DataFrame(places, columns=["row", "dataset"])
    return rows.join(pd.DataFrame(values, columns=list(metrics)))
