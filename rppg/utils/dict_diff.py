"""Differences between two nested dicts, each under its dotted key.

    >>> list(differences({"fit": {"lr": 0.1, "seed": 0}}, {"fit": {"lr": 0.2}}))
    [('fit.lr', 0.1, 0.2), ('fit.seed', 0, MISSING)]

For messages: which parameter of a stored run differs from the requested one.
"""

from collections.abc import Iterator
from typing import Final


class _Missing:
    """Type of MISSING, so that a missing entry differs from one that is None."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()  # stands for the value of a key that one of the dicts does not have


def differences(old: dict, new: dict) -> Iterator[tuple[str, object, object]]:
    """Yield (dotted key, value in `old`, value in `new`) for each entry that differs.

    Keys are strings and come in sorted order.  Dicts that are under the same key in both are
    compared entry by entry; everything else (lists too) is compared as a whole with `!=`.  A key
    that only one dict has yields MISSING for the other one.
    """
    for key in sorted(old.keys() | new.keys()):
        before, after = old.get(key, MISSING), new.get(key, MISSING)
        if isinstance(before, dict) and isinstance(after, dict):
            yield from ((f"{key}.{rest}", *values) for rest, *values in differences(before, after))
        elif before != after:
            yield key, before, after
