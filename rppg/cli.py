"""The `rppg` command: what the notebooks do, for one line in a terminal.

rppg predict face.mp4 --plot face.png      heart rate of a face video
rppg run --profile demo                    the whole road: videos to submission.csv
rppg COMMAND --help                        what a command takes and makes
"""

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Optional

import typer

app = typer.Typer(
    help="Heart rate from face video, learned without labels.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command()
def challenge(
    root: Annotated[Path, typer.Argument(help="Folder to write; made if missing.")],
    seed: Annotated[int, typer.Option(help="Same seed, same bytes.")] = 0,
    level: Annotated[
        str, typer.Option(help="Difficulty of all recordings: easy, medium, test, hardest.")
    ] = "test",
    pulse: Annotated[
        float, typer.Option(help="Scale of the pulse's amplitude; 0 writes the null control.")
    ] = 1.0,
    config: Annotated[
        str, typer.Option(help="Any other setting, as a JSON object of ChallengeConfig's fields.")
    ] = "{}",
    workers: Annotated[int, typer.Option(help="Processes that render.")] = 2,
    replace: Annotated[
        bool, typer.Option("--replace", help="Delete a challenge of other settings found there.")
    ] = False,
) -> None:
    """Write the embedded challenge: synthetic faces with a known pulse, in the real layouts.

    ROOT then holds UBFC-rPPG, VIPL-HR-V2 and test as the real datasets are distributed,
    sample_submission.csv, and solution.csv with the truth.
    """
    from rppg.synthetic.challenge import ChallengeConfig, write_challenge

    settings = {"seed": seed, "level": level, "pulse_amplitude_scale": pulse}
    written = write_challenge(
        root,
        ChallengeConfig(**{**settings, **json.loads(config)}),
        workers=workers,
        replace=replace,
    )
    typer.echo(f"synthetic challenge: {written}")


@app.command("check-data")
def check_data(
    root: Annotated[Path, typer.Argument(help="Folder that holds the datasets' folders.")],
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="The table as CSV, for a script."),
    ] = None,
) -> None:
    """Say which datasets lie below ROOT, what they have, and what is wrong or missing.

    Nothing is prepared or written; exit status 1 where a dataset's folder cannot be read.
    """
    from rppg.vision.survey import format_survey, look

    table = look(root)
    typer.echo(format_survey(table))
    if out is not None:
        table.drop(columns="reasons").to_csv(out, index=False)
    if table["error"].any():
        raise typer.Exit(1)


@app.command()
def prepare(
    data: Annotated[
        Path, typer.Argument(help="Folder with datasets, or of one, or of your own videos.")
    ],
    out: Annotated[Path, typer.Argument(help="Folder for the prepared recordings.")],
    layout: Annotated[
        str,
        typer.Option(
            help="How DATA is laid out: auto goes by the names of folders; `folder` takes any"
            " videos; other layouts are named where this one is unknown."
        ),
    ] = "auto",
    workers: Annotated[int, typer.Option(help="Processes that work beside each other.")] = 2,
    shard: Annotated[
        str, typer.Option(help="i/n: every n-th recording only; n such calls may run at once.")
    ] = "1/1",
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try recordings that failed before once more.")
    ] = False,
) -> None:
    """Turn videos into face crops and MSTmaps.  Resumes: what is prepared is not done again.

    With --layout auto, all datasets below DATA are prepared into one folder; where there is none,
    DATA is the dataset that it is named like, else a folder of any videos.
    """
    from rppg.recordings import read
    from rppg.vision.preprocess import prepare as prepare_all
    from rppg.vision.shard import parse_shard
    from rppg.vision.summary import format_summary

    parse_shard(shard)
    recordings = []
    for name, folder in layouts_of(data, layout).items():
        recordings += (found := read(name, folder))
        typer.echo(f"{name}: {len(found)} recordings in {folder}")
    table = prepare_all(recordings, out, workers, retry_failed=retry_failed, shard=shard)
    typer.echo(format_summary(table))
    for row in table[table["status"] == "failed"].itertuples():
        typer.echo(f"  {row.id}: {row.reason}", err=True)
    if not table.attrs["n_missing"]:
        typer.echo(f"index: {out / 'index.parquet'}")


def layouts_of(data: Path, layout: str = "auto") -> dict[str, Path]:
    """Layout -> folder of what DATA holds.  "auto": the datasets below it, by their folders' names;
    else what DATA itself is named like; else any videos, as `folder`."""
    from rppg.recordings.readers import find

    if layout != "auto":
        return {layout: data}
    if not data.is_dir():
        return {"folder": data}
    if below := find(data):
        return below
    place = Path(os.path.abspath(data))  # a link keeps its own name
    named = {name: data for name, folder in find(place.parent).items() if folder == place}
    return named or {"folder": data}


@app.command()
def predict(
    videos: Annotated[list[Path], typer.Argument(help="Video files, or folders of them.")],
    method: Annotated[
        Optional[list[str]],  # noqa: UP045  (typer reads this at run time on Python 3.10 too)
        typer.Option(help="POS, CHROM, GREEN, ICA, PBV, LGI, OMIT or all; may be repeated."),
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

    A video that gives no heart rate is a row with the reason; the others are done, and the exit
    status is 1.
    """
    from rppg.predict import expand_videos, predict_videos, write_table

    table = predict_videos(expand_videos(videos), method or ["POS", "CHROM", "GREEN"], plot)
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
    from rppg.contest import score_files

    typer.echo(score_files(submission, solution).to_string(index=False, float_format="%.2f"))


@app.command()
def check(
    submission: Annotated[Path, typer.Argument(help="The submission.csv to hand in.")],
    sample: Annotated[Path, typer.Argument(help="The competition's sample_submission.csv.")],
) -> None:
    """Check a submission against the sample before it is handed in; exit status 1 if it differs."""
    from rppg.contest import check_submission

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
    profile: Annotated[
        str, typer.Option(help="smoke (minutes, for tests), demo, or paper (real data).")
    ] = "demo",
    data: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Folder with the real datasets, in place of the embedded challenge."),
    ] = None,
    cores: Annotated[int, typer.Option(help="Processor cores to use.")] = 2,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="Say what would run, and run nothing.")
    ] = False,
) -> None:
    """Run the numbered notebooks in order, as far as they are not up to date.

    Ends by printing the leaderboard and the path of submission.csv; the executed notebooks lie
    beside it.
    """
    import subprocess

    from rppg.contest import format_leaderboard
    from rppg.pipeline import project_dir, run_profile

    try:
        run_profile(profile, data, cores, dry_run)
    except subprocess.CalledProcessError as error:
        typer.echo("rppg run: a stage failed; the messages above name its notebook", err=True)
        raise typer.Exit(error.returncode) from None
    folder = project_dir() / "submissions" / profile
    if not dry_run:
        leaderboard = folder / "leaderboard.csv"
        if leaderboard.is_file():
            typer.echo(format_leaderboard(leaderboard))
        typer.echo(f"submission: {folder / 'submission.csv'}")


@app.command()
def folds(
    prepared: Annotated[Path, typer.Argument(help="Folder of the prepared recordings.")],
    dataset: Annotated[str, typer.Option(help="Dataset to split, as its ids begin: PURE.")],
    protocol: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="How to split; default: the dataset's published way, else seeded."),
    ] = None,
    data: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="The dataset's own folder, for protocols that it has in files."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of protocols that draw.")] = 0,
) -> None:
    """Split a dataset by subject: write PREPARED/folds/DATASET.csv once, and read it ever after.

    Failed recordings are split too: prepared later, they join their subject's fold.  Those of a
    challenge's test set are not: nobody trains on them.
    """
    import pandas as pd

    from rppg.recordings import fold_summary, keep_folds

    if not (prepared / "index.parquet").is_file():
        raise FileNotFoundError(f"{prepared / 'index.parquet'} is missing: run rppg prepare first")
    index = pd.read_parquet(prepared / "index.parquet")
    n_test = int(((index["dataset"] == dataset) & (index["split"] == "test")).sum())
    index = index[index["split"] != "test"]
    rows = index[index["dataset"] == dataset]
    if rows.empty:
        found = ", ".join(sorted(set(index["dataset"]))) or "nothing"
        raise ValueError(f"{prepared} holds no recordings of {dataset!r} to split, found {found}")
    path = prepared / "folds" / f"{dataset}.csv"
    table = keep_folds(path, rows, protocol, data, seed)
    typer.echo(fold_summary(table, rows).to_string(index=False, float_format="%.1f"))
    origins = " and ".join(sorted(set(rows["origin"].dropna())))
    typer.echo(f"{dataset} ({origins}), protocol {table['protocol'][0]}: {path}")
    if n_test:
        typer.echo(f"left out: {n_test} recordings of a challenge's test set")


def main() -> None:
    """Entry point: an error that a person can act on is one line, not a traceback."""
    try:
        app()
    except (OSError, ValueError, KeyError) as error:
        text = error.args[0] if isinstance(error, KeyError) else error
        sys.exit(f"rppg: {text}")


if __name__ == "__main__":
    main()
