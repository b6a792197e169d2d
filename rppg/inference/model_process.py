"""Trained models for `rppg predict`, ready by the time that the first video has been read.

    with Models(["st_transformer"]) as models:
        traces = extract_into(store, recording, landmarker, models.find, models.arrays)
        models.load()
        wave = models.wave("st_transformer", store, recording.id)  # (T,) at 30 fps

Importing torch takes 2 to 3 s, as long as reading a short video.  Both are Python that holds its
lock, so threads would not overlap them: torch is imported in a process of its own, unless this one
has imported it already.  MTCNN, which finds the face for crops, is there, too.
"""

import sys
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from rppg.datasets.store import Store
from rppg.inference.faults import MachineFault
from rppg.inference.trained import array_seen, learned_wave, load_models, run_folders
from rppg.preprocessing.face_detector import Box, BoxFinder
from rppg.preprocessing.faults import MEMORY
from rppg.utils.worker_pool import Worker, WorkerDied


class Models:
    """Trained models by name, as in `load_models`.  A context manager, at whose end they are gone.

    arrays: those of a prepared recording that any of them sees; a model whose weights do not say
    has none, and is refused by `load`.  Raises FileNotFoundError as `run_folders` does.
    """

    def __init__(self, names: Sequence[str], runs: Path | None = None):
        self.names = list(names)
        self.arrays = {array_seen(folder) for folder in run_folders(names, runs).values()} - {None}
        self._nets, self._lock = _Nets(self.names, runs), threading.Lock()
        self._worker, self._has_started = None, False
        if "torch" not in sys.modules:
            imports = partial(_import, mtcnn="face" in self.arrays)
            self._worker = Worker(self._nets, imports)

    def __enter__(self) -> "Models":
        return self

    def __exit__(self, *exception) -> None:
        if self._worker is not None:
            self._worker.process.kill()  # it has nothing open that it would have to close
            self._worker.end()

    def load(self) -> None:
        """Wait until the models are there.  Raises as `load_models` does, and MachineFault if the
        process of the models has ended."""
        self._ask("load")

    def find(self, rgb: np.ndarray) -> Box | None:
        """The face's box in a frame (H, W, 3) uint8, as of a `BoxFinder`; MachineFault as in
        `load`."""
        return self._ask("find", rgb)

    def wave(self, name: str, store: Store, id: str) -> np.ndarray:
        """`learned_wave` of a prepared recording; MachineFault as in `load`."""
        return self._ask("wave", name, str(store.root), id)

    def _ask(self, what: str, *arguments):
        if self._worker is None:
            return self._nets((what, *arguments))
        with self._lock:  # a face is looked for in another thread than the one that waits for waves
            if not self._has_started:
                self._received()
                self._has_started = True
            self._worker.give(0, [(what, *arguments)])
            return self._received()

    def _received(self):
        result = self._worker.receive()
        if isinstance(result, WorkerDied):
            raise MachineFault(f"the process of the trained models has ended ({result}): {MEMORY}")
        return result


class _Nets:
    """The models themselves, in whichever process they are; loaded when first needed."""

    def __init__(self, names: Sequence[str], runs: Path | None):
        self._names, self._runs, self._models, self._finder = names, runs, None, None

    def __call__(self, item: tuple) -> object:
        """The result of the method that is named, given the rest."""
        what, *arguments = item
        return getattr(self, what)(*arguments)

    def load(self) -> None:
        self._models = self._models or load_models(self._names, self._runs)

    def find(self, rgb: np.ndarray) -> Box | None:
        self._finder = self._finder or BoxFinder()
        return self._finder.find(rgb)

    def wave(self, name: str, root: str, id: str) -> np.ndarray:
        self.load()
        return learned_wave(Store(root), id, *self._models[name])


def _import(mtcnn: bool) -> None:
    """Import what will be needed, in the process of the models, while a video is read."""
    import rppg.inference.sliding_window
    import rppg.models.registry  # noqa: F401

    if mtcnn:
        from rppg.preprocessing.light_mtcnn import mtcnn_class

        mtcnn_class()
