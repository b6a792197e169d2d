"""One validation of recording.json, for files that a person or a broken disk has changed.

>>> meta_problem({"id": "demo/ann/v1", "status": "ok", "n_frames": -3}, "demo/ann/v1")
'n_frames is -3, expected a whole number from 1 to 1000000000'
>>> meta_problem({"id": "demo/ann/v1", "status": "ok", "n_frames": 90}, "demo/ann/v1")
>>> id_problem("demo/ann/a\\u2028b")
'it has a control character or line separator'
"""

import math
from collections.abc import Callable
from itertools import pairwise

from rppg.datasets.array_files import FORMATS
from rppg.datasets.recording import ORIGINS, SPLITS
from rppg.utils.text import has_control

MOST_FRAMES = 10**9  # more than a year
TEXTS = ("dataset", "subject", "name", "reason", "known_bad", "fps_source")
NUMBERS = ("duration_s", "fps", "start_s", "face_hit_rate", "hr_mean_bpm", "hr_true_bpm")


def id_problem(id: str) -> str | None:
    """Why a text is no recording id, None if it is one."""
    parts = id.split("/")
    if len(parts) != 3 or any(not part or part.startswith(".") for part in parts):
        return "expected dataset/subject/name"
    if has_control(id):
        return "it has a control character or line separator"
    return None


def meta_problem(meta: object, id: str) -> str | None:
    """Why a value is no recording.json of this id, None if it is one.

    Keys that are missing are unknown facts; n_frames is needed if the status is "ok".
    """
    if not isinstance(meta, dict) or meta.get("id") != id or "status" not in meta:
        return f"it does not hold the id {id} and a status"
    if meta["status"] not in ("ok", "failed"):
        return f"status is {_shown(meta['status'])}, expected 'ok' or 'failed'"
    if meta["status"] == "ok" and meta.get("n_frames") is None:
        return "n_frames is missing"
    for key, (is_valid, expected) in _CHECKS.items():
        if not is_valid(meta.get(key)):
            return f"{key} is {_shown(meta.get(key))}, expected {expected}"
    return None


def row_problem(row: dict) -> str | None:
    """Why a row of an index is none of a recording, None if it is one."""
    id = row["id"]
    if not isinstance(id, str):
        return f"the id {_shown(id)} is no text"
    if problem := id_problem(id) or meta_problem(row, id):
        return f"{_shown(id)}: {problem}"
    if "/".join(map(str, (row["dataset"], row["subject"], row["name"]))) != id:
        return f"{_shown(id)}: its dataset, subject and name are others"
    return None


def _is_count(value: object) -> bool:
    return type(value) is int and 1 <= value <= MOST_FRAMES


def _is_number(value: object) -> bool:
    return type(value) in (int, float) and abs(value) < 1e15 and math.isfinite(value)


def _or_none(is_valid: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: value is None or is_valid(value)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_one_of(choices: tuple[str, ...]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and value in choices


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _are_gaps(value: object) -> bool:
    """[[start_s, end_s], ...], in order."""
    if not _are_rows(value, 2):
        return False
    return all(a <= b for a, b in pairwise([0, *(second for gap in value for second in gap)]))


def _are_boxes(value: object) -> bool:
    return _are_rows(value, 5) and len(value) > 0


def _are_rows(value: object, n: int) -> bool:
    """Whether it is a list of lists of n numbers."""
    lists = isinstance(value, list) and all(isinstance(row, list) for row in value)
    return lists and all(len(row) == n and all(map(_is_number, row)) for row in value)


def _is_dict(value: object) -> bool:
    return isinstance(value, dict)


def _are_arrays(value: object) -> bool:
    """The list of arrays as `rppg.datasets.array_files` describes it."""
    return isinstance(value, dict) and all(
        name in FORMATS
        and isinstance(facts, dict)
        and facts.keys() == {"shape", "dtype", "bytes"}
        and type(facts["bytes"]) is int
        for name, facts in value.items()
    )


def _shown(value: object) -> str:
    text = ascii(value) if not isinstance(value, int) or abs(value) < 1e15 else "a huge number"
    return text if len(text) <= 60 else f"{text[:56]} ..."


_CHECKS = {
    "n_frames": (_or_none(_is_count), f"a whole number from 1 to {MOST_FRAMES}"),
    **dict.fromkeys((*TEXTS, "fingerprint"), (_or_none(_is_text), "text or null")),
    "split": (_or_none(_is_one_of(SPLITS)), f"one of {', '.join(SPLITS)}, or null"),
    "origin": (_or_none(_is_one_of(ORIGINS)), f"one of {', '.join(ORIGINS)}, or null"),
    **dict.fromkeys(NUMBERS, (_or_none(_is_number), "a finite number or null")),
    "notes": (_or_none(_are_texts), "a list of texts"),
    "versions": (_or_none(_is_dict), "names and versions"),
    "gaps_s": (_or_none(_are_gaps), "a list of [start, end] in s, in order"),
    "wide_boxes": (_or_none(_are_boxes), "a list of [time_s, x, y, width, height]"),
    "arrays": (_or_none(_are_arrays), "a list of arrays with shape, dtype and bytes"),
}
