"""Characters that a name or an id may not hold, and names as they can be shown.

    >>> has_control("ann"), has_control("a\\u2028b")
    (False, True)
    >>> print(printable("a\\nb"), printable("caf\\udce9"))
    a\\nb caf\\udce9

A control character steers a terminal, a line separator breaks a table's row, and half of a
surrogate pair stands for bytes of a file's name that are no UTF-8.
"""

import unicodedata

CONTROL = ("Cc", "Cs", "Zl", "Zp")  # Unicode's categories of these


def is_control(letter: str) -> bool:
    """Whether one character is of CONTROL."""
    return unicodedata.category(letter) in CONTROL


def has_control(text: str) -> bool:
    """Whether any character of a text is of CONTROL."""
    return any(map(is_control, set(text)))  # a set: texts may have millions of characters


def printable(text: str) -> str:
    """The text on one line: what cannot be printed as its escape in Python."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
