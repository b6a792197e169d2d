"""Whether a profile can run on the data below a folder: what it needs, found or missing.

    name, recordings, errors = read_for("DATA")
    profile = load_profile(name, "DATA")
    checks = check_data("DATA", recordings, errors, profile)
    print(format_checks("DATA", checks, profile.file))
    can_run = not any(check.mark == "stop" for check in checks)

The runs of a profile name the datasets that they need: `datasets` without labels, `labelled`, and
`validation`, whose fold dev validates; without validation, a study validates and tests on the
subjects of `datasets`.  All others test on a challenge's test videos or, if there are none, on the
fold test of every dataset that has one, as own videos have.
"""

import shlex
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

from rppg.datasets.id_parts import shown
from rppg.datasets.readers import FOLDERS, layouts_of
from rppg.datasets.readers.labels import NO_TIMES
from rppg.datasets.readers.parsing import endings, files_below
from rppg.datasets.readers.video_folder import LABELS, labels_below, passed_over
from rppg.preprocessing.inventory import layouts_below, read_below
from rppg.utils.paths import project_dir
from rppg.workflow.data_needs import (
    TEST,
    Folds,
    Groups,
    check_datasets,
    check_runs,
    split_all,
)
from rppg.workflow.misplaced_folders import misplaced, some
from rppg.workflow.profiles import Profile, load_profile
from rppg.workflow.run_needs import LAYOUT_OF, NAME_OF, OWN, is_labelled, needs_of, title
from rppg.workflow.submission_checks import Check, check_test_videos


def fitting_profile(layouts: Collection[str]) -> str:
    """The profile that a folder is checked for if none is asked for."""
    return "own" if set(layouts) == {LAYOUT_OF[OWN]} else "paper"


def reader_options(profile: Profile) -> dict[str, dict]:
    """The options of readers, by layout, that a profile gives 01_preprocess."""
    return (profile.notebooks.get("01_preprocess") or {}).get("reader_options") or {}


def read_for(root: Path | str, name: str | None = None) -> tuple[str, Groups, dict[str, str]]:
    """The profile that a folder is checked for, `name` or the fitting one; the recordings below the
    folder, and why some cannot be read, as `rppg.preprocessing.inventory.read_below` returns them,
    with the profile's options of readers, if it can be loaded.

    Raises as `read_below`.
    """
    name, options = name or fitting_profile(layouts_below(root)), {}
    with suppress(OSError, ValueError):  # an installed package has no profiles, and still a table
        options = reader_options(load_profile(name, root))
    return name, *read_below(root, options)


def check_data(
    root: Path | str, recordings: Groups, errors: dict[str, str], profile: Profile
) -> list[Check]:
    """What a profile needs, then what is unexpected.

    recordings, errors: as `read_for` returns them.
    """
    root, needs = Path(root), needs_of(profile)
    sound = {layout: [r for r in group if not r.problem] for layout, group in recordings.items()}
    sound = {layout: group for layout, group in sound.items() if group}
    folds, cannot = split_all(root, recordings, profile)
    checks = [*check_datasets(needs, sound, folds, errors), *cannot]
    checks += check_runs(needs, sound, folds, errors)
    submits = not profile.studies or any(need.validation for need in needs)
    if submits and (LAYOUT_OF[OWN] not in recordings or folds):
        checks += _tested(root, sound, folds)
    checks += _origins(sound)
    checks += _untimed(sound)
    for layout, error in errors.items():
        text = f"{title(layout)}: this folder cannot be read: {' '.join(error.split())}"
        checks.append(Check("stop", f"{text}: fix it, or move it away"))
    named = {layout for need in needs for layout in need.read} | {TEST}
    if spare := [title(layout) for layout in sound if layout not in named]:
        checks.append(Check("unused", f"{', '.join(spare)}: prepared, but not trained on"))
    return checks + _misplaced(root, named, sound, recordings) + _passed_over(root)


def refuse_data(profile: Profile, named: str) -> None:
    """Raises FileNotFoundError if the profile's folder of data is none, and ValueError if a profile
    that submits, or whose runs name datasets, needs something that is not in it.  named: where the
    folder was given, for the error."""
    data = project_dir(__file__) / profile.data
    if not data.is_dir():
        expected = "expected one that holds datasets"
        raise FileNotFoundError(f"{named} {profile.data} is not a folder: {expected}")
    if not profile.studies or needs_of(profile):
        refuse_stops(data, profile)


def refuse_stops(root: Path | str, profile: Profile) -> None:
    """Raises ValueError with every `stop` of a folder, before anything is prepared."""
    checks = check_data(root, *read_below(root, reader_options(profile)), profile)
    if stops := [check.text for check in checks if check.mark == "stop"]:
        command = f"rppg check-data {shlex.quote(str(root))} --profile {profile.file}"
        raise ValueError(f"{root}: {'; '.join(stops)}. {command} says more")


def format_checks(root: Path | str, checks: list[Check], profile: str) -> str:
    """The checks as lines, and last the command that comes next."""
    data = shlex.quote(str(root))
    run = f"rppg run --profile {profile} --data {data}"
    lines = [f"What {run} needs:", *(f"  {check.mark:8}{check.text}" for check in checks)]
    marks, following = {check.mark for check in checks}, run
    if "stop" in marks:
        following = f"fix what says stop, then rppg check-data {data} --profile {profile}"
    elif "look" in marks:
        following = f"check what says look, then {run}"
    return "\n".join([*lines, f"next: {following}"])


def _tested(root: Path, sound: Groups, folds: Folds) -> Iterator[Check]:
    """A challenge's test videos or, if there are none, the held-out subjects."""
    held_out = {id for fold_of in folds.values() for id, fold in fold_of.items() if fold == "test"}
    rows = [r for group in sound.values() for r in group if r.id in held_out]
    if TEST in sound or not rows:
        yield from check_test_videos(root, sound.get(TEST, []))
        return
    known = [recording for recording in rows if is_labelled(recording)]
    text = f"{len(known)} of {len(rows)} test recordings are labelled"
    if known:
        yield Check("found", f"{text}: these labels score the submission, and nothing else")
    else:
        yield Check("missing", f"{text}: a submission is made, but scored on fold dev only")


def _misplaced(root: Path, named: set[str], sound: Groups, recordings: Groups) -> list[Check]:
    """Probable mistakes in the names of folders, and folders that are not read."""
    own = recordings.get(LAYOUT_OF[OWN])
    is_dataset = any(layouts_of(root).get(layout) == root for layout in FOLDERS)
    if any(map(is_labelled, own or ())) or (own is None and is_dataset):
        return []
    missing = [k for k in named if k not in sound and NAME_OF.get(k, OWN) != OWN]
    hints, ignored = misplaced(root, missing)
    checks = [Check("look", hint) for hint in hints]
    if ignored and own is None:
        checks.append(Check("unused", f"not read: {some(ignored)}"))
    return checks


def _passed_over(root: Path) -> list[Check]:
    """Files that lie between own videos and are none, by their suffixes."""
    folder, checks = layouts_of(root).get(LAYOUT_OF[OWN]), []
    if folder is None:
        return checks
    unread = labels_below(folder, files_below(folder)[0])
    if names := [str(path.relative_to(folder)) for path in unread]:
        text = f"own videos: not read: {some(names)}; expected one {LABELS}, in {folder}"
        checks.append(Check("unused" if (folder / LABELS).is_file() else "look", shown(text)))
    if others := endings(passed_over(folder)):
        checks.append(Check("unused", f"own videos: passed over: {others}"))
    return checks


def _untimed(sound: Groups) -> Iterator[Check]:
    """BVPs that are left out because their files have no times."""
    for layout, group in sound.items():
        if notes := [note for r in group for note in r.notes if NO_TIMES in note]:
            text = f"{title(layout)}: BVPs of {len(notes)} recordings are not used, as {notes[0]}"
            advice = f"reader_options: {{{layout}: {{wave_hz: 60}}}} in the profile"
            yield Check("look", f"{text}; of 60 samples a second, give 01_preprocess {advice}")


def _origins(sound: Groups) -> Iterator[Check]:
    origins = {recording.origin for group in sound.values() for recording in group}
    marked = "synthetic, by SYNTHETIC.txt in their folder or above it"
    if len(origins) > 1:
        yield Check("stop", f"some recordings are {marked}, others are real: take one kind")
    elif origins == {"synthetic"}:
        yield Check("found", f"all recordings are {marked}: scores say nothing about people")
