"""Another maker of synthetic faces, for judging only: nothing is ever trained on its videos.

It shares no face, light, motion, pulse or noise model with the rest of `rppg.synthetic`.

    >>> from rppg.synthetic.second_maker import SecondMakerConfig, write_second_maker
    >>> write_second_maker("data/judge", SecondMakerConfig(n_clips=4))  # doctest: +SKIP
"""

from rppg.synthetic.second_maker.config import LEVELS, SecondMakerConfig
from rppg.synthetic.second_maker.dataset import write_second_maker

__all__ = ["LEVELS", "SecondMakerConfig", "write_second_maker"]
