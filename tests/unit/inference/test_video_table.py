"""The table of `rppg predict`: valid after each video, whatever a name or a number is."""

import json

import numpy as np
import pandas as pd
import pytest

from rppg.inference.video_table import TableFile, header_and_widths, lines_of, notes_of


def row(video="a.mp4", method="POS", hr_bpm=72.0, reason="", notes=(), **fields):
    numbers = {"hr_bpm": hr_bpm, "quality": np.nan if np.isnan(hr_bpm) else 0.5}
    numbers |= dict.fromkeys(("confidence", "mean_bpm", "lowest_bpm", "highest_bpm"), np.nan)
    signals = {"wave": None, "times_s": None, "per_second": None, **fields}
    return {
        "video": video,
        "face": "",
        "method": method,
        "reason": reason,
        "notes": [*notes],
        **numbers,
        **signals,
    }


@pytest.mark.parametrize("name", ["out.csv", "out.json", "new/folder/out.JSON"])
def test_a_table_is_complete_after_each_video(name, tmp_path):
    file = TableFile(tmp_path / name)
    assert not file.path.exists()  # an older table stays until there is a row
    for n in (1, 2):
        file.add(
            [row(f"{n}\udce9,\n.mp4", notes=["one", "two"]), row(hr_bpm=np.nan, reason="dark")]
        )
        table = pd.read_csv(file.path) if name.endswith(".csv") else pd.read_json(file.path)
        assert len(table) == 2 * n and table["hr_bpm"].isna().sum() == n
    assert table["video"][0] == "1\\udce9,\n.mp4"
    assert table["notes"][0] in ("one; two", ["one", "two"])


def test_json_has_no_number_that_json_does_not_have(tmp_path):
    file = TableFile(tmp_path / "out.json")
    file.add([row(wave=np.array([0.5, np.nan, np.inf]), times_s=np.arange(3.0))])
    (found,) = json.loads(file.path.read_text(), parse_constant=pytest.fail)
    assert found["wave"] == [0.5, None, None] and found["times_s"] == [0, 1, 2]


def test_seconds_are_rows_of_the_csv_and_always_in_the_json(tmp_path):
    plain = {"start_s": np.array([0.0, 1.0]), "hr_bpm": np.array([60.0, 61.0])}
    sure = plain | {"confidence": np.array([0.5, np.nan])}
    rows = [
        row(per_second=plain),
        row(method="consensus", per_second=sure, confidence=0.5, lowest_bpm=60.0),
        row("b.mp4", hr_bpm=np.nan, reason="dark"),
    ]
    TableFile(tmp_path / "out.csv", per_second=True).add(rows)
    table = pd.read_csv(tmp_path / "out.csv")
    assert table.columns.tolist() == "video face method start_s hr_bpm confidence reason".split()
    assert table["hr_bpm"].tolist()[:4] == [60, 61, 60, 61] and table["start_s"].tolist()[1] == 1
    assert table["confidence"].notna().tolist() == [False, False, True, False, False]
    assert table["reason"].tolist()[4] == "dark" and len(table) == 5
    TableFile(tmp_path / "out.json").add(rows)
    _, found, missing = json.loads((tmp_path / "out.json").read_text(), parse_constant=pytest.fail)
    assert found["confidence"] == 0.5 and found["lowest_bpm"] == 60 and found["mean_bpm"] is None
    assert found["per_second"]["confidence"] == [0.5, None] and missing["per_second"] is None


@pytest.mark.parametrize("name", ["out", "out.txt", "", "folder.csv", "file/out.csv", "x" * 250])
def test_a_table_that_cannot_be_written_is_refused_at_once(name, tmp_path):
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises((ValueError, OSError), match=r"expected|cannot be written"):
        TableFile(tmp_path / name)


def test_a_name_that_no_disk_takes_is_said_in_words(tmp_path):
    with pytest.raises(ValueError, match="a name of 304 bytes, expected 200 or fewer"):
        TableFile(tmp_path / f"{'x' * 300}.csv")


def test_lines_are_aligned_and_a_reason_of_all_methods_is_said_once():
    videos, methods = ["a.mp4", "longer\x1b[31m.mp4"], ["POS", "st_transformer"]
    header, widths = header_and_widths(videos, methods)
    (first, second) = lines_of([row(method=method) for method in methods], widths)
    assert first.index("72.00") == second.index("72.00") == header.index("hr_bpm") + 1
    dark = [row(videos[1], method, np.nan, "no face") for method in methods]
    assert lines_of(dark, widths) == [
        "longer\\x1b[31m.mp4  -                    -        -  no face"
    ]
    dark[0]["reason"] = "flat"
    assert len(lines_of(dark, widths)) == 2


def test_a_note_is_said_once_and_names_its_methods_if_others_do_not_have_it():
    rows = [row(notes=["half\nhalf", "cut"]), row(method="LGI", notes=["half\nhalf"])]
    assert notes_of(rows) == ["a.mp4: half\\nhalf", "a.mp4: POS: cut"]
