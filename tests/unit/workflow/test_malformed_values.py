"""Values that a stage would only refuse when its turn comes: each is one line before anything runs,
with file, key, what was found and what is expected."""

import pytest
from helpers.profiles import profile_project, refused_in_one_line

pytestmark = pytest.mark.malformed


def given(parameters):
    """A profile with one run of these parameters."""
    return f"runs: {{net: {{notebook: 02_learn, parameters: {{{parameters}}}}}}}"


MALFORMED = {  # what it is: (text, what the error says after the file's name)
    # values that would fail in their stage
    "one speed": (
        given("speeds: [1]"),
        r"speeds: found \[1\], expected the lowest and the highest",
    ),
    "speeds upside down": (given("speeds: [2, 1]"), "speeds: found"),
    "a speed as text": (given("speeds: [a, 1]"), "speeds: found"),
    "a chance above one": (
        given("flip_time: 2.0"),
        "flip_time: found 2.0, expected a number from 0 to 1",
    ),
    "a chance below zero": (given("flip_time: -0.5"), "flip_time: found -0.5, expected a number"),
    "a weight below zero": (given("self_supervised: -1"), "self_supervised: found -1, expected"),
    "an unknown normalisation": (given("normalise: mean"), "normalise: found 'mean', expected one"),
    "an unknown criterion": (given("choose_by: luck"), "choose_by: found 'luck', expected one of"),
    "more views than regions": (given("views: 7"), "views: found 7, expected a number from 0 to 6"),
    "an unknown dataset": (
        given("datasets: [PURR]"),
        r"datasets: found \['PURR'\], expected a list",
    ),
    "no dataset": (given("datasets: []"), r"datasets: found \[\], expected a list of"),
    "a dataset twice": (given("datasets: [PURE, PURE]"), r"datasets: found .*, each once"),
    "a change of clips twice": (
        given("test_time: [faster, faster]"),
        r"test_time: found \['faster', 'faster'\], expected a list of .*, each once",
    ),
    "an unknown validation": (given("validation: PURR"), "validation: found 'PURR', expected one"),
    "no validation step": (given("training: {validate_every: 0}"), "validate_every: found 0, expe"),
    "no patience": (
        given("training: {patience: 0}"),
        "patience: found 0, expected a number above 0",
    ),
    "an unknown schedule": (
        given("training: {schedule: step}"),
        "schedule: found 'step', expected",
    ),
    "an unknown crop": (
        "notebooks: {01_preprocess: {crops: [hand]}}",
        r"crops: found \['hand'\], exp",
    ),
    "a candidate that is not run": (
        "notebooks: {01_preprocess: {methods: [POS]}}\nruns: {net/a: {notebook: 02_learn}}",
        "classical: found MR-PBV, which `methods` of 01_preprocess does not have",
    ),
    "no crop": ("notebooks: {01_preprocess: {crops: []}}", r"crops: found \[\], expected a list"),
    "an unknown layout": ("notebooks: {01_preprocess: {layouts: [x]}}", r"layouts: found \['x'\]"),
    "an unknown protocol": (
        "notebooks: {01_preprocess: {protocols: {PURE: thirds}}}",
        "protocols: found {'PURE': 'thirds'}, expected {dataset: one of seeded",
    ),
    "a protocol of no dataset": (
        "notebooks: {01_preprocess: {protocols: {PURR: seeded}}}",
        "protocols: found {'PURR'",
    ),
    "a shard of its own": (
        "notebooks: {01_preprocess: {shard: 2/8}}",
        "shard: found '2/8', expected no such parameter: `shards` of the profile",
    ),
    # the submission
    "no run": ("runs: {}", "runs: found no run, expected one at least"),
    "two runs of one name": (
        "runs: {a: {notebook: 02_learn, parameters: {name: N}}, "
        "b: {notebook: 02_learn, parameters: {name: N}}}",
        "runs.b.parameters.name: found 'N', as in the run 'a', expected a name of its own",
    ),
    "an unknown model to submit": (
        "notebooks: {06_submit: {model: bogus}}\nruns: {a: {notebook: 02_learn}}",
        "notebooks.06_submit.model: found 'bogus', expected one of",
    ),
    "an ensemble of nobody": (
        "notebooks: {05_ensemble: {predictions: [runs/x/y]}}\nruns: {a: {notebook: 02_learn}}",
        "05_ensemble.predictions: found 'runs/x/y'.*expected tables of this profile's runs",
    ),
}


@pytest.fixture
def project(tmp_path, monkeypatch):
    return profile_project(tmp_path, monkeypatch)


@pytest.mark.parametrize("what", MALFORMED)
def test_a_value_that_no_stage_can_take_is_one_line_that_names_file_and_key(project, what):
    refused_in_one_line(project, *MALFORMED[what])
