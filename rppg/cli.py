"""The `rppg` command: what the notebooks do, for one line in a terminal.

rppg predict face.mp4 --plot face.png      heart rate of a face video
rppg run --profile demo                    the whole road: videos to submission.csv
rppg COMMAND --help                        what a command takes and makes
"""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Optional

import typer

from rppg import cli_data

app = typer.Typer(
    help="Heart rate from face video, learned without labels.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


app.command()(cli_data.challenge)
app.command("check-data")(cli_data.check_data)
app.command()(cli_data.prepare)
app.command()(cli_data.folds)
app.command()(cli_data.wearables)


@app.command()
def predict(
    videos: Annotated[list[Path], typer.Argument(help="Video files, or folders of them.")],
    method: Annotated[
        Optional[list[str]],  # noqa: UP045  (typer reads this at run time on Python 3.10 too)
        typer.Option(
            help="POS, CHROM, GREEN, ICA, PBV, LGI, OMIT, or all for these seven; a trained "
            "model: st_transformer, contrast_phys, gideon2021. May be repeated."
        ),
    ] = None,
    runs: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(
            help="Folder of trained models, each in MODEL/finetune. Default: the project's "
            "runs/demo, made by rppg run --profile demo."
        ),
    ] = None,
    plot: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="PNG to draw: face, regions, wave, spectrum. One a video."),
    ] = None,
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Table to write: .csv, or .json with the waves."),
    ] = None,
) -> None:
    """Heart rate of face videos.  Default: POS, with CHROM and GREEN as second opinions.

    rppg predict face.mp4 --method POS --method st_transformer

    A video that gives no heart rate is a row with the reason; the others are done, and the exit
    status is 1.
    """
    from rppg.inference.videos import expand_videos, predict_videos, write_table

    methods = method or ["POS", "CHROM", "GREEN"]
    table = predict_videos(expand_videos(videos), methods, plot, runs)
    shown = table[["video", "method", "hr_bpm", "quality", "reason"]]
    typer.echo(shown.to_string(index=False, float_format="%.2f", na_rep="-"))
    if out is not None:
        write_table(table, out)
    if table["hr_bpm"].isna().any():
        raise typer.Exit(1)


@app.command()
def score(
    submission: Annotated[Path, typer.Argument(help="CSV: first column id, second heart rate.")],
    solution: Annotated[Path, typer.Argument(help="CSV: id, heart rate, optional Usage.")],
) -> None:
    """Score a submission: RMSE, MAE, share within 5 bpm, Pearson, with 95 % intervals."""
    from rppg.evaluation import score_files

    typer.echo(score_files(submission, solution).to_string(index=False, float_format="%.2f"))


@app.command()
def check(
    submission: Annotated[Path, typer.Argument(help="The submission.csv to hand in.")],
    sample: Annotated[Path, typer.Argument(help="The competition's sample_submission.csv.")],
) -> None:
    """Check a submission against the sample before it is handed in; exit status 1 if it differs."""
    from rppg.evaluation import check_submission

    problems = check_submission(submission, sample)
    for problem in problems:
        typer.echo(f"{submission}: {problem}", err=True)
    if problems:
        raise typer.Exit(1)
    typer.echo(
        f"{submission}: same header, ids and order as {sample}; every heart rate is a number"
    )


@app.command()
def run(
    part: Annotated[
        Optional[str],  # noqa: UP045
        typer.Argument(
            help="A profile (as in `rppg run ablation`), or a stage of one, which runs with what "
            "it needs: challenge, 01_preprocess, st_transformer/pretrain, 05_ensemble, 06_submit.",
            show_default=False,
        ),
    ] = None,
    profile: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="A file of notebooks/profiles: smoke, demo (default), bench, paper ..."),
    ] = None,
    data: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Folder with the real datasets, in place of the embedded challenge."),
    ] = None,
    seed: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(help="Another challenge, other folds, other weights: PROFILE-SEED."),
    ] = None,
    cores: Annotated[int, typer.Option(help="Processor cores to use.")] = 2,
    gpus: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(help="Stages with `gpu` that run side by side; default: the GPUs seen."),
    ] = None,
    rerun: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="A stage to run again, with what depends on it, though nothing changed."),
    ] = None,
    executor_profile: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Run on a cluster: notebooks/workflow/slurm, or a folder like it."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="Say what would run and why; run nothing.")
    ] = False,
) -> None:
    """Run the numbered notebooks in order, as far as they are not up to date.

    Ends by printing the leaderboard and the path of submission.csv, or the table of each study;
    the executed notebooks lie beside it.  A stage that fails leaves its partial notebook; what does
    not depend on it goes on.
    """
    from rppg.workflow import run_log, runner
    from rppg.workflow.profiles import profile_and_stage, run_settings

    profile, part = profile_and_stage(part, profile)
    settings = run_settings(profile, data, seed)
    if data is not None:
        _refuse_data(settings, data)
    order = runner.Order(settings, part, rerun, cores, gpus, executor_profile)
    if dry_run:
        typer.echo(runner.format_plan(runner.plan(order), runner.stages(settings)))
        return
    before = run_log.submissions(settings)
    if runner.execute(order) != 0:
        left, named = runner.plan(replace(order, rerun=None)), runner.stages(settings)
        typer.echo(runner.format_failures(left, named), err=True)
        run_log.log_failure(settings, runner.failed(left, named))
        raise typer.Exit(1)
    run_log.log_submissions(settings, before)
    if part is None:
        _show_submissions(settings)


def _refuse_data(settings: dict, data: Path) -> None:
    """Raises FileNotFoundError where there is no such folder, and ValueError where a profile that
    goes the road lacks something in it."""
    from rppg.workflow.preflight import refuse_stops

    if not data.is_dir():
        raise FileNotFoundError(f"--data {data} is not a folder: expected one that holds datasets")
    if _goes_the_road(settings):
        refuse_stops(data)


def _goes_the_road(settings: dict) -> bool:
    """Whether a profile needs VIPL-HR-V2 and test videos: to hand in, or to learn from labels."""
    runs = (settings.get("runs") or {}).values()
    return not settings.get("study") or any(run["notebook"] == "04_finetune" for run in runs)


def _show_submissions(settings: dict) -> None:
    """Leaderboard and path of what a profile hands in, or the paths of its studies' tables."""
    from rppg.evaluation import format_leaderboard
    from rppg.utils.paths import project_dir
    from rppg.workflow.profiles import seeded_profiles
    from rppg.workflow.stages import study_names

    folder, studies = project_dir(__file__) / "submissions", study_names(settings)
    for name in studies:
        typer.echo(f"study: {folder / settings['profile'] / name}.csv")
    for world in [] if studies else seeded_profiles(settings):
        typer.echo(format_leaderboard(folder / world["profile"] / "leaderboard.csv"))
        typer.echo(f"submission: {folder / world['profile'] / 'submission.csv'}")


def main() -> None:
    """Entry point: an error that a person can act on is one line, not a traceback."""
    try:
        app()
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        text = error.args[0] if isinstance(error, KeyError) else error
        sys.exit(f"rppg: {text}")


if __name__ == "__main__":
    main()
