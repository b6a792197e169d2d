"""Runs that cannot be: each is one line with file, key, what was found and what is expected."""

import pytest
from helpers.profiles import profile_project, refused_in_one_line

from rppg.workflow.profiles import ProfileError, load_profile

pytestmark = pytest.mark.malformed

GOOD = """
challenge: {n_train: 4, level: test, seconds: 10}
modality: faces
seeds: [1, 2]
notebooks:
  01_preprocess: {workers: 4}
runs:
  net/learn:
    notebook: 02_learn
    threads: 2
    gpu: 1
    priority: -1
    parameters: {size: 8, rate: 1, quiet: true, training: {lr: 0.1, patience: null}}
  net/tune: {notebook: 04_tune, parent: net/learn}
sweeps:
  - {name: "sweep/s{size}", notebook: 02_learn, axes: {size: [1, 2]}}
shards: 2
log: false
"""


def run(body, name="net"):
    """A profile with one run."""
    return f"runs: {{{name}: {{{body}}}}}"


def given(parameters):
    """A profile with one run of these parameters."""
    return run(f"notebook: 02_learn, parameters: {{{parameters}}}")


def sweep(**changes):
    """A profile with one sweep."""
    parts = {"name": '"n{size}"', "notebook": "02_learn", "axes": "{size: [1, 2]}"} | changes
    return f"sweeps: [{{{', '.join(f'{k}: {v}' for k, v in parts.items() if v)}}}]"


MALFORMED = {  # what it is: (text, what the error says after the file's name)
    # notebooks
    "a misspelled notebook": ("notebooks: {01_preproces: {}}", r"mean '01_preprocess'\?"),
    "a run's notebook": (
        "notebooks: {02_learn: {size: 3}}",
        "notebooks.02_learn: .*expected one of",
    ),
    "no parameters": (
        "notebooks: {01_preprocess: 4}",
        "notebooks.01_preprocess: found 4, expected k",
    ),
    "a misspelled parameter": ("notebooks: {01_preprocess: {wokers: 2}}", r"mean 'workers'\?"),
    "a folder of the workflow": (
        "notebooks: {01_preprocess: {run_dir: ../../x}}",
        "notebooks.01_preprocess.run_dir: found '../../x', but the workflow gives it",
    ),
    # runs
    "runs as a list": ("runs: [a]", r"runs: found \['a'\], expected keys with values"),
    "a run without keys": ("runs: {a: }", r"runs.a: found nothing \(null\), expected keys"),
    "a parent as a parameter": (
        "runs: {a: {notebook: 04_tune, parameters: {parent: runs/b}}}",
        "runs.a.parameters.parent: found 'runs/b', expected `parent` of the run",
    ),
    "a seed given twice": (
        "seeds: [1, 2]\nruns: {a: {notebook: 02_learn, parameters: {seed: 7}}}",
        "runs.a.parameters.seed: found 7, but the workflow gives it, expected no such parameter",
    ),
    "a run as a word": ("runs: {a: 02_learn}", "runs.a: found '02_learn', expected keys"),
    "a run without notebook": (run("threads: 2"), "runs.net: found no 'notebook'"),
    "an unknown notebook": (run("notebook: 02_lern"), r"net.notebook: .*did you mean '02_learn'\?"),
    "a notebook elsewhere": (run("notebook: ../x"), "runs.net.notebook: found '../x', which is no"),
    "a notebook as number": (run("notebook: 2"), "runs.net.notebook: found 2, expected text"),
    "a notebook that cannot start": (
        run("notebook: studies/collect/collect"),
        "found no parameter prepared_dir, run_dir, threads in studies/collect/collect.ipynb",
    ),
    "misspelled threads": (run("notebook: 02_learn, threds: 2"), r"net.threds: .*mean 'threads'\?"),
    "threads below one": (
        run("notebook: 02_learn, threads: -2"),
        "net.threads: found -2, expected",
    ),
    "threads as a flag": (run("notebook: 02_learn, threads: yes"), "net.threads: found true"),
    "a gpu as text": (
        run("notebook: 02_learn, gpu: one"),
        "net.gpu: found 'one', expected a whole",
    ),
    "a fraction as priority": (run("notebook: 02_learn, priority: 1.5"), "priority: found 1.5"),
    "the old key start": (run("notebook: 04_tune, start: a"), "net.start: found an unknown key"),
    "parameters as a list": (
        run("notebook: 02_learn, parameters: [1]"),
        r"parameters: found \[1\]",
    ),
    "a parent that is missing": (
        run("notebook: 04_tune, parent: n"),
        "net.parent: found 'n', expec",
    ),
    "a parent listed later": (
        "runs: {a: {notebook: 04_tune, parent: b}, b: {notebook: 02_learn}}",
        "runs.a.parent: found 'b', which is listed below it, expected a run listed above it",
    ),
    "its own parent": (run("notebook: 04_tune, parent: net"), "runs.net.parent: found 'net'"),
    "a notebook without parent": (
        "runs: {a: {notebook: 02_learn}, b: {notebook: 02_learn, parent: a}}",
        "runs.b: found no parameter parent in 02_learn.ipynb",
    ),
    # parameters
    "an unknown parameter": (
        given("sise: 3"),
        r"runs.net.parameters.sise: .*did you mean 'size'\?",
    ),
    "text for an int": (
        given("size: big"),
        "runs.net.parameters.size: found 'big', expected a whole",
    ),
    "a size below zero": (given("size: -1"), "size: found -1, expected a number from 1 to"),
    "steps below zero": (given("training: {n_steps: -1}"), "training.n_steps: found -1, expected"),
    "a fraction for an int": (given("size: 1.5"), "size: found 1.5, expected a whole number"),
    "a flag for a number": (given("rate: true"), "rate: found true, expected a number"),
    "an exponent without a dot": (
        given("rate: 1e-3"),
        "rate: found '1e-3'.*write 0.001, YAML reads",
    ),
    "a number for text": (given("name: 3"), "name: found 3, expected text"),
    "a date for text": (
        given("name: 2024-01-01"),
        "name: found the date 2024-01-01, expected text",
    ),
    "text for a flag": (given("quiet: 'no'"), "quiet: found 'no', expected true or false"),
    "a number for a list": (given("speeds: 1"), "speeds: found 1, expected a list"),
    "a list for keys": (given("weights: [1]"), r"weights: found \[1\], expected keys with values"),
    "infinity in a list": (
        given("speeds: [1, .inf]"),
        r"speeds\[1\]: found inf, expected a finite",
    ),
    "bytes": (given("weights: {a: !!binary aGk=}"), "weights.a: found b'hi', expected text"),
    "a set": (given("weights: !!set {a, b}"), "weights: found {.*}, expected text"),
    "NUL in text": (given('name: "a\\0b"'), "name: found .*expected text without NUL"),
    "unknown training": (given("training: {nsteps: 3}"), r"training.nsteps: .*mean 'n_steps'\?"),
    "training of a wrong type": (
        given("training: {lr: fast}"),
        "training.lr: found 'fast', expecte",
    ),
    "threads as parameter": (
        given("threads: 3"),
        "parameters.threads: found 3, but the workflow g",
    ),
    "a run's folder": (given("run_dir: /tmp/x"), "parameters.run_dir: found '/tmp/x', but the wor"),
    # names of runs
    "a path as name": (
        run("notebook: 02_learn", "../out"),
        "runs: found the run '../out', expected a",
    ),
    "an absolute name": (run("notebook: 02_learn", "/etc/x"), "runs: found the run '/etc/x'"),
    "a dot in a name": (run("notebook: 02_learn", "a/./b"), "runs: found the run 'a/./b'"),
    "a dash before a name": (run("notebook: 02_learn", '"-rf"'), "runs: found the run '-rf'"),
    "a name for a shell": (run("notebook: 02_learn", "'$(touch PWNED)'"), "runs: found the run '"),
    "a line in a name": (run("notebook: 02_learn", '"a\\nb"'), r"runs: found the run 'a\\nb'"),
    "a name beyond ASCII": (run("notebook: 02_learn", "näme"), "runs: found the run 'näme'"),
    "an empty name": (run("notebook: 02_learn", '""'), "runs: found the run ''"),
    "a name that is too long": (run("notebook: 02_learn", 101 * "a"), "100 at most"),
    "the ensemble's folder": (
        run("notebook: 02_learn", "ensemble/a"),
        "in the folder of 'ensemble'",
    ),
    "a run inside a run": (
        "runs: {a: {notebook: 02_learn}, a/b: {notebook: 02_learn}}",
        "runs.a/b: found this run in the folder of 'a'",
    ),
    "two runs of one rule": (
        "runs: {a/b: {notebook: 02_learn}, a_b: {notebook: 02_learn}}",
        "runs.a_b: found the same rule, a_b, as for 'a/b'",
    ),
    "the rule of all": (run("notebook: 02_learn", "all"), "runs.all: found the same rule, all"),
    # sweeps
    "sweeps as keys": ("sweeps: {a: 1}", r"sweeps: found {'a': 1}, expected a list of sweeps"),
    "a sweep as a word": ("sweeps: [a]", r"sweeps: found \['a'\]"),
    "a sweep without axes": (sweep(axes=""), r"sweeps\[0\]: found no 'axes'"),
    "an axis without values": (sweep(axes="{size: []}"), r"sweeps\[0\].axes.size: found \[\]"),
    "an axis as a number": (sweep(axes="{size: 3}"), r"axes.size: found 3, expected a list of val"),
    "an unused axis": (sweep(name="n"), r"sweeps\[0\].name: found 'n', expected \{size\} in it"),
    "an unknown axis": (
        sweep(name='"{sise}{size}"'),
        r"name: found '\{sise\}\{size\}', expected te",
    ),
    "a field's attribute": (
        sweep(name='"{size.real}"'),
        r"name: found '\{size.real\}', expected te",
    ),
    "an open brace": (sweep(name='"n{size"'), r"name: found 'n\{size', expected text with axes"),
    "a sweep's name as number": (sweep(name="3"), "name: found 3, expected text"),
    "a misspelled sweep": (sweep(axis="{size: [1]}"), r"axis: .*did you mean 'axes'\?"),
    "a wrong parameter": (
        sweep(axes="{sise: [1]}", name='"n{sise}"'),
        r"sweeps.n1.parameters.sise",
    ),
    "a value for a shell": (sweep(axes="{name: ['$(touch PWNED)']}", name='"{name}"'), "the run '"),
    "a run and a sweep of one name": (
        sweep() + "\nruns: {n1: {notebook: 02_learn}}",
        "runs: found 'n1', which `sweeps` makes, too",
    ),
    "too many runs": (
        sweep(name='"{size}_{seed}"', axes=f"{{size: {[*range(200)]}, seed: {[*range(200)]}}}"),
        "axes: found 40000 combinations, expected 10000 at most",
    ),
}


@pytest.fixture
def project(tmp_path, monkeypatch):
    return profile_project(tmp_path, monkeypatch)


@pytest.mark.parametrize("what", MALFORMED)
def test_a_malformed_run_is_one_line_that_names_file_and_key(project, what):
    refused_in_one_line(project, *MALFORMED[what])


def test_a_good_profile_is_read(project):
    project.write("mine", GOOD)
    profile = load_profile("mine")
    assert list(profile.runs) == ["net/learn", "net/tune", "sweep/s1", "sweep/s2"]
    assert profile.runs["net/learn"].threads == 2 and profile.runs["net/tune"].parent == "net/learn"


@pytest.mark.parametrize(
    ("base", "mine", "says"),
    [
        ("runs: {a: {notebook: 02_learn, threads: 0}}", "log: true", "base.yaml: runs.a.threads"),
        ("log: true", "runs: {a: {notebook: 02_learn, threads: 0}}", "mine.yaml: runs.a.threads"),
        (
            "runs: {a: {notebook: 02_learn, threads: 2}}",
            "runs: {a: {parameters: {sise: 1}}}",
            "mine.yaml: runs.a.parameters.sise",
        ),
        ("shards: 2", "shards:\n  - 1", "mine.yaml: shards: found"),
    ],
)
def test_the_file_that_holds_the_value_is_named(project, base, mine, says):
    project.write("base", base)
    project.write("mine", f"extends: base\n{mine}")
    with pytest.raises(ProfileError, match=says):
        load_profile("mine")
