"""The `rppg` command: what the notebooks do, for one line in a terminal.

rppg predict face.mp4 --plot face.png      heart rate of a face video
rppg live                                  heart rate in front of a camera
rppg magnify face.mp4 pulse.mp4            a video in which the pulse can be seen
rppg run --profile demo                    the whole pipeline: videos to submission.csv
rppg config demo st_transformer/pretrain   what a run is given, and where each value comes from
rppg COMMAND --help                        what a command takes and makes
"""

import csv
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer
from typer.core import TyperGroup

from rppg import __version__, cli_data, cli_simulate
from rppg.api.export_command import export
from rppg.inference.live_command import live
from rppg.inference.magnify_command import magnify
from rppg.inference.predict_command import predict
from rppg.workflow.kaggle_command import kaggle

if TYPE_CHECKING:
    from rppg.workflow.planning import Plan
    from rppg.workflow.profiles import Profile
    from rppg.workflow.runner import RunRequest


class _Commands(TyperGroup):
    """Refuses empty arguments, as of an unset variable of a shell: as a path, one is the working
    directory.  `predict` lists an empty video with a reason."""

    def resolve_command(self, ctx, args):
        if "" in args and args[0] != "predict":
            raise ValueError(f"an argument of `rppg {args[0]}` is empty: expected a value")
        return super().resolve_command(ctx, args)


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # plain text: importing rich takes longer than the command itself
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
MaybePath = Optional[Path]  # noqa: UP045  (typer reads these at run time)
MaybeText = Optional[str]  # noqa: UP045
MaybeNumber = Optional[int]  # noqa: UP045
DataOption = Annotated[
    MaybePath,
    typer.Option(help="Folder with the real datasets, in place of the synthetic benchmark."),
]
SeedOption = Annotated[
    MaybeNumber, typer.Option(help="Another benchmark, other folds, other weights: PROFILE-SEED.")
]


def _show_version(wanted: bool) -> None:
    if wanted:  # with the place, since another package has the same import name
        typer.echo(f"rppg {__version__} ({Path(__file__).parent})")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Version and place."),
    ] = False,
) -> None:
    """Heart rate from face video, learned without labels."""


app.command()(cli_data.challenge)
app.command("check-data")(cli_data.check_data)
app.command()(cli_simulate.simulate)
app.command()(cli_data.prepare)
app.command()(cli_data.folds)
app.command()(cli_data.wearables)
for command in (predict, live, magnify, export, kaggle):
    app.command()(command)


@app.command()
def score(
    submission: Annotated[Path, typer.Argument(help="CSV: first column id, second heart rate.")],
    solution: Annotated[Path, typer.Argument(help="CSV: id, heart rate, optional Usage.")],
) -> None:
    """Score a submission.  RMSE, MAE, share within 5 bpm, Pearson, with 95 % intervals."""
    from rppg.evaluation.leaderboard import score_files

    typer.echo(score_files(submission, solution).to_string(index=False, float_format="%.2f"))


@app.command()
def check(
    submission: Annotated[Path, typer.Argument(help="The submission.csv to submit.")],
    sample: Annotated[Path, typer.Argument(help="The competition's sample_submission.csv.")],
) -> None:
    """Check a submission against the sample.  Exit status 1 if it differs."""
    from rppg.evaluation.submission import check_submission

    problems = check_submission(submission, sample)
    for problem in problems:
        typer.echo(f"{submission}: {problem}", err=True)
    if problems:
        raise typer.Exit(1)
    typer.echo(f"{submission}: header, ids and order of {sample}; every heart rate is a number")


@app.command()
def run(
    part: Annotated[
        MaybeText,
        typer.Argument(
            help="A profile (as in `rppg run ablation`), or a stage of one, which runs with what "
            "it needs: challenge, 01_preprocess, st_transformer/pretrain, 05_ensemble, 06_submit.",
            show_default=False,
        ),
    ] = None,
    profile: Annotated[
        MaybeText, typer.Option(help="A file of notebooks/profiles: demo (default), paper, ...")
    ] = None,
    data: DataOption = None,
    seed: SeedOption = None,
    cores: Annotated[int, typer.Option(min=1, help="Processor cores to use.")] = 2,
    gpus: Annotated[
        MaybeNumber, typer.Option(min=0, help="GPU stages at a time; default: the GPUs seen.")
    ] = None,
    rerun: Annotated[
        MaybeText, typer.Option(help="A stage to run again, with those that depend on it.")
    ] = None,
    executor_profile: Annotated[
        MaybePath, typer.Option(help="Run on a cluster: notebooks/workflow/slurm, or the like.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="Say what would run and why; run nothing.")
    ] = False,
) -> None:
    """Run the numbered notebooks that are not up to date, in order.

    Ends by printing the leaderboard and the path of submission.csv, or the table of each study;
    the executed notebooks are in the same folder.  A stage that fails leaves its partial notebook;
    the stages that do not depend on it still run.
    """
    from rppg.workflow import run_log, runner
    from rppg.workflow.profiles import load_profile, profile_and_stage, require_data

    name, part = profile_and_stage(part, profile)
    wanted = load_profile(name, data, seed)
    require_data(wanted)
    request = runner.RunRequest(wanted, part, rerun, cores, gpus, executor_profile)
    found = _plan_of(request)
    up_to_date = found is not None and not found.planned and not found.reused
    if not up_to_date:
        from rppg.training.profile_values import check_values  # imports torch

        check_values(wanted)
    if wanted.data is not None:
        from rppg.workflow.preflight import refuse_data

        refuse_data(wanted, "data" if data is None else "--data")
    if dry_run:
        typer.echo(runner.format_plan(found or runner.plan(request)))
        return
    before = run_log.submissions(wanted)
    if not up_to_date and runner.execute(request) != 0:
        left = runner.plan(replace(request, rerun=None))
        typer.echo(runner.format_failures(left), err=True)
        run_log.log_failure(wanted, runner.failed(left))
        raise typer.Exit(1)
    run_log.log_submissions(wanted, before)
    if part is None:
        _show_results(wanted)


def _plan_of(request: "RunRequest") -> "Plan | None":
    """What would run; None if a value names what is not there: the check of values says which."""
    from rppg.workflow.runner import plan

    try:
        return plan(request)
    except FileNotFoundError:
        return None


@app.command()
def config(
    profile: Annotated[str, typer.Argument(help="A file of notebooks/profiles.")] = "demo",
    stage: Annotated[
        MaybeText,
        typer.Argument(
            metavar="RUN",
            help="A run or another stage, as st_transformer/pretrain; default: all of them.",
            show_default=False,
        ),
    ] = None,
    data: DataOption = None,
    seed: SeedOption = None,
) -> None:
    """Print what each run is given, and where each value comes from.

    One line per value: "training.lr: 0.001   # notebooks/profiles/demo.yaml".  An origin is a
    profile's file, the command line, rppg run (paths), or the notebook's default.
    """
    from rppg.training.profile_values import checked_profile
    from rppg.workflow.config_report import format_config

    checked_profile(profile, data, seed)
    typer.echo(format_config(profile, stage, data, seed))


def _show_results(profile: "Profile") -> None:
    """Leaderboard and path of each submission of a profile, or the paths of its studies' tables."""
    from rppg.evaluation.leaderboard import format_leaderboard
    from rppg.utils.paths import project_dir
    from rppg.workflow.profiles import seeded_profiles

    folder = project_dir(__file__) / "submissions"
    for name in profile.studies:
        typer.echo(f"study: {folder / profile.name / name}.csv")
    for one in [] if profile.studies else seeded_profiles(profile):
        typer.echo(format_leaderboard(folder / one.name / "leaderboard.csv"))
        typer.echo(f"submission: {folder / one.name / 'submission.csv'}")


def main() -> None:
    """Entry point: an error is one line; what is printed to a closed stream (`>&-`) is dropped."""
    sys.stdout, sys.stderr = (one or open(os.devnull, "w") for one in (sys.stdout, sys.stderr))
    sys.stdout.reconfigure(errors="backslashreplace")  # names of files need not be text
    try:
        app()
    except MemoryError as error:
        advice = "end other programs, or use fewer --workers"
        sys.exit(f"rppg: out of memory ({str(error) or 'MemoryError'}): {advice}")
    except ImportError as error:
        advice = "install requirements.lock again, or the extra rppg[suite]"
        sys.exit(f"rppg: a package cannot be imported ({error}): {advice}")
    except (OSError, RuntimeError, ValueError, KeyError, SyntaxError, csv.Error) as error:
        sys.exit(f"rppg: {error.args[0] if isinstance(error, KeyError) else error}")


if __name__ == "__main__":
    main()
