"""A limited number of batches, repeated, so that what is expensive per batch is computed once.

    batches = RepeatedBatches(Batches(candidates, batch_size=32, seed=0), n=200)

RelCon's ranking of a batch takes several times as long as a step of a small encoder, and does not
change during the training: with `kept` (objectives.RelCon) it is computed once per batch.

    >>> import torch
    >>> from rppg.dataloader.batches import Batches
    >>> few = RepeatedBatches(Batches(torch.arange(10), batch_size=4, seed=0), n=3)
    >>> stream = few.stream(first=2)
    >>> last, first, *_ = (next(stream) for _ in range(4))
    >>> again = [next(few.stream(first=k)) for k in (5, 6)]
    >>> torch.equal(last, again[0]), torch.equal(first, again[1])
    (True, True)
"""

from collections.abc import Iterator
from itertools import islice

from rppg.dataloader.batches import Batches


class RepeatedBatches:
    """The first n batches of `batches`, in their order, again and again; for fit().

    Raises ValueError for n below 1.
    """

    def __init__(self, batches: Batches, n: int):
        if n < 1:
            raise ValueError(f"n is {n}, expected 1 or more batches to repeat")
        self.batches, self.n = batches, n

    def __len__(self) -> int:
        """Batches per epoch: once through all of them."""
        return self.n

    def facts(self) -> dict[str, int]:
        """Everything but the samples themselves that determines the batches."""
        return self.batches.facts() | {"n_repeated": self.n}

    def stream(self, first: int = 0, rank: int = 0, world_size: int = 1) -> Iterator:
        """Batches number first, first + 1, ... without end: the share of process `rank`."""
        at = first % self.n
        while True:
            yield from islice(self.batches.stream(at, rank, world_size), self.n - at)
            at = 0
