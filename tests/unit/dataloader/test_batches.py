"""Batches: determined by their number, shared by processes, the same with several workers."""

from itertools import islice

import pytest
import torch
from helpers.toy_training import N_SAMPLES, Lines

from rppg.dataloader import batches
from rppg.dataloader.batches import Batches
from rppg.utils.seeding import generator_from, seed_from


def read(batches, n, **where):
    return list(islice(batches.stream(**where), n))


def indices(batches, number, **process):
    return [index for index, _ in batches.keys(number, **process)]


def test_an_epoch_visits_every_sample_once_in_its_own_order():
    batches = Batches(Lines(), batch_size=8, seed=3)
    epochs = [sum((indices(batches, 6 * e + k) for k in range(6)), []) for e in range(3)]
    assert len(batches) == 6
    assert all(sorted(epoch) == list(range(N_SAMPLES)) for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2] and epochs[0] != sorted(epochs[0])
    assert indices(Batches(Lines(), 8, seed=4), 0) != indices(batches, 0)


def test_samples_that_do_not_fill_a_batch_are_skipped():
    batches = Batches(Lines(), batch_size=20)
    visited = [set(indices(batches, 2 * e) + indices(batches, 2 * e + 1)) for e in range(8)]
    assert all(len(epoch) == 40 for epoch in visited)
    assert set.union(*visited) == set(range(N_SAMPLES))


@pytest.mark.parametrize("first", [0, 1, 5, 6, 13])
def test_a_stream_may_start_anywhere(first):
    batches = Batches(Lines(noise=1.0), batch_size=8)
    straight = read(batches, 20)
    for a, b in zip(straight[first:], read(batches, 20 - first, first=first), strict=True):
        assert torch.equal(a["x"], b["x"]) and a["id"] == b["id"]


def test_processes_share_each_batch():
    batches = Batches(Lines(noise=1.0), batch_size=8)
    parts = [read(batches, 9, rank=rank, world_size=4) for rank in range(4)]
    for number, whole in enumerate(read(batches, 9)):
        together = torch.cat([part[number]["x"] for part in parts])
        assert torch.equal(together, whole["x"]) and len(parts[0][number]["x"]) == 2


def test_random_numbers_of_a_sample_depend_on_its_epoch_not_on_its_batch():
    def draws(batch_size, epoch):
        batches = Batches(Lines(noise=1.0), batch_size)
        found = read(batches, len(batches), first=epoch * len(batches))
        return {id: x for batch in found for id, x in zip(batch["id"], batch["x"], strict=True)}

    small, large, later = draws(4, 1), draws(16, 1), draws(16, 2)
    assert all(torch.equal(small[id], large[id]) for id in small)
    assert not any(torch.equal(large[id], later[id]) for id in large)


def test_workers_load_the_same():
    one, many = (Batches(Lines(noise=1.0), 8, n_workers=n) for n in (0, 2))
    for a, b in zip(read(one, 5, first=4), read(many, 5, first=4), strict=True):
        assert torch.equal(a["x"], b["x"]) and a["id"] == b["id"]


@pytest.mark.parametrize("there", [True, False])
def test_if_there_is_a_gpu_workers_load_into_pinned_memory(monkeypatch, there):
    given = {}

    def loader(dataset, **options):
        given.update(options)
        return ()

    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    monkeypatch.setattr(batches, "DataLoader", loader)
    Batches(Lines(), 8, n_workers=3).stream()
    assert (given["pin_memory"], given["num_workers"]) == (there, 3)


def test_an_invalid_batch_size_is_an_error():
    for batch_size in (0, N_SAMPLES + 1):
        with pytest.raises(ValueError, match="48 samples"):
            Batches(Lines(), batch_size)
    with pytest.raises(ValueError, match="3 processes"):
        Batches(Lines(), 8).keys(0, rank=0, world_size=3)


def test_seeds_differ_by_every_number_and_by_order():
    seeds = {seed_from(a, b) for a in range(30) for b in range(30)}
    assert len(seeds) == 900 and all(0 <= seed < 2**63 for seed in seeds)
    a, b = (torch.rand(3, generator=generator_from(1, k)) for k in (2, 3))
    assert not torch.equal(a, b)
