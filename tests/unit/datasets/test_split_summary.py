"""What a split holds: counts, origin, recordings with a ground-truth BVP."""

import numpy as np
import pytest
from helpers.store import fail, meta_of, write

from rppg.datasets.folds import Split
from rppg.datasets.split_summary import ids_with_bvp, origin_of, split_counts
from rppg.datasets.store import Store

A, B, C, OTHER, HELD_OUT = "A/1/v", "A/2/v", "A/3/v", "B/1/v", "B/2/v"


@pytest.fixture
def store(tmp_path):
    """A without a BVP but in C, which is known to be bad; B with BVPs."""
    for id in (A, B):
        write(tmp_path, id, bvp=False)
    with Store(tmp_path).begin(C) as writer:
        writer.save("face", np.zeros((4, 128, 128, 3), np.uint8))
        writer.save("mstmap", np.zeros((4, 63, 6), np.float32))
        writer.save("bvp", np.zeros(4, np.float32))
        writer.commit(meta_of(C, 4, known_bad="the sensor slipped"))
    for id in (OTHER, HELD_OUT):
        write(tmp_path, id)
    Store(tmp_path).write_index()
    return Store(tmp_path)


def test_counts_are_by_dataset_and_part():
    table = split_counts(Split([A, B, OTHER], [C], [HELD_OUT]))
    assert table.loc["A"].to_dict() == {"train": 2, "validation": 1, "test": 0}
    assert table.loc["B"].to_dict() == {"train": 1, "validation": 0, "test": 1}


def test_recordings_of_two_origins_are_refused(store):
    assert origin_of(store, [A, B]) == "synthetic"
    fail(store.root, "C/1/v")  # of origin "real"
    with pytest.raises(ValueError, match="of origin real, synthetic, expected one"):
        origin_of(store, [A, "C/1/v"])


def test_bvps_are_those_of_sound_recordings(store):
    assert ids_with_bvp(store, [A, OTHER, B, C]) == [OTHER]
    assert ids_with_bvp(store, [A, B, C]) == []
