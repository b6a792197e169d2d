"""Characters that names may not hold."""

from rppg.utils import text


def test_every_kind_of_control_is_seen_and_shown_as_an_escape():
    for letter in ("\0", "\x1b", "\x85", "\u2028", "\u2029", "\udce9"):
        assert text.has_control(f"a{letter}b")
        assert text.printable(letter) == ascii(letter)[1:-1]
    for letter in ("é", "心", " ", "\\", "'"):
        assert not text.has_control(letter) and text.printable(letter) == letter
