"""Checks of a challenge's test videos, its sample submission and its solution, before a run.

    checks = list(check_test_videos(Path("DATA"), recordings))

`rppg.workflow.preflight` has the other checks, and says how all are read.
"""

import os
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from rppg.datasets.readers import FOLDERS
from rppg.datasets.readers.repss_test_set import DATASETS as TEST_DATASETS
from rppg.datasets.recording import Recording
from rppg.evaluation.submission import DEFAULT_HEADER, read_solution, sample_ids
from rppg.workflow.misplaced_folders import some

TEST = FOLDERS["challenge_test"]
SAMPLE, SOLUTION = "sample_submission.csv", "solution.csv"


class Check(NamedTuple):
    """Something that a run needs or meets.  mark: found; missing, and the run continues without it;
    unused; look, if something is probably a mistake; stop, if the run would fail."""

    mark: str
    text: str


def check_test_videos(root: Path, recordings: Sequence[Recording]) -> Iterator[Check]:
    """The test videos below `root`, and the files about them."""
    ids = [recording.id for recording in recordings]
    if ids:
        counts = Counter(recording.dataset for recording in recordings)
        parts = ", ".join(f"{name} {counts[name] or 'none'}" for name in TEST_DATASETS)
        yield Check("found", f"{TEST}: {len(ids)} videos ({parts})")
    else:
        yield Check("stop", f"{TEST}: no test videos found, there would be nothing to submit")
    for name in (SAMPLE, SOLUTION):
        if os.path.lexists(root / name) and not (root / name).is_file():
            kind = "a link to nothing" if (root / name).is_symlink() else "no file"
            yield Check("stop", f"{name} is {kind}: put the file there, or take it away")
    if (root / SAMPLE).is_file():
        ids = yield from _sample(root / SAMPLE, ids)
    else:
        yield Check("missing", f"{SAMPLE}: {_without_sample(root)}")
    if (root / SOLUTION).is_file():
        yield _solution(root / SOLUTION, ids)
    else:
        yield Check("missing", f"{SOLUTION}: not found: a submission is made, but not scored")


def _without_sample(root: Path) -> str:
    files = [path for pattern in ("*.csv", "*/*.csv") for path in root.glob(pattern)]
    similar = sorted(path for path in files if "sample" in path.name.lower())
    if similar:
        name = similar[0].relative_to(root)
        return f"not found, but {name} is: copy or link it to {root / SAMPLE}"
    return f"not found: the header is {DEFAULT_HEADER}, and all test videos are in, by name"


def _sample(path: Path, ids: list[str]) -> Generator[Check, None, list[str]]:
    """Compares the sample's ids with the test videos'; returns the ids to submit."""
    try:
        wanted = sample_ids(path)
    except ValueError as error:
        yield Check("stop", str(error))
        return ids
    missing, extra = _without(wanted, ids), _without(ids, wanted)
    yield Check("found", f"{SAMPLE}: {len(wanted)} ids, {len(wanted) - len(missing)} with a video")
    if missing and ids:
        text = f"{len(missing)} ids of the sample have no video: {some(missing)}"
        yield Check("look", f"{text}: they would get the mean heart rate of the training subjects")
    if extra:
        text = f"{len(extra)} test videos are not in the sample: {some(extra)}"
        yield Check("stop", f"{text}: move them away, or take the sample that belongs to them")
    return wanted


def _solution(path: Path, ids: list[str]) -> Check:
    try:
        truth = read_solution(path)["id"].tolist()
    except ValueError as error:
        return Check("stop", str(error))
    if different := _without(ids, truth) + _without(truth, ids):
        text = f"{len(different)} ids are in it and not submitted, or the reverse"
        return Check("stop", f"{SOLUTION}: {text}: {some(different)}: move it away, or replace it")
    return Check("found", f"{SOLUTION}: the truth of all {len(truth)}, to score by")


def _without(these: list[str], those: list[str]) -> list[str]:
    known = set(those)
    return [name for name in these if name not in known]
