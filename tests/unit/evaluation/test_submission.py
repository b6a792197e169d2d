"""The submission file against its sample: taken over to the letter, checked, written whole."""

import warnings

import numpy as np
import pandas as pd
import pytest

from rppg.evaluation import leaderboard, submission

IDS = ["VIPL_HR/10/video1.avi", "VIPL_HR/2/video1.avi", "OBF/1/video3.avi"]


def table(ids=IDS, hr_bpm=(61.0, 72.25, 83.123456)):
    return pd.DataFrame({"id": list(ids), "hr_bpm": list(hr_bpm)})


@pytest.fixture
def sample(tmp_path):
    return write(tmp_path / "sample_submission.csv", "ids,HR", *(f"{id},0" for id in IDS))


def write(path, *lines, end="\n", encoding="utf-8"):
    path.write_bytes((end.join(lines) + end).encode(encoding))
    return path


def test_order_header_and_number_format_come_from_the_sample(sample, tmp_path):
    shuffled = table().iloc[[2, 0, 1]]
    path = submission.write_submission(shuffled, tmp_path / "out.csv", sample)
    assert path.read_bytes().decode() == (
        "ids,HR\n"
        "VIPL_HR/10/video1.avi,61.0000\n"
        "VIPL_HR/2/video1.avi,72.2500\n"
        "OBF/1/video3.avi,83.1235\n"
    )
    assert submission.check_submission(path, sample) == []
    assert submission.sample_ids(sample) == IDS


def test_spelling_of_the_sample_is_kept_to_the_letter(tmp_path):
    sample = write(
        tmp_path / "s.csv", 'Id , "Predicted"', " a/1/x.avi ,70", '"b, 2",', "Ünï/3 ,nan"
    )
    predictions = table(["Ünï/3", "b, 2", "a/1/x.avi"], [3 * 20, 40.5, 50])
    path = submission.write_submission(predictions, tmp_path / "out.csv", sample)
    assert path.read_text(encoding="utf-8").splitlines() == [
        'Id , "Predicted"',
        " a/1/x.avi ,50.0000",
        '"b, 2",40.5000',
        "Ünï/3 ,60.0000",
    ]
    assert submission.check_submission(path, sample) == []


def test_windows_files_are_read(tmp_path):
    lines = ["ids,HR", *(f"{id},0" for id in IDS), ""]
    sample = write(tmp_path / "s.csv", *lines, end="\r\n", encoding="utf-8-sig")
    path = submission.write_submission(table(), tmp_path / "out.csv", sample)
    assert path.read_bytes().startswith(b"ids,HR\nVIPL") and b"\r" not in path.read_bytes()
    assert submission.check_submission(path, sample) == []


def test_without_a_sample_header_and_order_are_the_defaults(tmp_path):
    path = submission.write_submission(table(['a,"b"', *IDS[1:]]), tmp_path / "new" / "out.csv")
    assert path.read_text().splitlines()[:2] == ["ids,HR", '"a,""b""",61.0000']
    assert pd.read_csv(path)["ids"].tolist() == ['a,"b"', *IDS[1:]]


@pytest.mark.parametrize(
    ("ids", "hr_bpm", "message"),
    [
        (IDS[:2], [60, 70], "1 ids without a prediction: OBF/1/video3.avi"),
        ([*IDS, "OBF/9/x.avi"], [60, 70, 80, 90], "1 ids not in the sample: OBF/9/x.avi"),
        ([*IDS, IDS[0]], [60, 70, 80, 90], "1 ids more than once: VIPL_HR/10/video1.avi"),
        (IDS, [60, np.nan, 80], "1 heart rates that are no finite number: VIPL_HR/2/video1.avi"),
        (IDS, [60, 70, -np.inf], "no finite number: OBF/1/video3.avi"),
    ],
)
def test_nothing_is_written_that_a_grader_would_refuse(sample, tmp_path, ids, hr_bpm, message):
    (tmp_path / "out.csv").write_text("an earlier one")
    with pytest.raises(ValueError, match=f"no submission written: .*{message}"):
        submission.write_submission(table(ids, hr_bpm), tmp_path / "out.csv", sample)
    assert (tmp_path / "out.csv").read_text() == "an earlier one"


def test_many_ids_are_counted_and_the_first_named(tmp_path):
    ids = [f"OBF/{i}/video1.avi" for i in range(40)]
    sample = write(tmp_path / "s.csv", "ids,HR", *(f"{id},0" for id in ids))
    with pytest.raises(ValueError, match=r"39 ids without a prediction: OBF/1/.*OBF/5/\S+ \.\.\."):
        submission.write_submission(table(ids[:1], [60]), tmp_path / "out.csv", sample)


def test_rates_of_no_heart_are_warned_of(sample, tmp_path):
    with pytest.warns(UserWarning, match=r"2 heart rates outside 30-240 bpm: .*10/video1.avi \(0"):
        submission.write_submission(table(hr_bpm=[0.4, 70, 300]), tmp_path / "out.csv", sample)
    with pytest.warns(UserWarning, match="outside 30-240"):
        assert submission.check_submission(tmp_path / "out.csv", sample) == []


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match=f"cannot write out.csv into the folder {tmp_path}/file/sub"):
        submission.write_submission(table(), tmp_path / "file" / "sub" / "out.csv")


def test_an_interrupted_write_leaves_the_old_file_and_no_part(sample, tmp_path, monkeypatch):
    (tmp_path / "out.csv").write_text("an earlier one")

    def full_disk(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full_disk)
    with pytest.raises(OSError, match="No space left"):
        submission.write_submission(table(), tmp_path / "out.csv", sample)
    assert (tmp_path / "out.csv").read_text() == "an earlier one"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.csv", "sample_submission.csv"]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["id,HR", *(f"{id},70" for id in IDS)], "header is 'id,HR', expected 'ids,HR'"),
        (["ids,HR", *(f"{id},70" for id in IDS[::-1])], "other order .* line 2 is 'OBF"),
        (["ids,HR", *(f"{id},70" for id in IDS[:2])], "1 ids without a prediction"),
        (["ids,HR", *(f"{id},70" for id in [*IDS, "x"])], "1 ids not in the sample: x"),
        (["ids,HR", *(f"{id},70" for id in [*IDS, IDS[0]])], "more than once"),
        (["ids,HR", *(f"{id} ,70" for id in IDS)], "not in the sample: 'VIPL_HR/10/video1.avi '"),
        (["ids,HR", *(f"{id},fast" for id in IDS)], "3 heart rates that are no finite number"),
    ],
)
def test_check_tells_what_differs(sample, tmp_path, lines, message):
    problems = submission.check_submission(write(tmp_path / "mine.csv", *lines), sample)
    assert problems
    with pytest.raises(ValueError, match=message):
        raise ValueError("; ".join(problems))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"ids,HR\n", "no ids"),
        (b"ids,HR\na,1\nb\n", "expected two columns, found line 3: 'b'"),
        (b"ids,HR\na,1\na,2\n", "1 ids more than once: a"),
        (b"\xff\xfei\x00d\x00", "not UTF-8"),
    ],
)
def test_samples_that_are_none(tmp_path, content, message):
    (tmp_path / "s.csv").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        submission.sample_ids(tmp_path / "s.csv")


def test_fill_missing_orders_completes_and_says_so():
    predictions = table(IDS[1:], [72.25, np.nan]).assign(
        model="POS", kind="classical", split="test", origin="synthetic", quality=0.6
    )
    full = submission.fill_missing(predictions, IDS, hr_bpm=77.7)
    assert full["id"].tolist() == IDS
    assert full["hr_bpm"].tolist() == [77.7, 72.25, 77.7]
    assert full["quality"].tolist() == [0, 0.6, 0]
    assert full["filled"].tolist() == [True, False, True]
    for column in ("model", "kind", "split", "origin"):
        assert full[column].tolist() == [predictions[column].iloc[0]] * 3


def test_fill_missing_refuses_what_it_cannot_tell_apart():
    predictions = table().assign(model=["POS", "POS", "CHROM"])
    with pytest.raises(ValueError, match="one model, found"):
        submission.fill_missing(predictions, IDS, 70)
    with pytest.raises(ValueError, match="1 ids not in the sample: OBF"):
        submission.fill_missing(table(), IDS[:2], 70)
    with pytest.raises(ValueError, match="more than once"):
        submission.fill_missing(pd.concat([table(), table()]), IDS, 70)
    with pytest.raises(ValueError, match="stand-in is no heart rate: nan"):
        submission.fill_missing(table(), IDS, np.nan)


def test_solution_with_and_without_usage(tmp_path):
    lines = ["ids,HR,Usage", f"{IDS[0]},60.5,Public", f" {IDS[1]} ,70, private "]
    solution = submission.read_solution(write(tmp_path / "a.csv", *lines, encoding="utf-8-sig"))
    assert solution.to_dict("list") == {
        "id": IDS[:2],
        "hr_true_bpm": [60.5, 70.0],
        "usage": ["public", "private"],
    }
    plain = submission.read_solution(write(tmp_path / "b.csv", "id,truth", f"{IDS[0]},60"))
    assert plain["usage"].tolist() == [""]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["ids,HR"], "and rows"),
        (["ids,HR", "a,1,2,3", "b,1"], "expected columns id"),
        (["ids,HR", "a,sixty"], "no finite number: a"),
        (["ids,HR", "a,60", "a,61"], "more than once"),
        (["ids,HR,Usage", "a,60,secret"], "public or private, found .'secret'"),
    ],
)
def test_solutions_that_are_none(tmp_path, lines, message):
    with pytest.raises(ValueError, match=message):
        submission.read_solution(write(tmp_path / "solution.csv", *lines))


def test_score_files_says_synthetic_where_the_mark_lies_above(sample, tmp_path):
    (tmp_path / "truth").mkdir()
    lines = ["ids,HR,Usage"] + [f"{id},70,{u}" for id, u in zip(IDS, "abc", strict=True)]
    usage = {",a": ",public", ",b": ",private", ",c": ",private"}
    lines = [line[:-2] + usage.get(line[-2:], line[-2:]) for line in lines]
    solution = write(tmp_path / "truth" / "solution.csv", *lines)
    mine = submission.write_submission(table(hr_bpm=[70, 73, 66]), tmp_path / "mine.csv", sample)
    scores = leaderboard.score_files(mine, solution)
    assert scores["split"].tolist() == ["all", "public", "private"]
    assert scores["n"].tolist() == [3, 1, 2]
    assert scores["rmse_bpm"].tolist() == pytest.approx([5 / 3**0.5, 0, 12.5**0.5])
    (tmp_path / "SYNTHETIC.txt").write_text("rendered")
    assert leaderboard.score_files(mine, solution)["split"].str.startswith("synthetic ").all()


def test_score_files_wants_the_same_ids(sample, tmp_path):
    solution = write(tmp_path / "solution.csv", "ids,HR", f"{IDS[0]},70", "x,70")
    mine = submission.write_submission(table(), tmp_path / "mine.csv", sample)
    with pytest.raises(ValueError, match=r"1 ids of the solution are missing \['x'\], 2 are not"):
        leaderboard.score_files(mine, solution)


def test_a_sound_submission_does_not_warn(sample, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        submission.write_submission(table(), tmp_path / "out.csv", sample)
