"""Commands of `rppg` about data: write a synthetic benchmark, check, prepare and split data.

rppg challenge data/mine                       synthetic faces with a known pulse
rppg challenge data/judge --maker second       faces of another making, for judging only
rppg check-data DATA                           what is there, and whether a run can start
rppg prepare DATA prepared/mine --workers 8    videos to crops and maps; --shard 1/4 for a part
rppg folds prepared/mine --dataset PURE        which subjects train, validate and test
rppg wearables data/motion                     simulated wrist accelerometers
"""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Optional

import typer

from rppg.utils.command_options import FpsOption, check_settings, json_object, with_fps


def challenge(
    root: Annotated[Path, typer.Argument(help="Folder to write; made if missing.")],
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same bytes.")] = 0,
    level: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="easy, medium, test (default) or hardest; second: easy, middle, hard."),
    ] = None,
    maker: Annotated[str, typer.Option(help="first; second: other faces, to judge by.")] = "first",
    clips: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(min=1, help="Videos of the second maker, one person each; default: 48."),
    ] = None,
    pulse: Annotated[
        float, typer.Option(help="Scale of the pulse's amplitude; 0 writes the null control.")
    ] = 1.0,
    config: Annotated[
        str, typer.Option(help="Any other setting, as a JSON object of the maker's configuration.")
    ] = "{}",
    workers: Annotated[int, typer.Option(min=1, help="Processes that render.")] = 2,
    replace: Annotated[
        bool, typer.Option("--replace", help="Delete a benchmark of other settings in ROOT.")
    ] = False,
) -> None:
    """Write a synthetic benchmark: faces with a known pulse.  It has the real datasets' layouts.

    ROOT then holds UBFC-rPPG, VIPL-HR-V2 and test as the real datasets are distributed,
    sample_submission.csv, and solution.csv with the truth.  With --maker second: own videos to
    judge by, never to train on, with labels.csv, contact PPG, and truth.csv.
    """
    config_class, write = _maker(maker)
    settings = {"seed": seed, "pulse_amplitude_scale": pulse, "level": level, "n_clips": clips}
    settings = {name: value for name, value in settings.items() if value is not None}
    if clips is not None and maker != "second":
        raise ValueError("--clips goes with --maker second; else name subjects in --config")
    settings |= json_object("--config", config, '{"seconds": 8}')
    check_settings(settings, asdict(config_class()))
    written = write(root, config_class(**settings), workers=workers, replace=replace)
    typer.echo(f"synthetic challenge: {written}")


def _maker(name: str) -> tuple:
    """Configuration and writer of a maker of synthetic faces."""
    if name == "first":
        from rppg.synthetic.challenge import ChallengeConfig, write_challenge

        return ChallengeConfig, write_challenge
    if name == "second":
        from rppg.synthetic.second_maker import SecondMakerConfig, write_second_maker

        return SecondMakerConfig, write_second_maker
    raise ValueError(f"--maker {name!r}: expected first or second")


def check_data(
    root: Annotated[Path, typer.Argument(help="Folder of datasets, of one, or of own videos.")],
    profile: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="What is to be run; default: own for own videos, else paper."),
    ] = None,
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="The table as CSV, for a script."),
    ] = None,
) -> None:
    """Say what data is below ROOT, and what is wrong or missing.

    Ends with what `rppg run --profile PROFILE --data ROOT` needs, item by item:
    found, missing (it runs without), unused, look (probably a mistake) or
    stop.  Nothing is prepared or written; exit status 1 if the run would stop.
    """
    from rppg.preprocessing.inventory import format_survey, survey
    from rppg.workflow.preflight import check_data as checks_of
    from rppg.workflow.preflight import format_checks, read_for
    from rppg.workflow.profiles import load_profile

    name, recordings, errors = read_for(root, profile)
    if recordings:
        table = survey(recordings, errors)
        typer.echo(format_survey(table) + "\n")
        if out is not None:
            table.drop(columns="reasons").to_csv(out, index=False)
    checks = checks_of(root, recordings, errors, load_profile(name, root))
    typer.echo(format_checks(root, checks, name))
    if any(check.mark == "stop" for check in checks):
        raise typer.Exit(1)


def prepare(
    data: Annotated[Path, typer.Argument(help="Folder of datasets, of one, or of own videos.")],
    out: Annotated[Path, typer.Argument(help="Folder for the prepared recordings.")],
    layout: Annotated[
        str,
        typer.Option(
            help="How DATA is laid out: auto goes by the names of folders; `folder` takes any"
            " videos; other layouts are named where this one is unknown."
        ),
    ] = "auto",
    workers: Annotated[int, typer.Option(min=1, help="Processes that work in parallel.")] = 2,
    shard: Annotated[
        str, typer.Option(help="i/n: every n-th recording only; n such calls may run at once.")
    ] = "1/1",
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try recordings that failed before once more.")
    ] = False,
    reader_options: Annotated[
        str, typer.Option(help='Options of readers, as JSON: {"vipl_hr": {"nir": true}}.')
    ] = "{}",
    every_frame: Annotated[
        bool,
        typer.Option(
            "--every-frame",
            help="Find the face's landmarks in every frame, not only where it moves: slower.",
        ),
    ] = False,
    crops: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(
            help="Crops to make: `face` (128 pixels, always) or `wide` (64 pixels, for gideon2021);"
            " repeat the option for both. Recordings without one are prepared again."
        ),
    ] = None,
    fps: FpsOption = None,
) -> None:
    """Turn videos into face crops and MSTmaps.  Resumes: what is prepared is not done again.

    Recordings that fail are listed with a reason; exit status 1 if a reason was not foreseen.
    With --layout auto, a DATA with labels.csv holds own videos; else it is the dataset that it is
    named like; else all datasets below it are prepared; else its videos are.
    """
    from rppg.datasets.readers import layouts_of, read
    from rppg.preprocessing.prepare import prepare as prepare_all
    from rppg.preprocessing.sharding import parse_shard
    from rppg.preprocessing.summary import format_summary

    parse_shard(shard)
    recordings, options = [], parse_reader_options(reader_options)
    for name, folder in layouts_of(data, layout).items():
        group = read(name, folder, **options.get(name, {}))
        recordings += group
        typer.echo(f"{name}: {len(group)} recordings in {folder}")
        unread = sorted({note for one in group for note in one.notes if "is not read" in note})
        typer.echo("".join(f"  note: {note}\n" for note in unread), err=True, nl=False)
    recordings = with_fps(recordings, fps)
    tracking = "every_frame" if every_frame else "sparse"
    settings = {"retry_failed": retry_failed, "crops": crops or ("face",), "tracking": tracking}
    table = prepare_all(recordings, out, workers, shard=shard, **settings)
    typer.echo(format_summary(table))
    for row in table[table["status"] == "failed"].itertuples():
        name = row.id.split("/")[-1]  # which many reasons begin with
        typer.echo(f"  {row.id}: {row.reason.removeprefix(f'{name}: ')}", err=True)
    if not table.attrs["n_missing"]:
        typer.echo(f"index: {out / 'index.parquet'}")
    if any(table.get("unforeseen", [])):
        raise typer.Exit(1)


def parse_reader_options(text: str) -> dict[str, dict]:
    """Layout -> options of its reader.  Raises ValueError if the text is no such JSON object."""
    from rppg.datasets.readers import READERS, check_options

    example = '{"vipl_hr": {"nir": true}}'
    options = json_object("--reader-options", text, example)
    if not all(isinstance(given, dict) for given in options.values()):
        raise ValueError(f"--reader-options {text!r}: expected a JSON object like {example}")
    if unknown := sorted(options.keys() - READERS.keys()):
        layouts = ", ".join(READERS)
        raise ValueError(f"--reader-options names {', '.join(unknown)}, expected of {layouts}")
    for layout, given in options.items():
        check_options(layout, given)
    return options


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
    seed: Annotated[int, typer.Option(min=0, help="Seed of protocols that draw.")] = 0,
) -> None:
    """Split a dataset by subject.  PREPARED/folds/DATASET.csv is written once, then only read.

    Failed recordings are split, too: prepared later, they join their subject's fold.  Those of a
    challenge's test set are not: they are never trained on.
    """
    from rppg.datasets import fold_summary, keep_folds
    from rppg.datasets.metadata import read_index

    index = read_index(prepared / "index.parquet")
    n_test = int(((index["dataset"] == dataset) & (index["split"] == "test")).sum())
    index = index[index["split"] != "test"]
    rows = index[index["dataset"] == dataset]
    if rows.empty:
        found = ", ".join(sorted(set(index["dataset"]))) or "nothing"
        raise ValueError(f"{prepared} holds no recordings of {dataset!r} to split, found {found}")
    path = prepared / "folds" / f"{dataset}.csv"
    table = keep_folds(path, rows, protocol, data, seed)
    typer.echo(fold_summary(table, rows).to_string(index=False, float_format="%.1f"))
    made_by = table["protocol"][0] if "protocol" in table else "not named"
    origins = " and ".join(sorted(set(rows["origin"].dropna())))
    typer.echo(f"{dataset} ({origins}), protocol {made_by}: {path}")
    if n_test:
        typer.echo(f"left out: {n_test} recordings of a challenge's test set")


def wearables(
    folder: Annotated[Path, typer.Argument(help="Folder to write; made if missing.")],
    config: Annotated[
        str, typer.Option(help="Settings, as a JSON object of SimulatorConfig's fields.")
    ] = "{}",
    replace: Annotated[
        bool, typer.Option("--replace", help="Delete recordings of other settings in FOLDER.")
    ] = False,
) -> None:
    """Write simulated wrist accelerometers.  Six activities, and the cadence of those on foot.

    FOLDER/simulator then holds a table per subject, in the format of own recordings: subject,
    session, activity, time_s, x, y, z (in g), cadence_spm.
    """
    from rppg.studies.relcon.simulator.write_dataset import config_from, write_imu_dataset

    settings = json_object("--config", config, '{"n_subjects": 8, "seed": 1}')
    check_settings(settings, asdict(config_from({})))
    written = write_imu_dataset(folder, config_from(settings), replace=replace)
    typer.echo(f"simulated wearables: {written}")
