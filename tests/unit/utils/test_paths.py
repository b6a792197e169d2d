"""The project's folder is found from anywhere inside it."""

from pathlib import Path

import pytest

from rppg.utils import paths


def test_project_dir_is_found_from_below_and_missed_outside(tmp_path):
    root = paths.project_dir(paths.__file__)
    assert root == Path(__file__).parents[3]
    assert paths.project_dir(root / "notebooks") == root
    with pytest.raises(FileNotFoundError, match="is not in a checkout of rppg"):
        paths.project_dir(tmp_path)
