"""Differences of nested dicts: dotted keys, missing entries, order."""

from rppg.utils.dict_diff import MISSING, differences


def test_equal_dicts_have_no_differences():
    assert list(differences({"a": {"b": [1, 2]}}, {"a": {"b": [1, 2]}})) == []


def test_entries_of_nested_dicts_have_dotted_keys_in_sorted_order():
    old = {"z": 1, "a": {"b": {"c": 1, "same": 0}}}
    new = {"z": 2, "a": {"b": {"c": [1], "same": 0}}}
    assert list(differences(old, new)) == [("a.b.c", 1, [1]), ("z", 1, 2)]


def test_a_missing_entry_is_not_one_that_is_none():
    assert list(differences({"a": None}, {"b": None})) == [
        ("a", None, MISSING),
        ("b", MISSING, None),
    ]
    assert list(differences({"a": {"b": 1}}, {"a": None})) == [("a", {"b": 1}, None)]
