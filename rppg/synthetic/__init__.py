"""Faces with a known pulse, written to disk in the real layouts: the embedded challenge."""

from .challenge import write_challenge
from .clip import ChallengeConfig
from .nuisance import LEVELS, Level

__all__ = ["LEVELS", "ChallengeConfig", "Level", "write_challenge"]
