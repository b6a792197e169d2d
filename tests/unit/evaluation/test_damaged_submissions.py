"""Submissions and solutions as people damage them: each is one error that names the file."""

import os
import time

import pandas as pd
import pytest

from rppg.evaluation import submission
from rppg.evaluation.submission import read_predictions

pytestmark = pytest.mark.malformed

GOOD = "ids,HR\na/1/x.avi,61.5\na/2/x.avi,72.25\n"
DAMAGED = {
    "empty": (b"", "is empty"),
    "blank lines": (b"\n\n  \r\n", "is empty"),
    "header only": (b"ids,HR\n", "no ids|and rows"),
    "no header": (b"a/1/x.avi,61.5\na/2/x.avi,72.25\n", "has no header"),
    "header twice": (GOOD.encode() + b"ids,HR\n", "header twice: line 4"),
    "semicolons": (GOOD.replace(",", ";").encode(), "separated by ';', expected commas"),
    "tabs": (GOOD.replace(",", "\t").encode(), r"separated by '\\t', expected commas"),
    "UTF-16": (GOOD.encode("utf-16"), "not UTF-8 text .UTF-16.: save it as UTF-8"),
    "Latin-1": ("ids,HR\nZoë,61\n".encode("latin-1"), "not UTF-8 text"),
    "binary": (bytes(range(256)), "not UTF-8 text"),
    "NUL": (GOOD.replace("x", "\0").encode(), "control characters"),
    "U+2028": (GOOD.replace("x", "\u2028").encode(), "control characters or line separators"),
    "escape": (GOOD.replace("x", "\x1b[31m").encode(), "control characters"),
    "vertical tab": (GOOD.replace("x", "\x0b").encode(), "control characters"),
    "quote open": (GOOD.replace("a/2", '"a/2').encode(), "line 3"),
    "quote inside": (GOOD.replace("a/2/x.avi", '"a"2/x"').encode(), "line 3"),
    "a field too many": (GOOD.encode() + b"a/3/x.avi,70,1\n", "expected .*columns"),
    "a field too few": (GOOD.encode() + b"a/3/x.avi\n", "expected .*columns"),
    "no id": (GOOD.encode() + b",70\n", "no id in line 4"),
    "id twice": (GOOD.encode() + b"a/1/x.avi,70\n", "more than once: a/1/x.avi"),
    "id twice with blanks": (GOOD.encode() + b" a/1/x.avi ,70\n", "more than once"),
    "NaN": (GOOD.replace("61.5", "nan").encode(), "no finite number: a/1/x.avi"),
    "inf": (GOOD.replace("61.5", "-inf").encode(), "no finite number: a/1/x.avi"),
    "1e999": (GOOD.replace("61.5", "1e999").encode(), "no finite number: a/1/x.avi"),
    "text": (GOOD.replace("61.5", "fast").encode(), "no finite number: a/1/x.avi"),
    "nothing": (GOOD.replace("61.5", "").encode(), "no finite number: a/1/x.avi"),
    "1_0": (GOOD.replace("61.5", "6_1").encode(), "no finite number: a/1/x.avi"),
    "hexadecimal": (GOOD.replace("61.5", "0x3d").encode(), "no finite number: a/1/x.avi"),
    "decimal comma": (GOOD.replace("61.5", '"61,5"').encode(), "no finite number: a/1/x.avi"),
    "huge field": (b"ids,HR\n" + b"a" * 200_000 + b",60\n", "field larger than field limit"),
    "swapped": (b"HR,ids\n61,a\n61.5,b\n", "no finite number"),
}


@pytest.mark.parametrize("read", [read_predictions, submission.read_solution])
@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file_is_one_error_that_names_it(tmp_path, name, read):
    content, words = DAMAGED[name]
    (tmp_path / "mine.csv").write_bytes(content)
    with pytest.raises(ValueError, match=words) as caught:
        read(tmp_path / "mine.csv")
    text = str(caught.value)
    assert text.startswith(str(tmp_path / "mine.csv")) and text.isprintable() and len(text) < 400


def test_what_is_no_file_is_said_and_never_waited_for(tmp_path):
    os.mkfifo(tmp_path / "fifo.csv")
    (tmp_path / "loop.csv").symlink_to(tmp_path / "loop.csv")
    for name in ("fifo.csv", "absent.csv", ".", "loop.csv"):
        with pytest.raises(FileNotFoundError, match="is no file, expected a CSV"):
            submission.read_solution(tmp_path / name)


def test_a_file_that_is_far_too_large_is_not_read(tmp_path):
    with (tmp_path / "huge.csv").open("wb") as file:
        file.truncate(2**31)
    with pytest.raises(ValueError, match="huge.csv has 2147 MB, expected a CSV"):
        submission.sample_ids(tmp_path / "huge.csv")


def test_lines_of_many_commas_and_characters_take_no_time(tmp_path):
    """Time grows with the length of a line, not with its square."""
    path, id = tmp_path / "long.csv", "," * 100_000
    path.write_text("ids,HR\n" + "".join(f'"{k}{id}",60\n' for k in range(10)))
    start_s = time.process_time()
    assert read_predictions(path)["id"].tolist() == [f"{k}{id}" for k in range(10)]
    assert submission.check_submission(path, path) == []
    assert time.process_time() - start_s < 5  # a square takes a minute


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_line_ends_and_a_byte_order_mark_are_no_damage(tmp_path, end, encoding):
    (tmp_path / "mine.csv").write_bytes(GOOD.replace("\n", end).encode(encoding))
    table = read_predictions(tmp_path / "mine.csv")
    assert table.to_dict("list") == {"id": ["a/1/x.avi", "a/2/x.avi"], "hr_bpm": [61.5, 72.25]}


def test_a_quoted_value_and_a_quoted_comma_are_read(tmp_path):
    (tmp_path / "s.csv").write_text('"ids","HR"\n"a, ""1""","61.5"\n')
    table = read_predictions(tmp_path / "s.csv")
    assert table.to_dict("list") == {"id": ['a, "1"'], "hr_bpm": [61.5]}
    predictions = pd.DataFrame({"id": ['a, "1"'], "hr_bpm": [70.0]})
    path = submission.write_submission(predictions, tmp_path / "out.csv", tmp_path / "s.csv")
    assert path.read_text() == '"ids","HR"\n"a, ""1""",70.0000\n'


def test_ids_that_no_line_can_hold_are_not_written(tmp_path):
    predictions = pd.DataFrame({"id": ["a\nb,1"], "hr_bpm": [70.0]})
    with pytest.raises(ValueError, match=r"1 ids with control characters or lines: 'a\\nb,1'"):
        submission.write_submission(predictions, tmp_path / "out.csv")


def filled(n_filled, n):
    ids = [f"v{k}" for k in range(n)]
    return pd.DataFrame({"id": ids, "filled": [k < n_filled for k in range(n)]})


def test_how_many_have_no_answer_of_their_own_is_said_and_limited():
    assert "all 5 test videos have an answer" in submission.check_filled(filled(0, 5), 0.2)
    text = submission.check_filled(filled(1, 5), 0.2)
    assert text.startswith("WARNING: 1 of 5 test videos has no answer of its own (20 %)")
    with pytest.raises(ValueError, match=r"^2 of 5 .* \(40 %, limit 20 %\): v0, v1; see"):
        submission.check_filled(filled(2, 5), 0.2)
    with pytest.raises(ValueError, match="1 of 50"):
        submission.check_filled(filled(1, 50), 0.0)
