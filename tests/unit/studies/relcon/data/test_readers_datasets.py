"""Each IMU dataset's files: columns, units, times, labels, errors."""

import re
from pathlib import Path

import numpy as np
import pytest
from helpers import imu_files as files
from helpers.reader_files import put

from rppg.studies.relcon.data.readers import READERS, basic_motions, capture24, hhar
from rppg.studies.relcon.data.table_times import restarts

ACCEL = Path(__file__).parents[6] / "shared" / "data" / "accel"
ALONG = {"x": [1, 0.1, 0], "y": [0, 1, 0.1], "z": [0.1, 0, 1]}
MS = 1_000_000


def read(dataset, root, **options):
    return [one for found in READERS[dataset](root, **options) for one in found.read()]


def assert_along(recording, axis):
    expected = np.tile(ALONG[axis], (len(recording.times_s), 1))
    np.testing.assert_allclose(recording.xyz_g, expected, atol=1e-6)


@pytest.mark.parametrize(("position", "axis"), [("hand", "x"), ("chest", "y"), ("ankle", "z")])
def test_pamap2_reads_the_16_g_columns_of_a_position_in_g(tmp_path, position, axis):
    files.pamap2(tmp_path, "Optional/subject108.dat")
    (recording,) = read("PAMAP2", tmp_path, position=position)
    assert recording.id == "PAMAP2/108/Optional" and recording.origin == "real"
    assert_along(recording, axis)
    np.testing.assert_allclose(recording.times_s, [5.64, 5.65, 5.66, 5.67])
    assert recording.activities.tolist() == ["", "walking", "walking", "rope jumping"]


def test_pamap2_heart_rates_are_held_until_the_next_one(tmp_path):
    files.pamap2(tmp_path, activities=(4,) * 5, lost=[2], hr=[np.nan, 80, np.nan, np.nan, 90])
    (recording,) = read("PAMAP2", tmp_path)
    np.testing.assert_array_equal(recording.targets["heart_rate_bpm"], [np.nan, 80, 80, 90])


def test_pamap2_lost_samples_are_left_out_with_their_times_and_labels(tmp_path):
    files.pamap2(tmp_path, activities=(1, 2, 3, 4, 5), lost=[0, 3])
    (recording,) = read("PAMAP2", tmp_path)
    np.testing.assert_allclose(recording.times_s, [5.65, 5.66, 5.68])
    assert recording.activities.tolist() == ["sitting", "standing", "running"]
    assert_along(recording, "x")


@pytest.mark.parametrize(
    ("position", "axis", "n"), [("wrist", "x", 4), ("lower arm", "y", 5), ("back", "z", 5)]
)
def test_opportunity_reads_mg_ms_and_locomotion(tmp_path, position, axis, n):
    files.opportunity(tmp_path, "S3-Drill.dat", lost=[1])
    (recording,) = read("Opportunity", tmp_path, position=position)
    assert recording.id == "Opportunity/S3/Drill" and len(recording.times_s) == n
    assert_along(recording, axis)
    activities = ["", "standing", "walking", "sitting", "lying"]
    np.testing.assert_allclose(recording.times_s[-1], 0.133)
    assert recording.activities.tolist() == activities[:1] + activities[6 - n :]


def test_motionsense_adds_gravity_and_motion_and_prefers_them_to_the_accelerometer(tmp_path):
    files.motionsense(tmp_path, "ups_12", 24, source="B")
    (recording,) = read("MotionSense", tmp_path)
    assert recording.id == "MotionSense/24/ups_12" and recording.xyz_g[0].tolist() == [0, -1, 0]
    files.motionsense(tmp_path, "ups_12", 24, source="A")
    (recording,) = read("MotionSense", tmp_path)
    assert recording.xyz_g.tolist() == [[0.5, 0, -1]] * 3
    assert recording.times_s.tolist() == [0, 0.02, 0.04]
    assert recording.activities.tolist() == ["ascending stairs"] * 3


def test_hhar_has_a_recording_for_each_watch_worn_with_times_from_its_first_sample(tmp_path):
    rows = [(27_920_678_471_000 + k * 10 * MS, "b", "gear_2", "walk") for k in range(3)]
    rows += [(1_424_696_638_740_000_000, "b", "lgwatch_1", "null")]
    rows += [(5, "a", "gear_2", "stairsup")]
    files.hhar(tmp_path, rows)
    recordings = read("HHAR", tmp_path)
    assert [one.id for one in recordings] == ["HHAR/a/gear_2", "HHAR/b/gear_2", "HHAR/b/lgwatch_1"]
    np.testing.assert_allclose(recordings[1].times_s, [0, 0.01, 0.02], atol=1e-12)
    assert recordings[0].activities.tolist() == ["ascending stairs"]
    assert recordings[1].activities.tolist() == ["walking"] * 3
    assert recordings[2].activities.tolist() == [""]
    assert recordings[1].xyz_g[0, 0] == pytest.approx(1, abs=1e-6)


def test_hhar_sorts_small_disorder_keeps_the_first_of_a_stamp_and_splits_at_a_restart(tmp_path):
    times_ms = [1000, 1020, 1010, 1020, 3000, 0, 10]
    files.hhar(tmp_path, [(t * MS, "c", "gear_1", "sit") for t in times_ms])
    before, after = read("HHAR", tmp_path)
    assert (before.session, after.session) == ("gear_1", "gear_1-2")
    np.testing.assert_allclose(before.times_s, [0, 0.01, 0.02, 2.0])
    order = np.round((before.xyz_g[:, 0] * files.G_M_S2 - files.G_M_S2) * 1000)
    assert order.tolist() == [0, 2, 1, 4]
    np.testing.assert_allclose(after.times_s, [0, 0.01])
    assert before.notes == ("1 of 5 samples with a repeated time were left out.",)
    stamps_ns = np.array([2, 1, 0]) * hhar.RESTART_NS
    assert restarts(stamps_ns, hhar.RESTART_NS).tolist() == [0, 0, 0]


@pytest.mark.parametrize("rows_at_once", [2, 1000])
def test_capture24_counts_from_midnight_and_names_activities_by_scheme(
    tmp_path, monkeypatch, rows_at_once
):
    monkeypatch.setattr(capture24, "ROWS_AT_ONCE", rows_at_once)
    sleep, walk = "7030 sleeping;MET 0.95", "17190 walking;MET 3.0"
    files.capture24(tmp_path, "P151", ("", "", sleep, walk, "x"))
    (recording,) = read("Capture-24", tmp_path)
    assert recording.id == "Capture-24/P151/day"
    np.testing.assert_allclose(recording.times_s, 36900 + np.arange(5) / 100, atol=1e-9)
    np.testing.assert_allclose(recording.xyz_g, np.tile([0, 0.1, -1], (5, 1)), atol=1e-6)
    assert recording.activities.tolist() == ["", "", "sleep", "walking", ""]
    (recording,) = read("Capture-24", tmp_path, scheme="Walmsley2020")
    assert recording.activities.tolist() == ["", "", "sleep", "light", ""]


def test_basic_motions_of_the_archive_are_80_cases_of_four_activities():
    if not ACCEL.is_dir():
        pytest.skip("shared/data/accel is not next to the checkout")
    recordings = read("BasicMotions", ACCEL)
    assert [one.subject for one in recordings][::40] == ["test01", "train01"]
    assert len({one.id for one in recordings}) == 80
    assert {one.xyz_g.shape for one in recordings} == {(100, 3)}
    of = {one.activities[0]: [] for one in recordings}
    for one in recordings:
        assert one.times_s[-1] == pytest.approx(9.9)
        of[one.activities[0]].append(np.median(np.linalg.norm(one.xyz_g, axis=1)))
    assert {name: len(norms) for name, norms in of.items()} == dict.fromkeys(of, 20)
    assert np.max(of["standing"]) < 0.12 and 1.4 < np.mean(of["running"]) < 2


def test_basic_motions_are_the_first_three_series_in_g(tmp_path):
    files.basic_motions(tmp_path, "TEST")
    first, second = read("BasicMotions", tmp_path)
    assert (first.id, second.id) == ("BasicMotions/test01/case", "BasicMotions/test02/case")
    np.testing.assert_allclose(first.xyz_g * files.G_M_S2, np.tile([1, 2, 3], (100, 1)), rtol=1e-6)
    assert set(second.activities) == {"badminton"} and basic_motions.RATE_HZ == 10


def no_dictionary(root):
    files.capture24(root).with_name("annotation-label-dictionary.csv").unlink()


@pytest.mark.parametrize(
    ("dataset", "write", "words"),
    [
        ("PAMAP2", lambda r: files.pamap2(r, activities=(1, 8)), "subject101.dat: activities 8.0"),
        ("PAMAP2", lambda r: files.pamap2(r, lost=[0, 1, 2, 3]), "none of 4 samples was measured"),
        ("Opportunity", lambda r: files.opportunity(r, locomotion=(1, 3)), "activities 3.0, exp"),
        (
            "MotionSense",
            lambda r: put(files.motionsense(r), "a,b\n1,2\n"),
            "sub_1.csv: .*gravity.x",
        ),
        (
            "HHAR",
            lambda r: files.hhar(r, [(1, "a", "gear_1", "fly")]),
            "HHAR/a/gear_1: activities fly",
        ),
        (
            "HHAR",
            lambda r: files.hhar(r, [("x", "a", "gear_1", "sit")]),
            "Watch_accelerometer.csv: ",
        ),
        ("Capture-24", no_dictionary, "annotation-label-dictionary.csv is missing"),
        (
            "Capture-24",
            lambda r: files.capture24(r, annotations=["9"]),
            "P001.*: activities 9, exp",
        ),
        ("Capture-24", lambda r: files.capture24(r, time="noon"), "P001.*noon.*expected dates"),
        ("Capture-24", lambda r: files.capture24(r, x="-"), "P001.*expected a whole gzip"),
        ("Capture-24", lambda r: files.capture24(r, z=9.8), "norm is 9.8.*convert the file to g"),
        ("BasicMotions", lambda r: files.basic_motions(r, labels=["Rest"]), "line 5: label 'Rest'"),
        ("BasicMotions", lambda r: files.basic_motions(r, n_values=9), r"line 5 has series of \[9"),
        ("BasicMotions", lambda r: files.basic_motions(r, labels=[]), "has no cases"),
    ],
)
def test_what_is_not_understood_is_an_error_that_names_it(tmp_path, dataset, write, words):
    write(tmp_path)
    with pytest.raises(ValueError) as caught:
        read(dataset, tmp_path)
    assert re.search(words, str(caught.value))


def test_a_unit_that_is_not_the_distributed_one_is_told_by_gravity(tmp_path):
    path = files.pamap2(tmp_path)
    values = np.loadtxt(path)
    values[:, 4:7] /= files.G_M_S2
    files.put_numbers(path, values)
    with pytest.raises(ValueError, match=r"PAMAP2/101/Protocol: .* 1.*9\.807 m/s\^2: convert"):
        read("PAMAP2", tmp_path)
    assert len(read("PAMAP2", tmp_path, position="chest")) == 1


def test_a_scheme_that_the_dictionary_lacks_is_named(tmp_path):
    files.capture24(tmp_path)
    with pytest.raises(ValueError, match="dictionary.csv has col.*expected label:Mine as well"):
        read("Capture-24", tmp_path, scheme="Mine")
