"""Fold files: made once, read ever after, and never taken for another protocol's."""

import random

import pandas as pd
import pytest
from helpers.store import write
from typer.testing import CliRunner

from rppg.cli import app
from rppg.datasets import Store, keep_folds, make_folds, read_folds
from rppg.datasets.metadata import INDEX_DTYPES

IDS = [f"PURE/{n:02d}/{n:02d}-{k:02d}" for n in (1, 2, 9) for k in (1, 2)]


def test_a_file_is_made_once_and_read_ever_after(tmp_path):
    path = tmp_path / "folds" / "PURE.csv"
    folds = keep_folds(path, random.Random(0).sample(IDS, 6))
    before = path.read_bytes()
    assert before.startswith(
        b"id,dataset,subject,fold,protocol\nPURE/01/01-01,PURE,01,train,pure\n"
    )
    again = keep_folds(path, random.Random(1).sample(IDS, 6), protocol="pure", seed=7)
    pd.testing.assert_frame_equal(again, folds)
    some = keep_folds(path, pd.DataFrame({"id": IDS[3:5]}))
    assert some["id"].tolist() == IDS[3:5] and some["fold"].tolist() == ["test", "dev"]
    assert path.read_bytes() == before


def test_new_recordings_are_not_quietly_split_differently(tmp_path):
    path = tmp_path / "PURE.csv"
    keep_folds(path, IDS)
    new = ["PURE/09/09-03", "PURE/04/04-01", "PURE/03/03-01"]
    words = "PURE.csv: 3 of 9 recordings are missing, of subjects 03, 04, 09: delete the file"
    with pytest.raises(ValueError, match=words):
        keep_folds(path, IDS + new)


def test_folds_of_another_protocol_or_seed_are_not_taken_for_those_asked(tmp_path):
    path = tmp_path / "PURE.csv"
    keep_folds(path, IDS, "seeded", seed=3)
    assert len(keep_folds(path, IDS, seed=3)) == 6
    with pytest.raises(ValueError, match="'seeded seed=3', asked for 'seeded seed=0'"):
        keep_folds(path, IDS)
    with pytest.raises(ValueError, match="'seeded seed=3', asked for 'pure seed=3'"):
        keep_folds(path, IDS, "pure", seed=3)
    path.write_text("id,dataset,subject,fold\nPURE/01/01-01,PURE,01,0\n")
    with pytest.raises(ValueError, match="'no named protocol', asked for 'pure'"):
        keep_folds(path, IDS[:1], "pure")


@pytest.mark.parametrize(
    ("ids", "protocol", "words"),
    [
        (IDS, "pur", "'pur' is unknown, expected one of seeded, train_dev_test, round_robin"),
        (IDS, "obf", r"'obf': found recordings of \['PURE'\], expected OBF"),
        ([*IDS, "PURE/11/11-01"], "pure", r"does not have the subjects \['11'\].*'seeded'"),
        ([*IDS, "PURE/ann/1"], "round_robin", r"does not have the subjects \['ann'\]"),
        ([*IDS, "OBF/001/1"], None, r"found recordings of \['OBF', 'PURE'\].*one dataset"),
        ([], "seeded", r"found recordings of \[\]"),
        (IDS[:2], "seeded", "expected 2 to 1, the number of subjects"),
        (["COHFACE/1/0"], "cohface", "reads protocols/, no folder of the dataset was given"),
        (["VIPL-HR/p1/v1-source1"], "vipl_hr_official", "reads fold/ or fold_split/"),
    ],
)
def test_what_a_protocol_cannot_split_is_refused_and_nothing_written(
    ids, protocol, words, tmp_path
):
    with pytest.raises((ValueError, FileNotFoundError), match=words):
        keep_folds(tmp_path / "folds.csv", ids, protocol)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("protocol", [None, "mr_nirp_car", "seeded"])
def test_nobody_is_split_under_two_ids(protocol):
    """MR-NIRP-Car's Subject16 is its subject2 at night."""
    ids = [f"MR-NIRP-Car/subject{n}/x" for n in (1, 2, 13, 17)]
    with pytest.raises(
        ValueError, match="'Subject16' is the person of subject 2 under a second id"
    ):
        make_folds([*ids, "MR-NIRP-Car/Subject16/x"], protocol)
    folds = make_folds([*ids, "MR-NIRP-Car/subject2/at_night"], protocol)
    assert folds[folds["subject"] == "subject2"]["fold"].nunique() == 1
    assert len(make_folds(["PURE/16/a", "PURE/2/a"], "seeded")) == 2  # another dataset's 16 is not


@pytest.mark.parametrize(("n", "sizes"), [(3, (1, 1, 1)), (5, (3, 1, 1)), (20, (12, 4, 4))])
def test_own_videos_are_split_into_train_dev_and_test_by_subject(n, sizes):
    ids = [f"folder/p{i}/{k}.mp4" for i in range(n) for k in (1, 2)]
    folds = make_folds(ids, seed=3)
    assert set(folds["protocol"]) == {"train_dev_test seed=3"}
    subjects = folds.groupby("fold")["subject"].unique()
    assert tuple(len(subjects[word]) for word in ("train", "dev", "test")) == sizes
    assert folds.groupby("subject")["fold"].nunique().max() == 1
    pd.testing.assert_frame_equal(make_folds(ids[::-1], seed=3), folds)
    if n == 20:
        assert not make_folds(ids, seed=4)["fold"].equals(folds["fold"])


def test_two_people_cannot_be_split_into_train_dev_and_test():
    ids = [f"folder/{name}/{k}.mp4" for name in ("ann", "bob") for k in (1, 2)]
    with pytest.raises(ValueError, match=r"found 2 subjects \(.*ann.*\), expected three or more"):
        make_folds(ids)


def command(*arguments):
    return CliRunner().invoke(app, ["folds", *map(str, arguments)])


def test_the_command_writes_folds_and_prints_what_is_in_them(tmp_path):
    index = pd.DataFrame({"id": IDS, "dataset": "PURE", "duration_s": [60, 30, 60, 60, 90, None]})
    index = index.assign(split="none", origin="synthetic", status="failed")
    index.loc[6] = ["PURE/99/video1", "PURE", 10, "test", "synthetic", "failed"]
    full = index.reindex(columns=list(INDEX_DTYPES)).assign(has_bvp=False)
    full[["dataset", "subject", "name"]] = full["id"].str.split("/", expand=True)
    full.to_parquet(tmp_path / "index.parquet")
    result = command(tmp_path, "--dataset", "PURE")
    path = tmp_path / "folds" / "PURE.csv"
    assert result.exit_code == 0, result.output
    assert [line.split() for line in result.output.splitlines()[:4]] == [
        ["fold", "subjects", "recordings", "minutes"],
        ["train", "1", "2", "1.5"],
        ["dev", "1", "2", "1.5"],
        ["test", "1", "2", "2.0"],
    ]
    assert f"PURE (synthetic), protocol pure: {path}" in result.output
    assert "left out: 1 recordings of a challenge's test set" in result.output
    assert read_folds(path)["id"].tolist() == sorted(IDS)
    assert command(tmp_path, "--dataset", "PURE").output == result.output
    refused = command(tmp_path, "--dataset", "PURE", "--protocol", "seeded")
    assert isinstance(refused.exception, ValueError) and "asked for" in str(refused.exception)
    unknown = command(tmp_path, "--dataset", "OBF")
    assert "no recordings of 'OBF' to split, found PURE" in str(unknown.exception)
    assert "rppg prepare" in str(command(tmp_path / "no", "--dataset", "PURE").exception)


def test_the_command_reads_folds_without_a_protocol_and_refuses_a_seed_below_0(tmp_path):
    write(tmp_path, IDS[0])
    Store(tmp_path).write_index()
    assert command(tmp_path, "--dataset", "PURE", "--seed", "-1").exit_code == 2
    path = tmp_path / "folds" / "PURE.csv"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"id,dataset,subject,fold\n{IDS[0]},PURE,01,0\n")
    result = command(tmp_path, "--dataset", "PURE", "--protocol", "")
    assert result.exit_code == 1
    result = command(tmp_path, "--dataset", "PURE")
    assert result.exit_code == 0, result.exception
    assert "protocol not named" in result.output
