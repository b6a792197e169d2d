"""Datasets that the runs of a profile need, compared with the recordings that are there.

    needs = needs_of(load_profile("own"))
    folds, checks = split_all(root, recordings, profile)
    checks += check_datasets(needs, recordings, folds, unread=())
    checks += check_runs(needs, recordings, folds, unread=())

A run names the datasets that it is trained on, with or without labels, and the one whose fold dev
validates it.  `rppg.workflow.preflight` puts the checks in order.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from rppg.datasets.fold_files import make_folds
from rppg.datasets.fold_tables import WORDS
from rppg.datasets.readers import FOLDERS, PUBLISHED, layouts_of
from rppg.datasets.readers.video_folder import DATASET as OWN
from rppg.datasets.recording import SIMULATED, Recording
from rppg.utils.paths import project_dir
from rppg.workflow.profiles import Profile
from rppg.workflow.submission_checks import Check
from rppg.workflow.typed_fields import notebook_fields

Groups = dict[str, list[Recording]]  # layout -> recordings without a problem
Folds = dict[str, dict[str, object]]  # layout -> id -> fold
LAYOUT_OF = {**{name: layout for layout, name in FOLDERS.items()}, OWN: "folder"}  # by dataset
NAME_OF = {layout: name for name, layout in LAYOUT_OF.items()}
TEST = "challenge_test"


class Need(NamedTuple):
    """What one run needs: layouts to train on, with labels or without, and one to validate on."""

    run: str
    labelled: bool
    layouts: tuple[str, ...]
    validation: str
    batch_size: int


def needs_of(profile: Profile) -> list[Need]:
    """The needs of the runs that name datasets, by the profile or by their notebook's defaults."""
    needs = []
    for run in profile.runs.values():
        fields = notebook_fields(project_dir(__file__) / "notebooks" / f"{run.notebook}.ipynb")
        given = {name: field.default for name, field in fields.items()} | run.parameters
        datasets = given.get("labelled") or given.get("datasets") or ()
        datasets = [name for name in datasets if name != SIMULATED]  # made by 01_preprocess
        if datasets and given.get("validation"):
            layouts = tuple(LAYOUT_OF.get(name, name) for name in datasets)
            validation = LAYOUT_OF.get(given["validation"], given["validation"])
            labelled = "labelled" in given
            needs.append(Need(run.name, labelled, layouts, validation, given["batch_size"]))
    return needs


def split_all(root: Path, recordings: Groups, profile: Profile) -> tuple[Folds, list[Check]]:
    """The folds that 01_preprocess would make, and a check for each dataset that it cannot split.

    recordings: all of them, with a problem or without.
    """
    given = profile.notebooks.get("01_preprocess") or {}
    seed = given.get("seed", 0) if profile.seed is None else profile.seed
    folds, checks, folders = {}, [], layouts_of(root)
    for layout, group in recordings.items():
        n_subjects = len({recording.subject for recording in group})
        if layout == TEST or not group or (n_subjects < 2 and NAME_OF[layout] != OWN):
            continue
        protocol = (given.get("protocols") or {}).get(NAME_OF[layout])
        try:
            table = make_folds([r.id for r in group], protocol, folders[layout], seed)
        except (ValueError, FileNotFoundError) as error:
            checks.append(Check("stop", f"{title(layout)} cannot be split: {error}"))
            continue
        folds[layout] = dict(zip(table["id"], table["fold"], strict=True))
    return folds, checks


def check_datasets(needs: list[Need], sound: Groups, folds: Folds, unread) -> Iterator[Check]:
    """A check per dataset that runs name: what is labelled first, then the others.

    unread: layouts whose folders cannot be read, of which nothing is said here.
    """
    labelled = [layout for need in needs if need.labelled for layout in need.layouts]
    labelled += [need.validation for need in needs if need.labelled]
    for layout in dict.fromkeys(layout for layout in labelled if layout not in unread):
        yield _labelled(layout, sound.get(layout, []), folds.get(layout))
    training = [need for need in needs if not need.labelled]
    for layout in dict.fromkeys(layout for need in training for layout in need.layouts):
        runs = [need.run for need in training if layout in need.layouts]
        of = "" if len(runs) == len(training) else f" of {', '.join(runs)}"
        if layout in labelled or layout in unread:
            continue
        if layout in sound:
            yield Check("found", f"{title(layout)}: {_size(layout, sound[layout])}")
        else:
            yield Check("missing", f"{title(layout)}: not found: pre-training{of} runs without it")


def check_runs(needs: list[Need], sound: Groups, folds: Folds, unread) -> Iterator[Check]:
    """A stop per run that has too few recordings to train on, or none to validate on.

    unread: as in `check_datasets`; runs that need one of them are left out.
    """
    for need in needs:
        if set(unread) & {*need.layouts, need.validation}:
            continue
        names = ", ".join(map(title, need.layouts))
        rows = [r for layout in need.layouts for r in sound.get(layout, [])]
        fold = {id: part for some in folds.values() for id, part in some.items()}
        tested = not sound.get(TEST)
        held_out = {id for id, part in fold.items() if tested and part == "test"}
        held_out |= {id for id, part in folds.get(need.validation, {}).items() if part == "dev"}
        rows = [r for r in rows if r.id not in held_out and (is_labelled(r) or not need.labelled)]
        if len(rows) < need.batch_size:
            what = "labelled recordings" if need.labelled else "recordings"
            found = f"{need.run}: {len(rows)} {what} of {names} to train on"
            yield Check("stop", f"{found}, at least {need.batch_size} are needed (its batch_size)")
    for layout in dict.fromkeys(need.validation for need in needs):
        dev = [r for r in sound.get(layout, []) if folds.get(layout, {}).get(r.id) == "dev"]
        if dev and not any(map(is_labelled, dev)) and any(need.labelled for need in needs):
            yield Check("stop", f"{title(layout)}: no recording in fold dev is labelled")
        if layout in folds and "dev" not in folds[layout].values():
            parts = ", ".join(sorted({str(part) for part in folds[layout].values()}))
            found = f"{title(layout)}: its folds are {parts}, and dev is needed to validate on"
            advice = f"protocols: {{{NAME_OF[layout]}: train_dev_test}}"
            yield Check("stop", f"{found}: give 01_preprocess {advice} in the profile")


def is_labelled(recording: Recording) -> bool:
    """Whether it has a heart rate or a ground-truth BVP."""
    labels = (recording.hr_mean_bpm, recording.hr, recording.bvp)
    return any(label is not None for label in labels)


def _labelled(layout: str, group: list[Recording], fold_of: dict | None) -> Check:
    known = [recording for recording in group if is_labelled(recording)]
    subjects = len({recording.subject for recording in known})
    if subjects < 2:
        whose = "labelled" if NAME_OF.get(layout) == OWN else "labelled training"
        need = "at least two are needed, to train on and to validate on"
        more = "; give heart rates in labels.csv, or BVPs (docs/data.md)" if group else ""
        more = more if NAME_OF.get(layout) == OWN else ""
        return Check("stop", f"{title(layout)}: {subjects} {whose} subjects found, {need}{more}")
    if "test" not in (fold_of or {}).values():
        text = f"{len(known)} labelled recordings of {subjects} training subjects"
        return Check("found", f"{title(layout)}: {text}; {_acting(known)}")
    n = f"{len(group)} recordings of {len({r.subject for r in group})} subjects"
    n += f", {len(known)} labelled"
    return Check("found", f"{title(layout)}: {n}; {_acting(known)}; {_parts(group, fold_of)}")


def _acting(labelled: list[Recording]) -> str:
    """Which labels there are, and which losses act on them."""
    waves = sum(recording.bvp is not None for recording in labelled)
    if not waves:
        return "no BVPs: fine-tuning by the heart rates alone (the rate loss)"
    by_waves = f"{waves} with a BVP: fine-tuning by BVPs (the losses of the paper)"
    rest = len(labelled) - waves
    return by_waves + (f", by the heart rate alone for {rest}" if rest else "")


def _parts(group: list[Recording], fold_of: dict) -> str:
    """The subjects, or the number of them, in each fold."""
    texts = []
    for word in WORDS:
        names = sorted({r.subject for r in group if fold_of.get(r.id) == word})
        shown = f" ({', '.join(names)})" if 0 < len(names) <= 3 else ""
        texts.append(f"{word} {len(names)} subjects{shown}")
    return ", ".join(texts).replace(" 1 subjects", " 1 subject")


def _size(layout: str, group: list[Recording]) -> str:
    subjects = len({recording.subject for recording in group})
    text = f"{len(group)} recordings of {subjects} subjects"
    if (published := PUBLISHED.get(layout)) is None:
        return text
    if (len(group), subjects) == (published.recordings, published.subjects):
        return f"all {text}"
    return f"{text} (published: {published.recordings} of {published.subjects})"


def title(layout: str) -> str:
    """The name of a dataset in a message."""
    return "own videos" if NAME_OF.get(layout) == OWN else NAME_OF.get(layout, layout)
