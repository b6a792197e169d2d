"""Faces with a known pulse, written to disk in the real layouts: the embedded challenge."""

from rppg.synthetic.challenge import write_challenge
from rppg.synthetic.config import ChallengeConfig
from rppg.synthetic.disturbances import LEVELS, Level

__all__ = ["LEVELS", "ChallengeConfig", "Level", "write_challenge"]
