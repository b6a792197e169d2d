"""Recordings whose labels raise: what learns from them the same as from others has read no label.

Labels are bvp.npy and, in recording.json, the heart rates and what is known to be wrong with them.
A fixture `labels_raise` is poison_of(store, monkeypatch).
"""

import numpy as np

from rppg.datasets import store as store_module
from rppg.datasets.prepared import Prepared

LABELS = {"hr_true_bpm", "hr_mean_bpm", "known_bad"}


class LabelRead(Exception):
    """No `except` of the package expects it."""


class Unlabelled(dict):
    """A recording.json whose labels raise, however they are asked for."""

    def __getitem__(self, key):
        if key in LABELS:
            raise LabelRead(f"{key} of {super().__getitem__('id')}")
        return super().__getitem__(key)

    def __iter__(self):  # overridden, so that dict(meta) and {**meta} ask for each key
        return super().__iter__()

    def get(self, key, default=None):
        return self[key] if key in self else default

    def items(self):
        return [(key, self[key]) for key in self]

    def values(self):
        return [self[key] for key in self]

    def pop(self, key, *default):
        self.get(key)
        return super().pop(key, *default)

    def copy(self):
        return dict(self)

    def __or__(self, other):
        return dict(self) | other

    def __ror__(self, other):
        return other | dict(self)


def poison_of(store, monkeypatch):
    """A function: from its call on, whoever reads a label of the store gets LabelRead."""
    read_meta, load, load_array = store_module.read_meta, np.load, Prepared._load

    def guarded_load(path, *args, **kwargs):
        if "bvp" in str(path):
            raise LabelRead(str(path))
        return load(path, *args, **kwargs)

    def guarded_array(prepared, name):
        if name == "bvp":
            raise LabelRead(str(prepared.path(name)))
        return load_array(prepared, name)

    def poison():
        for id in store.ids():
            path = store.path(id) / "bvp.npy"
            path.write_bytes(b"no array".ljust(path.stat().st_size))  # sizes are no labels
        monkeypatch.setattr(store_module, "read_meta", lambda *at: Unlabelled(read_meta(*at)))
        monkeypatch.setattr(np, "load", guarded_load)
        monkeypatch.setattr(Prepared, "_load", guarded_array)

    return poison
