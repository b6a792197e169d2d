"""What the learned methods of `rppg predict` need: trained models, and a prepared video.

    models = load_models(["st_transformer"])
    with TemporaryDirectory() as folder:
        store = Store(folder)
        traces = extract_into(store, recording, FaceLandmarks(), BoxFinder().find)
        wave = learned_wave(store, recording.id, *models["st_transformer"])  # (T,) at 30 fps

A model sees a video as it saw those it was trained on: as a prepared recording, read from a store
clip by clip.  That needs 63 KB of temporary disk space per frame, 1.9 MB per second of video.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from torch import nn

from rppg.datasets import Recording
from rppg.datasets.npy_writer import ArrayFile
from rppg.datasets.store import Store
from rppg.inference.faults import reason_of
from rppg.inference.sliding_window import model_wave
from rppg.models.registry import WEIGHTS, load_run
from rppg.utils.paths import project_dir

RUN = "finetune"  # of each model's runs: the one that has learned from labels
PROFILE = "demo"  # whose runs are used if no folder is named


def load_models(
    names: Sequence[str], runs: Path | None = None
) -> dict[str, tuple[nn.Module, dict]]:
    """(model, inputs) of each name, from <runs>/<name>/finetune; as `load_run` gives them.

    runs: folder of a profile's runs; None: runs/demo of the project.  Raises FileNotFoundError,
    which says what trains it, for a model that is not there, and ValueError as `load_run` does.
    """
    if not names:
        return {}
    runs = project_dir(__file__) / "runs" / PROFILE if runs is None else Path(runs)
    folders = {name: runs / name / RUN for name in names}
    if missing := [name for name, folder in folders.items() if not (folder / WEIGHTS).is_file()]:
        looked = ", ".join(str(folders[name] / WEIGHTS) for name in missing)
        raise FileNotFoundError(
            f"no trained {' and no '.join(missing)}: looked for {looked}; `rppg run --profile "
            f"{PROFILE}` trains into runs/{PROFILE}, --runs names another folder of trained models"
        )
    return {name: load_run(folder) for name, folder in folders.items()}


def extract_into(store: Store, recording: Recording, landmarker, find: Callable):
    """`Traces` of a recording, decoded once for them and for its crops and map in the store.

    If only the crops fail, as of a face that is too small for them, the store keeps the reason and
    the recording is decoded again without crops: classical methods need none.  Raises what
    `extract` does, and MachineFault if the store cannot be written.
    """
    from rppg.preprocessing.extract import extract
    from rppg.preprocessing.face_detector import NoCropError
    from rppg.preprocessing.prepare import ARRAYS

    try:
        with store.begin(recording.id) as writer:
            face, wide = (
                ArrayFile(writer.folder / f"{name}.npy", *ARRAYS[name]) for name in ("face", "wide")
            )
            with face, wide:
                to_arrays = {"on_crop": face.append, "on_wide": wide.append}
                traces = extract(recording, landmarker, find=find, overlap=True, **to_arrays)
            writer.save("mstmap", traces.mstmap)
            writer.commit({"id": recording.id, "status": "ok", "reason": None, **traces.meta})
    except Exception as error:
        if isinstance(error, ValueError) and not isinstance(error, NoCropError):
            raise  # as it would without crops
        reason = reason_of(error, str(recording.frames))
        traces = extract(recording, landmarker, find=find, overlap=True)
        with store.begin(recording.id) as writer:
            reason = f"the face cannot be cropped: {reason}"
            writer.commit({"id": recording.id, "status": "failed", "reason": reason})
    return traces


def learned_wave(store: Store, id: str, model: nn.Module, inputs: dict) -> np.ndarray:
    """The predicted BVP (T,) of a prepared recording, at 30 fps, without a unit; NaN in gaps.

    One clip at a time: full-size crops take 0.6 GB per layer and clip in a large net.  Raises
    ValueError, with the reason, if the face could not be cropped, if there is no 3 s without a gap,
    or if the model gives NaN only.
    """
    meta = store.meta(id)
    if meta is not None and meta["status"] == "failed":
        raise ValueError(meta["reason"])
    wave = model_wave(store, id, model, batch_size=1, **inputs)
    if np.isfinite(wave).any():
        return wave
    bad = [name for name, weights in model.named_parameters() if not weights.isfinite().all()]
    why = f"its weights {bad[0]} are not finite" if bad else "though its weights are finite"
    raise ValueError(f"the model's BVP is NaN: {why}; train the model again")
