"""What prepared recordings tell about misses: the best region, the head's motion in the crop."""

import numpy as np
import pandas as pd
import pytest
from skimage.data import astronaut

from rppg.datasets import Store
from rppg.inference.pulse_visibility import explain_errors, head_motion_rates, region_rates

N, FPS = 300, 30
TIMES_S = np.arange(N) / FPS


def prepared(root, id, hr_bpm=72.0, nod_bpm=0.0):
    """A face whose region 7 alone has a pulse, and whose head nods."""
    mstmap = np.full((N, 63, 6), 100.0, np.float32)
    mstmap += np.random.default_rng(0).normal(0, 0.3, mstmap.shape).astype(np.float32)
    beat = np.sin(2 * np.pi * hr_bpm / 60 * TIMES_S)
    mstmap[:, 7, :3] *= 1 - 0.02 * beat[:, None] * np.array([0.33, 0.77, 0.53])
    picture = astronaut()[20:276, 100:356][::2, ::2]
    shifts = np.round(4 * np.sin(2 * np.pi * nod_bpm / 60 * TIMES_S)).astype(int)
    store = Store(root)
    with store.begin(id) as writer:
        writer.save("face", np.stack([np.roll(picture, shift, axis=0) for shift in shifts]))
        writer.save("mstmap", mstmap)
        writer.commit({"id": id, "status": "ok", "n_frames": N})
    return store


def failed(store, id):
    with store.begin(id, needs=()) as writer:
        writer.commit({"id": id, "status": "failed", "reason": "no face"})


def test_the_best_region_is_found_and_what_is_unknown_is_nan(tmp_path):
    store = prepared(tmp_path, "OBF/1/a")
    failed(store, "OBF/2/a")
    truth = pd.Series({"OBF/1/a": 72.0, "OBF/2/a": 72.0})
    found = region_rates(store, truth)
    assert found["OBF/1/a"] == pytest.approx(72, abs=1) and np.isnan(found["OBF/2/a"])
    assert region_rates(store, pd.Series({"OBF/1/a": np.nan})).isna().all()
    with pytest.raises(KeyError, match="OBF/3/a"):
        region_rates(store, pd.Series({"OBF/3/a": 72.0}))


@pytest.mark.slow
def test_a_nodding_head_is_the_cause_of_a_miss_at_its_rate(tmp_path):
    store = prepared(tmp_path, "OBF/1/a", nod_bpm=102)
    prepared(tmp_path, "OBF/2/a")
    rates = head_motion_rates(store, ["OBF/1/a", "OBF/2/a"])
    assert rates["OBF/1/a"] == pytest.approx(102, abs=2) and np.isnan(rates["OBF/2/a"])
    facts = {"id": ["OBF/1/a", "OBF/2/a", "gone"], "hr_bpm": [103.0, 103, 80]}
    submitted = pd.DataFrame({**facts, "hr_true_bpm": [72.0, 72, 80]})
    budget, choices = explain_errors(submitted, submitted.assign(model="net"), store)
    assert budget["part"].tolist() == ["motion", "other", "spread"]
    assert choices["what"].iloc[-1] == "perfect choice of region, POS"
    assert choices["rmse_bpm"].iloc[-1] < 1  # the third has no regions: its own answer
