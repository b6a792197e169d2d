"""The ensemble is told how heads move, at the frequencies of its own candidates' spectra."""

import numpy as np
import pandas as pd
import pytest
from helpers.ensemble import FREQ_HZ, table_of

from rppg.datasets import Store
from rppg.evaluation.ensemble_judgement import Given
from rppg.inference.recorded_motion import with_head_motion

IDS = ["d/nods/v", "d/older/v", "d/lost/v"]


@pytest.fixture
def store(tmp_path):
    """A head that nods, a recording that was prepared before heads were kept; the third is lost."""
    nod = np.zeros((300, 5), np.float32)
    nod[:, 3] = 0.02 * np.sin(2 * np.pi * 1.6 * np.arange(300) / 30)  # 96 per minute
    store = Store(tmp_path)
    for id, head in zip(IDS, (nod, None), strict=False):
        with store.begin(id) as writer:
            writer.save("face", np.zeros((300, 128, 128, 3), np.uint8))
            writer.save("mstmap", np.zeros((300, 63, 6), np.float32))
            if head is not None:
                writer.save("head", head)
            writer.commit({"id": id, "status": "ok", "n_frames": 300})
    return store


@pytest.fixture
def given():
    """Candidates a and b; "other" was left out, and has another axis."""
    other = table_of({"other": [70.0, 80.0, 90.0]}, IDS)
    other["freq_hz"] = [FREQ_HZ[::2]] * 3
    table = pd.concat([other, table_of({"a": [70.0, 80.0, 90.0], "b": [None] * 3}, IDS)])
    return Given(table.reset_index(drop=True), None, {"a": "x", "b": "y"}, ["other"], None)


def test_motion_is_given_at_the_candidates_frequencies_and_unknown_without_a_head(store, given):
    table = with_head_motion(given, store).table
    for _, rows in table.groupby("model"):
        motion = rows.set_index("id")["motion"]
        assert 60 * FREQ_HZ[motion[IDS[0]].argmax()] == pytest.approx(96, abs=1)
        assert motion[IDS[0]].max() == pytest.approx(0.02, rel=0.1)
        assert motion[IDS[1:]].isna().all()


def test_no_other_array_is_needed_and_a_damaged_head_is_named(store, given):
    (store.path(IDS[0]) / "mstmap.npy").unlink()
    assert with_head_motion(given, store).table["motion"].notna().sum() == 3
    (store.path(IDS[0]) / "head.npy").write_bytes(b"cut")
    with pytest.raises(ValueError, match=r"head\.npy is no array"):
        with_head_motion(given, store)
