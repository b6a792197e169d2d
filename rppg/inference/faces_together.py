"""The faces of one video, each with its traces, from one pass over the frames.

    with faces_together(recording, ["1", "2"], {"mstmap", "face"}) as faces:
        for one in faces:
            one.traces, one.store  # None: this face is read by itself, as if it were the only one

`rppg predict --face all` and `rppg.heart_rate(face="all")` read videos so.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from rppg.datasets import Recording
from rppg.datasets.store import Store
from rppg.inference.trained import CROPS, to_store

if TYPE_CHECKING:
    from rppg.preprocessing.extract import Traces


@dataclass(frozen=True, eq=False)
class FaceRead:
    """A face by its name; traces and the store that holds what trained models see, or None."""

    name: str
    traces: "Traces | None" = None
    store: Store | None = None


@contextmanager
def faces_together(
    recording: Recording, names: Sequence[str], arrays: Collection[str] | None
) -> Iterator[list[FaceRead]]:
    """The faces, read as far as one pass can; names as in `check_face`, not "all".

    arrays: those that trained models see, for the stores; None: there are no models.
    """
    alone = [FaceRead(name) for name in names]
    if len(names) < 2:
        yield alone
        return
    with TemporaryDirectory(prefix="rppg-") as folder:
        stores = None if arrays is None else [Store(Path(folder) / name) for name in names]
        crops = [name for name in CROPS if name in (arrays or ())]
        try:
            faces = _read(recording, names, stores, crops)
        except Exception:  # of this video or this disk: reading by itself says so
            faces = alone
        yield faces


def _read(
    recording: Recording, names: Sequence[str], stores: list[Store] | None, crops: list[str]
) -> list[FaceRead]:
    from rppg.preprocessing.faces_together import Wanted, extract_together
    from rppg.preprocessing.several_faces import ChosenFace

    followed = [ChosenFace(name) for name in names]
    if stores is None:
        found = extract_together(recording, [Wanted(one, one.find) for one in followed])
        return [FaceRead(*face) for face in zip(names, found, strict=True)]
    with ExitStack() as stack:
        opened = [stack.enter_context(to_store(store, recording.id, crops)) for store in stores]
        wanted = [Wanted(one, one.find, **f) for one, (f, _) in zip(followed, opened, strict=True)]
        found = extract_together(recording, wanted)
        for traces, (_, keep) in zip(found, opened, strict=True):
            if traces is not None:
                keep(traces)
    return [FaceRead(*face) for face in zip(names, found, stores, strict=True)]
