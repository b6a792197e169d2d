"""The second maker of synthetic faces: its pulse is known, its bytes repeat, it stands alone."""

import csv
from dataclasses import replace

import numpy as np
import pytest
from helpers.documents import ROOT
from project import import_graph

from rppg.datasets.readers import read
from rppg.synthetic.second_maker import SecondMakerConfig, write_second_maker
from rppg.synthetic.second_maker.config import FACE_RANGE_PX, HR_RANGE_BPM, plan
from rppg.synthetic.second_maker.heartbeat import draw_heartbeat
from rppg.synthetic.second_maker.scene import Scene, heartbeat_of, motion_of

CONFIG = SecondMakerConfig(seed=3, n_clips=2, level="easy", seconds=3.0)
SHARED = {"rppg.synthetic.layouts.writers", "rppg.synthetic.layouts", "rppg.utils.worker_pool"}


@pytest.fixture(scope="module")
def clip():
    one = plan(CONFIG)[0]
    return replace(one, hr_bpm=90.0, tone=0.2, fps=15.0, width=320, height=240, face_px=70.0)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("judge") / "data"
    return write_second_maker(folder, CONFIG, workers=1, progress=False)


def cheek_means(clip, config):
    """Mean colour (T, 3) of the middle of the face."""
    half = int(clip.face_px / 4)
    y, x = clip.height // 2 + half // 2, clip.width // 2
    frames = Scene(clip, config)
    return np.array([f[y - half : y + half, x - half : x + half].mean((0, 1)) for f in frames])


def share_at(wave, hr_bpm, fps):
    """Share of the power between 45 and 180 bpm that lies within 12 bpm of a rate."""
    times = np.arange(len(wave)) / fps
    wave = wave - np.polyval(np.polyfit(times, wave, 2), times)
    power = np.abs(np.fft.rfft(wave * np.hanning(len(wave)), 4096)) ** 2
    freq_bpm = 60 * np.fft.rfftfreq(4096, 1 / fps)
    band = (freq_bpm > 45) & (freq_bpm < 180)
    return power[band & (np.abs(freq_bpm - hr_bpm) < 12)].sum() / power[band].sum()


@pytest.mark.slow
def test_the_pulse_is_in_the_skin_and_not_in_the_null_control(clip):
    config = replace(CONFIG, seconds=5.0)
    hr_bpm = heartbeat_of(clip, config.seconds).mean_hr_bpm()
    green_over_red = [
        np.divide(*cheek_means(clip, replace(config, pulse_amplitude_scale=scale)).T[[1, 0]])
        for scale in (4.0, 0.0)  # 4: a face of 70 pixels, and nothing tracks it
    ]
    pulse, null = (share_at(wave, hr_bpm, clip.fps) for wave in green_over_red)
    assert pulse > 0.6
    assert null < 0.4


@pytest.mark.parametrize("hr_bpm", [45, 90, 178])
def test_the_rate_of_the_wave_is_the_true_one(hr_bpm):
    beat = draw_heartbeat(np.random.default_rng(1), hr_bpm, 20.0)
    wave = beat.wave(np.arange(600) / 30)
    power = np.abs(np.fft.rfft((wave - wave.mean()) * np.hanning(600), 2**14))
    freq_bpm = 60 * np.fft.rfftfreq(2**14, 1 / 30)
    band = (freq_bpm > 35) & (freq_bpm < 200)
    assert freq_bpm[band][power[band].argmax()] == pytest.approx(beat.mean_hr_bpm(), abs=3)
    assert beat.mean_hr_bpm() == pytest.approx(hr_bpm, abs=5)


@pytest.mark.slow
def test_an_existing_reader_reads_videos_rates_and_waves(root):
    with open(root / "truth.csv", newline="") as file:
        truth = {row["id"]: row for row in csv.DictReader(file)}
    recordings = read("folder", root)
    assert {one.id for one in recordings} == truth.keys() and len(truth) == 2
    for one in recordings:
        assert one.origin == "synthetic" and one.problem is None and one.bvp is not None
        assert one.hr_mean_bpm == pytest.approx(float(truth[one.id]["hr_bpm"]), abs=0.001)
    needed = {"tone", "hr_bpm", "fps", "face_px", "codec", "quality", "turn_deg"}
    assert needed <= truth[recordings[0].id].keys()


@pytest.mark.slow
def test_same_seed_same_bytes(root, tmp_path):
    again = write_second_maker(tmp_path / "again", CONFIG, workers=1, progress=False)
    names = sorted(p.relative_to(root) for p in root.rglob("*") if p.is_file())
    assert names == sorted(p.relative_to(again) for p in again.rglob("*") if p.is_file())
    assert all((root / name).read_bytes() == (again / name).read_bytes() for name in names)


def test_other_videos_and_other_files_are_refused(root, tmp_path):
    with pytest.raises(ValueError, match="seed is 3, requested 4"):
        write_second_maker(root, replace(CONFIG, seed=4), progress=False)
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="choose another folder"):
        write_second_maker(tmp_path, CONFIG, replace=True, progress=False)


@pytest.mark.parametrize(("text", "found"), [("[]", "a list"), ("{", "is no JSON")])
def test_damaged_parameters_are_an_error_that_says_so(text, found, root, tmp_path):
    for name in ("SYNTHETIC.txt", "second_maker.json"):
        (tmp_path / name).write_bytes((root / name).read_bytes())
    (tmp_path / "second_maker.json").write_text(text)
    with pytest.raises(ValueError, match=f"second_maker.json .*{found}.*expected the object"):
        write_second_maker(tmp_path, CONFIG, progress=False)


@pytest.mark.parametrize("change", [{"level": "test"}, {"n_clips": 0}, {"seconds": 1.0}])
def test_impossible_parameters(change):
    with pytest.raises(ValueError, match="expected"):
        replace(CONFIG, **change)


def test_a_plan_covers_tones_rates_and_sizes():
    clips = plan(SecondMakerConfig(n_clips=60))
    columns = np.array([(c.tone, c.hr_bpm, c.face_px) for c in clips])
    low, high = columns.min(axis=0), columns.max(axis=0)
    assert {c.fitzpatrick for c in clips} == {1, 2, 3, 4, 5, 6}
    assert low[1] < HR_RANGE_BPM[0] + 5 and high[1] > HR_RANGE_BPM[1] - 5
    assert low[2] < FACE_RANGE_PX[0] + 5 and all(c.face_px <= c.width / 2 + 1 for c in clips)
    assert np.abs(np.corrcoef(columns.T) - np.eye(3)).max() < 0.35
    assert {c.codec for c in clips} == {"h264", "hevc", "mjpeg"}


@pytest.mark.slow
def test_darker_tones_reflect_less(clip):
    shades = []
    for tone in (0.0, 0.5, 1.0):
        scene = Scene(replace(clip, tone=tone), CONFIG)
        y, x = clip.height // 2 + 8, clip.width // 2
        shades.append(scene.light(0)[y - 5 : y + 5, x - 12 : x + 12].mean())
    assert shades == sorted(shades, reverse=True)


def test_heads_turn_more_on_harder_levels():
    turns = {}
    for level in ("easy", "middle", "hard"):
        config = replace(CONFIG, n_clips=12, level=level)
        turns[level] = [motion_of(clip, config).turn_deg() for clip in plan(config)]
    assert max(turns["easy"]) < np.median(turns["middle"])
    assert np.median(turns["middle"]) < np.median(turns["hard"])


def test_no_notebook_and_no_script_that_trains_sees_it():
    notebooks = list((ROOT / "notebooks").rglob("*.ipynb"))
    scripts = [p for p in (ROOT / "benchmarks").glob("*.py") if "rppg.training" in p.read_text()]
    assert len(notebooks) > 10 and len(scripts) > 3
    assert [path.name for path in notebooks + scripts if "second_maker" in path.read_text()] == []


@pytest.mark.slow
def test_nothing_of_the_first_maker_is_imported():
    of_modules = import_graph.graph()
    mine = {name for name in of_modules if name.startswith("rppg.synthetic.second_maker")}
    assert len(mine) > 8
    outside = set().union(*(of_modules[name] for name in mine)) - mine
    assert outside <= SHARED
    users = {name for name, used in of_modules.items() if used & mine} - mine
    assert users <= {"rppg.cli_data"}  # no training, no profile
