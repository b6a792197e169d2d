"""Who learns, chooses and tests: no validation or test recording is ever learned from."""

import numpy as np
import pytest

from rppg.recordings.folds import write_folds
from rppg.recordings.keep import make_folds
from rppg.recordings.parts import parts_of
from rppg.recordings.store import Store


def put(store, id, split="train", status="ok"):
    with store.begin(id) as writer:
        writer.save("mstmap", np.zeros((2, 63, 6), np.float32))
        writer.save("face", np.zeros((2, 4, 4, 3), np.uint8))
        meta = {"id": id, "status": status, "split": split, "n_frames": 2}
        writer.commit(meta | ({"reason": "no face"} if status == "failed" else {}))


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path)
    train = [f"VIPL-HR-V2/{subject}/video{k}" for subject in range(1, 11) for k in (1, 2)]
    for id in train:
        put(store, id, status="failed" if id.endswith("3/video1") else "ok")
    put(store, "PURE/01/01-01", split="none")
    put(store, "OBF/1/video1", split="test")
    write_folds(tmp_path / "folds" / "VIPL-HR-V2.csv", make_folds(train, "vipl_hr_v2"))
    store.write_index()
    return store


def test_parts_share_no_subject_and_hold_what_was_prepared(store):
    parts, lacking = parts_of(store, ["VIPL-HR-V2", "PURE", "MMSE-HR"], "VIPL-HR-V2")
    assert lacking == ["MMSE-HR"] and parts.test == ["OBF/1/video1"]
    subjects = [{id.rsplit("/", 1)[0] for id in part} for part in parts]
    assert not subjects[0] & subjects[1] and len(subjects[1]) == 2
    assert "PURE/01/01-01" in parts.train and "VIPL-HR-V2/3/video1" not in sum(parts, [])
    assert len(sum(parts, [])) == 21


def test_test_recordings_are_not_learned_from_even_where_their_dataset_is(store):
    parts, _ = parts_of(store, ["OBF", "PURE"], "VIPL-HR-V2")
    assert parts.train == ["PURE/01/01-01"]


def test_nothing_to_learn_from_and_folds_that_are_not_there_are_errors(store):
    with pytest.raises(ValueError, match=r"0 recordings of \['MMSE-HR'\] to learn from"):
        parts_of(store, ["MMSE-HR"], "VIPL-HR-V2")
    with pytest.raises(FileNotFoundError, match="PURE.csv is not there: run 01_preprocess"):
        parts_of(store, ["PURE"], "PURE")
