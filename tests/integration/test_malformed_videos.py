"""Videos as people have them: each is measured right, noted, or refused with a reason; none ends in
a traceback, a hang, or a wrong rate in silence."""

import signal

import pytest
from helpers.malformed_videos import BAD, GOOD, HR_BPM

from rppg.inference.videos import expand_videos, predict_videos

METHODS = ["POS", "GREEN"]
LONGEST_S = 60  # far above what a video of 12 s takes; a hang never ends
TOLERANCE_BPM = 5.0
pytestmark = [pytest.mark.slow, pytest.mark.malformed]


@pytest.fixture(autouse=True)
def no_hang():
    def end(*_):
        raise TimeoutError(f"more than {LONGEST_S} s")

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(LONGEST_S)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def rows_of(path):
    return predict_videos(expand_videos([path]), METHODS).to_dict("records")


@pytest.mark.parametrize("name", GOOD)
def test_a_good_file_is_measured(name, tmp_path):
    for row in rows_of(GOOD[name](tmp_path)):
        assert row["hr_bpm"] == pytest.approx(HR_BPM, abs=TOLERANCE_BPM), row


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_gives_a_reason_a_note_or_the_right_rate(name, tmp_path):
    rows = rows_of(BAD[name](tmp_path))
    assert [row["method"] for row in rows] == METHODS
    for row in rows:
        right = abs(row["hr_bpm"] - HR_BPM) <= TOLERANCE_BPM
        assert right or row["reason"] or row["notes"], f"{row['hr_bpm']} without a word"
        assert "Traceback" not in row["reason"] and "\n" not in row["reason"]
