"""Frame times, and resampling of traces and crops to 30 fps."""

import cv2
import numpy as np
import pytest
from helpers.vision_clips import pulse_at, recording, write_clip

from rppg.datasets.recording import Recording
from rppg.preprocessing.resampling import (
    CropGrid,
    TimedFrames,
    grid,
    neighbours,
    resample,
    spread_s,
)
from rppg.preprocessing.video import VideoError, VideoWriter


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """One second at 25 fps."""
    return write_clip(tmp_path_factory.mktemp("clip") / "a.mp4", seconds=1.0, fps=25.0)


def times_of(recording):
    frames = TimedFrames(recording)
    return np.array([t for _, t in frames]), frames


def test_stamps_have_priority_over_the_labels_rate_and_that_over_the_container(clip):
    stamps = 7.0 + np.cumsum(np.random.default_rng(0).uniform(0.03, 0.05, 25))
    assert times_of(recording(clip, times_s=stamps, fps=20.0))[0] == pytest.approx(stamps)
    assert times_of(recording(clip, fps=20.0))[0] == pytest.approx(np.arange(25) / 20)
    assert times_of(recording(clip))[0] == pytest.approx(np.arange(25) / 25)


@pytest.mark.parametrize("n_stamps", [23, 24, 26, 27])
def test_up_to_two_stamps_more_or_fewer_are_noted(clip, n_stamps):
    times_s, frames = times_of(recording(clip, times_s=np.arange(n_stamps) / 25))
    assert len(times_s) == min(25, n_stamps) and frames.n_frames == 25
    assert frames.notes == [
        f"25 frames but {n_stamps} time stamps: the first {min(25, n_stamps)} are used"
    ]


@pytest.mark.parametrize("n_stamps", [22, 28, 60])
def test_more_difference_is_an_error_with_both_counts(clip, n_stamps):
    with pytest.raises(VideoError, match=f"25 frames but {n_stamps} time stamps"):
        times_of(recording(clip, times_s=np.arange(n_stamps) / 25))


def test_a_jump_of_more_than_a_minute_is_an_error(clip):
    stamps = np.arange(25) / 25
    stamps[10:] += 100
    with pytest.raises(VideoError, match="jump from 0.4 to 100.4 s at frame 10"):
        times_of(recording(clip, times_s=stamps))


def test_image_files_need_stamps_or_a_rate(tmp_path):
    paths = tuple(tmp_path / f"{i}.png" for i in range(3))
    for path in paths:
        cv2.imwrite(str(path), np.zeros((8, 8, 3), np.uint8))
    images = Recording("test", "s1", "images", frames=paths)
    with pytest.raises(VideoError, match="image files have no times"):
        times_of(images)
    rated = Recording("test", "s1", "images", frames=paths, fps=10.0)
    assert times_of(rated)[0] == pytest.approx([0, 0.1, 0.2])


def test_missing_frames_at_the_end_are_noted(tmp_path):
    path = tmp_path / "a.avi"
    with VideoWriter(path, 16, 16, 30, codec="rawvideo") as video:
        for _ in range(100):
            video.write(np.zeros((16, 16, 3), np.uint8))
    path.write_bytes(path.read_bytes()[: -100 * 16 - 6 * 16 * 16 * 3])
    times_s, frames = times_of(recording(path))
    assert frames.notes == [f"decoded {len(times_s)} of 100 frames"] and len(times_s) < 100


def test_variable_times_are_no_missing_frames(tmp_path):
    times_s = np.cumsum(np.random.default_rng(0).uniform(0.03, 0.07, 60))
    path = write_clip(tmp_path / "a.mkv", times_s=times_s)  # says 30 fps, holds 20
    found_s, frames = times_of(recording(path))
    assert found_s == pytest.approx(times_s - times_s[0], abs=1e-3) and frames.notes == []


@pytest.mark.parametrize("fps", [15.0, 17.0, 24.6, 25.0, 29.97, 30.0, 60.0])
def test_grid_covers_the_video(fps):
    times_s = 3.0 + np.arange(round(10 * fps)) / fps
    grid_s = grid(times_s)
    assert len(grid_s) == pytest.approx(len(times_s) / fps * 30, abs=0.51)
    assert grid_s[0] == 3.0 and np.diff(grid_s) == pytest.approx(1 / 30)
    assert times_s[-1] - 1 / 30 < grid_s[-1] < times_s[-1] + 1 / fps


def carried(trace, times_s):
    """One trace (n,) at 30 fps."""
    rows = trace[:, None, None]
    return resample(rows, times_s, grid(times_s), spread_s(times_s))[:, 0, 0]


@pytest.mark.parametrize("fps, worst", [(17.0, 0.04), (25.0, 0.015), (30.0, 1e-4), (61.0, 0.02)])
def test_resampled_pulse_is_the_pulse(fps, worst):
    times_s = np.arange(round(10 * fps)) / fps
    grid_s = grid(times_s)
    found = carried(pulse_at(times_s, 100, 1.0), times_s)
    inner = slice(3, -3)
    assert np.abs(found - pulse_at(grid_s, 100, 1.0))[inner].max() < worst


@pytest.mark.parametrize("fps", [50.0, 60.0, 61.0])
def test_noise_of_fast_video_is_not_aliased_into_the_pulse(fps):
    times_s = np.arange(round(10 * fps)) / fps
    flicker = (-1.0) ** np.arange(len(times_s))
    assert np.abs(carried(flicker, times_s)[1:-1]).mean() < 0.25  # every other frame alone: 1
    noise = np.random.default_rng(0).standard_normal(len(times_s))
    assert np.std(carried(noise, times_s)) < 0.75


@pytest.mark.parametrize("fps", [15.0, 24.6, 29.97, 30.0, 30.3])
def test_frames_of_up_to_30_fps_are_not_averaged(fps):
    times_s = np.round(np.arange(round(10 * fps)) / fps, 3)  # stamps to the millisecond
    assert spread_s(times_s) == 0.0
    noise = np.random.default_rng(0).standard_normal(300)
    assert carried(noise, np.arange(300) / 30) == pytest.approx(noise, abs=1e-6)


def gappy(missing, n=150, fps=30.0):
    times_s = np.arange(n) / fps
    rows = np.stack([np.sin(times_s), np.cos(times_s)], axis=1)[..., None]  # (n, 2, 1)
    rows[missing, 0] = np.nan
    return rows, times_s, resample(rows, times_s, grid(times_s), half_s=0.0)[..., 0]


def test_short_gaps_are_bridged_and_long_ones_stay():
    rows, times_s, found = gappy(slice(40, 54))  # 14 frames: 0.5 s between its neighbours
    assert np.isfinite(found).all() and found[47, 0] == pytest.approx(np.sin(times_s[47]), abs=0.03)
    _, _, found = gappy(slice(40, 55))
    assert np.flatnonzero(np.isnan(found[:, 0])).tolist() == list(range(40, 55))
    assert np.isfinite(found[:, 1]).all()  # the other row has no gap


def test_ends_without_a_face_are_not_extrapolated():
    _, _, found = gappy(np.r_[0:5, 140:150])
    assert np.flatnonzero(np.isnan(found[:, 0])).tolist() == [*range(5), *range(140, 150)]
    _, _, found = gappy(slice(None))
    assert np.isnan(found[:, 0]).all()


def test_dropped_frames_are_a_gap_too():
    times_s = np.r_[np.arange(60), np.arange(90, 150)] / 30
    found = carried(np.sin(times_s), times_s)
    assert np.flatnonzero(np.isnan(found)).tolist() == list(range(60, 90))


def seen_of_parts(gen, n):
    """Which of three parts each frame shows (n, 3): short gaps, long ones, ends without a part."""
    known = gen.random((n, 3)) > [0.05, 0.3, 0.9]
    for part in range(3):
        start = gen.integers(0, n)
        known[start : start + gen.integers(5, 80), part] = False
    known[: gen.integers(1, 40), gen.integers(3)] = known[-gen.integers(1, 40) :, 1] = False
    return known


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("block", [1, 7, 150])
def test_blocks_of_time_equal_the_whole_bit_for_bit(seed, block):
    gen = np.random.default_rng(seed)
    n = int(gen.integers(200, 500))
    times_s = 5 + np.cumsum(gen.uniform(0.01, 0.07, n)) + (np.arange(n) > n // 2) * 0.8 * (seed % 2)
    known = seen_of_parts(gen, n)
    rows = gen.normal(100, 9, (n, 7, 2)).astype(np.float32)
    unions = (np.arange(1, 8)[:, None] >> np.arange(3)) & 1 == 1  # (7, 3)
    rows[~(known[:, None] & unions).any(axis=-1)] = np.nan
    grid_s = grid(times_s)
    found, half_s = [], [0.0, 1 / 90][seed % 2]
    for start in range(0, len(grid_s), block):
        near = neighbours(known, times_s, grid_s[start : start + block])
        found.append(resample(rows[near], times_s[near], grid_s[start : start + block], half_s))
    whole = resample(rows, times_s, grid_s, half_s)
    assert 0.05 < np.isnan(whole).mean() < 0.9
    assert np.array_equal(np.concatenate(found), whole, equal_nan=True)


def test_a_block_needs_few_frames_however_long_a_face_is_away():
    times_s = np.arange(20000) / 30
    known = np.ones((20000, 6), bool)
    known[1000:19000], known[50:, 3] = False, False
    for start in (0, 900, 9000, 18900, 19850):
        assert len(neighbours(known, times_s, start / 30 + np.arange(150) / 30)) <= 150 + 4 * 6 + 1


def through(fps, n, crops):
    """Crops (n, ...) at fps through the grid."""
    out = []
    crop_grid = CropGrid(out.append)
    times_s = np.arange(n) / fps
    for crop, time_s in zip(crops, times_s, strict=True):
        crop_grid.add(crop, time_s)
    grid_s = grid(times_s)
    crop_grid.finish(len(grid_s))
    return np.stack(out), grid_s


def test_crops_at_30_fps_pass_untouched():
    crops = np.random.default_rng(0).integers(0, 256, (50, 4, 4, 3), dtype=np.uint8)
    found, _ = through(30.0, 50, crops)
    assert np.array_equal(found, crops)


@pytest.mark.parametrize("fps", [17.0, 24.6, 25.0, 60.0])
def test_crops_and_traces_share_the_grid(fps):
    n = round(4 * fps)
    ramp = np.linspace(0, 240, n)
    crops = np.rint(ramp)[:, None, None, None].repeat(3, axis=3).astype(np.uint8)
    found, grid_s = through(fps, n, crops)
    trace = carried(ramp, np.arange(n) / fps)
    assert len(found) == len(grid_s)
    assert found[:, 0, 0, 0] == pytest.approx(trace, abs=1.5)


@pytest.mark.parametrize("fps", [25.0, 17.0])
def test_blended_crops_keep_the_pulse_better_than_the_nearest_frame(fps):
    """Error of the crops' mean over the pulse: at 25 fps .05 against .11, at 17 fps .07 and .16."""
    n, gen = round(10 * fps), np.random.default_rng(0)
    texture = gen.uniform(60, 180, (32, 32, 3))
    pulse = pulse_at(np.arange(n) / fps, 90, 0.03)
    crops = np.rint(texture * (1 + pulse[:, None, None, None])).astype(np.uint8)
    blended, grid_s = through(fps, n, crops)
    nearest = crops[np.abs(grid_s[:, None] - np.arange(n) / fps).argmin(axis=1)]
    truth = pulse_at(grid_s, 90, 0.03) * texture.mean()

    def error(frames):
        trace = frames.mean(axis=(1, 2, 3))[:-2]
        return np.std(trace - trace.mean() - truth[:-2]) / np.std(truth)

    assert error(blended) < 0.6 * error(nearest)
