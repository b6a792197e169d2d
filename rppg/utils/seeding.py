"""Seeding: every random number is determined by a few integers.

A training step seeds all generators from (seed, step, rank), a sample its own from (seed, epoch,
index).  A resumed run therefore draws the same numbers as an uninterrupted one, without storing any
random state.

    >>> seed_from(0, 1) == seed_from(0, 1), seed_from(0, 1) == seed_from(1, 0)
    (True, False)
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


def seed_from(*numbers: int) -> int:
    """A seed below 2^63 from integers >= 0; their order matters."""
    low, high = np.random.SeedSequence(numbers).generate_state(2, np.uint32).tolist()
    return (high << 32 | low) >> 1


def generator_from(*numbers: int, device: torch.device | str = "cpu") -> torch.Generator:
    """A torch generator seeded with `seed_from(*numbers)`."""
    return torch.Generator(device=device).manual_seed(seed_from(*numbers))


def seed_all(*numbers: int) -> None:
    """Seed the global generators of Python, numpy and torch (of all GPUs, too)."""
    seed = seed_from(*numbers)
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002  for code that uses numpy's global state
    torch.manual_seed(seed)


@contextmanager
def random_states_kept() -> Iterator[None]:
    """Restore the global generators at the end, whatever is drawn or seeded inside."""
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
    try:
        with torch.random.fork_rng(devices):
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002
