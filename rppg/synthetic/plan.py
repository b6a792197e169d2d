"""What the embedded challenge consists of: every recording of every dataset, in the tree's order.

`plan(config)` lists the recordings with all that is needed to render and label them; nothing is
rendered.

    >>> clips = plan(ChallengeConfig(n_train=1))
    >>> [clip.path for clip in clips if clip.layout == "vipl_hr_v2"]
    ['VIPL-HR-V2/train/1001/video1.mp4.avi', 'VIPL-HR-V2/train/1001/video2.mp4.avi']
"""

from .clip import ChallengeConfig, Clip
from .layouts import DATASETS

__all__ = ["ChallengeConfig", "Clip", "plan"]


def plan(config: ChallengeConfig) -> list[Clip]:
    """All recordings of a challenge, dataset by dataset."""
    return [clip for dataset in DATASETS.values() for clip in dataset.clips(config)]
