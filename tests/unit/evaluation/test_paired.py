"""Differences of models on the same recordings: intervals over subjects, and the words for them."""

import numpy as np
import pandas as pd
import pytest

from rppg.evaluation import leaderboard
from rppg.evaluation.paired import COMPARED, paired_differences, subjects_of, with_words

pytestmark = pytest.mark.usefixtures("no_warnings")
TRUE = np.linspace(50, 130, 40)


def table(**rates):
    ids = [f"OBF/{i // 2}/video{i % 2}.avi" for i in range(len(TRUE))]
    facts = {"id": ids, "kind": "learned", "split": "test", "hr_true_bpm": TRUE, "origin": "real"}
    rows = [pd.DataFrame(facts).assign(model=name, hr_bpm=hr) for name, hr in rates.items()]
    return pd.concat(rows, ignore_index=True)


def test_subjects_are_read_from_ids_of_three_parts_only():
    ids = ["OBF/1/a.avi", "OBF/1/b.avi", "VIPL/1/a.avi", "plain", "a/b", "a//c"]
    expected = ["OBF/1", "OBF/1", "VIPL/1", "plain", "a/b", "a//c"]
    assert subjects_of(ids).tolist() == expected


def test_the_interval_equals_a_loop_over_draws_of_subjects():
    rng = np.random.default_rng(0)
    one, other = TRUE + rng.normal(0, 1, 40), TRUE + rng.normal(0, 3, 40)
    subjects = np.arange(40) // 2
    found = paired_differences(TRUE, other[None], one, subjects, n_boot=300, seed=5).iloc[0]
    draws, rng = [], np.random.default_rng(5)
    for times in rng.multinomial(20, np.full(20, 1 / 20), size=300):
        at = np.repeat(np.arange(40), times[subjects])
        rmse = [np.sqrt(np.mean((rates - TRUE)[at] ** 2)) for rates in (one, other)]
        draws.append(rmse[1] - rmse[0])
    expected = np.percentile(draws, [2.5, 97.5])
    assert [found.difference_low, found.difference_high] == pytest.approx(expected)


def test_recordings_of_a_subject_do_not_count_as_evidence_of_their_own():
    other = TRUE + np.where(np.arange(40) < 8, 3.0, 0.5)  # worse for a few subjects
    one = TRUE + 1.0
    by_recording = paired_differences(TRUE, other[None], one, np.arange(40)).iloc[0]
    by_subject = paired_differences(TRUE, other[None], one, np.arange(40) // 8).iloc[0]
    width = [r.difference_high - r.difference_low for r in (by_recording, by_subject)]
    assert width[1] > 1.5 * width[0]


def test_words_follow_the_interval():
    noise = np.random.default_rng(1).normal(0, 1, 40)
    rates = TRUE + np.stack([0.1 * noise, noise + 10, np.roll(noise, 7)])
    found = paired_differences(TRUE, rates, TRUE + noise, np.arange(40))
    assert found["verdict"].tolist() == ["better", "worse", "undecided"]
    assert np.sign(found["difference_bpm"]).tolist()[:2] == [-1, 1]


def test_one_subject_decides_nothing():
    found = paired_differences(TRUE, TRUE[None] + 9, TRUE, np.zeros(40)).iloc[0]
    assert found.verdict == "undecided" and np.isnan(found.difference_low)
    assert found.difference_bpm == pytest.approx(9)


def test_the_interval_does_not_depend_on_what_is_drawn_at_a_time(monkeypatch):
    given = TRUE, TRUE[None] + np.arange(40), TRUE + 1, np.arange(40) // 2
    whole = paired_differences(*given)
    monkeypatch.setattr("rppg.evaluation.paired.DRAWS_A_CHUNK", 20 * 7)
    pd.testing.assert_frame_equal(paired_differences(*given), whole)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"one_bpm": TRUE[:3]}, "one|dimension|shape"),
        ({"subjects": np.arange(3)}, "3 subjects"),
        ({"rates_bpm": np.full((1, 40), np.nan)}, "no number"),
    ],
)
def test_what_cannot_be_compared_is_an_error(change, message):
    given = {"true_bpm": TRUE, "rates_bpm": TRUE[None], "one_bpm": TRUE, "subjects": np.arange(40)}
    with pytest.raises(ValueError, match=message):
        paired_differences(**given | change)


def test_a_leaderboard_compares_each_row_with_the_submitted_one_in_every_split():
    both = table(good=TRUE + 0.5, bad=TRUE + 20)
    both = pd.concat([both, both.assign(split="public")])
    board = leaderboard.leaderboard(both, submitted="good")
    words = board.groupby("split")["than_submitted"].agg(list).to_dict()
    assert words == {"test": ["submitted", "worse"], "public": ["submitted", "worse"]}
    assert board.loc[1, "difference_bpm"] == pytest.approx(19.5)
    assert not set(COMPARED) & set(leaderboard.leaderboard(both))
    with pytest.raises(ValueError, match="no predictions of 'other'.*good"):
        leaderboard.leaderboard(both, submitted="other")


def test_the_printed_table_has_one_column_of_words():
    board = leaderboard.leaderboard(table(good=TRUE + 0.5, bad=TRUE + 20), submitted="good")
    text = leaderboard.format_leaderboard(board)
    assert "+19.5 [+19.5, +19.5] worse" in text and "submitted" in text
    assert "difference_low" not in text
    assert with_words(board.drop(columns=COMPARED)).equals(board.drop(columns=COMPARED))
