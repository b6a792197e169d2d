"""Datasets that the runs of a profile need, compared with the recordings that are there.

    needs = needs_of(load_profile("own"))
    folds, checks = split_all(root, recordings, profile)
    checks += check_datasets(needs, recordings, folds, unread=())
    checks += check_runs(needs, recordings, folds, unread=())

`rppg.workflow.preflight` puts the checks in order.
"""

from collections.abc import Iterator
from pathlib import Path

from rppg.datasets.fold_files import make_folds
from rppg.datasets.fold_tables import WORDS
from rppg.datasets.readers import PUBLISHED, layouts_of
from rppg.datasets.recording import Recording
from rppg.workflow.profiles import Profile
from rppg.workflow.run_needs import NAME_OF, OWN, Need, alike, is_labelled, shown_runs, title
from rppg.workflow.submission_checks import Check

Groups = dict[str, list[Recording]]  # layout -> recordings without a problem
Folds = dict[str, dict[str, object]]  # layout -> id -> fold
TEST = "challenge_test"


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
    """A check per dataset that runs name: those that are trained on with labels and validated by a
    fold dev first, then the others.

    unread: layouts whose folders cannot be read, of which nothing is said here.
    """
    judged = [need for need in needs if need.labelled and need.dev]
    first = [layout for need in judged for layout in need.layouts]
    first += [layout for need in judged for layout in need.dev]
    for layout in dict.fromkeys(layout for layout in first if layout not in unread):
        users = [need for need in needs if need.labelled and layout in need.read]
        yield _labelled(layout, sound.get(layout, []), folds.get(layout), users)
    others = [need for need in needs if need not in judged]
    for layout in dict.fromkeys(layout for need in others for layout in need.layouts):
        if layout not in first and layout not in unread:
            yield from _other(layout, sound, others)


def check_runs(needs: list[Need], sound: Groups, folds: Folds, unread) -> Iterator[Check]:
    """A stop per group of runs that have too few recordings to train on, or none to validate on.

    unread: as in `check_datasets`; runs that need one of them are left out.
    """
    for runs, need in alike(need for need in needs if not set(unread) & set(need.read)):
        rows = _training_rows(need, sound, folds)
        names = ", ".join(map(title, need.layouts)) + (f" ({need.only})" if need.only else "")
        if len(rows) < need.batch_size:
            found = f"{shown_runs(runs)}: {len(rows)} {need.wanted} of {names} to train on"
            yield Check("stop", f"{found}, at least {need.batch_size} are needed (its batch_size)")
        elif (n := len({(r.dataset, r.subject) for r in rows})) < need.n_folds:
            found = f"{shown_runs(runs)}: {need.wanted} of {n} subjects of {names}"
            yield Check("stop", f"{found}, at least {need.n_folds} are needed (its n_folds)")
    for layout in dict.fromkeys(layout for need in needs for layout in need.dev):
        dev = [r for r in sound.get(layout, []) if folds.get(layout, {}).get(r.id) == "dev"]
        if dev and not any(map(is_labelled, dev)) and any(need.labelled for need in needs):
            yield Check("stop", f"{title(layout)}: no recording in fold dev is labelled")
        if layout in folds and "dev" not in folds[layout].values():
            parts = ", ".join(sorted({str(part) for part in folds[layout].values()}))
            found = f"{title(layout)}: its folds are {parts}, and dev is needed to validate on"
            advice = f"protocols: {{{NAME_OF[layout]}: train_dev_test}}"
            yield Check("stop", f"{found}: give 01_preprocess {advice} in the profile")


def _training_rows(need: Need, sound: Groups, folds: Folds) -> list[Recording]:
    """The recordings that a run can learn from: not those that it validates or tests on."""
    tested = not sound.get(TEST) or not need.validation
    fold = {id: part for some in folds.values() for id, part in some.items()}
    held_out = {id for id, part in fold.items() if tested and part == "test"}
    if not need.learns_dev:
        parts = (folds.get(layout, {}) for layout in need.dev)
        held_out |= {id for part in parts for id, word in part.items() if word == "dev"}
    if need.n_folds:
        held_out = set()
    rows = (r for layout in need.layouts for r in sound.get(layout, []) if need.only in r.name)
    return [r for r in rows if r.id not in held_out and need.accepts(r)]


def _labelled(layout: str, group: list[Recording], fold_of: dict | None, users) -> Check:
    """users: the needs that learn from labels of this dataset, or are validated on it."""
    known = [r for r in group if any(need.accepts(r) for need in users)]
    subjects = len({recording.subject for recording in known})
    if subjects < 2:
        whose = "labelled" if NAME_OF.get(layout) == OWN else "labelled training"
        need = "at least two are needed, to train on and to validate on"
        more = "; give heart rates in labels.csv, or BVPs (docs/data.md)" if group else ""
        more = more if NAME_OF.get(layout) == OWN else ""
        return Check("stop", f"{title(layout)}: {subjects} {whose} subjects found, {need}{more}")
    if "test" not in (fold_of or {}).values():
        text = f"{len(known)} labelled recordings of {subjects} training subjects"
        return Check("found", f"{title(layout)}: {text}; {_acting(known, users)}")
    n = f"{len(group)} recordings of {len({r.subject for r in group})} subjects"
    text = f"{n}, {len(known)} labelled; {_acting(known, users)}; {_parts(group, fold_of)}"
    return Check("found", f"{title(layout)}: {text}")


def _other(layout: str, sound: Groups, needs: list[Need]) -> Iterator[Check]:
    """A dataset that is trained on without labels, or on folds of its own subjects.  If it is
    missing, the runs that have another one do without; those that have none are stops."""
    users = [need for need in needs if layout in need.layouts]
    if layout in sound:
        labelled = [need for need in users if need.labelled]
        known = [r for r in sound[layout] if any(need.accepts(r) for need in labelled)]
        acting = f"; {_acting(known, labelled)}" if labelled else ""
        yield Check("found", f"{title(layout)}: {_size(layout, sound[layout])}{acting}")
    elif without := [need for need in users if any(other in sound for other in need.layouts)]:
        word = "pre-training" if all(need.validation for need in without) else "training"
        runs = shown_runs([need.run for need in without])
        of = f" of {runs}" if len(without) < len(needs) else ""
        yield Check("missing", f"{title(layout)}: not found: {word}{of} runs without it")


def _acting(labelled: list[Recording], users: list[Need]) -> str:
    """Which labels there are, and which losses act on them."""
    word = "fine-tuning" if any(need.validation for need in users) else "training"
    waves = sum(recording.bvp is not None for recording in labelled)
    alone = [need.run for need in users if not need.use_waves]
    if not labelled:
        return "no labels"
    if not waves or len(alone) == len(users):
        unused = f"{waves} with a BVP, which no run uses (use_waves: false)"
        found = unused if waves else "no BVPs"
        return f"{found}: {word} by the heart rates alone (the rate loss)"
    rest = len(labelled) - waves
    rated = [f"for {rest}"] if rest else []
    rated += [f"in {shown_runs(alone)} (use_waves: false)"] if alone else []
    by_waves = f"{waves} with a BVP: {word} by BVPs (the losses of the paper)"
    return by_waves + (f", by the heart rate alone {' and '.join(rated)}" if rated else "")


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
    return f"{text} (published: {published.counts()})"
