"""Simulated clips in a store: read and drawn like prepared recordings, resumed, never mixed."""

import shutil

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from rppg.cli import app
from rppg.dataloader.batches import Batches
from rppg.dataloader.clips import Clips, LabelledClips
from rppg.datasets import Store
from rppg.synthetic.traces.simulate import TraceConfig, simulate_block
from rppg.synthetic.traces.write import clip_id, write_traces

CONFIG = TraceConfig(seed=1, n_clips=18, seconds=4.0)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    root = tmp_path_factory.mktemp("prepared")
    assert write_traces(root, CONFIG, workers=1, progress=False) == 18
    return Store(root)


def test_recordings_are_read_as_prepared_ones(store):
    assert store.ids() == [clip_id(number) for number in range(18)]
    assert all(map(store.is_intact, store.ids()))
    block, one = simulate_block(CONFIG, 1), store.open(clip_id(17))
    np.testing.assert_array_equal(one.mstmap, block.maps[1])
    np.testing.assert_array_equal(one.bvp, block.bvp[1])
    assert one.meta["hr_true_bpm"] == pytest.approx(block.hr_bpm[1], abs=0.001)
    assert one.meta["simulation"] == block.facts(1)
    index = store.index()
    assert set(index["origin"]) == {"synthetic"} and index["subject"].is_unique
    assert index["has_bvp"].all() and (store.root / "index.parquet").is_file()


def test_a_batch_can_be_drawn(store):
    sampling = {"n_frames": 90, "normalise": "chrominance", "speeds": (0.8, 1.2)}
    clips = LabelledClips(store, store.ids(), **sampling)
    batch = next(Batches(clips, batch_size=4, seed=0).stream())
    assert batch["clip"].shape == (4, 90, 63, 6) and torch.isfinite(batch["clip"]).all()
    assert batch["has_wave"].all() and batch["has_hr"].all()


def test_an_interrupted_run_resumes_and_a_finished_one_is_kept(store, tmp_path):
    assert write_traces(store.root, CONFIG, progress=False) == 0
    shutil.copytree(store.root, tmp_path / "copy")
    copy = Store(tmp_path / "copy")
    shutil.rmtree(copy.path(clip_id(3)))
    assert write_traces(copy.root, CONFIG, progress=False) == 1
    np.testing.assert_array_equal(copy.open(clip_id(3)).mstmap, store.open(clip_id(3)).mstmap)


def test_other_settings_are_refused_or_replaced(store, tmp_path):
    other = TraceConfig(seed=2, n_clips=2, seconds=4.0)
    with pytest.raises(ValueError, match="--replace"):
        write_traces(store.root, other, progress=False)
    write_traces(tmp_path, TraceConfig(seed=1, n_clips=3, seconds=4.0), 1, progress=False)
    assert write_traces(tmp_path, other, 1, progress=False, replace=True) == 2
    assert Store(tmp_path).ids() == [clip_id(0), clip_id(1)]


def test_crops_are_written_where_they_are_asked_for(tmp_path):
    config = TraceConfig(seed=1, n_clips=1, seconds=3.0, crops=("face", "wide"))
    write_traces(tmp_path, config, workers=1, progress=False)
    for name in ("face", "wide"):
        clips = Clips(Store(tmp_path), [clip_id(0)], array=name, n_frames=60, size=16)
        assert clips[clips.first(clip_id(0))]["clip"].shape == (60, 16, 16, 3)


def test_the_command_writes_a_store(tmp_path):
    words = ["simulate", str(tmp_path / "out"), "--clips", "2", "--seconds", "3", "--workers", "1"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    assert "2 simulated clips, 2 of them written now" in result.output
    assert len(Store(tmp_path / "out").ids()) == 2


def test_replacing_never_deletes_what_is_no_clip(tmp_path):
    config = TraceConfig(seed=2, n_clips=2, seconds=3.0)
    write_traces(tmp_path, config, workers=1, progress=False)
    (tmp_path / "simulated" / ".DS_Store").write_text("hidden")
    assert write_traces(tmp_path, config, workers=1, progress=False) == 0
    for folder in ("holiday", "000007"):
        photo = tmp_path / "simulated" / folder / "me.jpg"
        photo.parent.mkdir()
        photo.write_text("keep")
        with pytest.raises(ValueError, match="no simulated clip"):
            write_traces(tmp_path, config, workers=1, progress=False, replace=True)
        assert photo.read_text() == "keep"
        shutil.rmtree(photo.parent)


def test_a_pulse_that_is_not_finite_is_refused():
    with pytest.raises(ValueError, match="pulse inf"):
        TraceConfig(pulse_amplitude_scale=float("inf"))
