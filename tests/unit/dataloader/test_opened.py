"""Recordings of maps are opened once, a bounded number at a time, and anew in another process."""

import pickle
import resource
from types import SimpleNamespace

import pytest

from rppg.dataloader import opened
from rppg.dataloader.opened import OpenedRecordings


class FakeStore:
    """Counts what is opened; `bad` cannot be."""

    def __init__(self):
        self.ids = []

    def open(self, id):
        self.ids.append(id)
        if id == "bad":
            raise ValueError(f"{id} was not prepared")
        return SimpleNamespace(id=id)


def test_a_recording_is_opened_once():
    recordings = OpenedRecordings(store := FakeStore())
    assert recordings("a") is recordings("a") and recordings("b").id == "b"
    assert store.ids == ["a", "b"]


def test_no_more_than_the_last_ones_stay_open():
    recordings = OpenedRecordings(store := FakeStore())
    for number in range(opened.MOST + 1):
        recordings(number)
    recordings(opened.MOST), recordings(0)
    assert store.ids == [*range(opened.MOST + 1), 0]


@pytest.mark.parametrize(("n_files", "n_open"), [(64, 8), (4, 1), (resource.RLIM_INFINITY, 128)])
def test_fewer_stay_open_if_a_process_may_have_few_files(monkeypatch, n_files, n_open):
    monkeypatch.setattr(opened.resource, "getrlimit", lambda _: (n_files, n_files))
    recordings = OpenedRecordings(store := FakeStore())
    for number in [*range(n_open + 1), *range(n_open, 0, -1), 0]:
        recordings(number)
    assert store.ids == [*range(n_open + 1), 0]


def test_a_recording_that_cannot_be_opened_is_tried_again():
    recordings = OpenedRecordings(store := FakeStore())
    for _ in range(2):
        with pytest.raises(ValueError, match="bad was not prepared"):
            recordings("bad")
    assert store.ids == ["bad", "bad"]


def test_another_process_opens_them_again():
    recordings = OpenedRecordings(FakeStore())
    recordings("a")
    other = pickle.loads(pickle.dumps(recordings))
    assert other("a").id == "a" and other._store.ids == ["a", "a"]
