"""Wide crops of a store: reading, clips of them, and advice if they are missing."""

import numpy as np
import pytest
import torch

from rppg.dataloader.clips import Clips, Place
from rppg.datasets.store import Store

ID, N, T = "A/1/a", 40, 30


def write(root, id=ID, wide=None):
    """A prepared recording of N frames, with wide crops where some are given."""
    with Store(root).begin(id) as writer:
        writer.save("face", np.zeros((N, 8, 8, 3), np.uint8))
        writer.save("mstmap", np.zeros((N, 63, 6), np.float32))
        if wide is not None:
            writer.save("wide", wide)
        writer.commit({"id": id, "status": "ok", "n_frames": N, "gaps_s": []})
    return Store(root)


def crops():
    return np.random.default_rng(0).integers(0, 256, (N, 64, 64, 3), np.uint8)


def test_wide_crops_are_read_by_window(tmp_path):
    prepared = write(tmp_path, wide=crops()).open(ID)
    assert prepared.wide.shape == (N, 64, 64, 3) and isinstance(prepared.wide, np.memmap)
    window = prepared.window(5, 3)
    assert set(window) == {"face", "mstmap", "wide"}
    assert np.array_equal(window["wide"], crops()[5:8])


def test_wide_crops_of_another_length_are_not_committed(tmp_path):
    with pytest.raises(ValueError, match=r"and bvp, wide, head\) of n_frames 40"):
        write(tmp_path, wide=crops()[1:])


def test_clips_are_wide_crops_as_stored_or_averaged_down(tmp_path):
    store, place = write(tmp_path, wide=crops()), Place(ID, 5)
    stored, same, small = (
        Clips(store, [ID], "wide", T, size=size)[place]["clip"] for size in (None, 64, 16)
    )
    assert stored.dtype == torch.uint8 and torch.equal(stored, torch.from_numpy(crops()[5:35]))
    assert same.dtype == torch.float32 and torch.equal(same, stored.float())
    blocks = crops()[5:35].reshape(T, 16, 4, 16, 4, 3).mean(axis=(2, 4))
    torch.testing.assert_close(small, torch.from_numpy(blocks).float())
    faster = Clips(store, [ID], "wide", T, size=64)[Place(ID, 0, 1.25)]["clip"]
    torch.testing.assert_close(faster[4], same[0])  # frame 5, a quarter faster


def test_a_store_without_them_is_usable_otherwise_and_the_error_has_advice(tmp_path):
    store = write(write(tmp_path, wide=crops()).root, "A/2/b")
    assert len(Clips(store, [ID, "A/2/b"], "face", T)) == 2
    advice = "A/2/b has no wide.npy, it has face, mstmap; prepare it again .* --crops wide"
    with pytest.raises(ValueError, match=advice):
        Clips(store, [ID, "A/2/b"], "wide", T)
    with pytest.raises(ValueError, match=advice):
        len(store.open("A/2/b").wide)
