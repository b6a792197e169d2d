"""Commands of `rppg` about data: write the embedded challenge, look, prepare, split.

rppg check-data DATA                           what lies there, and whether a run can start
rppg prepare DATA prepared/mine --workers 8    videos into the store; --shard 1/4 for a part
rppg folds prepared/mine --dataset PURE        who trains, who validates
"""

import json
import os
from pathlib import Path
from typing import Annotated, Optional

import typer


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


def check_data(
    root: Annotated[Path, typer.Argument(help="Folder that holds the datasets' folders.")],
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="The table as CSV, for a script."),
    ] = None,
) -> None:
    """Say which datasets lie below ROOT, what they have, and what is wrong or missing.

    Ends with what `rppg run --profile paper --data ROOT` needs, item by item:
    found, missing (it goes on without), unused, look (probably a mistake) or
    stop.  Nothing is prepared or written; exit status 1 where it would stop.
    """
    from rppg.preprocessing.inventory import format_survey, read_below, survey
    from rppg.workflow.preflight import check_road, format_road

    found, errors = read_below(root)
    if found:
        table = survey(found, errors)
        typer.echo(format_survey(table) + "\n")
        if out is not None:
            table.drop(columns="reasons").to_csv(out, index=False)
    facts = check_road(root, found, errors)
    typer.echo(format_road(root, facts))
    if any(fact.mark == "stop" for fact in facts):
        raise typer.Exit(1)


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
    reader_options: Annotated[
        str, typer.Option(help='Options of readers, as JSON: {"vipl_hr": {"nir": true}}.')
    ] = "{}",
    crops: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(
            help="Crops to make: `face` (128 pixels, always) or `wide` (64 pixels, for gideon2021);"
            " repeat the option for both. What lacks one is prepared again."
        ),
    ] = None,
) -> None:
    """Turn videos into face crops and MSTmaps.  Resumes: what is prepared is not done again.

    With --layout auto, all datasets below DATA are prepared into one folder; where there is none,
    DATA is the dataset that it is named like, else a folder of any videos.
    """
    from rppg.datasets import read
    from rppg.preprocessing.prepare import prepare as prepare_all
    from rppg.preprocessing.sharding import parse_shard
    from rppg.preprocessing.summary import format_summary

    parse_shard(shard)
    recordings, options = [], parse_reader_options(reader_options)
    for name, folder in layouts_of(data, layout).items():
        recordings += (found := read(name, folder, **options.get(name, {})))
        typer.echo(f"{name}: {len(found)} recordings in {folder}")
    table = prepare_all(
        recordings, out, workers, retry_failed=retry_failed, shard=shard, crops=crops or ("face",)
    )
    typer.echo(format_summary(table))
    for row in table[table["status"] == "failed"].itertuples():
        typer.echo(f"  {row.id}: {row.reason}", err=True)
    if not table.attrs["n_missing"]:
        typer.echo(f"index: {out / 'index.parquet'}")


def parse_reader_options(text: str) -> dict[str, dict]:
    """Layout -> options of its reader.  Raises ValueError for what is no such JSON object."""
    from rppg.datasets.readers import READERS

    example = '{"vipl_hr": {"nir": true}}'
    options = json_object("--reader-options", text, example)
    if not all(isinstance(given, dict) for given in options.values()):
        raise ValueError(f"--reader-options {text!r}: expected a JSON object like {example}")
    if unknown := sorted(options.keys() - READERS.keys()):
        layouts = ", ".join(READERS)
        raise ValueError(f"--reader-options names {', '.join(unknown)}, expected of {layouts}")
    return options


def json_object(option: str, text: str, example: str) -> dict:
    """What an option gives as JSON.  Raises ValueError, with the example, for what is no object."""
    expected = f"expected a JSON object like {example}"
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"{option} {text!r} is no JSON ({error}); {expected}") from None
    if not isinstance(found, dict):
        raise ValueError(f"{option} {text!r}: {expected}")
    return found


def layouts_of(data: Path, layout: str = "auto") -> dict[str, Path]:
    """Layout -> folder of what DATA holds.  "auto": what DATA itself is named like (the challenge's
    test tree has folders named like datasets); else the datasets below it, by their folders' names;
    else any videos, as `folder`."""
    from rppg.datasets.readers import find

    if layout != "auto":
        return {layout: data}
    if not data.is_dir():
        return {"folder": data}
    place = Path(os.path.abspath(data))  # a link keeps its own name
    named = {name: data for name, folder in find(place.parent).items() if folder == place}
    return named or find(data) or {"folder": data}


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

    from rppg.datasets import fold_summary, keep_folds

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


def wearables(
    folder: Annotated[Path, typer.Argument(help="Folder to write; made if missing.")],
    config: Annotated[
        str, typer.Option(help="Settings, as a JSON object of SimulatorConfig's fields.")
    ] = "{}",
    replace: Annotated[
        bool, typer.Option("--replace", help="Delete wearables of other settings found there.")
    ] = False,
) -> None:
    """Write simulated wrist accelerometers: six activities, with the cadence of what is on foot.

    FOLDER/simulator then holds a table a subject, as own recordings may be given too: subject,
    session, activity, time_s, x, y, z (in g), cadence_spm.
    """
    from rppg.studies.relcon.simulator.write_dataset import config_from, write_wearables

    settings = json_object("--config", config, '{"n_subjects": 8, "seed": 1}')
    written = write_wearables(folder, config_from(settings), replace=replace)
    typer.echo(f"simulated wearables: {written}")
