"""Which of several faces in a video an answer is about: the `face=` of the Python API.

>>> name_of_face(2), name_of_face("left"), name_of_face(None)
('2', 'left', None)
>>> name_of_face("middle")
Traceback (most recent call last):
rppg.utils.errors.InputError: no face 'middle': expected largest, left, right, all, or a number \
from 1 (the leftmost) to 6

A face is chosen and followed as `rppg.preprocessing.several_faces` says; without a name it is the
one that FaceMesh finds.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from rppg.datasets import Recording
from rppg.datasets.store import Store
from rppg.inference.trained import extract_into
from rppg.preprocessing.face_detector import BoxFinder, NoFaceError
from rppg.utils.errors import InputError, no_heart_rate

if TYPE_CHECKING:
    from rppg.inference.faces_together import FaceRead
    from rppg.preprocessing.extract import Traces

ALL = "all"
Face: TypeAlias = Literal["largest", "left", "right"] | int  # 1: the leftmost


def name_of_face(face) -> str | None:
    """A face as `rppg predict --face` calls it; None for None.  Raises InputError for another."""
    if face is None:
        return None
    from rppg.preprocessing.several_faces import check_face

    name = str(face) if isinstance(face, int | np.integer) and not isinstance(face, bool) else face
    if not isinstance(name, str):
        found = f"face is a {type(face).__name__}"
        raise InputError(f"{found}, expected largest, left, right, all, or a number from 1")
    try:
        check_face(name)
    except ValueError as error:
        raise InputError(str(error)) from None
    return name


def names_in(recording: Recording) -> list[str]:
    """Names "1", "2", ... of the faces in a video's first two seconds, from the left."""
    from rppg.preprocessing.several_faces import faces_of

    with no_heart_rate():
        return faces_of(recording, ALL)


@contextmanager
def read_face(
    recording: Recording,
    face: str | None,
    arrays: Collection[str] | None,
    read: "FaceRead | None" = None,
) -> "Iterator[tuple[Store | None, Traces]]":
    """Inside, the store with the arrays that trained models see (None: there are no models), and
    the traces of a face.  read: the FaceRead of a pass for several, if there was one.

    Raises as `extract` does.
    """
    from rppg.preprocessing.extract import extract

    if read is not None and read.traces is not None:
        yield read.store, read.traces
        return
    with TemporaryDirectory(prefix="rppg-") as folder:
        store = None if arrays is None else Store(folder)
        with tools_for(face) as (landmarker, find):
            if store is None:
                traces = extract(recording, landmarker, find=find, overlap=True)
            else:
                traces = extract_into(store, recording, landmarker, find, arrays)
        yield store, traces


@contextmanager
def tools_for(name: str | None) -> Iterator[tuple[Callable, Callable]]:
    """(landmarker, find) of a face, as `extract` takes them.  Inside, a face that is never there
    is a NoFaceError that says how many there are."""
    if name is None:
        from rppg.preprocessing.face_mesh import FaceLandmarks

        yield FaceLandmarks(), BoxFinder().find
        return
    from rppg.preprocessing.several_faces import ChosenFace

    chosen = ChosenFace(name)
    try:
        yield chosen, chosen.find
    except NoFaceError as error:
        if chosen.was_seen or not chosen.n_seen:
            raise
        text = f"there is no face {name}: {chosen.n_seen} at most at a time"
        raise NoFaceError(text) from error
