"""Whether the road can run on the data below a folder: what it needs, found or missing.

    found, errors = read_below("DATA")  # rppg.preprocessing.inventory
    facts = check_road("DATA", found, errors)
    print(format_road("DATA", facts))
    can_run = not any(fact.mark == "stop" for fact in facts)

The road is `rppg run --profile paper --data DATA`: pre-training on videos without their labels,
fine-tuning on VIPL-HR-V2's labelled subjects, and a submission for the test videos.
"""

import shlex
from collections import Counter
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import NamedTuple

from rppg.datasets.readers import FOLDERS, PUBLISHED
from rppg.datasets.readers.repss_test_set import DATASETS as TEST_DATASETS
from rppg.datasets.recording import Recording
from rppg.evaluation.submission import DEFAULT_HEADER, read_solution, sample_ids
from rppg.preprocessing.inventory import read_below
from rppg.workflow.misplaced_folders import look_around, some

LABELLED = "vipl_hr_v2"  # fine-tuned with; some of its subjects choose the step
FACES = ("ubfc_rppg", "pure", "mmse_hr")  # pre-trained on by both solutions
MORE_FACES = "disfa"  # by Contrast-Phys+ only
TEST = "challenge_test"
NEEDED = (LABELLED, *FACES, MORE_FACES, TEST)
SAMPLE, SOLUTION = "sample_submission.csv", "solution.csv"

Groups = dict[str, list[Recording]]  # layout -> recordings


class Fact(NamedTuple):
    """One thing that the road needs or meets.  mark: found; missing, and the road goes on without
    it; unused; look, where something is probably a mistake; stop, where the road cannot run."""

    mark: str
    text: str


def check_road(root: Path | str, found: Groups, errors: dict[str, str]) -> list[Fact]:
    """What the road needs, in its order, then what is odd beside it.

    found, errors: as `rppg.preprocessing.inventory.read_below` gives them.
    """
    root = Path(root)
    sound = {layout: [r for r in group if not r.problem] for layout, group in found.items()}
    sound = {layout: group for layout, group in sound.items() if group}
    facts = [_labelled(sound), *_faces(sound, errors), *_test(root, sound), *_origins(sound)]
    for layout in errors:
        text = f"{FOLDERS[layout]}: this folder cannot be read, as said above"
        facts.append(Fact("stop", f"{text}: mend it, or move it away"))
    if spare := [FOLDERS[layout] for layout in sound if layout not in NEEDED]:
        facts.append(Fact("unused", f"{', '.join(spare)}: prepared, but not learned from"))
    hints, ignored = look_around(root, [k for k in NEEDED if k not in sound], sound)
    facts += [Fact("look", hint) for hint in hints]
    return facts + ([Fact("unused", f"not read: {some(ignored)}")] if ignored else [])


def refuse_stops(root: Path | str) -> None:
    """Raises ValueError with every `stop` of a folder of datasets, before anything is prepared."""
    facts = check_road(root, *read_below(root))
    if stops := [fact.text for fact in facts if fact.mark == "stop"]:
        told = "; ".join(stops)
        raise ValueError(f"{root}: {told}. rppg check-data {shlex.quote(str(root))} says more")


def format_road(root: Path | str, facts: list[Fact]) -> str:
    """The facts as lines, and last the command that comes next."""
    data = shlex.quote(str(root))
    lines = [f"What rppg run --profile paper --data {data} needs:"]
    lines += [f"  {fact.mark:8}{fact.text}" for fact in facts]
    marks, following = {fact.mark for fact in facts}, f"rppg run --profile paper --data {data}"
    if "stop" in marks:
        following = f"mend what says stop, then rppg check-data {data}"
    elif "look" in marks:
        following = f"see to what says look, then {following}"
    return "\n".join([*lines, f"next: {following}"])


def _labelled(sound: Groups) -> Fact:
    clips = [r for r in sound.get(LABELLED, []) if r.hr_mean_bpm is not None or r.bvp is not None]
    subjects, name = len({clip.subject for clip in clips}), FOLDERS[LABELLED]
    if subjects < 2:
        need = "two at least are needed, to learn from and to choose by"
        return Fact("stop", f"{name}: {subjects} labelled training subjects found, {need}")
    text = f"{len(clips)} labelled recordings of {subjects} training subjects"
    return Fact("found", f"{name}: {text}")


def _faces(sound: Groups, errors: dict[str, str]) -> Iterator[Fact]:
    """The sets to pre-train on, without their labels."""
    for layout in (*FACES, MORE_FACES):
        whose = "of Contrast-Phys+ " if layout == MORE_FACES else ""
        if layout in sound:
            text = f"{_size(layout, sound[layout])}, for the pre-training {whose}".rstrip()
            yield Fact("found", f"{FOLDERS[layout]}: {text}")
        elif layout not in errors:
            text = f"not found: the pre-training {whose}goes on without it"
            yield Fact("missing", f"{FOLDERS[layout]}: {text}")
    if not sound.keys() & set(FACES):
        names = ", ".join(FOLDERS[layout] for layout in FACES)
        yield Fact("stop", f"nothing to pre-train on: one of {names} is needed")


def _size(layout: str, group: list[Recording]) -> str:
    published, subjects = PUBLISHED[layout], len({recording.subject for recording in group})
    text = f"{len(group)} recordings of {subjects} subjects"
    if (len(group), subjects) == (published.recordings, published.subjects):
        return f"all {text}"
    return f"{text} (published: {published.recordings} of {published.subjects})"


def _test(root: Path, sound: Groups) -> Iterator[Fact]:
    """The test videos, and the files that speak of them."""
    ids = [recording.id for recording in sound.get(TEST, [])]
    if ids:
        counts = Counter(recording.dataset for recording in sound[TEST])
        parts = ", ".join(f"{name} {counts[name] or 'none'}" for name in TEST_DATASETS)
        yield Fact("found", f"{FOLDERS[TEST]}: {len(ids)} videos ({parts})")
    else:
        yield Fact("stop", f"{FOLDERS[TEST]}: no test videos found, nothing could be handed in")
    if (root / SAMPLE).is_file():
        ids = yield from _sample(root / SAMPLE, ids)
    else:
        yield Fact("missing", f"{SAMPLE}: {_without_sample(root)}")
    if (root / SOLUTION).is_file():
        yield _solution(root / SOLUTION, ids)
    else:
        yield Fact("missing", f"{SOLUTION}: not found: a submission is made, but not scored")


def _without_sample(root: Path) -> str:
    files = [path for pattern in ("*.csv", "*/*.csv") for path in root.glob(pattern)]
    alike = sorted(path for path in files if "sample" in path.name.lower())
    if alike:
        return f"not found, but {alike[0].relative_to(root)} is: copy or link it to {root / SAMPLE}"
    return f"not found: the header is {DEFAULT_HEADER}, and all test videos are in, by name"


def _sample(path: Path, ids: list[str]) -> Generator[Fact, None, list[str]]:
    """Facts on the sample's ids and the test videos'; returns the ids that are handed in."""
    try:
        wanted = sample_ids(path)
    except ValueError as error:
        yield Fact("stop", str(error))
        return ids
    lacking, extra = _less(wanted, ids), _less(ids, wanted)
    yield Fact("found", f"{SAMPLE}: {len(wanted)} ids, {len(wanted) - len(lacking)} with a video")
    if lacking and ids:
        text = f"{len(lacking)} ids of the sample have no video: {some(lacking)}"
        yield Fact("look", f"{text}: they would get the mean heart rate of the training subjects")
    if extra:
        text = f"{len(extra)} test videos are not in the sample: {some(extra)}"
        yield Fact("stop", f"{text}: move them away, or take the sample that belongs to them")
    return wanted


def _solution(path: Path, ids: list[str]) -> Fact:
    try:
        truth = read_solution(path)["id"].tolist()
    except ValueError as error:
        return Fact("stop", str(error))
    if odd := _less(ids, truth) + _less(truth, ids):
        text = f"{len(odd)} ids are in it and not handed in, or the reverse: {some(odd)}"
        return Fact("stop", f"{SOLUTION}: {text}: move it away, or take the one that fits")
    return Fact("found", f"{SOLUTION}: the truth of all {len(truth)}, to score against")


def _origins(sound: Groups) -> Iterator[Fact]:
    origins = {recording.origin for group in sound.values() for recording in group}
    marked = "synthetic, as SYNTHETIC.txt beside or above them says"
    if len(origins) > 1:
        yield Fact("stop", f"some recordings are {marked}, others are real: take one kind")
    elif origins == {"synthetic"}:
        yield Fact("found", f"all recordings are {marked}: scores say nothing about people")


def _less(these: list[str], those: list[str]) -> list[str]:
    known = set(those)
    return [name for name in these if name not in known]
