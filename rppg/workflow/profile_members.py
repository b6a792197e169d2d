"""Whether the runs of a profile can end in its submission: that there are some, their names in
tables, the members of the ensemble and the model that is submitted.

    member_faults(profile, places)  # of rppg.workflow.profile_checks, which calls it
"""

from collections.abc import Iterator

from rppg.utils.paths import project_dir
from rppg.workflow.profile_files import suggestion
from rppg.workflow.profile_schema import Fault, Place, show
from rppg.workflow.profile_types import Profile
from rppg.workflow.stage_names import MODALITIES
from rppg.workflow.typed_fields import parameter_defaults

PREPROCESS, ENSEMBLE, SUBMIT = "01_preprocess", "05_ensemble", "06_submit"
LISTED = 6  # names in an error


def member_faults(profile: Profile, places: dict[str, Place]) -> Iterator[Fault]:
    """Faults of a profile that submits; none of one whose studies collect its runs."""
    if profile.studies or not MODALITIES[profile.modality].submits:
        return
    if not profile.runs:
        yield Fault(("runs",), "no run", "one at least: 05_ensemble chooses between them")
    names = {
        name: _parameters(run.notebook, run.parameters).get("name")
        for name, run in profile.runs.items()
    }
    first: dict[str, str] = {}
    for name, shown in names.items():
        if shown and first.setdefault(shown, name) != name:
            found = f"{show(shown)}, as in the run {first[shown]!r}"
            yield Fault((*places[name], "parameters", "name"), found, "a name of its own in tables")
    yield from _prediction_faults(profile)
    yield from _candidate_faults(profile)
    yield from _model_faults(profile, [shown for shown in names.values() if shown])


def _parameters(notebook: str, given: dict) -> dict:
    """Parameters of a notebook: those that are given over its defaults."""
    path = project_dir(__file__) / "notebooks" / f"{notebook}.ipynb"
    return parameter_defaults(path) | given


def _candidate_faults(profile: Profile) -> Iterator[Fault]:
    """Faults of the classical methods that are candidates, if 01 does not run them."""
    given = profile.notebooks
    asked = _parameters(ENSEMBLE, given.get(ENSEMBLE, {})).get("classical", [])
    methods = _parameters(PREPROCESS, given.get(PREPROCESS, {})).get("methods", [])
    if missing := [name for name in asked if name not in methods]:
        found = f"{', '.join(missing)}, which `methods` of {PREPROCESS} does not have"
        expected = f"some of {', '.join(methods)}, or [] for none"
        yield Fault(("notebooks", ENSEMBLE, "classical"), found, expected)


def _prediction_faults(profile: Profile) -> Iterator[Fault]:
    """Faults of tables of predictions, if a profile lists them, that are none of its runs'."""
    for notebook, more in ((ENSEMBLE, ()), (SUBMIT, ("ensemble",))):
        given = profile.notebooks.get(notebook, {}).get("predictions")
        folders = ["classical", *profile.runs, *more]
        names = [f"{profile.name}-{seed}" for seed in profile.seeds] or [profile.name]
        known = [f"runs/{name}/{one}/predictions.parquet" for name in names for one in folders]
        for path in given or ():
            if path not in known:
                found = f"{show(path)}{suggestion(path, known)}"
                expected = f"tables of this profile's runs, as {known[0]}"
                yield Fault(("notebooks", notebook, "predictions"), found, expected)


def _model_faults(profile: Profile, names: list[str]) -> Iterator[Fault]:
    """A fault of the model to submit, if it is no run's, no classical method and no ensemble."""
    model = profile.notebooks.get(SUBMIT, {}).get("model")
    if not model:
        return
    from rppg.evaluation.best_guess import GUESS
    from rppg.evaluation.ensemble_selection import BOTH, COMBINED, model_name
    from rppg.signals.multi_region import CLASSICAL

    ensembles = [
        model_name(one, passed_over) for passed_over in (False, True) for one in (*COMBINED, BOTH)
    ]
    ensembles += [f"{one}, {GUESS}" for one in ensembles]
    known = [*names, *ensembles, *CLASSICAL]
    if model not in known:
        expected = f"one of {', '.join(known[:LISTED])} ..." if len(known) > LISTED else str(known)
        found = f"{show(model)}{suggestion(model, known)}"
        yield Fault(("notebooks", SUBMIT, "model"), found, expected)
