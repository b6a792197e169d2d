"""The stages of a profile: what each runs, on which folders, after which others.

    for stage in stages_of(load_profile("demo")):
        print(stage.label, stage.needs)

A stage is the synthetic benchmark, a shard of its preparation, a numbered notebook, a run or a
study.  With `seeds` everything but the studies is there once per seeded profile.
"""

from collections.abc import Iterator
from dataclasses import replace

from rppg.workflow.fold_stages import with_folds
from rppg.workflow.profile_types import OTHER_RUNS
from rppg.workflow.profiles import Profile, Run, seeded_profiles
from rppg.workflow.stage import BENCHMARK, ENSEMBLE, FIRST, RUN, SHARD, STUDY, SUBMIT, Stage
from rppg.workflow.stage_names import MODALITIES, Modality, run_rule, study_notebook, study_rules


def stages_of(profile: Profile) -> list[Stage]:
    """All stages of a profile, each after those that it needs."""
    modality, stages = MODALITIES[profile.modality], []
    for one in seeded_profiles(profile):
        ending = f"_{one.seed}" if profile.seeds else ""
        made = list(_once(one, modality))
        several = f", seed {one.seed}" if len(profile.seeds) > 1 else ""
        stages += [_seeded(stage, ending, several) for stage in made]
    return stages + list(_studies(profile, modality, stages))


def _seeded(stage: Stage, ending: str, several: str) -> Stage:
    needs = {key: f"{rule}{ending}" for key, rule in stage.needs.items()}
    label = f"{stage.label or stage.name}{several}"
    return replace(stage, rule=f"{stage.rule}{ending}", needs=needs, label=label)


def _once(profile: Profile, modality: Modality) -> Iterator[Stage]:
    """The stages of one seeded profile, but for studies."""
    if profile.challenge:
        yield _benchmark(profile, modality)
    if profile.shards > 1:
        yield from (_shard(profile, n + 1) for n in range(profile.shards))
    yield _first(profile, modality)
    for run in profile.runs.values():
        yield from with_folds(_run(profile, modality, run), run.folds)
    if not profile.studies:
        yield _ensemble(profile, modality)
        yield _submit(profile, modality)


def _data(profile: Profile) -> str:
    return f"data/{profile.name}" if profile.challenge else profile.data


def _source(profile: Profile) -> dict[str, str]:
    return {"data": "challenge"} if profile.challenge else {}


def _benchmark(profile: Profile, modality: Modality) -> Stage:
    folder = f"data/{profile.name}"
    return Stage(
        "challenge",
        "challenge",
        profile.name,
        BENCHMARK,
        command=(modality.command, folder, *modality.options, "--replace", "--config", "{json}"),
        parameters=dict(profile.challenge),
        folders={"data": folder},
        outputs={"data": folder},
        threads=2,
    )


def _shard(profile: Profile, number: int) -> Stage:
    given = profile.notebooks.get("01_preprocess") or {}
    shard = f"{number}/{profile.shards}"
    words = ["prepare", _data(profile), f"prepared/{profile.name}", "--shard", shard]
    words += [word for crop in given.get("crops") or () for word in ("--crops", crop)]
    words += ["--every-frame"] if given.get("tracking") == "every_frame" else []
    return Stage(
        "prepare",
        f"prepare_shard_{number}",
        profile.name,
        SHARD,
        command=(*words, "--workers", "{threads}", "--reader-options", "{json}"),
        parameters=dict(given.get("reader_options") or {}),
        needs=_source(profile),
        label=f"prepare, shard {shard}",
        threads=given.get("workers", 2),
    )


def _first(profile: Profile, modality: Modality) -> Stage:
    given = profile.notebooks.get(modality.stage) or {}
    prepared, run_dir = f"prepared/{profile.name}", f"runs/{profile.name}/classical"
    paths = {"data_dir": _data(profile), "prepared_dir": prepared, "run_dir": run_dir}
    seed = {} if profile.seed is None or "seed" not in modality.gets else {"seed": profile.seed}
    shards = range(1, profile.shards + 1) if profile.shards > 1 else ()
    outputs = {"index.parquet": f"{prepared}/index.parquet"}
    if modality.table:
        outputs["predictions.parquet"] = f"runs/{profile.name}/{modality.table}"
    own = {"prepared": prepared} | ({"run": run_dir} if modality.table else {})
    real = [] if profile.challenge else [profile.data]
    return Stage(
        modality.stage,
        modality.rule,
        profile.name,
        FIRST,
        notebook=modality.notebook,
        parameters={**seed, **given},
        paths={name: path for name, path in paths.items() if name in modality.gets},
        folders=own,
        outputs=outputs,
        needs=_source(profile) | {f"shard {n}": f"prepare_shard_{n}" for n in shards},
        data=(*real, *(given.get("more_data") or ())),
        threads=2,
    )


def _run(profile: Profile, modality: Modality, run: Run) -> Stage:
    runs = f"runs/{profile.name}"
    folder = f"{runs}/{run.name}"
    seed = {} if profile.seed is None else {"seed": profile.seed}
    paths = {"prepared_dir": f"prepared/{profile.name}", "run_dir": folder}
    others = {role: getattr(run, role) for role in OTHER_RUNS}
    others = {role: name for role, name in others.items() if name is not None}
    paths |= {role: f"{runs}/{name}" for role, name in others.items()}
    return Stage(
        run.name,
        run_rule(run.name),
        profile.name,
        RUN,
        notebook=run.notebook,
        parameters={"threads": run.threads, **seed, **run.parameters},
        paths=paths,
        folders={"run": folder},
        outputs={name: f"{folder}/{name}" for name in ("predictions.parquet", "run.json")},
        needs={"prepared": modality.rule} | {k: run_rule(name) for k, name in others.items()},
        threads=run.threads,
        gpu=run.gpu,
        priority=run.priority,
    )


def _tables(profile: Profile, modality: Modality) -> list[str]:
    """Predictions of the first stage and of all runs."""
    runs = f"runs/{profile.name}"
    own = [f"{runs}/{modality.table}"] if modality.table else []
    return own + [f"{runs}/{name}/predictions.parquet" for name in profile.runs]


def _before(profile: Profile, modality: Modality) -> dict[str, str]:
    return {"prepared": modality.rule} | {name: run_rule(name) for name in profile.runs}


def _ensemble(profile: Profile, modality: Modality) -> Stage:
    folder = f"runs/{profile.name}/ensemble"
    paths = {"predictions": _tables(profile, modality), "run_dir": folder}
    return Stage(
        "05_ensemble",
        "ensemble",
        profile.name,
        ENSEMBLE,
        notebook="05_ensemble",
        parameters=dict(profile.notebooks.get("05_ensemble") or {}),
        paths={**paths, "prepared_dir": f"prepared/{profile.name}"},
        folders={"run": folder},
        outputs={name: f"{folder}/{name}" for name in ("predictions.parquet", "run.json")},
        needs=_before(profile, modality),
    )


def _submit(profile: Profile, modality: Modality) -> Stage:
    folder, ensemble = f"submissions/{profile.name}", f"runs/{profile.name}/ensemble"
    predictions = [*_tables(profile, modality), f"{ensemble}/predictions.parquet"]
    paths = {"data_dir": _data(profile), "predictions": predictions, "submission_dir": folder}
    names = ("submission.csv", "run.json", "report.html")
    return Stage(
        "06_submit",
        "submit",
        profile.name,
        SUBMIT,
        notebook="06_submit",
        parameters=dict(profile.notebooks.get("06_submit") or {}),
        paths={**paths, "ensemble_dir": ensemble, "prepared_dir": f"prepared/{profile.name}"},
        outputs={name: f"{folder}/{name}" for name in names},
        needs=_before(profile, modality) | {"05_ensemble": "ensemble"},
    )


def _studies(profile: Profile, modality: Modality, stages: list[Stage]) -> Iterator[Stage]:
    """The studies, each of which reads what all runs of all seeds have made."""
    out = f"submissions/{profile.name}"
    runs = [f"runs/{one.name}" for one in seeded_profiles(profile)]
    needs = {stage.label: stage.rule for stage in stages if stage.kind in (FIRST, RUN)}
    for rule, name in study_rules(profile.studies):
        yield Stage(
            name,
            rule,
            profile.name,
            STUDY,
            notebook=study_notebook(name),
            parameters=dict(profile.notebooks.get(name) or {}),
            paths={"profile": profile.name, "runs": runs, "out_dir": out},
            outputs={f"{name}.csv": f"{out}/{name}.csv"},
            needs=needs,
            label=name,
        )
