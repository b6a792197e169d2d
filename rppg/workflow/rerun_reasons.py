"""Why a stage would run, read from a dry run of Snakemake and from what it has recorded.

Snakemake says which jobs would run, and that "params have changed"; which ones is found by putting
what it has recorded of the job's last run beside the parameters and files of code of today.

    >>> list(changes('{"training": {"n_steps": 800}}', '{"training": {"n_steps": 900}}'))
    ['parameter training.n_steps 800 -> 900']
    >>> list(changes('{"learning/sign.py": "12ab"}', '{"learning/sign.py": "34cd"}'))
    ['code of learning changed (sign.py)']
"""

import ast
import base64
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

MARK = "rules: "  # before what the Snakefile says of itself
RECORDS = ".snakemake/metadata"
NAME_LENGTH = 254  # Snakemake cuts longer names of records
AT_MOST = 3  # names in a reason; of more, their number is said
PLAIN = {  # what Snakemake calls it, and what is said here; the files follow
    "Missing output files": "missing",
    "Incomplete output files": "was interrupted while writing",
    "Forced execution": "asked for",
}


@dataclass
class Planned:
    """One job that would run: Snakemake's rule, why, after which rules, where its notebook goes."""

    rule: str
    shard: str = ""
    why: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    log: str = ""


def described(rules) -> str:
    """A line of a Snakefile that says what its rules' parameters are, for `read_plan`."""
    given = {rule.name: [repr(p({}) if callable(p) else p) for p in rule.params] for rule in rules}
    return MARK + json.dumps(given)


def read_plan(told: str, root: Path) -> list[Planned]:
    """The jobs of a dry run's text in the order of the Snakefile, without its rule "all".

    root: the folder that Snakemake ran in.  Raises ValueError for a text without the line of
    `described`.
    """
    line = next((t for t in told.splitlines() if t.startswith(MARK)), None)
    if line is None:
        raise ValueError(f"no line {MARK!r} in what Snakemake said:\n{told[-2000:]}")
    params = json.loads(line.removeprefix(MARK))
    jobs = [job for job in _jobs(told) if job["rule"] != "all"]
    makes = {path: job["rule"] for job in jobs for path in _paths(job, "output")}
    order = list(params)
    planned = [_planned(job, params[job["rule"]], makes, root) for job in jobs]
    return sorted(planned, key=lambda one: (order.index(one.rule), one.shard))


def _jobs(told: str) -> list[dict[str, str]]:
    """Blocks "rule NAME:" with indented lines "key: value", as Snakemake 7 and 9 print them."""
    jobs = []
    for block in re.findall(r"^(?:local)?rule (.+):\n((?:    .*\n?)+)", told, flags=re.M):
        lines = [line.strip().split(": ", 1) for line in block[1].splitlines() if ": " in line]
        jobs.append({"rule": block[0], **dict(lines)})
    return jobs


def _paths(job: dict[str, str], key: str) -> list[str]:
    return job[key].split(", ") if job.get(key) else []


def _planned(job: dict[str, str], params: list[str], makes: dict[str, str], root: Path) -> Planned:
    after = list(dict.fromkeys(makes[p] for p in _paths(job, "input") if p in makes))
    why = _said(job["reason"])
    record = _record(root, next(iter(_paths(job, "output")), ""))
    if record and not why:
        why = _own_changes(job, params, record) + _changed_inputs(job, record, makes, root)
    if not why and not after:
        why = [job["reason"]]  # what Snakemake says, where nothing more is known
    shard = job.get("wildcards", "").removeprefix("shard=")
    return Planned(job["rule"], shard, why, after, log=job.get("log", ""))


def _said(reason: str) -> list[str]:
    """What Snakemake's reason says of outputs, in plain words, and that a rerun was asked for."""
    why = []
    for piece in re.split(r"; (?=[A-Z])", reason):
        title, _, files = piece.partition(": ")
        if title in PLAIN:
            paths = sorted(path for path in files.split(", ") if path)
            why.append(f"{PLAIN[title]} {some(paths)}".strip())
    return why


def _changed_inputs(job: dict, record: dict, makes: dict[str, str], root: Path) -> list[str]:
    """Inputs, made by no other job of the plan, that are not what the record's digests say, or that
    are too large for a digest and newer."""
    _, _, updated = job["reason"].partition("Updated input files: ")
    digests = record.get("input_checksums") or {}
    changed = {path for path in updated.split("; ")[0].split(", ") if path and path not in makes}
    for path in _paths(job, "input"):
        if path in digests and path not in makes and (root / path).is_file():
            now = hashlib.sha256((root / path).read_bytes()).hexdigest()
            changed |= {path} if digests[path].split(":")[-1] != now else set()
    return [f"changed input {some(sorted(changed))}"] if changed else []


def _own_changes(job: dict[str, str], params: list[str], record: dict) -> list[str]:
    """What differs from the record of the job's last run: parameters, code, the list of inputs."""
    old, new = (
        [text for text in map(ast.literal_eval, values) if isinstance(text, str)]
        for values in (record.get("params") or [], params)
    )
    before = [text for text in old if text not in new]
    now = [text for text in new if text not in old]
    why = []
    for text in now:
        like = next((b for b in before if _kind(b) == _kind(text)), "{}")
        why += changes(like, text)
    was, inputs = set(record.get("input") or []), set(_paths(job, "input"))
    why += [f"new input {some(sorted(inputs - was))}"] if inputs - was else []
    why += [f"input {some(sorted(was - inputs))} is gone"] if was - inputs else []
    return why


def changes(before: str, now: str) -> Iterator[str]:
    """In words, what differs between two values of one parameter of a rule.

    JSON objects whose keys are files of the package are code, others are parameters; 16 hexadecimal
    digits are the digest of a dataset folder (of several, with + between them), and any other text
    is a folder's name.
    """
    kind = _kind(now)
    if kind == "data":
        yield "files of the dataset folder changed"
        return
    if kind == "folder":
        yield f"folder {now}" if before == "{}" else f"folder {before} -> {now}"
        return
    old, new = (_flat(_parsed(text)) for text in (before, now))
    differ = [k for k in sorted({*old, *new}) if old.get(k) != new.get(k)]
    if kind == "parameters":
        yield from (f"parameter {key} {_value(old, key)} -> {_value(new, key)}" for key in differ)
        return
    rooms = dict.fromkeys(key.split("/")[0] for key in differ)
    for room in rooms:
        files = [key.removeprefix(f"{room}/") for key in differ if key.split("/")[0] == room]
        yield f"code of {room.removesuffix('.py')} changed ({some(files)})"


def _kind(text: str) -> str:
    parsed = _parsed(text)
    if not isinstance(parsed, dict):
        return "data" if re.fullmatch("[0-9a-f]{16}([+][0-9a-f]{16})*", text) else "folder"
    return "code" if parsed and all(key.endswith(".py") for key in parsed) else "parameters"


def _parsed(text: str):
    try:
        return json.loads(text)
    except json.JSONDecodeError:  # a digest or a folder's name
        return text


def _flat(given: dict, above: str = "") -> dict:
    """Nested dicts as one, with keys like "training.n_steps"."""
    flat = {}
    for key, value in given.items():
        name = f"{above}{key}"
        flat |= _flat(value, f"{name}.") if isinstance(value, dict) and value else {name: value}
    return flat


def _value(flat: dict, key: str) -> str:
    text = json.dumps(flat[key]) if key in flat else "default"
    return text if len(text) <= 60 else text[:57] + "..."


def some(names: list[str]) -> str:
    """The first names, and how many more there are."""
    more = len(names) - AT_MOST
    return ", ".join(names[:AT_MOST]) + (f" and {more} more" if more > 0 else "")


def _record(root: Path, output: str) -> dict:
    """What Snakemake has recorded of the job that made this file; empty where there is nothing."""
    name = base64.urlsafe_b64encode(output.encode()).decode()
    parts = [name[i : i + NAME_LENGTH] for i in range(0, len(name), NAME_LENGTH)] or [""]
    path = Path(root, RECORDS, *(f"@{part}" for part in parts[:-1]), parts[-1])
    return json.loads(path.read_text()) if output and path.is_file() else {}
