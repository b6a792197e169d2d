"""BVPs and heart rates that fine-tuning reads, as check-data and the pre-flight of `rppg run` see
them: options of readers, files without times, runs that use heart rates alone."""

from dataclasses import replace

import pytest
from helpers.reader_files import put
from typer.testing import CliRunner

from rppg.cli import app
from rppg.preprocessing.inventory import read_below
from rppg.workflow import profile_files
from rppg.workflow.preflight import check_data, reader_options, refuse_stops
from rppg.workflow.profiles import load_profile

GT = ",video1,video2\nHeart rate,70.0,71.0\nfps_mean,25.0,25.0\n"
VALUES = "".join(f"{k % 50}\n" for k in range(300))
TIMED = "".join(f"{k / 60:.4f},{k % 50}\n" for k in range(300))
BY_RATES = "no BVPs: fine-tuning by the heart rates alone (the rate loss)"
BY_WAVES = "with a BVP: fine-tuning by BVPs (the losses of the paper)"


@pytest.fixture
def root(tmp_path):
    """Two clips of each of ten subjects of VIPL-HR-V2, and what else a run needs."""
    for number in range(1, 11):
        folder = tmp_path / "DATA" / "VIPL-HR-V2" / "train" / str(number)
        put(folder / "gt.csv", GT)
        for k in (1, 2):
            put(folder / f"video{k}.mp4.avi")
    for number in range(1, 5):
        put(tmp_path / "DATA" / "UBFC-rPPG" / "DATASET_2" / f"subject{number}" / "vid.avi")
    put(tmp_path / "DATA" / "test" / "OBF" / "1" / "video1.avi")
    return tmp_path / "DATA"


def waves(root, name, text):
    """A wave of each clip, under a name with {video}."""
    for folder in (root / "VIPL-HR-V2" / "train").iterdir():
        for k in (1, 2):
            put(folder / name.replace("{video}", f"video{k}"), text)


def profile_with(root, name="smoke", **options):
    """A profile that gives the reader of VIPL-HR-V2 these options."""
    profile = load_profile(name, root)
    given = profile.notebooks.get("01_preprocess", {})
    given = given | {"reader_options": {"vipl_hr_v2": options}}
    return replace(profile, notebooks={**profile.notebooks, "01_preprocess": given})


def said_of(root, profile):
    """Mark -> its texts."""
    said = {}
    for mark, text in check_data(root, *read_below(root, reader_options(profile)), profile):
        said.setdefault(mark, []).append(text)
    return said


def of_vipl(said, mark="found"):
    return next(text for text in said[mark] if text.startswith("VIPL-HR-V2: "))


def test_waves_without_times_are_found_by_the_options_of_the_profile(root):
    waves(root, "{video}_bvp.txt", VALUES)
    profile = profile_with(root, wave_hz=60)
    said = said_of(root, profile)
    assert f"20 {BY_WAVES}" in of_vipl(said) and "stop" not in said and "look" not in said
    refuse_stops(root, profile)


def test_waves_without_times_are_passed_over_with_advice_and_stop_no_run(root):
    put(root / "VIPL-HR-V2" / "train" / "1" / "video1_bvp.txt", VALUES)
    profile = load_profile("smoke", root)
    said = said_of(root, profile)
    assert BY_RATES in of_vipl(said) and "stop" not in said
    look = of_vipl(said, "look")
    assert "BVPs of 1 recordings are not used, as 1/video1_bvp.txt has one column" in look
    assert "reader_options: {vipl_hr_v2: {wave_hz: 60}}" in look
    refuse_stops(root, profile)


def test_waves_of_an_unlikely_name_are_found_by_the_options_of_the_profile(root):
    waves(root, "{video}.oxi.csv", TIMED)
    assert BY_RATES in of_vipl(said_of(root, load_profile("smoke", root)))
    said = said_of(root, profile_with(root, wave_name="{video}.oxi.csv"))
    assert f"20 {BY_WAVES}" in of_vipl(said)


def test_a_run_that_is_refused_for_its_waves_says_what_the_reader_said(root):
    waves(root, "{video}.oxi.csv", VALUES)
    with pytest.raises(ValueError, match=r"cannot be read: .*oxi.csv has one column.*wave_hz"):
        refuse_stops(root, profile_with(root, wave_name="{video}.oxi.csv"))


def test_the_command_reads_with_the_options_of_its_profile(root, tmp_path, monkeypatch):
    waves(root, "{video}.oxi.csv", VALUES)
    for name in ("smoke", "own"):
        text = (profile_files.profiles_dir() / f"{name}.yaml").read_text()
        put(tmp_path / "profiles" / f"{name}.yaml", text)
    options = '{vipl_hr_v2: {wave_name: "{video}.oxi.csv", wave_hz: 60}}'
    text = f"extends: smoke\nnotebooks: {{01_preprocess: {{reader_options: {options}}}}}\n"
    put(tmp_path / "profiles" / "mine.yaml", text)
    monkeypatch.setattr(profile_files, "profiles_dir", lambda: tmp_path / "profiles")
    monkeypatch.setattr(profile_files, "project_dir", lambda start: tmp_path)
    result = CliRunner().invoke(app, ["check-data", str(root), "--profile", "mine"])
    assert result.exit_code == 0, result.output
    assert f"20 {BY_WAVES}" in result.output


def test_runs_that_use_no_waves_are_named(root):
    waves(root, "{video}_wave.csv", TIMED)
    profile = load_profile("demo_ablation", root)
    alone = "by the heart rate alone in st_transformer/finetune_rates, contrast_phys/finetune_rates"
    assert of_vipl(said_of(root, profile)).endswith(f"20 {BY_WAVES}, {alone} (use_waves: false)")


def test_waves_that_no_run_uses_are_not_what_fine_tuning_learns_from(root):
    waves(root, "{video}_wave.csv", TIMED)
    put(root / "VIPL-HR-V2" / "train" / "1" / "gt.csv", GT.replace("70.0", ""))
    profile = load_profile("smoke", root)
    runs = {
        name: replace(run, parameters=run.parameters | {"use_waves": False})
        if "use_waves" in run.parameters
        else run
        for name, run in profile.runs.items()
    }
    text = of_vipl(said_of(root, replace(profile, runs=runs)))
    unused = "19 with a BVP, which no run uses (use_waves: false): fine-tuning by the heart rates"
    assert text.startswith("VIPL-HR-V2: 19 labelled recordings") and unused in text
