"""Predictions of a model for the validation and the test recordings of a split.

table = predict_split(store, split, model, "ST-Transformer", labels=False, **inputs)
table.groupby("split")["hr_bpm"].describe()
"""

import pandas as pd
from torch import nn

from rppg.datasets.folds import Split
from rppg.datasets.store import Store
from rppg.inference.sliding_window import predict_model


def predict_split(
    store: Store, split: Split, model: nn.Module, name: str, *, labels: bool, **inputs
) -> pd.DataFrame:
    """The table of `predict_model` for the validation recordings (of a fold: those left out of it),
    then the test recordings; its column split is "validation" or "test".

    labels: whether ground-truth heart rates are read.  inputs: as in `predict_model`.  Raises
    ValueError if no recording has a heart rate, with the reasons.
    """
    ids = split.judged + split.test
    table = predict_model(store, ids, model, name, labels=labels, **inputs)
    table["split"] = table["id"].isin(split.test).map({True: "test", False: "validation"})
    if table["hr_bpm"].isna().all():
        reasons = ", ".join(sorted(set(table["reason"])))
        raise ValueError(f"{name} gives none of {len(table)} recordings a heart rate: {reasons}")
    return table
