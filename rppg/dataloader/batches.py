"""Batches in a seeded order, so that a resumed run can start at any batch.

The order of the samples in an epoch is determined by (seed, epoch); the last samples of an epoch,
too few for a full batch, are skipped.  Each sample draws from its own generator, determined by
(seed, epoch, index).  Batch number k is therefore the same whether or not the batches before it
were read, in one process or several, and a resumed run starts at k.

`batch_size` counts the samples of a batch over all processes; each process gets an equal share.

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

ORDER, SAMPLE = 0, 1  # purpose of a seed


class Batches:
    """Endless batches of a dataset.

    dataset: has a length, and either `sample(index, generator)`, if samples are random (start of a
    clip, augmentation), or `dataset[index]`.  The torch.Generator is on the CPU; random numbers
    from other generators are not reproduced when a run resumes.  If samples are mappings with an
    "id", errors about losses that are not finite name the recordings.
    collate: list of samples -> batch.  n_workers: processes that load ahead; 0 loads in this
    process.  If there is a GPU, batches are in pinned memory.
    Raises ValueError if the dataset is smaller than one batch.
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
            raise ValueError(f"{found}: choose a batch_size from 1 to that, or add samples")
        self.dataset, self.batch_size, self.seed = dataset, batch_size, seed
        self.n_workers, self.collate = n_workers, collate

    def __len__(self) -> int:
        """Batches per epoch."""
        return len(self.dataset) // self.batch_size

    def facts(self) -> dict[str, int]:
        """Everything but the samples themselves that determines the batches."""
        return {"n_samples": len(self.dataset), "batch_size": self.batch_size, "seed": self.seed}

    def keys(self, number: int, rank: int = 0, world_size: int = 1) -> list[tuple[int, int]]:
        """(index, epoch) of each sample of batch `number`: the share of process `rank`.

        Raises ValueError unless batch_size is a multiple of world_size.
        """
        if self.batch_size % world_size:
            found = f"batch_size {self.batch_size} is no multiple of {world_size} processes"
            raise ValueError(f"{found}: processes share a batch equally; change one of the two")
        epoch, position = divmod(number, len(self))
        order = np.random.default_rng(seed_from(ORDER, self.seed, epoch))
        indices = order.permutation(len(self.dataset))[position * self.batch_size :]
        share = self.batch_size // world_size
        return [(int(index), epoch) for index in indices[rank * share : (rank + 1) * share]]

    def stream(self, first: int = 0, rank: int = 0, world_size: int = 1) -> Iterator:
        """Batches number first, first + 1, ... without end: the share of process `rank`."""

        def all_keys():
            number = first
            while True:
                yield self.keys(number, rank, world_size)
                number += 1

        loader = DataLoader(
            _Samples(self.dataset, self.seed),
            batch_sampler=all_keys(),
            num_workers=self.n_workers,
            collate_fn=self.collate,
            pin_memory=torch.cuda.is_available(),
            worker_init_fn=_leave_interrupts_to_the_parent,
            generator=generator_from(self.seed),
        )
        return iter(loader)


class _Samples:
    """The dataset, indexed by (index, epoch)."""

    def __init__(self, dataset, seed: int):
        self.dataset, self.seed = dataset, seed

    def __getitem__(self, key: tuple[int, int]):
        index, epoch = key
        if not hasattr(self.dataset, "sample"):
            return self.dataset[index]
        return self.dataset.sample(index, generator_from(SAMPLE, self.seed, epoch, index))


def _leave_interrupts_to_the_parent(worker: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process of a terminal
