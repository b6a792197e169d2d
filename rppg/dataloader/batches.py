"""Batches in a seeded order whose every position is known beforehand.

An epoch visits the samples in an order that follows from (seed, epoch), batch after batch; the last
samples, too few for a whole batch, are left out of that epoch.  Each sample draws from a generator
of its own, which follows from (seed, epoch, index).  So batch number k is the same whether the
batches before it were read or not, in one process or many, and a resumed run just starts at k.

`batch_size` counts the samples of one batch over all processes; each process gets its equal part.

    >>> batches = Batches(torch.arange(10), batch_size=4, seed=0)
    >>> len(batches)
    2
    >>> stream = batches.stream(first=5)  # endless; the second batch of the third epoch
    >>> next(stream).shape
    torch.Size([4])
"""

import signal
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch.utils.data import DataLoader, default_collate

from rppg.utils.seeding import generator_from, seed_from

ORDER, SAMPLE = 0, 1  # what a seed is for


class Batches:
    """Endless batches of a dataset.

    dataset: has a length, and either `sample(index, generator)`, where chance belongs to a sample
    (where a clip starts, how it is augmented; the torch.Generator is on the CPU, and what is drawn
    elsewhere is not repeated by a run that goes on), or `dataset[index]`.  A batch whose samples
    are mappings with "id" names its recordings when a loss is not finite.
    collate: list of samples -> batch.  n_workers: processes that load; 0 loads in this one.
    Raises ValueError where the dataset is smaller than one batch.
    """

    def __init__(
        self,
        dataset,
        batch_size: int,
        *,
        seed: int = 0,
        n_workers: int = 0,
        collate: Callable = default_collate,
    ):
        if not 1 <= batch_size <= len(dataset):
            found = f"batch_size is {batch_size}, the dataset has {len(dataset)} samples"
            raise ValueError(f"{found}: take a batch_size from 1 to that, or more samples")
        self.dataset, self.batch_size, self.seed = dataset, batch_size, seed
        self.n_workers, self.collate = n_workers, collate

    def __len__(self) -> int:
        """Batches of an epoch."""
        return len(self.dataset) // self.batch_size

    def facts(self) -> dict[str, int]:
        """What decides which batches come, beside the samples themselves."""
        return {"n_samples": len(self.dataset), "batch_size": self.batch_size, "seed": self.seed}

    def keys(self, number: int, rank: int = 0, world_size: int = 1) -> list[tuple[int, int]]:
        """(index, epoch) of each sample of batch `number`: the part of process `rank`.

        Raises ValueError where batch_size is no multiple of world_size.
        """
        if self.batch_size % world_size:
            found = f"batch_size {self.batch_size} is no multiple of {world_size} processes"
            raise ValueError(f"{found}: a batch is shared equally; change one of the two")
        epoch, place = divmod(number, len(self))
        order = np.random.default_rng(seed_from(ORDER, self.seed, epoch))
        indices = order.permutation(len(self.dataset))[place * self.batch_size :]
        share = self.batch_size // world_size
        return [(int(index), epoch) for index in indices[rank * share : (rank + 1) * share]]

    def stream(self, first: int = 0, rank: int = 0, world_size: int = 1) -> Iterator:
        """Batches number first, first + 1, ... without end: the part of process `rank`."""

        def keys_of_all():
            number = first
            while True:
                yield self.keys(number, rank, world_size)
                number += 1

        loader = DataLoader(
            _Samples(self.dataset, self.seed),
            batch_sampler=keys_of_all(),
            num_workers=self.n_workers,
            collate_fn=self.collate,
            pin_memory=torch.cuda.is_available(),
            worker_init_fn=_leave_interrupts_to_the_parent,
            generator=generator_from(self.seed),
        )
        return iter(loader)


class _Samples:
    """The dataset by key (index, epoch)."""

    def __init__(self, dataset, seed: int):
        self.dataset, self.seed = dataset, seed

    def __getitem__(self, key: tuple[int, int]):
        index, epoch = key
        if not hasattr(self.dataset, "sample"):
            return self.dataset[index]
        return self.dataset.sample(index, generator_from(SAMPLE, self.seed, epoch, index))


def _leave_interrupts_to_the_parent(worker: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process of a terminal
