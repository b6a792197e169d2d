"""The models in the box, and their consensus, on prepared recordings: members of an ensemble that
have learned nothing from its labels.

    table = predict_box(store, ids)
    table["model"].unique()  # "box: st_transformer", ..., "box: consensus"

What the models learned from is in docs/people.md.  The consensus is the one of `rppg predict`, with
the classical methods, but for the ST-Transformer's views of three regions, whose spectra vote here
and whose waves are averaged there.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from rppg.datasets.prepared import Prepared
from rppg.datasets.store import Store
from rppg.evaluation.consensus import consensus
from rppg.evaluation.ensemble import mean_known, with_answers
from rppg.inference.classical import COLUMNS, predict_classical
from rppg.inference.consensus import fitted_for, members, without_lost
from rppg.inference.evidence import head_amplitude, purity_of
from rppg.inference.sliding_window import predict_model
from rppg.inference.trained import load_models, views_of
from rppg.models.names import RECIPES
from rppg.signals.multi_region import CLASSICAL

PREFIX, CONSENSUS = "box: ", "consensus"


def predict_box(store: Store, ids: Sequence[str]) -> pd.DataFrame:
    """Heart rates of recordings by each model in the box, then by their consensus: columns as of
    `rppg.inference.sliding_window.predict_model`, kind "learned".

    A model that sees crops which the recordings lack has no rate, and its row says why; the others
    agree without it.  Raises KeyError for an id that was never prepared, ValueError for no id.
    """
    if not len(ids):
        raise ValueError("no recording to predict")
    models = load_models(list(RECIPES))
    tables = [
        predict_model(store, ids, net, name, **given, views=views_of(net))
        for name, (net, given) in models.items()
    ]
    everyone = _stacked([*tables, predict_classical(store, ids, CLASSICAL)])
    table = _stacked([*tables, _agreed(store, everyone, tables[0])]).reset_index(drop=True)
    return table.assign(model=PREFIX + table["model"])


def _agreed(store: Store, everyone: pd.DataFrame, like: pd.DataFrame) -> pd.DataFrame:
    """Rows of the consensus, with the facts of the rows `like`."""
    known = everyone[everyone["hr_bpm"].notna()]
    windows = {
        id: {one.model: one for one in rows.itertuples()} for id, rows in known.groupby("id")
    }
    rows = like.assign(model=CONSENSUS, hr_bpm=np.nan, quality=np.nan, freq_hz=None, power=None)
    alike = rows["id"].map(lambda id: ", ".join(windows.get(id, ())))  # who has a rate for it
    tables = [_answers(store, mine, windows) for _, mine in rows.groupby(alike, sort=False)]
    return _stacked(tables).loc[rows.index]


def _stacked(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Tables of predictions below each other, each row with its index; pd.concat would warn of
    columns in which one of them has nothing."""
    rows = [row for table in tables for row in table.to_dict("records")]
    index = np.concatenate([table.index for table in tables])
    return pd.DataFrame(rows, index, COLUMNS).astype({"hr_true_bpm": float})


def _answers(store: Store, rows: pd.DataFrame, windows: Mapping[str, Mapping]) -> pd.DataFrame:
    """The rows of recordings for which the same members have a rate, with the consensus' answers
    if one of its members is among them."""
    rates = [windows.get(id, {}) for id in rows["id"]]
    fitted = fitted_for(list(RECIPES))
    while (others := without_lost(fitted, rates[0])) is not fitted:
        fitted = others
    if not set(rates[0]) & set(fitted.rules.needed):
        return rows
    one = members(rates)
    beside = [_beside(store.open(id), one.freq_hz) for id in rows["id"]]
    found = consensus(one, fitted.rules, *np.stack(beside, axis=1))
    answers = found.hr_bpm, mean_known(found.members.quality), found.freq_hz, found.power
    return with_answers(rows, *answers)


def _beside(prepared: Prepared, freq_hz: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The head's motion and the signature's purity (F,) in a prepared recording."""
    purity = purity_of(np.asarray(prepared.mstmap), prepared.fps, freq_hz)
    return head_amplitude(prepared, freq_hz), purity
