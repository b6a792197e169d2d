"""Stores that a person, a broken disk or an attacker changed: one named error at the door."""

import json
import os

import numpy as np
import pytest
from helpers.store import ID, fail, meta_of, write

from rppg.datasets.store import Store

pytestmark = pytest.mark.malformed

METAS = {
    "n_frames negative": {"n_frames": -4},
    "n_frames huge": {"n_frames": 10**30},
    "n_frames text": {"n_frames": "4"},
    "n_frames true": {"n_frames": True},
    "n_frames 4.0": {"n_frames": 4.0},
    "n_frames null": {"n_frames": None},
    "status list": {"status": ["ok"]},
    "status unknown": {"status": "fine"},
    "reason number": {"reason": 7},
    "split list": {"split": ["train"]},
    "split unknown": {"split": "TEST"},
    "origin dict": {"origin": {}},
    "origin unknown": {"origin": "\x1b[31mreal"},
    "hr text": {"hr_true_bpm": "72"},
    "hr list": {"hr_true_bpm": [72.0]},
    "gaps number": {"gaps_s": 3},
    "gaps flat": {"gaps_s": [0.0, 1.0]},
    "gaps reversed": {"gaps_s": [[2.0, 1.0]]},
    "gaps of three": {"gaps_s": [[0.0, 1.0, 2.0]]},
    "notes text": {"notes": "a note"},
    "versions list": {"versions": [2]},
    "wide_boxes": {"wide_boxes": [[0.0, 1, 2, 3]]},
    "fingerprint": {"fingerprint": 5},
    "arrays list": {"arrays": ["face"]},
    "arrays unknown": {"arrays": {"../../etc/passwd": {"shape": [1], "dtype": "|u1", "bytes": 1}}},
    "arrays no bytes": {"arrays": {"face": {"shape": [4]}}},
}
START = f'{{"id": "{ID}", "status": "ok", "n_frames": 4, "fps": '
TEXTS = {
    "NaN": START + "NaN}",
    "Infinity": START + "-Infinity}",
    "1e999": START + "1e999}",
    "many digits": START + "9" * 5000 + "}",
    "deep": "[" * 100_000,
    "empty": "",
    "null": "null",
    "binary": "\0\1\2",
}


def change_meta(root, **changes):
    path = Store(root).path(ID) / "recording.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def assert_is_a_failure_that_names_the_file(root):
    store = Store(root)
    assert store.ids() == ["demo/bob/v"] and store.ids("failed") == [ID]
    reason = store.index().set_index("id").loc[ID, "reason"]
    assert "v1.mp4/recording.json cannot be read" in reason and len(reason) < 600
    with pytest.raises(ValueError, match="recording.json cannot be read"):
        store.open(ID)
    store.write_index()


@pytest.mark.parametrize("name", METAS)
def test_a_value_that_no_preparation_writes_is_a_failure_that_names_the_file(tmp_path, name):
    write(tmp_path)
    write(tmp_path, "demo/bob/v")
    change_meta(tmp_path, **METAS[name])
    assert_is_a_failure_that_names_the_file(tmp_path)


@pytest.mark.parametrize("name", TEXTS)
def test_a_json_that_is_none_is_a_failure_that_names_the_file(tmp_path, name):
    write(tmp_path)
    write(tmp_path, "demo/bob/v")
    (tmp_path / ID / "recording.json").write_text(TEXTS[name])
    assert_is_a_failure_that_names_the_file(tmp_path)


def truncate(path):
    path.write_bytes(path.read_bytes()[:-7])


def link(path):
    path.rename(path.parent.parent / "elsewhere.npy")
    path.symlink_to(path.parent.parent / "elsewhere.npy")


def loop(path):
    path.unlink()
    path.symlink_to(path)


DAMAGES = {
    "deleted": (lambda path: path.unlink(), "is missing"),
    "cut off": (truncate, "recording.json lists"),
    "empty": (lambda path: path.write_bytes(b""), "recording.json lists"),
    "a link": (link, "is a link"),
    "a loop": (loop, "is a link"),
    "a folder": (lambda path: (path.unlink(), path.mkdir()), "is missing"),
    "a FIFO": (lambda path: (path.unlink(), os.mkfifo(path)), "is missing"),
    "longer": (lambda path: path.write_bytes(path.read_bytes() + b"0"), "recording.json lists"),
}


@pytest.mark.parametrize("array", ["face", "mstmap", "bvp"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_array_is_named_when_its_recording_is_opened(tmp_path, damage, array):
    write(tmp_path)
    store, (change, words) = Store(tmp_path), DAMAGES[damage]
    assert store.is_intact(ID)
    change(store.path(ID) / f"{array}.npy")
    with pytest.raises(ValueError, match=f"{array}.npy .*{words}.*"):
        store.open(ID)
    assert not store.is_intact(ID)


def same_size(path, array):
    """Replace an array by another one in a file of the same size, if it can be."""
    n_bytes = path.stat().st_size
    np.save(path, array)
    if path.stat().st_size < n_bytes:
        path.write_bytes(path.read_bytes().ljust(n_bytes))


REPLACED = {
    "garbage": (lambda path: path.write_bytes(b"x" * path.stat().st_size), "is no array"),
    "nested header": (
        lambda path: path.write_bytes(
            (b"\x93NUMPY\x01\x00\x76\x00" + b"(" * 118).ljust(path.stat().st_size, b"(")
        ),
        "is no array",
    ),
    "type": (lambda path: same_size(path, np.zeros((4, 63, 6), ">f4")), "expected .T, 63, 6."),
    "shape": (lambda path: same_size(path, np.zeros((4, 6, 63), "<f4")), "expected .T, 63, 6."),
    "Fortran": (
        lambda path: same_size(path, np.asfortranarray(np.zeros((4, 63, 6), "<f4"))),
        "is in Fortran order",
    ),
    "dimensions": (lambda path: same_size(path, np.zeros(4 * 63 * 6, "<f4")), "of shape"),
    "no dimension": (lambda path: same_size(path, np.float32(3)), "has .* bytes"),
}


@pytest.mark.parametrize("name", REPLACED)
def test_an_array_of_another_kind_is_named_when_it_is_read(tmp_path, name):
    write(tmp_path)
    change, words = REPLACED[name]
    change(tmp_path / ID / "mstmap.npy")
    prepared = Store(tmp_path).open(ID)
    with pytest.raises(ValueError, match=f"mstmap.npy.*{words}"):
        prepared.window(0, 2)
    assert not Store(tmp_path).is_intact(ID)


def test_pickled_objects_are_never_loaded(tmp_path):
    write(tmp_path)
    change_meta(tmp_path, arrays=None)  # as a store from elsewhere that lists what it likes
    np.save(tmp_path / ID / "mstmap.npy", np.array([{}] * 4, object), allow_pickle=True)
    with pytest.raises(ValueError, match="mstmap.npy is an array of Python objects"):
        Store(tmp_path).open(ID).mstmap  # noqa: B018


def test_a_recording_written_without_the_list_is_still_one(tmp_path):
    write(tmp_path)
    meta = json.loads((tmp_path / ID / "recording.json").read_text())
    del meta["arrays"]
    (tmp_path / ID / "recording.json").write_text(json.dumps(meta))
    store = Store(tmp_path)
    assert store.is_intact(ID) and len(store.open(ID).window(0, 4)) == 3
    truncate(tmp_path / ID / "bvp.npy")
    assert not store.is_intact(ID)
    with pytest.raises(ValueError, match="bvp.npy has 137 bytes"):
        store.open(ID).bvp  # noqa: B018
    (tmp_path / ID / "face.npy").unlink()
    with pytest.raises(ValueError, match="face.npy is missing"):
        store.open(ID)


@pytest.mark.parametrize("id", ["a/b/c\n", "a/b\u2028/c", "a/\x1b[31m/c", "a/b/c\udce9", "a/../c"])
def test_ids_that_are_none_are_refused_in_one_printable_line(tmp_path, id):
    for action in (Store(tmp_path).meta, Store(tmp_path).open, Store(tmp_path).begin):
        with pytest.raises(ValueError, match="is no recording id") as caught:
            action(id)
        assert str(caught.value).isprintable()


def test_a_folder_with_a_name_that_is_no_id_is_named(tmp_path):
    write(tmp_path)
    (tmp_path / "demo" / "ann").rename(tmp_path / "demo" / "a\u2028nn")
    with pytest.raises(ValueError, match=r"demo/a\\u2028nn/v1.mp4' is no recording id"):
        Store(tmp_path).index()


def test_a_loop_of_links_in_a_store_is_passed_over(tmp_path):
    write(tmp_path)
    (tmp_path / "demo" / "loop").symlink_to(tmp_path / "demo" / "loop")
    assert Store(tmp_path).ids() == [ID]


def test_the_list_of_arrays_is_written_and_a_failure_has_none(tmp_path):
    write(tmp_path)
    fail(tmp_path, "demo/bob/v")
    assert Store(tmp_path).meta(ID)["arrays"]["bvp"] == {
        "shape": [4],
        "dtype": "<f4",
        "bytes": 144,
    }
    assert "arrays" not in Store(tmp_path).meta("demo/bob/v")
    with Store(tmp_path).begin(ID) as writer:  # a list that is given is not believed
        writer.save("face", np.zeros((3, 8, 8, 3), np.uint8))
        writer.save("mstmap", np.zeros((3, 63, 6), np.float32))
        meta = writer.commit({**meta_of(ID, 3), "arrays": {}})
    assert meta == Store(tmp_path).meta(ID) and set(meta["arrays"]) == {"face", "mstmap"}
