"""Parts of a recording's id: dataset, subject and name, each of which becomes a folder's name.

>>> safe_part("subject1"), safe_part("a\\\\b.mp4"), shown("Zo\\udce9.mp4")
('subject1', 'a_b-e45d7b6e.mp4', 'Zo\\\\xe9.mp4')
"""

import hashlib
import os

from rppg.utils.text import has_control, is_control

LONGEST_PART_BYTES = 200
LONGEST_SUFFIX_BYTES = 16


def check_part(word: str, text: str) -> None:
    """Raises ValueError, calling the part `word`, unless `text` can be a part of an id."""
    if not isinstance(text, str) or not text or text.startswith(".") or set(text) & set("/\\"):
        expected = "a non-empty word without slashes that does not start with a dot"
        raise ValueError(f"{word} of a recording is {text!r}, expected {expected}")
    if has_control(text):
        expected = "text without control characters and line separators"
        raise ValueError(f"{word} of a recording is {text!r}, expected {expected}")
    if len(text.encode()) > LONGEST_PART_BYTES:
        limit = f"expected at most {LONGEST_PART_BYTES} bytes; shorten the file's or folder's name"
        raise ValueError(f"{word} of a recording is too long, {limit}: {text!r}")


def safe_part(text: str) -> str:
    """`text` itself if it can be a part of an id; else a copy of it that can be.

    What is not allowed is replaced by "_", what is too long is cut, and eight hex digits of the
    original's hash, before its suffix, keep two such names apart.
    """
    try:
        check_part("", text)
        return text
    except ValueError:
        mark = hashlib.sha256(text.encode(errors="backslashreplace")).hexdigest()[:8]
    unsafe = (letter in "/\\" or is_control(letter) for letter in text)
    clean = "".join("_" if bad else letter for letter, bad in zip(text, unsafe, strict=True))
    stem, suffix = os.path.splitext(clean)
    if len(suffix.encode()) > LONGEST_SUFFIX_BYTES:
        stem, suffix = clean, ""
    room = LONGEST_PART_BYTES - len(f"-{mark}{suffix}".encode())
    stem = (stem.lstrip(".") or "_").encode()[:room].decode(errors="ignore")
    return f"{stem}-{mark}{suffix}"


def shown(text) -> str:
    """A path or text as one that any terminal and file takes: bytes that are no UTF-8 and control
    characters as escapes."""
    try:
        text = str(text).encode(errors="surrogateescape").decode(errors="backslashreplace")
    except UnicodeEncodeError:  # other halves of surrogate pairs, from JSON
        text = str(text).encode(errors="backslashreplace").decode()
    bad = set(filter(is_control, text))
    return text.translate({ord(x): x.encode("unicode_escape").decode() for x in bad - {"\n"}})
