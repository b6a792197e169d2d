"""What the runs of a profile need of the data, by the profile or by their notebooks' defaults.

    >>> from rppg.workflow.profiles import load_profile
    >>> need = needs_of(load_profile("gideon2021_paper"))[-1]
    >>> need.run, need.layouts, need.labelled, need.n_folds  # the published folds
    ('desync/snr/shift16', ('cohface',), True, 0)

A run names the datasets that it is trained on, with or without labels, and the one whose fold dev
validates it, or is validated on folds of the subjects that it is trained on.
"""

from collections.abc import Iterable
from typing import NamedTuple

from rppg.datasets.readers import FOLDERS
from rppg.datasets.readers.video_folder import DATASET as OWN
from rppg.datasets.recording import SIMULATED, Recording
from rppg.utils.paths import project_dir
from rppg.workflow.profiles import Profile
from rppg.workflow.typed_fields import parameter_defaults

LAYOUT_OF = {**{name: layout for layout, name in FOLDERS.items()}, OWN: "folder"}  # by dataset
NAME_OF = {layout: name for name, layout in LAYOUT_OF.items()}
LABEL_FREE = "multiview"  # `loss` of a run that reads no label
PUBLISHED_FOLDS = "published"  # `folds` of a protocol


class Need(NamedTuple):
    """What one run needs."""

    run: str
    layouts: tuple[str, ...]  # trained on
    labelled: bool
    use_waves: bool  # learns from BVPs where there are any; False: from heart rates alone
    validation: str  # layout whose fold dev validates; "": `layouts` are split
    n_folds: int  # into so many folds of subjects; 0: by their folds train, dev and test
    learns_dev: bool  # also trains on the fold dev of `layouts`
    only: str  # text that the names of its recordings contain
    batch_size: int

    @property
    def dev(self) -> tuple[str, ...]:
        """Layouts whose fold dev validates."""
        return (self.validation,) if self.validation else () if self.n_folds else self.layouts

    @property
    def read(self) -> tuple[str, ...]:
        """All layouts that are read."""
        return tuple(dict.fromkeys((*self.layouts, *self.dev)))

    @property
    def wanted(self) -> str:
        """The kind of recording that it is trained on, in words."""
        if self.labelled:
            return "labelled recordings" if self.use_waves else "recordings with a heart rate"
        return "recordings"

    def accepts(self, recording: Recording) -> bool:
        """Whether a recording has what it learns from."""
        if self.labelled and not self.use_waves:
            return recording.true_hr_bpm() is not None
        return is_labelled(recording) or not self.labelled


def needs_of(profile: Profile) -> list[Need]:
    """The needs of the runs that name datasets of faces."""
    needs = []
    for run in profile.runs.values():
        notebook = project_dir(__file__) / "notebooks" / f"{run.notebook}.ipynb"
        given = parameter_defaults(notebook) | run.parameters
        datasets = given.get("labelled") or given.get("datasets") or ()
        datasets = [name for name in datasets if name != SIMULATED]  # made by 01_preprocess
        if datasets and "validation" in given:
            needs.append(_need(run.name, datasets, given))
    return needs


def _need(run: str, datasets: list[str], given: dict) -> Need:
    validation, protocol = given["validation"], given.get("protocol") or {}
    labelled = "labelled" in given or given.get("loss", LABEL_FREE) != LABEL_FREE
    published = not validation and protocol.get("folds") == PUBLISHED_FOLDS
    return Need(
        run,
        layouts=tuple(LAYOUT_OF.get(name, name) for name in datasets),
        labelled=labelled,
        use_waves=given.get("use_waves", True),
        validation=LAYOUT_OF.get(validation, validation),
        n_folds=0 if validation or published else given["n_folds"],
        learns_dev=published and not labelled and protocol.get("learn_dev", True),
        only="" if validation else protocol.get("only", ""),
        batch_size=given["batch_size"],
    )


def alike(needs: Iterable[Need]) -> list[tuple[list[str], Need]]:
    """Runs that need the same, and what: a profile's sweep has hundreds."""
    groups: dict[Need, list[str]] = {}
    for need in needs:
        groups.setdefault(need._replace(run=""), []).append(need.run)
    return [(runs, need) for need, runs in groups.items()]


def shown_runs(runs: list[str]) -> str:
    """Up to three names, or the first and how many more there are."""
    return ", ".join(runs) if len(runs) <= 3 else f"{runs[0]} and {len(runs) - 1} more"


def is_labelled(recording: Recording) -> bool:
    """Whether it has a heart rate or a ground-truth BVP."""
    labels = (recording.hr_mean_bpm, recording.hr, recording.bvp)
    return any(label is not None for label in labels)


def title(layout: str) -> str:
    """The name of a dataset in a message."""
    return "own videos" if NAME_OF.get(layout) == OWN else NAME_OF.get(layout, layout)
