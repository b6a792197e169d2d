"""DISFA as distributed: videos of the left camera at 20 frames per second, and facial labels.

>>> [clip.path for clip in clips(ChallengeConfig(n_disfa=1))]
['DISFA/Videos_LeftCamera/LeftVideoSN001_comp.avi']
"""

from pathlib import Path

from rppg.synthetic.config import ChallengeConfig, Clip
from rppg.synthetic.layouts.subject_ids import people
from rppg.synthetic.layouts.writers import write_text

FOLDER = "DISFA"
NAMES = tuple(f"SN{k:03d}" for k in (*range(1, 14), 16, 17, 18, 21, *range(23, 33)))
FPS = (20.0, 20.0)
UNIT = 12  # an action unit, at intensity 0 throughout


def clips(config: ChallengeConfig) -> list[Clip]:
    return [
        Clip(
            id=f"{FOLDER}/{name}/left",
            path=f"{FOLDER}/Videos_LeftCamera/LeftVideo{name}_comp.avi",
            layout="disfa",
            split="none",
            subject=number,
            index=1,
            seconds=config.other_seconds,
            level=config.ubfc_level,
            fps_range=FPS,
            container_fps=FPS[0],
        )
        for number, name in people("disfa", config.n_disfa, NAMES)
    ]


def write_labels(folder: Path, config: ChallengeConfig, clips: list[Clip]) -> None:
    """Intensities of an action unit, one line per frame, from frame 1; no HR."""
    for clip in clips:
        name = clip.id.split("/")[1]
        n_frames = len(clip.times_s(config))
        text = "".join(f"{frame},0\n" for frame in range(1, n_frames + 1))
        write_text(folder / "ActionUnit_Labels" / name / f"{name}_au{UNIT}.txt", text)
