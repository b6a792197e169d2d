"""Profiles that cannot be run, as files and at their top: each is one line with file, key, what was
found and what is expected.  Runs are in test_malformed_runs.py."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.command import rppg
from helpers.profiles import profile_project, refused_in_one_line, write_project

from rppg.workflow.profiles import ProfileError, load_profile

pytestmark = pytest.mark.malformed

BASE = "seeds: [1, 2]\nruns: {base/learn: {notebook: 02_learn, parameters: {size: 8}}}\n"


def run(body, name="net"):
    """A profile with one run."""
    return f"runs: {{{name}: {{{body}}}}}"


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join(9 * [f'*{old}'])}]\n"
    for old, new in zip("abcdef", "bcdefg")  # noqa: B905
)
CIRCLE = "extends: around\n"
MALFORMED = {  # what it is: (text, what the error says after the file's name)
    # the file as YAML
    "empty": ("", "found an empty file"),
    "only a comment": ("# nothing\n", "found an empty file"),
    "no key": ("{}", "found no key in it"),
    "a set of keys": ("!!set {log, runs}", "found a set in it, expected keys"),
    "a list": ("- a\n- b\n", "found a list in place of keys"),
    "a word": ("runs\n", "found the value 'runs' in place of keys"),
    "a tab": ("runs:\n\tnet: 1\n", "line 2: found .*expected YAML"),
    "an open bracket": ("seeds: [1, 2\n", "line 2: found .*expected YAML"),
    "an open quote": ("study: 'a\n", "found .*expected YAML"),
    "a wrong indent": ("runs:\n    a: {}\n  b: {}\n", "line 3: found .*expected YAML"),
    "an unknown alias": ("runs: *none\n", "undefined alias"),
    "two documents": ("log: true\n---\nlog: false\n", "line 2: found .*another document"),
    "a Python object": ("study: !!python/object/apply:os.system ['touch PWNED']\n", "constructor"),
    "not UTF-8": (b"study: caf\xe9\n", "byte 0xe9 at 10, expected text in UTF-8"),
    "a NUL byte": (b"study: a\x00b\n", "expected YAML"),
    "too large": ("# " + 300_000 * "x" + "\nlog: true\n", "bytes, expected 200000 at most"),
    "a bomb of aliases": (BOMB, "aliases that expand to more than 20000 values"),
    "an alias inside itself": ("runs: &a {b: *a}\n", "line 1: found an alias inside itself"),
    "too deep": ("runs: " + 600 * "[", "nested too deeply"),
    "a key twice": ("log: true\nlog: false\n", r"log: found twice \(lines 1 and 2\)"),
    "a run twice": ("runs:\n  net: {notebook: 02_learn}\n  net: {}\n", "net: found twice .lines 2"),
    "a number as key": (
        "runs: {1: {notebook: 02_learn}}",
        "line 1: found the key '1', expected text",
    ),
    "yes as key": (
        "runs: {yes: {notebook: 02_learn}}",
        "the key 'yes', expected text: put it in q",
    ),
    "a date as a run's name": (run("notebook: 02_learn", "2024-01-01"), "the key '2024-01-01'"),
    "a list as key": ("? [a, b]\n: 1\n", "found a key, expected text"),
    "a day that is none": ("study: 2024-13-45\n", "month must be in 1..12, expected YAML values"),
    # keys at the top
    "a misspelled key": ("chalenge: {n_train: 3}", r"chalenge: .*did you mean 'challenge'\?"),
    "the old key wing": ("wing: motion", "wing: found an unknown key, expected one of extends"),
    "the old key grid": ("grid: {rows: []}", "grid: found an unknown key"),
    "the key profile": ("profile: 'x$(touch PWNED)'\nlog: true", "profile: found an unknown key"),
    "extends a number": ("extends: 3\nlog: true", "extends: found 3, expected a profile's name"),
    "extends null": ("extends: null\nlog: true", "extends: found None, expected a profile's name"),
    "extends a list": ("extends: [base]\nlog: true", r"extends: found \['base'\]"),
    "extends an unknown one": ("extends: bass", r"no profile 'bass' \(did you mean 'base'\?\)"),
    "extends a path": ("extends: ../../etc/passwd", "extends: found '../../etc/passwd'"),
    "extends itself": ("extends: mine", "found a circle: mine -> mine"),
    "extends in a circle": (CIRCLE, "found a circle: mine -> around -> mine"),
    "shards below zero": ("shards: -2", "shards: found -2, expected a whole number from 1"),
    "shards as text": ("shards: many", "shards: found 'many'"),
    "shards as a flag": ("shards: true", "shards: found true, expected a whole number"),
    "seeds as a number": ("seeds: 3", "seeds: found 3, expected a list of different whole numbers"),
    "no seed": ("seeds: []", r"seeds: found \[\], expected a list"),
    "a seed twice": ("seeds: [1, 1]", r"seeds: found \[1, 1\]"),
    "a seed below zero": ("seeds: [-1]", r"seeds: found \[-1\]"),
    "a flag as seed": ("seeds: [true]", r"seeds: found \[True\]"),
    "a name as seed": ("seeds: ['$(touch PWNED)']", r"seeds: found \['\$\(touch PWNED\)'\]"),
    "a fraction as seed": ("seeds: [1.5]", r"seeds: found \[1.5\]"),
    "a seed that is too large": ("seed: 99999999999999999999", "seed: found 9999999"),
    "seed and seeds": ("seed: 1\nseeds: [1]", "seed: found 1, expected either `seed` or `seeds`"),
    "no seeds after the colon": ("seeds:", r"seeds: found nothing \(null\)"),
    "an unknown modality": (
        "modality: sound",
        "modality: found 'sound', expected one of faces, mo",
    ),
    "a modality without study": ("modality: motion", "study: found none for modality motion"),
    "shards of motion": (
        "modality: motion\nstudy: collect\nshards: 2",
        "shards: found 2, expected 1",
    ),
    "a log that is text": ("log: 'no'", "log: found 'no', expected true or false"),
    "data next to a benchmark": (
        "data: x\nchallenge: {seed: 0}",
        "data: found 'x', expected no .challenge.",
    ),
    "data as a list": ("data: [a, b]", r"data: found \['a', 'b'\], expected text"),
    "a study as number": ("study: 3", "study: found 3, expected the name of a study"),
    "a study that is a date": ("study: 2024-01-01", "study: found the date 2024-01-01"),
    "a study twice": ("study: [collect, collect]", r"study: found \['collect', 'collect'\]"),
    "an unknown study": (
        "study: colect",
        "study: found 'studies/colect/colect', which is no noteb",
    ),
    "a study that cannot start": (
        "study: short",
        "no parameter runs, out_dir in studies/short/sho",
    ),
    "a study that is a path": ("study: ../collect", "study: found '../collect', expected a name"),
    "a study for a shell": (
        "study: 'x$(touch PWNED)'",
        "study: found .*expected a name of letters",
    ),
    # the synthetic benchmark
    "a misspelled field": ("challenge: {n_trian: 3}", r"challenge.n_trian: .*mean 'n_train'\?"),
    "a field as text": (
        "challenge: {n_train: few}",
        "challenge.n_train: found 'few', expected a wh",
    ),
    "fewer than none": (
        "challenge: {n_train: -1}",
        "challenge.n_train: found -1, expected a numbe",
    ),
    "a flag as number": (
        "challenge: {n_train: true}",
        "challenge.n_train: found true, expected a ",
    ),
    "not a number": (
        "challenge: {seconds: .nan}",
        "challenge.seconds: found nan, expected a finite",
    ),
    "challenge as a list": ("challenge: [1]", r"challenge: found \[1\], expected parameters of t"),
    "challenge without a key": ("challenge: {}", "challenge: found {}, expected parameters of t"),
}


@pytest.fixture
def project(tmp_path, monkeypatch):
    project = profile_project(tmp_path, monkeypatch)
    project.write("base", BASE)
    project.write("around", "extends: mine\n")
    return project


@pytest.mark.parametrize("what", MALFORMED)
def test_a_malformed_profile_is_one_line_that_names_file_and_key(project, what):
    refused_in_one_line(project, *MALFORMED[what])


@pytest.mark.parametrize(
    "name",
    ["", "../mine", "/etc/passwd", "a/b", "-rf", "a b", "$(touch PWNED)", "mine-1", "mine.yaml"]
    + ["näme", "a\nb", 65 * "a", "mine\0", None, 3],
)
def test_a_profile_s_name_cannot_leave_its_folder(project, name):
    with pytest.raises(ProfileError, match="profile: found .*expected") as error:
        load_profile(name)
    assert "\n" not in str(error.value) and not list(project.root.rglob("PWNED"))


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, True, "1"])
def test_a_seed_is_a_whole_number(project, seed):
    with pytest.raises(ProfileError, match=r"--seed: found .*expected a whole number from 0"):
        load_profile("base", seed=seed)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run", "--profile", ""], "an argument of `rppg run` is empty"),
        (["run", "--profile", "../../etc/passwd"], "profile: found '../../etc/passwd'"),
        (["run", "--profile", "x$(touch PWNED)"], "profile: found 'x"),
        (["run", "--seed", "-1"], "--seed: found -1, expected a whole number"),
        (["run", "-n", "--profile", "dema"], "no profile 'dema' (did you mean 'demo'?)"),
        (["config", "demo", "st_transformer/pretrian"], "did you mean 'st_transformer/pretrain'?"),
    ],
)
def test_the_command_ends_with_one_line(arguments, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = rppg(*arguments)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.count("\n") == 1 and says in done.stderr and "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of the package, with notebooks of its own."""
    root = tmp_path_factory.mktemp("checkout")
    package = Path(__file__).parents[3] / "rppg"
    shutil.copytree(package, root / "rppg", ignore=shutil.ignore_patterns("__pycache__"))
    (root / "notebooks" / "workflow").mkdir(parents=True)
    (root / "notebooks" / "workflow" / "Snakefile").touch()
    return write_project(root)


@pytest.mark.slow
@pytest.mark.parametrize(
    "what", ["empty", "a tab", "the key profile", "a Python object", "a misspelled key"]
)
def test_the_command_refuses_a_malformed_profile_in_one_line(checkout, what):
    text, _ = MALFORMED[what]
    checkout.write("mine", text)
    command = [sys.executable, "-m", "rppg", "run", "--profile", "mine"]
    done = subprocess.run(command, cwd=checkout.root, capture_output=True, text=True)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith("rppg: notebooks/profiles/mine.yaml: ")
    assert done.stderr.count("\n") == 1
    assert not list(checkout.root.rglob("PWNED"))


@pytest.mark.parametrize(("field", "expected"), [("lr: -1.0", "above 0"), ("n_steps: 0", "from 1")])
def test_training_out_of_range_is_refused(project, field, expected):
    text = f"runs: {{a: {{notebook: 02_learn, parameters: {{training: {{{field}}}}}}}}}"
    refused_in_one_line(project, text, f"runs.a.parameters.training.*a number {expected}")
