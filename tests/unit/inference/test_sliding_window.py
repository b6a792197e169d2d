"""Waves of a model: clips put together again, gaps kept, a heart rate a recording."""

import numpy as np
import pytest
import torch
from helpers.prepared_recordings import mstmap_of, put
from torch import nn

from rppg.datasets.store import Store
from rppg.inference.classical import COLUMNS
from rppg.inference.sliding_window import model_wave, overlap_add, predict_model


class Green(nn.Module):
    """A model that knows: minus the green of all rows, at a gain that differs from clip to clip."""

    def __init__(self):
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(3.0))

    def forward(self, clips):
        gains = self.gain * torch.linspace(1, 2, len(clips))[:, None]
        return -gains * clips[..., 1].mean(dim=2) + 5  # (B, T)


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "prepared")
    put(store, "a/1/long", mstmap_of(75, n_frames=700), split="test", hr_true_bpm=75.2)
    put(store, "a/1/short", mstmap_of(90, n_frames=200))
    put(store, "a/1/too_short", mstmap_of(75, n_frames=80))
    gaps = mstmap_of(120, n_frames=800)
    gaps[350:380] = np.nan
    put(store, "a/2/gaps", gaps, gaps_s=[[350 / 30, 380 / 30]])
    put(store, "a/2/failed")
    return store


def test_a_table_of_heart_rates_as_the_classical_methods_have(store):
    ids = [f"a/{name}" for name in ("1/long", "1/short", "1/too_short", "2/gaps", "2/failed")]
    table = predict_model(store, ids, Green(), "green", "ratio")
    assert table.columns.tolist() == COLUMNS and table["id"].tolist() == ids
    assert set(table["model"]) == {"green"} and set(table["kind"]) == {"learned"}
    found = table.set_index("id")
    assert found["hr_bpm"][["a/1/long", "a/1/short", "a/2/gaps"]].to_numpy() == pytest.approx(
        [75, 90, 120], abs=1
    )
    assert found["hr_true_bpm"]["a/1/long"] == 75.2 and np.isnan(found["hr_true_bpm"]["a/1/short"])
    assert "no 3 s without a gap in 2.67 s" in found["reason"]["a/1/too_short"]
    assert "no face in any frame" in found["reason"]["a/2/failed"]
    assert found["hr_bpm"][["a/1/too_short", "a/2/failed"]].isna().all()
    assert found["power"][["a/1/too_short", "a/2/failed"]].isna().all()
    for row in found.loc[["a/1/long", "a/2/gaps"]].itertuples():
        assert 60 * row.freq_hz[row.power.argmax()] == pytest.approx(row.hr_bpm, abs=1e-4)
    with pytest.raises(KeyError, match="a/9/none is not prepared"):
        predict_model(store, ["a/9/none"], Green(), "green", "ratio")


def test_the_wave_covers_all_but_the_gap_and_does_not_depend_on_the_batch(store):
    wave = model_wave(store, "a/2/gaps", Green(), "ratio")
    assert np.flatnonzero(np.isnan(wave)).tolist() == list(range(350, 380))
    beat = np.sin(2 * np.pi * 2 * np.arange(800) / 30)
    seen = np.isfinite(wave)
    assert np.corrcoef(wave[seen], beat[seen])[0, 1] > 0.95
    one_by_one = model_wave(store, "a/2/gaps", Green(), "ratio", batch_size=1)
    np.testing.assert_allclose(one_by_one, wave, atol=1e-5)


class Counted(Green):
    """Green, which keeps the first value of each clip that it is shown."""

    def forward(self, clips):
        self.shown = [*getattr(self, "shown", []), *clips[:, 0, 0, 0].tolist()]
        return super().forward(clips)


@pytest.mark.parametrize(
    ("step", "starts"),
    [
        (15, [*range(0, 406, 15), 410, *range(0, 106, 15), 110, 0]),
        (300, [0, 300, 410, 0, 110, 0]),  # side by side; the last one ends with its stretch
        (75, [0, 75, 150, 225, 300, 375, 410, 0, 75, 110, 0]),
    ],
)
def test_clips_are_a_step_apart_and_cover_all_frames(tmp_path, step, starts):
    store = Store(tmp_path / "prepared")
    for n_frames, name in ((710, "a"), (410, "b"), (200, "c")):
        maps = mstmap_of(75, n_frames=n_frames)
        maps[..., 0] = np.arange(n_frames)[:, None]  # the number of the frame
        put(store, f"a/1/{name}", maps)
    model = Counted()
    for name in "abc":
        wave = model_wave(store, f"a/1/{name}", model, None, step=step)
        assert np.isfinite(wave).all()
    assert model.shown == starts
    table = predict_model(store, ["a/1/a"], Green(), "green", "ratio", step=step)
    assert table["hr_bpm"].item() == pytest.approx(75, abs=1)


def test_the_read_out_decides_the_rate_of_a_recording(store):
    drift = np.concatenate([mstmap_of(60, n_frames=600), mstmap_of(90, n_frames=300)])
    put(store, "a/3/drift", drift)
    of = {}
    for word in ("psd", "mean"):
        how = {"readout": {"spectrum": "welch", "aggregate": word, "step_s": 10.0}}
        of[word] = predict_model(store, ["a/3/drift"], Green(), "green", "ratio", **how)["hr_bpm"][
            0
        ]
    assert of["psd"] == pytest.approx(60, abs=2) and of["mean"] == pytest.approx(70, abs=2)
    with pytest.raises(ValueError, match="spectrum 'fft'"):
        predict_model(store, ["a/1/long"], Green(), "green", "ratio", readout={"spectrum": "fft"})


def test_a_step_of_no_frame_is_an_error(store):
    with pytest.raises(ValueError, match="step is 0 frames"):
        model_wave(store, "a/1/long", Green(), "ratio", step=0)


def test_overlapping_clips_of_one_wave_give_it_back():
    whole = np.sin(2 * np.pi * np.arange(400) / 25)
    starts = [0, 50, 150, 300]
    clips = torch.stack([torch.from_numpy(whole[s : s + 100]) for s in starts])
    gains = torch.tensor([1.0, 5.0, 0.1, 2.0])[:, None]
    found = overlap_add(gains * clips - 3, starts, 400)
    assert np.isnan(found[250:300]).all() and np.isfinite(np.delete(found, range(250, 300))).all()
    seen = np.isfinite(found)
    np.testing.assert_allclose(found[seen], whole[seen] * np.sqrt(2), atol=1e-3)


def test_overlap_add_is_its_loop():
    rng = np.random.default_rng(0)
    clips, starts = rng.standard_normal((3, 8)), [0, 4, 9]
    window = [np.sin(np.pi * (k + 1) / 9) ** 2 for k in range(8)]
    for frame in range(17):
        over = [(c, frame - s) for c, s in zip(clips, starts, strict=True) if 0 <= frame - s < 8]
        total = sum((c[k] - c.mean()) / c.std() * window[k] for c, k in over)
        expected = total / sum(window[k] for _, k in over)
        found = overlap_add(torch.from_numpy(clips), starts, 17)[frame]
        assert found == pytest.approx(expected, rel=1e-9)


def test_clips_outside_are_an_error():
    with pytest.raises(ValueError, match=r"do not lie in 100"):
        overlap_add(torch.zeros(2, 60), [0, 50], 100)
