"""A folder of own videos, rendered: synthetic people in short clips, with or without labels.csv.

videos = write_own_videos(tmp_path / "videos", waves=True)
"""

from pathlib import Path

import numpy as np

from rppg.datasets.readers.video_folder import wave_path
from rppg.synthetic.challenge import render_clip
from rppg.synthetic.config import ChallengeConfig, Clip

N_SUBJECTS, SECONDS, WAVE_HZ = 5, 6.0, 60
CONFIG = ChallengeConfig(seed=3)


def write_own_videos(root: Path, waves: bool) -> dict[str, float]:
    """Two videos of each subject, day<k>/p<n>.mp4; their true heart rates by path.

    waves: BVPs lie next to the videos, and labels.csv has only subjects; else it has the rates.
    """
    root.mkdir()
    (root / "SYNTHETIC.txt").write_text("rendered, not filmed\n")
    rates, lines = {}, ["path,subject" if waves else "path,subject,hr_bpm"]
    for clip in (_clip(n, k) for n in range(1, N_SUBJECTS + 1) for k in (1, 2)):
        video = render_clip(root, CONFIG, clip)
        rates[clip.path] = clip.hr_bpm(CONFIG)
        rate = "" if waves else f",{rates[clip.path]:.1f}"
        lines.append(f"{clip.path},p{clip.subject}{rate}")
        if waves:
            times_s = np.arange(round(clip.seconds * WAVE_HZ) + 1) / WAVE_HZ
            bvp = clip.pulse(CONFIG).wave(times_s)
            rows = [f"{time_s:.4f},{value:.5f}" for time_s, value in zip(times_s, bvp, strict=True)]
            wave_path(video).write_text("\n".join(["time_s,bvp", *rows]))
    (root / "labels.csv").write_text("\n".join(lines))
    return rates


def _clip(subject: int, day: int) -> Clip:
    path = f"day{day}/p{subject}.mp4"
    return Clip(path, path, "folder", "none", subject, day, SECONDS, "easy", (30.0, 30.0))
