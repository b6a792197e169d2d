"""Folders of a study's runs: finished ones, without those that were moved aside."""

import pytest

from rppg.studies.run_folders import run_file, run_folders


def test_runs_that_were_moved_aside_are_not_collected(tmp_path):
    for name in ("net/seed1", "net/.aside-seed1-1", "previous/net/seed1-0123abcd", "unfinished"):
        (tmp_path / name).mkdir(parents=True)
        if name != "unfinished":
            (tmp_path / name / "run.json").touch()
    assert run_folders([tmp_path]) == [tmp_path / "net" / "seed1"]


def test_missing_folders_and_files_are_errors(tmp_path):
    with pytest.raises(FileNotFoundError, match="train the runs first"):
        run_folders([tmp_path, tmp_path / "nowhere"])
    with pytest.raises(FileNotFoundError, match="did not finish"):
        run_file(tmp_path, "predictions.parquet")
