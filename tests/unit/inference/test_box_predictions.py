"""The models in the box on prepared recordings, as members of an ensemble."""

import numpy as np
import pandas as pd
import pytest
from helpers.self_consistency import write_recording

from rppg.datasets.store import Store
from rppg.evaluation.ensemble import stack
from rppg.inference import box_predictions
from rppg.inference.box_predictions import predict_box
from rppg.inference.classical import COLUMNS
from rppg.inference.sliding_window import predict_model


@pytest.fixture
def store(tmp_path):
    write_recording(tmp_path, "A/1/a", 72.0, n_frames=300, wide=64)
    write_recording(tmp_path, "A/2/b", 95.0, n_frames=300, wide=64)
    store = Store(tmp_path)
    store.write_index()
    return store


@pytest.mark.slow
def test_every_model_and_the_consensus_has_a_row_of_each_recording(store):
    table = predict_box(store, ["A/1/a", "A/2/b"])
    assert list(table.columns) == COLUMNS and set(table["kind"]) == {"learned"}
    names = table["model"].unique().tolist()
    assert len(names) == 4 and names[-1] == "box: consensus"
    assert (table.groupby("model")["id"].nunique() == 2).all()
    agreed = table[table["model"] == "box: consensus"].set_index("id")
    assert agreed["hr_bpm"].tolist() == pytest.approx([72, 95], abs=3)
    one = stack(table, names, ["A/1/a", "A/2/b"])  # what 05 makes of it
    assert np.isfinite(one.hr_bpm[-1]).all()
    for hr_bpm, power in zip(one.hr_bpm[-1], one.power[-1], strict=True):
        assert 60 * one.freq_hz[power.argmax()] == pytest.approx(hr_bpm, abs=0.1)


@pytest.mark.slow
def test_each_recording_has_the_consensus_of_the_nets_that_have_a_rate_for_it(store, monkeypatch):
    def without_b(*arguments, **options):
        table = predict_model(*arguments, **options)
        lost = {"hr_bpm": np.nan, "quality": np.nan, "freq_hz": None, "power": None}
        return pd.concat(
            [table[table["id"] != "A/2/b"], table[table["id"] == "A/2/b"].assign(**lost)]
        )

    ids = ["A/1/a", "A/2/b"]
    whole = predict_box(store, ids).set_index(["model", "id"])
    monkeypatch.setattr(box_predictions, "predict_model", without_b)
    mixed = predict_box(store, ids).set_index(["model", "id"])
    alone = predict_box(store, ["A/2/b"]).set_index(["model", "id"])
    of_a, of_b = ("box: consensus", "A/1/a"), ("box: consensus", "A/2/b")
    assert mixed.loc[of_a, "hr_bpm"] == whole.loc[of_a, "hr_bpm"]
    assert mixed.loc[of_b, "hr_bpm"] == alone.loc[of_b, "hr_bpm"] == pytest.approx(95, abs=3)
    np.testing.assert_array_equal(mixed.loc[of_b, "power"], alone.loc[of_b, "power"])


@pytest.mark.slow
def test_a_recording_that_failed_keeps_its_reason(store):
    with store.begin("A/3/c") as writer:
        meta = {"id": "A/3/c", "status": "failed", "reason": "no face was found"}
        writer.commit(meta)
    table = predict_box(store, ["A/1/a", "A/3/c"]).set_index(["model", "id"])
    row = table.loc[("box: consensus", "A/3/c")]
    assert np.isnan(row["hr_bpm"]) and row["power"] is None and "no face" in row["reason"]
    assert predict_box(store, ["A/3/c"])["hr_bpm"].isna().all()


def test_no_recording_is_refused(store):
    with pytest.raises(ValueError, match="no recording"):
        predict_box(store, [])
