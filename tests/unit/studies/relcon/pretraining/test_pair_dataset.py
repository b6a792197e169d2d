"""Candidates: from the anchor's hour only, without repetition, determined by the seed."""

import pickle
from collections import Counter

import numpy as np
import pandas as pd
import pytest
import torch

from rppg.dataloader.batches import Batches
from rppg.studies.relcon.data.window_store import Windows
from rppg.studies.relcon.pretraining.pair_dataset import LabelledWindows, MotionCandidates

HOURS = {  # (dataset, subject, session, hour) -> windows; each differs from the first in one
    ("A", "ann", "s1", 9): 7,
    ("A", "ann", "s1", 10): 3,
    ("A", "ann", "s2", 9): 4,
    ("A", "bob", "s1", 9): 5,
    ("B", "ann", "s1", 9): 6,
}


@pytest.fixture
def windows():
    """Windows whose samples are all the number of their row; hours lie in each other's midst."""
    rows = [(*hour, k) for hour, n in HOURS.items() for k in range(n)]
    table = pd.DataFrame(rows, columns=["dataset", "subject", "session", "hour", "k"])
    table = table.sample(frac=1, random_state=0).reset_index(drop=True)
    names = table[["dataset", "subject", "session"]].agg("/".join, axis=1)
    table["id"] = names + "@" + table["hour"].astype(str) + "." + table["k"].astype(str)
    numbers = np.arange(len(table), dtype=np.float32)[:, None, None]
    return Windows(np.broadcast_to(numbers, (len(table), 256, 3)), table)


def hour_of(windows, number):
    columns = ["dataset", "subject", "session", "hour"]
    return tuple(windows.table.loc[int(number), columns])


def draw(candidates, index=0, seed=0):
    return candidates.sample(index, torch.Generator().manual_seed(seed))


def drawn(item):
    """Rows of the candidates; every sample of a window says which one it is."""
    assert (item["within"] == item["within"][:, :1, :1]).all()
    return item["within"][:, 0, 0].int().tolist()


def test_candidates_are_others_of_the_same_dataset_subject_session_and_hour(windows):
    candidates = MotionCandidates(windows, n_within=2)
    assert len(candidates) == len(windows) and candidates.n_skipped == 0
    for index in range(len(candidates)):
        for seed in range(5):
            item = draw(candidates, index, seed)
            anchor, others = int(item["anchor"][0, 0]), drawn(item)
            assert item["id"] == windows.table["id"][anchor]
            assert {hour_of(windows, other) for other in others} == {hour_of(windows, anchor)}
            assert len({anchor, *others}) == 3, "without the anchor, none twice"


def test_every_window_is_an_anchor_once(windows):
    candidates = MotionCandidates(windows, n_within=2)
    ids = [draw(candidates, index)["id"] for index in range(len(candidates))]
    assert sorted(ids) == sorted(windows.table["id"])


def test_all_others_of_the_hour_are_drawn_alike_and_in_any_order(windows):
    candidates = MotionCandidates(windows, n_within=3)
    items = [draw(candidates, 0, seed) for seed in range(600)]
    anchor = int(items[0]["anchor"][0, 0])
    hour = hour_of(windows, anchor)
    others = {n for n in range(len(windows)) if hour_of(windows, n) == hour} - {anchor}
    for place in range(3):
        seen = Counter(drawn(item)[place] for item in items)
        assert set(seen) == others
        mean = 600 / len(others)
        assert all(abs(n - mean) < 5 * mean**0.5 for n in seen.values()), seen


@pytest.mark.parametrize(("n_within", "n_skipped"), [(2, 0), (3, 3), (4, 7), (6, 18)])
def test_hours_with_too_few_windows_are_left_out_and_counted(windows, n_within, n_skipped):
    candidates = MotionCandidates(windows, n_within)
    assert candidates.n_skipped == n_skipped
    assert len(candidates) == len(windows) - n_skipped
    items = [draw(candidates, index) for index in range(len(candidates))]
    hours = Counter(hour_of(windows, item["anchor"][0, 0]) for item in items)
    assert hours == {hour: n for hour, n in HOURS.items() if n > n_within}
    assert {item["within"].shape for item in items} == {(n_within, 256, 3)}


def test_without_candidates_every_window_is_an_anchor_alone(windows):
    alone = windows.part([4, 2])  # of hours of their own
    candidates = MotionCandidates(alone, n_within=0)
    assert len(candidates) == 2 and candidates.n_skipped == 0
    items = [draw(candidates, index) for index in range(2)]
    assert {int(item["anchor"][0, 0]) for item in items} == {2, 4}
    assert all(set(item) == {"anchor", "id"} for item in items)


def test_a_part_has_candidates_of_the_part_alone(windows):
    chosen = np.flatnonzero(windows.table["k"] < 3)
    candidates = MotionCandidates(windows.part(chosen), n_within=2)
    assert len(candidates) == 3 * len(HOURS)
    for index in range(len(candidates)):
        assert set(drawn(draw(candidates, index))) <= set(chosen)


def test_batches_follow_the_seed_and_can_start_anywhere(windows):
    candidates = MotionCandidates(windows, n_within=2)

    def stream_of(seed, first, n):
        stream = Batches(candidates, 8, seed=seed).stream(first)
        return [next(stream) for _ in range(n)]

    def rows(batches):
        return [(batch["id"], batch["within"][..., 0, 0].tolist()) for batch in batches]

    straight = stream_of(3, 0, 8)
    assert straight[0]["anchor"].shape == (8, 256, 3)
    assert straight[0]["anchor"].dtype == straight[0]["within"].dtype == torch.float32
    assert straight[0]["within"].shape == (8, 2, 256, 3) and len(straight[0]["id"]) == 8
    assert rows(stream_of(3, 5, 3)) == rows(straight[5:]), "as a resumed run does"
    assert rows(stream_of(4, 0, 8)) != rows(straight)
    candidates = pickle.loads(pickle.dumps(candidates))  # as workers get them
    assert rows(stream_of(3, 0, 8)) == rows(straight)
    of_one = {}
    for id, within in [pair for batch in rows(straight) for pair in zip(*batch, strict=True)]:
        of_one.setdefault(id, set()).add(tuple(within))
    assert max(map(len, of_one.values())) > 1, "an epoch draws others than the one before"


def test_what_is_drawn_is_no_view_of_the_windows(windows):
    held = Windows(np.array(windows.xyz_g), windows.table)
    items = draw(MotionCandidates(held, 2)), LabelledWindows(held, np.zeros(len(held)))[0]
    for tensor in (items[0]["anchor"], items[0]["within"], items[1]["anchor"]):
        tensor.fill_(-1.0)
    assert np.array_equal(held.xyz_g, windows.xyz_g)


@pytest.mark.parametrize(("kind", "dtype"), [("int32", torch.int64), ("float64", torch.float32)])
def test_labelled_windows_have_the_label_of_their_row(windows, kind, dtype):
    numbers = [4, 11, 2, 9]
    labels = np.array([3, 1, 0, 1], kind)
    labelled = LabelledWindows(windows.part(numbers), labels)
    batch = next(Batches(labelled, 4, seed=1).stream())
    assert batch["anchor"].shape == (4, 256, 3) and batch["label"].dtype == dtype
    label_of = dict(zip(numbers, labels.tolist(), strict=True))
    anchors = batch["anchor"][:, 0, 0].int().tolist()
    assert sorted(anchors) == sorted(numbers)
    assert batch["label"].tolist() == [label_of[anchor] for anchor in anchors]
    assert batch["id"] == windows.table["id"][anchors].tolist()


def test_what_cannot_be_drawn_from_is_an_error(windows):
    with pytest.raises(ValueError, match="n_within is -1, expected 0 or more"):
        MotionCandidates(windows, -1)
    with pytest.raises(ValueError, match="of 8 or more windows, the fullest has 7: take fewer"):
        MotionCandidates(windows, 7)
    with pytest.raises(ValueError, match="of 1 or more windows, the fullest has 0"):
        MotionCandidates(windows.part([]), 0)
    n, advice = len(windows), "exclude windows without a label by `part`"
    bad = [
        np.zeros(n - 1),
        np.zeros((n, 1)),
        np.array(["1"] * n),
        np.array([*[1.0] * (n - 1), np.nan]),
    ]
    for labels in bad:
        with pytest.raises(ValueError, match=f"expected {n} finite numbers: {advice}"):
            LabelledWindows(windows, labels)
