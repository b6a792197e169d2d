"""The flashing block: place, rate, unchanged parts, share of a saliency map."""

import numpy as np
import pandas as pd
import pytest
from helpers.self_consistency import write_store

from rppg.datasets.store import Store
from rppg.studies.gideon2021.flashing_block import (
    BLOCK,
    RATES_BPM,
    area_of_block,
    block_summary,
    flashing,
    flashing_copy,
    share_on_block,
    with_block,
)

RATES = {"A/1/a": 60.0, "A/2/b": 90.0}
X, Y, WIDTH, HEIGHT = BLOCK
INSIDE = np.s_[:, Y : Y + HEIGHT, X : X + WIDTH]


def crops(n_frames=300, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n_frames, 64, 64, 3), np.uint8)


def put_wide(root, rates=RATES, n_frames=30):
    return write_store(root, rates, n_frames=n_frames, wide=64)


def files_of(store, id):
    return {path.name: path.read_bytes() for path in store.path(id).iterdir()}


# The block


def test_the_rest_of_the_crop_is_untouched_and_the_block_is_of_one_colour():
    frames = crops(60)
    before = frames.copy()
    _, found = flashing(frames, "A/1/a", 0)
    assert found.dtype == np.uint8 and found.shape == frames.shape
    assert np.array_equal(frames, before), "what was given stays as it was"
    changed = (found != frames).any(axis=(0, 3))
    assert changed[Y : Y + HEIGHT, X : X + WIDTH].all() and changed.sum() == WIDTH * HEIGHT
    block = found[INSIDE]
    assert np.array_equal(block, np.broadcast_to(block[:, :1, :1], block.shape))


@pytest.mark.parametrize("id", ["A/1/a", "B/2/video1", "UBFC-rPPG/subject1/vid"])
def test_the_block_flashes_at_the_rate_that_is_told(id):
    rate_bpm, found = flashing(crops(600), id, 3)
    course = found[INSIDE].mean(axis=(1, 2))  # (T, 3)
    power = np.abs(np.fft.rfft(course - course.mean(axis=0), 18000, axis=0)) ** 2
    peaks_bpm = 60 * np.fft.rfftfreq(18000, 1 / 30)[power.argmax(axis=0)]
    assert peaks_bpm == pytest.approx([rate_bpm] * 3, abs=0.5)
    assert np.ptp(course, axis=0) == pytest.approx([80, 80, 80], abs=2)  # nothing is cut at 0, 255


def test_rates_are_spread_over_their_range_and_belong_to_id_and_seed():
    frames = crops(2)
    rates = np.array([flashing(frames, f"A/{k}/a", 0)[0] for k in range(300)])
    low, high = RATES_BPM
    assert (low, high) == (60, 180)
    assert low <= rates.min() < low + 5 and high - 5 < rates.max() <= high
    assert rates.mean() == pytest.approx(120, abs=8) and len(set(rates)) == 300
    for id, seed in (("A/1/a", 1), ("A/2/a", 0)):
        assert flashing(frames, id, seed)[0] != flashing(frames, "A/1/a", 0)[0]


def test_the_same_id_and_seed_give_the_same_bytes():
    one, same, other = (flashing(crops(), "A/1/a", seed)[1] for seed in (0, 0, 1))
    assert one.tobytes() == same.tobytes() != other.tobytes()


# The copy of a store


def test_a_copy_has_the_block_and_all_else_as_it_was(tmp_path):
    store = put_wide(tmp_path / "store")
    before = {id: files_of(store, id) for id in RATES}
    copy = flashing_copy(store, RATES, tmp_path / "copy", seed=5)
    assert {id: files_of(store, id) for id in RATES} == before
    assert copy.ids() == sorted(RATES) and (tmp_path / "copy" / "index.parquet").is_file()
    for id in RATES:
        rate_bpm, frames = flashing(np.array(store.open(id).wide), id, 5)
        assert np.array_equal(copy.open(id).wide, frames)
        assert copy.meta(id) == store.meta(id) | {"flash_bpm": rate_bpm}
        copied = files_of(copy, id)
        assert copied.keys() == before[id].keys()
        same = {name for name in copied if copied[name] == before[id][name]}
        assert same == {"face.npy", "mstmap.npy", "bvp.npy"}


def test_what_is_there_stays_and_the_rest_is_added(tmp_path):
    store = put_wide(tmp_path / "store")
    copy = flashing_copy(store, ["A/1/a"], tmp_path / "copy", seed=5)
    before, written = files_of(copy, "A/1/a"), copy.path("A/1/a").stat().st_ino
    again = flashing_copy(store, RATES, tmp_path / "copy", seed=5)
    assert files_of(again, "A/1/a") == before and copy.path("A/1/a").stat().st_ino == written
    assert again.ids() == sorted(RATES)
    whole = flashing_copy(store, RATES, tmp_path / "whole", seed=5)
    assert files_of(whole, "A/2/b") == files_of(again, "A/2/b")


def test_recordings_that_cannot_flash_are_errors(tmp_path):
    store = write_store(tmp_path / "store", {"A/1/plain": 60.0}, n_frames=30)
    with Store(tmp_path / "store").begin("A/2/failed") as writer:
        writer.commit({"id": "A/2/failed", "status": "failed", "reason": "no face"})
    for id, error, words in (
        ("A/1/plain", ValueError, "has no wide.npy.*--crops wide"),
        ("A/2/failed", ValueError, "no face"),
        ("A/3/never", KeyError, "A/3/never is not prepared"),
    ):
        with pytest.raises(error, match=words):
            flashing_copy(store, [id], tmp_path / "copy", seed=0)
        assert not (tmp_path / "copy" / id).exists()


# What a map has of it


@pytest.mark.parametrize("side", [1, 3, 5, 8, 16, 64])
def test_an_even_map_has_as_much_of_the_block_as_the_crop_has(side):
    even = np.full((side, side), 1 / side**2)
    assert share_on_block(even) == pytest.approx(area_of_block())
    assert area_of_block() == WIDTH * HEIGHT / 64**2


def test_a_place_counts_by_the_part_that_the_block_covers():
    def share(side, row, column):
        found = np.zeros((side, side), np.float32)
        found[row, column] = 1
        return share_on_block(found)

    covered = np.array([[share(16, row, column) for column in range(16)] for row in range(16)])
    expected = np.zeros((16, 16))
    expected[Y // 4 : (Y + HEIGHT) // 4, X // 4 : (X + WIDTH) // 4] = 1
    assert np.array_equal(covered, expected)
    assert share(3, 0, 0) == pytest.approx((16 / (64 / 3)) ** 2)  # three quarters of either side
    assert share(3, 0, 1) == share(3, 2, 2) == 0
    assert share(5, 0, 1) == pytest.approx(16 / 12.8 - 1)  # whole height, a quarter of its width


# Columns of tested recordings


def test_rows_of_flashing_recordings_say_how_much_of_the_saliency_is_on_the_block(tmp_path):
    store = put_wide(tmp_path / "store")
    flashes = flashing_copy(store, RATES, tmp_path / "copy", seed=0)
    rates_bpm = {id: flashes.meta(id)["flash_bpm"] for id in RATES}
    rows = [{"id": id, "model": model, "hr_bpm": 90.0} for id in RATES for model in ("net", "mean")]
    rows[0]["hr_bpm"] = rates_bpm["A/1/a"] + 4.9
    rows[2]["hr_bpm"] = rates_bpm["A/2/b"] - 5.1
    looks = [{"id": "A/1/a", "saliency": np.full((8, 8), 1 / 64)}]
    table = pd.DataFrame(with_block(rows, looks, "net", flashes))
    assert table["block_area"].tolist() == [area_of_block()] * 4
    assert table["flash_bpm"].tolist() == [rates_bpm[row["id"]] for row in rows]
    seen = table["block_saliency"].tolist()
    assert seen[0] == pytest.approx(area_of_block()) and np.isnan(seen[1:]).all()
    assert "50% of the predictions" in block_summary(table, "net")
    assert "0.062 of the saliency, 0.062 of the area" in block_summary(table, "net")

    plain = pd.DataFrame(with_block(rows, looks, "net", store))
    assert plain[["block_saliency", "block_area", "flash_bpm"]].isna().all(axis=None)
