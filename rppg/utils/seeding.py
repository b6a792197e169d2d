"""Randomness without memory: every random number follows from a few whole numbers.

A training step seeds every generator from (seed, step, rank), a sample its own from (seed, epoch,
index).  So a run that is resumed at a step draws what the straight run drew there, and nothing
random has to be saved.

    >>> seed_from(0, 1) == seed_from(0, 1), seed_from(0, 1) == seed_from(1, 0)
    (True, False)
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


def seed_from(*numbers: int) -> int:
    """A seed below 2^63 out of whole numbers from 0; their order matters."""
    low, high = np.random.SeedSequence(numbers).generate_state(2, np.uint32).tolist()
    return (high << 32 | low) >> 1


def generator_from(*numbers: int, device: torch.device | str = "cpu") -> torch.Generator:
    """A torch generator seeded with `seed_from(*numbers)`."""
    return torch.Generator(device=device).manual_seed(seed_from(*numbers))


def seed_all(*numbers: int) -> None:
    """Seed Python's, numpy's and torch's global generators (those of every GPU, too)."""
    seed = seed_from(*numbers)
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002  for code that draws from numpy's global state
    torch.manual_seed(seed)


@contextmanager
def random_states_kept() -> Iterator[None]:
    """Whatever is drawn or seeded inside, the global generators end as they were found."""
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
    try:
        with torch.random.fork_rng(devices):
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002
