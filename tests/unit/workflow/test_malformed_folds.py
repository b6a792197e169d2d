"""Folds and teachers of runs that cannot be: each is one line that names file and key."""

import pytest
from helpers.profiles import profile_project, refused_in_one_line

from rppg.workflow.profiles import load_profile

pytestmark = pytest.mark.malformed


def run(body, name="net"):
    """A profile with one run."""
    return f"runs: {{{name}: {{{body}}}}}"


MALFORMED = {  # what it is: (text, what the error says after the file's name)
    "two folds": (
        run("notebook: 04_tune, folds: 2"),
        "net.folds: found 2, expected 0 .one model., or 3 to 20",
    ),
    "folds that are no number": (run("notebook: 04_tune, folds: true"), "folds: found true, exp"),
    "folds of a notebook without a fold": (
        run("notebook: 02_learn, folds: 3"),
        "runs.net: found no parameter fold in 02_learn.ipynb",
    ),
    "a fold beside folds": (
        run("notebook: 04_tune, folds: 3, parameters: {fold: 1/3}"),
        "fold: found '1/3', but the workflow gives it",
    ),
    "a teacher as a parameter": (
        "runs: {a: {notebook: 04_tune, parameters: {teacher: runs/b}}}",
        "runs.a.parameters.teacher: found 'runs/b', expected `teacher` of the run",
    ),
    "a teacher listed later": (
        "runs: {a: {notebook: 04_tune, teacher: b}, b: {notebook: 02_learn}}",
        "runs.a.teacher: found 'b', which is listed below it, expected a run listed above it",
    ),
    "a teacher of itself": (
        "runs: {a: {notebook: 04_tune, teacher: a}}",
        "runs.a.teacher: found 'a', the run itself, expected a run listed above it: there is none",
    ),
    "a notebook without teacher": (
        "runs: {a: {notebook: 02_learn}, b: {notebook: 02_learn, teacher: a}}",
        "runs.b: found no parameter teacher in 02_learn.ipynb",
    ),
    "a parent of folds": (
        "runs: {a: {notebook: 04_tune, folds: 3}, b: {notebook: 04_tune, parent: a}}",
        "runs.b.parent: found 'a', which is 3 models, expected a run without `folds`",
    ),
    "a run called as a fold": (
        "runs: {a: {notebook: 04_tune, folds: 3}, a_fold2: {notebook: 02_learn}}",
        "runs.a: found the same rule, a_fold2, as for 'a_fold2'",
    ),
    "a run in the folder of folds": (
        "runs: {a: {notebook: 04_tune, folds: 3}, a_folds/x: {notebook: 02_learn}}",
        "a_folds/x: found this run in the folder of 'a_folds'",
    ),
}


@pytest.fixture
def project(tmp_path, monkeypatch):
    return profile_project(tmp_path, monkeypatch)


def test_folds_of_a_notebook_that_has_them_are_read(project):
    project.write("mine", "challenge: {n_train: 4}\n" + run("notebook: 04_tune, folds: 3"))
    assert load_profile("mine").runs["net"].folds == 3


@pytest.mark.parametrize(("text", "says"), MALFORMED.values(), ids=list(MALFORMED))
def test_malformed_folds_are_one_line_that_names_file_and_key(project, text, says):
    refused_in_one_line(project, text, says)
