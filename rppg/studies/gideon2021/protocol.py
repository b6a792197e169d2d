"""How a run of the study splits, trains and scores: ours, or step by step the paper's.

    how = Protocol(folds="published", scored="windows", redraw=True, every_window=True)
    splits = how.splits(store, ids, n_folds=5, held_out=[])

Source: Gideon and Stent, ICCV 2021, sections 3.5, 4 and A6.  PURE and COHFACE come with folds, of
MR-NIRP-Car the garage recordings with small motion are used ("RGB garage minimal motion subset";
that this is what their names call small motion follows the published preprocessing, which leaves
the broken one of these out); heart rates are of windows of 10 s.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rppg.datasets.fold_tables import read_folds
from rppg.datasets.folds import FOLDS, Split, splits_by_subject
from rppg.datasets.store import Store

SUBJECTS, PUBLISHED = "subjects", "published"
RECORDINGS, WINDOWS = "recordings", "windows"


@dataclass(frozen=True)
class Protocol:
    """The defaults are ours.  Raises ValueError for an unknown word."""

    folds: str = SUBJECTS  # folds of subjects, one after the other; "published": train, dev, test
    only: str = ""  # text that the names of the used recordings contain
    scored: str = RECORDINGS  # or "windows": of 10 s, heart rates in 40-250 bpm
    learn_dev: bool = True  # without labels, the validation subjects are trained on, too
    redraw: bool = False  # a labelled clip whose BVP has an IPR above 60 % is drawn again
    every_window: bool = False  # the step is chosen by the IPR of all windows, not one a recording

    def __post_init__(self):
        for name, words in (("folds", (SUBJECTS, PUBLISHED)), ("scored", (RECORDINGS, WINDOWS))):
            if (found := getattr(self, name)) not in words:
                raise ValueError(f"{name} {found!r}, expected {' or '.join(words)}")

    def splits(
        self, store: Store, ids: Iterable[str], n_folds: int, held_out: Sequence[str] = ()
    ) -> dict[str, Split]:
        """Splits by name of the ids that `only` leaves: "0" to n_folds - 1, or those of held_out,
        or one, "published".

        Raises ValueError if nothing is left, and for a part of a published split without any.
        """
        ids = [id for id in ids if self.only in id.split("/")[-1]]
        if not ids:
            raise ValueError(f"no recording is called {self.only!r}: expected some")
        if self.folds == PUBLISHED:
            return {PUBLISHED: published_split(store, ids)}
        splits = splits_by_subject(ids, n_folds)
        return {fold: splits[fold] for fold in held_out or splits}


def published_split(store: Store, ids: Iterable[str]) -> Split:
    """Ids by the folds train, dev and test that 01_preprocess wrote for their datasets.

    Raises FileNotFoundError for a dataset without folds, ValueError for a part without an id.
    """
    ids, parts = list(ids), {"train": [], "dev": [], "test": []}
    for dataset in sorted({id.split("/")[0] for id in ids}):
        path = store.root / FOLDS / f"{dataset}.csv"
        if not path.is_file():
            raise FileNotFoundError(f"{path} is missing: run 01_preprocess on {dataset}")
        fold_of = read_folds(path).set_index("id")["fold"]
        for id in sorted(id for id in ids if id.split("/")[0] == dataset):
            if fold_of.get(id) in parts:
                parts[fold_of[id]].append(id)
    if empty := [name for name, some in parts.items() if not some]:
        found = f"no recording in {' and '.join(empty)} of {len(ids)}"
        raise ValueError(
            f"{found}: expected published folds train, dev and test; or folds: subjects"
        )
    return Split(**parts)
