"""The simulated IMU dataset on disk, and its command: atomic, marked, never mixed."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from rppg.cli import app
from rppg.studies.relcon.data.tables import read_table
from rppg.studies.relcon.simulator import write_dataset as module
from rppg.studies.relcon.simulator.simulate import SimulatorConfig, simulate
from rppg.studies.relcon.simulator.write_dataset import config_from, write_imu_dataset

FEW = {"n_subjects": 2, "n_sessions": 1, "bout_s": 5.0, "seed": 3}
CONFIG = SimulatorConfig(**FEW)


def written(folder):
    """Relative path -> when it was written, of all files."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.stat().st_mtime_ns for path in files}


def test_what_is_read_back_is_what_was_simulated(tmp_path):
    folder = write_imu_dataset(tmp_path / "new" / "wearables", CONFIG, progress=False)
    assert set(written(folder)) == {
        "SYNTHETIC.txt",
        "wearables.json",
        "simulator/S01.parquet",
        "simulator/S02.parquet",
    }
    for recording in simulate(CONFIG):
        path = folder / "simulator" / f"{recording.subject}.parquet"
        (read,) = read_table(path, "simulator")
        assert (read.id, read.origin) == (recording.id, "synthetic")
        np.testing.assert_array_equal(read.xyz_g, recording.xyz_g)
        np.testing.assert_array_equal(read.times_s, recording.times_s)
        np.testing.assert_array_equal(read.activities, recording.activities)
        name = "cadence_spm"
        np.testing.assert_array_equal(read.targets[name], recording.targets[name])


def test_what_is_there_stays_and_other_parameters_need_a_word(tmp_path):
    folder = write_imu_dataset(tmp_path / "few", CONFIG, progress=False)
    before = written(folder)
    write_imu_dataset(folder, CONFIG, progress=False)
    assert written(folder) == before
    other = SimulatorConfig(**{**FEW, "n_subjects": 1})
    with pytest.raises(ValueError, match="n_subjects is 2, asked for 1"):
        write_imu_dataset(folder, other, progress=False)
    assert written(folder) == before
    write_imu_dataset(folder, other, replace=True, progress=False)
    assert "simulator/S02.parquet" not in written(folder)
    assert json.loads((folder / "wearables.json").read_text())["n_subjects"] == 1


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="no IMU dataset"):
        write_imu_dataset(tmp_path, CONFIG, replace=True, progress=False)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("there", [False, True])
def test_interrupted_it_leaves_what_was_before(tmp_path, monkeypatch, there):
    folder = tmp_path / "few"
    if there:
        write_imu_dataset(folder, SimulatorConfig(**{**FEW, "seed": 4}), progress=False)
    before = written(tmp_path)

    def second_fails(path, recordings, write=module.write_table):
        if path.stem == "S02":
            raise OSError("no space left on device")
        return write(path, recordings)

    monkeypatch.setattr(module, "write_table", second_fails)
    with pytest.raises(OSError, match="no space"):
        write_imu_dataset(folder, CONFIG, replace=True, progress=False)
    assert written(tmp_path) == before and folder.exists() == there


def test_settings_that_nobody_knows_are_named():
    assert config_from(FEW) == CONFIG
    with pytest.raises(ValueError, match="unknown settings subjects: expected of n_subjects, "):
        config_from({"subjects": 3})


def test_the_command_writes_them(tmp_path):
    result = CliRunner().invoke(
        app, ["wearables", str(tmp_path / "few"), "--config", json.dumps(FEW)]
    )
    assert result.exit_code == 0, result.output
    assert str(tmp_path / "few") in result.output
    assert len(list((tmp_path / "few" / "simulator").iterdir())) == 2


@pytest.mark.parametrize("config", ["[2]", "{seed: 2}", '"seed"'])
def test_the_command_says_what_it_expects(tmp_path, config):
    result = CliRunner().invoke(app, ["wearables", str(tmp_path / "few"), "--config", config])
    assert isinstance(result.exception, ValueError)
    assert 'expected a JSON object like {"n_subjects": 8' in str(result.exception)
    assert not (tmp_path / "few").exists()
