"""Who is in a dataset's copy: people of the challenge under names that the real dataset has.

>>> people("pure", 2, ("01", "07", "02"))
[(4001, '01'), (4002, '07')]
"""

from collections.abc import Sequence

from rppg.synthetic.config import FIRST_NUMBER


def people(layout: str, n: int, names: Sequence[str]) -> list[tuple[int, str]]:
    """The first n people: (number through the whole challenge, name on disk).

    Raises ValueError where the real dataset has fewer.
    """
    if n > len(names):
        raise ValueError(f"n_{layout} is {n}: expected at most {len(names)}, as in the real one")
    return [(FIRST_NUMBER[layout] + k, name) for k, name in enumerate(names[:n])]
