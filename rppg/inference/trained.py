"""What the learned methods of `rppg predict` need: trained models, and a prepared video.

    models = load_models(["st_transformer"])
    with TemporaryDirectory() as folder:
        store = Store(folder)
        traces = extract_into(store, recording, FaceLandmarks(), BoxFinder().find, {"mstmap"})
        wave = learned_wave(store, recording.id, *models["st_transformer"])  # (T,) at 30 fps

A model sees a video as it saw those it was trained on: as a prepared recording, read from a store
clip by clip.  Crops take 63 KB of temporary disk space per frame, 1.9 MB per second of video; they
are made only if a model sees them.  torch is imported by `load_models`, not before.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rppg.datasets import Recording
from rppg.datasets.npy_writer import ArrayFile
from rppg.datasets.store import Store
from rppg.inference.faults import reason_of
from rppg.models.names import BOX, RECIPES, WEIGHTS
from rppg.models.weights_header import read_about

if TYPE_CHECKING:
    from torch import nn

VIEWS = 3  # regions per view of a net that takes rows, as the profiles have it
RUN = "finetune"  # of each model's runs: the one that has learned from labels
CROPS = {"face": "on_crop", "wide": "on_wide"}  # beside the map: who gets them in `extract`


def run_folders(names: Sequence[str], runs: Path | None = None) -> dict[str, Path]:
    """The folder with the weights of each name: <runs>/<name>/finetune, or that of the package.

    runs: folder of a profile's runs; None: the models in the box.  Raises FileNotFoundError, which
    says what trains it, for a model whose weights are not there.
    """
    folders = {name: BOX / name if runs is None else Path(runs) / name / RUN for name in names}
    if missing := [name for name, folder in folders.items() if not (folder / WEIGHTS).is_file()]:
        looked = ", ".join(str(folders[name] / WEIGHTS) for name in missing)
        raise FileNotFoundError(
            f"no trained {' and no '.join(missing)}: looked for {looked}; `rppg run --profile "
            f"NAME` trains into runs/NAME, --runs names such a folder"
        )
    return folders


def load_models(
    names: Sequence[str], runs: Path | None = None
) -> dict[str, tuple["nn.Module", dict]]:
    """(model, inputs) of each name, as `load_run` gives them.

    Raises FileNotFoundError as `run_folders` does, and ValueError as `load_run` does.
    """
    folders = run_folders(names, runs)
    from rppg.models.registry import load_run  # imports torch

    return {name: load_run(folder) for name, folder in folders.items()}


@cache
def box_models() -> dict[str, tuple["nn.Module", dict]]:
    """The models in the package, loaded once, in eval mode."""
    return {
        name: (net.eval(), inputs) for name, (net, inputs) in load_models(list(RECIPES)).items()
    }


def array_seen(folder: Path) -> str | None:
    """The array that a run's model sees; None if its weights do not say, which `load_run`
    refuses."""
    try:
        parameters = read_about(folder / WEIGHTS)["made_by"].get("parameters")
    except ValueError:
        return None
    return parameters.get("array") if isinstance(parameters, dict) else None


def extract_into(
    store: Store, recording: Recording, landmarker, find: Callable, arrays: Collection[str]
):
    """`Traces` of a recording, decoded once for them and for its arrays in the store: the map, and
    crops if `arrays` names some.

    If only the crops fail, as of a face that is too small for them, the recording is decoded again
    without them, and the store keeps the reason: classical methods and maps need none.  Raises what
    `extract` does, and MachineFault if the store cannot be written.
    """
    crops, reason = [name for name in CROPS if name in arrays], None
    if crops:
        from rppg.preprocessing.face_detector import NoCropError

        try:
            return _extracted(store, recording, landmarker, find, crops, {})
        except Exception as error:
            if isinstance(error, ValueError) and not isinstance(error, NoCropError):
                raise  # as it would without crops
            reason = f"the face cannot be cropped: {reason_of(error, str(recording.frames))}"
    return _extracted(store, recording, landmarker, find, [], {"no_crops": reason})


def _extracted(store: Store, recording: Recording, landmarker, find, crops, facts: dict):
    from rppg.preprocessing.extract import extract

    with to_store(store, recording.id, crops) as (files, keep):
        traces = extract(recording, landmarker, find=find, overlap=True, **files)
        keep(traces, **facts)
    return traces


@contextmanager
def to_store(store: Store, id: str, crops: Collection[str]) -> Iterator[tuple[dict, Callable]]:
    """Inside, a recording is written: who gets its crops, by their name in `extract`, and a
    function that puts it in its place, given its traces and further facts."""
    from rppg.preprocessing.prepare_recording import ARRAYS

    with store.begin(id, needs=("mstmap", *crops)) as writer, ExitStack() as stack:
        files = {name: ArrayFile(writer.folder / f"{name}.npy", *ARRAYS[name]) for name in crops}
        opened = {CROPS[name]: stack.enter_context(f).append for name, f in files.items()}

        def keep(traces, **facts) -> None:
            stack.close()  # before the recording is put in its place
            writer.save("mstmap", traces.mstmap)
            writer.commit({"id": id, "status": "ok", "reason": None, **traces.meta, **facts})

        yield opened, keep


def views_of(model: "nn.Module") -> list:
    """Rows (k,) of every three regions, for a net that takes rows of a map; else none."""
    from rppg.inference.region_voting import region_views  # imports torch
    from rppg.models.protocol import traits_of
    from rppg.preprocessing.mstmap import COMBINATIONS

    return region_views(COMBINATIONS, VIEWS) if traits_of(model).takes_rows else []


def learned_wave(store: Store, id: str, model: "nn.Module", inputs: dict) -> np.ndarray:
    """The predicted BVP (T,) of a prepared recording, at 30 fps, without a unit; NaN in gaps.

    Of a net that takes rows of a map, the mean of its BVPs of every three of the six regions, the
    `views` of fine-tuning: what disturbs one region is outvoted.  One clip at a time: full-size
    crops take 0.6 GB per layer and clip in a large net.

    Raises ValueError, with the reason, if the face could not be cropped, if there is no 3 s without
    a gap, or if the model gives NaN only.
    """
    from rppg.inference.sliding_window import view_waves  # imports torch

    if inputs["array"] in CROPS and (reason := (store.meta(id) or {}).get("no_crops")):
        raise ValueError(reason)
    views = views_of(model) or [None]
    wave = np.mean(view_waves(store, id, model, batch_size=1, views=views, **inputs), axis=0)
    if np.isfinite(wave).any():
        return wave
    bad = [name for name, weights in model.named_parameters() if not weights.isfinite().all()]
    why = f"its weights {bad[0]} are not finite" if bad else "though its weights are finite"
    raise ValueError(f"the model's BVP is NaN: {why}; train the model again")
