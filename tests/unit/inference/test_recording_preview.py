"""Recordings closely: the face and POS's wave, or why there is none."""

import numpy as np
import pytest
from helpers.prepared_recordings import mstmap_of, put

from rppg.datasets.store import Store
from rppg.inference.recording_preview import recording_previews

SEEN = {"preview_frame": 0, "regions_px": {}}


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "prepared")
    put(store, "a/1/good", mstmap_of(72), **SEEN)
    put(store, "a/1/short", mstmap_of(72, n_frames=60), **SEEN)
    put(store, "a/1/failed")
    return store


def test_a_recording_has_its_face_and_a_wave_at_its_heart_rate(store):
    seen = recording_previews(store, ["a/1/good", "a/1/short", "a/1/failed"])
    good = seen["a/1/good"]
    assert good["face"].shape == (128, 128, 3) and good["wave"].shape == good["times_s"].shape
    freq_hz = np.fft.rfftfreq(len(good["wave"]), 1 / 30)
    assert freq_hz[np.abs(np.fft.rfft(good["wave"])).argmax()] == pytest.approx(1.2, abs=0.11)
    assert seen["a/1/short"]["face"] is not None and seen["a/1/short"]["wave"] is None
    assert seen["a/1/failed"] == {"face": None, "times_s": None, "wave": None}


def test_what_was_never_prepared_is_an_error(store):
    with pytest.raises(KeyError, match="a/1/none"):
        recording_previews(store, ["a/1/none"])
