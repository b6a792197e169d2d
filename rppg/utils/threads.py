"""How many threads torch uses.

with one_thread():
    spectra = torch.fft.rfft(clips)
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def one_thread() -> Iterator[None]:
    """Restrict torch to one thread: synchronising its threads made short transforms 20 times
    slower on cores that other processes use, and hardly faster on free ones."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(n_threads)
