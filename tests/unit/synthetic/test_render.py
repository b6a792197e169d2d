"""Synthetic faces: ground truth of the pulse, distinct subjects, the pulse in the frames."""

import numpy as np
import pytest

from rppg.synthetic.disturbances import LEVELS, draw_nuisances, level_named
from rppg.synthetic.pose import PoseWarp
from rppg.synthetic.pulse import draw_pulse
from rppg.synthetic.render import Renderer
from rppg.synthetic.subject import HR_RANGE_BPM, draw_traits, make_subject

FPS = 30.0
TIMES_S = np.arange(180) / FPS


def spectral_peak_bpm(wave, fps=FPS):
    """Peak of a long zero-padded spectrum between 40 and 180 bpm."""
    power = np.abs(np.fft.rfft((wave - wave.mean()) * np.hanning(len(wave)), 2**14)) ** 2
    freq_bpm = 60 * np.fft.rfftfreq(2**14, 1 / fps)
    return freq_bpm[np.argmax(power * ((freq_bpm > 40) & (freq_bpm < 180)))]


@pytest.mark.parametrize("hr_bpm", [45, 62, 80, 101, 127, 150])
def test_truth_from_beats_is_the_rate_of_the_noiseless_wave(hr_bpm):
    for seed in range(4):
        pulse = draw_pulse(np.random.default_rng(seed), hr_bpm, duration_s=20)
        times_s = np.arange(0, 20, 1 / FPS)
        true_bpm = pulse.mean_hr_bpm(0, 20)
        assert abs(true_bpm - hr_bpm) < 6
        assert spectral_peak_bpm(pulse.wave(times_s)) == pytest.approx(true_bpm, abs=3)
        assert pulse.rate_bpm(times_s).mean() == pytest.approx(true_bpm, abs=3)


def test_beats_vary_breathe_and_never_go_back():
    beats = draw_pulse(np.random.default_rng(3), 60, 60).beat_times_s
    intervals_s = np.diff(beats)
    assert intervals_s.min() > 0.3
    assert 0.005 < intervals_s.std() < 0.15


def test_wave_has_a_dicrotic_notch_and_unit_height():
    pulse = draw_pulse(np.random.default_rng(0), 60, 10)
    wave = pulse.wave(np.arange(0, 10, 0.002))
    assert 0.8 < np.ptp(wave) < 1.3
    assert abs(wave.mean()) < 0.1
    n_peaks = np.sum((wave[1:-1] > wave[:-2]) & (wave[1:-1] > wave[2:]))
    beats_inside = 10 * pulse.mean_hr_bpm(0, 10) / 60
    assert n_peaks >= 1.7 * beats_inside  # a second, dicrotic, peak in nearly every beat


def test_mean_rate_needs_two_beats():
    with pytest.raises(ValueError, match="expected at least 2"):
        draw_pulse(np.random.default_rng(0), 60, 10).mean_hr_bpm(0.0, 0.1)


def test_traits_cover_rate_and_tone_independently():
    traits = [draw_traits(seed=0, number=n, fringe_share=0.5) for n in range(1, 61)]
    rates, tones = np.array([(t.hr_bpm, t.tone) for t in traits]).T
    assert rates.min() < 50 and rates.max() > 145
    assert HR_RANGE_BPM[0] <= rates.min() and rates.max() <= HR_RANGE_BPM[1]
    assert np.histogram(rates, 4, HR_RANGE_BPM)[0].min() >= 12
    assert np.histogram(tones, 3, (0, 1))[0].min() >= 16
    assert abs(np.corrcoef(rates, tones)[0, 1]) < 0.15
    assert 15 <= sum(t.fringe > 0 for t in traits) <= 45


@pytest.fixture(scope="module")
def subjects():
    traits = [draw_traits(seed=0, number=n) for n in range(6)]
    return [make_subject(t, 320, 240) for t in sorted(traits, key=lambda t: t.tone)]


@pytest.mark.slow
def test_subjects_are_different_persons(subjects):
    outlines = [s.landmarks / np.ptp(s.landmarks[[234, 454], 0]) for s in subjects]
    outlines = [x - x[4] for x in outlines]
    apart = [np.abs(a - b).mean() for i, a in enumerate(outlines) for b in outlines[:i]]
    assert min(apart) > 0.005  # of the face's width, on average over the landmarks
    colours = [(s.face[s.skin > 0.9]).mean() for s in subjects]
    assert colours[0] > 1.8 * colours[-1]  # very light against very dark


def test_subject_depends_on_its_number_alone(subjects):
    again = make_subject(subjects[2].traits, 320, 240)
    np.testing.assert_array_equal(again.face, subjects[2].face)
    np.testing.assert_array_equal(again.landmarks, subjects[2].landmarks)


def rendered(subject, scale, level="easy", times_s=TIMES_S, seed=(0, 1)):
    pulse = draw_pulse(np.random.default_rng(5), subject.traits.hr_bpm, times_s[-1])
    return pulse, Renderer(subject, pulse, LEVELS[level], times_s, seed, scale)


def skin_trace(renderer, subject):
    mask = subject.skin > 0.9
    return np.array([rgb[mask].mean(axis=0) for rgb in renderer])  # (T, 3)


@pytest.mark.slow
def test_pulse_is_in_the_pixels_with_its_sign_colour_and_size(subjects):
    subject = subjects[0]
    with_pulse, without = (skin_trace(rendered(subject, scale)[1], subject) for scale in (1.0, 0.0))
    wave = rendered(subject, 1.0)[0].wave(TIMES_S)
    change = with_pulse / without - 1  # every disturbance is the same in both
    gain = [np.polyfit(wave, channel, 1)[0] for channel in change.T]
    assert np.corrcoef(wave, change[:, 1])[0, 1] < -0.95  # more blood is darker
    assert gain[1] < gain[2] < gain[0] < 0  # green most, red least
    assert 0.006 < -gain[1] < 0.03


@pytest.mark.slow
def test_no_amplitude_no_pulse(subjects):
    pulse, renderer = rendered(subjects[0], 0.0)
    trace = skin_trace(renderer, subjects[0])[:, 1]
    detail = trace - np.convolve(np.pad(trace, 15, "edge"), np.ones(31) / 31, "valid")
    assert abs(np.corrcoef(detail, pulse.wave(TIMES_S))[0, 1]) < 0.25


def test_frames_repeat_and_depend_on_the_seed(subjects):
    times_s = TIMES_S[:4]
    first, again, other = (
        np.stack(list(rendered(subjects[1], 1.0, "test", times_s, seed)[1]))
        for seed in ((0, 1), (0, 1), (0, 2))
    )
    assert first.shape == (4, 240, 320, 3) and first.dtype == np.uint8
    np.testing.assert_array_equal(first, again)
    assert (first != other).mean() > 0.3


def test_frames_do_not_depend_on_those_before(subjects):
    renderer = rendered(subjects[1], 1.0, "hardest")[1]
    once = [renderer.clean(frame).copy() for frame in (0, 90)]
    np.testing.assert_array_equal(renderer.clean(0), once[0])
    assert not np.array_equal(*once)


@pytest.mark.slow
def test_nothing_moves_outside_the_box_of_all_poses(subjects):
    """A box for poses ten times as large gives the same pictures."""
    for subject in subjects:
        narrow = rendered(subject, 1.0, "hardest")[1]
        wide = rendered(subject, 1.0, "hardest")[1]
        wide.pose = PoseWarp(subject, 10 * wide.nuisances.pose)
        wide.background = subject.background[wide.pose.box]
        for frame in range(0, len(TIMES_S), 30):
            np.testing.assert_allclose(narrow.clean(frame), wide.clean(frame), atol=0.3)


def test_disturbances_are_independent_of_the_pulse(subjects):
    """Whatever the heart rate, a recording's seed decides its disturbances."""
    slow, fast = (
        Renderer(
            subjects[0],
            draw_pulse(np.random.default_rng(1), hr_bpm, 10),
            LEVELS["hardest"],
            TIMES_S,
            (0, 7),
        ).nuisances
        for hr_bpm in (50, 140)
    )
    for name in ("pose", "side_light", "mouth_px", "shadow_px", "highlight", "gain"):
        np.testing.assert_array_equal(getattr(slow, name), getattr(fast, name))


def test_level_names():
    level = level_named("easy+side_light")
    assert level.side_light == (1.0, LEVELS["test"].side_light[1])
    assert level.talk_px == LEVELS["easy"].talk_px
    for wrong in ("harder", "easy+", "hard+shadow", "easy+name"):
        with pytest.raises(ValueError, match="expected one of"):
            level_named(wrong)
    calm = draw_nuisances(np.random.default_rng(0), LEVELS["easy"], TIMES_S, 1.0)
    assert not calm.side_light.any() and not calm.mouth_px.any() and not calm.shadow_depth.any()
