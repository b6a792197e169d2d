"""Stand-ins for the extraction of videos and for trained models, for tests of what `rppg predict`
does around them."""

from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np

from rppg.inference.trained import learned_wave
from rppg.preprocessing.extract import Traces

COLOUR = np.array([0.33, 0.77, 0.53])  # of a pulse


def traces(hr_bpm: float = 72.0, **meta) -> Traces:
    """10 s of a pulse in all regions."""
    times_s = np.arange(300) / 30
    pulse = 0.02 * np.sin(2 * np.pi * hr_bpm / 60 * times_s)
    mstmap = np.full((300, 63, 6), 100.0, np.float32)
    mstmap[..., :3] *= 1 - (pulse[:, None] * COLOUR)[:, None]
    points = np.random.default_rng(0).uniform(40, 90, (468, 2)).astype(np.float32)
    return Traces(mstmap, times_s, meta, np.full((120, 120, 3), 90, np.uint8), points)


def stub_extraction(monkeypatch, by_name: dict) -> list[str]:
    """Give `extract` the result, or the exception, of each video's name; traces() for the others;
    and no trained models, until `stub_models` gives some.

    Returns the names of the videos that were extracted, in order.
    """
    done = []

    def extract(recording, *arguments, **fields):
        if recording.problem:
            raise ValueError(recording.problem)
        name = Path(recording.frames).name
        done.append(name)
        found = by_name.get(name) or traces()
        if isinstance(found, BaseException):
            raise found
        return replace(found, meta={**found.meta, "n_frames": len(found.mstmap)})

    for name in ("api.faces", "inference.stream", "preprocessing.several_faces"):
        import_module(f"rppg.{name}")  # or it would keep the stub, if this test imports it first
    stub_models(monkeypatch)
    monkeypatch.setattr("rppg.preprocessing.extract.extract", extract)
    monkeypatch.setattr("rppg.preprocessing.face_mesh.FaceLandmarks", lambda: None)
    return done


class StubModels:
    """In place of `rppg.inference.model_process.Models`: nets that are there."""

    def __init__(self, models: dict):
        self.names = list(models)
        self.arrays, self._models = {inputs["array"] for _, inputs in models.values()}, models

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        pass

    def load(self):
        pass

    def find(self, rgb):
        return None

    def wave(self, name, store, id):
        return learned_wave(store, id, *self._models[name])


def stub_models(monkeypatch, **models) -> None:
    """Give `rppg predict` these models, (net, inputs) by name."""
    monkeypatch.setattr("rppg.inference.videos.Models", lambda *_: StubModels(models))
