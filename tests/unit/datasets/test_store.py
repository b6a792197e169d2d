"""The store: written whole or not at all, wherever the writer dies; the same bytes every time."""

import json

import numpy as np
import pandas as pd
import pytest
from helpers.store import ID, fail, meta_of, tree, write

from rppg.datasets.store import Store, StoreError


def test_what_is_written_is_read(tmp_path):
    write(tmp_path, n_frames=5, version=3)
    prepared = Store(tmp_path).open(ID)
    assert prepared.fps == 30.0 and prepared.meta["fps"] == 25.0
    assert prepared.face.shape == (5, 128, 128, 3) and prepared.face.dtype == np.uint8
    assert prepared.mstmap.shape == (5, 63, 6) and prepared.bvp.shape == (5,)
    assert isinstance(prepared.face, np.memmap) and (prepared.face == 3).all()
    assert Store(tmp_path).path(ID) == tmp_path / "demo" / "ann" / "v1.mp4"


def test_a_window_is_those_frames_and_nothing_is_padded(tmp_path):
    with Store(tmp_path).begin(ID) as writer:
        writer.save("face", np.zeros((9, 128, 128, 3), np.uint8))
        writer.save("mstmap", np.arange(9 * 63 * 6, dtype=np.float32).reshape(9, 63, 6))
        writer.commit(meta_of(ID, 9))
    prepared = Store(tmp_path).open(ID)
    window = prepared.window(4, 3)
    assert set(window) == {"face", "mstmap"}  # no bvp: none was measured
    assert window["mstmap"][:, 0, 0].tolist() == [4 * 378, 5 * 378, 6 * 378]
    assert type(window["mstmap"]) is np.ndarray and len(prepared.window(0, 9)["face"]) == 9
    for start, n in [(-1, 3), (7, 3), (0, 10), (0, 0)]:
        with pytest.raises(IndexError, match="has frames 0 to 9"):
            prepared.window(start, n)


def test_open_says_whether_it_failed_or_was_never_prepared(tmp_path):
    fail(tmp_path, ID, "no face in 300 frames")
    with pytest.raises(ValueError, match="no face in 300 frames"):
        Store(tmp_path).open(ID)
    with pytest.raises(KeyError, match="demo/bob/v1"):
        Store(tmp_path).open("demo/bob/v1")
    assert Store(tmp_path).meta("demo/bob/v1") is None
    assert [p.name for p in Store(tmp_path).path(ID).iterdir()] == ["recording.json"]


@pytest.mark.parametrize("id", ["a/b", "a/b/c/d", "a//c", "../b/c", "a/b/.c", "/a/b/c"])
def test_an_id_never_leads_out_of_the_store(tmp_path, id):
    with pytest.raises(ValueError, match="dataset/subject/name"):
        Store(tmp_path).begin(id)


def test_same_input_gives_the_same_bytes(tmp_path):
    for root in (tmp_path / "a", tmp_path / "b"):
        write(root)
        fail(root, "demo/bob/v")
        Store(root).write_index()
    write(tmp_path / "b")  # once more over itself
    assert tree(tmp_path / "a") == tree(tmp_path / "b")
    text = (tmp_path / "a" / ID / "recording.json").read_text()
    assert text.endswith("}\n") and list(json.loads(text)) == sorted(json.loads(text))


def test_what_is_not_committed_leaves_nothing_behind(tmp_path):
    write(tmp_path, version=1)
    before = tree(tmp_path)
    with pytest.raises(KeyboardInterrupt), Store(tmp_path).begin(ID) as writer:
        writer.save("mstmap", np.zeros((2, 63, 6), np.float32))
        assert len(tree(tmp_path)) > len(before)
        raise KeyboardInterrupt
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"hr_true_bpm": float("nan")}, "hr_true_bpm.*None"),
        ({"gaps_s": [[0.0, float("inf")]]}, "gaps_s.*None"),
        ({"id": "demo/bob/v1"}, "demo/bob/v1"),
        ({"status": "fine"}, "'fine'"),
        ({"status": "failed", "reason": ""}, "needs a reason"),
        ({"n_frames": 5}, "n_frames 5"),
    ],
)
def test_a_meta_that_is_wrong_is_not_committed(tmp_path, changes, words):
    with Store(tmp_path).begin(ID) as writer:
        writer.save("face", np.zeros((4, 128, 128, 3), np.uint8))
        writer.save("mstmap", np.zeros((4, 63, 6), np.float32))
        with pytest.raises(ValueError, match=words):
            writer.commit(meta_of(ID, 4) | changes)
    assert Store(tmp_path).meta(ID) is None


def test_a_recording_without_its_arrays_is_not_committed(tmp_path):
    with Store(tmp_path).begin(ID) as writer:
        writer.save("face", np.zeros((4, 128, 128, 3), np.uint8))
        with pytest.raises(ValueError, match="expected face and mstmap"):
            writer.commit(meta_of(ID, 4))


def test_index_has_one_typed_row_a_recording_sorted(tmp_path):
    fail(tmp_path, "demo/zoe/v")
    write(tmp_path, "demo/bob/v", bvp=False)
    write(tmp_path, "demo/ann/v")
    store = Store(tmp_path)
    index = pd.read_parquet(store.write_index())
    pd.testing.assert_frame_equal(index, store.index())
    assert index["id"].tolist() == ["demo/ann/v", "demo/bob/v", "demo/zoe/v"]
    assert index["status"].tolist() == ["ok", "ok", "failed"]
    assert index["has_bvp"].tolist() == [True, False, False]
    assert index["gap_s"].tolist() == [1.5, 1.5, 0.0]
    assert index["n_frames"].sum() == 8 and index["n_frames"].isna().tolist() == [
        False,
        False,
        True,
    ]
    assert index.loc[2, "reason"] == "no face" and index.loc[2, "subject"] == "zoe"
    assert store.ids() == ["demo/ann/v", "demo/bob/v"] and store.ids("failed") == ["demo/zoe/v"]


def test_index_of_a_store_that_is_not_there_says_so(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        Store(tmp_path / "nowhere").index()
    assert Store(tmp_path / "nowhere").meta(ID) is None
    assert len(Store(tmp_path).index()) == 0 and "hr_true_bpm" in Store(tmp_path).index()


@pytest.mark.parametrize(
    "text", ['{"id": "demo/ann', "[1]", '{"id": "demo/bob/v", "status": "ok"}', "\xff"]
)
def test_an_unreadable_json_is_a_failure_that_names_the_file(tmp_path, text):
    write(tmp_path)
    write(tmp_path, "demo/bob/v")
    (tmp_path / ID / "recording.json").write_bytes(text.encode("latin-1"))
    index = Store(tmp_path).index().set_index("id")
    assert index["status"].to_dict() == {ID: "failed", "demo/bob/v": "ok"}
    assert "ann/v1.mp4/recording.json cannot be read" in index.loc[ID, "reason"]
    with pytest.raises(ValueError, match="cannot be read"):
        Store(tmp_path).open(ID)
    write(tmp_path)
    assert Store(tmp_path).ids() == [ID, "demo/bob/v"]


def test_a_root_that_cannot_be_written_names_itself_and_the_way_out(tmp_path):
    (tmp_path / "file").write_text("in the way")
    for action in (lambda s: s.begin(ID), lambda s: s.begin(ID).commit({})):
        with pytest.raises(StoreError, match=f"{tmp_path / 'file'}.*choose a folder") as caught:
            action(Store(tmp_path / "file"))
        assert isinstance(caught.value, OSError)


def test_what_a_killed_writer_left_is_cleared_and_its_neighbours_are_not(tmp_path):
    write(tmp_path, "demo/ann/v")
    subject = tmp_path / "demo" / "ann"
    for name in (".tmp-v-1", ".tmp-v-22", ".tmp-v-1-22", ".tmp-v2-1"):
        (subject / name).mkdir()
        (subject / name / "recording.json").write_text("{}")
    assert Store(tmp_path).ids() == ["demo/ann/v"]  # what is half written is not read
    write(tmp_path, "demo/ann/v", version=2)
    left = sorted(p.name for p in subject.iterdir())
    assert left == [".tmp-v-1-22", ".tmp-v2-1", "v"]


def test_an_older_copy_is_read_while_it_is_replaced_and_restored_by_the_next_writer(tmp_path):
    write(tmp_path)
    Store(tmp_path).path(ID).rename(tmp_path / "demo" / "ann" / ".old-v1.mp4")
    before = tree(tmp_path)
    store = Store(tmp_path)
    assert store.ids() == [ID] and store.meta(ID)["fingerprint"] == "v1"
    assert (store.open(ID).face == 1).all() and len(store.index()) == 1
    store.write_index()
    assert before.items() <= tree(tmp_path).items()  # reading and indexing moved nothing
    with pytest.raises(KeyboardInterrupt), store.begin(ID):
        raise KeyboardInterrupt
    assert store.path(ID).is_dir() and store.meta(ID)["fingerprint"] == "v1"


def test_an_array_is_opened_only_when_it_is_asked_for(tmp_path):
    write(tmp_path)
    path = Store(tmp_path).path(ID) / "bvp.npy"
    path.write_bytes(b"no array".ljust(path.stat().st_size))
    prepared = Store(tmp_path).open(ID)
    assert set(prepared.window(0, 2, names=("mstmap",))) == {"mstmap"}
    with pytest.raises(ValueError, match="bvp.npy is no array"):
        prepared.window(0, 2)


def test_an_array_that_changed_its_length_since_it_was_opened_is_not_read(tmp_path):
    write(tmp_path, n_frames=4)
    prepared = Store(tmp_path).open(ID)
    write(tmp_path, n_frames=3)
    with pytest.raises(ValueError, match=r"is of shape \(3, .*, its recording\.json had 4 frames"):
        prepared.window(0, 4)
