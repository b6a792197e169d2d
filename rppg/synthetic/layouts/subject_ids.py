"""Subjects of a dataset's copy: persons of the benchmark under names of the real dataset.

>>> people("pure", 2, ("01", "07", "02"))
[(4001, '01'), (4002, '07')]
"""

from collections.abc import Sequence

from rppg.synthetic.config import FIRST_NUMBER


def people(layout: str, n: int, names: Sequence[str]) -> list[tuple[int, str]]:
    """The first n persons: (number in the benchmark, name on disk).

    Raises ValueError if the real dataset has fewer.
    """
    if n > len(names):
        raise ValueError(
            f"n_{layout} is {n}: expected at most {len(names)}, as in the real dataset"
        )
    return [(FIRST_NUMBER[layout] + k, name) for k, name in enumerate(names[:n])]
