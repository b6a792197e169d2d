"""What is said of a consensus: sure, likely, or why not."""

import numpy as np
import pytest
from helpers.ensemble import FREQ_HZ, stack_of

from rppg.evaluation.consensus import Rules, consensus
from rppg.evaluation.consensus_words import Verdict, motion_note, verdict, words

RULES = Rules({name: 0.5 for name in "abcd"}, 0.0, 0.0, 0.0, 0.0, 0.0)


def said(rates: dict, confidence: float, moves_bpm: float | None = None, **fields) -> str:
    amplitude = np.zeros((1, len(FREQ_HZ)))
    if moves_bpm is not None:
        amplitude[0] = 0.02 * np.exp(-(((60 * FREQ_HZ - moves_bpm) / 4.0) ** 2))
    found = consensus(stack_of(rates), RULES, amplitude)
    return words(verdict(found, np.array([confidence]), **fields))


AGREE = {name: [60.0] for name in "abcd"}
SPLIT = {"a": [[(48, 1), (96, 0.6)]], "b": [[(48, 1), (96, 0.7)]], "c": [96.0], "d": [96.0]}


@pytest.mark.parametrize(
    ("confidence", "text"),
    [
        (0.97, "60 bpm, sure (0.97)"),
        (0.7, "60 bpm, likely (0.70)"),
        (0.8999, "60 bpm, likely (0.89)"),
        (0.3, "not sure (0.30): 60 bpm hardly stands out"),
    ],
)
def test_how_sure_members_that_agree_are(confidence, text):
    assert said(AGREE, confidence) == text


def test_members_that_disagree_and_a_head_that_moves_are_named():
    text = "not sure (0.31): the methods disagree between 48 and 96 bpm; the head moves at 96"
    assert said(SPLIT, 0.31, moves_bpm=96) == text


@pytest.mark.parametrize(("confidence", "n"), [(0.97, 1), (0.7, 1), (0.3, 0)])
def test_a_head_that_moves_at_a_likely_rate_is_a_note(confidence, n):
    at_rate = Verdict(60.0, confidence, motion_bpm=61.0)
    assert len(motion_note(at_rate)) == n
    assert motion_note(Verdict(60.0, confidence, motion_bpm=30.0)) == []
    assert motion_note(Verdict(60.0, confidence)) == []


def test_a_head_that_moves_elsewhere_is_not_blamed():
    assert "head" not in said(SPLIT, 0.31, moves_bpm=130)


def test_what_limits_the_video_is_added():
    text = said(AGREE, 0.3, limits=("the face is dark", "only 12 frames per second"))
    assert text.endswith("hardly stands out; the face is dark; only 12 frames per second")


def test_no_answer():
    assert words(Verdict(float("nan"), float("nan"))) == "no answer"
