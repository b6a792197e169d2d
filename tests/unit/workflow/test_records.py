"""What counts as a change of a folder of data, and records that are damaged."""

import json
import os
from dataclasses import asdict

import pytest

from rppg.workflow.records import Record, read_record, tree_digest, write_record

FILE = {"path": "runs/toy/net/run.json", "sha256": "ab", "size": 1, "mtime_ns": 1}
GOOD = Record("net", "toy", "done", "1a2b", {"needs": {}}, {"run": "runs/toy/net"}, {"a": FILE})


def test_the_content_of_labels_counts_at_any_time_and_hidden_files_do_not(tmp_path):
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "gt.csv").write_text("70.0")
    (tmp_path / "1" / "vid.avi").write_bytes(b"frames")
    first = tree_digest(tmp_path)
    (tmp_path / ".DS_Store").write_text("x")
    (tmp_path / "1" / "gt.csv").write_text("70.0")  # again, at another time
    assert tree_digest(tmp_path) == first
    (tmp_path / "1" / "gt.csv").write_text("91.0")  # as many bytes
    assert tree_digest(tmp_path) != first


def test_videos_count_by_name_and_size(tmp_path):
    (tmp_path / "vid.avi").write_bytes(b"frames")
    first = tree_digest(tmp_path)
    (tmp_path / "vid.avi").write_bytes(b"framez")
    assert tree_digest(tmp_path) == first
    (tmp_path / "vid.avi").write_bytes(b"more frames")
    assert tree_digest(tmp_path) != first
    with pytest.raises(FileNotFoundError, match="is not a folder"):
        tree_digest(tmp_path / "none")


def test_a_name_that_is_no_text_counts_too(tmp_path):
    (tmp_path / os.fsdecode(b"Zo\xe9.avi")).write_bytes(b"frames")
    first = tree_digest(tmp_path)
    (tmp_path / os.fsdecode(b"Zo\xe9.avi")).rename(tmp_path / os.fsdecode(b"Zo\xe8.avi"))
    assert tree_digest(tmp_path) != first


def changed(**values):
    return json.dumps(asdict(GOOD) | values)


DAMAGED = {
    "empty": "",
    "cut": changed()[:-30],
    "a list": "[1]",
    "a key less": json.dumps({"stage": "net"}),
    "a key more": changed(more=1),
    "too deep": "[" * 100_000,
    "not UTF-8": b"{\xff",
    "parts as text": changed(parts="all"),
    "a number as status": changed(status=1),
    "outputs as a list": changed(outputs=[1]),
    "a file without path": changed(outputs={"a": {"sha256": "ab"}}),
    "a file without digest": changed(outputs={"a": {"path": "a"}}),
    "a path that leaves": changed(outputs={"a": FILE | {"path": "../../etc/passwd"}}),
    "an absolute folder": changed(folders={"run": "/etc"}),
}


@pytest.mark.parametrize("what", DAMAGED)
def test_a_damaged_record_is_none_and_said_once(tmp_path, capsys, what):
    text, path = DAMAGED[what], tmp_path / f"{what}.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    assert read_record(path) is None and read_record(path) is None
    (line,) = capsys.readouterr().err.splitlines()
    assert str(path) in line and "taken as not there" in line


def test_a_good_record_is_read_and_a_pipe_is_none(tmp_path, capsys):
    write_record(tmp_path / "a.json", GOOD)
    os.mkfifo(tmp_path / "b.json")
    assert read_record(tmp_path / "a.json") == GOOD and read_record(tmp_path / "b.json") is None
    assert capsys.readouterr().err == ""
