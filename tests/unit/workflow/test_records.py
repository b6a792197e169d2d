"""What counts as a change of a folder of data."""

import pytest

from rppg.workflow.records import tree_digest


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
