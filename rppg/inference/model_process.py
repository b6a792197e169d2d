"""Trained models for `rppg predict`, ready by the time that the first video has been read.

    with Models(["st_transformer"]) as models:
        traces = extract_into(store, recording, landmarker, find, models.arrays)
        models.load()
        wave = models.wave("st_transformer", store, recording.id)  # (T,) at 30 fps

Importing torch takes 2 to 3 s, as long as reading a short video.  Both are Python that holds its
lock, so threads would not overlap them: torch is imported in a process of its own, unless this one
has imported it already.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rppg.datasets.store import Store
from rppg.inference.faults import MachineFault
from rppg.inference.trained import array_seen, learned_wave, load_models, run_folders
from rppg.preprocessing.faults import MEMORY
from rppg.utils.worker_pool import Worker, WorkerDied

LOAD = None  # in place of what a wave is asked of


class Models:
    """Trained models by name, as in `load_models`.  A context manager, at whose end they are gone.

    arrays: those of a prepared recording that any of them sees; a model whose weights do not say
    has none, and is refused by `load`.  Raises FileNotFoundError as `run_folders` does.
    """

    def __init__(self, names: Sequence[str], runs: Path | None = None):
        self.names = list(names)
        self.arrays = {array_seen(folder) for folder in run_folders(names, runs).values()} - {None}
        self._nets = _Nets(self.names, runs)
        self._worker = None if "torch" in sys.modules else Worker(self._nets, _import_torch)
        self._is_loaded = False

    def __enter__(self) -> "Models":
        return self

    def __exit__(self, *exception) -> None:
        if self._worker is not None:
            self._worker.process.kill()  # it has nothing open that it would have to close
            self._worker.end()

    def load(self) -> None:
        """Wait until the models are there.  Raises as `load_models` does, and MachineFault if the
        process of the models has ended."""
        if self._is_loaded:
            return
        if self._worker is not None:
            self._received()  # that it has started
        self._ask(LOAD)
        self._is_loaded = True

    def wave(self, name: str, store: Store, id: str) -> np.ndarray:
        """`learned_wave` of a prepared recording; MachineFault as in `load`."""
        self.load()
        return self._ask((name, str(store.root), id))

    def _ask(self, item):
        if self._worker is None:
            return self._nets(item)
        self._worker.give(0, [item])
        return self._received()

    def _received(self):
        result = self._worker.receive()
        if isinstance(result, WorkerDied):
            raise MachineFault(f"the process of the trained models has ended ({result}): {MEMORY}")
        return result


class _Nets:
    """The models themselves, in whichever process they are; loaded when first called."""

    def __init__(self, names: Sequence[str], runs: Path | None):
        self._names, self._runs, self._models = names, runs, None

    def __call__(self, item: tuple[str, str, str] | None) -> np.ndarray | None:
        """The wave of a (model, root of the store, id); None for LOAD."""
        self._models = self._models or load_models(self._names, self._runs)
        if item is LOAD:
            return None
        name, root, id = item
        return learned_wave(Store(root), id, *self._models[name])


def _import_torch() -> None:
    """Import what a wave needs, in the process of the models."""
    import rppg.inference.sliding_window
    import rppg.models.registry  # noqa: F401
