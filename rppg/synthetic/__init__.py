"""The synthetic benchmark: rendered faces with a known pulse, in the layouts of real datasets."""

from rppg.synthetic.challenge import write_challenge
from rppg.synthetic.config import ChallengeConfig
from rppg.synthetic.disturbances import LEVELS, Level

__all__ = ["LEVELS", "ChallengeConfig", "Level", "write_challenge"]
