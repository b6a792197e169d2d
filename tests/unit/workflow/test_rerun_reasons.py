"""Why a stage would run: Snakemake's words and records, read into one line."""

import base64
import hashlib
import json

import pytest

from rppg.workflow.rerun_reasons import changes, described, read_plan

CODE = {"learning/losses/sinc.py": "12ab", "learning/sign.py": "34cd", "signals/heart_rate.py": "5"}
TOLD = """Building DAG of jobs...
{rules}
Job stats:
job      count

[Sat Nov 21 15:12:52 2026]
rule submit:
    input: notebooks/06.ipynb, runs/learn.parquet
    output: submission.csv
    jobid: 0
    reason: Input files updated by another job: runs/learn.parquet
    resources: tmpdir=/tmp

[Sat Nov 21 15:12:52 2026]
rule learn:
    input: notebooks/02.ipynb
    output: runs/learn.parquet
    log: learn.ipynb
    jobid: 1
    reason: {reason}
    resources: tmpdir=/tmp, gpu=1

[Sat Nov 21 15:12:52 2026]
localrule all:
    input: submission.csv
    jobid: 2
    reason: Input files updated by another job: submission.csv
    resources: tmpdir=/tmp

This was a dry-run (flag -n).
"""


class Rule:
    def __init__(self, name, *params):
        self.name, self.params = name, params


def told(reason, parameters=None, code=None):
    """Text of a dry run in which `learn` runs for this reason, with these parameters and code."""
    params = [lambda wildcards: json.dumps(parameters or {}), json.dumps(code or CODE)]
    rules = described([Rule("all"), Rule("learn", *params), Rule("submit")])
    return TOLD.replace("{rules}", rules).replace("{reason}", reason)


def record(root, parameters=None, code=None, **more):
    """What Snakemake keeps of the last run of `learn`."""
    name = base64.urlsafe_b64encode(b"runs/learn.parquet").decode()
    folder = root / ".snakemake" / "metadata"
    folder.mkdir(parents=True)
    params = [repr(json.dumps(parameters or {})), repr(json.dumps(code or CODE))]
    facts = {"params": sorted(params), "input": ["notebooks/02.ipynb"], **more}
    (folder / name).write_text(json.dumps(facts))


@pytest.mark.parametrize(
    "said",
    [
        "Params have changed since last execution",  # Snakemake 7; the other one is 9
        "Params have changed since last execution: Union of exclusive params before and now "
        'across all output: before: {"a": 1} now: {"a": 2} ',
    ],
)
def test_a_changed_parameter_is_named_with_both_values(said, tmp_path):
    record(tmp_path, {"training": {"n_steps": 800, "lr": 0.1}, "old": "a", "same": [1, 2]})
    now = {"training": {"n_steps": 900, "lr": 0.1}, "views": 3, "same": [1, 2]}
    learn, submit = read_plan(told(said, now), tmp_path)
    assert learn.why == [
        'parameter old "a" -> default',
        "parameter training.n_steps 800 -> 900",
        "parameter views default -> 3",
    ]
    assert (learn.rule, learn.after, learn.log) == ("learn", [], "learn.ipynb")
    assert (submit.rule, submit.after, submit.why) == ("submit", ["learn"], [])


def test_changed_code_is_named_by_room_and_file(tmp_path):
    record(tmp_path)
    now = {**CODE, "learning/losses/sinc.py": "ffff", "learning/new.py": "1"}
    del now["signals/heart_rate.py"]
    learn, _ = read_plan(told("Params have changed since last execution", code=now), tmp_path)
    assert learn.why == [
        "code of learning changed (losses/sinc.py, new.py)",
        "code of signals changed (heart_rate.py)",
    ]


def test_a_changed_input_is_named_beside_a_changed_parameter(tmp_path):
    notebook = tmp_path / "notebooks" / "02.ipynb"
    notebook.parent.mkdir()
    notebook.write_text("before")
    digest = hashlib.sha256(b"before").hexdigest()
    sums = {"notebooks/02.ipynb": f"sha256:{digest}"}
    record(tmp_path, {"a": 1}, input_checksums=sums)
    said = "Updated input files: notebooks/02.ipynb"
    notebook.write_text("after")
    learn, _ = read_plan(told(said, {"a": 2}), tmp_path)
    assert learn.why == ["parameter a 1 -> 2", "changed input notebooks/02.ipynb"]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (
            "Missing output files: b.txt, a.txt; Input files updated by another job: c",
            "missing a.t",
        ),
        ("Forced execution", "asked for"),
        ("Incomplete output files: a.txt", "was interrupted while writing a.txt"),
        ("Set of input files has changed since last execution", "new input notebooks/02.ipynb"),
        ("Something new", "Something new"),
    ],
)
def test_other_reasons_are_said_in_plain_words(said, why, tmp_path):
    record(tmp_path, input=[] if "Set of input" in said else ["notebooks/02.ipynb"])
    learn, _ = read_plan(told(said), tmp_path)
    assert len(learn.why) == 1 and learn.why[0].startswith(why)


def test_a_text_without_the_rules_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no line 'rules: ' in what Snakemake said"):
        read_plan("MissingInputException", tmp_path)


def test_another_digest_of_the_data_and_another_folder_are_said_as_such():
    digests = "0011223344556677", "8899aabbccddeeff"
    assert list(changes(*digests)) == ["files of the dataset folder changed"]
    assert list(changes("data/a", "data/b")) == ["folder data/a -> data/b"]
