"""`rppg predict` around the extraction: what is checked first, what is kept, what is said."""

import errno
import json
import os
import signal
import sys

import pandas as pd
import pytest
from helpers.answers import stub_extraction, traces
from typer.testing import CliRunner

from rppg import cli
from rppg.cli import app


@pytest.fixture
def three(tmp_path, monkeypatch):
    """subject1..3/vid.mp4 and one named 3.mp4, in the working directory."""
    for name in ("s1/vid.mp4", "s2/vid.mp4", "3.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    return ["s1", "s2", "3.mp4"]


def predict(*words):
    return CliRunner().invoke(app, ["predict", *map(str, words)])


@pytest.mark.parametrize(
    "option",
    [
        *(("--fps", word) for word in ("nan", "inf", "0", "-30", "1001", "fast")),
        *(("--out", word) for word in ("rates.txt", "rates", "s1", "", "3.mp4/x.csv")),
        *(("--plot", word) for word in ("hr.gif", "s1", "", "3.mp4/x.png")),
        *(("--method", word) for word in ("FFT", "", "PO S")),
        ("--method=st_transformer", "--runs=nowhere"),
        ("--method=consensus", "--runs=nowhere"),
        ("--per-second",),
        *(("--face", word) for word in ("middle", "0", "7", "")),
        ("--report", "page.pdf"),
        ("--method=POS", "--runs=nowhere"),
    ],
)
def test_a_wrong_option_is_refused_before_a_video_is_opened(option, three, monkeypatch):
    done = stub_extraction(monkeypatch, {})
    result = predict(*three, *option)
    assert result.exit_code != 0 and done == []
    assert isinstance(result.exception, SystemExit | ValueError | OSError)


def test_an_empty_name_is_an_error_and_among_others_a_row(three, monkeypatch):
    done = stub_extraction(monkeypatch, {})
    assert predict("").exit_code != 0 and done == []
    result = predict("", "3.mp4")
    assert result.exit_code == 1 and done == ["3.mp4"] and "the name is empty" in result.output
    result = CliRunner().invoke(app, ["prepare", "", "out"])
    assert result.exit_code != 0 and "is empty" in str(result.exception)
    assert not os.path.exists("out")


def test_a_table_never_replaces_a_video(three, monkeypatch):
    done = stub_extraction(monkeypatch, {})
    os.rename("3.mp4", "3.csv")
    os.symlink("3.csv", "link.csv")
    for name in ("3.csv", "link.csv"):
        result = predict("3.csv", f"--out={name}")
        assert "is one of the videos" in str(result.exception) and done == []
    with open("3.csv", "rb") as video:
        assert video.read() == b"x"


@pytest.mark.parametrize("option", ["--plot", "--report"])
def test_a_picture_or_a_page_never_replaces_a_video(three, monkeypatch, option):
    done, name = stub_extraction(monkeypatch, {}), {"--plot": "3.png", "--report": "3.html"}[option]
    os.rename("3.mp4", name)
    result = predict(name, f"{option}={name}")
    assert "is one of the videos" in str(result.exception) and done == []
    with open(name, "rb") as video:
        assert video.read() == b"x"


def test_fps_replaces_the_containers_times(three, monkeypatch):
    seen = []

    def extract(recording, *_, **__):
        seen.append(recording)
        return traces(n_frames=300, notes=[*recording.notes])

    stub_extraction(monkeypatch, {})
    monkeypatch.setattr("rppg.preprocessing.extract.extract", extract)
    result = predict("3.mp4", "--fps", "29.97")
    assert seen[0].fps == 29.97 and seen[0].fps_source == "labels"
    assert "note: 3.mp4: frames are timed at the 29.97 fps of --fps" in result.output


@pytest.mark.parametrize("out", ["rates.csv", "rates.json"])
@pytest.mark.parametrize("stop", [KeyboardInterrupt(), MemoryError("4 GB")])
def test_finished_rows_are_kept_whatever_stops_the_batch(out, stop, three, monkeypatch):
    first = {"vid.mp4": traces(notes=["25 fps assumed"]), "3.mp4": stop}
    stub_extraction(monkeypatch, first)
    result = predict("s1", "3.mp4", "s2", "--method", "POS", "--out", out)
    table = pd.read_csv(out) if out.endswith("csv") else pd.DataFrame(json.load(open(out)))
    assert table["video"].tolist() == ["s1/vid.mp4"] and result.exit_code != 0
    assert "s1/vid.mp4  POS" in result.output
    assert "note: s1/vid.mp4: 25 fps assumed" in result.output
    if isinstance(stop, KeyboardInterrupt):
        assert result.exit_code == 130 and "interrupted: 1 of 3 videos are done" in result.output


@pytest.mark.slow
def test_videos_of_one_name_have_a_plot_each_and_a_failing_plot_ends_nothing(three, monkeypatch):
    stub_extraction(monkeypatch, {})
    os.makedirs("q/hr-s1__vid.png")
    result = predict(*three, "--method=POS", "--plot=q/hr.png", "--out=rates.csv")
    assert result.exit_code == 1 and "q/hr-s1__vid.png: no plot" in result.output
    assert len(pd.read_csv("rates.csv")) == 3
    assert sorted(os.listdir("q")) == ["hr-3.png", "hr-s1__vid.png", "hr-s2__vid.png"]


@pytest.mark.slow
def test_each_face_has_its_rows_its_plot_and_its_place_on_the_page(three, monkeypatch):
    stub_extraction(monkeypatch, {"vid.mp4": ValueError("too short")})
    names = {"3.mp4": ["1", "2"], "vid.mp4": ["1"]}
    at = "rppg.preprocessing.several_faces"
    monkeypatch.setattr(f"{at}.faces_of", lambda one, name: names[one.frames.name])
    monkeypatch.setattr(f"{at}.FaceLandmarks", lambda n: None)
    options = ["--face=all", "--method=POS", "--plot=hr.png", "--report=p.html", "--out=r.csv"]
    result = predict("3.mp4", "s1", "gone.mp4", *options)
    table = pd.read_csv("r.csv")
    assert table["video"].tolist() == ["3.mp4", "3.mp4", "s1/vid.mp4", "gone.mp4"]
    assert table["face"].fillna(0).tolist() == [1, 2, 0, 0] and result.exit_code == 1
    assert "3.mp4 (face 2)" in result.output and "too short" in result.output
    assert sorted(one for one in os.listdir(".") if one.endswith("png")) == [
        "hr-3-face-1.png",
        "hr-3-face-2.png",
    ]
    with open("p.html") as page:
        assert "3.mp4 (face 2)" in page.read()


def test_an_interrupted_batch_has_its_page(three, monkeypatch):
    stub_extraction(monkeypatch, {"3.mp4": KeyboardInterrupt()})
    result = predict("s1", "3.mp4", "--method=POS", "--report=page.html")
    assert result.exit_code == 130
    with open("page.html") as page:
        assert "Heart rate: s1/vid.mp4" in page.read()


def test_names_that_are_no_text_are_printed_and_written(three, monkeypatch):
    stub_extraction(monkeypatch, {})
    name = os.fsdecode(b"Zo\xe9\n\x1b[31m.mp4")
    open(name, "wb").close()
    result = predict(name, "gone\udce9.mp4", "--method=POS", "--out=rates.csv", "--plot=hr.png")
    assert "Zo\\udce9\\n\\x1b[31m.mp4  POS" in result.output
    assert "no such file or folder" in result.output and "\udce9" not in result.output
    assert len(pd.read_csv("rates.csv")) == 2


def test_a_missing_file_is_one_line_for_all_methods(three, monkeypatch):
    stub_extraction(monkeypatch, {})
    result = predict("gone.mp4", "--method=all")
    assert len(result.output.splitlines()) == 2 and result.exit_code == 1
    assert result.output.count("gone.mp4: no such file or folder") == 1


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (MemoryError(), "rppg: out of memory (MemoryError): end other programs"),
        (ModuleNotFoundError("No module named 'av'"), "rppg: a package cannot be imported"),
        (ValueError("found 3"), "rppg: found 3"),
    ],
)
def test_the_entry_point_says_an_expected_error_in_one_line(error, line, monkeypatch):
    def fail():
        raise error

    monkeypatch.setattr(cli, "app", fail)
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert stop.value.code.startswith(line) and "\n" not in stop.value.code


def test_a_bug_is_a_traceback_and_not_hidden(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["rppg", "predict", "x.mp4"])
    monkeypatch.setattr("rppg.inference.videos.expand_videos", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        cli.main()


def test_a_terminated_batch_leaves_its_rows_and_no_temporary_files(three, monkeypatch):
    def end(self, path, answer):
        os.kill(os.getpid(), signal.SIGTERM)

    stub_extraction(monkeypatch, {"3.mp4": traces(face_hit_rate=0.5)})
    monkeypatch.setattr("rppg.inference.predict_command._Report._draw", end)
    before = signal.getsignal(signal.SIGTERM)
    result = predict("3.mp4", "s1", "--method=POS", "--out=rates.csv", "--plot=hr.png")
    assert result.exit_code == 143 and signal.getsignal(signal.SIGTERM) == before
    assert len(pd.read_csv("rates.csv")) == 1
    assert "note: 3.mp4: no face in 50.0% of the frames" in result.output


def test_a_table_on_a_full_disk_ends_the_batch_with_what_to_do(three, monkeypatch):
    def full(path, write):
        raise OSError(errno.ENOSPC, "No space left on device")

    stub_extraction(monkeypatch, {})
    monkeypatch.setattr("rppg.inference.video_table.atomic_write", full)
    result = predict("3.mp4", "s1", "--method=POS", "--out=rates.csv")
    assert result.exit_code == 1 and "3.mp4       POS" in result.output
    said = "rates.csv cannot be written (No space left on device): free space"
    assert said in str(result.exception)
